"""The form by which a person resolves an operation whose result is unknown."""

from django import forms
from django.utils.translation import gettext_lazy as _

from snapshots.operations.models import Finding
from snapshots.views.forms.reasons import ReasonField


class CloseForm(forms.Form):
    finding = forms.ChoiceField(
        label=_("What did you find?"),
        widget=forms.RadioSelect,
        choices=[
            (Finding.HAPPENED, _("It happened")),
            (Finding.NOT_HAPPENED, _("It did not happen")),
            (Finding.UNDECIDED, _("It cannot be determined")),
        ],
        error_messages={"required": _("Please choose what you found.")},
    )
    reason = ReasonField(
        required=True,
        rows=3,
        label=_("How do you know?"),
        help_text=_("What you saw, and where. It is recorded in the audit log with your name."),
        missing=_("Please say how you know."),
    )
