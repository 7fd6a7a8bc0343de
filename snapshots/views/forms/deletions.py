"""The forms that protect a snapshot, set its date, and set the grace time of a server."""

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from snapshots.deletions.grace import MAX_DAYS
from snapshots.views.forms.snapshots import REASON_MAX_LENGTH


def _reason(*, required: bool) -> forms.CharField:
    return forms.CharField(
        label=_("Reason"),
        required=required,
        max_length=REASON_MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Recorded in the audit log with your name."),
        error_messages={"required": _("Enter a reason: it is recorded in the audit log.")},
    )


class ProtectForm(forms.Form):
    prefix = "protect"
    reason = _reason(required=False)


class UnprotectForm(forms.Form):
    prefix = "unprotect"
    reason = _reason(required=True)


class KeepUntilForm(forms.Form):
    prefix = "date"
    until = forms.DateField(
        label=_("Keep until the end of"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("The day ends at midnight UTC. Then the snapshot is deleted in your name."),
        error_messages={"required": _("Enter a date."), "invalid": _("Enter a date such as 2026-12-31.")},
    )
    reason = _reason(required=False)


class GraceForm(forms.Form):
    days = forms.TypedChoiceField(
        label=_("How long does a deletion wait?"),
        required=False,
        coerce=int,
        empty_value=None,
        help_text=_("Deletions that wait already are not changed."),
    )
    reason = _reason(required=False)

    def set_choices(self, default: int) -> None:
        choices = [(str(days), days_text(days)) for days in range(MAX_DAYS + 1)]
        first = ("", _("As set for all servers (%s)") % days_text(default))
        self.fields["days"].choices = [first, *choices]  # type: ignore[attr-defined]


def days_text(days: int) -> str:
    """'not at all', '1 day', '3 days'."""
    if not days:
        return gettext("Not at all: it is deleted at once")
    return ngettext("%d day", "%d days", days) % days
