"""Pages of jobs: one job with all its steps, its polled fragment, and cancelling."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django_htmx.http import trigger_client_event

from snapshots.inventory.progress import SLOW_POLL_SECONDS
from snapshots.inventory.readings import POLL_SECONDS
from snapshots.jobs import engine, service
from snapshots.jobs.models import Job, Kind
from snapshots.jobs.outcomes import MANY, Outcome, aims, results_of
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.reconciliation import read_and_reconcile_all
from snapshots.vault.models import StoredToken
from snapshots.views import polls
from snapshots.views.access import record_refusal, requires
from snapshots.views.actor import actor_of
from snapshots.views.job_steps import announcement, batch_links, group_steps, version_of
from snapshots.views.live_pages import RESTING_SECONDS, live
from snapshots.views.schedule_lines import schedule_of_job
from snapshots.views.texts.batches import UNKNOWN_NOTE, result_words, summary_text
from snapshots.views.texts.jobs import JOB_BADGES, job_words
from snapshots.views.texts.refusals import refusal_status, refusal_words

PAGE_SECONDS = 3.0
"""For how long a page sends steps before it is shown; the next poll, or the worker, goes on."""


def _advanced_job(request: HttpRequest, pk: UUID) -> Job:
    """The job, after reading with the tokens of its open steps: the page moves it on too, worker or not."""
    job = get_object_or_404(service.visible_to(request.user), pk=pk)
    if not job.is_running:
        return job
    token_ids = {step.token_id for step in job.steps.all() if step.is_open}
    tokens = list(StoredToken.objects.filter(pk__in=token_ids))
    read_and_reconcile_all(tokens, max_age=polls.max_age(request))
    engine.advance_if_free(job.pk, seconds=PAGE_SECONDS)
    job.refresh_from_db()
    return job


def _context(request: HttpRequest, job: Job) -> dict[str, Any]:
    results = results_of([job])
    groups = group_steps(request, results)
    is_slow = any(one.outcome == Outcome.UNKNOWN for one in results)
    may_cancel = job.is_running and service.has_steps_ahead(job) and service.may_cancel(request.user, job)
    return {
        "job": job,
        "badge": JOB_BADGES[job.state],  # type: ignore[index]
        "words": job_words(job),
        "groups": groups,
        "server": groups[0] if len(groups) == 1 else None,
        "total": len(results),
        "done": sum(not one.step.is_open for one in results),
        "poll_seconds": (SLOW_POLL_SECONDS if is_slow else POLL_SECONDS) if job.is_running else 0,
        "version": version_of(job, results),
        "cancel_url": reverse("job_cancel", args=[job.pk]) if may_cancel else "",
        "schedule": schedule_of_job(request.user, job.pk) if job.kind == Kind.SCHEDULE else None,
        "announced": announcement(groups),
    } | (_batch_context(request, job, results) if job.kind in MANY else {})


def _batch_context(request: HttpRequest, job: Job, results: Any) -> dict[str, Any]:
    """What a batch says of all its items together."""
    outcomes = [one.outcome for one in aims(results)]
    summary = summary_text(outcomes)
    return {
        "words": result_words(job, outcomes),
        "summary": summary,
        "announced": summary,
        "unknown_note": UNKNOWN_NOTE if Outcome.UNKNOWN in outcomes else "",
        **batch_links(request, job),
    }


@live(max_age=RESTING_SECONDS)
@requires("signed_in", "GET", "HEAD")
def job_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    return render(request, "jobs/job_detail.html", _context(request, _advanced_job(request, pk)))


@requires("signed_in", "GET", "HEAD")
def job_status(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The polled fragment of the page. Announces a change since what the last poll showed (`was`)."""
    context = _context(request, _advanced_job(request, pk))
    response = render(request, "jobs/_job.html", context)
    if request.GET.get("was", context["version"]) != context["version"]:
        return trigger_client_event(response, "announce", {"text": context["announced"]})
    return response


@requires("signed_in", "POST", page="job_detail")
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
