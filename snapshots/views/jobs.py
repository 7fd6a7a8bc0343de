"""Pages of jobs: one job with all its steps, its polled fragment, and cancelling."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django_htmx.http import trigger_client_event

from snapshots.connection import own_tokens
from snapshots.inventory.progress import SLOW_POLL_SECONDS
from snapshots.inventory.readings import POLL_SECONDS
from snapshots.jobs import engine, service
from snapshots.jobs.models import Job, Kind, Step
from snapshots.operations.attention import visible_to as visible_operations
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Operation, State
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.vault.models import StoredToken
from snapshots.views.access import record_refusal, requires
from snapshots.views.actor import actor_of
from snapshots.views.rows import Estimate, operation_estimate
from snapshots.views.schedule_lines import schedule_of_job
from snapshots.views.texts.base import Badge
from snapshots.views.texts.jobs import JOB_BADGES, STEP_BADGES, job_words, step_code_words, step_title
from snapshots.views.texts.operations import operation_words
from snapshots.views.texts.refusals import refusal_status, refusal_words


@dataclass(frozen=True, kw_only=True)
class StepLine:
    """One step as shown. `url` leads to its operation, '' if there is none yet."""

    title: Any
    badge: Badge
    why: Any
    url: str
    estimate: Estimate | None


def _line(step: Step, operation: Operation | None) -> StepLine:
    is_unknown = operation is not None and operation.state == State.UNKNOWN
    return StepLine(
        title=step_title(step),
        badge=STEP_BADGES[step.state],  # type: ignore[index]
        why=operation_words(operation).title if operation and is_unknown else step_code_words(step),
        url=reverse("operation_detail", args=[operation.pk]) if operation else "",
        estimate=operation_estimate(operation) if operation else None,
    )


def _advanced_job(request: HttpRequest, pk: UUID) -> Job:
    """The job, after reading with the tokens of its open steps: the page moves it on too, worker or not."""
    job = get_object_or_404(service.visible_to(request.user), pk=pk)
    if not job.is_running:
        return job
    token_ids = {step.token_id for step in job.steps.all() if step.is_open}
    for token in StoredToken.objects.filter(pk__in=token_ids):
        read_and_reconcile(token)
    engine.advance_now(job.pk)
    job.refresh_from_db()
    return job


def _context(request: HttpRequest, job: Job) -> dict[str, Any]:
    steps = list(job.steps.order_by("lane", "position"))
    pks = [step.operation_id for step in steps if step.operation_id]
    found = {one.pk: one for one in visible_operations(request.user).filter(pk__in=pks)}
    lines = [_line(step, found.get(step.operation_id)) for step in steps]  # type: ignore[arg-type]
    is_slow = any(one.is_open and one.state == State.UNKNOWN for one in found.values())
    may_cancel = job.is_running and service.may_cancel(request.user, job)
    return {
        "job": job,
        "badge": JOB_BADGES[job.state],  # type: ignore[index]
        "words": job_words(job),
        "lines": lines,
        "done": sum(not step.is_open for step in steps),
        "poll_seconds": (SLOW_POLL_SECONDS if is_slow else POLL_SECONDS) if job.is_running else 0,
        "version": "-".join([job.state, *(step.state for step in steps)]),
        "cancel_url": reverse("job_cancel", args=[job.pk]) if may_cancel else "",
        "server": _server(request, steps),
        "schedule": schedule_of_job(request.user, job.pk) if job.kind == Kind.SCHEDULE else None,
    }


def _server(request: HttpRequest, steps: list[Step]) -> tuple[str, str] | None:
    """URL and name of the server that all steps are about, with the person's own token; None for several servers."""
    if len({step.server_id for step in steps}) != 1:
        return None
    step = steps[0]
    used = StoredToken.objects.filter(pk=step.token_id).values_list("fingerprint", flat=True).first()
    own = next((one for one in own_tokens(request.user) if one.fingerprint == used), None)
    return (reverse("server_detail", args=[own.pk, step.server_id]), step.server_name) if own else None


@requires("signed_in", "GET", "HEAD")
def job_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    return render(request, "jobs/job_detail.html", _context(request, _advanced_job(request, pk)))


@requires("signed_in", "GET", "HEAD")
def job_status(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The polled fragment of the page. Announces a change since what the last poll showed (`was`)."""
    context = _context(request, _advanced_job(request, pk))
    response = render(request, "jobs/_job.html", context)
    if request.GET.get("was", context["version"]) != context["version"]:
        texts = [f"{line.title}: {line.badge.text}" for line in context["lines"]]
        return trigger_client_event(response, "announce", {"text": ". ".join(texts)})
    return response


@requires("signed_in", "POST")
def job_cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Cancel before the next step. What was sent goes on."""
    job = get_object_or_404(service.visible_to(request.user), pk=pk)
    if not service.may_cancel(request.user, job):
        record_refusal(request, "snapshots.restore")
        raise PermissionDenied("job.cancel")
    try:
        service.cancel(actor=actor_of(request), job=job)
    except OperationRefusedError as error:
        context = _context(request, job) | {"refusal": refusal_words(error.code)}
        return render(request, "jobs/job_detail.html", context, status=refusal_status(error.code))
    return redirect("job_detail", pk=job.pk)
