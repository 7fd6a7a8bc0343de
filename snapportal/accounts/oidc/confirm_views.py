"""Confirming at the identity provider that it is you: there the person signs in anew, and the form that waited can be sent."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from snapportal.accounts.models import User
from snapportal.accounts.oidc import confirming, flows, refusals
from snapportal.accounts.oidc.confirming import Held
from snapportal.accounts.oidc.errors import FlowError, RefusedError, SignOnError
from snapportal.accounts.oidc.flows import Flow
from snapportal.accounts.oidc.pages import check_is_on, failed, leave
from snapportal.accounts.oidc.provider import configured
from snapportal.accounts.signing_in import by_single_sign_on
from snapportal.accounts.step_up import ACTION, note_proof
from snapshots.audit import journal
from snapshots.views.access import requires


@requires("signed_in", "POST", page="account_detail")
def sso_confirm(request: HttpRequest) -> HttpResponse:
    """Keep the form, and lead to the identity provider."""
    check_is_on()
    wanted = ""
    try:
        held = confirming.hold(request)
        wanted = held.target
        return leave(request, flows.begin(request, wanted=wanted, held=held.id))
    except SignOnError as error:
        return failed(request, error, wanted, is_confirming=True)


def confirm(request: HttpRequest, flow: Flow) -> HttpResponse:
    """The answer that proves who it is in the session that asked for it. Raises SignOnError."""
    person = request.user
    if not isinstance(person, User):
        raise FlowError("foreign_answer", "nobody is signed in")
    held = confirming.find(request, flow.held)
    claims = flows.finish(request, flow)
    if not person.identities.filter(issuer=configured().issuer, subject=claims.subject).exists():
        raise RefusedError("other_person")
    if not flows.is_fresh(claims, flow):
        raise RefusedError("not_fresh")
    with journal.committed():
        note_proof(
            request,
            person,
            code="single_sign_on",
            evidence=by_single_sign_on(configured().issuer),
            target=held.target.partition("?")[0],
            has_second_factor=claims.has_second_factor,
        )
    return _go_on(request, held)


def _go_on(request: HttpRequest, held: Held) -> HttpResponse:
    if not held.opens:
        return redirect("sso_confirmed", held.id)
    if held.has_dropped:
        messages.info(request, _("Confirmed. Enter the secret again: it was not kept meanwhile."))
    return redirect(held.target)


@requires("signed_in", "GET", "HEAD")
def sso_confirmed(request: HttpRequest, held_id: str) -> HttpResponse:
    """What was asked for is sent with a button: a redirect cannot send a form."""
    check_is_on()
    try:
        held = confirming.find(request, held_id)
    except FlowError as error:
        refusals.record(request, error, action=ACTION)
        return failed(request, error, is_confirming=True)
    return render(request, "accounts/sso_confirmed.html", {"held": held})
