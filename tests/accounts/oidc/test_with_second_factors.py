"""Single sign-on and the portal's own second factors, and passkeys where passwords are off."""

import pytest
from django.test import Client
from django.urls import reverse

from snapportal.accounts.factors import passkeys
from snapportal.accounts.session_models import PersonSession
from snapshots.audit.models import Entry
from tests.accounts.oidc.conftest import sign_on
from tests.support.second_factors import code_of, give_app, second_step


@pytest.fixture(autouse=True)
def app(idp, cast, clock):
    """Mia has an authenticator app."""
    give_app(cast.mia, clock)


def last_sign_in() -> Entry:
    return Entry.objects.filter(action="person.sign_in").latest("sequence")


def test_the_second_factor_is_asked_for_after_single_sign_on(idp, cast):
    browser = Client()
    answer = sign_on(idp, browser, "/tokens/")
    assert answer["Location"] == reverse("second_factor")
    assert browser.get("/account/").status_code == 302
    done = second_step(browser, totp=code_of(cast.mia, steps=1))
    assert done["Location"] == "/tokens/"
    assert last_sign_in().evidence.startswith(f"single sign-on, {idp.url} + ")
    assert "identity provider may go on" in browser.post(reverse("sign_out"), follow=True).text


def test_a_second_factor_at_the_provider_is_enough(idp, cast):
    idp.changes = {"amr": ["pwd", "mfa"]}
    browser = Client()
    assert sign_on(idp, browser)["Location"] == "/"
    assert PersonSession.objects.get(pk=browser.session.session_key).has_second_factor


@pytest.mark.parametrize(("names", "status"), [((), 200), (("mia",), 302)])
def test_where_passwords_are_off_a_passkey_is_for_emergency_accounts(
    idp, cast, settings, monkeypatch, names, status
):
    settings.SNAPPORTAL_PASSWORD_SIGN_IN = False
    settings.SNAPPORTAL_BREAK_GLASS = frozenset(names)
    monkeypatch.setattr(passkeys, "verify", lambda *_args, **_more: cast.mia)
    answer = Client().post("/sign-in/", {"passkey": "{}"})
    assert answer.status_code == status
    assert last_sign_in().result == ("completed" if status == 302 else "refused")
