"""Rows read by columns are verified like rows read by the models, or not at all."""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import time_machine
from django.conf import settings
from django.db import connection

from snapshots.audit import chain, fast_verification, journal, sealing, tree, verification
from snapshots.audit.fast_verification import Key
from snapshots.audit.models import Entry
from tests.support.audit_rows import MIA, write_events, write_operation
from tests.support.audit_triggers import without_triggers

pytestmark = pytest.mark.django_db(transaction=True)
LAST = 6
"""The last row that the fixture writes."""


@pytest.fixture(autouse=True)
def log():
    write_events(2)
    write_operation("accepted", "completed", reason="größer, “schneller” \u2028 \x7f\t", duration_ms=12)
    journal.record(
        MIA.entry(action="person.change_details", target="ada", target_person_id=7, evidence_person_id=7)
    )


def start() -> chain.Head:
    """The head before the first row, under the key that seals."""
    return chain.Head(key_id=next(iter(settings.SNAPPORTAL_AUDIT_KEYS)))


def check(*, after: chain.Head | None = None, until: int = 1000) -> fast_verification.Batch | None:
    head = after or start()
    key = Key(settings.SNAPPORTAL_AUDIT_KEYS[head.key_id])
    columns = fast_verification.read(after=head.sequence, until=until, limit=1000)
    return columns and fast_verification.check(columns, head, key)


def change_row(change: str, sequence: int = 3) -> None:
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE audit_entry SET {change} WHERE sequence = {sequence}")


def slow_verdict() -> chain.Verdict:
    return chain.verify(Entry.objects.all().rows(), settings.SNAPPORTAL_AUDIT_KEYS)


def test_the_head_and_the_leaves_are_those_of_the_rows():
    rows = list(Entry.objects.all().rows())
    batch = check()
    assert batch.head == chain.verify(rows, settings.SNAPPORTAL_AUDIT_KEYS).head
    assert batch.leaves == [tree.leaf_hash(sealing.sealed_bytes(row)) for row in rows]


def test_a_batch_continues_from_the_head_of_another():
    batch = check(until=3)
    assert batch.head.sequence == 3
    assert check(after=batch.head).head == check().head


def test_the_signature_of_a_key_is_hmac_sha_256():
    for length in (0, 1, 63, 64, 65, 1000):
        message = bytes(range(256))[:length] * 4
        assert Key(b"k" * 32).sign(message) == chain.hmac.digest(b"k" * 32, message, "sha256").hex()


@pytest.mark.parametrize(
    "change",
    [
        "reason = 'other'",
        "reason = ''",
        "server_id = 7",
        "server_id = NULL",
        "salt = '00112233445566778899aabbccddeeff'",
        "actor_subject = ''",
        "actor_id = 8",
        "hash = previous_hash",
        "key_id = 'b1'",
    ],
)
def test_a_batch_with_a_changed_row_is_left_to_the_chain(change):
    change_row(change)
    assert check() is None
    assert not slow_verdict().holds


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (f"previous_hash = '{'f' * 64}'", "link"),
        ("sequence = sequence + 1", "gap"),
        ("key_id = 'b1'", "key"),
        ("at = (SELECT at FROM audit_entry WHERE sequence = 1)", "time"),
    ],
)
def test_a_row_that_is_sealed_but_does_not_follow_is_left_to_the_chain(change, problem):
    change_row(change, LAST)
    row = list(Entry.objects.all().rows())[-1]
    sealed = chain.seal(row, settings.SNAPPORTAL_AUDIT_KEYS[start().key_id])
    change_row(f"hash = '{sealed}'", row["sequence"])
    assert check() is None
    assert slow_verdict().problem == problem


def test_a_batch_with_a_missing_row_is_left_to_the_chain():
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_entry WHERE sequence = 3")
    assert check() is None


def test_commitments_and_sealed_bytes_by_column_are_those_by_row():
    columns = fast_verification.read(after=0, until=1000, limit=1000)
    assert fast_verification.sealed_bytes(columns) == [
        sealing.sealed_bytes(row) for row in Entry.objects.all().rows()
    ]


FOREIGN = [
    "reason = x'00ff'",
    "reason = CAST(reason AS BLOB)",
    "reason = reason || char(0)",
    "reason = CAST(CAST(reason AS BLOB) || x'ff' AS TEXT)",
    "at = 5",
    "at = 'yesterday'",
    "at = substr(at, 1, 19)",
    "operation_id = 'zz'",
    "operation_id = CAST(operation_id AS BLOB)",
    "server_id = 'a'",
    "server_id = 12345.5",
    "server_id = 9223372036854775808",
    "salt = 'no salt'",
    "salt = CAST(salt AS BLOB)",
    "hash = CAST(hash AS BLOB)",
    "previous_hash = CAST(previous_hash AS BLOB)",
    "key_id = CAST(key_id AS BLOB)",
    "actor_subject = 5",
    "target_subject = x''",
    "token_label = x''",
    "actor_id = 1e300",
]


