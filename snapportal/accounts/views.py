"""Coming in, going out, and one's own account."""

from dataclasses import replace
from urllib.parse import unquote

from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from snapportal.accounts import people, throttle
from snapportal.accounts.forms import FirstPasswordForm, NewPasswordForm, SignInForm
from snapportal.accounts.models import User
from snapshots.audit import journal, masking
from snapshots.views.access import public, requires
from snapshots.views.actor import actor_of
from snapshots.views.context_processors import home_url

BACKEND = "django.contrib.auth.backends.ModelBackend"


def _address(request: HttpRequest) -> str:
    return request.client_address  # type: ignore[attr-defined,no-any-return]


def _is_place(url: str) -> bool:
    """Whether a path with its query leads into this portal, and not merely to its front page, which is not open to all.

    What begins with another slash may be a host; what climbs with `..` may be another application of this host.
    """
    front = reverse("server_list")
    path = unquote(url.partition("?")[0]).replace("\\", "/")
    inside = url.removeprefix(front)
    return url.startswith(front) and inside[:1] not in {"", "/", "\\"} and ".." not in path.split("/")


def _next_url(request: HttpRequest, user: User) -> str:
    """Where the person wanted to go, if it is a place of this site; else the first place that is open to him."""
    wanted = request.POST.get("next", "")
    is_safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_safe and _is_place(wanted) and wanted.isprintable() else home_url(user)


def _come_in(request: HttpRequest, user: User) -> None:
    """Begin a session (under a new key) together with its audit row: without the row there is no session."""
    with journal.committed():
        login(request, user, backend=BACKEND)
        throttle.forgive(user.username, _address(request))
        journal.record(actor_of(request).entry(action="person.sign_in", result="completed"))


def _refuse(request: HttpRequest, action: str, username: str, code: str) -> None:
    """Record it with the sign-in name, if somebody has it: what else is typed there may be a password."""
    name = User.normalize_username(username)
    target = name if User.objects.has_username(name) else masking.mask_name(name)
    journal.record(actor_of(request).entry(action=action, result="refused", code=code, target=target))


def _turn_away(request: HttpRequest, action: str, username: str) -> None:
    """Count and record a wrong password."""
    address = _address(request)
    with journal.committed():
        throttle.note_failure(username, address)
        code = "braked" if throttle.minutes_to_wait(username, address) else "wrong_password"
        _refuse(request, action, username, code)


def _hold_back(request: HttpRequest, action: str, username: str, minutes: int) -> HttpResponse:
    """The answer while the brake holds. The first attempt after a failure is recorded, and no other: a guesser cannot
    fill the log."""
    failure = throttle.find_unfollowed(username, _address(request))
    if failure is not None:
        with journal.committed():
            if throttle.note_followed(failure):
                _refuse(request, action, username, "held_back")
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
            return _hold_back(request, "person.sign_in", username, minutes)
        if form.is_valid():
            user = form.get_user()
            assert isinstance(user, User)
            _come_in(request, user)
            return redirect(_next_url(request, user))
        if username and request.POST.get("password"):
            _turn_away(request, "person.sign_in", username)
    wanted = request.POST.get("next", request.GET.get("next", ""))
    return render(request, "accounts/sign_in.html", {"form": form, "next": wanted})


@requires("signed_in", "POST")
def sign_out(request: HttpRequest) -> HttpResponse:
    with journal.committed():
        journal.record(actor_of(request).entry(action="person.sign_out"))
        logout(request)
    return redirect("sign_in")


def _invitation_over(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/invitation_over.html", status=404)


@public("GET", "HEAD", "POST")
def invitation_accept(request: HttpRequest, key: str) -> HttpResponse:
    """Set a password with the key of an invitation. Looking at the page does not use the key up."""
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
        _come_in(request, person)
        return redirect(home_url(person))
    return render(request, "accounts/invitation.html", {"form": form, "person": person})


def _change_password(request: HttpRequest, form: NewPasswordForm) -> bool:
    """False when another change was quicker; the form then says so."""
    try:
        people.change_password(form.user, form.cleaned_data["new_password1"], actor=actor_of(request))
    except people.PersonChangedError as error:
        form.add_error(None, str(error))
        return False
    update_session_auth_hash(request, form.user)
    return True


@requires("signed_in", "GET", "HEAD", "POST")
def account_detail(request: HttpRequest) -> HttpResponse:
    """One's own name, role and password. A new password ends one's other sessions and keeps this one."""
    user = request.user
    assert isinstance(user, User)
    form = NewPasswordForm(user, request.POST or None)
    if request.method == "POST":
        minutes = throttle.minutes_to_wait(user.username, _address(request))
        if minutes:
            return _hold_back(request, "person.set_password", user.username, minutes)
        if form.is_valid() and _change_password(request, form):
            messages.success(request, _("Your password is changed. Your other sessions have ended."))
            return redirect("account_detail")
        if "old_password" in form.errors and request.POST.get("old_password"):
            _turn_away(request, "person.set_password", user.username)
    return render(request, "accounts/account.html", {"form": form, "person": user})
