"""The forms of a server's lock."""

from datetime import datetime

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from snapshots.deletions.keeping import LONGEST_DAYS, end_of
from snapshots.views.forms.reasons import ReasonField


class LockForm(forms.Form):
    """`until` becomes the end of that day, in UTC."""

    covers_deletes = forms.BooleanField(
        label=_("Its snapshots must not be deleted either"),
        required=False,
        help_text=_("Neither on pages nor by schedules, planned deletions or scripts."),
    )
    until = forms.DateField(
        label=_("Until the end of"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("The day ends at midnight UTC. Without a date the lock holds until it is lifted."),
        error_messages={"invalid": _("Enter a date such as 2026-12-31.")},
    )
    reason = ReasonField(required=True)

    def clean_until(self) -> datetime | None:
        day = self.cleaned_data["until"]
        if day and (day - timezone.now().date()).days > LONGEST_DAYS:
            raise forms.ValidationError(_("Choose a day from today on, at most ten years ahead."))
        return end_of(day) if day else None


class AskToLiftForm(forms.Form):
    reason = ReasonField(required=True)
