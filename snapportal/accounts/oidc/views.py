"""The pages of a sign-in through the identity provider."""

from dataclasses import replace

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from snapportal.accounts import session_service
from snapportal.accounts.models import User
from snapportal.accounts.oidc import flows, identities, refusals
from snapportal.accounts.oidc.confirm_views import confirm
from snapportal.accounts.oidc.errors import SignOnError
from snapportal.accounts.oidc.flows import Flow
from snapportal.accounts.oidc.id_tokens import Claims
from snapportal.accounts.oidc.matching import Admission, admit
from snapportal.accounts.oidc.pages import check_is_on, failed, leave
from snapportal.accounts.oidc.provider import configured
from snapportal.accounts.signing_in import by_single_sign_on, enter
from snapportal.accounts.step_up import ACTION
from snapshots.audit.journal import Actor
from snapshots.views.access import public, requires
from snapshots.views.actor import actor_of
from snapshots.views.context_processors import home_url

SIGN_IN = "person.sign_in"


@public("GET", "HEAD", "POST")
def sso_start(request: HttpRequest) -> HttpResponse:
    """Lead to the identity provider."""
    check_is_on()
    if request.method != "POST":
        return redirect("sign_in")
    if isinstance(request.user, User):
        return redirect(home_url(request.user))
    wanted = request.POST.get("next", "")
    try:
        return leave(request, flows.begin(request, wanted=wanted))
    except SignOnError as error:
        return failed(request, error, wanted)


@public("GET")
def sso_return(request: HttpRequest) -> HttpResponse:
    """The identity provider's answer, which the browser brings."""
    check_is_on()
    try:
        flow = flows.take(request)
    except SignOnError as error:
        refusals.record(request, error)
        return failed(request, error)  # the cookie stays: it may be of a flow that is still under way
    try:
        response = confirm(request, flow) if flow.held else _sign_in(request, flow)
    except SignOnError as error:
        refusals.record(request, error, action=ACTION if flow.held else SIGN_IN)
        response = failed(request, error, flow.wanted, is_confirming=bool(flow.held))
    return flows.delete_cookie(response)


def _sign_in(request: HttpRequest, flow: Flow) -> HttpResponse:
    claims = flows.finish(request, flow)
    return _enter(request, flow, claims, admit(claims, actor=actor_for(request)))


def actor_for(request: HttpRequest) -> Actor:
    """Who links, adds and changes people as the identity provider says."""
    return replace(actor_of(request), id=None, name="Single sign-on", role="")


def _enter(request: HttpRequest, flow: Flow, claims: Claims, admission: Admission) -> HttpResponse:
    response = enter(
        request,
        admission.person,
        how=by_single_sign_on(configured().issuer),
        wanted=flow.wanted,
        has_second_factor=claims.has_second_factor,
    )
    if not request.user.is_authenticated:  # a second factor is asked for first
        return response
    if claims.signed_in_at:
        session_service.note_older_proof(request.session.session_key, claims.signed_in_at)
    if admission.keeps_role:
        messages.warning(
            request,
            _(
                "Your groups give you another role, but you are the last active admin, so you keep yours. "
                "Make somebody else an admin."
            ),
        )
    return response


@requires("people.manage", "POST", page="person_list", proof="form")
def identity_unlink(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget which account of the identity provider a person is."""
    person = get_object_or_404(User, pk=pk)
    named = request.POST.get("identity", "")
    if named.isdecimal() and identities.unlink(person, int(named), actor=actor_of(request)):
        messages.success(request, _("The link to the identity provider is removed."))
    else:
        messages.info(request, _("That link was removed already."))
    return redirect("person_edit", pk)
