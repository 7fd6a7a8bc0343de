"""One server as the provider lists it, joined with our operations on it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.http import Http404
from django.utils import timezone

from snapshots.contract import MAX_ID, MOVING_STATUSES, RESTORING
from snapshots.inventory.readings import Reading
from snapshots.inventory.servers import ListedServer, listed_servers
from snapshots.operations.models import Action, Operation, State
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.vault.models import StoredToken

RECENT = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class ServerView(ListedServer):
    """`operations`: open ones, and those that ended in the last ten minutes."""

    operations: tuple[Operation, ...]

    @property
    def holding(self) -> Operation | None:
        """A restore that runs, or may run: no other write may reach this server meanwhile."""
        return next((one for one in self.operations if one.is_open and one.action == Action.RESTORE), None)

    @property
    def is_held(self) -> bool:
        """Held by a restore of ours, or by one that the provider reports and that was requested elsewhere."""
        return self.holding is not None or self.status == RESTORING

    @property
    def is_moving(self) -> bool:
        return (
            any(one.is_moving for one in self.snapshots)
            or self.status in MOVING_STATUSES
            or any(one.state in (State.PENDING, State.SENT, State.ACCEPTED) for one in self.operations)
        )


def _operations_of(server_ids: Iterable[int]) -> dict[int, tuple[Operation, ...]]:
    since = timezone.now() - RECENT
    found: dict[int, list[Operation]] = defaultdict(list)
    recent = Operation.objects.open() | Operation.objects.filter(ended_at__gt=since)
    for operation in recent.filter(server_id__in=list(server_ids)).order_by("-created_at"):
        found[operation.server_id].append(operation)
    return {server_id: tuple(operations) for server_id, operations in found.items()}


def _join(server: ListedServer, operations: dict[int, tuple[Operation, ...]]) -> ServerView:
    return ServerView(**vars(server), operations=operations.get(server.server_id, ()))


def server_views(token: StoredToken, reading: Reading) -> list[ServerView]:
    """All servers that this token shows, by name."""
    servers = listed_servers(token, reading)
    operations = _operations_of(one.server_id for one in servers)
    return [_join(server, operations) for server in servers]


def server_view_or_404(token: StoredToken, server_id: int, *, fresh: bool = False) -> ServerView:
    """Raises Http404 for a server that the token does not show; one without a name while nobody can tell that it does not."""
    reading = read_and_reconcile(token, fresh=fresh)
    for server in listed_servers(token, reading):
        if server.server_id == server_id:
            return _join(server, _operations_of([server_id]))
    if server_id > MAX_ID or (reading.is_known and not reading.may_lack_servers):
        raise Http404(f"no server {server_id}")
    unknown = ListedServer(token, server_id, str(server_id), None, (), reading)
    return _join(unknown, _operations_of([server_id]))
