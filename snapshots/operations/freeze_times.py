"""When a freeze holds. Weekly times are those of a clock on the wall of the freeze's time zone, also where clocks change."""

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from snapshots.operations.guarded_models import Freeze

WEEK: Final = 7 * 24 * 60
"""Minutes."""


def is_inside(freeze: Freeze, now: datetime) -> bool:
    """Whether it holds now. A window that ends where it begins is the whole week."""
    if freeze.is_over(now) or now < freeze.starts_at:
        return False
    return freeze.from_minute is None or _window_end(freeze, now) is not None


def next_end(freeze: Freeze, now: datetime) -> datetime:
    """When the freeze that holds now ends: its window, itself, or because somebody wants it lifted."""
    ends = [freeze.ends_at, freeze.lift_due_at, _window_end(freeze, now)]
    return min(one for one in ends if one is not None)


def _window_end(freeze: Freeze, now: datetime) -> datetime | None:
    """The end of the weekly window that holds now; of one that is the whole week the end of the freeze."""
    if freeze.from_minute is None or freeze.to_minute is None:
        return None
    if freeze.from_minute == freeze.to_minute:
        return freeze.ends_at
    zone = ZoneInfo(freeze.time_zone)
    today = now.astimezone(zone).date()
    monday = datetime.combine(today - timedelta(days=today.weekday()), time())
    length = (freeze.to_minute - freeze.from_minute) % WEEK
    for weeks in (0, -1):
        begin = monday + timedelta(weeks=weeks, minutes=freeze.from_minute)
        end = begin + timedelta(minutes=length)
        # A time that clocks show twice, or skip, is taken so that the freeze is longer, not shorter.
        if min(_both(begin, zone)) <= now < max(_both(end, zone)):
            return max(_both(end, zone))
    return None


def _both(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    return [wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
