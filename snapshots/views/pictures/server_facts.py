"""What is known of a server's snapshots and operations in a period: the facts of its pictures.

From what the provider lists now, from what was listed earlier (observations), and from operations.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone

from snapshots.connection import Person
from snapshots.contract import Snapshot
from snapshots.deletions.queries import waiting_in
from snapshots.inventory.clocks import clocks_differ
from snapshots.observations.models import KnownServer, KnownSnapshot
from snapshots.operations.attention import visible_to
from snapshots.operations.models import Action, Finding, Operation, State
from snapshots.operations.server_views import ServerView
from snapshots.schedules.definition import definition_of
from snapshots.schedules.models import Schedule
from snapshots.schedules.preview import preview
from snapshots.schedules.visibility import about_servers

DAYS_AHEAD: Final = 14
MOST: Final = 300
"""Of snapshots, operations and due times: the newest, and of due times the next."""


@dataclass(frozen=True, kw_only=True)
class Stay:
    """A snapshot from when it was made to when it was gone. `end`: None while it is listed, or if its end is not known.

    `planned_end`: when it will be deleted, `plan` by what: "grace", "keep_until" or "retention"; `plan_pk` of a planned deletion.
    """

    snapshot_id: int
    name: str
    start: datetime | None
    end: datetime | None = None
    size_mb: int | None = None
    is_listed: bool = False
    is_protected: bool = False
    planned_end: datetime | None = None
    plan: str = ""
    plan_pk: object = None


@dataclass(frozen=True)
class Due:
    """A due time of a schedule. `makes` is '' where the server would be full then."""

    at: datetime
    schedule: Schedule
    makes: str


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """What schedules do until the end of the pictures. `deleted`: name → when retention would delete its snapshot."""

    dues: tuple[Due, ...]
    dues_until: datetime | None
    deleted: dict[str, datetime]


@dataclass(frozen=True, kw_only=True)
class ServerFacts:
    """`stays` and `operations` are the newest first, and `is_cut` if there are more than MOST.

    `dues_until`: until when `dues` has all due times; None if that is until the end.
    """

    since: datetime
    now: datetime
    until: datetime
    stays: tuple[Stay, ...]
    operations: tuple[Operation, ...]
    dues: tuple[Due, ...]
    first_listed_at: datetime | None
    is_cut: bool
    dues_until: datetime | None
    clocks_differ: bool

    @property
    def is_empty(self) -> bool:
        return not (self.stays or self.operations or self.dues)


def server_facts(user: Person, view: ServerView, days: int) -> ServerFacts:
    now = timezone.now()
    since, until = now - timedelta(days=days), now + timedelta(days=min(days, DAYS_AHEAD))
    operations = _operations(user, view, since)
    stays = _with_plans(view, _stays(view, operations, since, now))
    ahead = _schedules(view, now, until)
    planned = [_with_retention(one, view, ahead.deleted) for one in stays]
    known = KnownServer.objects.filter(pk=view.server_id).values_list("first_listed_at", flat=True).first()
    return ServerFacts(
        since=since,
        now=now,
        until=until,
        stays=tuple(planned[:MOST]),
        operations=tuple(operations[:MOST]),
        dues=ahead.dues,
        dues_until=ahead.dues_until,
        first_listed_at=known,
        clocks_differ=clocks_differ(view.reading),
        is_cut=max(len(planned), len(operations)) > MOST,
    )


def oldest_shown(user: Person, view: ServerView, days: int) -> datetime | None:
    """When the oldest began of what is shown of so many days: where there is very much, that is of fewer days."""
    now = timezone.now()
    operations = _operations(user, view, now - timedelta(days=days))
    stays = _stays(view, operations, now - timedelta(days=days), now)
    began = [one.start for one in stays[:MOST]] + [one.created_at for one in operations[:MOST]]
    return min((at for at in began if at), default=None)


def _operations(user: Person, view: ServerView, since: datetime) -> list[Operation]:
    found = visible_to(user).filter(server_id=view.server_id, created_at__gte=since)
    return list(found.order_by("-created_at")[: MOST + 1])


def _stays(view: ServerView, operations: Iterable[Operation], since: datetime, now: datetime) -> list[Stay]:
    """Those that existed in the period, the newest first; those without a time at the end."""
    found = {one.snapshot_id: one for one in _observed(view, since, now)}
    for operation in operations:
        stay = _of_operation(operation, found.get(int(operation.snapshot_id or 0)))
        if stay is not None:
            found[stay.snapshot_id] = stay
    for snapshot in view.snapshots:
        found[snapshot.id] = _of_listed(view, snapshot, found.get(snapshot.id))
    ended = view.reading.is_complete
    stays = [
        replace(one, end=now) if ended and not one.is_listed and not one.end else one
        for one in found.values()
    ]
    present = [one for one in stays if one.end is None or one.end >= since]
    earliest = datetime.min.replace(tzinfo=now.tzinfo)
    return sorted(present, key=lambda one: (one.start or earliest, one.snapshot_id), reverse=True)


def _observed(view: ServerView, since: datetime, now: datetime) -> list[Stay]:
    known = KnownSnapshot.objects.filter(Q(gone_at=None) | Q(gone_at__gte=since), server_id=view.server_id)
    return [
        Stay(
            snapshot_id=one.snapshot_id,
            name=one.name,
            start=one.created_at or one.first_listed_at,
            end=one.gone_at,
            size_mb=one.size_mb,
        )
        for one in known.order_by("-first_listed_at")[: MOST + 1]
    ]


def has_happened(operation: Operation) -> bool:
    return operation.state == State.COMPLETED or operation.finding == Finding.HAPPENED


def _of_operation(operation: Operation, known: Stay | None) -> Stay | None:
    """What an operation that happened says of its snapshot; a create says by our clock when it was made."""
    if operation.snapshot_id is None or not has_happened(operation) or operation.action == Action.RESTORE:
        return None
    stay = known or Stay(
        snapshot_id=operation.snapshot_id,
        name=operation.snapshot_name,
        start=operation.snapshot_created_at,
        size_mb=operation.snapshot_size_mb,
    )
    if operation.action == Action.CREATE:
        return replace(stay, start=operation.sent_at or stay.start)
    return replace(stay, end=stay.end or operation.ended_at)


def _of_listed(view: ServerView, snapshot: Snapshot, known: Stay | None) -> Stay:
    return Stay(
        snapshot_id=snapshot.id,
        name=snapshot.name,
        start=known.start if known else snapshot.created_at,
        size_mb=snapshot.size_mb if snapshot.size_mb is not None else known.size_mb if known else None,
        is_listed=True,
        is_protected=snapshot.id in view.protected_ids,
    )


def _with_plans(view: ServerView, stays: list[Stay]) -> list[Stay]:
    waiting = waiting_in([view])
    found = []
    for one in stays:
        planned = waiting.get((view.server_id, one.snapshot_id)) if one.is_listed else None
        found.append(
            replace(one, planned_end=planned.due_at, plan=planned.kind, plan_pk=planned.pk)
            if planned
            else one
        )
    return found


def _schedules(view: ServerView, now: datetime, until: datetime) -> Ahead:
    """As previews show it. One that ends before the pictures do has more due times than MOST."""
    dues: list[Due] = []
    deleted: dict[str, datetime] = {}
    for schedule in about_servers([view.server_id]).active().distinct():
        for found in preview(definition_of(schedule), [view], now, schedule):
            dues += [Due(turn.at, schedule, turn.makes) for turn in found.turns if turn.at <= until]
            for turn in found.turns:
                for name in turn.deletes:
                    deleted.setdefault(name, turn.at + timedelta(days=found.grace_days))
    dues.sort(key=lambda one: one.at)
    dues_until = dues[MOST - 1].at if len(dues) > MOST else None
    return Ahead(dues=tuple(dues[:MOST]), dues_until=dues_until, deleted=deleted)


def _with_retention(stay: Stay, view: ServerView, deleted: dict[str, datetime]) -> Stay:
    """Of several snapshots of one name it is not said which one would go."""
    at = deleted.get(stay.name) if stay.is_listed and not stay.plan else None
    is_alone = sum(one.name == stay.name for one in view.snapshots) == 1
    return replace(stay, planned_end=at, plan="retention") if at and is_alone else stay
