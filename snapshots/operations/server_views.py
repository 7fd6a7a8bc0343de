"""A server as the provider lists it, joined with the portal's operations on it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.http import Http404
from django.utils import timezone

from snapshots import sql
from snapshots.connection import Person
from snapshots.contract import MAX_ID, Snapshot, is_moving, is_restoring, status_key
from snapshots.inventory.clocks import clocks_differ
from snapshots.inventory.progress import (
    STARTED_AFTER_CREATION,
    Expectation,
    is_far_too_long,
    poll_seconds,
    usual_minutes,
)
from snapshots.inventory.readings import POLL_SECONDS, Reading, server_key, snapshot_key
from snapshots.inventory.servers import ListedServer, listed_servers
from snapshots.operations import expectations
from snapshots.operations.models import OPEN_STATES, Action, Finding, Operation, State
from snapshots.operations.ownership import check_may_delete, may_delete, owners_on
from snapshots.operations.protection import protected_ids
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.operations.rights import DELETE, check_person
from snapshots.vault.models import StoredToken

RECENT = timedelta(minutes=10)
_TABLE: Final = Operation._meta.db_table
MOVING_STATES = (State.PENDING, State.SENT, State.ACCEPTED)


@dataclass(frozen=True, kw_only=True)
class ServerView(ListedServer):
    """A listed server, its operations (open ones, and those that ended in the last ten minutes) and protected snapshots."""

    operations: tuple[Operation, ...]
    protected_ids: frozenset[int]
    owners: Mapping[int, int]
    """Snapshot → the person who owns it, for those that somebody owns."""
    expected_create: Expectation
    """Of a snapshot that is being created, and was not requested here."""

    @property
    def holding(self) -> Operation | None:
        """A restore of ours that runs or may run: it blocks other writes to this server."""
        return next((one for one in self.operations if one.is_open and one.action == Action.RESTORE), None)

    @property
    def is_held(self) -> bool:
        """Whether a restore blocks other writes: one of ours, or one requested elsewhere that the provider reports."""
        return self.holding is not None or is_restoring(self.status)

    @property
    def deleted_ids(self) -> frozenset[int]:
        """Snapshots that are still listed although the provider has accepted their deletion."""
        accepted_states = {State.ACCEPTED, State.COMPLETED, State.RECONCILED}
        return frozenset(
            one.snapshot_id
            for one in self.operations
            if one.action == Action.DELETE
            and one.state in accepted_states
            and one.finding in {Finding.NONE, Finding.HAPPENED}
            and one.snapshot_id is not None
        ) & {one.id for one in self.snapshots}

    @property
    def is_moving(self) -> bool:
        return (
            any(one.is_moving for one in self.snapshots)
            or bool(self.deleted_ids)
            or is_moving(self.status)
            or any(one.state in MOVING_STATES for one in self.operations)
        )

    def began_at(self, snapshot: Snapshot) -> datetime | None:
        """When the creation of a snapshot began; None if unknown, for example because the two clocks differ."""
        if status_key(snapshot.status) in STARTED_AFTER_CREATION:
            return None
        for one in self.operations:
            if one.action == Action.CREATE and one.snapshot_id == snapshot.id and one.accepted_at:
                return one.accepted_at
        return None if clocks_differ(self.reading) else snapshot.created_at

    def expectation(self, snapshot: Snapshot) -> Expectation:
        """How long the creation of a snapshot usually takes."""
        return expectations.of_snapshots(self.operations).get(snapshot.id, self.expected_create)

    def moving_since(self, snapshot: Snapshot) -> datetime | None:
        """Since when the snapshot's status has been a moving one (see contract.MOVING_STATUSES); None if unknown."""
        return self.began_at(snapshot) or self.reading.moving_since.get(snapshot_key(snapshot.id))

    def is_stuck(self, snapshot: Snapshot) -> bool:
        """Whether a snapshot has been moving for so long that it may never end."""
        minutes = usual_minutes(snapshot.status)
        return snapshot.is_moving and is_far_too_long(self.moving_since(snapshot), minutes)

    @property
    def status_since(self) -> datetime | None:
        """Since when the server's own status has been a moving one; None if unknown."""
        return self.reading.moving_since.get(server_key(self.server_id))

    @property
    def is_status_stuck(self) -> bool:
        return is_far_too_long(self.status_since, usual_minutes(self.status))

    @property
    def poll_seconds(self) -> int:
        """The shortest polling interval of everything that moves here; late items have longer ones."""
        intervals = [
            poll_seconds(self.moving_since(one), usual_minutes(one.status))
            for one in self.snapshots
            if one.is_moving
        ]
        if is_moving(self.status):
            intervals.append(poll_seconds(self.status_since, usual_minutes(self.status)))
        intervals += [
            poll_seconds(one.began_at, one.expected_minutes)
            for one in self.operations
            if one.state in MOVING_STATES
        ]
        return min(intervals, default=POLL_SECONDS)


