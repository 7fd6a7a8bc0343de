"""Service accounts: added by admins, looked after by a person, and never signed in."""

import re

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from snapportal.accounts import erasure, people, service_accounts
from snapportal.accounts.models import Role, User
from snapshots.api.models import ApiKey
from snapshots.audit.models import Entry
from snapshots.audit.subjects import Subject
from tests.conftest import PASSWORD
from tests.support.actors import actor_of
from tests.support.api import Script, make_key
from tests.support.desk import make_desk

NEW = {"username": "Robot", "name": "Deploy robot", "role": "operator"}
ADD = "/people/add-service-account/"


@pytest.fixture
def robot(cast) -> User:
    account = User(username="robot", name="Deploy robot", role=Role.OPERATOR)
    return service_accounts.add(account, keeper=cast.mia, actor=actor_of(cast.ada))


@pytest.fixture
def script(robot, sandbox) -> Script:
    return Script(make_key(robot, make_desk(robot, sandbox.token).token)[1])


def change_keeper(client: Client, account: User, keeper: User):
    return client.post(f"/people/{account.pk}/keeper/", {"keeper": str(keeper.pk)}, follow=True)


def deactivate(person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)
    person.refresh_from_db()


def test_an_admin_adds_a_service_account(cast, signed_in):
    answer = signed_in(cast.ada).post(ADD, NEW | {"keeper": str(cast.mia.pk)}, follow=True)
    account = User.objects.get(username="robot")
    assert answer.request["PATH_INFO"] == f"/people/{account.pk}/"
    assert (account.service_owner, account.role, account.has_usable_password()) == (
        cast.mia,
        "operator",
        False,
    )
    row = Entry.objects.get()
    assert (row.action, row.actor_name, row.full_target) == ("person.add_service_account", "Ada", "robot")
    assert row.full_evidence == "operator; looked after by “Mia”"
    assert "Add the service account" in signed_in(cast.aron).get(f"/audit/{row.sequence}/").text


def test_the_list_and_its_page_show_that_it_is_a_service_account(cast, robot, signed_in):
    listed = signed_in(cast.ada).get("/people/?q=robot").text
    assert "Service account" in listed
    assert "cannot sign in" in listed
    assert "Invitation expired" not in listed
    page = signed_in(cast.ada).get(f"/people/{robot.pk}/").text
    assert "Who looks after it" in page
    assert "Create a new link" not in page
    assert "Without this its API keys do not work" in page
    assert f"/api-keys/add/?owner={robot.pk}" in page
    assert "Deploy robot" in signed_in(cast.ada).get(f"/people/{cast.mia.pk}/").text


@pytest.mark.parametrize("keeper", ["", "robot", "vera", "4242"])
def test_only_an_active_person_can_look_after_it(cast, robot, signed_in, keeper):
    deactivate(cast.vera)
    chosen = {"robot": robot.pk, "vera": cast.vera.pk}.get(keeper, keeper)
    signed_in(cast.ada).post(ADD, NEW | {"username": "second", "keeper": str(chosen)})
    assert not User.objects.filter(username="second").exists()
    page = signed_in(cast.ada).post(f"/people/{robot.pk}/keeper/", {"keeper": str(chosen)}, follow=True).text
    assert "choose an active person" in page
    robot.refresh_from_db()
    assert robot.service_owner == cast.mia


def test_a_keeper_who_was_deactivated_meanwhile_is_refused(cast, robot):
    User.objects.filter(pk=cast.vera.pk).update(is_active=False)
    second = User(username="second", name="Second", role=Role.VIEWER)
    for refused in (
        lambda: service_accounts.add(second, keeper=cast.vera, actor=actor_of(cast.ada)),
        lambda: service_accounts.change_keeper(robot, keeper=cast.vera, actor=actor_of(cast.ada)),
        lambda: service_accounts.change_keeper(cast.omar, keeper=cast.mia, actor=actor_of(cast.ada)),
    ):
        with pytest.raises(people.PersonError):
            refused()
    assert Entry.objects.count() == 1
    assert not User.objects.filter(username="second").exists()


def test_a_used_sign_in_name_is_refused(cast, robot, signed_in):
    answer = signed_in(cast.ada).post(ADD, NEW | {"keeper": str(cast.mia.pk)})
    assert "already exists" in answer.text
    twin = User(username="robot", name="Twin", role=Role.VIEWER)
    with pytest.raises(people.PersonError, match="a moment ago"):
        service_accounts.add(twin, keeper=cast.mia, actor=actor_of(cast.ada))


