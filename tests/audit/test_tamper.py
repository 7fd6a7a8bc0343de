"""The owner of the database can remove the triggers and change rows; verification detects every change and its position."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F

from snapshots.audit import chain, sealing
from snapshots.audit.models import Entry
from tests.support.audit_rows import columns_of, rows, verdict, write_events
from tests.support.audit_triggers import without_triggers

ROWS = 20
EMPTY = dict.fromkeys((*sealing.CLEAR_COLUMNS, *sealing.SALTED_COLUMNS, *sealing.SUBJECT_COLUMNS), "") | {
    "salt": "5a" * 16
}


@pytest.fixture
def log(db) -> chain.Anchor:
    """Write twenty rows and return the anchor of the last one."""
    write_events(ROWS)
    return anchor_now()


def key() -> tuple[str, bytes]:
    return next(iter(settings.SNAPPORTAL_AUDIT_KEYS.items()))


def anchor_now() -> chain.Anchor:
    key_id, secret = key()
    return chain.sign_anchor(verdict().head, at=datetime.now(UTC), key_id=key_id, key=secret)


def row(sequence: int):
    return Entry.objects.filter(sequence=sequence)


def verified(**options) -> tuple[int | None, str]:
    result = verdict(**options)
    return result.first_broken, result.problem


def rewrite_all(secret: bytes) -> None:
    """Change row 7 and seal every row again, so that the chain itself is valid."""
    log_rows = rows()
    previous = chain.GENESIS
    for item in log_rows:
        item["previous_hash"] = previous
        if item["sequence"] == 7:
            item["reason"] = "nothing to see"
        item["hash"] = previous = chain.seal(item, secret)
    Entry.objects.all().delete()
    Entry.objects.bulk_create(Entry(**columns_of(item)) for item in log_rows)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET reason = 'x' WHERE sequence = 7",
        "DELETE FROM audit_entry WHERE sequence = 20",
        "INSERT INTO audit_entry SELECT * FROM audit_entry WHERE sequence = 7",
    ],
)
def test_the_database_refuses_to_change_the_log(log, statement):
    before = rows()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert rows() == before


def test_the_database_refuses_statements_that_bypass_delete_triggers(log):
    statements = {
        "sqlite": "INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry WHERE sequence = 20",
        "postgresql": "TRUNCATE audit_entry",
    }
    before = rows()
    with (
        pytest.raises(DatabaseError, match="audit rows are"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statements[connection.vendor])
    assert rows() == before


def test_the_models_cannot_change_the_log(log):
    entry = row(7).get()
    entry.reason = "x"
    for change in (entry.save, entry.delete, row(7).delete, lambda: row(7).update(reason="x")):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert verdict().holds


def test_an_unchanged_log_is_valid(log):
    assert verified(anchors=[log]) == (None, "")


def test_a_changed_column_is_detected(log):
    with without_triggers():
        row(7).update(reason="nothing to see")
    assert verified() == (7, "hash")


def test_a_changed_time_is_detected(log):
    with without_triggers():
        row(7).update(at=F("at") - timedelta(microseconds=1))
    assert verified() == (7, "hash")


def test_a_row_deleted_in_the_middle_is_detected(log):
    with without_triggers():
        row(7).delete()
    assert verified() == (7, "gap")


def test_a_deletion_with_renumbered_rows_is_detected(log):
    with without_triggers():
        row(7).delete()
        for sequence in range(8, ROWS + 1):
            row(sequence).update(sequence=sequence - 1)
    assert verified() == (7, "hash")


def test_rows_cut_off_at_the_end_are_detected_through_an_anchor_only(log):
    with without_triggers():
        Entry.objects.filter(sequence__gt=15).delete()
    assert verified() == (None, "")
    assert verified(anchors=[log]) == (16, "cut")


def test_an_inserted_row_is_detected(log):
    with without_triggers():
        for sequence in range(ROWS, 7, -1):
            row(sequence).update(sequence=sequence + 1)
        forged = row(7).get()
        forged.sequence, forged.previous_hash, forged.hash = 8, forged.hash, "f" * 64
        row(9).update(previous_hash=forged.hash)
        forged.save(force_insert=True)
    assert verified() == (8, "hash")


def test_swapped_rows_are_detected(log):
    with without_triggers():
        for old, new in ((7, 99), (8, 7), (99, 8)):
            row(old).update(sequence=new)
    assert verified() == (7, "hash")


def test_a_duplicated_row_is_detected(log):
    with without_triggers():
        copy = row(7).get()
        copy.sequence, copy.previous_hash = ROWS + 1, row(ROWS).get().hash
        copy.save(force_insert=True)
    assert verified() == (ROWS + 1, "hash")


def test_a_log_rewritten_with_another_key_is_detected(log):
    with without_triggers():
        rewrite_all(bytes(32))
    assert verified() == (1, "hash")


def test_a_log_rewritten_with_the_right_key_is_detected_through_an_anchor(log):
    with without_triggers():
        rewrite_all(key()[1])
    assert verified() == (None, "")
    assert verified(anchors=[log]) == (ROWS, "anchor")


def test_an_anchor_without_a_valid_signature_is_detected(log):
    with without_triggers():
        rewrite_all(key()[1])
    last = rows()[-1]
    forged = chain.Anchor(
        sequence=ROWS, hash=last["hash"], count=ROWS, at=log.at, key_id="a1", signature=log.signature
    )
    assert verified(anchors=[forged]) == (ROWS, "anchor")


def test_contradicting_anchors_are_detected(log):
    with without_triggers():
        rewrite_all(key()[1])
    assert verified(anchors=[log, anchor_now()]) == (ROWS, "anchor")
    assert verified(anchors=[anchor_now(), log]) == (ROWS, "anchor")


def test_a_missing_key_is_reported(log, settings):
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": bytes(range(32))}
    assert verified() == (1, "key")


def test_an_undeclared_key_change_is_detected(log, settings):
    settings.SNAPPORTAL_AUDIT_KEYS = {**settings.SNAPPORTAL_AUDIT_KEYS, "old": bytes(range(32))}
    log_rows = rows()[:7]
    log_rows[6] |= {"key_id": "old"}
    log_rows[6]["hash"] = chain.seal(log_rows[6], bytes(range(32)))
    assert chain.verify(log_rows, settings.SNAPPORTAL_AUDIT_KEYS).problem == "key_change"


def test_a_repeated_sequence_is_detected():
    first = EMPTY | {"sequence": 1, "at": "2026-01-01", "key_id": "k", "previous_hash": chain.GENESIS}
    first["hash"] = chain.seal(first, b"k")
    again = chain.verify([first, first], {"k": b"k"})
    assert (again.count, again.first_broken, again.problem) == (1, 1, "order")


def test_a_time_that_does_not_increase_is_detected():
    first = EMPTY | {"sequence": 1, "at": "2026-01-01", "key_id": "k", "previous_hash": chain.GENESIS}
    first["hash"] = chain.seal(first, b"k")
    second = {**first, "sequence": 2, "previous_hash": first["hash"]}
    second["hash"] = chain.seal(second, b"k")
    assert chain.verify([first, second], {"k": b"k"}).problem == "time"
    second["at"], second["previous_hash"] = "2026-01-02", chain.GENESIS
    second["hash"] = chain.seal(second, b"k")
    assert chain.verify([first, second], {"k": b"k"}).problem == "link"
