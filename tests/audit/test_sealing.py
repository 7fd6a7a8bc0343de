"""The sealed form of a row, computed a second time from its description alone, with nothing of the portal's."""

import hashlib
import hmac
import json
import uuid
from datetime import UTC, datetime

import pytest

from snapshots.audit import chain, sealing
from snapshots.audit.subjects import Subject
from tests.support.audit_rows import MIA, MIA_ID, rows, write_operation

KEY = bytes.fromhex("8796a5b4c3d2e1f00f1e2d3c4b5a69780123456789abcdeffedcba9876543210")
SALTED = [
    "evidence", "provider_message", "reason", "server_id", "server_name", "snapshot_id",
    "snapshot_name", "target", "token_label",
]  # fmt: skip
CLEAR = [
    "sequence", "clock_was_behind", "previous_hash", "key_id", "phase", "operation_id", "action", "result",
    "code", "actor_id", "actor_role", "channel", "provider_status", "duration_ms", "request_id", "token_fingerprint",
]  # fmt: skip
SUBJECTS = ["actor_subject", "address_subject", "evidence_subject", "settled_by_subject", "target_subject"]


def in_json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def column_salt(row: dict, column: str) -> bytes:
    stream = hashlib.shake_256(b"snapportal salts v1\n" + bytes.fromhex(row["salt"])).digest(16 * 9)
    place = 16 * SALTED.index(column)
    return stream[place : place + 16]


def commitment(row: dict, column: str) -> str | None:
    if row[column] in ("", None):
        return None
    text = b"snapportal column v1\n" + column_salt(row, column) + f"{column}\n{row[column]}".encode()
    return hashlib.sha256(text).hexdigest()


def expected(row: dict) -> dict:
    found = {"format": 1, "at": row["at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    found |= {name: str(row[name]) if isinstance(row[name], uuid.UUID) else row[name] for name in CLEAR}
    found |= {name: commitment(row, name) for name in SALTED}
    return found | {name: row[name] or None for name in SUBJECTS}


def leaf(row: dict) -> bytes:
    return hashlib.sha256(b"\0" + in_json(expected(row))).digest()


@pytest.fixture
def row(db) -> dict:
    write_operation("completed", actor=MIA, reason="a “reason” ← \n with = everything", provider_message="é")
    return rows()[-1]


def test_a_row_is_sealed_as_described(row):
    assert row["at"].tzinfo == UTC
    assert sealing.sealed_bytes(row) == in_json(expected(row))
    assert row["hash"] == hmac.new(KEY, leaf(row), hashlib.sha256).hexdigest()


def test_an_opening_proves_a_column_and_holds_no_other_salt(row):
    openings = sealing.openings(row)
    assert set(openings) == {name for name in SALTED if row[name] not in ("", None)}
    for column, opening in openings.items():
        assert opening == {"salt": column_salt(row, column).hex(), "value": row[column]}
    assert sealing.openings(row, ["reason"]).keys() == {"reason"}
    assert row["salt"] not in str(openings)


def test_a_subject_is_committed_to_as_described(row):
    subject = Subject.objects.get(commitment=row["actor_subject"])
    made_of = in_json(["person", MIA_ID, "Mia"])
    text = b"snapportal subject v1\n" + bytes.fromhex(subject.salt) + made_of
    assert subject.commitment == hashlib.sha256(text).hexdigest()


def test_equal_values_have_different_commitments_in_each_row_and_column(db):
    write_operation("completed", reason="same", server_name="same")
    first, second = (sealing.sealed(row) for row in rows())
    values = [one[column] for one in (first, second) for column in ("reason", "server_name")]
    assert len({*values}) == 4


@pytest.mark.parametrize(
    ("column", "value"),
    [("server_id", "7"), ("server_id", True), ("reason", 7), ("reason", b"x"), ("actor_subject", 7)],
)
def test_a_value_of_a_foreign_type_cannot_be_sealed(row, column, value):
    with pytest.raises(sealing.UNSERIALISABLE):
        sealing.sealed(row | {column: value})
    assert chain.check_seal(row | {column: value}, {"a1": KEY}) == "hash"


@pytest.mark.parametrize("salt", ["", "5a" * 15, "no hex digits", None, 7])
def test_a_row_with_another_salt_is_changed(row, salt):
    assert chain.check_seal(row | {"salt": salt}, {"a1": KEY}) == "hash"


def test_times_are_sealed_in_utc_with_six_digits():
    assert sealing.to_json_value(datetime(2025, 1, 15, 18, 30, tzinfo=UTC)) == "2025-01-15T18:30:00.000000Z"
