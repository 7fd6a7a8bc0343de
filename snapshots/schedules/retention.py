"""Which of its snapshots a schedule deletes. Pure: the runs and the preview decide with the same functions (promise 35).

A schedule keeps the newest snapshots, and the newest one of each of so many days, weeks and months that have any. All
snapshots of the server take up places; only those that the schedule made can go.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, kw_only=True)
class Keep:
    """How many to keep; all zero keeps every snapshot."""

    last: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0

    @property
    def is_everything(self) -> bool:
        return not (self.last or self.daily or self.weekly or self.monthly)


@dataclass(frozen=True, kw_only=True)
class Made:
    """A completed snapshot that the schedule made. `is_fixed`: protected, or a person has set a date for it."""

    id: int
    at: datetime
    is_fixed: bool = False


@dataclass(frozen=True, kw_only=True)
class Places:
    """The places of one server: how many are `used` of `limit`, and the newest completed snapshot, whoever made it."""

    used: int
    limit: int
    newest_id: int | None = None

    @property
    def are_full(self) -> bool:
        return self.used >= self.limit


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """What goes before and after the create, oldest first. `collides`: the server is full and nothing may go."""

    first: tuple[Made, ...] = ()
    after: tuple[Made, ...] = ()
    collides: bool = False


NEW_ID = 0
"""The ID that stands for the snapshot that is about to be made."""


def surplus(made: Sequence[Made], keep: Keep, zone: str) -> list[Made]:
    """Those that no rule keeps, oldest first. Days, weeks (from Monday) and months are those of the time zone."""
    if keep.is_everything:
        return []
    newest_first = sorted(made, key=lambda one: (one.at, one.id == NEW_ID, one.id), reverse=True)
    local = ZoneInfo(zone)
    rules: list[tuple[int, Callable[[datetime], object]]] = [
        (keep.daily, lambda at: at.date()),
        (keep.weekly, lambda at: at.isocalendar()[:2]),
        (keep.monthly, lambda at: (at.year, at.month)),
    ]
    kept = {one.id for one in newest_first[: keep.last]}
    for number, period in rules:
        newest: dict[object, int] = {}
        for one in newest_first:
            newest.setdefault(period(one.at.astimezone(local)), one.id)
        kept |= set(list(newest.values())[:number])
    return [one for one in reversed(newest_first) if one.id not in kept]


def rotate(
    made: Sequence[Made],
    keep: Keep,
    *,
    now: datetime,
    zone: str,
    places: Places,
    waits_for_grace: bool = False,
) -> Rotation:
    """What a run at `now` deletes, in the order that risks least: after the create, unless the server is full.

    `waits_for_grace`: deletions wait for the server's grace time, so that none can make room at once.
    """
    newest_made = max(made, key=lambda one: (one.at, one.id), default=None)
    may_go = [
        one
        for one in surplus([*made, Made(id=NEW_ID, at=now)], keep, zone)
        if one.id != NEW_ID and not one.is_fixed
    ]
    if not places.are_full:
        return Rotation(after=tuple(may_go))
    untouchable = {places.newest_id, newest_made.id if newest_made else None}
    can_make_room = [one for one in may_go if one.id not in untouchable]
    too_many = places.used - places.limit + 1
    if waits_for_grace or len(can_make_room) < too_many:
        return Rotation(collides=True)
    first = can_make_room[:too_many]
    return Rotation(first=tuple(first), after=tuple(one for one in may_go if one not in first))
