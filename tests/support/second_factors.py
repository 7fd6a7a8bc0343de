"""People with second factors, and the codes that their apps show."""

import re
from datetime import timedelta

import pyotp
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from snapportal.accounts.factors import authenticator, service
from snapportal.accounts.factors.models import Authenticator, Passkey
from snapportal.accounts.models import User
from tests.conftest import PASSWORD
from tests.support.actors import actor_of

STEP = authenticator.STEP_SECONDS


def code_of(person: User, *, steps: int = 0) -> str:
    """What the person's app shows now, or some steps later."""
    row = authenticator.find(person) or authenticator.find_set_up(person)
    assert row
    now = int(timezone.now().timestamp()) // STEP
    return pyotp.TOTP(authenticator.open_secret(row)).generate_otp(now + steps)


def give_app(person: User, clock) -> list[str]:
    """Set up an app for the person, and let its first code pass. Returns the recovery codes."""
    row = authenticator.begin_set_up(person)
    codes = service.confirm_authenticator(
        actor=actor_of(person), person=person, row=row, code=code_of(person)
    )
    assert codes is not None
    clock.shift(2 * STEP)
    return codes


def type_password(person: User, client: Client | None = None, **more: str) -> tuple[Client, HttpResponse]:
    browser = client or Client()
    form = {"username": person.username, "password": PASSWORD}
    return browser, browser.post(reverse("sign_in"), form | more)


def second_step(browser: Client, **proof: str) -> HttpResponse:
    """Send `totp=…` or `recovery_code=…`."""
    form = {f"step_up_{name}": value for name, value in proof.items()}
    return browser.post(reverse("second_factor"), form)


def sign_in(person: User) -> Client:
    """Both steps."""
    browser, _answer = type_password(person)
    assert second_step(browser, totp=code_of(person)).status_code == 302
    return browser


def codes_in(page: HttpResponse) -> list[str]:
    return re.findall(r"<li>([a-z0-9]{4}(?:-[a-z0-9]{4}){3})", page.text)


def give_passkey(person: User, name: str = "key", *, host: str = "testserver") -> Passkey:
    made = Passkey(
        person=person,
        name=name,
        host=host,
        credential_id=name,
        credential=b"x",
        created_at=timezone.now() - timedelta(days=40),
    )
    service.add_passkey(actor=actor_of(person), person=person, passkey=made)
    return made


def give_all(person: User) -> None:
    """A passkey, an app of which no code was used yet, and recovery codes."""
    give_passkey(person, "Phone", host="localhost")
    row = authenticator.begin_set_up(person)
    service.confirm_authenticator(actor=actor_of(person), person=person, row=row, code=code_of(person))
    Authenticator.objects.update(last_step=0)
