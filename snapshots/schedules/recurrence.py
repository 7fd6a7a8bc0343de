"""When a schedule is due: cron expressions in a time zone, and presets that write them.

cronsim follows Debian's cron on the days when clocks change: a time that does not exist is due at the next one that does, and
a time that exists twice is due once, unless the expression is due every hour.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice, takewhile
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from django.db import models
from django.utils.translation import gettext_lazy as _

MAX_COUNTED = 1000
"""Where the counting of missed due times ends."""
LAST_DAY = "L"
FIELDS = 5


class BadRecurrenceError(ValueError):
    """The expression is no cron expression of five fields, is never due, or the time zone is unknown."""


class Preset(models.TextChoices):
    HOURLY = "hourly", _("Every hour")
    SIX_HOURS = "six_hours", _("Every 6 hours")
    DAILY = "daily", _("Every day")
    WEEKLY = "weekly", _("Every week")
    MONTHLY = "monthly", _("Every month")
    CRON = "cron", _("As a cron expression says")


@dataclass(frozen=True)
class Recurrence:
    """`cron` has five fields: minute, hour, day of month, month, day of week. `zone` is a name such as 'Europe/Berlin'."""

    cron: str
    zone: str

    def due_times(self, after: datetime) -> Iterator[datetime]:
        """The due times after that moment, in UTC, each later than the one before. Raises BadRecurrenceError."""
        newest = after.astimezone(UTC)
        try:
            simulated = CronSim(self.cron, after.astimezone(_zone(self.zone)))
        except CronSimError as error:
            raise BadRecurrenceError(str(error)) from error
        for local in simulated:
            at = local.astimezone(UTC)
            # Begun in the second of two equal hours, cronsim gives times of the first one too.
            if at > newest:
                newest = at
                yield at

    def next_due(self, after: datetime) -> datetime | None:
        """None if it is never due again. Raises BadRecurrenceError."""
        return next(self.due_times(after), None)

    def count(self, *, after: datetime, until: datetime) -> int:
        """How many due times lie in (after, until], at most MAX_COUNTED."""
        due = takewhile(lambda at: at <= until, self.due_times(after))
        return sum(1 for _at in islice(due, MAX_COUNTED))

    def check(self, now: datetime) -> None:
        """Raises BadRecurrenceError."""
        if len(self.cron.split()) != FIELDS:
            raise BadRecurrenceError("a cron expression has five fields")
        if self.next_due(now) is None:
            raise BadRecurrenceError("it is never due")


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """The names of all time zones, sorted; without those that only rename others."""
    regions = (
        "Africa",
        "America",
        "Antarctica",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    )
    named = (name for name in available_timezones() if name.partition("/")[0] in regions)
    return ("UTC", *sorted(named))


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # unknown names, and names that are paths
        raise BadRecurrenceError(f"unknown time zone {name}") from error


def cron_of(preset: str, *, minute: int = 0, hour: int = 0, weekday: int = 0, day: str = "1") -> str:
    """The cron expression of a preset. `weekday`: 0 is Sunday; `day`: 1 to 28 or LAST_DAY. Unused values are ignored."""
    return {
        Preset.HOURLY: f"{minute} * * * *",
        Preset.SIX_HOURS: f"{minute} {hour % 6}-23/6 * * *",
        Preset.DAILY: f"{minute} {hour} * * *",
        Preset.WEEKLY: f"{minute} {hour} * * {weekday}",
        Preset.MONTHLY: f"{minute} {hour} {day} * *",
    }[Preset(preset)]
