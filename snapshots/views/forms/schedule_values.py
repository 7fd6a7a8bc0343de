"""What the form of a schedule shows at first: servers by token, and the values of an empty form or a stored schedule."""

import re
import secrets
from dataclasses import dataclass
from datetime import time
from typing import Any

from snapshots.schedules.definition import DEFINED
from snapshots.schedules.models import Schedule
from snapshots.schedules.naming import DEFAULT_PATTERN
from snapshots.schedules.recurrence import Preset
from snapshots.views.forms.time_zones import usual_zone

ALL = "all"
FIRST_TIME = time(4, 0)
"""Clocks change at other hours, so it exists once on every day, everywhere."""
KEPT = ("last", "daily", "weekly", "monthly")


@dataclass(frozen=True)
class ServerChoice:
    """One checkbox. `is_listed`: whether the provider lists it now."""

    value: str
    name: str
    server_id: int
    is_listed: bool = True


@dataclass(frozen=True)
class TokenChoice:
    """One token with its servers. The value of its own checkbox is that of all its servers, also of those to come."""

    token_id: str
    label: str
    servers: tuple[ServerChoice, ...]

    @property
    def all_value(self) -> str:
        return server_value(self.token_id, ALL)


def server_value(token_id: str, server: int | str) -> str:
    """`server`: an ID, or ALL."""
    return f"{token_id}:{server}"


def first_values() -> dict[str, Any]:
    """Of an empty form: every day, and the last three are kept, which leaves places for people."""
    return {
        "servers": [],
        "preset": Preset.DAILY,
        "at": FIRST_TIME,
        "weekday": "1",
        "day": "1",
        "time_zone": usual_zone(),
        "name_pattern": DEFAULT_PATTERN,
        "keep_last": 3,
        "keep_daily": 0,
        "keep_weekly": 0,
        "keep_monthly": 0,
        "form_key": secrets.token_urlsafe(24),
    }


def values_of(schedule: Schedule) -> dict[str, Any]:
    """What the form shows of a stored schedule, without its servers."""
    found: dict[str, Any] = {name: getattr(schedule, name) for name in DEFINED if name != "covers_all"}
    found |= {f"keep_{name}": getattr(schedule.keep, name) for name in KEPT}
    return found | _recurrence_values(schedule.preset, schedule.cron)


def _recurrence_values(preset: str, cron: str) -> dict[str, Any]:
    """The fields that gave this expression, see `cron_of`."""
    if preset == Preset.CRON:
        return {}
    minute, hour, day, _month, weekday = cron.split()
    first_hour = re.match(r"\d*", hour)
    return {
        "at": time(int(first_hour[0] or 0) if first_hour else 0, int(minute)),
        "day": day if preset == Preset.MONTHLY else "1",
        "weekday": weekday if preset == Preset.WEEKLY else "1",
        "cron": "",
    }
