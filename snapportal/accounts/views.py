"""Sign-in, sign-out, invitations, and the person's own account."""

from dataclasses import replace

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from snapportal.accounts import people, throttle
from snapportal.accounts.factors import passkeys, service
from snapportal.accounts.factors.sign_in_views import sign_in_with_passkey
from snapportal.accounts.forms import FirstPasswordForm, NewPasswordForm, SignInForm
from snapportal.accounts.models import User
from snapportal.accounts.oidc.pages import offers_password
from snapportal.accounts.signing_in import (
    HOW_KEY,
    SINGLE_SIGN_ON,
    client_address,
    enter,
    record_wrong_password,
    refuse_while_blocked,
)
from snapportal.accounts.statements import INVITATION, PASSWORD
from snapportal.accounts.ways_in import can_prove_password, may_use_password
from snapshots.audit import journal
from snapshots.views.access import LOST_FORM, public, requires
from snapshots.views.actor import actor_of
from snapshots.views.context_processors import home_url


@public("GET", "HEAD", "POST")
def sign_in(request: HttpRequest) -> HttpResponse:
    if isinstance(request.user, User):
        return redirect(home_url(request.user))
    if request.POST.get("passkey"):
        answer = sign_in_with_passkey(request)
        if not isinstance(answer, str):
            return answer
        return _sign_in_page(request, SignInForm(request), passkey_error=answer)
    form = SignInForm(request, data=request.POST or None)
    if request.method == "POST":
        username = request.POST.get("username", "")
        minutes = throttle.minutes_to_wait(username, client_address(request))
        if minutes:
            return refuse_while_blocked(request, "person.sign_in", username, minutes)
        if form.is_valid():
            user = form.get_user()
            assert isinstance(user, User)
            return enter(request, user, how=PASSWORD.said(), wanted=request.POST.get("next", ""))
        if username and request.POST.get("password"):
            record_wrong_password(request, "person.sign_in", username)
    return _sign_in_page(request, form)


def _sign_in_page(request: HttpRequest, form: SignInForm, passkey_error: str = "") -> HttpResponse:
    context = {
        "form": form,
        "next": request.POST.get("next", request.GET.get("next", "")),
        "has_ended": "ended" in request.GET,
        "has_lost_form": request.GET.get("ended") == LOST_FORM,
        "can_use_passkey": passkeys.is_possible(request),
        "passkey_error": passkey_error,
    }
    return render(request, "accounts/sign_in.html", context | _ways_in(request))


def _ways_in(request: HttpRequest) -> dict[str, object]:
    """What the page offers. Where passwords are off the form is for emergency accounts, behind a link."""
    single_sign_on = settings.SNAPPORTAL_OIDC
    has_passwords = settings.SNAPPORTAL_PASSWORD_SIGN_IN
    return {
        "single_sign_on": single_sign_on.name if single_sign_on else "",
        "has_left": "left" in request.GET and single_sign_on is not None,
        "has_passwords": has_passwords,
        "shows_password": has_passwords or request.method == "POST" or "password" in request.GET,
        "offers_password": offers_password(),
    }


@requires("signed_in", "POST", page="account_detail")
def sign_out(request: HttpRequest) -> HttpResponse:
    """Of the portal alone: a session at the identity provider goes on, and the page says so."""
    is_single_sign_on = request.session.get(HOW_KEY, "").startswith(SINGLE_SIGN_ON)
    with journal.committed():
        journal.record(actor_of(request).entry(action="person.sign_out"))
        logout(request)
    return redirect(f"{reverse('sign_in')}?left=1" if is_single_sign_on else "sign_in")


def _invitation_over(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/invitation_over.html", status=404)


@public("GET", "HEAD", "POST")
def invitation_accept(request: HttpRequest, key: str) -> HttpResponse:
    """Set a password with the key of an invitation. A GET does not use the key."""
    person = people.find_invited(key)
    if person is None:
        return _invitation_over(request)
    if not may_use_password(person):
        return render(request, "accounts/no_passwords.html", status=403)
    form = FirstPasswordForm(person, request.POST or None)
    if request.method == "POST" and form.is_valid():
        actor = replace(actor_of(request), id=person.pk, name=str(person), role=person.role)
        try:
            people.accept_invitation(person, form.cleaned_data["new_password1"], actor=actor)
        except people.InvitationOverError:
            return _invitation_over(request)
        return enter(request, person, how=INVITATION.said())
    return render(request, "accounts/invitation.html", {"form": form, "person": person})


def _change_password(request: HttpRequest, form: NewPasswordForm) -> bool:
    """False if the password was changed meanwhile; the form then has an error."""
    try:
        people.change_password(form.user, form.cleaned_data["new_password1"], actor=actor_of(request))
    except people.PersonChangedError as error:
        form.add_error(None, str(error))
        return False
    update_session_auth_hash(request, form.user)
    return True


def _account_without_password(request: HttpRequest, user: User) -> HttpResponse:
    status = 403 if request.method == "POST" else 200
    return render(request, "accounts/account.html", _account_facts(user) | {"form": None}, status=status)


def _account_facts(user: User) -> dict[str, object]:
    return {
        "person": user,
        "has_factor": service.has_any(user),
        "sees_servers": user.has_own_perm("snapshots.see"),
    }


@requires("signed_in", "GET", "HEAD", "POST")
def account_detail(request: HttpRequest) -> HttpResponse:
    """The person's own name, role and password. A new password ends all other sessions."""
    user = request.user
    assert isinstance(user, User)
    if not can_prove_password(user):
        return _account_without_password(request, user)
    form = NewPasswordForm(user, request.POST or None)
    if request.method == "POST":
        minutes = throttle.minutes_to_wait(user.username, client_address(request))
        if minutes:
            return refuse_while_blocked(request, "person.set_password", user.username, minutes)
        if form.is_valid() and _change_password(request, form):
            messages.success(request, _("Your password is changed. Your other sessions have ended."))
            return redirect("account_detail")
        if "old_password" in form.errors and request.POST.get("old_password"):
            record_wrong_password(request, "person.set_password", user.username)
    return render(request, "accounts/account.html", _account_facts(user) | {"form": form})
