"""The lock of a server: placing it, and the two people, or the time, that lifting it takes."""

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from snapshots.connection import own_token_or_404
from snapshots.operations import server_locks
from snapshots.operations.guarded_models import ServerLock
from snapshots.operations.server_views import ServerView, server_view_or_404
from snapshots.views.access import check_on_server, requires
from snapshots.views.actor import actor_of
from snapshots.views.blocked import lock_context
from snapshots.views.forms.server_locks import AskToLiftForm, LockForm
from snapshots.views.refused_forms import status_of
from snapshots.views.tried_forms import shown_refusal, try_form

FORMS: Final[dict[str, type[Form]]] = {
    "place": LockForm,
    "ask": AskToLiftForm,
    "agree": Form,
    "keep": Form,
}
"""The steps that the page offers."""


@requires(server_locks.PERMISSION, "GET", "HEAD", "POST", proof="form")
def server_lock(request: HttpRequest, token_id: str, server_id: int) -> HttpResponse:
    view = server_view_or_404(own_token_or_404(request.user, token_id), server_id)
    check_on_server(request, server_locks.PERMISSION, view)
    step = request.POST.get("step", "")
    if request.method != "POST" or step not in FORMS:
        return _page(request, view)
    form = FORMS[step](request.POST)
    code = try_form(request, form, server_locks.PERMISSION, lambda: _run(request, view, step, form))
    if code:
        return _page(request, view, form, code)
    return redirect("server_lock", token_id, server_id)


def _run(request: HttpRequest, view: ServerView, step: str, form: Form) -> None:
    """Raises OperationRefusedError."""
    runs: dict[str, Callable[..., object]] = {
        "place": server_locks.place,
        "ask": server_locks.ask_to_lift,
        "agree": server_locks.agree_to_lift,
        "keep": server_locks.keep,
    }
    names = {"server_name": view.name} if step == "place" else {}
    runs[step](actor=actor_of(request), server_id=view.server_id, **names, **form.cleaned_data)


def _page(request: HttpRequest, view: ServerView, form: Form | None = None, code: str = "") -> HttpResponse:
    """`form` is the one that was sent, if any."""
    shown = lock_context(view.server_id)
    lock: ServerLock | None = shown["lock"]
    context = shown | {
        "view": view,
        "is_mine": lock is not None and lock.lift_person_id == request.user.pk,
        "lock_form": form if isinstance(form, LockForm) else LockForm(),
        "ask_form": form if isinstance(form, AskToLiftForm) else AskToLiftForm(),
        "refusal": shown_refusal(form, code),
        "delay_hours": settings.SNAPPORTAL_GUARD_DELAY_HOURS,
        "has_ended": lock is None and ServerLock.objects.filter(server_id=view.server_id).exists(),
    }
    return render(request, "servers/server_lock.html", context, status=status_of(code))
