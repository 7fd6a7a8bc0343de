"""The form with which snapshots are given to another person."""

from collections.abc import Mapping

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from snapshots.views.forms.reasons import ReasonField
from snapshots.views.forms.selects import NameSelect


class HandOverForm(forms.Form):
    receiver = forms.TypedChoiceField(
        label=_("To whom?"),
        coerce=int,
        widget=NameSelect,
        help_text=_("People who see the server. Whoever may delete their own snapshots may delete it then."),
        error_messages={
            "required": _("Choose a person."),
            "invalid_choice": _("Choose one of these people."),
        },
    )
    reason = ReasonField(required=True)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    """What the page showed of whose it is."""

    def offer(self, people: Mapping[int, str]) -> None:
        self.fields["receiver"].choices = [("", gettext("Choose a person")), *people.items()]  # type: ignore[attr-defined]
