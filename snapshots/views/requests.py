"""Requests for approval: the list, and the page on which one is decided. No GET decides anything."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _

from snapshots.approvals import deciding, rules
from snapshots.approvals.models import OPEN, ApprovalRequest, Kind, State
from snapshots.approvals.queries import begun_of, visible_to
from snapshots.operations.errors import OperationRefusedError
from snapshots.views.access import raise_if_rights_changed, requires
from snapshots.views.actor import actor_of
from snapshots.views.begun import begun_url
from snapshots.views.blocked import freeze_context, lock_context
from snapshots.views.forms.reasons import ReasonField
from snapshots.views.live_pages import live
from snapshots.views.marks import names_of_people
from snapshots.views.refused_forms import INCOMPLETE, status_of
from snapshots.views.requested import item_lines, schedule_context
from snapshots.views.texts.approvals import REQUEST_BADGES, void_text
from snapshots.views.texts.base import Badge
from snapshots.views.texts.refusals import refusal_words

SHOWN: Final = 50
WAITING_SHOWN: Final = 500


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
    seen = visible_to(request.user).prefetch_related("stored_items").order_by("-created_at")
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
        raise_if_rights_changed(request, error, asked.rights[0][0])
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
    lines = item_lines(request.user, asked)
    names = names_of_people([asked.person_id, *(one.person_id for one in decisions)])
    is_waiting = asked.state == State.WAITING
    obstacle = rules.obstacle(rules.check_may_approve, request.user, asked)
    context: dict[str, Any] = {
        "asked": asked,
        "badge": REQUEST_BADGES[asked.state],
        "person": names.get(asked.person_id, ""),
        "decisions": [(one, names.get(one.person_id, "")) for one in decisions],
        "missing": max(0, rules.needed_for(asked) - len(rules.valid_decisions(asked))) if is_waiting else 0,
        "lines": lines,
        "only": lines[0] if len(lines) == 1 else None,
        "kind": Kind(asked.kind),
        "is_open": asked.state in OPEN,
        "is_without_approvers": is_waiting and not rules.can_be_approved(asked),
        "void": void_text(asked),
        "begun_url": begun_url(begun_of(asked)),
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
    context |= schedule_context(asked)
    if len(lines) == 1 and lines[0].view:
        context |= lock_context(lines[0].view.server_id) | freeze_context(lines[0].view.server_id)
    return render(request, "approvals/request_detail.html", context, status=status_of(code))
