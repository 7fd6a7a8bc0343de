"""Statements that are compiled once read and write exactly what Django's own queries do."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from snapshots import sql
from snapshots.audit import journal, tolerant_rows
from snapshots.audit.models import Entry
from snapshots.audit.subjects import Subject
from tests.support.audit_rows import MIA, write_events, write_operation

pytestmark = pytest.mark.django_db


def values(one: Entry | Subject) -> list[object]:
    found = [getattr(one, field.attname) for field in one._meta.concrete_fields]
    return [(type(value), value) for value in found]


def test_rows_are_read_as_the_orm_reads_them():
    write_events(2)
    write_operation("completed", provider_status=202)
    expected = list(Entry.objects.order_by("sequence"))
    found = list(sql.select(Entry, "ORDER BY sequence"))
    assert [values(one) for one in found] == [values(one) for one in expected]
    assert [one._state.adding for one in found] == [False] * 4


def test_subjects_are_read_as_the_orm_reads_them():
    write_events(1)
    expected = list(Subject.objects.order_by("commitment"))
    found = list(sql.select(Subject, "WHERE lookup <> %s ORDER BY commitment", ["x"]))
    assert [values(one) for one in found] == [values(one) for one in expected]
    assert len(found) == 2


def test_some_columns_are_read_as_the_orm_reads_them():
    write_events(1)
    write_operation("completed", provider_status=202)
    names = ("operation_id", "at", "clock_was_behind", "provider_status")
    expected = list(Entry.objects.order_by("sequence").values_list(*names))
    found = [tuple(row) for row in sql.values(Entry, names, "ORDER BY sequence")]
    assert [list(map(type, row)) for row in found] == [list(map(type, row)) for row in expected]
    assert found == expected


def test_what_was_inserted_is_read_unchanged():
    operation = write_operation("completed", provider_status=202, duration_ms=3)
    with journal.committed():
        written = journal.conclude(
            MIA.entry(action="snapshot.restore", operation_id=operation, result="failed")
        )
    assert values(Entry.objects.get(pk=written.pk)) == values(written)
    assert not written._state.adding


def test_a_refused_insert_marks_the_transaction_for_rollback():
    write_events(1)
    with transaction.atomic():
        with pytest.raises(IntegrityError):
            sql.insert(Entry.objects.get())
        assert connection.needs_rollback


@pytest.mark.only_sqlite
def test_a_value_that_cannot_be_converted_is_unreadable():
    write_events(1)
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER audit_entry_no_update")
        cursor.execute("UPDATE audit_entry SET operation_id = 'no UUID'")
    with pytest.raises(tolerant_rows.UnreadableError):
        tolerant_rows.read_all(sql.select(Entry, "ORDER BY sequence"))


def test_an_append_takes_three_statements_beside_its_lock():
    write_events(1)
    with CaptureQueriesContext(connection) as seen:
        write_events(1)
    texts = [one["sql"] for one in seen if one["sql"].startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))]
    assert [text.split()[0] for text in texts] == ["SELECT", "SELECT", "INSERT"]
