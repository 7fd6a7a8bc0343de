"""The forms that protect a snapshot, set its date, and set the grace time of a server."""

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from snapshots.deletions.grace import MAX_DAYS
from snapshots.views.forms.reasons import ReasonField
from snapshots.views.forms.server_days import ServerDaysForm


class ProtectForm(forms.Form):
    prefix = "protect"
    reason = ReasonField(required=False)


class UnprotectForm(forms.Form):
    prefix = "unprotect"
    confirmation = forms.CharField(widget=forms.HiddenInput, required=False)
    """A signed record of what the page showed."""
    reason = ReasonField(required=True)


class KeepUntilForm(forms.Form):
    prefix = "date"
    until = forms.DateField(
        label=_("Keep until the end of"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("The day ends at midnight UTC. Then the snapshot is deleted in your name."),
        error_messages={"required": _("Enter a date."), "invalid": _("Enter a date such as 2026-12-31.")},
    )
    reason = ReasonField(required=False)


class GraceForm(ServerDaysForm):
    days = forms.TypedChoiceField(
        label=_("How long does a deletion wait?"),
        required=False,
        coerce=int,
        empty_value=None,
        help_text=_("Deletions that wait already are not changed."),
    )

    def set_choices(self, default: int) -> None:
        self.offer(range(MAX_DAYS + 1), default=default, text=days_text)


def days_text(days: int) -> str:
    """'not at all', '1 day', '3 days'."""
    if not days:
        return gettext("Not at all: it is deleted at once")
    return ngettext("%d day", "%d days", days) % days
