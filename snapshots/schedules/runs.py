"""What the worker does with schedules: claims what is due, begins its job, and takes over how it ended (promise 35).

A due time is claimed in one transaction with its run, and has at most one. A run's job has a one-time key. So a run that
two workers try, or that is tried again after a crash, is one job.
"""

from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from snapshots.audit import journal
from snapshots.audit.journal import JournalUnavailableError
from snapshots.audit.wording.shared import DUE
from snapshots.audit.wording.statements import joined
from snapshots.inventory import leases
from snapshots.inventory.readings import Reading
from snapshots.jobs import service
from snapshots.jobs.models import Job, JobState, Kind, StepState
from snapshots.jobs.statements import STEPS_COMPLETED
from snapshots.operations import retries
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.operations.server_views import server_views
from snapshots.schedules import statements
from snapshots.schedules.models import OPEN_RUNS, Cause, Run, RunState, Schedule
from snapshots.schedules.planning import steps_for
from snapshots.schedules.stopping import count_result, owner_actor, reason_to_stop, stop, token_of
from snapshots.vault.models import StoredToken

log = structlog.get_logger()

ON_TIME = timedelta(minutes=5)
"""A run that is claimed later is one after a downtime, and says so."""
KEEP_TRYING = timedelta(hours=6)
"""How long a run waits for a reading to plan with; at most until the schedule is due again."""
MAX_PAUSE_SECONDS = 120
LEASE_SECONDS = 60.0
BATCH = 20
RUN_STATES = {JobState.COMPLETED: RunState.COMPLETED, JobState.CANCELLED: RunState.CANCELLED}


def run_due() -> int:
    """Conclude what has ended, begin what waits, and claim what is due, at most BATCH of each. Returns how many changed.

    In this order, so that a run which could not begin makes place for the next one.
    """
    try:
        return _conclude_ended() + _begin_waiting() + _claim_due()
    except (JournalUnavailableError, DatabaseError):
        log.exception("schedules.not_run")
        return 0


def _claim_due() -> int:
    due = Schedule.objects.active().filter(next_due_at__lte=timezone.now())
    return sum(_claim(schedule) for schedule in list(due.order_by("next_due_at")[:BATCH]))


def _claim(schedule: Schedule) -> bool:
    """Make the run of a due time, or note that it was skipped because the run before has not ended."""
    now, due_at = timezone.now(), schedule.next_due_at
    assert due_at is not None
    missed = schedule.recurrence.count(after=due_at, until=now)
    with transaction.atomic():
        held = Schedule.objects.active().filter(pk=schedule.pk, next_due_at=due_at)
        if not held.update(next_due_at=schedule.recurrence.next_due(now)):
            return False  # another worker has claimed it, or it was changed meanwhile
        if schedule.runs.exclude(cause=Cause.NOW).filter(due_at=due_at).exists():
            return False  # the clock was set back: this due time had its run
        is_late = missed > 0 or now - due_at > ON_TIME
        run = Run(
            schedule=schedule,
            cause=Cause.CATCH_UP if is_late else Cause.DUE,
            due_at=due_at,
            missed=missed,
            created_at=now,
        )
        if schedule.runs.filter(state__in=OPEN_RUNS).exists():
            run.state, run.code, run.ended_at = RunState.SKIPPED, "overlap", now
        try:
            run.save(force_insert=True)
        except IntegrityError:  # somebody has asked for a run at this moment; the due time is claimed again
            transaction.set_rollback(True)
            return False
    return True


def _begin_waiting() -> int:
    due = Q(next_try_at=None) | Q(next_try_at__lte=timezone.now())
    waiting = Run.objects.filter(due, state=RunState.WAITING).select_related("schedule")
    begun = 0
    for run in list(waiting.order_by("created_at")[:BATCH]):
        with leases.held(f"run:{run.pk}", LEASE_SECONDS) as is_free:
            begun += is_free and _begin(run)
    return begun


def _begin(run: Run) -> bool:
    """Start the run's job. False if it must wait, for example for a provider that does not answer."""
    job = service.job_for_key(run.idempotency_key)
    if job is None:
        code, token = _obstacle(run), token_of(run.schedule)
        if code or token is None:
            return _fail(run, code or "token_gone")
        reading = _read(run, token)
        if reading is None:
            return _try_later(run, token)
        try:
            job = _start_job(run, token, reading)
        except OperationRefusedError as error:
            return _fail(run, error.code)
    waiting = Run.objects.filter(pk=run.pk, state=RunState.WAITING)
    return bool(waiting.update(state=RunState.RUNNING, job_id=job.pk))


