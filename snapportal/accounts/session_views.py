"""A person's own sessions, and ending them."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from snapportal.accounts import session_service
from snapportal.accounts.models import User
from snapshots.views.access import requires
from snapshots.views.actor import actor_of
from snapshots.views.live_pages import live


@live(max_age=30)
@requires("signed_in", "GET", "HEAD")
def session_list(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    lines = session_service.lines(request.user, request.session.session_key or "")
    context = {
        "lines": lines,
        "has_others": len(lines) > 1,
        "session_hours": settings.SNAPPORTAL_SESSION_HOURS,
        "idle_minutes": settings.SNAPPORTAL_SESSION_IDLE_MINUTES,
    }
    return render(request, "accounts/sessions.html", context)


@requires("signed_in", "POST", page="session_list", proof="form")
def session_end(request: HttpRequest) -> HttpResponse:
    """The session that the form names, or all others."""
    person = request.user
    assert isinstance(person, User)
    actor, named = actor_of(request), request.POST.get("session", "")
    if named:
        if session_service.end_one(actor=actor, person=person, session_id=named):
            messages.success(request, _("The session is ended."))
        else:
            messages.info(request, _("That session has ended already."))
    else:
        count = session_service.end_all(actor=actor, person=person, besides=request.session.session_key or "")
        messages.success(request, _ended_text(count))
    return redirect("session_list")


@requires("people.manage", "POST", page="person_list", proof="form")
def person_sessions_end(request: HttpRequest, pk: int) -> HttpResponse:
    """All sessions of a person."""
    person = get_object_or_404(User, pk=pk)
    own = request.session.session_key or "" if person.pk == request.user.pk else ""
    count = session_service.end_all(actor=actor_of(request), person=person, besides=own)
    messages.success(request, _ended_text(count))
    return redirect("person_edit", pk)


def _ended_text(count: int) -> str:
    if not count:
        return _("There was no other session.")
    return ngettext("%d session is ended.", "%d sessions are ended.", count) % count
