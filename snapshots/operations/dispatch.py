"""Sends an operation to the provider with one call, and records the outcome that its answer, or no answer, means."""

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.db import DatabaseError
from django.utils import timezone

from snapshots.audit.journal import JournalUnavailableError
from snapshots.connection import client_for
from snapshots.contract import Created, Deleted, RestoreStarted, is_restoring
from snapshots.inventory.reader import expire
from snapshots.operations import statements
from snapshots.operations.models import Action, Operation, State
from snapshots.operations.transitions import mark_sent, transition
from snapshots.upstream.client import SnapshotClient
from snapshots.upstream.errors import UpstreamError
from snapshots.vault.crypto import SealError
from snapshots.vault.models import StoredToken

log = structlog.get_logger()
Answer = Created | RestoreStarted | Deleted
Outcome = tuple[State, dict[str, Any]]
"""The operation's next state, and the fields that change with it."""
GONE_STATUSES = frozenset({404, 410})
"""HTTP statuses of an answer to a delete that mean that the snapshot does not exist."""


def send_once(
    operation: Operation, token: StoredToken, send: Callable[[SnapshotClient, Operation], Answer]
) -> None:
    """Call `send` at most once and record its outcome.

    If the outcome cannot be written, the operation stays "sent", which counts as unknown. Raises
    JournalUnavailableError when not even "not sent" can be recorded.
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
    answer: Answer | UpstreamError
    try:
        answer = send(client, operation)
    except UpstreamError as error:
        log.info("operation.not_confirmed", operation=str(operation.pk), code=error.code, detail=str(error))
        answer = error
    try:
        _record_outcome(operation, answer, duration_ms=round((time.monotonic() - started) * 1000))
    except (JournalUnavailableError, DatabaseError):  # from here on nobody may be told that nothing was sent
        log.exception("operation.outcome_not_written", operation=str(operation.pk), answer=str(answer)[:200])
        operation.state, operation.accepted_at, operation.is_outcome_lost = State.SENT, None, True
    expire(token)


def _record_outcome(operation: Operation, answer: Answer | UpstreamError, *, duration_ms: int) -> None:
    """Record what the answer means, or log it where that is too late. Raises JournalUnavailableError, DatabaseError."""
    if isinstance(answer, UpstreamError):
        outcome = _outcome_of_error(operation, answer)
    else:
        outcome = _outcome_of_answer(operation, answer)
    state, changes = outcome
    # A slow worker's operation may have been set to unknown as abandoned: its answer still counts.
    expected = [State.SENT, State.UNKNOWN]
    recorded = transition(operation, state, expect=expected, duration_ms=duration_ms, **changes)
    if not recorded:
        log.error("operation.answer_too_late", operation=str(operation.pk), answer=state, **changes)
        operation.refresh_from_db()


def _outcome_of_answer(operation: Operation, answer: Answer) -> Outcome:
    """The outcome of a success answer: at most accepted, since only a list shows that an operation has ended.

    Unknown if the answer is about something else than was requested.
    """
    changes: dict[str, Any] = {"provider_status": answer.status, "provider_message": answer.message}
    if not _matches_request(operation, answer):
        return State.UNKNOWN, changes | {"code": "other_answer"}
    if isinstance(answer, RestoreStarted):
        changes["said_restoring"] = is_restoring(answer.server_status)
    if isinstance(answer, Created):
        created = answer.snapshot
        changes |= {"snapshot_id": created.id, "snapshot_created_at": created.created_at}
        if created.is_failed:
            evidence = statements.ANSWERED_AS.said(id=created.id, status=created.status)
            return State.FAILED, changes | {"code": "provider_failed", "evidence": evidence}
    return State.ACCEPTED, changes


def _outcome_of_error(operation: Operation, error: UpstreamError) -> Outcome:
    """Failed only if the error proves that the call had no effect; otherwise unknown."""
    changes = {"code": error.code, "provider_status": error.status, "provider_message": error.message}
    if operation.action == Action.DELETE and error.status in GONE_STATUSES:
        # If that is true, the snapshot is deleted, as requested: the list decides.
        return State.UNKNOWN, changes | {"code": "already_gone"}
    return State.FAILED if error.effect == "none" else State.UNKNOWN, changes


def _matches_request(operation: Operation, answer: Answer) -> bool:
    """Whether the server and the snapshot that the answer names, if any, are those of the operation."""
    if isinstance(answer, Created):
        others = Operation.objects.filter(action=Action.CREATE, snapshot_id=answer.snapshot.id)
        return operation.could_have_created(answer.snapshot) and not others.exclude(pk=operation.pk).exists()
    if isinstance(answer, RestoreStarted) and answer.server_id not in {None, operation.server_id}:
        return False
    return answer.snapshot_id in {None, operation.snapshot_id}
