"""What a reading of the provider's lists proves about one open operation (decision 5).

Each function changes the operation's state if the observation is proof, and returns whether it did. Without proof
nothing changes: a snapshot that is not listed (yet) may still have been created, and one that is still listed may
still be deleted.
"""

from datetime import timedelta
from typing import Any

from django.db.models import Q

from snapshots import contract
from snapshots.contract import Snapshot
from snapshots.inventory.readings import Observation, shows_server
from snapshots.operations import statements
from snapshots.operations.models import Action, Finding, Operation, State
from snapshots.operations.transitions import transition

CLOCK_SKEW = timedelta(minutes=5)
LIST_LAG = timedelta(seconds=60)
"""How long a list may lag behind an accepted write."""
SHORTEST_RESTORE = timedelta(minutes=contract.RESTORE_MINUTES[0])
STILL_LISTED_AFTER = timedelta(minutes=contract.DELETE_MINUTES[1])
NO_CONTENT = 204
"""The only answer that the provider documents for a finished delete."""


def follow_create(operation: Operation, observation: Observation) -> bool:
    """Update an accepted create by the status of its snapshot, which must be new and have the requested server and name."""
    snapshot = observation.snapshot(operation.snapshot_id)
    if snapshot is None:
        return _mark_vanished(operation, observation)
    if not operation.could_have_created(snapshot):
        return _mark_other_snapshot(operation, snapshot)
    evidence = statements.LISTED_AS.said(id=snapshot.id, status=snapshot.status)
    if snapshot.is_completed:
        facts: dict[str, Any] = {
            "snapshot_size_mb": snapshot.size_mb,
            "snapshot_created_at": snapshot.created_at,
        }
        return transition(operation, State.COMPLETED, expect=[State.ACCEPTED], evidence=evidence, **facts)
    if snapshot.is_moving:
        Operation.objects.filter(pk=operation.pk).update(seen_moving_at=observation.started_at)
    if snapshot.is_failed:
        return transition(
            operation, State.FAILED, expect=[State.ACCEPTED], evidence=evidence, code="provider_failed"
        )
    return False


def _mark_other_snapshot(operation: Operation, snapshot: Snapshot) -> bool:
    """Set an accepted create to unknown: the snapshot that the answer named is a different one."""
    return transition(
        operation,
        State.UNKNOWN,
        expect=[State.ACCEPTED],
        code="other_snapshot",
        snapshot_id=None,
        snapshot_created_at=None,
        evidence=statements.OTHER_SNAPSHOT.said(
            id=snapshot.id, name=snapshot.name, server=snapshot.server.id
        ),
    )


def _mark_vanished(operation: Operation, observation: Observation) -> bool:
    """Set an accepted create to unknown if its snapshot is missing from a complete list that is not too recent."""
    if observation.listed.cut_by or operation.accepted_at is None:
        return False
    if observation.started_at < operation.accepted_at + LIST_LAG:
        return False
    return transition(
        operation,
        State.UNKNOWN,
        expect=[State.ACCEPTED],
        code="vanished",
        evidence=statements.NO_LONGER_LISTED.said(id=operation.snapshot_id),
    )


def _could_be_created_by(operation: Operation, snapshot: Snapshot) -> bool:
    """Whether a create whose answer is missing could have made this snapshot."""
    sent_at = operation.sent_at
    return (
        operation.could_have_created(snapshot)
        and snapshot.created_at is not None
        and sent_at is not None
        and snapshot.created_at >= sent_at - CLOCK_SKEW
    )


def find_created(operation: Operation, observation: Observation) -> bool:
    """Look for the snapshot of an unknown create. If it is not completed, the create is accepted and followed."""
    found = _single_candidate(operation, observation)
    if found is None:
        return False
    facts: dict[str, Any] = {"snapshot_id": found.id, "snapshot_created_at": found.created_at}
    facts["evidence"] = statements.FOUND.said(
        id=found.id, name=found.name, status=found.status, created_at=found.created_at
    )
    if found.is_completed:
        return transition(
            operation, State.RECONCILED, expect=[State.UNKNOWN], finding=Finding.HAPPENED, **facts
        )
    if not transition(operation, State.ACCEPTED, expect=[State.UNKNOWN], code="", **facts):
        return False
    follow_create(operation, observation)
    return True


def _single_candidate(operation: Operation, observation: Observation) -> Snapshot | None:
    """The only snapshot that this create could have made, if no other create could have made it; else None.

    Other creates count whatever their token, and also while they wait for their answer. A list that was incomplete, now
    or before the operation, cannot show that there is only one candidate, nor that it is new.
    """
    if observation.listed.cut_by or not operation.knew_all_snapshots:
        return None
    candidates = [one for one in observation.snapshots if _could_be_created_by(operation, one)]
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
    return None if any(_could_be_created_by(other, candidates[0]) for other in others) else candidates[0]


