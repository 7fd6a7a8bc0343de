"""Moves jobs on: starts the next step of each lane, and reads from its operation how a step ended (promise 34).

A step is one operation, whose one-time key follows from the step's place. So a step that two workers try, or that is
tried again after a crash, is sent once: the second attempt finds the operation of the first.
"""

import math
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog
from django.db import DatabaseError
from django.utils import timezone

from snapshots.audit import journal
from snapshots.audit.journal import Actor, JournalUnavailableError
from snapshots.audit.wording.statements import joined
from snapshots.deletions.models import PlannedDeletion
from snapshots.inventory import leases
from snapshots.jobs import statements
from snapshots.jobs.models import Job, JobState, Step, StepState
from snapshots.jobs.steps import perform
from snapshots.operations import places, service
from snapshots.operations.approval import Approval
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Finding, Operation, State
from snapshots.operations.retries import PASSING_CODES, pause_seconds

log = structlog.get_logger()

SENDING_SECONDS = 20.0
"""For how long one call goes on sending steps: other jobs, and the page that waits for it, have their turn."""
LEASE_SECONDS = 60.0
"""Only saves double work: it may expire while its owner is busy."""
KEEP_TRYING = timedelta(minutes=10)
"""How long a step is tried again that could not be sent for a passing reason."""
MAX_PAUSE_SECONDS = 120
PLANNED = "planned"
"""The code of a completed delete that waits for the server's grace time."""
GONE_ON = frozenset({State.COMPLETED, State.RECONCILED})


@dataclass
class Turn:
    """The time in which steps are sent, by time.monotonic(). One step is sent in any case, so that the job gets on."""

    until: float
    has_sent: bool = False

    def may_send(self) -> bool:
        is_over = self.has_sent and time.monotonic() > self.until
        self.has_sent = True
        return not is_over


ENDLESS = Turn(math.inf)


def advance_all() -> int:
    """Move every running job on, as far as it can go now. Returns how many steps changed."""
    pks = list(Job.objects.running().order_by("created_at").values_list("pk", flat=True))
    return sum(advance_if_free(pk) for pk in pks)


def advance_if_free(pk: UUID, *, seconds: float = SENDING_SECONDS) -> int:
    """Like `advance_now`, unless another process moves this job on at this moment."""
    owner = uuid4().hex
    try:
        if not leases.take(f"job:{pk}", owner, LEASE_SECONDS):
            return 0
    except DatabaseError:  # a full disk must not hide the job's page
        log.exception("job.not_advanced", job=str(pk))
        return 0
    try:
        return advance_now(pk, seconds=seconds)
    finally:
        _release(pk, owner)


def _release(pk: UUID, owner: str) -> None:
    try:
        leases.release(f"job:{pk}", owner)
    except DatabaseError as error:
        log.warning("lease.not_released", error=type(error).__name__)


def advance_now(pk: UUID, *, seconds: float = SENDING_SECONDS) -> int:
    """Like `advance`, but what cannot be written now is left to the worker. Returns how many steps changed."""
    try:
        return advance(pk, seconds=seconds)
    except (JournalUnavailableError, DatabaseError):
        log.exception("job.not_advanced", job=str(pk))
        return 0


def advance(pk: UUID, *, seconds: float = SENDING_SECONDS) -> int:
    """Move one job on. Returns how many steps changed. Raises JournalUnavailableError.

    No further step is sent once `seconds` are over: a job of many lanes goes on with the next call.
    """
    turn = Turn(time.monotonic() + seconds)
    job = Job.objects.get(pk=pk)
    if not job.is_running:
        return 0
    lanes: dict[int, list[Step]] = defaultdict(list)
    for step in job.steps.order_by("lane", "position"):
        lanes[step.lane].append(step)
    changed = sum(_advance_lane(job, steps, turn) for steps in lanes.values())
    _end_if_over(job, [step for steps in lanes.values() for step in steps])
    return changed


def _advance_lane(job: Job, steps: list[Step], turn: Turn) -> int:
    """Start or follow the first open step; after one that was not completed, leave out the rest."""
    changed = 0
    for step in steps:
        if step.state == StepState.COMPLETED:
            continue
        if step.is_open:
            before = step.state
            _try(job, step, turn)
            changed += step.state != before
        if step.state != StepState.COMPLETED:
            break
    if any(step.state in {StepState.FAILED, StepState.LEFT_OUT} for step in steps):
        changed += sum(_set(step, StepState.LEFT_OUT) for step in steps if step.state == StepState.WAITING)
    return changed


