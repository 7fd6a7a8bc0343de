"""Which servers a schedule's row of the log concerns, for notifications, and what of it is told already."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from snapshots.inventory.reader import last_reading
from snapshots.jobs.coverage import covered_servers
from snapshots.jobs.models import Step, StepState
from snapshots.notifications.coverage import Coverage, CoveredServer, parse_id
from snapshots.operations.server_views import server_views
from snapshots.schedules.models import Run, RunState, Schedule, State
from snapshots.schedules.stopping import FIVE_FAILURES, MAX_FAILURES, token_of

Failure = tuple[int, str, str]
"""Server, action and code of a step that failed."""


def coverage_of_schedule(row: Mapping[str, Any]) -> Coverage:
    """The request of such a row is the run, or the schedule itself: see stopping.owner_actor."""
    pk = parse_id(row["request_id"])
    run = Run.objects.filter(pk=pk).select_related("schedule").first()
    if run is not None:
        return _coverage_of_run(run)
    schedule = Schedule.objects.filter(pk=pk).first()
    return Coverage(servers=_servers_of(schedule), page_id=schedule.pk) if schedule else Coverage()


def _coverage_of_run(run: Run) -> Coverage:
    return Coverage(
        servers=covered_servers(_steps_of(run)) or _servers_of(run.schedule),
        page_id=run.schedule_id,
        is_partial=run.state == RunState.PARTLY,
        is_told=_is_told_by_stop(run) or _is_told_by_run_before(run),
    )


def _servers_of(schedule: Schedule) -> tuple[CoveredServer, ...]:
    """Those that it names, or those that its token shows, or else those of its last job."""
    named = schedule.servers.values_list("server_id", "server_name")
    token = token_of(schedule)
    if schedule.covers_all and token is not None:
        reading = last_reading(token)
        views = server_views(token, reading) if reading else []
        found = [(view.server_id, view.name) for view in views if not view.is_gone]
    else:
        found = list(named)
    if found:
        return tuple(CoveredServer(pk, name, schedule.token_fingerprint) for pk, name in found)
    last = schedule.runs.exclude(job_id=None).first()
    return covered_servers(_steps_of(last)) if last else ()


def _steps_of(run: Run) -> QuerySet[Step]:
    steps = Step.objects.order_by("lane", "position")
    return steps.filter(job_id=run.job_id) if run.job_id else steps.none()


def _is_told_by_stop(run: Run) -> bool:
    """Whether the row "schedule.stop" tells of the same cause."""
    schedule = run.schedule
    if run.state != RunState.FAILED:
        return False
    if schedule.state == State.STOPPED:
        return schedule.code == run.code
    is_fifth = schedule.code == FIVE_FAILURES and schedule.failures == MAX_FAILURES
    later = schedule.runs.filter(state=RunState.FAILED, ended_at__gt=run.ended_at)
    return is_fifth and not later.exists()


def _is_told_by_run_before(run: Run) -> bool:
    """Whether it was completed in part, and failed in exactly that in which the run before it failed."""
    if run.state != RunState.PARTLY:
        return False
    ended = [RunState.COMPLETED, RunState.PARTLY, RunState.FAILED]
    earlier = run.schedule.runs.filter(state__in=ended, ended_at__lt=run.ended_at)
    before = earlier.order_by("-ended_at").first()
    is_partial_too = before is not None and before.state == RunState.PARTLY
    return is_partial_too and before is not None and _failures(before) == _failures(run)


def _failures(run: Run) -> set[Failure]:
    failed = _steps_of(run).filter(state=StepState.FAILED)
    return set(failed.values_list("server_id", "action", "code"))
