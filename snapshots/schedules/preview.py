"""What a schedule would make and delete in the next 30 days: the rules of its runs, applied to the present lists."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from snapshots.deletions.grace import grace_days_of
from snapshots.deletions.queries import waiting_in
from snapshots.inventory.names import visible_name
from snapshots.operations.server_views import ServerView
from snapshots.schedules.definition import Definition
from snapshots.schedules.models import Schedule
from snapshots.schedules.naming import name_for
from snapshots.schedules.planning import MadeNames, Waiting, made_names, made_on, places_of
from snapshots.schedules.retention import Made, Places, rotate

DAYS: Final = 30
MAX_RUNS: Final = 1000
"""Where the preview of one server ends, for schedules that are due every few minutes."""
MAX_TURNS: Final = 20_000
"""Of all servers together: about a second of work. With many servers the preview of each ends earlier."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One due time on one server. `makes` is '' where the server would be full."""

    at: datetime
    makes: str
    deletes: tuple[str, ...] = ()

    @property
    def collides(self) -> bool:
        return not self.makes


@dataclass(frozen=True, kw_only=True)
class ServerPreview:
    """All turns on one server, and how many snapshots of this schedule it has at the end."""

    server_id: int
    server_name: str
    turns: tuple[Turn, ...]
    kept_at_end: int
    grace_days: int
    """How long its deletions wait."""
    is_cut: bool = False
    """Whether the 30 days have more turns than are shown."""

    @property
    def made(self) -> int:
        return sum(not turn.collides for turn in self.turns)

    @property
    def deleted(self) -> int:
        return sum(len(turn.deletes) for turn in self.turns)

    @property
    def collisions(self) -> int:
        return sum(turn.collides for turn in self.turns)

    @property
    def first_collision(self) -> datetime | None:
        return next((turn.at for turn in self.turns if turn.collides), None)


@dataclass(kw_only=True)
class _State:
    """One server during the simulation. `leaving`: when places become free that deletions in a grace time hold."""

    made: list[Made]
    names: dict[int, str]
    places: Places
    days: int
    leaving: list[tuple[datetime, int]] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)


def preview(
    definition: Definition, views: Sequence[ServerView], now: datetime, schedule: Schedule | None = None
) -> list[ServerPreview]:
    """For each covered server that is listed. `schedule`: the one that is being changed, for what it made so far."""
    chosen = {number for number, _name in definition.servers}
    covered = [
        view for view in views if not view.is_gone and (definition.covers_all or view.server_id in chosen)
    ]
    names, waiting = made_names(schedule) if schedule else {}, waiting_in(covered)
    days = grace_days_of(view.server_id for view in covered)
    limit = min(MAX_RUNS, max(1, MAX_TURNS // max(1, len(covered))))
    due = list(islice(definition.recurrence.due_times(now), limit + 1))
    until = now + timedelta(days=DAYS)
    due_times = [at for at in due[:limit] if at <= until]
    is_cut = len(due) > limit and due[limit] <= until
    return [
        _simulate(
            definition, view, _begin(view, names, waiting, days[view.server_id]), due_times, is_cut=is_cut
        )
        for view in covered
    ]


def _begin(view: ServerView, names: MadeNames, waiting: Waiting, days: int) -> _State:
    # A lock ends, the schedule goes on.
    made = made_on(view, names.get(view.server_id, ()), waiting, is_blocked=False)
    planned = [
        (one.due_at, one.snapshot_id)
        for (server_id, _id), one in waiting.items()
        if server_id == view.server_id
    ]
    return _State(
        made=made,
        names={one.id: one.name for one in view.snapshots},
        places=places_of(view),
        days=days,
        leaving=planned,
        taken={visible_name(one.name) for one in view.snapshots},
    )


def _simulate(
    definition: Definition, view: ServerView, state: _State, due_times: Sequence[datetime], *, is_cut: bool
) -> ServerPreview:
    turns = tuple(_turn(definition, view.name, state, at, number) for number, at in enumerate(due_times, 1))
    return ServerPreview(
        server_id=view.server_id,
        server_name=view.name,
        turns=turns,
        kept_at_end=len(state.made),
        grace_days=state.days,
        is_cut=is_cut,
    )


def _turn(definition: Definition, server: str, state: _State, at: datetime, number: int) -> Turn:
    """One due time: what has left by then makes room, then the same rotation as in a run."""
    _let_go(state, at)
    rotation = rotate(
        state.made,
        definition.keep,
        now=at,
        zone=definition.time_zone,
        places=state.places,
        waits_for_grace=state.days > 0,
    )
    if rotation.collides:
        return Turn(at=at, makes="")
    gone = [*rotation.first, *rotation.after]
    name = name_for(
        definition.name_pattern, schedule=definition.name, server=server, at=at, taken=state.taken
    )
    state.taken = (state.taken - {state.names[one.id] for one in gone}) | {name}
    state.names[-number] = name
    state.made = [one for one in state.made if one not in gone] + [Made(id=-number, at=at)]
    freed = 0 if state.days else len(gone)
    state.leaving += [(at + timedelta(days=state.days), one.id) for one in gone if state.days]
    state.places = replace(state.places, used=state.places.used + 1 - freed, newest_id=-number)
    return Turn(at=at, makes=name, deletes=tuple(state.names[one.id] for one in gone))


def _let_go(state: _State, at: datetime) -> None:
    left = {number for free_at, number in state.leaving if free_at <= at}
    if left:
        state.leaving = [one for one in state.leaving if one[1] not in left]
        state.made = [one for one in state.made if one.id not in left]
        state.places = replace(state.places, used=state.places.used - len(left))