def _obstacle(run: Run) -> str:
    """Why the run can never begin; stops the schedule if it can no longer run at all."""
    schedule = run.schedule
    if schedule.removed_at is not None:
        return "schedule_gone"
    code = reason_to_stop(schedule)
    if code:
        stop(schedule, code)
        return code
    return "paused" if not schedule.is_active and run.cause != Cause.NOW else ""


def _read(run: Run, token: StoredToken) -> Reading | None:
    """A live reading that shows what the run needs; None if there is none now."""
    reading = read_and_reconcile(token, fresh=True)
    if reading.is_stale:
        return None
    return None if run.schedule.covers_all and reading.may_lack_servers else reading


def _start_job(run: Run, token: StoredToken, reading: Reading) -> Job:
    """Raises OperationRefusedError (servers_missing, and those of jobs.service.start), JournalUnavailableError."""
    schedule = run.schedule
    named_at = run.due_at if run.cause == Cause.DUE else timezone.now()
    steps = steps_for(schedule, server_views(token, reading), named_at)
    if not steps:
        raise OperationRefusedError("servers_missing")
    return service.start(
        actor=owner_actor(schedule, run),
        kind=Kind.SCHEDULE,
        steps=steps,
        idempotency_key=run.idempotency_key,
        reason=f"Schedule: {schedule.name}",
        title=schedule.name,
        channel="schedule",
    )


def _try_later(run: Run, token: StoredToken) -> bool:
    """Wait for a reading, with growing pauses, until KEEP_TRYING or the next due time; then the run has failed."""
    now = timezone.now()
    if StoredToken.objects.filter(pk=token.pk, refused_at__isnull=False).exists():
        stop(run.schedule, "token_refused")
        return _fail(run, "token_refused")
    if now >= _gives_up_at(run):
        return _fail(run, "not_confirmed_live")
    pause = retries.pause_seconds(run.tries, longest=MAX_PAUSE_SECONDS)
    Run.objects.filter(pk=run.pk, state=RunState.WAITING).update(
        tries=run.tries + 1, next_try_at=now + timedelta(seconds=pause)
    )
    return False


def _gives_up_at(run: Run) -> datetime:
    last = run.created_at + KEEP_TRYING
    due_again = run.schedule.next_due_at
    return min(last, due_again) if due_again else last


def _fail(run: Run, code: str) -> bool:
    return _end(run, RunState.FAILED, code, statements.NOTHING_BEGUN.said())


def _conclude_ended() -> int:
    ended = Job.objects.exclude(state=JobState.RUNNING).values("pk")
    running = Run.objects.filter(state=RunState.RUNNING, job_id__in=ended).select_related("schedule")
    return sum(_conclude(run) for run in list(running.order_by("created_at")[:BATCH]))


def _conclude(run: Run) -> bool:
    """Take over how the job ended: partly if at least one snapshot was made."""
    job = Job.objects.get(idempotency_key=run.idempotency_key)
    steps = list(job.steps.order_by("lane", "position"))
    made = [step for step in steps if step.action == Action.CREATE and step.state == StepState.COMPLETED]
    failed = [step for step in steps if step.state == StepState.FAILED]
    default = RunState.PARTLY if made else RunState.FAILED
    state = RUN_STATES.get(JobState(job.state), default)
    done = sum(step.state == StepState.COMPLETED for step in steps)
    counts = joined([statements.MADE.said(count=len(made)), STEPS_COMPLETED.said(done=done, all=len(steps))])
    failures = joined(
        statements.FAILED_STEP.said(action=one.action, server=one.server_name, code=one.code)
        for one in failed
    )
    summary = joined([counts, failures], " ")
    return _end(run, state, failed[0].code if failed else "", summary)


def _end(run: Run, state: RunState, code: str, summary: str) -> bool:
    """Set the final state with its row in the log, and count failures. Raises JournalUnavailableError."""
    is_good = state == RunState.COMPLETED
    missed = statements.STANDS_FOR.said(missed=run.missed) if run.missed else ""
    schedule = run.schedule
    with journal.committed():
        open_run = Run.objects.filter(pk=run.pk, state__in=OPEN_RUNS)
        if not open_run.update(state=state, code=code, ended_at=timezone.now()):
            return False
        journal.record(
            schedule.entry(
                owner_actor(schedule, run),
                action="schedule.run",
                result="completed" if is_good else "failed",
                code="cancelled" if state == RunState.CANCELLED else code,
                evidence=joined([DUE.said(at=run.due_at), summary, missed], " "),
            )
        )
        if state != RunState.CANCELLED:
            count_result(schedule, is_failure=state == RunState.FAILED)
    return True
