"""Adding, replacing, checking and removing tokens."""

import pytest
from django.urls import reverse

from snapshots.audit.models import Entry
from snapshots.operations.models import Action
from snapshots.sandbox.demo_data import issue_token
from snapshots.sandbox.models import Token
from snapshots.vault import tokens
from snapshots.vault.models import StoredToken
from tests.support.pages import text_of
from tests.support.token_pages import recorded, url

NOWHERE = "http://127.0.0.1:9"
WRONG = "sbx_this-token-is-not-known-to-anybody"


@pytest.fixture
def unreachable(settings):
    settings.SNAPPORTAL_API_URL = NOWHERE
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 1.0


def add(client, token: str, label: str = "Team", **more):
    return client.post("/tokens/add/", {"label": label, "token": token, **more}, follow=True)


def test_without_a_token_the_page_explains_where_to_get_one(vera):
    page = vera.get("/tokens/").content.decode()
    assert "Add a token, and your servers appear" in page
    assert "API tokens" in page


def test_an_accepted_token_is_stored_and_the_page_says_whose_it_is(cast, sandbox, vera):
    page = add(vera, sandbox.token).content.decode()
    stored = StoredToken.objects.get()
    assert tokens.decrypt(stored) == sandbox.token
    assert (stored.user, stored.stored_by_name) == (cast.vera, "Vera")
    for words in ("ops@example.com", "Tess Keller", "web-server-01", stored.token_name, sandbox.token[-4:]):
        assert words in page
    assert stored.permissions
    (row,) = Entry.objects.all()
    assert (row.action, row.full_target, row.token_label) == ("token.store", "Vera", "Team")
    assert row.token_fingerprint == stored.fingerprint


def test_a_refused_token_is_not_stored_nor_offered_to_be_stored(cast, sandbox, vera):
    page = add(vera, WRONG, unchecked="on").content.decode()
    assert StoredToken.objects.count() == 0
    assert "VPS.org does not accept this token" in page
    assert "Store it anyway" not in page
    assert WRONG not in page
    assert recorded() == [("token.store", "refused", "token_refused", "Team")]


def test_an_unreachable_provider_leaves_the_choice_to_store_unchecked(vera, unreachable):
    page = add(vera, WRONG).content.decode()
    assert StoredToken.objects.count() == 0
    assert "Store without checking" in page
    assert WRONG not in page
    page = add(vera, WRONG, unchecked="on").content.decode()
    assert "stored, but not checked" in page
    assert "Not checked yet" in page
    assert tokens.decrypt(StoredToken.objects.get()) == WRONG
    assert recorded()[-1] == ("token.store", "completed", "unreachable", "Team")


def test_a_token_that_may_not_see_snapshots_is_explained(cast, sandbox, vera):
    token = issue_token("ops@example.com", "blind", permissions=["account.read"])
    assert "give it that permission" in add(vera, token).content.decode()
    assert StoredToken.objects.count() == 0


def test_a_label_is_used_once_by_each_person(cast, sandbox, vera, stored, signed_in):
    assert "There is a token with this label already" in add(vera, sandbox.token).content.decode()
    add(signed_in(cast.omar), sandbox.token)
    assert StoredToken.objects.filter(label="Team").count() == 2


@pytest.mark.parametrize("token", ["two words", "töken", "line\nbreak", "x" * 501, "Basic abc"])
def test_an_invalid_token_is_refused_before_it_is_sent(vera, unreachable, token):
    add(vera, token, unchecked="on")
    assert StoredToken.objects.count() == 0


def test_the_field_of_a_token_is_hidden_and_not_filled_in_by_browsers(vera):
    page = vera.get("/tokens/add/").content.decode()
    field = page[page.index('<input type="password"') :].split(">")[0]
    assert 'autocomplete="off"' in field
    assert "value=" not in field


def test_a_replaced_token_keeps_its_label_and_forgets_the_old_one(cast, sandbox, vera, stored):
    tokens.record_refused(stored)
    assert "does not accept this token any more" in vera.get("/tokens/").content.decode()
    page = vera.post(
        url("token_replace", stored), {"token": sandbox.other_token}, follow=True
    ).content.decode()
    assert "mara@example.org" in page
    assert "does not accept" not in page
    again = StoredToken.objects.get()
    assert (again.pk, again.label, again.refused_at) == (stored.pk, "Team", None)
    assert tokens.decrypt(again) == sandbox.other_token
    assert recorded() == [("token.replace", "completed", "", "Team")]


def test_a_refused_replacement_leaves_the_stored_token_alone(cast, sandbox, vera, stored):
    page = vera.post(url("token_replace", stored), {"token": WRONG}).content.decode()
    assert "VPS.org does not accept this token" in page
    assert tokens.decrypt(StoredToken.objects.get()) == sandbox.token


