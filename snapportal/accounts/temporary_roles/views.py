"""Pages of temporary roles: the list, the form that asks for one, and the page on which one is decided and ended."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from snapportal.accounts.models import User
from snapportal.accounts.temporary_roles import service
from snapportal.accounts.temporary_roles.forms import AskForm, DenyForm, EndForm, EndOfOtherForm, hours_text
from snapportal.accounts.temporary_roles.models import State, TemporaryRole
from snapportal.accounts.temporary_roles.rules import check_may_decide, check_may_grant
from snapshots.inventory.shown_servers import names_shown_to
from snapshots.operations.errors import OperationRefusedError
from snapshots.views.access import raise_if_rights_changed, requires
from snapshots.views.actor import actor_of
from snapshots.views.live_pages import live
from snapshots.views.marks import names_of_people
from snapshots.views.refused_forms import INCOMPLETE, refuse_beside_field, status_of
from snapshots.views.texts.base import Badge
from snapshots.views.texts.refusals import refusal_words

SEE: Final = "snapshots.see"
SHOWN: Final = 50
READ: Final = 500
"""Of how many requests those are chosen that concern the person."""
BADGES: Final = {
    State.WAITING: Badge("warn", State.WAITING.label),
    State.GRANTED: Badge("ok", State.GRANTED.label),
    State.DENIED: Badge("bad", State.DENIED.label),
    State.WITHDRAWN: Badge("neutral", State.WITHDRAWN.label),
    State.EXPIRED: Badge("neutral", State.EXPIRED.label),
    State.ENDED: Badge("neutral", State.ENDED.label),
}
Check = Callable[[User, TemporaryRole], None]


@dataclass(frozen=True)
class Line:
    """A request in the list."""

    asked: TemporaryRole
    badge: Badge
    is_mine: bool
    may_decide: bool


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def obstacle(check: Check, person: User, role: TemporaryRole) -> str:
    """Why the check refuses the person, as its code; '' if it does not."""
    try:
        check(person, role)
    except OperationRefusedError as error:
        return error.code
    return ""


@live()
@requires(SEE, "GET", "HEAD")
def temporary_role_list(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    stored = TemporaryRole.objects.select_related("person")[:READ]
    lines = [_line(person, one) for one in stored if person.is_concerned_by(one)]
    running = {State.WAITING, State.GRANTED}
    context = {
        "open_lines": [one for one in lines if one.asked.shown_state in running],
        "over_lines": [one for one in lines if one.asked.shown_state not in running][:SHOWN],
    }
    return render(request, "temporary_roles/list.html", context)


def _line(person: User, asked: TemporaryRole) -> Line:
    return Line(
        asked=asked,
        badge=BADGES[asked.shown_state],
        is_mine=asked.person_id == person.pk,
        may_decide=asked.shown_state == State.WAITING and not obstacle(check_may_grant, person, asked),
    )


@requires(SEE, "GET", "HEAD", "POST")
def temporary_role_add(request: HttpRequest) -> HttpResponse:
    names = names_shown_to(request.user)
    wanted = request.GET.get("server", "")
    chosen = [number for number in names if str(number) == wanted]
    form = AskForm(request.POST or None, names=names, chosen=chosen)
    if request.method != "POST":
        return _ask_page(request, form)
    if not form.is_valid():
        return _ask_page(request, form, INCOMPLETE)
    try:
        asked = service.ask(actor=actor_of(request), **form.cleaned_data)
    except OperationRefusedError as error:
        raise_if_rights_changed(request, error, SEE)
        refuse_beside_field(form, error.code)
        return _ask_page(request, form, error.code)
    return redirect("temporary_role_detail", asked.pk)


def _ask_page(request: HttpRequest, form: AskForm, code: str = "") -> HttpResponse:
    refusal = refusal_words(code) if code and code != INCOMPLETE else None
    context = {"form": form, "refusal": refusal}
    return render(request, "temporary_roles/add.html", context, status=status_of(code))


@requires(SEE, "GET", "HEAD", "POST", proof="form")
def temporary_role_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    asked = get_object_or_404(TemporaryRole.objects.select_related("person"), pk=pk)
    person = _person(request)
    if not person.is_concerned_by(asked):
        raise Http404("concerns somebody else")
    step = request.POST.get("step", "")
    if request.method != "POST" or step not in STEPS:
        return _page(request, asked)
    form_class, run = STEPS[step]
    form = _end_form(asked, person)(request.POST) if step == "end" else form_class(request.POST)
    if not form.is_valid():
        return _page(request, asked, form, INCOMPLETE, step)
    try:
        run(actor=actor_of(request), pk=asked.pk, **form.cleaned_data)
    except OperationRefusedError as error:
        raise_if_rights_changed(request, error, SEE)
        asked.refresh_from_db()
        return _page(request, asked, form, error.code, step)
    return redirect("temporary_role_detail", pk)


STEPS: Final[dict[str, tuple[type[forms.Form], Callable[..., object]]]] = {
    "grant": (forms.Form, service.grant),
    "deny": (DenyForm, service.deny),
    "withdraw": (forms.Form, service.withdraw),
    "end": (EndForm, service.end_now),
}


def _end_form(asked: TemporaryRole, person: User) -> type[forms.Form]:
    return EndForm if asked.person_id == person.pk else EndOfOtherForm


def _page(
    request: HttpRequest,
    asked: TemporaryRole,
    form: forms.Form | None = None,
    code: str = "",
    step: str = "",
) -> HttpResponse:
    person, state = _person(request), asked.shown_state
    hindered = obstacle(check_may_grant, person, asked)
    is_mine = asked.person_id == person.pk
    names = names_of_people(one for one in (asked.decided_by_id, asked.ended_by_id) if one)
    context: dict[str, Any] = {
        "asked": asked,
        "badge": BADGES[state],
        "hours": hours_text(asked.hours),
        "decided_by": names.get(asked.decided_by_id or 0, ""),
        "ended_by": names.get(asked.ended_by_id or 0, ""),
        "is_mine": is_mine,
        "is_waiting": state == State.WAITING,
        "is_running": state == State.GRANTED,
        "obstacle": refusal_words(hindered) if hindered else None,
        "may_decide": not obstacle(check_may_decide, person, asked),
        "deny_form": form if step == "deny" else DenyForm(),
        "end_form": form if step == "end" else _end_form(asked, person)(),
        "refusal": refusal_words(code) if code and code != INCOMPLETE else None,
    }
    return render(request, "temporary_roles/detail.html", context, status=status_of(code))
