"""The grace time of a server: setting it, and the two people, or the time, that a shorter one takes."""

from collections.abc import Callable
from functools import partial
from typing import Final

from django.conf import settings
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from snapshots.connection import own_token_or_404
from snapshots.deletions import grace
from snapshots.operations.server_views import ServerView, server_view_or_404
from snapshots.views.access import check_on_server, requires
from snapshots.views.actor import actor_of
from snapshots.views.forms.deletions import GraceForm, days_text
from snapshots.views.marks import names_of_people
from snapshots.views.refused_forms import status_of
from snapshots.views.tried_forms import shown_refusal, try_form

ANSWERS: Final[dict[str, Callable[..., None]]] = {
    "agree": grace.agree_to_shorten,
    "keep": grace.keep_grace,
}
"""What others do when somebody has asked for a shorter one."""


@requires(grace.PERMISSION, "GET", "HEAD", "POST", proof="form")
def server_grace(request: HttpRequest, token_id: str, server_id: int) -> HttpResponse:
    """Set how long deletions of a server's snapshots wait."""
    view = server_view_or_404(own_token_or_404(request.user, token_id), server_id)
    check_on_server(request, grace.PERMISSION, view)
    step, form = request.POST.get("step", ""), _form(request, server_id)
    if request.method != "POST":
        return _page(request, view, form)
    actor = actor_of(request)
    if step in ANSWERS:
        run = partial(ANSWERS[step], actor=actor, server_id=server_id)
        code = try_form(request, Form(request.POST), grace.PERMISSION, run)
    else:
        ids = {"server_id": server_id, "server_name": view.name, "token_id": token_id}
        code = try_form(
            request,
            form,
            grace.PERMISSION,
            lambda: grace.set_grace(actor=actor, **ids, **form.cleaned_data),  # type: ignore[arg-type]
        )
    if code:
        return _page(request, view, form, code)
    is_asked = _asked(server_id)
    return redirect("server_grace" if is_asked else "server_detail", token_id, server_id)


def _asked(server_id: int) -> bool:
    row = grace.grace_of(server_id)
    return row is not None and row.lift_due_at is not None


def _form(request: HttpRequest, server_id: int) -> GraceForm:
    row = grace.grace_of(server_id)
    is_sent = request.method == "POST" and request.POST.get("step", "") not in ANSWERS
    days = "" if row is None or row.days is None else str(row.days)
    form = GraceForm(request.POST if is_sent else None, initial={"days": days})
    form.set_choices(settings.SNAPPORTAL_DELETE_GRACE_DAYS)
    return form


def _page(request: HttpRequest, view: ServerView, form: GraceForm, code: str = "") -> HttpResponse:
    row = grace.grace_of(view.server_id)
    asked = row if row and row.lift_due_at else None
    asked_by = asked.lift_person_id or 0 if asked else 0
    context = {
        "view": view,
        "form": form,
        "days_text": days_text(grace.grace_days(view.server_id)),
        "asked": asked,
        "asked_by": names_of_people([asked_by]).get(asked_by, ""),
        "next_text": days_text(grace.resolved(asked.next_days)) if asked else "",
        "is_mine": asked_by == request.user.pk,
        "refusal": shown_refusal(form, code),
        "delay_hours": settings.SNAPPORTAL_GUARD_DELAY_HOURS,
    }
    return render(request, "deletions/server_grace.html", context, status=status_of(code))
