"""A person's own factors: set up, replaced, removed, recovery codes; each change is in the log and told."""

import re

import pytest
from django.contrib.messages import get_messages
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from snapportal.accounts import session_service
from snapportal.accounts.factors import authenticator, recovery, service
from snapportal.accounts.factors.models import Authenticator, Passkey, RecoveryCode
from snapshots.audit.models import Entry
from snapshots.notifications.models import Kind, Notification
from snapshots.vault.crypto import KeyMismatchError
from tests.support.notifying import read_log
from tests.support.second_factors import (
    STEP,
    code_of,
    codes_in,
    give_app,
    give_passkey,
    second_step,
    sign_in,
    type_password,
)

SET_UP = "/account/factors/authenticator/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def mia(cast, clock) -> Client:
    """Signed in with the password; she has no factor."""
    read_log()
    return type_password(cast.mia)[0]


def told() -> list[tuple[int, str]]:
    read_log()
    found = Notification.objects.filter(event__kind=Kind.FACTORS).order_by("pk")
    return [(one.person_id, one.event.action) for one in found]


def confirm(browser: Client, person, *, steps: int = 0):
    browser.get(SET_UP)
    return browser.post(SET_UP, {"one_time_code": code_of(person, steps=steps)})


class TestSetUp:
    def test_an_app_is_set_up_with_the_secret_in_a_drawing_and_in_groups_of_four(self, cast, mia):
        page = mia.get(SET_UP).text
        row = authenticator.find_set_up(cast.mia)
        secret = authenticator.open_secret(row)
        shown = re.search(r'id="secret"[^>]*>([A-Z2-7 ]+)<', page)[1]
        assert shown.replace(" ", "") == secret
        assert {len(group) for group in shown.split()} == {4}
        drawing = re.search(r"<svg[^>]*qr-code.*?</svg>", page, re.DOTALL)[0]
        assert "style" not in drawing
        assert "script" not in drawing
        assert authenticator.find(cast.mia) is None
        answer = mia.post(SET_UP, {"one_time_code": code_of(cast.mia)})
        assert len(codes_in(answer)) == recovery.COUNT
        assert authenticator.find(cast.mia).pk == row.pk
        assert [one.action for one in Entry.objects.order_by("-sequence")[:2]] == [
            "factor.make_recovery_codes",
            "factor.add",
        ]
        assert told() == [
            (cast.mia.pk, "factor.add"),
            (cast.mia.pk, "factor.make_recovery_codes"),
        ]

    def test_a_wrong_code_sets_nothing_up_and_the_secret_stays(self, cast, mia):
        mia.get(SET_UP)
        secret = authenticator.open_secret(authenticator.find_set_up(cast.mia))
        answer = mia.post(SET_UP, {"one_time_code": "000000"})
        assert "This code is wrong" in answer.text
        assert authenticator.find(cast.mia) is None
        assert authenticator.open_secret(authenticator.find_set_up(cast.mia)) == secret
        assert not Entry.objects.filter(action="factor.add").exists()

    def test_the_code_that_confirmed_it_is_used(self, cast, mia):
        mia.get(SET_UP)
        code = code_of(cast.mia)
        mia.post(SET_UP, {"one_time_code": code})
        browser, _answer = type_password(cast.mia)
        assert second_step(browser, totp=code).status_code == 200

    def test_a_secret_that_was_not_confirmed_in_time_is_replaced(self, cast, mia, clock):
        mia.get(SET_UP)
        before = authenticator.open_secret(authenticator.find_set_up(cast.mia))
        clock.shift(15 * 60 + 1)
        mia.get(SET_UP)
        assert authenticator.open_secret(authenticator.find_set_up(cast.mia)) != before
        assert Authenticator.objects.count() == 1

    def test_a_second_app_takes_the_place_of_the_first_with_its_code_and_not_before(self, cast, clock):
        give_app(cast.mia, clock)
        browser = sign_in(cast.mia)
        assert "works until you enter a code of the new one" in browser.get(SET_UP).text
        old, new = Authenticator.objects.order_by("created_at")
        clock.shift(STEP)
        sign_in(cast.mia)
        assert authenticator.find(cast.mia).pk == old.pk
        clock.shift(STEP)
        code = authenticator.pyotp.TOTP(authenticator.open_secret(new)).now()
        assert browser.post(SET_UP, {"one_time_code": code})["Location"] == reverse("factor_list")
        assert [one.pk for one in Authenticator.objects.all()] == [new.pk]
        assert "in place of another" in Entry.objects.latest("sequence").full_evidence

    def test_a_code_that_is_typed_when_a_proof_is_asked_for_stands_in_no_page(
        self, cast, mia, clock, settings
    ):
        mia.get(SET_UP)
        settings.SNAPPORTAL_STEP_UP_MINUTES = 10
        clock.shift(660)
        code = code_of(cast.mia)
        asked = mia.post(SET_UP, {"one_time_code": code})
        assert "Confirm that it is you" in asked.text
        assert code not in asked.text
        assert authenticator.find(cast.mia) is None

    def test_the_session_in_which_it_was_set_up_has_it(self, cast, mia):
        confirm(mia, cast.mia)
        assert session_service.alive(cast.mia).get().has_second_factor

    def test_it_needs_a_recent_proof(self, cast, mia, clock, settings):
        settings.SNAPPORTAL_STEP_UP_MINUTES = 10
        clock.shift(660)
        for url in (SET_UP, reverse("passkey_add")):
            assert "Confirm that it is you" in mia.get(url).text
        assert not Authenticator.objects.exists()
        clock.shift(60)
        give_app(cast.mia, clock)
        for url in (reverse("recovery_codes"), reverse("authenticator_remove")):
            assert "Confirm that it is you" in mia.post(url).text
        assert RecoveryCode.objects.count() == recovery.COUNT


