"""Schedules: the list, the page of one, and what can be done with it."""

import secrets
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from snapshots.approvals.asking import begin
from snapshots.approvals.models import ApprovalRequest, Kind
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.rights import may_anywhere, may_on
from snapshots.schedules import service, silence
from snapshots.schedules.models import Schedule, State
from snapshots.schedules.service import MANAGE, PAUSE
from snapshots.schedules.visibility import visible_to
from snapshots.templatetags.portal import with_names
from snapshots.views.access import raise_if_rights_changed, requires
from snapshots.views.actor import actor_of
from snapshots.views.approval_notes import approvals_to_resume
from snapshots.views.forms.schedules import RunForm, WhyForm
from snapshots.views.live_pages import live
from snapshots.views.refused_forms import UNPROCESSABLE
from snapshots.views.schedule_lines import next_times, run_lines, schedule_lines
from snapshots.views.texts.refusals import refusal_words
from snapshots.views.texts.schedules import keep_words

RUNS_SHOWN = 20
ASKED = lazy("Other people have to approve that first: see Approvals. It begins by itself then.")


@live()
@requires("snapshots.see", "GET", "HEAD")
def schedule_list(request: HttpRequest) -> HttpResponse:
    found = visible_to(request.user).distinct().prefetch_related("servers")
    context = {
        "lines": schedule_lines(request.user, found),
        "may_manage": may_anywhere(request.user, MANAGE),
    }
    return render(request, "schedules/schedule_list.html", context)


def visible_or_404(request: HttpRequest, pk: UUID) -> Schedule:
    return get_object_or_404(visible_to(request.user).distinct(), pk=pk)


@live()
@requires("snapshots.see", "GET", "HEAD")
def schedule_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    schedule = visible_or_404(request, pk)
    (line,) = schedule_lines(request.user, [schedule])
    key = {"form_key": secrets.token_urlsafe(24)}
    context = {
        "line": line,
        "schedule": schedule,
        "keep_text": keep_words(schedule.keep),
        "times": next_times(schedule.recurrence) if schedule.is_active else [],
        "servers": [] if schedule.covers_all else list(schedule.servers.all()),
        "runs": run_lines(request.user, schedule.runs.all()[:RUNS_SHOWN]),
        "is_silent": schedule.silent_told_at is not None,
        "last_good": silence.last_good(schedule),
        "pause_form": WhyForm(auto_id="pause_%s"),
        "resume_form": RunForm(initial=key, auto_id="resume_%s"),
        "run_form": RunForm(initial=key, auto_id="run_%s"),
        "resuming_needs": 0 if schedule.is_active else approvals_to_resume(schedule),
    }
    return render(request, "schedules/schedule_detail.html", context | _rights(request, schedule))


def _rights(request: HttpRequest, schedule: Schedule) -> dict[str, Any]:
    """Which buttons are shown. What the portal stopped is resumed by its owner alone (see service.resume)."""
    targets = schedule.targets
    may_manage, may_pause = (
        all(may_on(request.user, one, server) for server in targets) for one in (MANAGE, PAUSE)
    )
    may_resume = (may_manage and schedule.owner_id == request.user.pk) if schedule.code else may_pause
    return {
        "may_manage": may_manage,
        "may_pause": may_pause and schedule.is_active,
        "may_resume": may_resume and not schedule.is_active,
        "may_run": may_manage and schedule.state != State.STOPPED,
    }


@requires(PAUSE, "POST", page="schedule_detail")
def schedule_pause(request: HttpRequest, pk: UUID) -> HttpResponse:
    def run(schedule: Schedule, data: dict[str, Any]) -> str:
        service.pause(actor=actor_of(request), schedule=schedule, reason=data["reason"])
        return _("%(name)s is paused.")

    return _do(request, pk, PAUSE, WhyForm(request.POST), run)


@requires(PAUSE, "POST", page="schedule_detail")
def schedule_resume(request: HttpRequest, pk: UUID) -> HttpResponse:
    def run(schedule: Schedule, data: dict[str, Any]) -> str:
        begun = begin(
            Kind.RESUME_SCHEDULE,
            actor=actor_of(request),
            confirmation=data["form_key"],
            schedule_id=str(schedule.pk),
            reason=data["reason"],
        )
        if isinstance(begun, ApprovalRequest):
            return str(ASKED)
        return _("%(name)s is active again.")

    return _do(request, pk, PAUSE, RunForm(request.POST), run)


@requires(MANAGE, "POST", page="schedule_detail")
def schedule_run(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Run it now. The worker begins it."""

    def run(schedule: Schedule, data: dict[str, Any]) -> str:
        service.run_now(actor=actor_of(request), schedule=schedule, **data)
        return _("A run of %(name)s begins within seconds. Reload this page to see how it goes on.")

    return _do(request, pk, MANAGE, RunForm(request.POST), run)


def _do(
    request: HttpRequest,
    pk: UUID,
    permission: str,
    form: Form,
    run: Callable[[Schedule, dict[str, Any]], str],
) -> HttpResponse:
    """Do it and go back to the page, which says what was done or why not. `run` returns the sentence."""
    schedule = visible_or_404(request, pk)
    if not form.is_valid():
        messages.error(
            request, _("Nothing was changed: the form was not as the portal expects. Try again here.")
        )
        return redirect("schedule_detail", pk)
    try:
        messages.success(request, with_names(run(schedule, form.cleaned_data), name=schedule.name))
    except OperationRefusedError as error:
        say_refusal(request, error, permission)
    return redirect("schedule_detail", pk)


def say_refusal(request: HttpRequest, error: OperationRefusedError, permission: str) -> None:
    """A message for the next page. Raises RightsChangedError if the person has lost the permission meanwhile."""
    raise_if_rights_changed(request, error, permission)
    words = refusal_words(error.code)
    messages.warning(request, f"{words.title}. {words.meaning} {words.advice}".strip())


@requires(MANAGE, "GET", "HEAD", "POST")
def schedule_remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    schedule = visible_or_404(request, pk)
    form = WhyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            service.remove(actor=actor_of(request), schedule=schedule, reason=form.cleaned_data["reason"])
            messages.success(request, with_names(_("The schedule %(name)s is removed."), name=schedule.name))
        except OperationRefusedError as error:
            say_refusal(request, error, MANAGE)
        return redirect("schedule_list")
    status = UNPROCESSABLE if form.errors else 200
    return render(
        request, "schedules/schedule_remove.html", {"schedule": schedule, "form": form}, status=status
    )
