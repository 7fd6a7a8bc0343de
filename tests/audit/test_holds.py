"""Legal holds: placed and lifted by rows of the log; the database refuses anything else."""

from dataclasses import replace
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from snapshots.audit import holds, journal
from snapshots.audit.hold_models import Hold, Scope, ScopeError, parse_scope
from snapshots.audit.holds import HeldRows
from snapshots.audit.models import Entry
from tests.support.audit_rows import ARON_ID, MIA, MIA_ID, rows, write_events, write_operation
from tests.support.audit_triggers import without_triggers
from tests.support.query_plans import plans_of

OPERATION = UUID("0190a1b2-0000-7000-8000-000000000001")
pytestmark = pytest.mark.django_db


def place(scope: str, name: str = "Case 7") -> Hold:
    return holds.place(actor=MIA, scope=parse_scope(scope), name=name, reason="lawsuit")


def held() -> set[int]:
    condition = holds.held_rows()
    return set() if condition is None else {row.sequence for row in Entry.objects.filter(condition)}


def refuses(statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("text", ["server 12", "person 3", f"operation {OPERATION}", "rows 5 to 90"])
def test_a_scope_is_read_as_it_is_written(text):
    assert str(parse_scope(text)) == text


@pytest.mark.parametrize("text", ["", "server", "server x", "server 1 ", "rows 9 to 5", "rows 5", "disk 4"])
def test_what_names_nothing_is_no_scope(text):
    with pytest.raises(ScopeError):
        parse_scope(text)


def test_a_hold_is_placed_by_a_row_that_says_what_is_held_and_why():
    hold = place("server 12345")
    row = Entry.objects.get(sequence=hold.placed_in)
    assert (row.action, row.target, row.evidence, row.reason, row.actor_name) == (
        "audit.hold",
        "server 12345",
        "Case 7",
        "lawsuit",
        "Mia",
    )
    [placed] = holds.read_all()
    assert (placed.hold, placed.name, placed.lifted) == (hold, "Case 7", None)


def test_a_hold_holds_the_rows_of_its_server_its_operation_or_its_range():
    operation = write_operation("accepted")
    write_events(3)
    place("rows 4 to 5")
    assert held() == {4, 5}
    place("server 12345")
    assert held() == {1, 2, 4, 5}
    holds.lift(actor=MIA, placed_in=7, reason="over")
    place(f"operation {operation}")
    assert held() == {1, 2, 4, 5}


def test_a_hold_on_a_person_holds_rows_by_and_about_the_person():
    write_events(2)
    about = MIA.entry(action="person.invite", target="Aron", target_person_id=ARON_ID)
    other = journal.record(about).sequence
    place(f"person {ARON_ID}")
    assert held() == {other}
    holds.lift(actor=MIA, placed_in=4, reason="over")
    place(f"person {MIA_ID}")
    assert {1, 2, 3} <= held()


def test_all_rows_by_and_about_a_person_are_counted_in_a_short_log():
    write_events(2)
    journal.record(MIA.entry(action="person.invite", target="Aron", target_person_id=ARON_ID))
    polled = MIA.entry(action="snapshot.restore")
    journal.record(replace(polled, actor_id=7, actor_name="Lea"))  # by another person, from Mia's address
    for scope, count in ((f"person {ARON_ID}", 1), (f"person {MIA_ID}", 6), ("person 4242", 0)):
        hold = place(scope)
        assert holds.count_rows(hold) == HeldRows(count)
        assert Entry.objects.filter(hold.held_rows).count() == count


def test_rows_about_a_person_are_counted_among_the_newest_alone(monkeypatch):
    """So the page takes as long in a log of millions of rows."""
    about = MIA.entry(action="person.invite", target="Aron", target_person_id=ARON_ID)
    for count in (3, 2):
        journal.record(about)
        write_events(count)
    monkeypatch.setattr(holds, "SCANNED_ROWS", 4)
    hold = place(f"person {ARON_ID}")
    assert holds.count_rows(hold) == HeldRows(1, is_all=False)
    assert holds.count_rows(place(f"person {MIA_ID}")) == HeldRows(9, is_all=False)
    monkeypatch.setattr(holds, "SCANNED_ROWS", 1)
    assert holds.count_rows(hold) == HeldRows(0, is_all=False)
    assert not holds.count_rows(hold).is_none
    assert holds.count_rows(place("person 4242")) == HeldRows(0)


@pytest.mark.only_sqlite  # PostgreSQL plans from statistics, which a short table does not have
def test_no_count_of_held_rows_goes_through_the_log():
    operation = write_operation("accepted")
    for scope in ("server 12345", f"person {MIA_ID}", f"operation {operation}", "rows 1 to 9"):
        hold = place(scope)
        steps = plans_of(lambda hold=hold: holds.count_rows(hold))
        assert any("audit_entry" in step for step in steps)
        assert "SCAN audit_entry" not in steps


def test_a_lifted_hold_holds_nothing_and_is_lifted_once():
    hold = place("rows 1 to 1")
    lifted = holds.lift(actor=MIA, placed_in=hold.placed_in, reason="over")
    assert held() == set()
    row = Entry.objects.get(sequence=lifted.lifted_in)
    assert (row.action, row.target, row.evidence, row.reason) == (
        "audit.lift_hold",
        "rows 1 to 1",
        f"placed in row {hold.placed_in}",
        "over",
    )
    with pytest.raises(holds.HoldError):
        holds.lift(actor=MIA, placed_in=hold.placed_in, reason="again")
    assert Entry.objects.count() == 2


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_hold",
        "UPDATE audit_hold SET server_id = 2",
        "UPDATE audit_hold SET lifted_in = 1",
        "UPDATE audit_hold SET lifted_in = 99",
        "INSERT INTO audit_hold (placed_in, server_id) VALUES (2, 5)",
        "INSERT INTO audit_hold (placed_in, server_id) VALUES (99, 5)",
    ],
)
def test_the_database_refuses_holds_that_no_row_records(statement):
    place("server 1")
    write_events(1)
    refuses(statement)
    assert [str(hold) for hold in Hold.objects.all()] == ["server 1"]


def test_the_database_refuses_to_replace_a_hold():
    place("server 1")
    replace = {
        "sqlite": "INSERT OR REPLACE INTO audit_hold (placed_in, server_id) VALUES (1, 2)",
        "postgresql": "TRUNCATE audit_hold",
    }
    refuses(replace[connection.vendor])
    assert [str(hold) for hold in Hold.objects.all()] == ["server 1"]


def test_a_hold_that_differs_from_its_row_is_found():
    place("server 1")
    place("server 2")
    holds.lift(actor=MIA, placed_in=2, reason="over")
    assert all(holds.agrees(row) for row in rows())
    for change, wrong in (({"server_id": 3}, {1}), ({"lifted_in": 3}, {1})):
        with without_triggers():
            Hold.objects.filter(placed_in=1).update(**change)
        assert {row["sequence"] for row in rows() if not holds.agrees(row)} == wrong
    with without_triggers():
        Hold.objects.all().delete()
    assert {row["sequence"] for row in rows() if not holds.agrees(row)} == {1, 2, 3}


def test_a_scope_prints_zero_like_any_number():
    assert str(Scope(server_id=0)) == "server 0"
