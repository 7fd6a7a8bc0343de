"""A recent proof by a code of the app, or by the password: whatever the person has, and never by a recovery code."""

import pytest
from django.test import Client
from django.urls import reverse

from snapportal.accounts import step_up
from snapportal.accounts.factors.kinds import STEP_UP, ProofKind
from snapportal.accounts.models import User
from snapportal.accounts.session_models import PersonSession
from snapshots.audit.models import Entry
from snapshots.operations.models import Operation
from tests.accounts.test_step_up import delete_form, hidden
from tests.conftest import PASSWORD
from tests.support.second_factors import code_of, give_app, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def minutes(settings):
    settings.SNAPPORTAL_STEP_UP_MINUTES = 10


@pytest.fixture
def codes(cast, clock) -> list[str]:
    return give_app(cast.mia, clock)


@pytest.fixture
def mia(desk, codes, clock) -> Client:
    """A manager with an app, who signed in eleven minutes ago."""
    browser = sign_in(desk.user)
    clock.shift(660)
    return browser


def test_the_page_asks_for_what_the_person_has(mia, desk):
    url, form = delete_form(desk)
    page = mia.post(url, form).text
    assert "step_up_password" in page
    assert "step_up_totp" in page
    assert "step_up_passkey" not in page
    assert "step_up_recovery_code" not in page


@pytest.mark.parametrize("kind", ["totp", "password"])
def test_either_proof_sends_what_was_typed_and_the_log_says_which(mia, desk, kind):
    url, form = delete_form(desk)
    asked = mia.post(url, form)
    proof = code_of(desk.user) if kind == "totp" else PASSWORD
    assert mia.post(url, form | {f"step_up_{kind}": proof}).status_code == 302
    assert Operation.objects.get().reason == form["reason"]
    row = Entry.objects.get(action="person.prove")
    assert (row.code, row.target) == (kind, url)
    assert asked.text.count('name="confirmation"') == 2  # each form holds what was typed


def test_a_wrong_code_sends_nothing_keeps_what_was_typed_and_is_counted(mia, desk):
    url, form = delete_form(desk)
    answer = mia.post(url, form | {"step_up_totp": "000000"})
    assert "was used already" in answer.text
    assert hidden(answer.text) == form
    assert not Operation.objects.exists()
    row = Entry.objects.latest("sequence")
    assert (row.action, row.result, row.code) == ("person.prove", "refused", "wrong_code")
    statuses = [mia.post(url, form | {"step_up_totp": "000000"}).status_code for _ in range(10)]
    assert statuses[-1] == 429


def test_a_code_proves_once(mia, desk, clock):
    url, form = delete_form(desk)
    code = code_of(desk.user)
    mia.post(url, form | {"step_up_totp": code})
    other = Client()
    other.force_login(desk.user)
    PersonSession.objects.filter(person_id=desk.user.pk).update(proven_at=desk.user.created_at)
    assert other.post(url, form | {"step_up_totp": code}).status_code == 403


def test_a_recovery_code_is_no_proof(mia, desk, codes):
    url, form = delete_form(desk)
    for name in ("step_up_recovery_code", "step_up_totp", "step_up_password"):
        assert mia.post(url, form | {name: codes[0]}).status_code == 403
    assert not Operation.objects.exists()
    assert not Entry.objects.filter(action="factor.use_recovery_code").exists()


def test_a_person_without_a_password_confirms_with_the_app(mia, desk):
    without = User.objects.get(pk=desk.user.pk)
    without.set_unusable_password()
    without.save()
    browser = Client()
    browser.force_login(without)
    PersonSession.objects.filter(person_id=without.pk).update(proven_at=without.created_at)
    url, form = delete_form(desk)
    page = browser.post(url, form).text
    assert "step_up_password" not in page
    assert browser.post(url, form | {"step_up_totp": code_of(without)}).status_code == 302


def test_somebody_with_nothing_to_confirm_with_is_told(cast, clock):
    cast.mia.set_unusable_password()
    cast.mia.save()
    browser = Client()
    browser.force_login(cast.mia)
    clock.shift(660)
    assert "Ask an admin for a link" in browser.get(reverse("token_add")).text


def test_a_kind_whose_proof_comes_from_elsewhere_cannot_be_sent_in_a_form(mia, desk, monkeypatch):
    elsewhere = ProofKind("elsewhere", "accounts/proofs/_held.html", lambda *_: True, None)
    monkeypatch.setattr(step_up, "STEP_UP", [*STEP_UP, elsewhere])
    url, form = delete_form(desk)
    answer = mia.post(url, form | {"step_up_elsewhere": "yes"})
    assert answer.status_code == 403
    assert not Operation.objects.exists()


def test_each_kind_has_a_field_of_its_own():
    assert len({kind.field for kind in STEP_UP}) == len(STEP_UP)
