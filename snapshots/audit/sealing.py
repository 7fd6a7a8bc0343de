"""The sealed form of a row: the bytes that are signed and that are a leaf of the tree. No Django, no database.

Clear columns are sealed as they are. A salted column is sealed as a commitment to its value, so that an export can leave
the value out and still verify. A subject column is a commitment itself: the value, which names a person, is in another
table and can be erased there (subjects.py). docs/log-format.md defines all of it to the byte.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

Row = Mapping[str, Any]
"""Column name to value: None, bool, int, str, UUID or an aware datetime."""

FORMAT: Final = 1
SALT_BYTES: Final = 16
CLEAR_COLUMNS: Final = (
    "action",
    "actor_id",
    "actor_role",
    "at",
    "channel",
    "clock_was_behind",
    "code",
    "duration_ms",
    "key_id",
    "operation_id",
    "phase",
    "previous_hash",
    "provider_status",
    "result",
    "sequence",
)
SALTED_COLUMNS: Final = (
    "evidence",
    "provider_message",
    "reason",
    "request_id",
    "server_id",
    "server_name",
    "snapshot_id",
    "snapshot_name",
    "target",
    "token_fingerprint",
    "token_label",
)
"""The order decides which salt belongs to which column."""
SUBJECT_COLUMNS: Final = (
    "actor_subject",
    "address_subject",
    "evidence_subject",
    "settled_by_subject",
    "target_subject",
)
_NUMBERS: Final = frozenset({"server_id", "snapshot_id"})
_SALTS_PREFIX: Final = b"snapportal salts v1\n"
_COLUMN_PREFIX: Final = b"snapportal column v1\n"
_SUBJECT_PREFIX: Final = b"snapportal subject v1\n"
UNSERIALISABLE: Final = (TypeError, ValueError, OverflowError, msgspec.MsgspecError)
"""Raised for a row with a value of a type that the portal never writes."""

_encode = msgspec.json.Encoder(order="sorted").encode


def format_time(moment: datetime) -> str:
    """UTC with six digits of microseconds: `2025-01-15T18:30:00.000000Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def to_json_value(value: Any) -> Any:
    """The value as JSON holds it: datetime and UUID as text, anything else unchanged."""
    if isinstance(value, datetime):
        return format_time(value)
    return str(value) if isinstance(value, UUID) else value


def canonical(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces, only the characters escaped that JSON requires."""
    return _encode(value)


def new_salt() -> str:
    """16 random bytes as 32 hex digits."""
    return secrets.token_hex(SALT_BYTES)


def column_salts(salt: str) -> dict[str, bytes]:
    """The salt of each salted column, from the row's. Knowing one of them reveals no other."""
    stream = hashlib.shake_256(_SALTS_PREFIX + bytes.fromhex(salt)).digest(SALT_BYTES * len(SALTED_COLUMNS))
    return {
        column: stream[SALT_BYTES * number : SALT_BYTES * (number + 1)]
        for number, column in enumerate(SALTED_COLUMNS)
    }


def _text_of(column: str, value: object) -> bytes:
    """Raises TypeError for a value of another type than the column's: SQLite stores any."""
    if type(value) is not (int if column in _NUMBERS else str):
        raise TypeError(f"{column} holds {type(value).__name__}")
    return str(value).encode()


def commit_column(salt: bytes, column: str, value: object) -> str:
    return hashlib.sha256(
        b"%b%b%b\n%b" % (_COLUMN_PREFIX, salt, column.encode(), _text_of(column, value))
    ).hexdigest()


def commit_subject(salt: str, kind: str, person_id: int | None, value: str) -> str:
    return hashlib.sha256(
        _SUBJECT_PREFIX + bytes.fromhex(salt) + canonical([kind, person_id, value])
    ).hexdigest()


def _is_empty(value: object) -> bool:
    return value is None or value == ""


def _commitment_in(value: object) -> str | None:
    if type(value) is not str:
        raise TypeError("a commitment is text")
    return value or None


def sealed(row: Row) -> dict[str, Any]:
    """The sealed object of a row. Raises one of UNSERIALISABLE."""
    salts = column_salts(row["salt"])
    columns: dict[str, Any] = {"format": FORMAT}
    for name in CLEAR_COLUMNS:
        columns[name] = to_json_value(row[name])
    for name in SALTED_COLUMNS:
        value = row[name]
        columns[name] = None if _is_empty(value) else commit_column(salts[name], name, value)
    for name in SUBJECT_COLUMNS:
        columns[name] = _commitment_in(row[name])
    return columns


def sealed_bytes(row: Row) -> bytes:
    """The bytes that are signed and hashed into the tree. Raises one of UNSERIALISABLE."""
    return canonical(sealed(row))


def openings(row: Row, columns: Iterable[str] = SALTED_COLUMNS) -> dict[str, dict[str, Any]]:
    """Salt and value of each of these salted columns that is not empty: what proves its commitment."""
    salts = column_salts(row["salt"])
    return {
        name: {"salt": salts[name].hex(), "value": row[name]} for name in columns if not _is_empty(row[name])
    }
