"""The form of a freeze: a time, or a time of each week, on all servers or some."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from snapshots.contract import clean_text
from snapshots.inventory.names import visible_name
from snapshots.operations.freezes import FreezeDefinition
from snapshots.views.forms.reasons import ReasonField
from snapshots.views.forms.selects import QuickSelect
from snapshots.views.forms.server_choices import ServersForm
from snapshots.views.forms.time_zones import usual_zone, zone_choices
from snapshots.views.texts.schedules import weekday_name

ONCE: Final = "once"
WEEKLY: Final = "weekly"
WEEK_FIELDS: Final = ("from_day", "from_time", "to_day", "to_time")
DATE_ERRORS: Final = {"invalid": lazy("Enter a date such as 2026-12-31.")}
TIME_ERRORS: Final = {"invalid": lazy("Enter a time such as 18:00.")}
MOST_DAYS: Final = 36_525
"""A date that is further away is a mistake."""
NO_DATE: Final = lazy("Enter when it ends: a freeze without an end is forgotten.")


def _date(label: Any, *, required: bool, **more: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=required, widget=widget, error_messages=DATE_ERRORS, **more)


def _time(label: Any, **more: Any) -> forms.TimeField:
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, required=False, widget=widget, error_messages=TIME_ERRORS, **more)


class FreezeForm(ServersForm):
    """Days and times are those of the chosen time zone."""

    name = forms.CharField(
        label=lazy("Name"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off", "translate": "no"}),
        help_text=lazy("For example Weekends, or End of the year. It stays in the audit log."),
        error_messages={"required": lazy("Give the freeze a name.")},
    )
    repeats = forms.ChoiceField(
        label=lazy("When does it hold?"),
        widget=forms.RadioSelect,
        choices=[
            (ONCE, lazy("The whole time until it ends")),
            (WEEKLY, lazy("Each week for some days or hours")),
        ],
    )
    from_day = forms.ChoiceField(label=lazy("From this day"), required=False)
    from_time = _time(lazy("From this time"))
    to_day = forms.ChoiceField(label=lazy("Until this day"), required=False)
    to_time = _time(lazy("Until this time"))
    begins = _date(lazy("Begins on"), required=False, help_text=lazy("Without a date it begins now."))
    begins_at = _time(lazy("Begins at"))
    until = _date(lazy("Ends on"), required=True)
    until_time = _time(lazy("Ends at"), help_text=lazy("Without a time it ends when the day ends."))
    time_zone = forms.ChoiceField(
        label=lazy("Time zone"),
        widget=QuickSelect(attrs={"translate": "no"}),
        help_text=lazy("In which the times are meant, also where clocks change meanwhile."),
    )
    reason = ReasonField(required=True)

    def __init__(self, data: Any, *, names: Mapping[int, str], may_cover_all: bool) -> None:
        initial = {
            "repeats": ONCE,
            "from_day": "4",
            "from_time": time(18),
            "to_day": "0",
            "to_time": time(7),
            "time_zone": usual_zone(),
        }
        chosen = None if may_cover_all else ()
        super().__init__(data, names=names, chosen=chosen, may_cover_all=may_cover_all, initial=initial)
        days = [(str(day), weekday_name(str((day + 1) % 7))) for day in range(7)]
        for name in ("from_day", "to_day"):
            self.fields[name].choices = days  # type: ignore[attr-defined]
        self.fields["time_zone"].choices = zone_choices()  # type: ignore[attr-defined]
        self.fields["until"].error_messages["required"] = NO_DATE

    def clean_name(self) -> str:
        name = clean_text(visible_name(self.cleaned_data["name"]), 80)
        if not name:
            raise forms.ValidationError(_("Give the freeze a name."))
        return name

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        today = timezone.now().date()
        for name in ("begins", "until"):
            if found.get(name) and abs((found[name] - today).days) > MOST_DAYS:
                self.add_error(name, DATE_ERRORS["invalid"])
        if found.get("repeats") == WEEKLY:
            for name in WEEK_FIELDS:
                if name not in self.errors and found.get(name) in {None, ""}:
                    self.add_error(name, _("Enter from when until when it holds each week."))
        else:
            for name in WEEK_FIELDS:
                self._errors.pop(name, None)  # type: ignore[attr-defined]
        return found

    @property
    def definition(self) -> FreezeDefinition:
        """Only for a valid form."""
        found = self.cleaned_data
        zone = ZoneInfo(found["time_zone"])
        now = timezone.now()
        begins = (
            datetime.combine(found["begins"], found["begins_at"] or time(0), zone) if found["begins"] else now
        )
        until = found["until_time"] or time.max
        return FreezeDefinition(
            name=found["name"],
            servers=found["servers"],
            time_zone=found["time_zone"],
            starts_at=begins,
            ends_at=datetime.combine(found["until"], until, zone),
            weekly=self._weekly() if found["repeats"] == WEEKLY else None,
            reason=found["reason"],
        )

    def _weekly(self) -> tuple[int, int]:
        found = self.cleaned_data
        return (
            _minute(found["from_day"], found["from_time"]),
            _minute(found["to_day"], found["to_time"]),
        )


def _minute(day: str, at: time) -> int:
    return int(day) * 1440 + at.hour * 60 + at.minute
