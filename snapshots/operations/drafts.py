"""Builds a new operation from what the person confirmed and what the provider lists now."""

from typing import Any

from django.utils import timezone

from snapshots import contract
from snapshots.audit.journal import Actor
from snapshots.contract import Snapshot
from snapshots.operations import expectations
from snapshots.operations.confirmation import Confirmation
from snapshots.operations.models import Action, Operation
from snapshots.operations.server_views import ServerView


def draft_operation(
    actor: Actor,
    view: ServerView,
    confirmed: Confirmation,
    *,
    snapshot: Snapshot | None = None,
    snapshot_name: str = "",
    reason: str,
) -> Operation:
    """An unsaved operation. A create passes `snapshot_name`; a restore or delete passes the existing `snapshot`."""
    return Operation(
        idempotency_key=confirmed.idempotency_key,
        action=confirmed.action,
        actor_id=confirmed.actor_id,
        actor_name=actor.name,
        actor_role=actor.role,
        server_id=view.server_id,
        server_name=view.name,
        snapshot_id=snapshot.id if snapshot else None,
        snapshot_name=snapshot.name if snapshot else snapshot_name,
        snapshot_created_at=snapshot.created_at if snapshot else None,
        reason=contract.clean_reason(reason),
        created_at=timezone.now(),
        **view.token.columns,
        **_state_before(view),
        **expectations.columns(view.server_id, Action(confirmed.action), snapshot),
    )


def _state_before(view: ServerView) -> dict[str, Any]:
    """What the lists showed before the operation: later evidence is compared with it."""
    return {
        "known_snapshot_ids": [one.id for one in view.reading.snapshots],
        "knew_all_snapshots": view.reading.is_complete,
        "was_restoring": not view.status
        or contract.is_restoring(view.status)
        or not view.reading.servers_are_fresh,
    }
