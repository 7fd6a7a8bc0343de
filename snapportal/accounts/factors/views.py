"""A person's own second factors: the list, setting up an app, adding a passkey, removing, and recovery codes."""

from uuid import UUID

import segno
import structlog
from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from snapportal.accounts import session_service
from snapportal.accounts.factors import authenticator, passkeys, recovery, service
from snapportal.accounts.factors.forms import CodeForm, PasskeyForm
from snapportal.accounts.factors.models import Authenticator, Passkey
from snapportal.accounts.factors.passkeys import PasskeyError
from snapportal.accounts.factors.required import lacks_factor
from snapportal.accounts.models import User
from snapshots.vault.crypto import SealError
from snapshots.views.access import requires, session_mark
from snapshots.views.actor import actor_of

log = structlog.get_logger("snapportal.factors")


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


@requires("signed_in", "GET", "HEAD")
def factor_list(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    context = {
        "lines": service.lines(person),
        "has_app": authenticator.find(person) is not None,
        "codes_left": recovery.left(person),
        "codes_made": recovery.COUNT,
        "is_required": service.is_required(person),
        "must_set_up": lacks_factor(request),
        "can_have_passkeys": passkeys.is_possible(request),
    }
    return render(request, "accounts/factors/factor_list.html", context)


def _show_codes(request: HttpRequest, codes: list[str], *, is_first: bool) -> HttpResponse:
    """The only page that shows them: the portal stores digests."""
    context = {"codes": codes, "text": "\n".join(codes) + "\n", "is_first": is_first}
    return render(request, "accounts/factors/recovery_codes_made.html", context)


def _added(request: HttpRequest, codes: list[str], text: str) -> HttpResponse:
    """After a factor was added, which proved it in this session."""
    session_service.note_proven(request, has_second_factor=True)
    if codes:
        return _show_codes(request, codes, is_first=True)
    messages.success(request, text)
    return redirect("factor_list")


def _drawing(row: Authenticator) -> SafeString:
    """The QR code as an element of the page, without a style or a script."""
    drawn = segno.make(authenticator.address_of(row), error="m").svg_inline(
        border=3, dark="#000", light="#fff", omitsize=True, svgclass="qr-code", lineclass=None
    )
    return SafeString(drawn)


def _groups(secret: str) -> str:
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


@requires("signed_in", "GET", "HEAD", "POST", proof="page")
def authenticator_set_up(request: HttpRequest) -> HttpResponse:
    """Shows a new secret, and takes the first code that the app makes of it."""
    try:
        return _set_up(request, _person(request))
    except SealError as error:
        log.error("authenticator.sealed", why=str(error))  # noqa: TRY400 - a configuration fault that the page reports
        messages.error(
            request,
            _(
                "The portal cannot encrypt the app's secret: its key is missing or a different one. Tell your admin."
            ),
        )
        return redirect("factor_list")


def _set_up(request: HttpRequest, person: User) -> HttpResponse:
    """Raises SealError."""
    row = authenticator.begin_set_up(person, session_mark(request))
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        code = form.cleaned_data["one_time_code"]
        codes = service.confirm_authenticator(actor=actor_of(request), person=person, row=row, code=code)
        if codes is not None:
            return _added(request, codes, _("The authenticator app is set up."))
        form.refuse()
    context = {
        "form": form,
        "drawing": _drawing(row),
        "secret": _groups(authenticator.open_secret(row)),
        "takes_place": authenticator.find(person) is not None,
    }
    return render(request, "accounts/factors/authenticator_set_up.html", context)


@requires("signed_in", "GET", "HEAD", "POST", proof="page")
def passkey_add(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    form = PasskeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = passkeys.read_new(
                request, form.cleaned_data["passkey"], person=person, name=form.cleaned_data["name"]
            )
            codes = service.add_passkey(actor=actor_of(request), person=person, passkey=made)
            return _added(request, codes, _("The passkey is added."))
        except PasskeyError:
            form.add_error(None, _("The browser's answer was not accepted, or came too late. Try again."))
        except IntegrityError:
            form.add_error(None, _("This passkey is in use already."))
        except service.FactorError as error:
            form.add_error("name", str(error))
    can = passkeys.is_possible(request)
    return render(request, "accounts/factors/passkey_add.html", {"form": form, "can_have_passkeys": can})


def _remove(request: HttpRequest, passkey: Passkey | None) -> HttpResponse:
    person = _person(request)
    if request.method == "POST":
        try:
            if service.remove(actor=actor_of(request), person=person, passkey=passkey):
                messages.success(request, _("It is removed."))
        except service.FactorError as error:
            messages.error(request, str(error))
        return redirect("factor_list")
    context = {"passkey": passkey, "is_last": len(service.lines(person)) == 1}
    return render(request, "accounts/factors/factor_remove.html", context)


@requires("signed_in", "GET", "HEAD", "POST", proof="form")
def authenticator_remove(request: HttpRequest) -> HttpResponse:
    if authenticator.find(_person(request)) is None:
        return redirect("factor_list")
    return _remove(request, None)


@requires("signed_in", "GET", "HEAD", "POST", proof="form")
def passkey_remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _remove(request, get_object_or_404(Passkey, pk=pk, person=_person(request)))


@requires("signed_in", "GET", "HEAD", "POST", proof="form")
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """How many are left; sent, it makes new ones."""
    person = _person(request)
    if request.method == "POST":
        try:
            codes = service.make_recovery_codes(actor=actor_of(request), person=person)
            return _show_codes(request, codes, is_first=False)
        except service.FactorError as error:
            messages.error(request, str(error))
            return redirect("factor_list")
    context = {"left": recovery.left(person), "has_factor": service.has_any(person)}
    return render(request, "accounts/factors/recovery_codes.html", context)
