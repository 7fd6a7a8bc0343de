"""The second step of a sign-in, sign-in with a passkey alone, and the second factor of a session that began without it."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from snapportal.accounts import throttle
from snapportal.accounts.factors import kinds, passkeys, pending
from snapportal.accounts.factors.kinds import SECOND_STEP, Attempt
from snapportal.accounts.factors.passkeys import PasskeyError
from snapportal.accounts.factors.pending import Pending
from snapportal.accounts.models import User
from snapportal.accounts.signing_in import (
    client_address,
    enter,
    record_refused_proof,
    refuse_while_blocked,
)
from snapportal.accounts.statements import PASSKEY
from snapportal.accounts.step_up import note_proof
from snapportal.accounts.ways_in import may_use_password
from snapshots.audit import journal
from snapshots.audit.wording.statements import joined
from snapshots.views.access import public, requires
from snapshots.views.context_processors import home_url

SIGN_IN = "person.sign_in"


def _page(request: HttpRequest, person: User, url_name: str, error: str, tried: str = "") -> HttpResponse:
    """The page that asks for one of the factors that the person has."""
    context = {
        "kinds": [kind for kind in SECOND_STEP if kind.is_for(request, person)],
        "error": error,
        "tried": tried,
        "action": reverse(url_name),
        "is_pending": url_name == "second_factor",
    }
    return render(request, "accounts/factors/second_factor.html", context)


def _attempt(request: HttpRequest, person: User, action: str) -> Attempt | None:
    """None for a page that is opened, or a form in which nothing was typed."""
    kind = kinds.sent_kind(request, SECOND_STEP) if request.method == "POST" else None
    return kinds.attempt(request, person, kind, action=action) if kind else None


@public("GET", "HEAD", "POST")
def second_factor(request: HttpRequest) -> HttpResponse:
    """The second step of a sign-in."""
    waiting = pending.read(request)
    if waiting is None:
        return redirect(f"{reverse('sign_in')}?ended=1")
    done = _attempt(request, waiting.person, SIGN_IN)
    if done is None:
        return _page(request, waiting.person, "second_factor", "")
    if done.response:
        return done.response
    if done.words:
        return _enter(request, waiting, done.words)
    pending.count_try(request)
    if pending.read(request) is None:  # that was the last try
        return redirect(f"{reverse('sign_in')}?ended=1")
    return _page(request, waiting.person, "second_factor", done.error, done.kind.code if done.kind else "")


def _enter(request: HttpRequest, waiting: Pending, words: str) -> HttpResponse:
    request.session.flush()
    return enter(
        request,
        waiting.person,
        how=joined([waiting.how, words], " + "),
        wanted=waiting.wanted,
        has_second_factor=True,
    )


@requires("signed_in", "GET", "HEAD", "POST")
def factor_confirm(request: HttpRequest) -> HttpResponse:
    """Asks for the second factor in a session that began without it."""
    person = request.user
    assert isinstance(person, User)
    done = _attempt(request, person, "person.prove")
    if done is None or done.error:
        tried = done.kind.code if done and done.kind else ""
        return _page(request, person, "factor_confirm", done.error if done else "", tried)
    if done.response:
        return done.response
    assert done.kind is not None
    with journal.committed():
        note_proof(request, person, code=done.kind.code, evidence=done.words, has_second_factor=True)
    return redirect(home_url(person))


def sign_in_with_passkey(request: HttpRequest) -> HttpResponse | str:
    """The response to a passkey that proved who it is without a password; a text for the page if it did not."""
    minutes = throttle.minutes_to_wait("", client_address(request))
    if minutes:
        return refuse_while_blocked(request, SIGN_IN, "", minutes)
    try:
        person = passkeys.verify(request, request.POST["passkey"], person=None)
        may_enter = person.is_active and not person.is_service_account and may_use_password(person)
    except PasskeyError as error:
        record_refused_proof(request, SIGN_IN, "", error.code)
        return _refusal_text(error.code)
    if not may_enter:
        record_refused_proof(request, SIGN_IN, person.username, "wrong_passkey")
        return _refusal_text("")
    wanted = request.POST.get("next", "")
    request.session.flush()
    return enter(request, person, how=PASSKEY.said(), wanted=wanted, has_second_factor=True)


def _refusal_text(code: str) -> str:
    if code == "passkey_unverified":
        return _(
            "This passkey did not check that it is you, by a PIN, a finger or a face. Sign in with your password; the "
            "passkey is then your second factor."
        )
    if code == "passkey_expired":
        return _("That took too long. Try again.")
    return _("This passkey is not known here, or the account is not active.")


@public("GET")
def passkey_options(request: HttpRequest) -> HttpResponse:
    """What static/passkeys.js gives to the browser: a challenge for whoever is signed in, or is signing in."""
    if not passkeys.is_possible(request):
        return JsonResponse({}, status=404)
    person = request.user
    if isinstance(person, User):
        is_new = "new" in request.GET
        make = passkeys.registration_options if is_new else passkeys.authentication_options
        return JsonResponse(make(request, person))
    waiting = pending.read(request) if "known" in request.GET else None
    if waiting is None:
        pending.short_session(request)
    return JsonResponse(passkeys.authentication_options(request, waiting.person if waiting else None))
