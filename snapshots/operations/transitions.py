"""Every change of an operation's state, in one transaction with the audit log row that records it."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone

from snapshots.audit import journal
from snapshots.audit.journal import Actor, EntryData
from snapshots.operations import ownership
from snapshots.operations.models import Operation, State

ENDED_STATES = (State.COMPLETED, State.FAILED, State.RECONCILED)


def entry_data(operation: Operation, *, source: Actor | None = None, **fields: Any) -> EntryData:
    """An audit row about this operation. Its actor is the person who requested it.

    `source` is where this change came from, if a request made it; without it the channel is "evidence".
    """
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
        address_person_id=origin.id,
        channel=origin.channel,
        request_id=origin.request_id,
        **{"reason": operation.reason, **fields},
    )


def record_intent(operation: Operation, actor: Actor, *, evidence: str = "") -> None:
    """Save a new operation and its intent row; `evidence` says by what right. Call only inside `journal.committed()`.

    Raises IntegrityError if the operation's one-time key was used before.
    """
    operation.save(force_insert=True)
    journal.intend(entry_data(operation, source=actor, result=State.PENDING, evidence=evidence))


def mark_sent(operation: Operation, at: datetime) -> bool:
    """pending → sent, just before the provider is called. False if it was closed as never sent: then it must not be sent."""
    moved = Operation.objects.filter(pk=operation.pk, state=State.PENDING).update(
        state=State.SENT, sent_at=at
    )
    if moved:
        operation.state, operation.sent_at = State.SENT, at
    return bool(moved)


def transition(
    operation: Operation,
    new_state: State,
    *,
    expect: Iterable[State],
    source: Actor | None = None,
    duration_ms: int | None = None,
    reason: str = "",
    guard: Callable[[], object] | None = None,
    **changes: Any,
) -> bool:
    """Set `new_state` if the state is still one of `expect`, and write the outcome row, durably. False if it was not.

    `changes` are further fields to set. `guard` is called last, under the log's lock: an error that it raises rolls the
    change back. Raises JournalUnavailableError; then nothing has changed, and an intent without an outcome row means
    "unknown".
    """
    changes |= _state_fields(operation, new_state)
    with journal.committed():
        moved = Operation.objects.filter(pk=operation.pk, state__in=list(expect)).update(**changes)
        if not moved:
            return False
        operation.refresh_from_db()
        journal.conclude(_outcome_row(operation, source, reason=reason, duration_ms=duration_ms))
        ownership.record_creation(operation)
        if guard:
            guard()
    return True


def _state_fields(operation: Operation, new_state: State) -> dict[str, Any]:
    """The new state with the time at which it was reached."""
    fields: dict[str, Any] = {"state": new_state}
    if new_state == State.ACCEPTED:
        fields["accepted_at"] = operation.accepted_at or timezone.now()
    if new_state in ENDED_STATES:
        fields["ended_at"] = timezone.now()
    return fields


def _outcome_row(
    operation: Operation, source: Actor | None, *, reason: str, duration_ms: int | None
) -> EntryData:
    return entry_data(
        operation,
        source=source,
        result=operation.state,
        code=operation.code,
        reason=reason or operation.reason,
        evidence=operation.evidence,
        settled_by=operation.settled_by,
        settled_by_id=operation.settled_by_id,
        provider_status=operation.provider_status,
        provider_message=operation.provider_message,
        duration_ms=duration_ms,
    )
