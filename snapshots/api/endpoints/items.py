"""Operations, jobs and schedules as JSON."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from msgspec import Struct

from snapshots.api.endpoints.shapes import ServerName, SnapshotName, time_text
from snapshots.jobs.models import Job
from snapshots.jobs.outcomes import Outcome, Result, results_of
from snapshots.operations.models import Operation
from snapshots.schedules.models import Run, Schedule
from snapshots.views.texts.refusals import refusal_words


class OperationItem(Struct):
    """`result` is ok, failed or unknown; null while it is in progress. `state` and `finding` are those of the pages."""

    id: str
    url: str
    action: str
    state: str
    result: str | None
    finding: str
    code: str
    server: ServerName
    snapshot: SnapshotName
    reason: str
    requested_by: str
    created_at: str | None
    accepted_at: str | None
    ended_at: str | None
    provider_status: int | None
    provider_message: str
    evidence: str


class OperationPage(Struct):
    """`next`: the address of the older ones, null if there are none."""

    results: list[OperationItem]
    next: str | None


class StepItem(Struct):
    """`code` and `detail`: why it failed, as far as that is known."""

    action: str
    server: ServerName
    snapshot: SnapshotName
    outcome: str
    code: str
    detail: str
    operation: str | None


class JobItem(Struct):
    id: str
    url: str
    kind: str
    state: str
    title: str
    reason: str
    requested_by: str
    created_at: str | None
    ended_at: str | None
    steps: list[StepItem]


class JobPage(Struct):
    results: list[JobItem]
    next: str | None


class RunItem(Struct):
    id: str
    cause: str
    state: str
    due_at: str | None
    ended_at: str | None
    job: str | None


class ScheduleItem(Struct):
    """`servers` is empty where it covers all that its token shows."""

    id: str
    url: str
    name: str
    state: str
    code: str
    cron: str
    time_zone: str
    covers_all: bool
    servers: list[ServerName]
    keep: dict[str, int]
    next_due_at: str | None


class ScheduleDetail(ScheduleItem):
    runs: list[RunItem]


class SchedulePage(Struct):
    count: int
    results: list[ScheduleItem]


RESULTS: dict[tuple[str, str], str] = {
    ("completed", ""): "ok",
    ("failed", ""): "failed",
    ("unknown", ""): "unknown",
    ("reconciled", "happened"): "ok",
    ("reconciled", "not_happened"): "failed",
    ("reconciled", "undecided"): "unknown",
}


def operation_item(one: Operation) -> OperationItem:
    return OperationItem(
        id=str(one.pk),
        url=reverse("api_operation", args=[one.pk]),
        action=one.action,
        state=one.state,
        result=RESULTS.get((one.state, one.finding)),
        finding=one.finding,
        code=one.code,
        server=ServerName(one.server_id, one.server_name),
        snapshot=SnapshotName(one.snapshot_id or 0, one.snapshot_name, time_text(one.snapshot_created_at)),
        reason=one.reason,
        requested_by=one.actor_name,
        created_at=time_text(one.created_at),
        accepted_at=time_text(one.accepted_at),
        ended_at=time_text(one.ended_at),
        provider_status=one.provider_status,
        provider_message=one.provider_message,
        evidence=one.evidence,
    )


def job_items(jobs: Sequence[Job]) -> list[JobItem]:
    steps: dict[Any, list[StepItem]] = {job.pk: [] for job in jobs}
    for one in results_of(jobs):
        step, operation = one.step, one.operation
        steps[step.job_id].append(
            StepItem(
                action=step.action,
                server=ServerName(step.server_id, step.server_name),
                snapshot=SnapshotName(one.snapshot_id or 0, step.snapshot_name, None),
                outcome=one.outcome,
                code=_code_of(one),
                detail=_why(one),
                operation=reverse("api_operation", args=[operation.pk]) if operation else None,
            )
        )
    return [
        JobItem(
            id=str(job.pk),
            url=reverse("api_job", args=[job.pk]),
            kind=job.kind,
            state=job.state,
            title=job.title,
            reason=job.reason,
            requested_by=job.actor_name,
            created_at=time_text(job.created_at),
            ended_at=time_text(job.ended_at),
            steps=steps[job.pk],
        )
        for job in jobs
    ]


def _code_of(one: Result) -> str:
    if one.outcome != Outcome.FAILED:
        return ""
    return one.operation.code if one.operation else one.step.code


def _why(one: Result) -> str:
    """The provider's words, else ours."""
    code = _code_of(one)
    if not code:
        return ""
    said = one.operation.provider_message if one.operation else ""
    return said or str(refusal_words(code).title)


def _schedule_fields(one: Schedule) -> dict[str, Any]:
    keep = one.keep
    servers = [] if one.covers_all else one.servers.all()
    return {
        "id": str(one.pk),
        "url": reverse("api_schedule", args=[one.pk]),
        "name": one.name,
        "state": one.state,
        "code": one.code,
        "cron": one.cron,
        "time_zone": one.time_zone,
        "covers_all": one.covers_all,
        "servers": [ServerName(server.server_id, server.server_name) for server in servers],
        "keep": {
            "last": keep.last,
            "daily": keep.daily,
            "weekly": keep.weekly,
            "monthly": keep.monthly,
        },
        "next_due_at": time_text(one.next_due_at),
    }


def schedule_item(one: Schedule) -> ScheduleItem:
    return ScheduleItem(**_schedule_fields(one))


def schedule_detail(one: Schedule, runs: Sequence[Run]) -> ScheduleDetail:
    return ScheduleDetail(**_schedule_fields(one), runs=[run_item(run) for run in runs])


def run_item(run: Run) -> RunItem:
    return RunItem(
        id=str(run.pk),
        cause=run.cause,
        state=run.state,
        due_at=time_text(run.due_at),
        ended_at=time_text(run.ended_at),
        job=reverse("api_job", args=[run.job_id]) if run.job_id else None,
    )
