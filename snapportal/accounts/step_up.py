"""A recent proof of who it is before what is dangerous: a session that was left open, or stolen, is not enough.

Views say that they need it (`requires(..., proof=…)` in snapshots/views/access.py). Signing in is a proof too. Without a recent
one the answer is a page that asks for one (see factors/kinds.py) and holds what was typed as hidden fields; a right proof sends
it on in the same request, and counts in the browser that gave it only (proof_cookie.py). What must not stand in a page (a token,
a password) is not held: pages with such a field ask before they show their form.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from snapportal.accounts import proof_cookie, session_service, throttle
from snapportal.accounts.factors import kinds
from snapportal.accounts.factors.kinds import FIELD_PREFIX, STEP_UP, ProofKind
from snapportal.accounts.models import User
from snapportal.accounts.signing_in import client_address
from snapshots.audit import journal
from snapshots.audit.journal import JournalUnavailableError
from snapshots.views import errors, look
from snapshots.views.access import may_open
from snapshots.views.actor import actor_of

OPENS: Final = "step_up_opens"
"""A field of the page that asks before a form is shown: afterwards the form is opened, and nothing is sent."""
DROPPED: Final = "step_up_dropped"
"""A field that says that a secret was typed and is not held."""
SECRET_FIELDS: Final = frozenset(
    {
        "token",
        "secret",
        "address",
        "password",
        "old_password",
        "new_password1",
        "new_password2",
        "one_time_code",
    }
)
"""Fields whose values stand in no page; a target's address may contain a secret."""
ACTION: Final = "person.prove"
View = Callable[..., HttpResponseBase]


class StepUpMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return proof_cookie.set_cookie(request, self.get_response(request))

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
    look.use_persons(request)
    kind = kinds.sent_kind(request, STEP_UP) if request.method == "POST" else None
    return _check(request, person, kind) if kind else _ask(request)


def _is_proven(request: HttpRequest) -> bool:
    row = getattr(request.session, "row", None)
    if row is None or not proof_cookie.fits(request, row.proof_digest):
        return False
    return bool(timezone.now() - row.proven_at < timedelta(minutes=settings.SNAPPORTAL_STEP_UP_MINUTES))


def _check(request: HttpRequest, person: User, kind: ProofKind) -> HttpResponseBase | None:
    """None, and the request goes on, if the proof is right."""
    done = kinds.attempt(request, person, kind, action=ACTION)
    if done.response:
        return done.response
    if done.error:
        return _ask(request, done.error, kind.code)
    with journal.committed():
        note_proof(request, person, code=kind.code, has_second_factor=kind.is_second_factor)
    return _go_on(request)


def note_proof(
    request: HttpRequest,
    person: User,
    *,
    code: str,
    evidence: str = "",
    target: str = "",
    has_second_factor: bool = False,
) -> None:
    """The person has just proved who it is, by a kind of proof with this code. Only inside `journal.committed()`."""
    session_service.note_proven(request, has_second_factor=has_second_factor)
    throttle.clear_failures(person.username, client_address(request))
    journal.record(
        actor_of(request).entry(action=ACTION, code=code, target=target or request.path, evidence=evidence)
    )


def _go_on(request: HttpRequest) -> HttpResponseBase | None:
    fields = request.POST.copy()
    for name in [name for name in fields if name.startswith(FIELD_PREFIX) and name not in {OPENS, DROPPED}]:
        del fields[name]
    if OPENS in fields or DROPPED in fields:
        if DROPPED in fields:
            messages.info(request, _("Confirmed. Enter the secret again: it was not kept meanwhile."))
        return redirect(request.get_full_path())
    request.POST = fields  # type: ignore[assignment]
    return None


def kept_fields(posted: QueryDict) -> list[tuple[str, str]]:
    """What was typed and is kept until the proof: no secrets, and nothing of the proof itself."""
    return [
        (name, value)
        for name, values in posted.lists()
        for value in values
        if not name.startswith(FIELD_PREFIX) and name not in SECRET_FIELDS | {"csrfmiddlewaretoken"}
    ]


def _ask(request: HttpRequest, error: str = "", tried: str = "") -> HttpResponse:
    """The page that asks for a proof, with what was typed. `error` is about the kind of proof that was tried."""
    has_dropped = any(request.POST.get(name) for name in SECRET_FIELDS) or DROPPED in request.POST
    context = {
        "error": error,
        "tried": tried,
        "kinds": [kind for kind in STEP_UP if kind.is_for(request, request.user)],  # type: ignore[arg-type]
        "held": kept_fields(request.POST),
        "opens": request.method == "GET" or OPENS in request.POST,
        "has_dropped": has_dropped,
        "minutes": settings.SNAPPORTAL_STEP_UP_MINUTES,
    }
    request.live = None  # type: ignore[attr-defined]
    return render(request, "accounts/step_up.html", context, status=403)
