"""Secrets of apps and recovery codes are searched for in every output; and nothing stays of an erased person."""

import pytest
from django.db import connection
from django.urls import reverse

from snapportal.accounts import erasure
from snapportal.accounts.factors import authenticator
from snapportal.accounts.factors.models import Authenticator, Passkey, RecoveryCode, WrongCode
from snapportal.accounts.models import User
from snapportal.accounts.session_models import PersonSession
from snapshots.audit.models import Entry
from tests.accounts.factors.test_managing import SET_UP
from tests.site.test_secret_canaries import Browser, cached, disguises
from tests.support import hostile
from tests.support.actors import actor_of
from tests.support.database_text import database_text
from tests.support.second_factors import (
    code_of,
    codes_in,
    give_app,
    give_passkey,
    second_step,
    type_password,
)

pytestmark = pytest.mark.django_db


def test_secrets_and_codes_are_on_one_page_each_and_stored_nowhere_in_plain_text(cast, clock, sandbox):
    mia, ada, aron = Browser(cast.mia), Browser(cast.ada), Browser(cast.aron)
    with hostile.log_lines() as lines:
        shown = mia.client.get(SET_UP)
        secret = authenticator.open_secret(authenticator.find_set_up(cast.mia))
        mia.client.post(SET_UP, {"one_time_code": "000000"})
        during = database_text() + cached_text()
        made = mia.client.post(SET_UP, {"one_time_code": code_of(cast.mia)})
        codes = codes_in(made)
        clock.shift(60)
        for _again in range(2):
            browser, _answer = type_password(cast.mia)
            second_step(browser, recovery_code=codes[0])
            second_step(browser, totp="000000")
        for name in (
            "factor_list",
            "authenticator_remove",
            "recovery_codes",
            "account_detail",
            "session_list",
        ):
            mia.get(reverse(name))
        mia.get(SET_UP)  # a new set-up has a secret of its own
        for url in (
            reverse("person_edit", args=[cast.mia.pk]),
            reverse("person_factors_reset", args=[cast.mia.pk]),
        ):
            ada.get(url)
        ada.post(reverse("person_factors_reset", args=[cast.mia.pk]), reason="canary")
        for entry in Entry.objects.all():
            aron.get(reverse("entry_detail", args=[entry.pk]))
        exported = aron.post(reverse("entry_export"), format="json")
        assert exported.status_code == 200
        logged = "\n".join(lines())
    assert shown["Cache-Control"] == made["Cache-Control"] == "no-store"
    places = {
        "what people saw later": mia.text + ada.text + aron.text,
        "the log": logged,
        "the database during the set-up": during,
        "the database": database_text(),
        "a session": str([one.get_decoded() for one in PersonSession.objects.all()]),
    }
    for where, text in places.items():
        for canary in (secret, *codes, *(code.replace("-", "") for code in codes)):
            for disguise in disguises(canary):
                assert disguise not in text, f"a secret is in {where}"


def cached_text() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cache")
        return cached() if cursor.fetchone()[0] else ""


def test_an_erased_person_has_no_factor_left_and_the_log_not_the_names_of_passkeys(cast, clock):
    give_app(cast.mia, clock)
    give_passkey(cast.mia, "Mia's blue phone")
    WrongCode.objects.create(person=cast.mia, at=cast.mia.created_at)
    assert "blue phone" in database_text()
    User.objects.filter(pk=cast.mia.pk).update(is_active=False)
    erasure.erase_person(cast.mia, reason="left", actor=actor_of(cast.ada))
    for model in (Authenticator, Passkey, RecoveryCode, WrongCode):
        assert not model.objects.exists(), model
    assert "blue phone" not in database_text()
