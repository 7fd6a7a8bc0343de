"""One call to the provider, one outcome: what its answer, or the lack of one, means for an operation."""

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.utils import timezone

from snapshots.audit.journal import JournalUnavailableError
from snapshots.connection import client_for
from snapshots.contract import Created, Deleted, RestoreStarted, is_restoring
from snapshots.inventory.reader import expire
from snapshots.operations.models import Operation, State
from snapshots.operations.transitions import mark_sent, transition
from snapshots.upstream.client import SnapshotClient
from snapshots.upstream.errors import UpstreamError
from snapshots.vault.crypto import SealError
from snapshots.vault.models import StoredToken

log = structlog.get_logger()
Answer = Created | RestoreStarted | Deleted
NO_CONTENT = 204
"""The one answer that the provider documents for a delete that is done."""


def send_once(
    operation: Operation, token: StoredToken, send: Callable[[SnapshotClient, Operation], Answer]
) -> None:
    """Call `send` at most once and record its outcome.

    If the outcome cannot be written, the operation stays "sent": that is the record "unknown". Raises
    JournalUnavailableError when it cannot even be recorded that nothing was sent.
    """
    try:
        client = client_for(token)
    except SealError:
        log.exception("token.does_not_open", token=token.pk)
        transition(operation, State.FAILED, expect=[State.PENDING], code="sealed")
        return
    if not mark_sent(operation, timezone.now()):
        operation.refresh_from_db()
        return
    started = time.monotonic()
    try:
        state, changes = _meaning(operation, send(client, operation))
    except UpstreamError as error:
        state = State.FAILED if error.effect == "none" else State.UNKNOWN
        changes = {"code": error.code, "provider_status": error.status, "provider_message": error.message}
    duration_ms = round((time.monotonic() - started) * 1000)
    try:
        # Unknown too: this worker may have been so slow that it was taken for dead, and its answer still counts.
        told = transition(
            operation, state, expect=[State.SENT, State.UNKNOWN], duration_ms=duration_ms, **changes
        )
        if not told:
            log.error("operation.answer_too_late", operation=str(operation.pk), answer=state, **changes)
            operation.refresh_from_db()
    except JournalUnavailableError:
        log.exception("operation.outcome_not_written", operation=str(operation.pk), outcome=state)
        operation.state = State.SENT
    expire(token)


def _meaning(operation: Operation, answer: Answer) -> tuple[State, dict[str, Any]]:
    """What the provider's yes means. One that speaks of something else than was asked for is no answer: unknown."""
    changes: dict[str, Any] = {"provider_status": answer.status}
    if isinstance(answer, Deleted):
        return State.COMPLETED if answer.status == NO_CONTENT else State.ACCEPTED, changes
    changes["provider_message"] = answer.message
    if not _is_about(operation, answer):
        return State.UNKNOWN, changes | {"code": "other_answer"}
    if isinstance(answer, RestoreStarted):
        return State.ACCEPTED, changes | {"said_restoring": is_restoring(answer.server_status)}
    changes["snapshot_id"] = answer.snapshot.id
    changes["snapshot_created_at"] = answer.snapshot.created_at
    return State.COMPLETED if answer.snapshot.is_completed else State.ACCEPTED, changes


def _is_about(operation: Operation, answer: Created | RestoreStarted) -> bool:
    if isinstance(answer, RestoreStarted):
        return answer.server_id in {None, operation.server_id}
    made = answer.snapshot
    return (
        made.server.id == operation.server_id
        and made.name == operation.snapshot_name
        and made.id not in operation.known_snapshot_ids
    )
