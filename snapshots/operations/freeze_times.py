"""When a freeze holds. Weekly times are those of a clock on the wall of the freeze's time zone, also where clocks change."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from snapshots.operations.guarded_models import Freeze

WEEK: Final = 7 * 24 * 60
"""Minutes."""


def minute_of_week(at: datetime) -> int:
    """Minutes since Monday 0:00 of the clock that `at` is read from."""
    return at.weekday() * 1440 + at.hour * 60 + at.minute


def is_inside(freeze: Freeze, now: datetime) -> bool:
    """Whether it holds now. A window that ends where it begins is the whole week."""
    if freeze.is_over(now) or now < freeze.starts_at:
        return False
    if freeze.from_minute is None or freeze.to_minute is None:
        return True
    since_begin = (_now_in_week(freeze, now) - freeze.from_minute) % WEEK
    return since_begin < _length(freeze.from_minute, freeze.to_minute)


def next_end(freeze: Freeze, now: datetime) -> datetime:
    """When the freeze that holds now ends: its window, itself, or because somebody wants it lifted."""
    ends = [freeze.ends_at]
    if freeze.lift_due_at is not None:
        ends.append(freeze.lift_due_at)
    if freeze.to_minute is not None and freeze.from_minute != freeze.to_minute:
        left = (freeze.to_minute - _now_in_week(freeze, now)) % WEEK
        wall = now.astimezone(ZoneInfo(freeze.time_zone)).replace(second=0, microsecond=0, tzinfo=None)
        ends.append((wall + timedelta(minutes=left)).replace(tzinfo=ZoneInfo(freeze.time_zone)))
    return min(ends)


def _now_in_week(freeze: Freeze, now: datetime) -> int:
    return minute_of_week(now.astimezone(ZoneInfo(freeze.time_zone)))


def _length(begin: int, end: int) -> int:
    return (end - begin) % WEEK or WEEK
