"""A recent proof of who it is: asked for before what is dangerous, without losing what was typed."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from snapportal.accounts.models import Role, User
from snapportal.accounts.session_models import PersonSession
from snapshots.audit.models import Entry
from snapshots.deletions.models import PlannedDeletion
from snapshots.operations.models import Action, Operation
from snapshots.vault.models import StoredToken
from tests.conftest import PASSWORD
from tests.views.test_access_matrix import MATRIX, all_patterns

pytestmark = pytest.mark.django_db
PROOF_COOKIE = f"{settings.COOKIE_PREFIX}proof"

PROVEN = {
    "form": {
        "snapshot_replace",
        "snapshot_restore",
        "snapshot_delete",
        "snapshot_unprotect",
        "batch_delete",
        "restore_point_restore",
        "token_limits",
        "team_add",
        "team_edit",
        "team_member",
        "team_remove",
        "token_remove",
        "entry_export",
        "review_sign",
        "person_add",
        "person_edit",
        "person_erase",
        "person_sessions_end",
        "session_end",
        "snapshot_keep_until",
        "snapshot_hand_over",
        "person_hand_over",
        "server_grace",
        "request_detail",
        "temporary_role_detail",
        "policy_add",
        "policy_detail",
        "freeze_add",
        "freeze_detail",
        "schedule_change",
        "hold_lift",
        "target_remove",
        "api_key_add",
        "api_key_revoke",
        "service_account_add",
        "service_account_keeper",
        "authenticator_remove",
        "passkey_remove",
        "recovery_codes",
        "person_factors_reset",
    },
    "page": {
        "token_add",
        "token_replace",
        "person_token_add",
        "target_add",
        "authenticator_set_up",
        "passkey_add",
    },
}


@pytest.fixture(autouse=True)
def minutes(settings):
    settings.SNAPPORTAL_STEP_UP_MINUTES = 10


@pytest.fixture
def mia(desk, clock) -> Client:
    """A manager who signed in eleven minutes ago."""
    browser = Client()
    browser.force_login(desk.user)
    clock.shift(660)
    return browser


def hidden(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {unescape(name): unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def test_every_dangerous_page_needs_it():
    marked = {(getattr(one.callback, "proof", ""), str(one.name)) for one in all_patterns()}
    for kind, names in PROVEN.items():
        assert {name for proof, name in marked if proof == kind} >= names


def test_only_pages_that_are_sent_need_it():
    for one in all_patterns():
        if getattr(one.callback, "proof", ""):
            assert "POST" in MATRIX[str(one.name)][1], one.name


def delete_form(desk) -> tuple[str, dict[str, str]]:
    view = desk.server()
    snapshot = desk.snapshot(view)
    confirmation = desk.confirm(Action.DELETE, view, snapshot)
    url = reverse("snapshot_delete", args=[desk.token.pk, snapshot.id])
    return url, {"confirmation": confirmation, "understood": "on", "reason": "no longer “needed” <now>"}


def test_nothing_is_sent_until_the_password_is_given_and_then_what_was_typed_is(mia, desk):
    url, form = delete_form(desk)
    asked = mia.post(url, form)
    assert asked.status_code == 403
    assert "Confirm that it is you" in asked.text
    assert not Operation.objects.exists()
    assert hidden(asked.text) == form
    answer = mia.post(url, hidden(asked.text) | {"step_up_password": PASSWORD})
    operation = Operation.objects.get()
    assert answer["Location"] == reverse("operation_detail", args=[operation.pk])
    assert operation.reason == form["reason"]
    proof, intent = Entry.objects.order_by("sequence").exclude(phase="outcome")
    assert (proof.action, proof.code, proof.target) == ("person.prove", "password", url)
    assert intent.action == Action.DELETE


def test_a_wrong_password_sends_nothing_keeps_what_was_typed_and_is_recorded(mia, desk):
    url, form = delete_form(desk)
    answer = mia.post(url, form | {"step_up_password": "wrong"})
    assert "That is not your password" in answer.text
    assert hidden(answer.text) == form
    assert not Operation.objects.exists()
    row = Entry.objects.latest("sequence")
    assert (row.action, row.result, row.code) == ("person.prove", "refused", "wrong_password")


def test_guessing_is_slowed_down_as_at_sign_in(mia, desk):
    url, form = delete_form(desk)
    statuses = [mia.post(url, form | {"step_up_password": f"guess {n}"}).status_code for n in range(12)]
    assert 429 in statuses
    assert mia.post(url, form | {"step_up_password": PASSWORD}).status_code == 429
    assert not Operation.objects.exists()


def test_a_proof_holds_for_ten_minutes_and_for_this_session_only(mia, desk, clock):
    url, form = delete_form(desk)
    other = Client()
    other.force_login(desk.user)
    clock.shift(660)
    mia.post(url, {"step_up_password": PASSWORD})
    clock.shift(590)
    assert mia.post(url, form).status_code == 302
    assert other.post(url, form).status_code == 403
    clock.shift(20)
    assert mia.post(url, delete_form(desk)[1]).status_code == 403


def test_a_sign_in_is_a_proof(desk):
    browser = Client()
    browser.post(reverse("sign_in"), {"username": desk.user.username, "password": PASSWORD})
    url, form = delete_form(desk)
    assert browser.post(url, form).status_code == 302


def test_a_stolen_session_does_not_end_those_of_its_person(mia, desk):
    other = Client()
    other.force_login(desk.user)
    assert mia.post(reverse("session_end")).status_code == 403
    assert other.get(reverse("account_detail")).status_code == 200
    assert mia.post(reverse("session_end"), {"step_up_password": PASSWORD}).status_code == 302
    assert other.get(reverse("account_detail")).status_code == 302


def test_no_deletion_is_brought_about_by_a_date_instead(mia, desk):
    snapshot = desk.snapshot(desk.server())
    url = reverse("snapshot_keep_until", args=[desk.token.pk, snapshot.id])
    form = {"date-until": (timezone.now() + timedelta(days=1)).date().isoformat()}
    assert mia.post(url, form).status_code == 403
    assert not PlannedDeletion.objects.exists()
    assert mia.post(url, form | {"step_up_password": PASSWORD}).status_code == 302
    assert PlannedDeletion.objects.count() == 1


def thief_of(browser: Client) -> Client:
    """Somebody with the cookie of the session and no other."""
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = browser.cookies[settings.SESSION_COOKIE_NAME].value
    return thief


def test_a_proof_is_none_for_whoever_stole_the_session_before_it(mia, desk):
    thief = thief_of(mia)
    assert mia.get(reverse("token_add")).status_code == 403
    mia.post(reverse("token_add"), {"step_up_opens": "1", "step_up_password": PASSWORD})
    url, form = delete_form(desk)
    assert thief.get("/").status_code == 200
    assert "Confirm that it is you" in thief.post(url, form).text
    thief.cookies[PROOF_COOKIE] = "x" * 43
    assert thief.post(url, form).status_code == 403
    assert not Operation.objects.exists()
    assert mia.post(url, form).status_code == 302


def test_a_proof_of_before_does_not_help_a_thief_after_the_next_one(mia, desk, clock):
    mia.post(reverse("token_add"), {"step_up_opens": "1", "step_up_password": PASSWORD})
    thief = thief_of(mia)
    thief.cookies[PROOF_COOKIE] = mia.cookies[PROOF_COOKIE].value
    clock.shift(660)
    mia.post(reverse("token_add"), {"step_up_opens": "1", "step_up_password": PASSWORD})
    url, form = delete_form(desk)
    assert thief.post(url, form).status_code == 403
    assert mia.post(url, form).status_code == 302


def test_the_cookie_of_a_proof_is_as_guarded_as_that_of_the_session(mia, desk):
    answer = mia.post(reverse("token_add"), {"step_up_opens": "1", "step_up_password": PASSWORD})
    cookie = answer.cookies[PROOF_COOKIE]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
    assert (cookie["path"], cookie["max-age"]) == ("/", 600)
    assert cookie.value not in str(PersonSession.objects.values().get())


def test_a_create_needs_none(mia, desk):
    view = desk.server()
    form = {"confirmation": desk.confirm(Action.CREATE, view), "name": "by-mia"}
    answer = mia.post(reverse("snapshot_create", args=[desk.token.pk, view.server_id]), form)
    assert answer.status_code == 302


def test_a_page_with_a_field_for_a_secret_asks_before_it_is_shown(mia, desk):
    url = reverse("token_add")
    asked = mia.get(url)
    assert asked.status_code == 403
    assert 'name="token"' not in asked.text
    answer = mia.post(url, hidden(asked.text) | {"step_up_password": PASSWORD})
    assert answer["Location"] == url
    assert 'name="token"' in mia.get(url).text


def test_a_token_that_was_typed_stands_in_no_page_and_is_asked_for_again(mia, desk):
    url = reverse("token_add")
    secret = "a-token-that-must-not-be-shown-0123"
    asked = mia.post(url, {"label": "Team 2", "token": secret})
    assert asked.status_code == 403
    assert secret not in asked.text
    answer = mia.post(url, hidden(asked.text) | {"step_up_password": PASSWORD})
    assert answer["Location"] == url
    assert "Enter the secret again" in mia.get(url).text
    assert StoredToken.objects.filter(user=desk.user).count() == 1


def test_whoever_may_not_do_it_is_not_asked(desk, clock):
    User.objects.filter(pk=desk.user.pk).update(role=Role.VIEWER)
    browser = Client()
    browser.force_login(User.objects.get(pk=desk.user.pk))
    clock.shift(660)
    url, form = delete_form(desk)
    answer = browser.post(url, form)
    assert answer.status_code == 403
    assert "Confirm that it is you" not in answer.text


def test_a_form_of_another_site_is_refused_first(desk, clock):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(desk.user)
    clock.shift(660)
    url, form = delete_form(desk)
    answer = browser.post(url, form | {"step_up_password": PASSWORD})
    assert answer.status_code == 403
    assert not Entry.objects.filter(action="person.prove").exists()


def test_a_stolen_session_restores_nothing(mia, desk):
    view = desk.server()
    snapshot = desk.snapshot(view)
    form = {
        "confirmation": desk.confirm(Action.RESTORE, view, snapshot),
        "typed_name": view.name,
        "reason": "mine now",
    }
    url = reverse("snapshot_restore", args=[desk.token.pk, snapshot.id])
    for extra in ({}, {"step_up_password": ""}, {"step_up_opens": "1"}, {"step_up_dropped": "1"}):
        assert mia.post(url, form | extra).status_code == 403
    assert not Operation.objects.exists()
