"""The form of a schedule. Its rules are in snapshots/schedules/definition.py; here each is told at its field."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from snapshots import contract
from snapshots.schedules.definition import MAX_KEPT, MAX_SERVERS, NAME_MAX_LENGTH, Definition
from snapshots.schedules.naming import is_valid_pattern
from snapshots.schedules.recurrence import LAST_DAY, BadRecurrenceError, Preset, Recurrence, cron_of
from snapshots.schedules.retention import Keep
from snapshots.views.forms.reasons import ReasonField
from snapshots.views.forms.schedule_values import KEPT, ServerChoice, TokenChoice, first_values
from snapshots.views.forms.selects import QuickSelect
from snapshots.views.forms.time_zones import zone_choices
from snapshots.views.texts.refusals import refusal_words
from snapshots.views.texts.schedules import weekday_name

DAYS = [*map(str, range(1, 29)), LAST_DAY]
FIELDS_OF_CODES = {
    "name_missing": "name",
    "bad_recurrence": "cron",
    "bad_pattern": "name_pattern",
    "bad_retention": "keep_last",
    "servers_missing": "servers",
}
USED_BY = {
    "at": {Preset.HOURLY, Preset.SIX_HOURS, Preset.DAILY, Preset.WEEKLY, Preset.MONTHLY},
    "weekday": {Preset.WEEKLY},
    "day": {Preset.MONTHLY},
    "cron": {Preset.CRON},
}
"""Field → the presets that use it; with another one its value is ignored."""
HIDDEN = {"form_key", "seen", "preview"}
PLAIN = {"autocomplete": "off", "translate": "no"}


def _number(label: Any, hint: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        min_value=0,
        max_value=MAX_KEPT,
        help_text=hint,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={"required": lazy("Enter a number; 0 if this rule keeps none.")},
    )


class ScheduleForm(forms.Form):
    name = forms.CharField(
        label=lazy("Name"),
        max_length=NAME_MAX_LENGTH,
        widget=forms.TextInput(attrs=PLAIN),
        help_text=lazy("Under which the schedule is listed, for example Nightly."),
        error_messages={"required": lazy("Give the schedule a name.")},
    )
    preset = forms.ChoiceField(label=lazy("How often?"), widget=forms.RadioSelect, choices=Preset.choices)
    at = forms.TimeField(
        label=lazy("At"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        input_formats=["%H:%M", "%H:%M:%S"],
        help_text=lazy("Every hour: only the minutes count. Every 6 hours: one of the four times."),
        error_messages={
            "invalid": lazy("Enter a time such as 02:30."),
            "required": lazy("Enter a time such as 02:30."),
        },
    )
    weekday = forms.ChoiceField(label=lazy("Day of the week"))
    day = forms.ChoiceField(label=lazy("Day of the month"))
    cron = forms.CharField(
        label=lazy("Cron expression"),
        max_length=100,
        widget=forms.TextInput(attrs=PLAIN | {"spellcheck": "false", "autocapitalize": "none"}),
        help_text=lazy(
            "Minute, hour, day of month, month, day of week: 30 2 * * 1-5 is 02:30 from Monday to Friday."
        ),
        error_messages={"required": lazy("Enter a cron expression, such as 30 2 * * 1-5.")},
    )
    time_zone = forms.ChoiceField(
        label=lazy("Time zone"),
        widget=QuickSelect(attrs={"translate": "no"}),
        help_text=lazy(
            "In which the times are meant. When clocks change, a run at a fixed time still happens once; an expression that "
            "repeats within the hour follows the clock."
        ),
    )
    name_pattern = forms.CharField(
        label=lazy("Names of the snapshots"),
        max_length=100,
        widget=forms.TextInput(attrs=PLAIN | {"spellcheck": "false", "autocapitalize": "none"}),
        help_text=lazy("{date} and {time} are in UTC; {server} and {schedule} are the names."),
        error_messages={"required": lazy("Enter a pattern, such as auto-{date}-{time}.")},
    )
    description = forms.CharField(
        label=lazy("Description"),
        required=False,
        max_length=contract.DESCRIPTION_MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=lazy("Stored with each snapshot at the provider."),
    )
    keep_last = _number(lazy("Newest snapshots"), lazy("The last ones that it made, whenever that was."))
    keep_daily = _number(lazy("Days"), lazy("The newest one of each of so many days."))
    keep_weekly = _number(lazy("Weeks"), lazy("The newest one of each of so many weeks."))
    keep_monthly = _number(lazy("Months"), lazy("The newest one of each of so many months."))
    form_key = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    seen = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    preview = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, tokens: Sequence[TokenChoice], initial: dict[str, Any]) -> None:
        super().__init__(data, initial=first_values() | initial)
        self._tokens = tokens
        self._set_choices("weekday", [(str(day % 7), weekday_name(str(day))) for day in range(1, 8)])
        self._set_choices("day", [(day, _("Last day") if day == LAST_DAY else day) for day in DAYS])
        self._set_choices("time_zone", zone_choices(str(self.initial["time_zone"])))

    def _set_choices(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    @property
    def chosen(self) -> list[str]:
        """The values of the ticked servers, as sent."""
        if not self.is_bound:
            return list(self.initial["servers"])
        return self.data.getlist("servers")  # type: ignore[attr-defined,no-any-return]

    def clean_name(self) -> str:
        name = contract.clean_text(self.cleaned_data["name"]).strip()
        if not name:
            raise forms.ValidationError(_("Give the schedule a name."))
        return name

    def clean_description(self) -> str:
        return contract.clean_text(self.cleaned_data["description"]).strip()

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        preset = found.get("preset", "")
        unused = {name for name, presets in USED_BY.items() if preset not in presets}
        for name in unused | HIDDEN:
            self._errors.pop(name, None)  # type: ignore[attr-defined]
        if "name_pattern" in found and not is_valid_pattern(found["name_pattern"]):
            self.refuse("bad_pattern")
        self._check_recurrence(preset)
        self._check_servers()
        return found

    def _check_recurrence(self, preset: str) -> None:
        if preset not in Preset.values or not self.cleaned_data.get("time_zone") or self._has_bad_time():
            return
        try:
            Recurrence(self.expression, self.cleaned_data["time_zone"]).check(timezone.now())
        except BadRecurrenceError:
            self.refuse("bad_recurrence")

    def _has_bad_time(self) -> bool:
        return any(name in self.errors for name in USED_BY)

    def _check_servers(self) -> None:
        """One token, because a schedule works with one, and only servers that it lists now."""
        token_ids = {value.partition(":")[0] for value in self.chosen}
        if not token_ids or len(self.chosen) > MAX_SERVERS:
            self.refuse("servers_missing")
        elif len(token_ids) > 1:
            self.add_error(
                None, _("Choose servers of one token, and make a second schedule for those of another one.")
            )
        elif self.token_choice is None:
            self.refuse("servers_missing")
        elif not self.covers_all and {one.value for one in self._chosen_servers} != set(self.chosen):
            self.add_error(None, _("A chosen server is not listed now: untick it, or try again later."))

    @property
    def token_choice(self) -> TokenChoice | None:
        """The token of the first ticked server."""
        wanted = next(iter(self.chosen), "").partition(":")[0]
        return next((one for one in self._tokens if one.token_id == wanted), None)

    @property
    def covers_all(self) -> bool:
        return self.token_choice is not None and self.token_choice.all_value in self.chosen

    @property
    def _chosen_servers(self) -> list[ServerChoice]:
        listed = self.token_choice.servers if self.token_choice else ()
        return [one for one in listed if one.is_listed and one.value in self.chosen]

    @property
    def groups(self) -> list[dict[str, Any]]:
        """Per token: its label, and its servers with whether they are ticked."""
        ticked = set(self.chosen)
        return [
            {
                "token": token,
                "is_all": token.all_value in ticked,
                "servers": [(one, one.value in ticked) for one in token.servers],
            }
            for token in self._tokens
        ]

    def refuse(self, code: str) -> bool:
        """Show a refusal of the rules at its field. False if it has none."""
        name = FIELDS_OF_CODES.get(code)
        if name is None:
            return False
        words = refusal_words(code)
        self.add_error(name if name in self.fields else None, str(words.advice or words.title))
        return True

    @property
    def expression(self) -> str:
        """The expression that the chosen preset stands for."""
        found = self.cleaned_data
        if found["preset"] == Preset.CRON:
            return " ".join(found.get("cron", "").split())
        at = found["at"]
        return cron_of(
            found["preset"],
            minute=at.minute,
            hour=at.hour,
            weekday=int(found.get("weekday") or 0),
            day=found.get("day") or "1",
        )

    @property
    def definition(self) -> Definition:
        """Only for a valid form."""
        found = self.cleaned_data
        servers = tuple((one.server_id, one.name) for one in self._chosen_servers)
        return Definition(
            name=found["name"],
            preset=found["preset"],
            cron=self.expression,
            time_zone=found["time_zone"],
            name_pattern=found["name_pattern"],
            description=found["description"],
            keep=Keep(**{name: found[f"keep_{name}"] for name in KEPT}),
            covers_all=self.covers_all,
            servers=() if self.covers_all else servers,
        )

    def shown(self, name: str) -> str:
        """The value of a field as it will be rendered."""
        return str((self.data if self.is_bound else self.initial).get(name) or "")


class WhyForm(forms.Form):
    """Why a schedule is paused, resumed, run or removed."""

    reason = ReasonField(required=False, rows=1)


class RunForm(WhyForm):
    form_key = forms.CharField(min_length=8, max_length=64, widget=forms.HiddenInput)