def test_removing_asks_for_confirmation_and_is_recorded(vera, stored):
    assert "Remove “Team”?" in text_of(vera.get(url("token_remove", stored)))
    assert StoredToken.objects.count() == 1
    vera.post(url("token_remove", stored))
    assert StoredToken.objects.count() == 0
    assert recorded() == [("token.remove", "completed", "", "Team")]


def test_removing_warns_if_an_open_operation_needs_the_token(desk, signed_in):
    desk.operate(Action.CREATE, desk.server())
    page = signed_in(desk.user).get(url("token_remove", desk.token)).content.decode()
    assert "One operation with this token has not ended" in page


def test_a_check_stores_the_providers_answer(vera, stored, sandbox):
    vera.post(url("token_check", stored))
    stored.refresh_from_db()
    assert stored.checked_at
    assert stored.server_count == 6
    Token.objects.all().delete()
    page = vera.post(url("token_check", stored), follow=True).content.decode()
    stored.refresh_from_db()
    assert stored.refused_at
    assert "does not accept this token any more" in page
    assert recorded() == [
        ("token.check", "completed", "", "Team"),
        ("token.check", "refused", "token_refused", "Team"),
    ]


def test_an_unreachable_provider_does_not_mark_a_token_as_refused(vera, stored, unreachable):
    page = vera.post(url("token_check", stored), follow=True).content.decode()
    stored.refresh_from_db()
    assert stored.refused_at is None
    assert "could not be reached" in page


def test_a_token_whose_key_is_missing_is_reported_and_can_be_replaced(vera, stored, sandbox, settings):
    settings.SNAPPORTAL_TOKEN_KEYS = {"t9": bytes(range(32))}
    assert (
        "cannot decrypt this stored token"
        in vera.post(url("token_check", stored), follow=True).content.decode()
    )
    vera.post(url("token_replace", stored), {"token": sandbox.token})
    assert tokens.decrypt(StoredToken.objects.get()) == sandbox.token


@pytest.mark.parametrize("name", ["token_replace", "token_remove", "token_check"])
def test_anothers_token_is_not_found(cast, signed_in, stored, name):
    client = signed_in(cast.mia)
    assert client.post(url(name, stored), {"token": WRONG}).status_code == 404
    assert StoredToken.objects.get().fingerprint == stored.fingerprint


def test_an_admin_stores_a_token_for_a_colleague_and_sees_its_label_alone(cast, sandbox, signed_in):
    client = signed_in(cast.ada)
    fields = {"label": "For Vera", "token": sandbox.token}
    page = client.post(f"/people/{cast.vera.pk}/token/", fields, follow=True).content.decode()
    stored = StoredToken.objects.get()
    assert (stored.user, stored.stored_by_name) == (cast.vera, "Ada")
    assert "For Vera" in page
    assert sandbox.token not in page
    row = Entry.objects.get(action="token.store")
    assert (row.actor_name, row.full_target) == ("Ada", "Vera")
    assert "For Vera" not in client.get("/tokens/").content.decode()
    assert "For Vera" in signed_in(cast.vera).get("/tokens/").content.decode()


def test_an_admin_removes_the_token_of_a_colleague(cast, signed_in, stored):
    answer = signed_in(cast.ada).post(url("token_remove", stored))
    assert answer["Location"] == reverse("person_edit", args=[cast.vera.pk])
    assert Entry.objects.get(action="token.remove").full_target == "Vera"


def test_no_token_is_stored_for_a_person_whose_role_cannot_use_it(cast, sandbox, signed_in):
    fields = {"label": "Useless", "token": sandbox.token}
    page = signed_in(cast.ada).post(f"/people/{cast.aron.pk}/token/", fields, follow=True).content.decode()
    assert "could not use a token" in page
    assert StoredToken.objects.count() == 0


@pytest.mark.parametrize("name", ["token_remove", "token_replace"])
def test_no_token_changes_if_the_change_cannot_be_recorded(vera, stored, sandbox, settings, name):
    settings.SNAPPORTAL_AUDIT_KEYS = {}
    assert vera.post(url(name, stored), {"token": sandbox.other_token}).status_code == 503
    assert StoredToken.objects.get().fingerprint == stored.fingerprint


def test_a_token_that_is_stored_already_is_stored_and_warned_about(sandbox, stored, vera):
    page = text_of(add(vera, sandbox.token, label="Again"))
    assert "“Again” and “Team” are the same token" in page
    assert StoredToken.objects.count() == 2


def test_another_persons_token_is_not_reported_as_a_duplicate(cast, sandbox, vera):
    tokens.store(user_id=cast.mia.pk, label="Mia's", token=sandbox.token, stored_by_name="Mia")
    assert "are the same token" not in add(vera, sandbox.token).content.decode()


def test_a_token_that_may_not_see_the_servers_says_so(sandbox, vera):
    token = issue_token(sandbox.account.email, "bare", ["snapshots.read"])
    assert "only those with a snapshot are shown" in add(vera, token).content.decode()
