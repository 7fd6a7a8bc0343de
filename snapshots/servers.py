"""What a page shows of one server: the provider's lists joined with our open operations."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.http import Http404
from django.utils import timezone

from snapshots import watching
from snapshots.contract import MAX_ID, MAX_SNAPSHOTS_PER_SERVER, MOVING_STATUSES, RESTORING, Server, Snapshot
from snapshots.models import Action, Operation, State
from snapshots.vault.models import StoredToken
from snapshots.watching import Reading

RECENT = timedelta(minutes=10)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class ServerView:
    """One server as seen with one token. `operations`: open ones, and those that ended in the last ten minutes."""

    token: StoredToken
    server_id: int
    name: str
    server: Server | None
    snapshots: tuple[Snapshot, ...]
    operations: tuple[Operation, ...]
    reading: Reading
    limit: int = MAX_SNAPSHOTS_PER_SERVER

    @property
    def used(self) -> int:
        return len(self.snapshots)

    @property
    def is_full(self) -> bool:
        return self.used >= self.limit

    @property
    def status(self) -> str:
        return self.server.status if self.server else ""

    @property
    def holding(self) -> Operation | None:
        """A restore that runs, or may run: no other write may reach this server meanwhile."""
        return next((one for one in self.operations if one.is_open and one.action == Action.RESTORE), None)

    @property
    def is_held(self) -> bool:
        """Held by a restore of ours, or by one that the provider tells of and that was asked for elsewhere."""
        return self.holding is not None or self.status == RESTORING

    @property
    def is_moving(self) -> bool:
        return (
            any(one.is_moving for one in self.snapshots)
            or self.status in MOVING_STATUSES
            or any(one.state in (State.PENDING, State.SENT, State.ACCEPTED) for one in self.operations)
        )


def _operations_of(server_ids: Iterable[int]) -> dict[int, list[Operation]]:
    since = timezone.now() - RECENT
    found: dict[int, list[Operation]] = defaultdict(list)
    recent = Operation.objects.open() | Operation.objects.filter(ended_at__gt=since)
    for operation in recent.filter(server_id__in=list(server_ids)).order_by("-created_at"):
        found[operation.server_id].append(operation)
    return found


def server_views(token: StoredToken, reading: Reading) -> list[ServerView]:
    """All servers that this token shows, by name: those of the servers list and those named by a snapshot."""
    listed = {one.id: one for one in reading.servers or ()}
    names = {one.server.id: one.server.name for one in reading.snapshots}
    names |= {one.id: one.name or one.hostname for one in listed.values()}
    snapshots: dict[int, list[Snapshot]] = defaultdict(list)
    for snapshot in reading.snapshots:
        snapshots[snapshot.server.id].append(snapshot)
    operations = _operations_of(names)
    views = [
        ServerView(
            token=token,
            server_id=server_id,
            name=name or str(server_id),
            server=listed.get(server_id),
            snapshots=tuple(
                sorted(
                    snapshots[server_id], key=lambda one: (one.created_at or LONG_AGO, one.id), reverse=True
                )
            ),
            operations=tuple(operations[server_id]),
            reading=reading,
        )
        for server_id, name in names.items()
    ]
    return sorted(views, key=lambda view: (view.name.casefold(), view.server_id))


def server_view_or_404(token: StoredToken, server_id: int, *, fresh: bool = False) -> ServerView:
    """Raises Http404 for a server that the token does not show; while nothing was ever read, one without a name."""
    reading = watching.read(token, fresh=fresh)
    for view in server_views(token, reading):
        if view.server_id == server_id:
            return view
    if reading.is_known or server_id > MAX_ID:
        raise Http404(f"no server {server_id}")
    operations = tuple(_operations_of([server_id])[server_id])
    return ServerView(token, server_id, str(server_id), None, (), operations, reading)


def find_snapshot(reading: Reading, snapshot_id: int) -> Snapshot | None:
    return next((one for one in reading.snapshots if one.id == snapshot_id), None)
