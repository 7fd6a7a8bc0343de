"""Verification finds names and addresses that were changed, exchanged, deleted, erased without a row, or brought back."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction

from snapshots.audit import erasure, journal, verification
from snapshots.audit.log_reader import LogReader
from snapshots.audit.models import Entry
from snapshots.audit.subjects import Kind, Subject
from tests.support.audit_commands import accept, verify
from tests.support.audit_rows import ARON, ARON_ID, MIA, MIA_ID, write_events
from tests.support.audit_triggers import without_triggers

pytestmark = pytest.mark.django_db
FIRST_OF_ARON = 4
LAST = 6


@pytest.fixture
def log() -> None:
    """Rows 1 to 3 are Mia's, 4 to 6 Aron's. Each of the two has a name and an address."""
    write_events(3, actor=MIA)
    write_events(3, actor=ARON)


def erase(person_id: int) -> Entry:
    with journal.committed():
        return erasure.erase_person(actor=MIA, person_id=person_id, names=[], reason="She asked for it")


def found() -> tuple[int | None, str]:
    verdict = verification.check_log()
    return verdict.first_broken, verdict.problem


def name_of(person_id: int) -> Subject:
    return Subject.objects.get(person_id=person_id, kind=Kind.PERSON)


def tamper(subject: Subject, **changes: object) -> None:
    with without_triggers():
        Subject.objects.filter(pk=subject.pk).update(**changes)


def test_a_log_whose_names_are_unchanged_or_erased_by_a_row_holds(log):
    assert found() == (None, "")
    assert erase(ARON_ID).sequence == LAST + 1
    assert found() == (None, "")
    write_events(1, actor=ARON)  # under a new commitment
    assert found() == (None, "")


@pytest.mark.parametrize(
    "changes",
    [
        {"value": "Eve"},
        {"salt": "5a" * 16},
        {"salt": ""},
        {"salt": "no hex digits"},
        {"person_id": MIA_ID},
        {"person_id": None},
        {"kind": Kind.TEXT},
    ],
)
def test_a_changed_name_is_reported_at_the_first_row_that_refers_to_it(log, changes):
    tamper(name_of(ARON_ID), **changes)
    assert found() == (FIRST_OF_ARON, "subject")


def test_exchanged_names_are_reported(log):
    mia, aron = name_of(MIA_ID), name_of(ARON_ID)
    for one, other in ((mia, aron), (aron, mia)):
        tamper(one, value=other.value, salt=other.salt, person_id=other.person_id)
    assert found() == (1, "subject")


def test_a_changed_address_is_reported(log):
    tamper(Subject.objects.get(kind=Kind.ADDRESS, person_id=ARON_ID), value="192.0.2.1")
    assert found() == (FIRST_OF_ARON, "subject")


def address_of(person_id: int) -> Subject:
    return Subject.objects.get(person_id=person_id, kind=Kind.ADDRESS)


@pytest.mark.parametrize("lookup", ["", "5a" * 32])
def test_a_changed_lookup_is_reported(log, lookup):
    """Otherwise a name that somebody typed on the command line would not be found, and not be erased."""
    tamper(name_of(ARON_ID), lookup=lookup)
    assert found() == (FIRST_OF_ARON, "subject")


@pytest.mark.parametrize("days", [-1, 1, 365])
@pytest.mark.parametrize("is_fast", [True, False])
def test_an_address_of_another_day_is_reported(log, monkeypatch, days, is_fast):
    """The lookup is that of the day, so that nothing but the time of the row tells."""
    if not is_fast:
        monkeypatch.setattr(LogReader, "_read_valid", lambda reader, head: None)
    address = address_of(ARON_ID)
    day = address.day + timedelta(days=days)
    tamper(address, day=day, lookup=replace(address.named, day=day).lookup)
    assert found() == (FIRST_OF_ARON, "subject")


@pytest.mark.parametrize("changes", [{"day": None}, {"day": date(2020, 1, 1)}])
def test_a_changed_day_without_its_lookup_is_reported(log, changes):
    tamper(address_of(ARON_ID), **changes)
    assert found() == (FIRST_OF_ARON, "subject")


def test_an_address_without_a_day_and_a_name_with_one_are_reported(log):
    address, name = address_of(ARON_ID), name_of(MIA_ID)
    tamper(address, day=None, lookup=replace(address.named, day=None).lookup)
    assert found() == (FIRST_OF_ARON, "subject")
    tamper(name, day=address.day, lookup=replace(name.named, day=address.day).lookup)
    assert found() == (1, "subject")


def test_addresses_of_several_days_in_one_batch_are_each_of_their_day(log, monkeypatch):
    """Row 1 to 6 are of today, 7 of the next day, 8 and 9 of the day after."""
    for days, count in ((1, 1), (2, 2)):
        with time_machine.travel(datetime.now(UTC) + timedelta(days=days), tick=False):
            write_events(count)
    assert found() == (None, "")
    second, third = Subject.objects.filter(kind=Kind.ADDRESS, person_id=MIA_ID).order_by("day")[1:]
    for address, wrong, row in ((third, second.day, 8), (second, third.day, 7)):
        tamper(address, day=wrong, lookup=replace(address.named, day=wrong).lookup)
        assert found() == (row, "subject")


def test_an_accepted_change_of_a_day_is_reported_no_more(log, capsys):
    address = address_of(ARON_ID)
    day = date(2020, 1, 1)
    tamper(address, day=day, lookup=replace(address.named, day=day).lookup)
    assert accept(capsys, "changed_rows")[0] == 0
    assert found() == (None, "")


def test_a_name_that_cannot_be_read_is_reported_as_changed(log):
    if connection.vendor != "sqlite":
        return  # PostgreSQL stores no value of another type
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_subject SET value = CAST(x'ff' AS TEXT) WHERE person_id = %s", [ARON_ID])
    assert found() == (FIRST_OF_ARON, "subject")


def test_a_deleted_name_is_reported_as_missing(log):
    with without_triggers():
        name_of(ARON_ID).delete()
    assert found() == (FIRST_OF_ARON, "subject_missing")


@pytest.mark.parametrize("erased_in", [99, 2])
def test_an_erasure_that_no_row_records_is_reported(log, erased_in):
    tamper(name_of(ARON_ID), value="", salt="", lookup="", erased_in=erased_in)
    assert found() == (FIRST_OF_ARON, "erasure")


def test_an_erasure_under_a_row_that_was_changed_is_reported(log):
    row = erase(MIA_ID).sequence
    with without_triggers():
        Entry.objects.filter(sequence=row).update(reason="nothing to see")
    assert found() == (1, "erasure")


@pytest.mark.parametrize("left", [{"value": "Aron"}, {"salt": "5a" * 16}, {"lookup": "5a" * 32}])
def test_an_erasure_that_left_something_is_reported(log, left):
    erase(ARON_ID)
    tamper(Subject.objects.filter(person_id=ARON_ID, kind=Kind.PERSON).get(), **left)
    assert found() == (FIRST_OF_ARON, "erasure")


def test_a_name_erased_in_addition_is_reported_at_the_row_that_does_not_cover_it(log):
    row = erase(ARON_ID).sequence
    tamper(name_of(MIA_ID), value="", salt="", lookup="", erased_in=row)
    assert found() == (row, "erasure")


def test_a_name_that_was_brought_back_is_reported_at_the_row_that_erased_it(log):
    before = name_of(ARON_ID)
    row = erase(ARON_ID).sequence
    tamper(before, value=before.value, salt=before.salt, lookup=before.lookup, erased_in=None)
    assert found() == (row, "erasure")


def test_a_name_exchanged_for_another_in_an_erasure_is_reported(log):
    """The number of erased names stays the same; the digest does not."""
    before, mia = name_of(ARON_ID), name_of(MIA_ID)
    row = erase(ARON_ID).sequence
    tamper(before, value=before.value, salt=before.salt, lookup=before.lookup, erased_in=None)
    tamper(mia, value="", salt="", lookup="", erased_in=row)
    assert found() == (row, "erasure")


def test_an_earlier_changed_row_is_reported_before_a_later_name(log):
    tamper(name_of(ARON_ID), value="Eve")
    with without_triggers():
        Entry.objects.filter(sequence=2).update(reason="nothing to see")
    assert found() == (2, "hash")


def test_the_command_names_the_row_and_says_what_to_do(log, capsys):
    tamper(name_of(ARON_ID), value="Eve")
    code, output = verify(capsys)
    assert (code, f"row {FIRST_OF_ARON}: a name or an address" in output) == (1, True)
    assert "Put back the table of names" in output


def test_a_changed_name_can_be_accepted_and_a_second_one_is_reported(log, capsys):
    tamper(name_of(ARON_ID), value="Eve")
    code, output = accept(capsys, "changed_rows")
    assert (code, f"row {FIRST_OF_ARON} was changed" in output) == (0, True)
    assert found() == (None, "")
    tamper(name_of(MIA_ID), value="Eve")
    assert found() == (1, "subject")


def test_names_are_read_for_many_rows_at_once(log, django_assert_max_num_queries):
    write_events(300)
    with django_assert_max_num_queries(8):
        assert found() == (None, "")


def test_a_changed_name_is_not_used_for_new_rows(log):
    mia, aron = name_of(MIA_ID), name_of(ARON_ID)
    tamper(mia, lookup=aron.lookup)
    tamper(aron, value="Eve")
    write_events(1, actor=ARON)
    newest = Entry.objects.latest("sequence")
    assert newest.actor_name == "Aron"
    assert newest.actor_subject not in {mia.commitment, aron.commitment}


@pytest.mark.parametrize(
    "change", ["value = 'Eve'", "person_id = 7", "salt = ''", "value = '', salt = '', lookup = ''"]
)
def test_the_database_refuses_to_change_a_name_except_to_erase_it(log, change):
    for statement in (f"UPDATE audit_subject SET {change}", "DELETE FROM audit_subject"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert found() == (None, "")


def test_an_erased_name_cannot_be_brought_back_without_removing_the_triggers(log):
    erase(ARON_ID)
    with pytest.raises(DatabaseError), transaction.atomic():
        Subject.objects.exclude(erased_in=None).update(value="Aron", erased_in=None)
