"""Erasing people who have left, and old addresses: who may, what is blanked, what the log says, what pages show."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from snapportal.accounts import erasure, people
from snapportal.accounts.models import SignInFailure, User
from snapshots.audit import erasure_rows, export, holds, journal, verification
from snapshots.audit.hold_models import parse_scope
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry
from snapshots.audit.subjects import Kind, Subject
from snapshots.operations.models import Operation
from snapshots.operations.transitions import entry_data
from snapshots.vault.models import StoredToken
from tests.support.audit_rows import write_operation
from tests.support.desk import make_desk
from tests.support.evidence import open_operation

REASON = "left the company and asked for it"
ADDRESS = "198.51.100.7"


def actor(user: User) -> Actor:
    return Actor(id=user.pk, name=str(user), role=user.role, address=ADDRESS)


def leave(person: User) -> User:
    User.objects.filter(pk=person.pk).update(is_active=False)
    person.refresh_from_db()
    return person


@pytest.fixture
def mia(cast) -> User:
    """Mia, who has left; the log has an operation of hers and a sign-in that failed."""
    write_operation("accepted", "completed", actor=actor(cast.mia))
    Client(REMOTE_ADDR=ADDRESS).post("/sign-in/", {"username": "mia", "password": "wrong"})
    return leave(cast.mia)


def erase(person: User, by: User) -> Entry:
    return erasure.erase_person(person, reason=REASON, actor=actor(by))


def post(client: Client, person: User, **changes: str):
    said = {"reason": REASON, "username": person.username} | changes
    return client.post(f"/people/{person.pk}/erase/", said, follow=True)


def rows_of_erasure() -> list[Entry]:
    return list(Entry.objects.filter(action__in=erasure_rows.ACTIONS))


def test_the_page_shows_what_is_erased_and_what_stays(cast, mia, signed_in):
    page = signed_in(cast.ada).get(f"/people/{mia.pk}/erase/").text
    for words in ("Mia, mia", "Names", "Stored tokens", "What stays", "Texts that people typed", "Backups"):
        assert words in page, words
    assert rows_of_erasure() == []


def test_an_erased_person_has_no_name_no_password_and_no_session(cast, mia, signed_in):
    browser = signed_in(mia)
    page = post(signed_in(cast.ada), mia).text
    assert f"Person {mia.pk} is erased" in page
    mia.refresh_from_db()
    assert (mia.username, mia.name, mia.email, mia.last_login) == (f"erased-{mia.pk}", "", "", None)
    assert not (mia.is_active or mia.has_usable_password() or mia.is_invited)
    assert browser.get("/account/").status_code == 302
    assert not SignInFailure.objects.filter(address=ADDRESS).exists()


def test_the_row_says_who_erased_whom_and_why_without_a_name(cast, mia, signed_in):
    covered = erasure.find(mia).subjects
    post(signed_in(cast.ada), mia)
    (row,) = rows_of_erasure()
    assert (row.action, row.result, row.target, row.reason) == (
        "person.erase",
        "completed",
        str(mia.pk),
        REASON,
    )
    assert (row.actor_name, row.channel) == ("Ada", "browser")
    erased = Subject.objects.filter(erased_in=row.sequence)
    assert erased.count() == covered == 3  # two names and an address
    expected = erasure_rows.of_commitments(erased.values_list("commitment", flat=True))
    assert row.evidence == f"{expected}; 0 tokens removed"
    assert set(erased.values_list("value", "salt", "lookup")) == {("", "", "")}
    assert not Subject.objects.filter(person_id=mia.pk, erased_in=None).exists()
    assert verification.check_log().holds


def test_a_name_typed_on_the_command_line_is_erased_where_it_is_the_same(cast, mia):
    for by in ("Mia", "Miami"):
        journal.record(verification.COMMAND_ACTOR.entry(action="audit.accept_changed_rows", settled_by=by))
    erase(mia, by=cast.ada)
    accepted = Entry.objects.filter(action="audit.accept_changed_rows").order_by("sequence")
    assert [entry.settled_by for entry in accepted] == ["", "Miami"]


def test_tokens_are_removed_and_the_name_is_blanked_beside_others(cast, desk):
    open_operation(desk, settled_by="Mia (manager)", settled_by_id=cast.mia.pk)
    other = StoredToken.objects.create(
        user=cast.omar, label="his", sealed=b"", stored_by_name="Mia", created_at=timezone.now()
    )
    row = erase(leave(cast.mia), by=cast.ada)
    assert row.evidence.endswith("; 1 token removed")
    assert [(one.pk, one.stored_by_name) for one in StoredToken.objects.all()] == [(other.pk, "")]
    operation = Operation.objects.get()
    assert (operation.actor_id, operation.actor_name, operation.settled_by) == (cast.mia.pk, "", "")


def test_only_a_person_who_is_deactivated_can_be_erased(cast, signed_in):
    page = post(signed_in(cast.ada), cast.vera).text
    assert "Deactivate this person first" in page
    assert (User.objects.get(pk=cast.vera.pk).name, rows_of_erasure()) == ("Vera", [])


def test_a_person_under_a_legal_hold_is_not_erased_until_it_is_lifted(cast, mia, signed_in, settings):
    hold = holds.place(
        actor=actor(cast.ada), scope=parse_scope(f"person {mia.pk}"), name="Case 7", reason="lawsuit"
    )
    assert f"A legal hold (row {hold.placed_in} of the audit log)" in post(signed_in(cast.ada), mia).text
    settings.SNAPPORTAL_ERASE_ADDRESSES_AFTER_DAYS = 1
    with time_machine.travel(timezone.now() + timedelta(days=3)):
        row = erasure.erase_old_addresses(actor=actor(cast.ada))
        assert erasure.find(mia).addresses == 1
        assert row is None or str(mia.pk) not in row.evidence
        holds.lift(actor=actor(cast.ada), placed_in=hold.placed_in, reason="settled")
        assert erasure.erase_old_addresses(actor=actor(cast.ada)) is not None
    assert erasure.find(mia).addresses == 0
    assert erase(mia, cast.ada).action == "person.erase"


def test_nobody_erases_themselves(cast):
    with pytest.raises(people.PersonError, match="cannot erase yourself"):
        erase(leave(cast.ada), by=cast.ada)
    assert User.objects.get(pk=cast.ada.pk).name == "Ada"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"username": "vera"}, "not the sign-in name"),
        ({"reason": " "}, "required"),
        ({"username": ""}, "req"),
    ],
)
def test_nothing_is_erased_without_a_reason_and_the_typed_sign_in_name(cast, mia, signed_in, changes, words):
    assert words in post(signed_in(cast.ada), mia, **changes).text
    assert (User.objects.get(pk=mia.pk).name, rows_of_erasure()) == ("Mia", [])


def test_a_person_is_erased_once(cast, mia, signed_in):
    client = signed_in(cast.ada)
    post(client, mia)
    assert "erased already" in post(client, mia).text
    assert len(rows_of_erasure()) == 1


def test_a_row_that_names_an_erased_person_once_more_can_be_erased_too(cast, mia):
    erase(mia, by=cast.ada)
    write_operation("completed", actor=actor(cast.mia))
    call_command("erase_person", "1003", "--reason", REASON, "--yes")
    assert [row.evidence.split()[0] for row in rows_of_erasure()] == ["2", "3"]
    assert not Subject.objects.filter(person_id=mia.pk, erased_in=None).exists()
    assert verification.check_log().holds


def test_an_erased_person_cannot_be_changed_or_come_back(cast, mia, signed_in):
    client = signed_in(cast.ada)
    post(client, mia)
    mia.refresh_from_db()
    details = {"name": "Mia", "role": "admin", "is_active": "on", "seen": mia.details_key}
    page = client.post(f"/people/{mia.pk}/", details).text
    assert "This person was erased" in page
    seen, mia.is_active = mia.details_key, True
    with pytest.raises(people.PersonError, match="is erased"):
        people.change(mia, seen=seen, actor=actor(cast.ada))
    assert not User.objects.get(pk=mia.pk).is_active


def test_the_sign_in_name_of_an_erased_person_is_free_for_nobody(cast, signed_in):
    newcomer = {"username": "erased-7", "name": "Nora", "role": "viewer"}
    signed_in(cast.ada).post("/people/add/", newcomer)
    assert not User.objects.filter(username="erased-7").exists()
    assert signed_in(cast.ada).post("/people/add/", newcomer | {"username": "erased-x"}).status_code == 200
    assert User.objects.filter(username="erased-x").exists()


def test_pages_and_exports_link_to_the_row_where_the_name_stood(cast, desk, mia, sandbox, signed_in):
    operation = open_operation(desk, actor_name="Mia")
    for colleague in (cast.ada, cast.omar):
        make_desk(colleague, sandbox.token)
    row = erase(leave(cast.mia), by=cast.ada).sequence
    auditor, link = signed_in(cast.aron), f'<a href="/audit/{row}/">Erased (row {row})</a>'
    assert link in auditor.get("/audit/").text
    refused = Entry.objects.get(action="person.sign_in", result="refused").sequence
    page = auditor.get(f"/audit/{refused}/").text
    assert page.count(link) == 2  # target and address
    assert link in signed_in(cast.ada).get(f"/operations/{operation.pk}/").text
    seen_by_an_operator = signed_in(cast.omar).get(f"/operations/{operation.pk}/").text
    assert f"Erased (row {row})" in seen_by_an_operator
    assert link not in seen_by_an_operator
    file = export.begin(actor=actor(cast.aron), rows=Entry.objects.all(), format_name="csv")
    assert f"[erased in row {row}]" in b"".join(file.chunks).decode()


def test_an_operation_that_ends_after_the_erasure_names_nobody(cast, desk, signed_in):
    operation = open_operation(desk, actor_name="Mia")
    row = erase(leave(cast.mia), by=cast.ada).sequence
    operation.refresh_from_db()
    with journal.committed():
        entry = journal.conclude(entry_data(operation, result="unknown"))
    assert (entry.actor_id, entry.actor_name) == (cast.mia.pk, "")
    assert f"Erased (row {row})" in signed_in(cast.aron).get(f"/audit/{entry.sequence}/").text


def test_the_rows_of_the_log_are_not_read_however_many_there_are(cast, mia):
    """The newest row is read to be followed; all that is erased is found by the person's number and by the name."""
    with CaptureQueriesContext(connection) as seen:
        erase(mia, by=cast.ada)
    touching = [query["sql"] for query in seen.captured_queries if '"audit_entry"' in query["sql"]]
    assert len(touching) == 2
    assert touching[0].endswith("ORDER BY sequence DESC LIMIT 1")
    assert touching[1].startswith("INSERT")


