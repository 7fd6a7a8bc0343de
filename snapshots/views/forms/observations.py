"""The form that chooses after how long without a completed snapshot a server is told."""

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from snapshots.observations.silence import CHOICES
from snapshots.views.forms.snapshots import REASON_MAX_LENGTH


class SilenceForm(forms.Form):
    days = forms.TypedChoiceField(
        label=_("Tell when no snapshot was completed for"),
        required=False,
        coerce=int,
        empty_value=None,
        help_text=_("People whose token shows the server are told, in the way that each has chosen."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=REASON_MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Recorded in the audit log with your name."),
    )

    def set_choices(self, default: int) -> None:
        choices = [(str(days), silence_text(days)) for days in CHOICES]
        first = ("", _("As set for all servers (%s)") % silence_text(default))
        self.fields["days"].choices = [first, *choices]  # type: ignore[attr-defined]


def silence_text(days: int) -> str:
    """'never', '1 day', '3 days'."""
    return ngettext("%d day", "%d days", days) % days if days else gettext("Never")
