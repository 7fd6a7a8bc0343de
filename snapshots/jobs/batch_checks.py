"""What must be true of one item of a batch. Pages show what is not; each check raises OperationRefusedError.

`approval`: what lifts a policy, also that one will be asked for.
"""

from snapshots import contract
from snapshots.contract import Snapshot
from snapshots.deletions.grace import grace_days
from snapshots.deletions.models import Kind as DeletionKind
from snapshots.deletions.plans import waiting_of
from snapshots.inventory.names import looks_like
from snapshots.jobs.selections import Item, Selection
from snapshots.operations.approval import Approval
from snapshots.operations.blocks import check_not_blocked
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action
from snapshots.operations.preconditions import check_server_exists, restorable_snapshot, unchanged_snapshot
from snapshots.operations.rights import check_token
from snapshots.operations.server_views import ServerView, check_deletable


def check_create(view: ServerView) -> None:
    """Raises OperationRefusedError if no snapshot of this server can be created now."""
    check_token(view.token, Action.CREATE.permission, view.server_id)
    check_server_exists(view)
    _check_free(view)
    if view.is_full:
        raise OperationRefusedError("limit_reached")


def check_delete(
    selection: Selection, item: Item, view: ServerView, approval: Approval | None = None
) -> Snapshot:
    """The confirmed snapshot. Raises OperationRefusedError if it cannot be deleted now."""
    check_token(view.token, Action.DELETE.permission, view.server_id)
    snapshot = unchanged_snapshot(selection.confirmation(item, Action.DELETE), view)
    check_deletable(selection.actor_id, view, snapshot.id)
    _check_free(view)
    if snapshot.id in view.protected_ids:
        raise OperationRefusedError("protected")
    check_not_blocked(view.server_id, Action.DELETE, approval=approval)
    planned = waiting_of(view.server_id, snapshot.id).filter(kind=DeletionKind.GRACE)
    if grace_days(view.server_id) and planned.exists():
        raise OperationRefusedError("deletion_planned")
    return snapshot


def check_restore(
    selection: Selection, item: Item, view: ServerView, approval: Approval | None = None
) -> Snapshot:
    """The confirmed snapshot. Raises OperationRefusedError if the server cannot be restored from it now."""
    check_token(view.token, Action.RESTORE.permission, view.server_id)
    if not looks_like(item.server_name, view.name):
        raise OperationRefusedError("server_renamed")
    confirmed = selection.confirmation(item, Action.RESTORE, approval)
    snapshot = restorable_snapshot(confirmed, view, typed_name=view.name, reason="checked for all at once")
    _check_free(view)
    return snapshot


def check_reason(reason: str) -> None:
    """Of all of it. Raises OperationRefusedError "reason_missing"."""
    if not contract.clean_reason(reason):
        raise OperationRefusedError("reason_missing")


def _check_free(view: ServerView) -> None:
    """A batch offers no override: a server that a restore holds is left out."""
    if view.is_held:
        raise OperationRefusedError("server_held")
