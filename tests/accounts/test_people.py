"""Managing people: invitations, roles, and who may change them."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from snapportal.accounts import people
from snapportal.accounts.models import Role, User
from snapshots.audit.models import Entry
from snapshots.operations.models import Operation
from tests.conftest import PASSWORD
from tests.support.actors import actor_of

NEW_PASSWORD = "a fresh one, long enough"
NEWCOMER = {"username": "Nora", "name": "Nora New", "email": "nora@example.com", "role": "operator"}


def stories() -> list[tuple[str, str, str]]:
    return [(row.action, row.full_target, row.full_evidence) for row in Entry.objects.order_by("sequence")]


def link_in(answer) -> str:
    """The path of the invitation shown on a page."""
    return re.search(r'value="http://testserver(/welcome/[^"]+)"', answer.content.decode())[1]


def accept(path: str, client: Client | None = None):
    return (client or Client()).post(path, {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD})


def save(client: Client, person: User, **changes):
    said = {"name": person.name, "email": person.email, "role": person.role, "is_active": "on"} | changes
    said["seen"] = User.objects.get(pk=person.pk).details_key
    return client.post(
        f"/people/{person.pk}/", {key: value for key, value in said.items() if value is not None}
    )


def test_an_invited_person_sets_a_password_and_is_signed_in(cast, signed_in):
    answer = signed_in(cast.ada).post("/people/add/", NEWCOMER)
    nora = User.objects.get(username="nora")
    assert not nora.has_usable_password()
    browser = Client()
    path = link_in(answer)
    assert "Nora New" in browser.get(path).content.decode()
    assert accept(path, browser)["Location"] == "/"
    assert browser.get("/account/").status_code == 200
    assert stories() == [
        ("person.invite", "nora", "operator"), ("person.set_password", "nora", ""), ("person.sign_in", "", "invitation"),
    ]  # fmt: skip
    assert Entry.objects.get(action="person.set_password").actor_name == "Nora New"


def test_an_invitation_works_once_and_its_key_is_not_stored(cast, signed_in):
    path = link_in(signed_in(cast.ada).post("/people/add/", NEWCOMER))
    key = path.split("/")[2]
    assert key not in str(User.objects.filter(username="nora").values())
    Client().get(path)  # looking does not use it up
    assert accept(path).status_code == 302
    assert accept(path).status_code == 404
    assert Client().get(path).status_code == 404


def test_an_invitation_expires_after_three_days(cast, signed_in):
    path = link_in(signed_in(cast.ada).post("/people/add/", NEWCOMER))
    with time_machine.travel(timezone.now() + timedelta(days=3, seconds=1)):
        assert accept(path).status_code == 404
        assert "Invitation expired" in signed_in(cast.ada).get("/people/?q=nora").content.decode()


def test_a_new_link_invalidates_the_previous_one(cast, signed_in):
    admin = signed_in(cast.ada)
    first = link_in(admin.post("/people/add/", NEWCOMER))
    nora = User.objects.get(username="nora")
    second = link_in(admin.post(f"/people/{nora.pk}/", {"step": "link"}))
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200


def test_a_link_resets_a_forgotten_password_and_ends_old_sessions(cast, signed_in):
    old = signed_in(cast.vera)
    path = link_in(signed_in(cast.ada).post(f"/people/{cast.vera.pk}/", {"step": "link"}))
    assert old.get("/account/").status_code == 200
    accept(path)
    assert old.get("/account/").status_code == 302
    cast.vera.refresh_from_db()
    assert cast.vera.check_password(NEW_PASSWORD)


def test_sign_in_names_are_unique_regardless_of_case(cast, signed_in):
    answer = signed_in(cast.ada).post("/people/add/", NEWCOMER | {"username": "VERA"})
    assert "already exists" in answer.content.decode()


@pytest.mark.parametrize("username", ["nora new", "nora<b>", "nörа", ""])
def test_a_sign_in_name_with_other_characters_is_refused(cast, signed_in, username):
    signed_in(cast.ada).post("/people/add/", NEWCOMER | {"username": username})
    assert User.objects.count() == 5


def test_a_name_fits_into_the_log_with_its_role(cast, signed_in):
    admin = signed_in(cast.ada)
    longest = "n" * 120
    assert "at most 120" in save(admin, cast.vera, name=longest + "n").content.decode()
    assert save(admin, cast.vera, name=longest).status_code == 302
    with pytest.raises(CommandError, match="at most 120"):
        call_command("add_person", "nora", "--name", longest + "n")
    for role in Role.values:
        assert len(f"{longest} ({role})") <= Operation._meta.get_field("settled_by").max_length


def test_every_role_is_explained_beside_its_button(cast, signed_in):
    page = signed_in(cast.ada).get("/people/add/").content.decode()
    for words in (
        "Changes nothing",
        "creates snapshots",
        "restores and deletes",
        "keeps no tokens",
        "manages people",
    ):
        assert words in page


def test_a_change_of_role_is_recorded_and_ends_the_sessions(cast, signed_in):
    vera = signed_in(cast.vera)
    assert save(signed_in(cast.ada), cast.vera, role="manager").status_code == 302
    assert vera.get("/account/").status_code == 302
    cast.vera.refresh_from_db()
    assert cast.vera.has_perm("snapshots.restore")
    assert stories() == [("person.change_role", "vera", "viewer → manager")]


def test_a_deactivated_person_is_signed_out_and_cannot_sign_in(cast, signed_in):
    vera, admin = signed_in(cast.vera), signed_in(cast.ada)
    link = link_in(admin.post(f"/people/{cast.vera.pk}/", {"step": "link"}))
    save(admin, cast.vera, is_active=None)
    assert vera.get("/account/").status_code == 302
    assert Client().get(link).status_code == 404
    save(admin, cast.vera)
    assert vera.get("/account/").status_code == 302, "a session does not come back to life"
    assert [story[0] for story in stories()] == ["person.invite", "person.deactivate", "person.activate"]


def test_a_changed_name_keeps_the_sessions(cast, signed_in):
    vera = signed_in(cast.vera)
    save(signed_in(cast.ada), cast.vera, name="Vera Vogel")
    assert "Vera Vogel" in vera.get("/account/").content.decode()
    assert stories() == [("person.change_details", "vera", "“Vera” → “Vera Vogel”")]


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"is_active": None}])
def test_nobody_can_remove_their_own_role(cast, signed_in, change):
    client = signed_in(cast.ada)
    page = save(client, cast.ada, **change).content.decode()
    assert "ask another admin" in page
    cast.ada.refresh_from_db()
    assert (cast.ada.role, cast.ada.is_active) == (Role.ADMIN, True)
    assert stories() == []


@pytest.mark.parametrize("change", [{"role": Role.VIEWER}, {"is_active": False}])
def test_the_last_admin_who_can_sign_in_cannot_be_removed(cast, change):
    invited = User.objects.create_user("eve", None, name="Eve", role=Role.ADMIN)
    seen = cast.ada.details_key
    for name, value in change.items():
        setattr(cast.ada, name, value)
    with pytest.raises(people.PersonError, match="last active admin"):
        people.change(cast.ada, seen=seen, actor=actor_of(invited))
    invited.set_password(PASSWORD)
    invited.save()
    people.change(cast.ada, seen=seen, actor=actor_of(invited))


def test_people_are_found_by_name_and_no_match_is_reported(cast, signed_in):
    client = signed_in(cast.ada)
    found = client.get("/people/?q=omar@").content.decode()
    assert "Omar" in found
    assert "Vera" not in found
    assert "No matching people" in client.get("/people/?q=<b>zz").content.decode()
    assert "<b>zz" not in client.get("/people/?q=<b>zz").content.decode()


def test_no_link_is_created_for_a_deactivated_person(cast, signed_in):
    cast.vera.is_active = False
    cast.vera.save()
    answer = signed_in(cast.ada).post(f"/people/{cast.vera.pk}/", {"step": "link"}, follow=True)
    assert "Activate this person first" in answer.content.decode()


def test_the_command_line_invites_the_first_admin(db, capsys):
    call_command("add_person", "Ada", "--role", "admin")
    path = re.search(r"http://127\.0\.0\.1:\d+(/welcome/\S+)", capsys.readouterr().out)[1]
    assert accept(path).status_code == 302
    assert User.objects.get().role == Role.ADMIN
    assert Entry.objects.get(action="person.invite").channel == "command"


def test_the_command_line_creates_a_link_for_a_forgotten_password(cast, capsys):
    call_command("add_person", "ada", "--renew", "--url", "https://portal.example/")
    assert "https://portal.example/welcome/" in capsys.readouterr().out


class TestAddressOfTheLink:
    """With a real provider."""

    @pytest.fixture
    def said(self, db, settings, capsys):
        """What the command says with these host names, at this address."""
        settings.SANDBOX = False

        def run(hosts: list[str], bind: str, *words: str) -> str:
            settings.ALLOWED_HOSTS, settings.SNAPPORTAL_BIND = hosts, bind
            call_command("add_person", "nora", *words)
            return capsys.readouterr().out

        return run

    @pytest.mark.parametrize(
        ("host", "bind"),
        [("127.0.0.1", "127.0.0.1:8123"), ("localhost", "0.0.0.0:8123"), ("[::1]", "[::1]:8123")],
    )
    def test_without_a_public_address_it_has_the_port_and_the_setting_is_named(self, said, host, bind):
        text = said([host], bind)
        assert text.splitlines()[-1].startswith(f"http://{host}:8123/welcome/")
        assert "SNAPPORTAL_ALLOWED_HOSTS" in text

    def test_with_a_host_name_it_is_that_over_https(self, said):
        text = said(["snapshots.example.com", "127.0.0.1"], "127.0.0.1:8123")
        assert text.splitlines()[-1].startswith("https://snapshots.example.com/welcome/")
        assert "SNAPPORTAL_ALLOWED_HOSTS" not in text

    def test_an_address_that_is_given_needs_no_setting(self, said):
        text = said(["127.0.0.1"], "127.0.0.1:8123", "--url", "https://portal.example/")
        assert text.splitlines()[-1].startswith("https://portal.example/welcome/")
        assert "SNAPPORTAL_ALLOWED_HOSTS" not in text

    def test_a_socket_of_the_file_system_has_no_port(self, said):
        assert "https://127.0.0.1/welcome/" in said(["127.0.0.1"], "unix:/run/snapportal/portal.sock")


@pytest.mark.parametrize("words", [["vera"], ["no one"], ["nemo", "--renew"]])
def test_the_command_line_reports_invalid_arguments(cast, words):
    with pytest.raises(CommandError):
        call_command("add_person", *words)
