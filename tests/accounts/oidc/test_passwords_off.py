"""Where passwords are off: only emergency accounts have one, and a right password is refused as a wrong one."""

import re

import pytest
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from snapportal.accounts import hashers, people
from snapportal.accounts.models import User
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry
from tests.accounts.oidc.conftest import sign_on
from tests.conftest import PASSWORD

ADMIN = Actor(id=None, name="tests", role="admin")


@pytest.fixture(autouse=True)
def off(idp, cast, settings):
    settings.SNAPPORTAL_PASSWORD_SIGN_IN = False
    settings.SNAPPORTAL_BREAK_GLASS = frozenset({"ada"})


def try_in(username: str, password: str = PASSWORD):
    return Client().post("/sign-in/", {"username": username, "password": password})


def without_secrets(page: str) -> str:
    return re.sub(r'(csrfmiddlewaretoken" value|data-now)="[^"]*"', "", page)


def test_the_page_shows_the_button_and_hides_the_form_behind_a_link(client):
    page = client.get("/sign-in/?next=/tokens/").text
    assert "Single sign-on" in page
    assert 'name="password"' not in page
    assert 'href="/sign-in/?password=1&amp;next=/tokens/"' in page
    page = client.get("/sign-in/?password=1&next=/tokens/").text
    assert 'name="password"' in page
    assert page.count('name="next" value="/tokens/"') >= 2


def test_without_emergency_accounts_there_is_no_form(client, settings):
    settings.SNAPPORTAL_BREAK_GLASS = frozenset()
    assert "emergency" not in client.get("/sign-in/").text


def test_an_emergency_account_signs_in_with_its_password():
    assert try_in("Ada").status_code == 302


def test_the_right_password_of_anybody_else_is_refused_as_a_wrong_one():
    right, wrong = try_in("mia"), try_in("mia", "wrong")
    assert right.status_code == wrong.status_code == 200
    assert without_secrets(right.text) == without_secrets(wrong.text)
    first, second = Entry.objects.filter(action="person.sign_in").order_by("sequence")
    assert (first.result, first.code, first.full_target) == (second.result, second.code, second.full_target)


@pytest.mark.parametrize("username", ["mia", "ada", "nobody"])
def test_it_takes_as_long(username, settings, monkeypatch):
    """One password is hashed, whoever asks."""
    settings.PASSWORD_HASHERS = ["snapportal.accounts.hashers.PasswordHasher"]
    User.objects.update(password=make_password(PASSWORD))
    hashed = []
    for name in ("verify", "encode"):
        before = getattr(hashers.PasswordHasher, name)
        monkeypatch.setattr(
            hashers.PasswordHasher,
            name,
            lambda *args, _before=before, _name=name: hashed.append(_name) or _before(*args),
        )
    try_in(username, "wrong")
    wrong = len(hashed)
    hashed.clear()
    try_in(username)
    assert len(hashed) == wrong == 1


def test_guessing_is_slowed_down_as_ever():
    statuses = [try_in("mia").status_code for _try in range(12)]
    assert 429 in statuses


def test_single_sign_on_works(idp):
    assert sign_on(idp).status_code == 302


def test_a_link_to_set_a_password_says_that_none_is_needed(cast):
    key = people._set_invitation_key(cast.mia)
    cast.mia.save()
    url = reverse("invitation_accept", args=[key])
    for answer in (
        Client().get(url),
        Client().post(url, {"new_password1": "x" * 12, "new_password2": "x" * 12}),
    ):
        assert answer.status_code == 403
        assert "No password is needed" in answer.text
    assert User.objects.get(pk=cast.mia.pk).check_password(PASSWORD)


def test_a_link_of_an_emergency_account_works(cast):
    key = people.renew_invitation(cast.ada, actor=ADMIN)
    assert "Welcome" in Client().get(reverse("invitation_accept", args=[key])).text


def test_no_new_link_is_made_for_anybody_else(cast, signed_in):
    ada = signed_in(cast.ada)
    url = reverse("person_edit", args=[cast.mia.pk])
    assert "Create a new link" not in ada.get(url).text
    assert "no password to set" in ada.post(url, {"step": "link"}, follow=True).text
    assert not User.objects.get(pk=cast.mia.pk).invitation_hash
    assert "Create a new link" in ada.get(reverse("person_edit", args=[cast.ada.pk])).text


def test_who_is_added_is_recognised_by_the_address_and_gets_no_link(idp, cast, signed_in):
    form = {"username": "nora", "name": "Nora", "email": "nora@example.com", "role": "operator"}
    page = signed_in(cast.ada).post(reverse("person_add"), form).text
    assert "No link is needed" in page
    assert "/welcome/" not in page
    idp.states = {"sub": "n", "email": "nora@example.com", "email_verified": True}
    assert sign_on(idp).status_code == 302
    assert Entry.objects.get(action="person.sign_in").actor_name == "Nora"


def test_the_command_adds_without_a_link(capsys):
    call_command("add_person", "nora", "--email", "nora@example.com")
    assert "No link is needed" in capsys.readouterr().out
    call_command("add_person", "ada", "--renew")
    assert "/welcome/" in capsys.readouterr().out


def test_the_password_cannot_be_changed(cast, signed_in):
    mia = signed_in(cast.mia)
    assert "No password" in mia.get("/account/").text
    form = {"old_password": PASSWORD, "new_password1": "another one 12", "new_password2": "another one 12"}
    assert mia.post("/account/", form).status_code == 403
    assert User.objects.get(pk=cast.mia.pk).check_password(PASSWORD)
    assert "Change your password" in signed_in(cast.ada).get("/account/").text


def test_an_admin_with_only_a_password_that_is_off_is_no_other_admin(cast, signed_in):
    """Otherwise the last one who can come in could give the role away."""
    User.objects.create_user("otto", PASSWORD, role="admin", name="Otto")
    ada = User.objects.get(pk=cast.ada.pk)
    ada.role = "viewer"
    with pytest.raises(people.PersonError):
        people.change(ada, seen=User.objects.get(pk=ada.pk).details_key, actor=ADMIN)


def test_sessions_of_people_without_a_password_go_on(idp, cast):
    client = Client()
    sign_on(idp, client)
    assert client.get("/account/").status_code == 200


def test_with_passwords_on_both_ways_are_offered(client, settings):
    settings.SNAPPORTAL_PASSWORD_SIGN_IN = True
    page = client.get("/sign-in/").text
    assert "Single sign-on" in page
    assert 'name="password"' in page
    assert try_in("mia").status_code == 302