def follow_delete(operation: Operation, observation: Observation) -> bool:
    """Update a delete: absence is proof only in a list known to be complete, while the token still shows the server.

    After the provider's 204, a list that was read to its end is enough, even if it gives no count.
    """
    snapshot = observation.snapshot(operation.snapshot_id)
    if snapshot is not None:
        return _follow_still_listed(operation, snapshot, observation)
    is_absent = observation.listed.is_whole and shows_server(observation, operation.server_id)
    is_confirmed = operation.state == State.ACCEPTED and operation.provider_status == NO_CONTENT
    if not is_absent and (not is_confirmed or observation.listed.cut_by):
        return False
    proof = statements.OBSERVED_ABSENT if is_absent else statements.DELETED_AND_NOT_SHOWN
    evidence = proof.said(id=operation.snapshot_id)
    if operation.state == State.ACCEPTED:
        return transition(operation, State.COMPLETED, expect=[State.ACCEPTED], evidence=evidence)
    return transition(
        operation, State.RECONCILED, expect=[State.UNKNOWN], finding=Finding.HAPPENED, evidence=evidence
    )


def _follow_still_listed(operation: Operation, snapshot: Snapshot, observation: Observation) -> bool:
    """A snapshot that stays listed for long, with a status that is not "deleting", contradicts the provider's answer."""
    answered_at = operation.accepted_at or operation.sent_at or operation.created_at
    if snapshot.is_moving or observation.started_at < answered_at + STILL_LISTED_AFTER:
        return False
    evidence = statements.STILL_LISTED.said(
        http_status=operation.provider_status, id=snapshot.id, status=snapshot.status
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


def _has_competing_restore(operation: Operation) -> bool:
    """Whether another restore of this server, with any token, may be the one that runs."""
    not_ended_before = Q(ended_at=None) | Q(ended_at__gte=operation.sent_at)
    others = Operation.objects.filter(not_ended_before, action=Action.RESTORE, server_id=operation.server_id)
    return others.exclude(pk=operation.pk).exclude(state=State.FAILED, accepted_at=None).exists()


def _has_run(operation: Operation, observation: Observation) -> bool:
    """Whether the provider reported the server as "restoring": in a list, or in its answer long enough ago.

    A list may lag behind the answer, so the answer counts only after the shortest documented time of a restore.
    """
    if operation.seen_moving_at is not None:
        return True
    is_old_enough = _age(operation, observation) >= SHORTEST_RESTORE
    return operation.said_restoring and is_old_enough and not _has_competing_restore(operation)


def _age(operation: Operation, observation: Observation) -> timedelta:
    """How long after the provider's answer the reading started."""
    return observation.started_at - (operation.accepted_at or observation.started_at)


def follow_restore(operation: Operation, observation: Observation) -> bool:
    """Update a restore by the server's status in the servers list, the only evidence there is."""
    status = observation.server_status(operation.server_id)
    if contract.is_restoring(status):
        return _record_running(operation, observation)
    if operation.state != State.ACCEPTED:
        return False
    if not _has_run(operation, observation):
        return _record_not_running(operation, observation, status)
    evidence = statements.SERVER_STATUS.said(status=status)
    if contract.is_failed(status):
        return transition(
            operation, State.FAILED, expect=[State.ACCEPTED], evidence=evidence, code="provider_failed"
        )
    if contract.status_key(status) in contract.STEADY_SERVER_STATUSES:
        return transition(operation, State.COMPLETED, expect=[State.ACCEPTED], evidence=evidence)
    return False


def _record_not_running(operation: Operation, observation: Observation, status: str) -> bool:
    """A server at rest, too early for its restore to have ended, contradicts the answer that the restore began."""
    is_steady = contract.status_key(status) in contract.STEADY_SERVER_STATUSES
    if not is_steady or not LIST_LAG <= _age(operation, observation) < SHORTEST_RESTORE:
        return False
    seconds = round(_age(operation, observation).total_seconds())
    return transition(
        operation,
        State.UNKNOWN,
        expect=[State.ACCEPTED],
        code="not_running",
        evidence=statements.NOT_RUNNING.said(status=status, seconds=seconds),
    )


def _record_running(operation: Operation, observation: Observation) -> bool:
    """Note that the server is restoring. An unknown restore is accepted if nothing else can be the cause."""
    Operation.objects.filter(pk=operation.pk).update(seen_moving_at=observation.started_at)
    if operation.state != State.UNKNOWN or operation.was_restoring or _has_competing_restore(operation):
        return False
    return transition(
        operation,
        State.ACCEPTED,
        expect=[State.UNKNOWN],
        code="",
        evidence=statements.BEING_RESTORED.said(),
    )