def _try(job: Job, step: Step, turn: Turn = ENDLESS) -> None:
    """Send the step if it was not sent yet and there is time, and take over what its operation says."""
    made: Operation | PlannedDeletion | None
    made = Operation.objects.filter(idempotency_key=step.idempotency_key).first()
    if made is None:
        made = _send(job, step, turn)
    elif made.state == State.PENDING:
        approval = Approval.stored(job.approval)
        service.resume(made, description=step.description, approval=approval)
    if isinstance(made, PlannedDeletion):
        _set(step, StepState.COMPLETED, code=PLANNED)
    elif made is not None:
        _follow(step, made)


def _send(job: Job, step: Step, turn: Turn) -> Operation | PlannedDeletion | None:
    """What the step made; None if it was refused, for good or for a while, or if it is not its turn yet."""
    now = timezone.now()
    if step.next_try_at is not None and now < step.next_try_at:
        return None
    if not turn.may_send():
        return None
    try:
        return perform(job, step)
    except OperationRefusedError as error:
        first = step.first_tried_at or now
        if error.code not in PASSING_CODES or now - first > KEEP_TRYING:
            _set(step, StepState.FAILED, code=error.code)
        else:
            _try_later(step, first, error)
        return None


def _try_later(step: Step, first: datetime, error: OperationRefusedError) -> None:
    pause = pause_seconds(step.tries, longest=MAX_PAUSE_SECONDS, at_least=error.retry_after_seconds)
    Step.objects.filter(pk=step.pk).update(
        tries=step.tries + 1,
        first_tried_at=first,
        next_try_at=timezone.now() + timedelta(seconds=pause),
    )


def _follow(step: Step, operation: Operation) -> None:
    happened = operation.finding in {Finding.NONE, Finding.HAPPENED}
    if operation.state in GONE_ON and happened:
        state, code = StepState.COMPLETED, ""
    elif not operation.is_open:
        state, code = StepState.FAILED, operation.code or operation.state
    elif _takes_too_long(operation):
        state, code = StepState.FAILED, "unknown_too_long"
    else:
        state, code = StepState.RUNNING, ""
    _set(step, state, code=code, operation=operation)


def _takes_too_long(operation: Operation) -> bool:
    """Whether a job waits no longer: what follows might come as a surprise by then."""
    if operation.state == State.UNKNOWN:
        return timezone.now() > operation.expected_by
    return operation.is_far_too_long


def _set(step: Step, state: StepState, *, code: str = "", operation: Operation | None = None) -> bool:
    """Whether the step's row changed. An ended step stays as it is."""
    if step.state == state and (operation is None or step.operation_id == operation.pk):
        return False
    step.state, step.code = state, code
    if operation is not None:
        step.operation_id = operation.pk
        step.snapshot_id = operation.snapshot_id if step.snapshot_id is None else step.snapshot_id
    if not step.is_open:
        step.ended_at = timezone.now()
    fields = ["state", "code", "operation_id", "snapshot_id", "ended_at"]
    open_steps = Step.objects.filter(pk=step.pk, state__in=[StepState.WAITING, StepState.RUNNING])
    return bool(open_steps.update(**{name: getattr(step, name) for name in fields}))


def _end_if_over(job: Job, steps: list[Step]) -> None:
    """End the job, with its row in the log, once no step is open."""
    if any(step.is_open for step in steps):
        return
    is_whole = all(step.state == StepState.COMPLETED for step in steps)
    end(job, JobState.COMPLETED if is_whole else JobState.STOPPED)


def end(job: Job, state: JobState, *, source: Actor | None = None, reason: str = "", note: str = "") -> bool:
    """Set the final state and record it, unless it has ended already. Raises JournalUnavailableError."""
    with journal.committed():
        ended = Job.objects.running().filter(pk=job.pk).update(state=state, ended_at=timezone.now())
        if not ended:
            return False
        actor = source or Actor(
            id=job.actor_id, name=job.actor_name, role=job.actor_role, channel=job.channel
        )
        result = "failed" if state == JobState.STOPPED else "completed"
        action = "job.cancel" if state == JobState.CANCELLED else "job.end"
        steps = list(job.steps.all())
        places.give_back(step.idempotency_key for step in steps)
        journal.record(
            job.entry(
                actor,
                action=action,
                steps=steps,
                result=result,
                reason=reason,
                evidence=joined([_sum_up(steps), note], " "),
            )
        )
    job.refresh_from_db()
    return True


def _sum_up(steps: Sequence[Step]) -> str:
    """Such as '2 of 3 steps completed'."""
    done = sum(step.state == StepState.COMPLETED for step in steps)
    return statements.STEPS_COMPLETED.said(done=done, all=len(steps))
