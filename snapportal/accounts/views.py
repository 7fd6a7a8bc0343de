"""Sign-in, sign-out, invitations, and the person's own account."""

from dataclasses import replace
from urllib.parse import unquote

from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from snapportal.accounts import people, session_service, throttle
from snapportal.accounts.devices import set_cookie
from snapportal.accounts.forms import FirstPasswordForm, NewPasswordForm, SignInForm
from snapportal.accounts.models import User
from snapshots.audit import journal, masking
from snapshots.notifications.events import NEW_DEVICE
from snapshots.views.access import public, requires
from snapshots.views.actor import actor_of
from snapshots.views.context_processors import home_url

BACKEND = "snapportal.accounts.backends.Backend"


def _address(request: HttpRequest) -> str:
    return request.client_address  # type: ignore[attr-defined,no-any-return]


def _is_portal_page(url: str) -> bool:
    """Whether a URL is a page of this portal other than the front page, which not every role may open.

    A second slash could begin a host name, and `..` could lead to another application of this host.
    """
    front = reverse("server_list")
    path = unquote(url.partition("?")[0]).replace("\\", "/")
    inside = url.removeprefix(front)
    return url.startswith(front) and inside[:1] not in {"", "/", "\\"} and ".." not in path.split("/")


def _next_url(request: HttpRequest, user: User) -> str:
    """The page that the person requested, if it is one of this portal; else the first page that the role may open."""
    wanted = request.POST.get("next", "")
    is_safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_safe and _is_portal_page(wanted) and wanted.isprintable() else home_url(user)


def _start_session(request: HttpRequest, user: User) -> None:
    """Start a session (with a new key) and write its audit row in one transaction. A new device is told to the person."""
    with journal.committed():
        login(request, user, backend=BACKEND)
        code = NEW_DEVICE if session_service.begin(request, user) else ""
        throttle.clear_failures(user.username, _address(request))
        journal.record(actor_of(request).entry(action="person.sign_in", result="completed", code=code))


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
    address = _address(request)
    with journal.committed():
        throttle.record_failure(username, address)
        code = "braked" if throttle.minutes_to_wait(username, address) else "wrong_password"
        _record_refusal(request, action, username, code)


def refuse_while_blocked(request: HttpRequest, action: str, username: str, minutes: int) -> HttpResponse:
    """The response while sign-in is blocked. Only the first attempt during a block is recorded, so that guessing cannot
    fill the log."""
    failure = throttle.find_unrecorded_block(username, _address(request))
    if failure is not None:
        with journal.committed():
            if throttle.mark_followed(failure):
                _record_refusal(request, action, username, "held_back")
    response = render(request, "accounts/too_many.html", {"minutes": minutes}, status=429)
    response["Retry-After"] = str(minutes * 60)
    return response


@public("GET", "HEAD", "POST")
def sign_in(request: HttpRequest) -> HttpResponse:
    if isinstance(request.user, User):
        return redirect(home_url(request.user))
    form = SignInForm(request, data=request.POST or None)
    if request.method == "POST":
        username = request.POST.get("username", "")
        minutes = throttle.minutes_to_wait(username, _address(request))
        if minutes:
            return refuse_while_blocked(request, "person.sign_in", username, minutes)
        if form.is_valid():
            user = form.get_user()
            assert isinstance(user, User)
            _start_session(request, user)
            return set_cookie(request, redirect(_next_url(request, user)))
        if username and request.POST.get("password"):
            record_wrong_password(request, "person.sign_in", username)
    wanted = request.POST.get("next", request.GET.get("next", ""))
    context = {"form": form, "next": wanted, "has_ended": "ended" in request.GET}
    return render(request, "accounts/sign_in.html", context)


@requires("signed_in", "POST", page="account_detail")
def sign_out(request: HttpRequest) -> HttpResponse:
    with journal.committed():
        journal.record(actor_of(request).entry(action="person.sign_out"))
        logout(request)
    return redirect("sign_in")


def _invitation_over(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/invitation_over.html", status=404)


@public("GET", "HEAD", "POST")
def invitation_accept(request: HttpRequest, key: str) -> HttpResponse:
    """Set a password with the key of an invitation. A GET does not use the key."""
    person = people.find_invited(key)
    if person is None:
        return _invitation_over(request)
    form = FirstPasswordForm(person, request.POST or None)
    if request.method == "POST" and form.is_valid():
        actor = replace(actor_of(request), id=person.pk, name=str(person), role=person.role)
        try:
            people.accept_invitation(person, form.cleaned_data["new_password1"], actor=actor)
        except people.InvitationOverError:
            return _invitation_over(request)
        _start_session(request, person)
        return set_cookie(request, redirect(home_url(person)))
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


@requires("signed_in", "GET", "HEAD", "POST")
def account_detail(request: HttpRequest) -> HttpResponse:
    """The person's own name, role and password. A new password ends all other sessions."""
    user = request.user
    assert isinstance(user, User)
    form = NewPasswordForm(user, request.POST or None)
    if request.method == "POST":
        minutes = throttle.minutes_to_wait(user.username, _address(request))
        if minutes:
            return refuse_while_blocked(request, "person.set_password", user.username, minutes)
        if form.is_valid() and _change_password(request, form):
            messages.success(request, _("Your password is changed. Your other sessions have ended."))
            return redirect("account_detail")
        if "old_password" in form.errors and request.POST.get("old_password"):
            record_wrong_password(request, "person.set_password", user.username)
    return render(request, "accounts/account.html", {"form": form, "person": user})
