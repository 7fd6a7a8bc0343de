"""From a proof of who it is to a session: whatever proved it, a session begins here, and each refusal is recorded here."""

from urllib.parse import unquote

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from snapportal.accounts import session_service, statements, throttle
from snapportal.accounts.devices import set_cookie
from snapportal.accounts.factors import pending, service
from snapportal.accounts.look import service as look
from snapportal.accounts.models import User
from snapshots.audit import journal, masking
from snapshots.audit.wording.statements import joined
from snapshots.notifications.events import CODES_STOPPED, NEW_DEVICE
from snapshots.views import errors
from snapshots.views.actor import actor_of
from snapshots.views.context_processors import home_url

BACKEND = "snapportal.accounts.backends.Backend"
HOW_KEY = "signed_in_by"
SINGLE_SIGN_ON = statements.SINGLE_SIGN_ON.said()


def by_single_sign_on(issuer: str) -> str:
    """How the log calls a proof by this identity provider."""
    return joined([SINGLE_SIGN_ON, statements.ISSUER.said(issuer=issuer)], ", ")


def client_address(request: HttpRequest) -> str:
    return request.client_address  # type: ignore[attr-defined,no-any-return]


def _is_portal_page(url: str) -> bool:
    """Whether a URL is a page of this portal other than the front page, which not every role may open.

    A second slash could begin a host name, and `..` could lead to another application of this host.
    """
    front = reverse("server_list")
    path = unquote(url.partition("?")[0]).replace("\\", "/")
    inside = url.removeprefix(front)
    return url.startswith(front) and inside[:1] not in {"", "/", "\\"} and ".." not in path.split("/")


def _next_url(request: HttpRequest, user: User, wanted: str) -> str:
    """The page that the person requested, if it is one of this portal; else the first page that the role may open."""
    is_safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_safe and _is_portal_page(wanted) and wanted.isprintable() else home_url(user)


def enter(
    request: HttpRequest, user: User, *, how: str, wanted: str = "", has_second_factor: bool = False
) -> HttpResponse:
    """The response to somebody who proved who it is, in the way `how`, and wants the page `wanted`.

    `how` is a statement, such as "password". Whoever has a second factor is asked for it first, unless the proof was one already.
    """
    if not has_second_factor and service.has_any(user):
        pending.begin(request, user, how=how, wanted=wanted)
        return redirect("second_factor")
    _start_session(request, user, how, has_second_factor=has_second_factor)
    return set_cookie(request, redirect(_next_url(request, user, wanted)))


def _start_session(request: HttpRequest, user: User, how: str, *, has_second_factor: bool) -> None:
    """Start a session (with a new key) and write its audit row in one transaction. A new device is told to the person."""
    with journal.committed():
        login(request, user, backend=BACKEND)
        request.session[HOW_KEY] = how
        look.adopt(request, user)
        is_new = session_service.begin(request, user, has_second_factor=has_second_factor)
        code = NEW_DEVICE if is_new else ""
        throttle.clear_failures(user.username, client_address(request))
        journal.record(
            actor_of(request).entry(action="person.sign_in", result="completed", code=code, evidence=how)
        )


def _record_refusal(request: HttpRequest, action: str, username: str, code: str) -> None:
    """Record a refusal with the sign-in name if somebody has it, else masked: the text may be a password."""
    name = User.normalize_username(username)
    person_id = User.objects.id_of(name)
    target = name if person_id is not None else masking.mask_name(name)
    journal.record(
        actor_of(request).entry(
            action=action, result="refused", code=code, target=target, target_person_id=person_id
        )
    )


def record_wrong_password(request: HttpRequest, action: str, username: str) -> None:
    """Count and record a wrong password."""
    record_refused_proof(request, action, username, "wrong_password")


def record_refused_proof(
    request: HttpRequest, action: str, username: str, code: str, *, is_counted: bool = True
) -> None:
    """Record a proof that was refused, and count it unless it was not the person's fault."""
    address = client_address(request)
    with journal.committed():
        if is_counted:
            throttle.record_failure(username, address)
        if code != CODES_STOPPED and throttle.minutes_to_wait(username, address):
            code = "braked"
        _record_refusal(request, action, username, code)


def refuse_while_blocked(request: HttpRequest, action: str, username: str, minutes: int) -> HttpResponse:
    """The response while sign-in is blocked. Only the first attempt during a block is recorded, so that guessing cannot
    fill the log."""
    failure = throttle.find_unrecorded_block(username, client_address(request))
    if failure is not None:
        with journal.committed():
            if throttle.mark_followed(failure):
                _record_refusal(request, action, username, "held_back")
    return errors.too_many_attempts(request, minutes)
