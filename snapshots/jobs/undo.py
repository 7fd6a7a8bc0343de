"""The way back from a restore: the safety snapshot that was taken just before it."""

from collections.abc import Iterable

from snapshots.contract import Snapshot
from snapshots.inventory.readings import Reading
from snapshots.inventory.servers import find_snapshot
from snapshots.jobs.models import Step, StepState
from snapshots.operations.models import Action, Finding, Operation, OperationQuerySet, State
from snapshots.operations.server_views import ServerView


def _may_have_begun() -> OperationQuerySet:
    """Restores that may have changed their server: not those that failed before the provider accepted them."""
    restores = Operation.objects.filter(action=Action.RESTORE)
    return restores.exclude(state=State.FAILED, accepted_at=None).exclude(finding=Finding.NOT_HAPPENED)


def can_be_undone(restore: Operation) -> bool:
    """Whether it may have changed its server and does not run: it has ended, or its result is not known."""
    is_running = restore.is_open and restore.state != State.UNKNOWN
    return not is_running and _may_have_begun().filter(pk=restore.pk).exists()


def safety_snapshot_id(restore: Operation) -> int | None:
    """The snapshot that the job of this restore took before it; None if it took none."""
    step = Step.objects.filter(operation_id=restore.pk, action=Action.RESTORE).first()
    if step is None:
        return None
    before = Step.objects.filter(
        job_id=step.job_id,
        lane=step.lane,
        position__lt=step.position,
        action=Action.CREATE,
        state=StepState.COMPLETED,
    ).first()
    return before.snapshot_id if before else None


def safety_snapshot(restore: Operation, reading: Reading) -> Snapshot | None:
    """The safety snapshot of this restore, while the provider lists it as complete; else None."""
    snapshot = find_snapshot(reading, safety_snapshot_id(restore) or 0)
    return snapshot if snapshot and snapshot.is_completed else None


def last_restore(server_id: int) -> Operation | None:
    """The server's newest restore, whatever token it was sent with, without those that did not begin."""
    return _may_have_begun().filter(server_id=server_id).order_by("-created_at").first()


def ways_back(views: Iterable[ServerView]) -> dict[int, Operation]:
    """ID of each listed safety snapshot of these servers → the restore from which it is the way back."""
    listed = [one.id for view in views for one in view.snapshots]
    creates = list(
        Step.objects.filter(action=Action.CREATE, state=StepState.COMPLETED, snapshot_id__in=listed)
    )
    jobs = {step.job_id for step in creates}
    later = list(Step.objects.filter(action=Action.RESTORE, job_id__in=jobs).exclude(operation_id=None))
    restores = _may_have_begun().in_bulk([step.operation_id for step in later])
    by_lane = {(step.job_id, step.lane): restores.get(step.operation_id) for step in later}
    found = {step.snapshot_id: by_lane.get((step.job_id, step.lane)) for step in creates}
    return {number: restore for number, restore in found.items() if number and restore}
