"""What a reading of the provider's lists proves about one open operation (decision 5).

Each function moves the operation if the observation is proof, and returns whether it did. What proves nothing changes
nothing: a snapshot that is not listed (yet) does not prove that it was never created, one that is still listed does not
prove that it will stay.
"""

from datetime import timedelta
from typing import Any

from django.db.models import Q

from snapshots import contract
from snapshots.contract import Snapshot
from snapshots.inventory.readings import Observation
from snapshots.operations.models import Action, Finding, Operation, State
from snapshots.operations.transitions import transition

CLOCK_SKEW = timedelta(minutes=5)
SETTLE_AFTER = timedelta(seconds=60)
"""A list may lag behind an accepted write for a moment."""
STILL_LISTED_AFTER = timedelta(minutes=contract.DELETE_MINUTES[1])
NO_CONTENT = 204
"""The one answer that the provider documents for a delete that is done."""


def follow_create(operation: Operation, observation: Observation) -> bool:
    """Follow an accepted create to its end: the snapshot must be the same server's, of the same name, and new."""
    snapshot = observation.snapshot(operation.snapshot_id)
    if snapshot is None:
        return _note_vanished(operation, observation)
    if not operation.may_have_made(snapshot):
        return transition(
            operation,
            State.UNKNOWN,
            expect=[State.ACCEPTED],
            code="other_snapshot",
            snapshot_id=None,
            snapshot_created_at=None,
            evidence=f"The provider named snapshot {snapshot.id}, but lists it as “{snapshot.name}” "
            f"of server {snapshot.server.id}.",
        )
    evidence = f"The provider lists snapshot {snapshot.id} as “{snapshot.status}”."
    if snapshot.is_completed:
        return transition(operation, State.COMPLETED, expect=[State.ACCEPTED], evidence=evidence)
    if snapshot.is_failed:
        return transition(
            operation, State.FAILED, expect=[State.ACCEPTED], evidence=evidence, code="provider_failed"
        )
    return False


def _note_vanished(operation: Operation, observation: Observation) -> bool:
    """A snapshot that an incomplete list lacks, or that was accepted moments ago, may still appear."""
    if observation.listed.cut_by or operation.accepted_at is None:
        return False
    if observation.begun_at < operation.accepted_at + SETTLE_AFTER:
        return False
    return transition(
        operation,
        State.UNKNOWN,
        expect=[State.ACCEPTED],
        code="vanished",
        evidence=f"Snapshot {operation.snapshot_id} is no longer in the provider's list.",
    )


def _could_be(operation: Operation, snapshot: Snapshot) -> bool:
    sent_at = operation.sent_at
    return (
        operation.may_have_made(snapshot)
        and snapshot.created_at is not None
        and sent_at is not None
        and snapshot.created_at >= sent_at - CLOCK_SKEW
    )


def find_created(operation: Operation, observation: Observation) -> bool:
    """Look for the snapshot of a create that is unknown. One that is not completed shows only that it began."""
    found = _only_candidate(operation, observation)
    if found is None:
        return False
    facts: dict[str, Any] = {"snapshot_id": found.id, "snapshot_created_at": found.created_at}
    evidence = (
        f"Snapshot {found.id} “{found.name}” is in the provider's list as “{found.status}”, was not there before, "
        f"and was created at {found.created_at:%Y-%m-%d %H:%M:%S} UTC."
    )
    if found.is_completed:
        return transition(
            operation,
            State.RECONCILED,
            expect=[State.UNKNOWN],
            finding=Finding.HAPPENED,
            evidence=evidence,
            **facts,
        )
    if not transition(operation, State.ACCEPTED, expect=[State.UNKNOWN], code="", evidence=evidence, **facts):
        return False
    follow_create(operation, observation)
    return True


def _only_candidate(operation: Operation, observation: Observation) -> Snapshot | None:
    """The snapshot that can be nobody else's: one candidate, and no other operation that fits it.

    Others count whatever their token, and also while they wait for their answer: theirs may be on its way. A list that
    is cut, now or before the attempt, cannot tell that there is only one, nor that it is new.
    """
    if observation.listed.cut_by or not operation.knew_all_snapshots:
        return None
    candidates = [one for one in observation.snapshots if _could_be(operation, one)]
    taken = set(
        Operation.objects.filter(action=Action.CREATE, snapshot_id__in=[one.id for one in candidates])
        .exclude(pk=operation.pk)
        .values_list("snapshot_id", flat=True)
    )
    candidates = [one for one in candidates if one.id not in taken]
    if len(candidates) != 1:
        return None
    others = Operation.objects.filter(
        action=Action.CREATE, state__in=[State.SENT, State.UNKNOWN], server_id=operation.server_id
    ).exclude(pk=operation.pk)
    return None if any(_could_be(other, candidates[0]) for other in others) else candidates[0]


def follow_delete(operation: Operation, observation: Observation) -> bool:
    """Absence proves it only in a list that is whole, while the token still shows the server.

    After the provider's 204 a list that was read to its end is enough, even if it gives no count.
    """
    snapshot = observation.snapshot(operation.snapshot_id)
    if snapshot is not None:
        return _follow_still_listed(operation, snapshot, observation)
    is_absent = observation.listed.is_whole and observation.shows_server(operation.server_id)
    is_confirmed = operation.state == State.ACCEPTED and operation.provider_status == NO_CONTENT
    if not is_absent and (not is_confirmed or observation.listed.cut_by):
        return False
    evidence = (
        f"Observed absent: snapshot {operation.snapshot_id} is no longer in the provider's list."
        if is_absent
        else f"The provider answered that it is deleted, and what it lists does not show {operation.snapshot_id}."
    )
    if operation.state == State.ACCEPTED:
        return transition(operation, State.COMPLETED, expect=[State.ACCEPTED], evidence=evidence)
    return transition(
        operation, State.RECONCILED, expect=[State.UNKNOWN], finding=Finding.HAPPENED, evidence=evidence
    )


def _follow_still_listed(operation: Operation, snapshot: Snapshot, observation: Observation) -> bool:
    """What its list goes on showing for long, and does not call "deleting", contradicts the provider's answer."""
    answered_at = operation.accepted_at or operation.sent_at or operation.created_at
    if snapshot.is_moving or observation.begun_at < answered_at + STILL_LISTED_AFTER:
        return False
    evidence = (
        f"The provider answered with HTTP {operation.provider_status}, "
        f"but still lists snapshot {snapshot.id} as “{snapshot.status}”."
    )
    if operation.state == State.ACCEPTED:
        return transition(
            operation, State.UNKNOWN, expect=[State.ACCEPTED], code="still_listed", evidence=evidence
        )
    if operation.code != "already_gone":
        return False
    return transition(
        operation, State.RECONCILED, expect=[State.UNKNOWN], finding=Finding.NOT_HAPPENED, evidence=evidence
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


def follow_restore(operation: Operation, observation: Observation) -> bool:
    """Only the provider's own word on the server's status counts."""
    status = observation.server_status(operation.server_id)
    if contract.is_restoring(status):
        return _see_it_run(operation, observation)
    if operation.state != State.ACCEPTED or not _has_run(operation, observation):
        return False
    evidence = f"The provider gives the server's status as “{status}”."
    if contract.is_failed(status):
        return transition(
            operation, State.FAILED, expect=[State.ACCEPTED], evidence=evidence, code="provider_failed"
        )
    if contract.status_key(status) in contract.RESTING_SERVER_STATUSES:
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
        code="",
        evidence="The provider says that the server is being restored.",
    )
