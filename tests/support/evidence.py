"""Builds stored operations, and observations of the provider's lists that may be evidence for them."""

from datetime import timedelta

import time_machine
from django.utils import timezone

from snapshots.audit.models import Entry
from snapshots.contract import Server, ServerRef, Snapshot, SnapshotList
from snapshots.inventory.readings import Observation
from snapshots.operations.models import Action, Operation, State


def later(**by):
    """Moves the clock forward and stops it, for example `later(minutes=5)`."""
    return time_machine.travel(timezone.now() + timedelta(**by), tick=False)


def open_operation(desk, action=Action.RESTORE, **fields) -> Operation:
    """A stored operation; unknown unless `fields` says otherwise."""
    view = desk.server()
    snapshot = desk.snapshot(view)
    values = {
        "idempotency_key": "k",
        "action": action,
        "state": State.UNKNOWN,
        "actor_id": desk.user.pk,
        "actor_name": "Mia",
        "actor_role": "manager",
        "token_id": desk.token.pk,
        "token_label": desk.token.label,
        "token_fingerprint": desk.token.fingerprint,
        "server_id": view.server_id,
        "server_name": view.name,
        "snapshot_id": snapshot.id,
        "snapshot_name": snapshot.name,
        "was_restoring": False,
        "created_at": timezone.now(),
        "sent_at": timezone.now(),
        **fields,
    }
    return Operation.objects.create(**values)


def observe(
    desk, operation, *, status: str | None = None, snapshots=(), fingerprint: str = "", whole=True
) -> Observation:
    servers = (
        None
        if status is None
        else (Server(id=operation.server_id, name=operation.server_name, status=status),)
    )
    started_at = timezone.now() + timedelta(seconds=1)
    listed = SnapshotList(tuple(snapshots), is_whole=whole)
    return Observation(fingerprint or desk.token.fingerprint, started_at, listed, servers)


def created_snapshot(operation, **changes) -> Snapshot:
    """The snapshot that the list shows if the create was carried out."""
    values = {
        "id": 9001,
        "server": ServerRef(operation.server_id, operation.server_name),
        "name": operation.snapshot_name,
        "status": "in_progress",
        "created_at": timezone.now(),
        **changes,
    }
    return Snapshot(**values)


def lost_create(desk, **fields) -> Operation:
    """A create whose answer was lost: its state is unknown."""
    values = {"snapshot_id": None, "snapshot_name": "lost", "known_snapshot_ids": [7], **fields}
    return open_operation(desk, Action.CREATE, **values)


def logged_results(operation) -> list[str]:
    """The results of the operation's audit rows, in order."""
    rows = Entry.objects.filter(operation_id=operation.pk).order_by("sequence")
    return list(rows.values_list("result", flat=True))
