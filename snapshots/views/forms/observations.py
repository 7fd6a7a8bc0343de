"""The form that chooses after how long without a completed snapshot a server is told."""

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from snapshots.observations.silence import CHOICES
from snapshots.views.forms.server_days import ServerDaysForm


class SilenceForm(ServerDaysForm):
    days = forms.TypedChoiceField(
        label=_("Tell when no snapshot was completed for"),
        required=False,
        coerce=int,
        empty_value=None,
        help_text=_("People whose token shows the server are told, in the way that each has chosen."),
    )

    def set_choices(self, default: int) -> None:
        self.offer(CHOICES, default=default, text=silence_text)


def silence_text(days: int) -> str:
    """'never', '1 day', '3 days'."""
    return ngettext("%d day", "%d days", days) % days if days else gettext("Never")