def test_nobody_signs_in_with_it_whatever_password_or_session_it_has(robot, signed_in):
    robot.set_password(PASSWORD)
    robot.save()
    assert Client().post("/sign-in/", {"username": "robot", "password": PASSWORD}).status_code == 200
    assert Entry.objects.get(action="person.sign_in").result == "refused"
    assert signed_in(robot).get("/account/").status_code == 302


def test_no_link_sets_a_password_for_it(cast, robot, signed_in):
    answer = signed_in(cast.ada).post(f"/people/{robot.pk}/", {"step": "link"}, follow=True)
    assert "nobody can sign in with it" in answer.text
    with pytest.raises(CommandError, match="service account"):
        call_command("add_person", "robot", "--renew")
    key = people.renew_invitation(cast.omar, actor=actor_of(cast.ada))
    assert people.find_invited(key) is not None
    User.objects.filter(pk=cast.omar.pk).update(service_owner=cast.mia)
    assert people.find_invited(key) is None
    cast.omar.refresh_from_db()
    with pytest.raises(people.PersonChangedError):
        people.change_password(cast.omar, "a quiet harbour at dusk", actor=actor_of(cast.ada))


def test_an_admin_stores_its_token(cast, robot, sandbox, signed_in):
    url = f"/people/{robot.pk}/token/"
    assert "Whoever makes or sees these keys" in signed_in(cast.ada).get(url).text
    answer = signed_in(cast.ada).post(url, {"label": "its own", "token": sandbox.token})
    assert answer.status_code == 302
    assert robot.stored_tokens.get().label == "its own"
    assert "Only this person" in signed_in(cast.ada).get(f"/people/{cast.omar.pk}/token/").text


def test_its_keys_work_only_while_somebody_looks_after_it(cast, robot, script, signed_in):
    ada = signed_in(cast.ada)
    assert script.get("snapshots/").status_code == 200
    deactivate(cast.mia)
    assert script.get("snapshots/").status_code == 401
    assert Entry.objects.get(action="access.refuse").code == "api_owner_inactive"
    page = ada.get(f"/people/{robot.pk}/").text
    assert "The API keys of this account do not work" in page
    assert f"/api-keys/add/?owner={robot.pk}" not in page
    assert "The API keys of service accounts do not work" in ada.get(f"/people/{cast.mia.pk}/").text
    assert "Nobody looks after it" in ada.get("/people/?q=robot").text
    assert "looks after it from now on" in change_keeper(ada, robot, cast.omar).text
    assert script.get("snapshots/").status_code == 200
    row = Entry.objects.get(action="person.change_keeper")
    assert (row.full_target, row.full_evidence) == ("robot", f"“Omar”, in place of person {cast.mia.pk}")


def test_the_same_keeper_again_is_no_change(cast, robot, signed_in):
    change_keeper(signed_in(cast.ada), robot, cast.mia)
    assert not Entry.objects.filter(action="person.change_keeper").exists()


def test_a_keeper_is_erased_after_another_one_is_named(cast, robot, script, signed_in):
    ada = signed_in(cast.ada)
    deactivate(cast.mia)
    url = f"/people/{cast.mia.pk}/erase/"
    said = {"reason": "left", "username": "mia"}
    assert "name somebody else for each of them first" in ada.get(url, follow=True).text
    assert "name somebody else for each of them first" in ada.post(url, said, follow=True).text
    assert User.objects.get(pk=cast.mia.pk).username == "mia"
    change_keeper(ada, robot, cast.omar)
    assert "is erased" in ada.post(url, said, follow=True).text
    assert not Subject.objects.filter(value__contains="Mia", erased_in=None).exists()
    assert not any("Mia" in row.full_evidence for row in Entry.objects.all())
    assert script.get("snapshots/").status_code == 200


def test_erasing_deletes_the_api_keys_and_says_how_many(cast, robot, script, signed_in):
    deactivate(robot)
    page = signed_in(cast.ada).get(f"/people/{robot.pk}/erase/").text
    assert re.search(r"<dt>API keys</dt><dd class=\"num\">1</dd>", page)
    row = erasure.erase_person(robot, reason="no longer used", actor=actor_of(cast.ada))
    assert row.evidence.endswith("; 1 token removed; 1 API key removed")
    assert not ApiKey.objects.exists()
    assert script.get("snapshots/").status_code == 401
    deactivate(cast.mia)
    erasure.erase_person(cast.mia, reason="left", actor=actor_of(cast.ada))


def test_its_role_is_changed_like_that_of_a_person(cast, robot, signed_in):
    said = {"name": robot.name, "role": "viewer", "is_active": "on", "seen": robot.details_key}
    assert signed_in(cast.ada).post(f"/people/{robot.pk}/", said).status_code == 302
    robot.refresh_from_db()
    assert (robot.role, robot.service_owner) == ("viewer", cast.mia)
