"""Calls planned deletions back, sets the date until which a snapshot is kept, and protects snapshots."""

from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from django.utils import timezone

from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.deletions import statements
from snapshots.deletions.models import Kind, PlannedDeletion, State
from snapshots.deletions.plans import draft, end, insert, waiting_of
from snapshots.inventory.shown_servers import own_token_for
from snapshots.operations import protection
from snapshots.operations.confirmation import Authorization, ConfirmationError, read_confirmation
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guarded_models import PolicyAction
from snapshots.operations.models import Action, Protection
from snapshots.operations.preconditions import read_server, unchanged_snapshot
from snapshots.operations.protection import Target
from snapshots.operations.rights import borrowed, check_still_allowed
from snapshots.vault.models import StoredToken

KEEP_PERMISSION = Action.CREATE.permission
"""Who may create snapshots may also keep one: it only calls back what has not happened."""
EXTEND_DAYS = 30
LONGEST_DAYS = 3650


def keep(*, actor: Actor, planned: PlannedDeletion) -> None:
    """Call it back for good. Raises OperationRefusedError (deletion_over, not_allowed_any_more), JournalUnavailableError."""
    with journal.committed():
        noted = borrowed(actor.id, [(KEEP_PERMISSION, planned.server_id)])
        journal.record(planned.entry(actor, action="deletion.keep", evidence=noted.note))
        check_still_allowed(actor.id, KEEP_PERMISSION, server_id=planned.server_id, noted=noted)
        if not end(planned, State.KEPT, actor):
            raise OperationRefusedError("deletion_over")
    planned.refresh_from_db()


def end_of(day: date) -> datetime:
    """The first moment after that day, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def set_keep_until(*, actor: Actor, target: Target, until: date, reason: str = "") -> PlannedDeletion:
    """Keep the snapshot to the end of that day (UTC); then it is deleted in the actor's name. Replaces an earlier date.

    Raises OperationRefusedError (bad_date, snapshot_unready, and those of plans.insert), JournalUnavailableError.
    """
    today = timezone.now().astimezone(UTC).date()
    if not today <= until <= today + timedelta(days=LONGEST_DAYS):
        raise OperationRefusedError("bad_date")
    if target.snapshot.is_moving:  # what the person confirms would change by itself
        raise OperationRefusedError("snapshot_unready")
    planned = draft(actor, target, Kind.KEEP_UNTIL, reason)
    planned.due_at = end_of(until)
    insert(planned, actor, action="deletion.keep_until")
    return planned


def extend(*, actor: Actor, planned: PlannedDeletion) -> PlannedDeletion:
    """Move the date by EXTEND_DAYS; from then on it is in the actor's name, and with a token of the actor's own.

    The snapshot must stay as it was seen before. Raises OperationRefusedError (bad_date, no_own_token, and those of
    plans.insert), JournalUnavailableError.
    """
    if planned.kind != Kind.KEEP_UNTIL:
        raise OperationRefusedError("deletion_planned")
    now = timezone.now()
    token = own_token_for(actor.id, planned.server_id, fingerprint=planned.token_fingerprint)
    if token is None:
        raise OperationRefusedError("no_own_token")
    copied = "server_id server_name snapshot_id snapshot_name snapshot_created_at fingerprint reason"
    longer = PlannedDeletion(
        kind=planned.kind,
        **token.columns,
        person_id=int(actor.id or 0),
        created_at=now,
        due_at=planned.due_at + timedelta(days=EXTEND_DAYS),
        **{name: getattr(planned, name) for name in copied.split()},
    )
    if longer.due_at > now + timedelta(days=LONGEST_DAYS):
        raise OperationRefusedError("bad_date")
    insert(longer, actor, action="deletion.keep_until", extends=planned)
    return longer


def protect_snapshot(*, actor: Actor, target: Target, reason: str = "") -> Protection:
    """Protect a snapshot, and call back the deletion that waits for it. Raises like operations.protection.protect."""
    also = partial(_keep_waiting, actor, target)
    return protection.protect(actor=actor, target=target, reason=reason, also=also)


def lift_protection(
    *,
    actor: Actor,
    token: StoredToken,
    confirmation: str | Authorization,
    reason: str,
) -> None:
    """Lift the protection of the snapshot as the person saw it.

    Raises OperationRefusedError (confirmation_invalid, snapshot_changed and the like, and those of protection.lift),
    JournalUnavailableError.
    """
    try:
        confirmed = read_confirmation(
            confirmation, actor_id=actor.id, action=PolicyAction.UNPROTECT, token_id=token.pk
        )
    except ConfirmationError as error:
        raise OperationRefusedError(error.code) from None
    view = read_server(token, confirmed, protection.PERMISSION)
    protection.lift(
        actor=actor,
        target=Target(token, view.name, unchanged_snapshot(confirmed, view)),
        reason=reason,
        approval=confirmed.approval,
        guard=confirmation.guard if isinstance(confirmation, Authorization) else lambda: None,
    )


def _keep_waiting(actor: Actor, target: Target) -> None:
    for planned in waiting_of(**target.ids):
        if end(planned, State.KEPT, actor):
            journal.record(planned.entry(actor, action="deletion.keep", evidence=statements.PROTECTED.said()))
