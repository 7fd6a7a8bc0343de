"""Evidence: what a fresh look at the provider says of operations that are open (promise 11).

Only a reading with the operation's own token counts, and only one begun after the operation was sent. What proves
nothing changes nothing: a snapshot that is not in the list (yet) does not prove that it was never made, one that is
still there does not prove that it will stay.
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
from snapshots.contract import Snapshot
from snapshots.inventory import reader
from snapshots.inventory.readings import Observation, Reading
from snapshots.operations.models import Action, Finding, Operation, State
from snapshots.operations.transitions import transition
from snapshots.upstream import network
from snapshots.vault.models import StoredToken

log = structlog.get_logger()

ABANDONED_AFTER = timedelta(seconds=180)
"""Longer than all that a request may wait for, its three calls and its turns at the database: whoever should go on is gone."""
CLOCK_SKEW = timedelta(minutes=5)
SETTLE_AFTER = timedelta(seconds=60)
"""A list may lag behind an accepted write for a moment."""
RESTORE_NOT_SEEN_AFTER = timedelta(minutes=2 * contract.RESTORE_MINUTES[1])
RESTING_STATUSES = contract.RUNNING_SERVER_STATUSES | {"stopped", "suspended", "off", "inactive"}


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
            return _follow_create(operation, observation)
        case Action.CREATE, State.UNKNOWN:
            return _find_created(operation, observation)
        case Action.DELETE, State.UNKNOWN | State.ACCEPTED:
            return _find_deleted(operation, observation)
        case Action.RESTORE, State.UNKNOWN | State.ACCEPTED:
            return _follow_restore(operation, observation)
    return False


def _follow_create(operation: Operation, observation: Observation) -> bool:
    snapshot = observation.snapshot(operation.snapshot_id)
    if snapshot is None:
        if observation.listed.cut_by:
            return False
        if operation.accepted_at is None or observation.begun_at < operation.accepted_at + SETTLE_AFTER:
            return False
        return transition(
            operation,
            State.UNKNOWN,
            expect=[State.ACCEPTED],
            code="vanished",
            evidence=f"Snapshot {operation.snapshot_id} is no longer in the provider's list.",
        )
    evidence = f"The provider lists snapshot {snapshot.id} as “{snapshot.status}”."
    if snapshot.is_completed:
        return transition(operation, State.COMPLETED, expect=[State.ACCEPTED], evidence=evidence)
    if snapshot.is_failed:
        return transition(
            operation, State.FAILED, expect=[State.ACCEPTED], evidence=evidence, code="provider_failed"
        )
    return False


def _could_be(operation: Operation, snapshot: Snapshot) -> bool:
    sent_at = operation.sent_at
    return (
        snapshot.server.id == operation.server_id
        and snapshot.name == operation.snapshot_name
        and snapshot.id not in operation.known_snapshot_ids
        and snapshot.created_at is not None
        and sent_at is not None
        and snapshot.created_at >= sent_at - CLOCK_SKEW
    )


def _find_created(operation: Operation, observation: Observation) -> bool:
    """The snapshot is evidence only if it can be nobody else's: one candidate, and no other operation that fits it.

    Others count whatever their token, and also while they wait for their answer: theirs may be on its way. A list that
    is cut, now or before the attempt, cannot tell that there is only one, nor that it is new.
    """
    if observation.listed.cut_by or not operation.knew_all_snapshots:
        return False
    candidates = [one for one in observation.snapshots if _could_be(operation, one)]
    taken = set(
        Operation.objects.filter(action=Action.CREATE, snapshot_id__in=[one.id for one in candidates])
        .exclude(pk=operation.pk)
        .values_list("snapshot_id", flat=True)
    )
    candidates = [one for one in candidates if one.id not in taken]
    if len(candidates) != 1:
        return False
    (found,) = candidates
    others = Operation.objects.filter(
        action=Action.CREATE, state__in=[State.SENT, State.UNKNOWN], server_id=operation.server_id
    ).exclude(pk=operation.pk)
    if any(_could_be(other, found) for other in others):
        return False
    return transition(
        operation,
        State.RECONCILED,
        expect=[State.UNKNOWN],
        finding=Finding.HAPPENED,
        snapshot_id=found.id,
        evidence=f"Snapshot {found.id} “{found.name}” is in the provider's list, was not there before, "
        f"and was created at {found.created_at:%Y-%m-%d %H:%M:%S} UTC.",
    )


def _find_deleted(operation: Operation, observation: Observation) -> bool:
    """Absence proves it only in a list that is whole, while the token still shows the server."""
    if observation.snapshot(operation.snapshot_id) is not None:
        return False
    if not (observation.listed.is_whole and observation.shows_server(operation.server_id)):
        return False
    evidence = f"Observed absent: snapshot {operation.snapshot_id} is no longer in the provider's list."
    if operation.state == State.ACCEPTED:
        return transition(operation, State.COMPLETED, expect=[State.ACCEPTED], evidence=evidence)
    return transition(
        operation, State.RECONCILED, expect=[State.UNKNOWN], finding=Finding.HAPPENED, evidence=evidence
    )


def _has_rival(operation: Operation) -> bool:
    """Another restore of this server, with whatever token, that may be the one that runs."""
    later = Q(ended_at=None) | Q(ended_at__gte=operation.sent_at)
    others = Operation.objects.filter(later, action=Action.RESTORE, server_id=operation.server_id)
    return others.exclude(pk=operation.pk).exclude(state=State.FAILED, accepted_at=None).exists()


def _has_run(operation: Operation, observation: Observation) -> bool:
    """Whether the provider has called the server "restoring": in a list, or in its answer, which a list may lag behind."""
    if operation.seen_moving_at is not None:
        return True
    soonest = timedelta(minutes=contract.RESTORE_MINUTES[0])
    accepted_at = operation.accepted_at or observation.begun_at
    return operation.said_restoring and observation.begun_at >= accepted_at + soonest


def _follow_restore(operation: Operation, observation: Observation) -> bool:
    """Only the provider's own word on the server's status counts."""
    status = observation.server_status(operation.server_id)
    if status == contract.RESTORING:
        return _see_it_run(operation, observation)
    if operation.state != State.ACCEPTED or not _has_run(operation, observation):
        return False
    evidence = f"The provider gives the server's status as “{status}”."
    if status in contract.FAILED_STATUSES:
        return transition(
            operation, State.FAILED, expect=[State.ACCEPTED], evidence=evidence, code="provider_failed"
        )
    if status in RESTING_STATUSES:
        return transition(operation, State.COMPLETED, expect=[State.ACCEPTED], evidence=evidence)
    return False


def _see_it_run(operation: Operation, observation: Observation) -> bool:
    """An unknown restore happened if nothing else can be why the server is restoring."""
    Operation.objects.filter(pk=operation.pk).update(seen_moving_at=observation.begun_at)
    if operation.state != State.UNKNOWN or operation.was_restoring or _has_rival(operation):
        return False
    return transition(
        operation,
        State.ACCEPTED,
        expect=[State.UNKNOWN],
        evidence="The provider says that the server is being restored.",
    )
