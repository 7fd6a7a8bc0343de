"""Rows read as tuples are verified like rows read by the models, or not at all."""

import pytest
from django.conf import settings
from django.db import connection

from snapshots.audit import chain, fast_verification, journal, sealing, tree
from snapshots.audit.fast_verification import Key
from snapshots.audit.models import Entry
from tests.support.audit_rows import MIA, write_events, write_operation
from tests.support.audit_triggers import without_triggers

pytestmark = pytest.mark.django_db(transaction=True)


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


def check(*, after: chain.Head | None = None) -> fast_verification.Batch | None:
    head = after or start()
    key = Key(settings.SNAPPORTAL_AUDIT_KEYS[head.key_id])
    return fast_verification.check(
        fast_verification.read(after=head.sequence, until=1000, limit=1000), head, key
    )


def test_the_head_and_the_leaves_are_those_of_the_rows():
    rows = list(Entry.objects.all().rows())
    batch = check()
    assert batch.head == chain.verify(rows, settings.SNAPPORTAL_AUDIT_KEYS).head
    assert batch.leaves == [tree.leaf_hash(sealing.sealed_bytes(row)) for row in rows]


def test_a_batch_continues_from_the_head_of_another():
    first = fast_verification.read(after=0, until=3, limit=1000)
    key = Key(settings.SNAPPORTAL_AUDIT_KEYS[start().key_id])
    batch = fast_verification.check(first, start(), key)
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
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE audit_entry SET {change} WHERE sequence = 3")
    assert check() is None
    assert not chain.verify(Entry.objects.all().rows(), settings.SNAPPORTAL_AUDIT_KEYS).holds


def test_a_batch_with_a_missing_row_is_left_to_the_chain():
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_entry WHERE sequence = 3")
    assert check() is None


@pytest.mark.skipif(
    "sqlite" not in settings.DATABASES["default"]["ENGINE"], reason="PostgreSQL refuses these values"
)
@pytest.mark.parametrize(
    "change",
    [
        "reason = 5",
        "reason = x'00ff'",
        "at = 5",
        "at = 'yesterday'",
        "operation_id = 'zz'",
        "clock_was_behind = 2",
        "server_id = 'a'",
        "salt = 'no salt'",
        "actor_subject = 5",
    ],
)
def test_a_batch_with_a_foreign_value_is_left_to_the_chain(change):
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE audit_entry SET {change} WHERE sequence = 3")
    assert check() is None
