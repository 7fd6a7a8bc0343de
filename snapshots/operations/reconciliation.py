"""Reads the provider's lists and updates open operations by the evidence in them (promise 11).

Only a reading with the operation's own token, started after the operation was sent, is evidence. evidence.py decides
what a reading proves. Operations whose worker died are closed here without a reading.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from snapshots import contract, sql
from snapshots.audit.journal import JournalUnavailableError
from snapshots.inventory import reader
from snapshots.inventory.readings import Observation, Reading
from snapshots.operations import evidence, statements
from snapshots.operations.models import OPEN_STATES, Action, Operation, State
from snapshots.operations.transitions import transition
from snapshots.upstream import network
from snapshots.vault.models import StoredToken

log = structlog.get_logger()

ABANDONED_AFTER = timedelta(seconds=180)
"""Longer than a request can take with its three calls and its waits for the database: by then its worker is dead."""
RESTORE_NOT_SEEN_AFTER = timedelta(minutes=2 * contract.RESTORE_MINUTES[1])
_ABANDONED: Final[dict[State, tuple[State, dict[str, Any]]]] = {
    State.PENDING: (
        State.FAILED,
        {"code": "never_sent", "evidence": statements.NEVER_SENT.said()},
    ),
    State.SENT: (
        State.UNKNOWN,
        {
            "code": "interrupted",
            "evidence": statements.INTERRUPTED.said(),
        },
    ),
    # A restore that has not been observed running for twice the longest documented time.
    State.ACCEPTED: (State.UNKNOWN, {"code": "end_not_seen"}),
}
"""State of an abandoned operation → what it becomes."""


def read_and_reconcile(
    token: StoredToken, *, fresh: bool = False, max_age: float = 0, closes_abandoned: bool = True
) -> Reading:
    """Read the lists of this token (see inventory.reader.read), and reconcile open operations with what is new in them.

    `closes_abandoned`: false for a caller that has just called close_abandoned itself.
    Raises neither UpstreamError nor JournalUnavailableError: the next reading tries again what could not be reconciled.
    """
    reading = reader.read(token, fresh=fresh, max_age=max_age)
    if reading.observation:
        try:
            if closes_abandoned:
                close_abandoned()
            reconcile(reading.observation)
        except (JournalUnavailableError, DatabaseError):
            log.exception("operations.not_reconciled")
    return reading


def read_and_reconcile_all(
    tokens: Sequence[StoredToken],
    *,
    seconds: float | None = None,
    fresh: bool = False,
    max_age: float = 0,
    closes_abandoned: bool = True,
) -> list[tuple[StoredToken, Reading]]:
    """The readings of several tokens, in the given order, within one deadline for all: that of one call, or `seconds`.

    A token for which no time is left gets its cached reading, or one with the error 'no_time'.
    """
    by_priority = sorted(tokens, key=reader.read_priority) if len(tokens) > 1 else tokens
    with network.deadline(settings.SNAPPORTAL_API_TIMEOUT_SECONDS if seconds is None else seconds):
        readings = {
            token.pk: read_and_reconcile(
                token, fresh=fresh, max_age=max_age, closes_abandoned=closes_abandoned
            )
            for token in by_priority
        }
    return [(token, readings[token.pk]) for token in tokens]


def reconcile(observation: Observation) -> int:
    """Update every open operation of this token by the evidence. Returns how many changed.

    Raises JournalUnavailableError: the remaining operations stay unchanged, and the next reading tries again.
    """
    chosen = f"WHERE state IN ({sql.places(OPEN_STATES)}) AND token_fingerprint = %s ORDER BY created_at DESC"
    return sum(
        _reconcile_one(operation, observation)
        for operation in list(sql.select(Operation, chosen, [*OPEN_STATES, observation.token_fingerprint]))
        if operation.sent_at is not None and operation.sent_at < observation.started_at
    )


def close_abandoned() -> int:
    """Close operations that no worker will finish, without reading from the provider. Returns how many changed.

    Raises JournalUnavailableError.
    """
    now = timezone.now()
    limit, unseen = now - ABANDONED_AFTER, now - RESTORE_NOT_SEEN_AFTER
    abandoned = sql.select(
        Operation,
        "WHERE state = %s AND created_at < %s OR state = %s AND sent_at < %s"
        " OR state = %s AND action = %s AND accepted_at < %s AND (seen_moving_at IS NULL OR seen_moving_at < %s)",
        [State.PENDING, limit, State.SENT, limit, State.ACCEPTED, Action.RESTORE, unseen, unseen],
    )
    return sum(_close_abandoned(operation) for operation in list(abandoned))


def _close_abandoned(operation: Operation) -> bool:
    state = State(operation.state)
    new_state, changes = _ABANDONED[state]
    return transition(operation, new_state, expect=[state], **changes)


def _reconcile_one(operation: Operation, observation: Observation) -> bool:
    """Whether the evidence changed the operation."""
    match operation.action, operation.state:
        case Action.CREATE, State.ACCEPTED:
            return evidence.follow_create(operation, observation)
        case Action.CREATE, State.UNKNOWN:
            return evidence.find_created(operation, observation)
        case Action.DELETE, State.UNKNOWN | State.ACCEPTED:
            return evidence.follow_delete(operation, observation)
        case Action.RESTORE, State.UNKNOWN | State.ACCEPTED:
            return evidence.follow_restore(operation, observation)
    return False
