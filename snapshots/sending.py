"""One call to the provider, one outcome: what its answer, or the lack of one, means for an operation."""

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.utils import timezone

from snapshots import watching
from snapshots.audit.journal import JournalUnavailableError
from snapshots.connection import client_for
from snapshots.contract import Created, Deleted, RestoreStarted
from snapshots.models import Operation, State
from snapshots.transitions import mark_sent, move
from snapshots.upstream.client import SnapshotClient
from snapshots.upstream.errors import UpstreamError
from snapshots.vault.crypto import SealError
from snapshots.vault.models import StoredToken

log = structlog.get_logger()
Answer = Created | RestoreStarted | Deleted


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
        move(operation, State.FAILED, expect=[State.PENDING], code="sealed")
        return
    if not mark_sent(operation, timezone.now()):
        operation.refresh_from_db()
        return
    started = time.monotonic()
    try:
        state, changes = _accepted(send(client, operation))
    except UpstreamError as error:
        state = State.FAILED if error.effect == "none" else State.UNKNOWN
        changes = {"code": error.code, "provider_status": error.status, "provider_message": error.message}
    duration_ms = round((time.monotonic() - started) * 1000)
    try:
        move(operation, state, expect=[State.SENT], duration_ms=duration_ms, **changes)
    except JournalUnavailableError:
        log.exception("operation.outcome_not_written", operation=str(operation.pk), outcome=state)
        operation.state = State.SENT
    watching.forget_pace(token)


def _accepted(answer: Answer) -> tuple[State, dict[str, Any]]:
    """What the provider's yes means: a restore and most creates have only begun, a delete is done."""
    changes: dict[str, Any] = {"provider_status": answer.status}
    if isinstance(answer, Deleted):
        return State.COMPLETED, changes
    changes["provider_message"] = answer.message
    if isinstance(answer, Created):
        changes["snapshot_id"] = answer.snapshot.id
        changes["snapshot_created_at"] = answer.snapshot.created_at
        if answer.snapshot.is_completed:
            return State.COMPLETED, changes
    return State.ACCEPTED, changes
