"""Simultaneous changes of people: an invitation is used once, and a change that was not made is not reported as made."""

import threading
import time
from functools import partial

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from snapportal.accounts import people
from snapportal.accounts.models import Role, User
from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry
from tests.conftest import PASSWORD
from tests.support.pages import hidden
from tests.support.rendezvous import VALIDATORS, Rendezvous, at_once

ADA = Actor(id=None, name="Ada", role="admin")
PASSWORDS = [
    "a quiet harbour at dusk",
    "seven lamps in a row",
    "the wind over the dyke",
    "copper and old rope",
]


@pytest.fixture
def meet(settings, monkeypatch):
    """A function that makes the given number of password forms wait for each other after validation."""

    def meet(number: int) -> None:
        settings.AUTH_PASSWORD_VALIDATORS = VALIDATORS
        monkeypatch.setattr(Rendezvous, "barrier", threading.Barrier(number))

    return meet


def invited(name: str = "nora") -> tuple[User, str]:
    return people.invite(User(username=name, name="Nora", role=Role.OPERATOR), actor=ADA)


def rows(action: str = "person.set_password") -> list[tuple[str, str]]:
    return sorted(Entry.objects.filter(action=action).values_list("result", "code"))


def set_first(key: str, password: str):
    return Client().post(f"/welcome/{key}/", {"new_password1": password, "new_password2": password})


def set_next(browser: Client, password: str):
    said = {"old_password": PASSWORD, "new_password1": password, "new_password2": password}
    return browser.post("/account/", said)


@pytest.mark.django_db(transaction=True)
def test_an_invitation_sent_four_times_at_once_is_accepted_once(meet):
    _person, key = invited()
    meet(4)
    answers = at_once([partial(set_first, key, password) for password in PASSWORDS])
    assert sorted(answer.status_code for answer in answers) == [302, 404, 404, 404]
    assert sum("This link is no longer valid" in answer.text for answer in answers) == 3
    assert rows() == [("completed", ""), *[("refused", "invitation_over")] * 3]
    assert rows("person.sign_in") == [("completed", "")]
    (winner,) = [answer for answer in answers if answer.status_code == 302]
    assert winner.client.get("/account/").status_code == 200
    nora = User.objects.get(username="nora")
    assert sum(nora.check_password(password) for password in PASSWORDS) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_simultaneous_password_changes_one_succeeds_and_the_other_is_refused(cast, signed_in, meet):
    browsers = [signed_in(cast.vera), signed_in(cast.vera)]
    meet(2)
    answers = at_once([partial(set_next, *pair) for pair in zip(browsers, PASSWORDS[:2], strict=True)])
    assert sorted(answer.status_code for answer in answers) == [200, 302]
    (loser,) = [answer for answer in answers if answer.status_code == 200]
    assert "Your password was changed a moment ago" in loser.text
    assert rows() == [("completed", ""), ("refused", "password_changed")]


@pytest.mark.django_db(transaction=True)
def test_two_simultaneous_invitations_of_one_name_add_one_person(cast, signed_in):
    browsers = [signed_in(cast.ada), signed_in(cast.ada)]
    said = {"username": "nora", "name": "Nora", "role": "viewer"}
    threads = []
    answers = []
    with journal.committed():  # both forms are checked, and wait to be written
        journal.record(ADA.entry(action="person.sign_out"))
        for browser in browsers:
            post = partial(at_once, [partial(browser.post, "/people/add/", said)])
            threads.append(threading.Thread(target=lambda post=post: answers.extend(post())))
            threads[-1].start()
        time.sleep(0.7)
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [200, 200]
    assert sum("/welcome/" in answer.text for answer in answers) == 1
    assert sum("with this sign-in name" in answer.text.lower() for answer in answers) == 1
    assert User.objects.filter(username="nora").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_person_invited_a_moment_ago_is_not_invited_again():
    invited()
    with pytest.raises(people.PersonError, match="added a moment ago"):
        invited()
    assert rows("person.invite") == [("completed", "")]


@pytest.mark.parametrize("step", ["deactivated", "renewed", "password set"])
def test_an_invitation_that_ended_after_it_was_found_sets_no_password(db, step):
    person, key = invited()
    found = people.find_invited(key)
    if step == "deactivated":
        seen, person.is_active = person.details_key, False
        people.change(person, seen=seen, actor=ADA)
    elif step == "renewed":
        people.renew_invitation(person, actor=ADA)
    else:
        people.change_password(person, PASSWORD, actor=ADA)
    with pytest.raises(people.InvitationOverError):
        people.accept_invitation(found, PASSWORDS[0], actor=ADA)
    assert not User.objects.get(pk=person.pk).check_password(PASSWORDS[0])
    assert ("refused", "invitation_over") in rows()


def test_no_link_is_created_for_a_person_deactivated_after_being_read(cast):
    read = User.objects.get(pk=cast.vera.pk)
    cast.vera.is_active = False
    people.change(cast.vera, seen=read.details_key, actor=ADA)
    with pytest.raises(people.PersonError, match="Activate this person first"):
        people.renew_invitation(read, actor=ADA)
    assert User.objects.get(pk=read.pk).invitation_hash == ""
    assert rows("person.invite") == []


def test_a_change_of_details_does_not_restore_a_used_invitation(db):
    person, key = invited()
    read = User.objects.get(pk=person.pk)
    people.accept_invitation(person, PASSWORD, actor=ADA)
    seen, read.name = read.details_key, "Nora Neu"
    people.change(read, seen=seen, actor=ADA)
    assert people.find_invited(key) is None
    stored = User.objects.get(pk=person.pk)
    assert (stored.name, stored.session_seed) == ("Nora Neu", person.session_seed)


def test_a_form_with_outdated_details_does_not_undo_another_admins_change(cast, signed_in):
    admin = signed_in(cast.ada)
    url = f"/people/{cast.vera.pk}/"
    said = {"name": "Vera", "email": "vera@example.com", "role": "viewer"}
    first = second = {"seen": hidden(admin.get(url), "seen")}
    assert admin.post(url, said | first).status_code == 302  # without is_active: deactivated
    late = admin.post(url, said | second | {"is_active": "on", "name": "Vera Vogel"}, follow=True)
    assert "Somebody else changed this person meanwhile" in late.text
    stored = User.objects.get(pk=cast.vera.pk)
    assert (stored.is_active, stored.name) == (False, "Vera")
    assert [row["action"] for row in Entry.objects.values("action")] == ["person.deactivate"]


def test_a_rehashed_password_does_not_overwrite_a_newer_password(cast, settings):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.ScryptPasswordHasher", *settings.PASSWORD_HASHERS,
    ]  # fmt: skip
    old = User.objects.get(pk=cast.vera.pk)
    User.objects.filter(pk=old.pk).update(password=make_password(PASSWORDS[0], hasher="md5"))
    assert old.check_password(PASSWORD)
    stored = User.objects.get(pk=old.pk)
    assert stored.check_password(PASSWORDS[0])
    assert User.objects.get(pk=old.pk).password.startswith("scrypt$")
