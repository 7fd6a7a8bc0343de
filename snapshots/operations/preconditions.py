"""What must be true at the provider before an operation is sent. Each check raises OperationRefusedError."""

from collections.abc import Sequence

from snapshots.contract import Snapshot, clean_reason
from snapshots.inventory.names import looks_like
from snapshots.inventory.reader import last_reading
from snapshots.inventory.readings import Reading
from snapshots.inventory.servers import find_snapshot
from snapshots.operations.blocks import check_not_blocked
from snapshots.operations.confirmation import AS_FOUND, Confirmation, snapshot_fingerprint
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.operations.rights import check_token
from snapshots.operations.server_views import ServerView, server_views
from snapshots.vault.models import StoredToken


def read_server(token: StoredToken, confirmed: Confirmation, permission: str = "") -> ServerView:
    """The confirmed server as the provider lists it now. Never uses a cached list: nothing is sent based on an old one.

    `permission`: what the token must allow, if what was confirmed is none of the operations.
    """
    check_token(token, permission or Action(confirmed.action).permission, confirmed.server_id)
    reading = read_and_reconcile(token, fresh=True)
    check_live(reading)
    return confirmed_server(server_views(token, reading), reading, confirmed)


def check_live(reading: Reading) -> None:
    if reading.is_stale:
        raise OperationRefusedError("told_to_wait" if reading.wait_until else "not_confirmed_live")


def confirmed_server(views: Sequence[ServerView], reading: Reading, confirmed: Confirmation) -> ServerView:
    """The confirmed server among those of a live reading."""
    for view in views:
        if view.server_id == confirmed.server_id:
            return view
    if reading.may_lack_servers:
        raise OperationRefusedError("list_incomplete")
    raise OperationRefusedError("snapshot_gone" if confirmed.snapshot_id else "server_gone")


def check_server_exists(view: ServerView) -> None:
    """Required for create and restore; the snapshots of a server that no longer exists can still be deleted."""
    if view.is_gone:
        raise OperationRefusedError("server_gone")


def unchanged_snapshot(confirmed: Confirmation, view: ServerView) -> Snapshot:
    """The confirmed snapshot, provided that it is still listed exactly as the person saw it."""
    snapshot = find_snapshot(view.reading, confirmed.snapshot_id or 0)
    if snapshot is None:
        raise OperationRefusedError("snapshot_gone" if view.reading.is_complete else "list_incomplete")
    is_as_seen = confirmed.fingerprint in {AS_FOUND, snapshot_fingerprint(snapshot)}
    if not is_as_seen or snapshot.server.id != confirmed.server_id:
        raise OperationRefusedError("snapshot_changed")
    if snapshot.id in view.deleted_ids:
        raise OperationRefusedError("snapshot_deleting")
    return snapshot


def check_not_newest(token: StoredToken, server_id: int, snapshot_id: int | None) -> None:
    """The last reading lists a completed snapshot of the server that is newer. Raises OperationRefusedError "newest"."""
    reading = last_reading(token)
    snapshot = find_snapshot(reading, snapshot_id or 0) if reading else None
    if reading is None or snapshot is None or snapshot.created_at is None:
        raise OperationRefusedError("newest")
    completed = (one for one in reading.snapshots if one.server.id == server_id and one.is_completed)
    if not any(one.created_at and one.created_at > snapshot.created_at for one in completed):
        raise OperationRefusedError("newest")


def restorable_snapshot(
    confirmed: Confirmation, view: ServerView, *, typed_name: str, reason: str
) -> Snapshot:
    """The confirmed snapshot, provided that its server may be restored from it and the person confirmed that in full."""
    snapshot = unchanged_snapshot(confirmed, view)
    check_server_exists(view)
    check_not_blocked(view.server_id, Action.RESTORE, approval=confirmed.approval)
    if not snapshot.is_completed:
        raise OperationRefusedError("snapshot_unready")
    if not looks_like(typed_name, view.name):
        raise OperationRefusedError("name_mismatch")
    if not clean_reason(reason):
        raise OperationRefusedError("reason_missing")
    return snapshot
