"""A recent proof of who it is before what is dangerous: a session that was left open, or stolen, is not enough.

Views say that they need it (`requires(..., proof=…)` in snapshots/views/access.py). Signing in is a proof too. Without a recent
one the answer is a page that asks for the password and holds what was typed as hidden fields; the right password sends it on
in the same request. What must not stand in a page (a token, a password) is not held: pages with such a field ask before they
show their form.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from snapportal.accounts import throttle
from snapportal.accounts.models import User
from snapportal.accounts.session_models import PersonSession
from snapportal.accounts.signing_in import record_wrong_password, refuse_while_blocked
from snapshots.audit import journal
from snapshots.audit.journal import JournalUnavailableError
from snapshots.views import errors
from snapshots.views.access import may_open
from snapshots.views.actor import actor_of

FIELD: Final = "step_up_password"
OPENS: Final = "step_up_opens"
"""A field of the page that asks before a form is shown: afterwards the form is opened, and nothing is sent."""
DROPPED: Final = "step_up_dropped"
"""A field that says that a secret was typed and is not held."""
SECRET_FIELDS: Final = frozenset(
    {"token", "secret", "address", "password", "old_password", "new_password1", "new_password2"}
)
"""Fields whose values stand in no page; a target's address may contain a secret."""
ACTION: Final = "person.prove"
View = Callable[..., HttpResponseBase]


class StepUpMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        proof = getattr(view, "proof", "")
        if not proof or request.method not in ({"POST"} if proof == "form" else {"POST", "GET"}):
            return None
        try:
            return _prove(request, view)
        except (DatabaseError, JournalUnavailableError):  # only what a view raises reaches FailureMiddleware
            return errors.unavailable(request)


def _prove(request: HttpRequest, view: View) -> HttpResponseBase | None:
    """None if the view may be called: whoever may not do it is told that by the view, and not asked who they are."""
    person = request.user
    if not isinstance(person, User) or not may_open(person, view.access) or _is_proven(request):  # type: ignore[attr-defined]
        return None
    if request.method == "POST" and FIELD in request.POST:
        return _check(request, person)
    return _ask(request)


def _is_proven(request: HttpRequest) -> bool:
    row = getattr(request.session, "row", None)
    if row is None:
        return False
    return bool(timezone.now() - row.proven_at < timedelta(minutes=settings.SNAPPORTAL_STEP_UP_MINUTES))


def _check(request: HttpRequest, person: User) -> HttpResponseBase | None:
    """None, and the request goes on, if the password is right."""
    minutes = throttle.minutes_to_wait(person.username, request.client_address)  # type: ignore[attr-defined]
    if minutes:
        return refuse_while_blocked(request, ACTION, person.username, minutes)
    if not person.check_password(request.POST[FIELD]):
        record_wrong_password(request, ACTION, person.username)
        return _ask(request, _("That is not your password. Nothing was sent."))
    with journal.committed():
        PersonSession.objects.filter(pk=request.session.session_key).update(proven_at=timezone.now())
        throttle.clear_failures(person.username, request.client_address)  # type: ignore[attr-defined]
        journal.record(actor_of(request).entry(action=ACTION, code="password", target=request.path))
    return _go_on(request)


def _go_on(request: HttpRequest) -> HttpResponseBase | None:
    fields = request.POST.copy()
    del fields[FIELD]
    if OPENS in fields or DROPPED in fields:
        if DROPPED in fields:
            messages.info(request, _("Confirmed. Enter the secret again: it was not kept meanwhile."))
        return redirect(request.get_full_path())
    request.POST = fields  # type: ignore[assignment]
    return None


def _ask(request: HttpRequest, error: str = "") -> HttpResponse:
    """The page that asks for the password, with what was typed."""
    own = {FIELD, OPENS, DROPPED, "csrfmiddlewaretoken"}
    held = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in own | SECRET_FIELDS
    ]
    has_dropped = any(request.POST.get(name) for name in SECRET_FIELDS) or DROPPED in request.POST
    context = {
        "error": error,
        "held": held,
        "opens": request.method == "GET" or OPENS in request.POST,
        "has_dropped": has_dropped,
        "minutes": settings.SNAPPORTAL_STEP_UP_MINUTES,
        "field": FIELD,
    }
    request.live = None  # type: ignore[attr-defined]
    return render(request, "accounts/step_up.html", context, status=403)
