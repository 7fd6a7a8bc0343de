"""Every change of an operation's state, together with the row of the audit log that tells it, in one transaction."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone

from snapshots.audit import journal
from snapshots.audit.journal import Actor, EntryData
from snapshots.operations.models import Operation, State

ENDED_STATES = (State.COMPLETED, State.FAILED, State.RECONCILED)


def entry_data(operation: Operation, *, source: Actor | None = None, **fields: Any) -> EntryData:
    """A row about this operation. `actor` is always who asked for it; `source` is who settled it, if another did."""
    origin = source or Actor(id=None, name="", role="", channel="evidence")
    return EntryData(
        action=operation.action,
        operation_id=operation.id,
        actor_id=operation.actor_id,
        actor_name=operation.actor_name,
        actor_role=operation.actor_role,
        server_id=operation.server_id,
        server_name=operation.server_name,
        snapshot_id=operation.snapshot_id,
        snapshot_name=operation.snapshot_name,
        token_label=operation.token_label,
        token_fingerprint=operation.token_fingerprint,
        address=origin.address,
        channel=origin.channel,
        request_id=origin.request_id,
        **{"reason": operation.reason, **fields},
    )


def record_intent(operation: Operation, actor: Actor) -> None:
    """Save a new operation and its intent. Only inside `journal.committed()`.

    Raises IntegrityError when the operation's one-time key was used before.
    """
    operation.save(force_insert=True)
    journal.intend(entry_data(operation, source=actor, result=State.PENDING))


def mark_sent(operation: Operation, at: datetime) -> bool:
    """pending → sent, just before the provider is called. False: somebody closed it as never sent, so it must not be."""
    moved = Operation.objects.filter(pk=operation.pk, state=State.PENDING).update(
        state=State.SENT, sent_at=at
    )
    if moved:
        operation.state, operation.sent_at = State.SENT, at
    return bool(moved)


def transition(
    operation: Operation,
    to: State,
    *,
    expect: Iterable[State],
    source: Actor | None = None,
    duration_ms: int | None = None,
    reason: str = "",
    guard: Callable[[], object] | None = None,
    **changes: Any,
) -> bool:
    """Compare and swap: to `to` if the state is still one of `expect`, with its outcome row, durably. False if it was not.

    `guard` is called last, under the log's lock: what it raises undoes the change.

    Raises JournalUnavailableError, and then nothing has changed: the intent without an outcome is the record "unknown".
    """
    now = timezone.now()
    changes["state"] = to
    if to == State.ACCEPTED:
        changes["accepted_at"] = operation.accepted_at or now
    if to in ENDED_STATES:
        changes["ended_at"] = now
    with journal.committed():
        moved = Operation.objects.filter(pk=operation.pk, state__in=list(expect)).update(**changes)
        if not moved:
            return False
        operation.refresh_from_db()
        journal.conclude(
            entry_data(
                operation,
                source=source,
                result=to,
                code=operation.code,
                reason=reason or operation.reason,
                evidence=operation.evidence,
                settled_by=operation.settled_by,
                provider_status=operation.provider_status,
                provider_message=operation.provider_message,
                duration_ms=duration_ms,
            )
        )
        if guard:
            guard()
    return True