@pytest.mark.only_sqlite  # PostgreSQL refuses these values
@pytest.mark.parametrize("change", FOREIGN)
def test_a_batch_with_a_foreign_value_is_left_to_the_chain(change):
    change_row(change)
    assert check() is None
    assert slow_verdict().first_broken == 3


@pytest.mark.only_sqlite  # PostgreSQL refuses these values
def test_bytes_that_json_writes_as_the_same_text_are_left_to_the_chain():
    """JSON has bytes in base64, and 32 hex digits are the base64 of 24 bytes."""
    request_id = "0123456789abcdef0123456789abcdef"
    journal.record(replace(MIA, request_id=request_id).entry(action="person.sign_in"))
    assert check().head.sequence == LAST + 1
    change_row(f"request_id = x'{base64.b64decode(request_id).hex()}'", LAST + 1)
    assert check() is None
    assert slow_verdict().first_broken == LAST + 1


@contextmanager
def without_column_types() -> Iterator[None]:
    """Inside this block SQLite converts no value that is stored in a column of the log."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'audit_entry'")
        before = cursor.fetchone()[0]
        loose = re.sub(r'(?m)("\w+") (bool|bigint|integer|varchar\(\d+\))', r"\1 blob", before)
        _write_schema(loose)
    try:
        yield
    finally:
        _write_schema(before)


def _write_schema(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA writable_schema = ON")
        cursor.execute("UPDATE sqlite_master SET sql = %s WHERE name = 'audit_entry'", [statement])
        cursor.execute("PRAGMA writable_schema = RESET")
    connection.close()


@pytest.mark.only_sqlite  # PostgreSQL refuses these values
@pytest.mark.parametrize(
    "change",
    [
        "server_id = CAST(server_id AS TEXT)",
        "snapshot_id = CAST(snapshot_id AS BLOB)",
        "server_id = CAST(server_id AS REAL)",
        "actor_id = CAST(actor_id AS REAL)",
        "actor_id = CAST(actor_id AS TEXT)",
        "clock_was_behind = 0.0",
        "clock_was_behind = '0'",
        "code = 0",
        "sequence = 3.0",
        "server_name = 5",
    ],
)
def test_a_value_of_another_storage_class_is_left_to_the_chain(change):
    with without_column_types():
        change_row(change)
        assert check() is None


@pytest.mark.only_sqlite  # PostgreSQL refuses these values
@pytest.mark.parametrize(("column", "written"), [("server_name", "5"), ("code", "7"), ("token_label", "6")])
def test_a_number_in_place_of_the_same_digits_is_left_to_the_chain(column, written):
    write_operation(**{column: written})
    assert check() is not None
    with without_column_types():
        change_row(f"{column} = {written}", LAST + 1)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT typeof({column}) FROM audit_entry WHERE sequence = {LAST + 1}")
            assert cursor.fetchone() == ("integer",)
        assert check() is None
        assert slow_verdict().first_broken == LAST + 1


OTHER_FORMS = [
    "at = replace(at, ' ', 'T')",
    "at = CAST(at AS BLOB)",
    "at = at || char(0)",
    "at = at || '+00:00'",
    "at = at || 'Z'",
    "operation_id = upper(operation_id)",
    "operation_id = CAST(operation_id AS BLOB)",
    "operation_id = substr(operation_id, 1, 8) || '-' || substr(operation_id, 9)",
    "operation_id = '{' || operation_id || '}'",
    "clock_was_behind = 2",
    "clock_was_behind = 'no'",
]
"""Django reads most of them as the value that was written."""


@pytest.mark.only_sqlite  # PostgreSQL refuses these values
@pytest.mark.parametrize("change", OTHER_FORMS)
def test_a_value_stored_in_another_form_is_reported_though_the_models_read_it_alike(change):
    change_row(change)
    assert check() is None
    assert (slow_verdict().first_broken, slow_verdict().problem) == (3, "unreadable")
    assert verification.check_log().first_broken == 3
    assert [entry.sequence for entry in Entry.objects.fetch(50) if not entry.is_readable] == [3]


@pytest.mark.only_sqlite  # PostgreSQL refuses these values
def test_a_whole_second_that_is_stored_with_a_fraction_is_reported():
    with time_machine.travel("2100-01-01 12:00:00+00:00", tick=False):
        write_events(1)
    assert (check().head.sequence, slow_verdict().holds) == (LAST + 1, True)
    change_row("at = at || '.000000'", LAST + 1)
    assert check() is None
    assert slow_verdict().first_broken == LAST + 1


@pytest.mark.only_sqlite  # PostgreSQL refuses these values
def test_a_boolean_of_another_storage_class_is_reported():
    with without_column_types():
        change_row("clock_was_behind = 0.0")
        assert slow_verdict().first_broken == 3


@pytest.mark.only_postgresql  # SQLite has times as text
def test_the_same_time_before_christ_is_left_to_the_chain():
    form = "YYYY-MM-DD HH24:MI:SS.US"
    change_row(f"at = to_timestamp(to_char(at, '{form}') || ' BC', '{form} BC')")
    assert check() is None
    assert slow_verdict().first_broken == 3