def taken_at(view: ServerView, snapshot: Snapshot) -> datetime | None:
    """When a snapshot was taken, by our clock if it was requested here; None if the clocks differ and it was not."""
    ours = Operation.objects.filter(
        action=Action.CREATE,
        server_id=view.server_id,
        snapshot_id=snapshot.id,
        snapshot_created_at=snapshot.created_at,
    ).first()
    if ours and ours.sent_at:
        return ours.sent_at
    return None if clocks_differ(view.reading) else snapshot.created_at


def _operations_of(server_ids: Sequence[int]) -> dict[int, tuple[Operation, ...]]:
    found: dict[int, list[Operation]] = defaultdict(list)
    if not server_ids:
        return {}
    ids = sql.places(server_ids)
    # Each half by its own index. The plus keeps the second from that of servers, of which one may have thousands of operations.
    condition = (
        f"WHERE id IN (SELECT id FROM {_TABLE} WHERE state IN ({sql.places(OPEN_STATES)}) AND server_id IN ({ids})"  # noqa: S608
        f" UNION ALL SELECT id FROM {_TABLE} WHERE ended_at > %s AND +server_id IN ({ids})) ORDER BY created_at DESC"
    )
    values = [*OPEN_STATES, *server_ids, timezone.now() - RECENT, *server_ids]
    for operation in sql.select(Operation, condition, values):
        found[operation.server_id].append(operation)
    return {server_id: tuple(operations) for server_id, operations in found.items()}


def join(servers: Sequence[ListedServer]) -> list[ServerView]:
    """These servers, in the same order, with four queries for all of them."""
    ids = [one.server_id for one in servers]
    operations, protected, owners = _operations_of(ids), protected_ids(ids), owners_on(ids)
    moving = [one.server_id for one in servers if any(snapshot.is_moving for snapshot in one.snapshots)]
    creates = expectations.expected_creates(moving)
    as_documented = expectations.documented(Action.CREATE)
    return [
        ServerView(
            **vars(server),
            operations=operations.get(server.server_id, ()),
            expected_create=creates.get(server.server_id, as_documented),
            protected_ids=_listed_of(protected.get(server.server_id), server),
            owners=_owners_of(owners.get(server.server_id), server),
        )
        for server in servers
    ]


def _listed_of(ids: set[int] | None, server: ListedServer) -> frozenset[int]:
    """Those of these snapshots that the server still has."""
    return frozenset(one.id for one in server.snapshots if one.id in ids) if ids else frozenset()


def _owners_of(owned: dict[tuple[int, datetime], int] | None, server: ListedServer) -> dict[int, int]:
    """Those of the snapshots that the server still has."""
    if not owned:
        return {}
    times = {one.id: one.created_at for one in server.snapshots if one.created_at is not None}
    return {number: owned[number, at] for number, at in times.items() if (number, at) in owned}


def deletable_ids(person: Person, view: ServerView) -> frozenset[int]:
    """Those of the server's snapshots that the person may delete, with the token that shows them."""
    if not view.token.allows(DELETE):
        return frozenset()
    ids = [one.id for one in view.snapshots]
    return frozenset(one for one in ids if may_delete(person, view.server_id, view.owners.get(one)))


def check_deletable(actor_id: int | None, view: ServerView, snapshot_id: int | None) -> None:
    """By the person as now stored. Raises OperationRefusedError (those of ownership.check_may_delete)."""
    check_may_delete(check_person(actor_id, ()), view.server_id, view.owners.get(snapshot_id or 0))


def server_views(token: StoredToken, reading: Reading) -> list[ServerView]:
    """All servers that this token shows, sorted by name."""
    return join(listed_servers(token, reading))


def server_view_or_404(
    token: StoredToken, server_id: int, *, fresh: bool = False, max_age: float = 0
) -> ServerView:
    """One server. Raises Http404 if the token certainly does not show it; if that is uncertain, its view has only the id."""
    reading = read_and_reconcile(token, fresh=fresh, max_age=max_age)
    for server in listed_servers(token, reading):
        if server.server_id == server_id:
            return join([server])[0]
    if server_id > MAX_ID or (reading.is_known and not reading.may_lack_servers):
        raise Http404(f"no server {server_id}")
    unknown = ListedServer(token, server_id, str(server_id), None, (), reading)
    return join([unknown])[0]
