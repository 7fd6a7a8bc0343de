"""The way back from a restore: the safety snapshot that was taken just before it."""

from snapshots.contract import Snapshot
from snapshots.inventory.readings import Reading
from snapshots.inventory.servers import find_snapshot
from snapshots.jobs.models import Step, StepState
from snapshots.operations.models import Action, Operation, State


def safety_snapshot(restore: Operation, reading: Reading) -> Snapshot | None:
    """The snapshot that the job of this restore took before it, while the provider lists it as complete; else None."""
    if restore.action != Action.RESTORE:
        return None
    step = Step.objects.filter(operation_id=restore.pk).first()
    if step is None:
        return None
    before = Step.objects.filter(
        job_id=step.job_id,
        lane=step.lane,
        position__lt=step.position,
        action=Action.CREATE,
        state=StepState.COMPLETED,
    ).first()
    snapshot = find_snapshot(reading, before.snapshot_id or 0) if before else None
    return snapshot if snapshot and snapshot.is_completed else None


def last_restore(server_id: int, token_fingerprint: str) -> Operation | None:
    """The server's newest restore with this token, if it is not open and was not proven to have failed before it began."""
    newest = (
        Operation.objects.filter(
            server_id=server_id, token_fingerprint=token_fingerprint, action=Action.RESTORE
        )
        .order_by("-created_at")
        .first()
    )
    if newest is None or newest.is_open or newest.state == State.FAILED:
        return None
    return newest
