"""An admin, or the command line, resets the second factors of somebody who has lost them."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from snapportal.accounts.factors import service
from snapportal.accounts.factors.models import Authenticator, RecoveryCode
from snapshots.audit.models import Entry
from snapshots.notifications.models import Notification
from tests.support.notifying import read_log
from tests.support.second_factors import give_app, give_passkey, second_step, sign_in, type_password

pytestmark = pytest.mark.django_db


@pytest.fixture
def codes(cast, clock) -> list[str]:
    codes = give_app(cast.mia, clock)
    give_passkey(cast.mia, "blue key")
    return codes


def test_an_admin_sees_them_and_resets_them_with_a_reason(cast, codes, signed_in):
    mia, ada = sign_in(cast.mia), signed_in(cast.ada)
    under_way, _answer = type_password(cast.mia)
    read_log()
    page = ada.get(reverse("person_edit", args=[cast.mia.pk])).text
    assert "Authenticator app" in page
    assert "blue key" in page
    url = reverse("person_factors_reset", args=[cast.mia.pk])
    assert url in page
    assert "blue key" in ada.get(url).text
    for nothing in ("", " \u200b\u2800"):
        assert "Enter a reason: it is recorded" in ada.post(url, {"reason": nothing}).text
    assert service.has_any(cast.mia)
    ada.post(url, {"reason": "called from the known number"})
    assert not Authenticator.objects.exists()
    assert not RecoveryCode.objects.exists()
    assert mia.get("/account/").status_code == 302
    assert second_step(under_way, recovery_code=codes[0]).status_code == 302
    assert under_way.get("/account/").status_code == 302
    row = Entry.objects.get(action="factor.reset")
    assert (row.full_target, row.full_evidence, row.reason, row.actor_id) == (
        "mia",
        "authenticator app; passkey “blue key”",
        "called from the known number",
        cast.ada.pk,
    )
    assert type_password(cast.mia)[1]["Location"] == reverse("server_list")
    read_log()
    told = Notification.objects.get(event__action="factor.reset")
    assert told.person_id == cast.mia.pk
    assert (
        "Your second factors were reset" in type_password(cast.mia)[0].get(reverse("notification_list")).text
    )


def test_it_needs_a_recent_proof(cast, codes, signed_in, clock, settings):
    settings.SNAPPORTAL_STEP_UP_MINUTES = 10
    ada = signed_in(cast.ada)
    clock.shift(660)
    answer = ada.post(reverse("person_factors_reset", args=[cast.mia.pk]), {"reason": "r"})
    assert "Confirm that it is you" in answer.text
    assert service.has_any(cast.mia)


def test_an_admin_does_not_reset_the_own(cast, clock, signed_in):
    give_app(cast.ada, clock)
    ada = sign_in(cast.ada)
    url = reverse("person_factors_reset", args=[cast.ada.pk])
    assert url not in ada.get(reverse("person_edit", args=[cast.ada.pk])).text
    ada.post(url, {"reason": "r"})
    assert service.has_any(cast.ada)


def test_the_command_line_resets_those_of_the_last_admin(cast, clock, capsys):
    give_app(cast.ada, clock)
    give_app(cast.mia, clock)
    call_command("reset_second_factor", "Ada", reason="lost the phone")
    assert "password alone" in capsys.readouterr().out
    row = Entry.objects.get(action="factor.reset")
    assert (row.channel, row.full_target, row.reason) == ("command", "ada", "lost the phone")
    assert type_password(cast.ada)[1]["Location"] == reverse("server_list")
    for arguments, reason in ((["ada"], "again"), (["nobody"], "r"), (["ada"], " "), (["mia"], "\u200b")):
        with pytest.raises(CommandError):
            call_command("reset_second_factor", *arguments, reason=reason)
    assert Entry.objects.filter(action="factor.reset").count() == 1


@pytest.mark.parametrize("addresses", [1, 10])
def test_somebody_whose_codes_are_guessed_is_told(cast, codes, addresses):
    read_log()
    for number in range(10):
        browser, _answer = type_password(cast.mia, Client(REMOTE_ADDR=f"203.0.113.{number % addresses}"))
        second_step(browser, totp="000000")
    read_log()
    told = Notification.objects.get(event__code="codes_stopped")
    assert told.person_id == cast.mia.pk
    page = sign_in_with_recovery(cast.mia, codes[0]).get(reverse("notification_list")).text
    assert "too many wrong codes for your account" in page
    assert f'href="{reverse("factor_list")}"' in page


def sign_in_with_recovery(person, code: str):
    browser, _answer = type_password(person)
    assert second_step(browser, recovery_code=code).status_code == 302
    return browser
