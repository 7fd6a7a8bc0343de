"""Plans deletions, and lets the worker's functions run, on the in-process sandbox."""

from datetime import datetime

from time_machine import Traveller

from snapshots.contract import Snapshot
from snapshots.deletions import due
from snapshots.deletions.models import PlannedDeletion, ServerGrace
from snapshots.deletions.service import request_delete
from snapshots.operations.models import Action, Operation
from snapshots.operations.protection import Target
from snapshots.operations.server_views import ServerView
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from tests.support.desk import Desk


def target_of(desk: Desk, view: ServerView, snapshot: Snapshot | None = None) -> Target:
    return Target(desk.token, view.name, snapshot or desk.snapshot(view))


def plan(desk: Desk, view: ServerView, snapshot: Snapshot | None = None, **more) -> PlannedDeletion:
    """Request a deletion, on a server with a grace time."""
    found = request(desk, view, snapshot, **more)
    assert isinstance(found, PlannedDeletion)
    return found


def request(
    desk: Desk, view: ServerView, snapshot: Snapshot | None = None, confirmation: str = "", **more
) -> Operation | PlannedDeletion:
    chosen = snapshot or desk.snapshot(view)
    return request_delete(
        actor=desk.actor,
        token=desk.token,
        confirmation=confirmation or desk.confirm(Action.DELETE, view, chosen),
        **more,
    )


def run_at(clock: Traveller, at: datetime) -> int:
    """How much the worker's function changes at that time."""
    clock.move_to(at)
    return due.run_due()


def exists(snapshot_id: int) -> bool:
    return SandboxSnapshot.objects.filter(pk=snapshot_id).exists()


def deletes_of(snapshot_id: int) -> list[Operation]:
    return list(Operation.objects.filter(action=Action.DELETE, snapshot_id=snapshot_id))


def put_grace(view: ServerView, days: int | None) -> None:
    """The grace time of a server, as if everybody needed had agreed to it."""
    ServerGrace.objects.filter(server_id=view.server_id).delete()
    if days is not None:
        ServerGrace.objects.create(server_id=view.server_id, days=days)
