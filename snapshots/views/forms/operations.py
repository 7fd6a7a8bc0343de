"""The form by which a person resolves an operation whose result is unknown."""

from django import forms
from django.utils.translation import gettext_lazy as _

from snapshots.operations.models import Finding
from snapshots.views.forms.snapshots import REASON_MAX_LENGTH


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
    reason = forms.CharField(
        label=_("How do you know?"),
        max_length=REASON_MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What you saw, and where. It is recorded in the audit log with your name."),
        error_messages={"required": _("Please say how you know.")},
    )
