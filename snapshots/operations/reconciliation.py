"""Reads the provider's lists and moves open operations as far as the evidence in them goes (promise 11).

Only a reading with the operation's own token counts, and only one begun after the operation was sent. evidence.py
decides what a reading proves; operations whose worker died are closed here without a reading.
"""

from collections.abc import Sequence
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone

from snapshots import contract
from snapshots.audit.journal import JournalUnavailableError
from snapshots.inventory import reader
from snapshots.inventory.readings import Observation, Reading
from snapshots.operations import evidence
from snapshots.operations.models import Action, Operation, State
from snapshots.operations.transitions import transition
from snapshots.upstream import network
from snapshots.vault.models import StoredToken

log = structlog.get_logger()

ABANDONED_AFTER = timedelta(seconds=180)
"""Longer than all that a request may wait for, its three calls and its turns at the database: whoever should go on is gone."""
RESTORE_NOT_SEEN_AFTER = timedelta(minutes=2 * contract.RESTORE_MINUTES[1])


def read_and_reconcile(token: StoredToken, *, fresh: bool = False) -> Reading:
    """Read the lists of this token (see inventory.reader.read), and reconcile open operations with what is new in them.

    Raises neither UpstreamError nor JournalUnavailableError: what could not be reconciled is tried again next time.
    """
    reading = reader.read(token, fresh=fresh)
    if reading.observation:
        try:
            close_abandoned()
            reconcile(reading.observation)
        except (JournalUnavailableError, DatabaseError):
            log.exception("operations.not_reconciled")
    return reading


def read_and_reconcile_all(
    tokens: Sequence[StoredToken], *, seconds: float | None = None, fresh: bool = False
) -> list[tuple[StoredToken, Reading]]:
    """The readings of several tokens, in their order, within one deadline for all: that of one call, or `seconds`.

    A token for which no time is left has its cached reading, or one with the error 'no_time'.
    """
    in_turn = sorted(tokens, key=reader.turn) if len(tokens) > 1 else tokens
    with network.deadline(settings.SNAPPORTAL_API_TIMEOUT_SECONDS if seconds is None else seconds):
        readings = {token.pk: read_and_reconcile(token, fresh=fresh) for token in in_turn}
    return [(token, readings[token.pk]) for token in tokens]


def reconcile(observation: Observation) -> int:
    """Move every open operation of this token as far as the evidence goes; how many moved.

    Raises JournalUnavailableError: what has not moved stays as it is, and the next look tries again.
    """
    return sum(
        _reconcile_one(operation, observation)
        for operation in list(
            Operation.objects.open().filter(token_fingerprint=observation.token_fingerprint)
        )
        if operation.sent_at is not None and operation.sent_at < observation.begun_at
    )


def close_abandoned() -> int:
    """Operations whose worker died: never sent ones are failed, sent ones unknown. Needs no look at the provider.

    A restore whose end nobody could see for long becomes unknown too. Raises JournalUnavailableError.
    """
    limit = timezone.now() - ABANDONED_AFTER
    moved = 0
    for operation in Operation.objects.filter(state=State.PENDING, created_at__lt=limit):
        moved += transition(
            operation,
            State.FAILED,
            expect=[State.PENDING],
            code="never_sent",
            evidence="The portal stopped before anything was sent to the provider.",
        )
    for operation in Operation.objects.filter(state=State.SENT, sent_at__lt=limit):
        moved += transition(
            operation,
            State.UNKNOWN,
            expect=[State.SENT],
            code="interrupted",
            evidence="The portal stopped before the provider's answer was written down.",
        )
    limit = timezone.now() - RESTORE_NOT_SEEN_AFTER
    unseen = Q(seen_moving_at=None) | Q(seen_moving_at__lt=limit)
    for operation in Operation.objects.filter(
        unseen, state=State.ACCEPTED, action=Action.RESTORE, accepted_at__lt=limit
    ):
        moved += transition(operation, State.UNKNOWN, expect=[State.ACCEPTED], code="end_not_seen")
    return moved


def _reconcile_one(operation: Operation, observation: Observation) -> bool:
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