@pytest.mark.parametrize("typed", ["mia", "MIA", "1003"])
def test_the_command_erases_by_sign_in_name_or_number(cast, mia, capsys, typed):
    call_command("erase_person", typed, "--reason", REASON, "--yes")
    output = capsys.readouterr().out
    (row,) = rows_of_erasure()
    assert "Person 1003: Mia, mia" in output
    assert f"row {row.sequence} of the audit log records it" in output
    assert (row.channel, row.actor_id) == ("command", None)


@pytest.mark.parametrize(("answer", "erased"), [("mia", 1), ("yes", 0), ("", 0)])
def test_the_command_asks_for_the_sign_in_name(cast, mia, monkeypatch, answer, erased):
    monkeypatch.setattr("builtins.input", lambda _question: answer)
    if erased:
        call_command("erase_person", "mia", "--reason", REASON)
    else:
        with pytest.raises(CommandError, match="Nothing was erased"):
            call_command("erase_person", "mia", "--reason", REASON)
    assert len(rows_of_erasure()) == erased


@pytest.mark.parametrize(
    ("typed", "reason", "message"),
    [("nobody", "x", "nobody with"), ("9" * 30, "x", "nobody with"), ("vera", "x", "Deactivate"), ("mia", " ", "reason")],
)  # fmt: skip
def test_the_command_refuses_what_the_page_refuses(cast, mia, typed, reason, message):
    with pytest.raises(CommandError, match=message):
        call_command("erase_person", typed, "--reason", reason, "--yes")
    assert rows_of_erasure() == []


