"""The guide's own page, and what is said on it by hand."""

from typing import Final

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from snapportal.accounts.models import User
from snapportal.first_run import service
from snapportal.first_run.models import CONFIRMED_BY_HAND, Mark
from snapportal.first_run.steps import others_text
from snapshots.views.access import requires
from snapshots.views.actor import actor_of
from snapshots.views.live_pages import live

WISHES: Final = frozenset({"confirm", "withdraw"})


@live()
@requires("system.see", "GET", "HEAD")
def setup_detail(request: HttpRequest) -> HttpResponse:
    person = request.user
    assert isinstance(person, User)
    context = {"guide": service.read_guide(person), "is_hidden": service.is_hidden(person)}
    return render(request, "first_run/setup_detail.html", context)


@requires("system.see", "POST", page="setup_detail")
def setup_mark(request: HttpRequest) -> HttpResponse:
    """Say that a step is done, or is not any more."""
    wish, name = request.POST.get("wish", ""), request.POST.get("step", "")
    if wish not in WISHES or name not in CONFIRMED_BY_HAND:
        raise BadRequest("no such step")
    others = 0
    if wish == "confirm":
        others = service.confirm(Mark(name), actor=actor_of(request))
    else:
        service.withdraw(Mark(name), actor=actor_of(request))
    if others:
        messages.error(request, others_text(others))
    else:
        messages.success(request, _("That is recorded."))
    return redirect("setup_detail")


@requires("system.see", "POST", page="setup_detail")
def setup_hide(request: HttpRequest) -> HttpResponse:
    """Show the guide above the list of servers, or not any more: for this person alone."""
    person = request.user
    assert isinstance(person, User)
    if request.POST.get("wish") == "show":
        service.show(person, actor=actor_of(request))
        messages.success(request, _("The guide is shown above the list of servers again."))
    else:
        service.hide(person, actor=actor_of(request))
        messages.success(request, _("The guide is hidden. You find it under “System”."))
    return redirect("server_list")
