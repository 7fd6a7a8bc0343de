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
from snapshots.operations.models import Action, Operation, State
from snapshots.operations.transitions import mark_sent, transition
from snapshots.upstream.client import SnapshotClient
from snapshots.upstream.errors import UpstreamError
from snapshots.vault.crypto import SealError
from snapshots.vault.models import StoredToken

log = structlog.get_logger()
Answer = Created | RestoreStarted | Deleted
GONE_STATUSES = frozenset({404, 410})
"""Answers to a delete that say that there is no such snapshot."""


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
        log.info("operation.not_confirmed", operation=str(operation.pk), code=error.code, detail=str(error))
        state, changes = _meaning_of_failure(operation, error)
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
    """What the provider's yes means: never that it is over, which only a list shows.

    One that speaks of something else than was asked for is no answer: unknown.
    """
    changes: dict[str, Any] = {"provider_status": answer.status, "provider_message": answer.message}
    if not _is_about(operation, answer):
        return State.UNKNOWN, changes | {"code": "other_answer"}
    if isinstance(answer, RestoreStarted):
        changes["said_restoring"] = is_restoring(answer.server_status)
    if isinstance(answer, Created):
        made = answer.snapshot
        changes |= {"snapshot_id": made.id, "snapshot_created_at": made.created_at}
        if made.is_failed:
            evidence = f"The provider's answer gives snapshot {made.id} as “{made.status}”."
            return State.FAILED, changes | {"code": "provider_failed", "evidence": evidence}
    return State.ACCEPTED, changes


def _meaning_of_failure(operation: Operation, error: UpstreamError) -> tuple[State, dict[str, Any]]:
    changes = {"code": error.code, "provider_status": error.status, "provider_message": error.message}
    if operation.action == Action.DELETE and error.status in GONE_STATUSES:
        # Its aim is reached, if that is true: the list decides.
        return State.UNKNOWN, changes | {"code": "already_gone"}
    return State.FAILED if error.effect == "none" else State.UNKNOWN, changes


def _is_about(operation: Operation, answer: Answer) -> bool:
    """Whether the answer speaks of the server and the snapshot that the operation is for, as far as it names them."""
    if isinstance(answer, Created):
        others = Operation.objects.filter(action=Action.CREATE, snapshot_id=answer.snapshot.id)
        return operation.may_have_made(answer.snapshot) and not others.exclude(pk=operation.pk).exists()
    if isinstance(answer, RestoreStarted) and answer.server_id not in {None, operation.server_id}:
        return False
    return answer.snapshot_id in {None, operation.snapshot_id}