def test_after_each_change_the_other_sessions_can_be_ended(cast, mia, clock):
    way = f'href="{reverse("session_list")}"'
    mia.get(SET_UP)
    assert way in mia.post(SET_UP, {"one_time_code": code_of(cast.mia)}).text
    other = Client()
    other.force_login(cast.mia)
    assert way in mia.post(reverse("authenticator_remove"), follow=True).text
    mia.post(reverse("session_end"))
    assert other.get(reverse("account_detail")).status_code == 302


class TestRemoving:
    def test_the_last_factor_takes_the_recovery_codes_with_it(self, cast, clock):
        give_app(cast.mia, clock)
        browser = sign_in(cast.mia)
        assert "This is your last second factor" in browser.get(reverse("authenticator_remove")).text
        browser.post(reverse("authenticator_remove"))
        assert not RecoveryCode.objects.exists()
        assert not service.has_any(cast.mia)
        row = Entry.objects.latest("sequence")
        assert (row.action, row.full_evidence) == ("factor.remove", "authenticator app, the last one")
        assert type_password(cast.mia)[1]["Location"] == reverse("server_list")

    def test_the_last_factor_of_a_role_that_needs_one_stays(self, cast, clock, settings):
        settings.SNAPPORTAL_REQUIRE_SECOND_FACTOR = {"manager"}
        give_app(cast.mia, clock)
        passkey = give_passkey(cast.mia)
        browser = sign_in(cast.mia)
        assert browser.post(reverse("authenticator_remove")).status_code == 302
        assert authenticator.find(cast.mia) is None
        answer = browser.post(reverse("passkey_remove", args=[passkey.pk]))
        assert "add another one" in str(list(get_messages(answer.wsgi_request))[-1])
        assert Passkey.objects.filter(pk=passkey.pk).exists()

    def test_nobody_removes_a_passkey_of_somebody_else(self, cast, mia):
        passkey = give_passkey(cast.ada)
        assert mia.post(reverse("passkey_remove", args=[passkey.pk])).status_code == 404
        assert Passkey.objects.exists()


class TestRecoveryCodes:
    def test_new_ones_are_shown_once_and_the_old_ones_are_void(self, cast, clock):
        old = give_app(cast.mia, clock)
        browser = sign_in(cast.mia)
        new = codes_in(browser.post(reverse("recovery_codes")))
        assert len(set(new) | set(old)) == 2 * recovery.COUNT
        assert codes_in(browser.get(reverse("recovery_codes"))) == []
        assert not recovery.use(cast.mia, old[0])
        assert recovery.use(cast.mia, new[0])
        assert "You have 9 recovery codes left" in " ".join(browser.get(reverse("factor_list")).text.split())

    def test_nobody_without_a_factor_gets_them(self, cast, mia):
        mia.post(reverse("recovery_codes"))
        assert not RecoveryCode.objects.exists()

    def test_they_can_be_downloaded_as_text(self, cast, mia):
        page = confirm(mia, cast.mia)
        found = re.search(r'download="[\w.-]+" href="data:text/plain;charset=utf-8,([^"]+)"', page.text)
        assert found[1].split("%0A")[:-1] == codes_in(page)


class TestKeys:
    def test_the_secret_is_encrypted_bound_to_its_row_and_encrypted_anew(self, cast, clock, settings, capsys):
        for person in (cast.mia, cast.ada):
            give_app(person, clock)
        mia, ada = authenticator.find(cast.mia), authenticator.find(cast.ada)
        secret = authenticator.open_secret(mia)
        assert secret.encode() not in bytes(mia.sealed)
        ada.sealed = mia.sealed
        with pytest.raises(authenticator.SealError):
            authenticator.open_secret(ada)
        settings.SNAPPORTAL_TOKEN_KEYS = {"t2": bytes(range(32))} | settings.SNAPPORTAL_TOKEN_KEYS
        call_command("reseal_tokens")
        assert "2 sealed anew" in capsys.readouterr().out
        del settings.SNAPPORTAL_TOKEN_KEYS["t1"]
        assert authenticator.open_secret(authenticator.find(cast.mia)) == secret
        sign_in(cast.mia)

    def test_a_wrong_key_under_the_right_id_is_noticed_and_encrypts_nothing(self, cast, clock, settings, mia):
        give_app(cast.ada, clock)
        settings.SNAPPORTAL_TOKEN_KEYS = {"t1": bytes(range(32))}
        with pytest.raises(KeyMismatchError):
            authenticator.check_keys()
        assert mia.get(SET_UP)["Location"] == reverse("factor_list")
        assert Authenticator.objects.count() == 1
        browser, _answer = type_password(cast.ada)
        assert "cannot read the secret of your app" in second_step(browser, totp="000000").text
        row = Entry.objects.latest("sequence")
        assert (row.code, row.result) == ("key", "refused")

    def test_a_wrong_key_makes_the_portal_unready(self, cast, clock, settings):
        give_app(cast.ada, clock)
        from snapportal import health

        health.check_keys("default")
        settings.SNAPPORTAL_TOKEN_KEYS = {"t1": bytes(range(32))}
        with pytest.raises(KeyMismatchError):
            health.check_keys("default")
