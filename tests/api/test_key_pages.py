"""Pages of API keys: who sees, makes and revokes which key, and that the text of a key is shown once."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from snapportal.accounts import service_accounts
from snapportal.accounts.models import Role, User
from snapshots.api import keys
from snapshots.api.models import ApiKey
from snapshots.audit.models import Entry
from snapshots.vault.models import StoredToken
from tests.support.actors import actor_of
from tests.support.api import Script, make_key
from tests.support.desk import make_desk

pytestmark = pytest.mark.django_db
ADD = "/api-keys/add/"
SECRET = re.compile(r"\bsp_[0-9A-Za-z]{38}\b")


def filled(token: StoredToken | None, **changes):
    servers = [f"{token.pk}:all"] if token else []
    return {"name": "ci", "rights": ["snapshots.see"], "servers": servers, "days": "90"} | changes


def secret_in(answer) -> str:
    assert answer.status_code == 200, answer.text
    return SECRET.search(answer.text)[0]


@pytest.fixture
def robot(cast, sandbox) -> User:
    """A service account with a token; Vera looks after it."""
    account = User(username="robot", name="Robot", role=Role.OPERATOR)
    service_accounts.add(account, keeper=cast.vera, actor=actor_of(cast.ada))
    make_desk(account, sandbox.token, "Robot's token")
    return account


def test_a_key_is_shown_once_and_works(desk, signed_in):
    mia = signed_in(desk.user)
    answer = mia.post(
        ADD, filled(desk.token, rights=["snapshots.see", "snapshots.create"], needs_reason="on")
    )
    secret, key = secret_in(answer), ApiKey.objects.get()
    assert f"curl -H &#x27;Authorization: Bearer {secret}" in answer.text.replace("'", "&#x27;")
    assert "http://testserver/api/v1/snapshots/" in answer.text
    assert Script(secret).get("snapshots/").status_code == 200
    assert (key.owner, key.token, key.server_ids, key.needs_reason) == (desk.user, desk.token, [], True)
    assert key.rights == ["snapshots.see", "snapshots.create"]
    assert key.expires_at - key.created_at == timedelta(days=90)
    listed = mia.get("/api-keys/").text
    assert key.shown_part in listed
    assert "just now" in listed
    assert not SECRET.search(listed)


def test_a_key_reaches_the_chosen_servers(desk, signed_in):
    view = desk.server()
    page = signed_in(desk.user).get(ADD).text
    assert view.name in page
    answer = signed_in(desk.user).post(ADD, filled(desk.token, servers=[f"{desk.token.pk}:{view.server_id}"]))
    secret_in(answer)
    assert ApiKey.objects.get().server_ids == [view.server_id]
    assert view.name in signed_in(desk.user).get("/api-keys/").text


def test_servers_are_offered_though_nobody_has_read_with_the_token(desk, signed_in):
    assert "web-server-01" in signed_in(desk.user).get(ADD).text


def test_servers_that_cannot_be_read_are_not_offered_one_by_one(desk, signed_in, settings):
    settings.SNAPPORTAL_API_URL = "http://127.0.0.1:1"
    assert "Its servers could not be read yet" in signed_in(desk.user).get(ADD).text


def test_all_servers_together_with_single_ones_are_refused(desk, signed_in):
    chosen = [f"{desk.token.pk}:all", f"{desk.token.pk}:{desk.server().server_id}"]
    answer = signed_in(desk.user).post(ADD, filled(desk.token, servers=chosen))
    assert "Choose either all servers or single ones" in answer.text
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "x" * 81}, "at most 80"),
        ({"name": "sp_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZab"}, "looks like a key or token"),
        ({"name": "\u200b"}, "Give the key a name"),
        ({"rights": []}, "Choose at least one"),
        ({"rights": ["audit.read"]}, "is not one of the available choices"),
        ({"servers": []}, "Choose the servers that it reaches"),
        ({"servers": ["other:all"]}, "is not one of the available choices"),
        ({"days": "0"}, "greater than or equal to 1"),
        ({"days": "367"}, "less than or equal to 366"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_no_key_is_made(desk, signed_in, changes, words):
    answer = signed_in(desk.user).post(ADD, filled(desk.token, **changes))
    assert answer.status_code == 422
    assert words in answer.text
    assert "sp_0123" not in answer.text
    assert not ApiKey.objects.exists()


def test_a_key_works_with_one_token(desk, sandbox, signed_in):
    other = make_desk(desk.user, sandbox.other_token, "Other").token
    both = [f"{desk.token.pk}:all", f"{other.pk}:all"]
    assert "Choose servers of one token" in signed_in(desk.user).post(ADD, filled(None, servers=both)).text
    assert not ApiKey.objects.exists()


def test_the_same_form_sent_twice_makes_one_key(desk, signed_in):
    mia = signed_in(desk.user)
    secret_in(mia.post(ADD, filled(desk.token)))
    again = mia.post(ADD, filled(desk.token))
    assert again.status_code == 422
    assert "There is a key with this name already" in again.text
    assert ApiKey.objects.count() == 1


def test_a_right_that_was_lost_meanwhile_is_refused_at_its_field(desk, signed_in, monkeypatch):
    """The role changes after the form was checked and before the key is stored."""
    create = keys.create

    def create_later(**arguments):
        User.objects.filter(pk=desk.user.pk).update(role=Role.VIEWER)
        return create(**arguments)

    monkeypatch.setattr(keys, "create", create_later)
    answer = signed_in(desk.user).post(ADD, filled(desk.token, rights=["snapshots.delete"]))
    assert answer.status_code == 422
    assert "may not do all of this any more" in answer.text
    assert 'id="id_rights_error"' in answer.text
    assert not ApiKey.objects.exists()


def test_only_rights_of_the_owner_are_offered(cast, desk, sandbox, signed_in):
    make_desk(cast.vera, sandbox.token)
    page = signed_in(cast.vera).get(ADD).text
    assert 'value="snapshots.see"' in page
    assert 'value="snapshots.create"' not in page
    assert signed_in(cast.vera).post(ADD, filled(None, rights=["snapshots.create"])).status_code == 422


def test_an_auditor_makes_a_key_without_a_token(cast, signed_in):
    aron = signed_in(cast.aron)
    page = aron.get(ADD).text
    assert "No token is stored yet" not in page
    assert 'value="audit.read"' in page
    answer = aron.post(ADD, filled(None, rights=["audit.read"]))
    assert "http://testserver/api/v1/audit/" in answer.text
    assert Script(secret_in(answer)).get("audit/").status_code == 200
    assert ApiKey.objects.get().token is None


def test_somebody_without_a_token_is_told_what_is_missing(cast, signed_in):
    assert "No token is stored yet" in signed_in(cast.omar).get(ADD).text
    assert "Choose the servers that it reaches" in signed_in(cast.omar).post(ADD, filled(None)).text


def test_nobody_sees_or_revokes_keys_of_others_but_admins(cast, desk, signed_in):
    key, secret = make_key(desk.user, desk.token)
    url = f"/api-keys/{key.pk}/revoke/"
    for other in (cast.vera, cast.omar, cast.aron):
        assert key.shown_part not in signed_in(other).get("/api-keys/").text
        assert signed_in(other).get(url).status_code == 404
        assert signed_in(other).post(url).status_code == 404
    assert Script(secret).get("snapshots/").status_code == 200
    ada = signed_in(cast.ada)
    listed = ada.get("/api-keys/").text
    assert key.shown_part in listed
    assert ">Mia</span>" in listed
    assert key.shown_part in ada.get(f"/people/{desk.user.pk}/").text
    assert "never" not in ada.get(url).text
    assert "is revoked" in ada.post(url, {"reason": "leaked"}, follow=True).text
    row = Entry.objects.get(action="api_key.revoke")
    assert (row.actor_name, row.full_target, row.reason) == ("Ada", "Mia", "leaked")
    assert Script(secret).get("snapshots/").status_code == 401


def test_the_owner_revokes_a_key_once(desk, signed_in):
    key, _secret = make_key(desk.user, desk.token)
    mia, url = signed_in(desk.user), f"/api-keys/{key.pk}/revoke/"
    assert "Revoke" in mia.get(url).text
    assert not ApiKey.objects.get().revoked_at
    mia.post(url)
    assert "revoked already" in mia.post(url, follow=True).text
    assert "revoked already" in mia.get(url, follow=True).text
    assert Entry.objects.filter(action="api_key.revoke").count() == 1
    listed = mia.get("/api-keys/").text
    assert "Revoked and expired" in listed
    assert url not in listed


def test_the_keeper_and_admins_make_and_revoke_keys_of_a_service_account(cast, robot, signed_in):
    url = f"{ADD}?owner={robot.pk}"
    token = StoredToken.objects.get(user=robot)
    assert url in signed_in(cast.vera).get("/api-keys/").text
    for number, person in enumerate((cast.vera, cast.ada)):
        answer = signed_in(person).post(url, filled(token, name=f"k{number}", rights=["snapshots.create"]))
        assert Script(secret_in(answer)).get("account/me/").status_code == 200
    assert {key.owner for key in ApiKey.objects.all()} == {robot}
    assert set(ApiKey.objects.values_list("created_by_id", flat=True)) == {cast.vera.pk, cast.ada.pk}
    key = ApiKey.objects.get(name="k1")
    assert "Robot" in signed_in(cast.vera).get("/api-keys/").text
    signed_in(cast.vera).post(f"/api-keys/{key.pk}/revoke/")
    key.refresh_from_db()
    assert key.revoked_by_id == cast.vera.pk


@pytest.mark.parametrize("name", ["omar", "mia", "aron"])
def test_others_make_no_key_for_a_service_account(cast, robot, signed_in, name):
    client = signed_in(getattr(cast, name))
    url = f"{ADD}?owner={robot.pk}"
    assert client.get(url).status_code == 404
    assert client.post(url, filled(StoredToken.objects.get(user=robot))).status_code == 404


def test_nobody_makes_a_key_in_the_name_of_another_person(cast, desk, signed_in):
    for owner in (desk.user.pk, "x", "99999999999999999999"):
        assert signed_in(cast.ada).post(f"{ADD}?owner={owner}", filled(desk.token)).status_code == 404
    assert signed_in(cast.ada).post(ADD, filled(desk.token)).status_code == 422
    assert not ApiKey.objects.exists()


def state_of(client, key: ApiKey) -> str:
    row = re.search(rf"{re.escape(key.shown_part)}.*?</tr>", client.get("/api-keys/").text, re.DOTALL)[0]
    return re.search(r'<span class="badge \w+">([^<]+)<', row)[1]


def test_the_list_says_in_which_state_a_key_is(cast, robot, desk, signed_in):
    key, _secret = make_key(robot, StoredToken.objects.get(user=robot))
    ada = signed_in(cast.ada)
    assert state_of(ada, key) == "Valid"
    found, now = ApiKey.objects.filter(pk=key.pk), timezone.now()
    found.update(expires_at=now + timedelta(days=13))
    assert state_of(ada, key) == "Expires soon"
    StoredToken.objects.filter(user=robot).delete()
    assert state_of(ada, key) == "Token removed"
    User.objects.filter(pk=cast.vera.pk).update(is_active=False)
    assert state_of(ada, key) == "Owner not active"
    found.update(expires_at=now - timedelta(days=1))
    assert state_of(ada, key) == "Expired"
    found.update(revoked_at=now)
    assert state_of(ada, key) == "Revoked"


def test_an_open_list_shows_a_new_key(desk, signed_in):
    mia = signed_in(desk.user)
    assert "No API key is in use" in mia.get("/api-keys/").text
    assert 'data-version="' in mia.get("/api-keys/").text


def test_the_log_says_what_was_made_and_through_which_channel_it_was_used(cast, desk, signed_in):
    secret = secret_in(signed_in(desk.user).post(ADD, filled(desk.token, name="Deploy", days="7")))
    key = ApiKey.objects.get()
    row = Entry.objects.get(action="api_key.create")
    assert (row.actor_name, row.full_target, row.token_label) == ("Mia", "Mia", desk.token.label)
    for words in ("Deploy", key.pk, "snapshots.see", "servers: all"):
        assert words in row.evidence
    signed_in(desk.user).post(f"/api-keys/{key.pk}/revoke/")
    assert Script(secret).get("snapshots/").status_code == 401
    refused, aron = Entry.objects.get(action="access.refuse"), signed_in(cast.aron)
    page = aron.get(f"/audit/{refused.sequence}/").text
    assert "The API key is revoked" in page
    assert f'API (key <bdi translate="no">{key.pk}</bdi>)' in page
    assert "Make an API key for" in aron.get(f"/audit/{row.sequence}/").text


def test_nothing_is_made_while_the_log_cannot_be_written(desk, signed_in, settings):
    settings.SNAPPORTAL_AUDIT_KEYS = {}
    answer = signed_in(desk.user).post(ADD, filled(desk.token))
    assert answer.status_code == 503
    assert not SECRET.search(answer.text)
    assert not ApiKey.objects.exists()
