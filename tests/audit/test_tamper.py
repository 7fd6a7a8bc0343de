"""Whoever owns the database can take the triggers away and change what he likes: the chain finds it and says where."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F

from snapshots.audit import chain
from snapshots.audit.models import Entry
from tests.support.audit_rows import rows, verdict, write_events
from tests.support.audit_triggers import without_triggers

ROWS = 20


@pytest.fixture
def log(db) -> chain.Anchor:
    """Twenty rows, and an anchor that was taken when they stood there."""
    write_events(ROWS)
    return anchor_now()


def key() -> tuple[str, bytes]:
    return next(iter(settings.SNAPPORTAL_AUDIT_KEYS.items()))


def anchor_now() -> chain.Anchor:
    key_id, secret = key()
    return chain.sign_anchor(verdict().head, at=datetime.now(UTC), key_id=key_id, key=secret)


def row(sequence: int):
    return Entry.objects.filter(sequence=sequence)


def found(**options) -> tuple[int | None, str]:
    result = verdict(**options)
    return result.first_broken, result.problem


def rewrite_all(secret: bytes) -> None:
    """Change row 7 and seal every row anew, as one would who wants it to look whole."""
    told = rows()
    previous = chain.GENESIS
    for one in told:
        one["previous_hash"] = previous
        if one["sequence"] == 7:
            one["reason"] = "nothing to see"
        one["hash"] = previous = chain.seal(one, secret)
    Entry.objects.all().delete()
    Entry.objects.bulk_create(Entry(**one) for one in told)


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


def test_the_database_refuses_the_ways_round_of_its_own_dialect(log):
    ways = {
        "sqlite": "INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry WHERE sequence = 20",
        "postgresql": "TRUNCATE audit_entry",
    }
    before = rows()
    with (
        pytest.raises(DatabaseError, match="audit rows are"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(ways[connection.vendor])
    assert rows() == before


def test_the_product_cannot_change_the_log_either(log):
    entry = row(7).get()
    entry.reason = "x"
    for change in (entry.save, entry.delete, row(7).delete, lambda: row(7).update(reason="x")):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert verdict().holds


def test_an_untouched_log_raises_no_alarm(log):
    assert found(anchors=[log]) == (None, "")


def test_an_edit_is_found(log):
    with without_triggers():
        row(7).update(reason="nothing to see")
    assert found() == (7, "hash")


def test_a_changed_time_is_found(log):
    with without_triggers():
        row(7).update(at=F("at") - timedelta(microseconds=1))
    assert found() == (7, "hash")


def test_a_deletion_in_the_middle_is_found(log):
    with without_triggers():
        row(7).delete()
    assert found() == (7, "gap")


def test_a_deletion_that_closes_the_gap_is_found(log):
    with without_triggers():
        row(7).delete()
        for sequence in range(8, ROWS + 1):
            row(sequence).update(sequence=sequence - 1)
    assert found() == (7, "hash")


def test_a_cut_tail_is_found_through_an_anchor_only(log):
    with without_triggers():
        Entry.objects.filter(sequence__gt=15).delete()
    assert found() == (None, "")
    assert found(anchors=[log]) == (16, "cut")


def test_an_insertion_is_found(log):
    with without_triggers():
        for sequence in range(ROWS, 7, -1):
            row(sequence).update(sequence=sequence + 1)
        forged = row(7).get()
        forged.sequence, forged.previous_hash, forged.hash = 8, forged.hash, "f" * 64
        row(9).update(previous_hash=forged.hash)
        forged.save(force_insert=True)
    assert found() == (8, "hash")


def test_a_new_order_is_found(log):
    with without_triggers():
        for old, new in ((7, 99), (8, 7), (99, 8)):
            row(old).update(sequence=new)
    assert found() == (7, "hash")


def test_a_duplicate_is_found(log):
    with without_triggers():
        twin = row(7).get()
        twin.sequence, twin.previous_hash = ROWS + 1, row(ROWS).get().hash
        twin.save(force_insert=True)
    assert found() == (ROWS + 1, "hash")


def test_a_log_rewritten_with_another_key_is_found(log):
    with without_triggers():
        rewrite_all(bytes(32))
    assert found() == (1, "hash")


def test_a_log_rewritten_with_the_true_key_is_found_through_an_anchor(log):
    with without_triggers():
        rewrite_all(key()[1])
    assert found() == (None, "")
    assert found(anchors=[log]) == (ROWS, "anchor")


def test_an_anchor_that_nobody_signed_is_found(log):
    with without_triggers():
        rewrite_all(key()[1])
    last = rows()[-1]
    forged = chain.Anchor(
        sequence=ROWS, hash=last["hash"], count=ROWS, at=log.at, key_id="a1", signature=log.signature
    )
    assert found(anchors=[forged]) == (ROWS, "anchor")


def test_two_anchors_that_contradict_each_other_are_found(log):
    with without_triggers():
        rewrite_all(key()[1])
    assert found(anchors=[log, anchor_now()]) == (ROWS, "anchor")
    assert found(anchors=[anchor_now(), log]) == (ROWS, "anchor")


def test_a_key_that_is_no_longer_at_hand_is_named(log, settings):
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": bytes(range(32))}
    assert found() == (1, "key")


def test_a_change_of_keys_that_no_row_tells_of_is_found(log, settings):
    settings.SNAPPORTAL_AUDIT_KEYS = {**settings.SNAPPORTAL_AUDIT_KEYS, "old": bytes(range(32))}
    told = rows()[:7]
    told[6] |= {"key_id": "old"}
    told[6]["hash"] = chain.seal(told[6], bytes(range(32)))
    assert chain.verify(told, settings.SNAPPORTAL_AUDIT_KEYS).problem == "key_change"


def test_a_row_out_of_order_is_found():
    first = {"sequence": 1, "at": "2026-01-01", "key_id": "k", "previous_hash": chain.GENESIS, "action": "x"}
    first["hash"] = chain.seal(first, b"k")
    again = chain.verify([first, first], {"k": b"k"})
    assert (again.count, again.first_broken, again.problem) == (1, 1, "order")


def test_time_that_stands_still_is_found():
    first = {"sequence": 1, "at": "2026-01-01", "key_id": "k", "previous_hash": chain.GENESIS, "action": "x"}
    first["hash"] = chain.seal(first, b"k")
    second = {**first, "sequence": 2, "previous_hash": first["hash"]}
    second["hash"] = chain.seal(second, b"k")
    assert chain.verify([first, second], {"k": b"k"}).problem == "time"
    second["at"], second["previous_hash"] = "2026-01-02", chain.GENESIS
    second["hash"] = chain.seal(second, b"k")
    assert chain.verify([first, second], {"k": b"k"}).problem == "link"