def test_addresses_are_kept_by_default(cast, mia, capsys):
    with time_machine.travel(timezone.now() + timedelta(days=4000)):
        call_command("erase_addresses")
        assert erasure.erase_old_addresses(actor=actor(cast.ada)) is None
    assert "addresses are kept" in capsys.readouterr().out
    assert rows_of_erasure() == []


def test_addresses_older_than_the_setting_are_erased_and_younger_ones_stay(cast, mia, settings, capsys):
    settings.SNAPPORTAL_ERASE_ADDRESSES_AFTER_DAYS = 30
    with time_machine.travel(timezone.now() + timedelta(days=30)):
        call_command("erase_addresses")
        assert "No address is due" in capsys.readouterr().out
        write_operation("completed", actor=actor(cast.vera))
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        call_command("erase_addresses")
    (row,) = rows_of_erasure()
    assert re.match(r"1 erased, digest [0-9a-f]{64}; before \d{4}-\d\d-\d\d\Z", row.evidence)
    assert (row.action, row.target) == ("address.erase", "")
    left = Subject.objects.filter(kind=Kind.ADDRESS, erased_in=None)
    assert [one.person_id for one in left] == [cast.vera.pk]
    assert Entry.objects.get(sequence=1).actor_name == "Mia"
    assert verification.check_log().holds
    assert not SignInFailure.objects.exists()
