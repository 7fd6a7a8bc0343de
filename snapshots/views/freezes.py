"""Freezes: the list, placing one, and the two people, or the time, that lifting one takes."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from snapshots.connection import Person
from snapshots.inventory.shown_servers import names_shown_to
from snapshots.operations import freezes
from snapshots.operations.freeze_times import is_inside, next_end
from snapshots.operations.guarded_models import Freeze
from snapshots.operations.rights import may_anywhere, may_on
from snapshots.templatetags.portal import with_names
from snapshots.views.access import requires
from snapshots.views.actor import actor_of
from snapshots.views.forms.freezes import FreezeForm
from snapshots.views.lifting import lifting_context, try_lifting
from snapshots.views.marks import names_of_people
from snapshots.views.refused_forms import status_of
from snapshots.views.texts.freezes import week_text
from snapshots.views.tried_forms import shown_refusal, try_form


@dataclass(frozen=True)
class FreezeLine:
    """A freeze as a person may see it. `more`: how many of its servers the person does not see."""

    freeze: Freeze
    servers: list[str]
    more: int
    week: str
    placed_by: str
    asked_by: str
    ends_at: datetime | None
    """When it ends next, if it holds now."""
    may_lift: bool


@requires("snapshots.see", "GET", "HEAD")
def freeze_list(request: HttpRequest) -> HttpResponse:
    context = {"lines": _lines(request.user), "may_place": may_anywhere(request.user, freezes.PERMISSION)}
    return render(request, "freezes/freeze_list.html", context)


@requires(freezes.PERMISSION, "GET", "HEAD", "POST", proof="form")
def freeze_add(request: HttpRequest) -> HttpResponse:
    names = names_shown_to(request.user)
    choices = {
        number: name for number, name in names.items() if may_on(request.user, freezes.PERMISSION, number)
    }
    may_cover_all = may_on(request.user, freezes.PERMISSION, None)
    form = FreezeForm(request.POST or None, names=choices, may_cover_all=may_cover_all)
    code = ""
    if request.method == "POST":
        place = partial(freezes.place, actor=actor_of(request))
        code = try_form(request, form, freezes.PERMISSION, lambda: place(definition=form.definition))
        if not code:
            messages.success(
                request, with_names(_("The freeze %(name)s is placed."), name=form.cleaned_data["name"])
            )
            return redirect("freeze_list")
    context = {
        "form": form,
        "refusal": shown_refusal(form, code),
        "delay_hours": settings.SNAPPORTAL_GUARD_DELAY_HOURS,
    }
    return render(request, "freezes/freeze_add.html", context, status=status_of(code))


@requires("snapshots.see", "GET", "HEAD", "POST", proof="form")
def freeze_detail(request: HttpRequest, pk: int) -> HttpResponse:
    tried = try_lifting(request, freezes.LIFTING, freezes.PERMISSION, pk)
    if tried.is_done:
        return redirect("freeze_list") if tried.step == "agree" else redirect("freeze_detail", pk)
    line = next((one for one in _lines(request.user) if one.freeze.pk == pk), None)
    if line is None:
        raise Http404("no such freeze")
    context = {"line": line} | lifting_context(request, tried, line.freeze)
    return render(request, "freezes/freeze_detail.html", context, status=status_of(tried.code))


def _lines(user: Person) -> list[FreezeLine]:
    """Those of all servers, and those that reach a server that the person sees."""
    names = names_shown_to(user)
    found = [one for one in freezes.current() if one.covers_all or any(map(one.reaches, names))]
    people = names_of_people(pk for one in found for pk in (one.person_id, one.lift_person_id) if pk)
    return [_line(one, names, people, user) for one in found]


def _line(freeze: Freeze, names: dict[int, str], people: dict[int, str], user: Person) -> FreezeLine:
    now = timezone.now()
    shown = [names[number] for number, _name in freeze.servers if number in names]
    numbers = [number for number, _name in freeze.servers] or [None]
    return FreezeLine(
        freeze=freeze,
        servers=shown,
        more=len(freeze.servers) - len(shown),
        week=week_text(freeze),
        placed_by=people.get(freeze.person_id, ""),
        asked_by=people.get(freeze.lift_person_id or 0, ""),
        ends_at=next_end(freeze, now) if is_inside(freeze, now) else None,
        may_lift=all(may_on(user, freezes.PERMISSION, number) for number in numbers),
    )
