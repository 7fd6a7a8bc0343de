"""Requests for approval: the list, and the page on which one is decided. No GET decides anything."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from snapshots.approvals import deciding, rules
from snapshots.approvals.models import OPEN, ApprovalRequest, State
from snapshots.approvals.queries import begun_of, visible_to
from snapshots.connection import Person
from snapshots.deletions.models import PlannedDeletion
from snapshots.inventory.servers import find_snapshot
from snapshots.inventory.shown_servers import own_token_for
from snapshots.jobs.models import Job
from snapshots.operations.confirmation import snapshot_fingerprint
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Operation
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.operations.server_views import ServerView, server_views
from snapshots.views.access import raise_if_rights_changed, requires
from snapshots.views.actor import actor_of
from snapshots.views.blocked import freeze_context, lock_context
from snapshots.views.forms.reasons import ReasonField
from snapshots.views.live_pages import live
from snapshots.views.marks import names_of_people
from snapshots.views.refused_forms import INCOMPLETE, status_of
from snapshots.views.texts.approvals import REQUEST_BADGES, present_text, void_text
from snapshots.views.texts.base import Badge
from snapshots.views.texts.refusals import refusal_words

SHOWN: Final = 50
WAITING_SHOWN: Final = 500
BEGUN_PAGES: Final = {Operation: "operation_detail", Job: "job_detail", PlannedDeletion: "deletion_detail"}


class DenyForm(forms.Form):
    reason = ReasonField(required=True, label=_("Why it is denied"))


class BreakGlassForm(forms.Form):
    reason = ReasonField(required=True, label=_("Why it cannot wait for an approval"))


@dataclass(frozen=True)
class Line:
    """A request in the list."""

    asked: ApprovalRequest
    badge: Badge
    person: str
    may_decide: bool


@live()
@requires("snapshots.see", "GET", "HEAD")
def request_list(request: HttpRequest) -> HttpResponse:
    seen = visible_to(request.user).order_by("-created_at")
    found = [
        *seen.filter(state=State.WAITING)[:WAITING_SHOWN],
        *seen.exclude(state=State.WAITING)[:SHOWN],
    ]
    names = names_of_people(one.person_id for one in found)
    lines = [
        Line(
            asked=one,
            badge=REQUEST_BADGES[one.state],
            person=names.get(one.person_id, ""),
            may_decide=one.state == State.WAITING
            and not rules.obstacle(rules.check_may_approve, request.user, one),
        )
        for one in found
    ]
    context = {"waiting": [one for one in lines if one.asked.state == State.WAITING]}
    context["decided"] = [one for one in lines if one.asked.state != State.WAITING]
    return render(request, "approvals/request_list.html", context)


@requires("snapshots.see", "GET", "HEAD", "POST", proof="form")
def request_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    asked = get_object_or_404(visible_to(request.user), pk=pk)
    step = request.POST.get("step", "")
    if request.method != "POST" or step not in STEPS:
        return _page(request, asked)
    form_class, run = STEPS[step]
    form = form_class(request.POST)
    if not form.is_valid():
        return _page(request, asked, form, INCOMPLETE, step)
    try:
        run(actor=actor_of(request), pk=asked.pk, **form.cleaned_data)
    except OperationRefusedError as error:
        raise_if_rights_changed(request, error, asked.action.permission)
        asked.refresh_from_db()
        return _page(request, asked, form, error.code, step)
    return redirect("request_detail", pk)


STEPS: Final[dict[str, tuple[type[forms.Form], Callable[..., object]]]] = {
    "approve": (forms.Form, deciding.approve),
    "deny": (DenyForm, deciding.deny),
    "break_glass": (BreakGlassForm, deciding.break_glass),
    "withdraw": (forms.Form, deciding.withdraw),
}


def _page(
    request: HttpRequest,
    asked: ApprovalRequest,
    form: forms.Form | None = None,
    code: str = "",
    step: str = "",
) -> HttpResponse:
    decisions = list(asked.decisions.all())
    names = names_of_people([asked.person_id, *(one.person_id for one in decisions)])
    is_waiting = asked.state == State.WAITING
    obstacle = rules.obstacle(rules.check_may_approve, request.user, asked)
    begun = begun_of(asked)
    context: dict[str, Any] = {
        "asked": asked,
        "badge": REQUEST_BADGES[asked.state],
        "person": names.get(asked.person_id, ""),
        "decisions": [(one, names.get(one.person_id, "")) for one in decisions],
        "missing": max(0, rules.needed_for(asked) - len(rules.valid_decisions(asked))) if is_waiting else 0,
        "present": _present(request.user, asked) if asked.state in OPEN else None,
        "void": void_text(asked),
        "begun_url": reverse(BEGUN_PAGES[type(begun)], args=[begun.pk]) if begun else "",
        "may_deny": asked.state in OPEN and not rules.obstacle(rules.check_may_deny, request.user, asked),
        "at_once": asked.arguments.get("delete_now", False),
        "is_mine": asked.person_id == request.user.pk,
        "obstacle": refusal_words(obstacle) if obstacle else None,
        "is_waiting": is_waiting,
        "has_decided": any(one.person_id == request.user.pk for one in decisions),
        "may_break": is_waiting and not rules.obstacle(rules.check_may_break_glass, request.user, asked),
        "deny_form": form if step == "deny" else DenyForm(),
        "break_form": form if step == "break_glass" else BreakGlassForm(auto_id="break_%s"),
        "refusal": refusal_words(code) if code and code != INCOMPLETE else None,
    }
    context |= lock_context(asked.server_id) | freeze_context(asked.server_id)
    return render(request, "approvals/request_detail.html", context, status=status_of(code))


def _present(person: Person, asked: ApprovalRequest) -> dict[str, Any]:
    """The server's state now, and whether the snapshot is still what was confirmed, as the person's own token shows it."""
    token = own_token_for(person.pk, asked.server_id, fingerprint=asked.token_fingerprint)
    if token is None:
        return {"text": present_text("unknown"), "view": None}
    reading = read_and_reconcile(token)
    view = next((one for one in server_views(token, reading) if one.server_id == asked.server_id), None)
    return {"text": present_text(_change(view, asked)), "view": view}


def _change(view: ServerView | None, asked: ApprovalRequest) -> str:
    if view is None:
        return "unknown"
    snapshot = find_snapshot(view.reading, asked.snapshot_id)
    if snapshot is None:
        return "gone" if view.reading.is_complete else "unknown"
    return "same" if snapshot_fingerprint(snapshot) == asked.fingerprint else "changed"
