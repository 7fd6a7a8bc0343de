"""The sealed form of a row: the bytes that are signed and that are a leaf of the tree. No Django, no database.

Clear columns are sealed as they are. A salted column is sealed as a commitment to its value, so that an export can leave
the value out and still verify. A subject column is a commitment itself: the value, which names a person, is in another
table and can be erased there (subjects.py). docs/log-format.md defines all of it to the byte.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from snapshots.audit import tree

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
    "request_id",
    "result",
    "sequence",
    "token_fingerprint",
)
SALTED_COLUMNS: Final = (
    "evidence",
    "provider_message",
    "reason",
    "server_id",
    "server_name",
    "snapshot_id",
    "snapshot_name",
    "target",
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
SEALED_COLUMNS: Final = tuple(sorted(("format", *CLEAR_COLUMNS, *SALTED_COLUMNS, *SUBJECT_COLUMNS)))
NUMBER_COLUMNS: Final = frozenset({"server_id", "snapshot_id"})
_SALTED_PARTS: Final = tuple(
    (
        SEALED_COLUMNS.index(column),
        column,
        SALT_BYTES * number,
        SALT_BYTES * (number + 1),
        column.encode() + b"\n",
        int if column in NUMBER_COLUMNS else str,
    )
    for number, column in enumerate(SALTED_COLUMNS)
)
"""Of each salted column: its place in the sealed object, name, start and end of its salt, what follows the salt, type."""
_SUBJECT_PLACES: Final = tuple(SEALED_COLUMNS.index(column) for column in SUBJECT_COLUMNS)
_Sealed: Final = msgspec.defstruct("_Sealed", [(column, Any) for column in SEALED_COLUMNS], gc=False)
"""Encoding it is faster than encoding a dict. Its values are never containers, so it is in no reference cycle."""
_SALTS_PREFIX: Final = b"snapportal salts v1\n"
_COLUMN_PREFIX: Final = b"snapportal column v1\n"
_SUBJECT_PREFIX: Final = b"snapportal subject v1\n"
UNSERIALISABLE: Final = (TypeError, ValueError, OverflowError, msgspec.MsgspecError)
"""Raised for a row with a value of a type that the portal never writes."""

_encode_sorted = msgspec.json.Encoder(order="sorted").encode
_encode_in_order = msgspec.json.Encoder().encode


DAY_LENGTH: Final = len("2026-11-28")
"""Of the day at the begin of a time as `format_time` writes it."""


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
    return _encode_sorted(value)


def new_salt() -> str:
    """16 random bytes as 32 hex digits."""
    return secrets.token_hex(SALT_BYTES)


def _salt_stream(salt: str) -> bytes:
    return hashlib.shake_256(_SALTS_PREFIX + bytes.fromhex(salt)).digest(SALT_BYTES * len(SALTED_COLUMNS))


def column_salts(salt: str) -> dict[str, bytes]:
    """The salt of each salted column, from the row's. Knowing one of them reveals no other."""
    stream = _salt_stream(salt)
    return {column: stream[start:end] for _place, column, start, end, _suffix, _type in _SALTED_PARTS}


def commit_column(salt: bytes, column: str, value: str | int) -> str:
    return hashlib.sha256(
        b"%b%b%b\n%b" % (_COLUMN_PREFIX, salt, column.encode(), str(value).encode())
    ).hexdigest()


def commit_subject(salt: str, kind: str, person_id: int | None, value: str) -> str:
    return hashlib.sha256(
        _SUBJECT_PREFIX + bytes.fromhex(salt) + canonical([kind, person_id, value])
    ).hexdigest()


def _is_empty(value: object) -> bool:
    return value is None or value == ""


def commit_values(values: list[Any], salt: str) -> None:
    """Replace the values of the salted columns, in the order of SEALED_COLUMNS, by their commitments.

    Raises one of UNSERIALISABLE. Verifying calls it once for every row of the log, so it avoids calls in its loops.
    """
    stream = _salt_stream(salt)
    for place, _name, start, end, suffix, kind in _SALTED_PARTS:
        value = values[place]
        if value is None or value == "":
            values[place] = None
            continue
        if type(value) is not kind:  # SQLite stores a value of any type in any column
            raise TypeError(f"a column holds {type(value).__name__}")
        committed = _COLUMN_PREFIX + stream[start:end] + suffix + str(value).encode()
        values[place] = hashlib.sha256(committed).hexdigest()
    for place in _SUBJECT_PLACES:
        value = values[place]
        if type(value) is not str:
            raise TypeError(f"a column holds {type(value).__name__}")
        values[place] = value or None


def commit_columns(columns: list[Sequence[Any]], salts: Iterable[str]) -> None:
    """`commit_values` for many rows at once: `columns[place]` has the values of all rows in one column.

    The types of all values must have been checked: text is str, a number is int or None. Raises ValueError for a salt.
    """
    sha256 = hashlib.sha256
    streams = list(map(_salt_stream, salts))
    for place, _name, start, end, suffix, kind in _SALTED_PARTS:
        values = columns[place]
        if kind is not str:
            values = ["" if value is None else str(value) for value in values]
        columns[place] = [
            sha256(_COLUMN_PREFIX + stream[start:end] + suffix + value.encode()).hexdigest()
            if value
            else None
            for value, stream in zip(values, streams, strict=True)
        ]
    for place in _SUBJECT_PLACES:
        columns[place] = [value or None for value in columns[place]]


def encode_columns(columns: Iterable[Sequence[Any]]) -> list[bytes]:
    """`encode_values` for many rows at once."""
    return list(map(_encode_in_order, map(_Sealed, *columns)))


def encode_values(values: Sequence[Any]) -> bytes:
    """The sealed bytes of the values of a sealed object, in the order of SEALED_COLUMNS."""
    return _encode_in_order(_Sealed(*values))


def _sealed_values(row: Row) -> list[Any]:
    values = [to_json_value(row[name]) if name != "format" else FORMAT for name in SEALED_COLUMNS]
    commit_values(values, row["salt"])
    return values


def sealed(row: Row) -> dict[str, Any]:
    """The sealed object of a row, its keys sorted. Raises one of UNSERIALISABLE."""
    return dict(zip(SEALED_COLUMNS, _sealed_values(row), strict=True))


def sealed_bytes(row: Row) -> bytes:
    """The bytes that are signed and hashed into the tree. Raises one of UNSERIALISABLE."""
    return encode_values(_sealed_values(row))


def leaf_of(row: Row) -> bytes:
    """The row's leaf in the tree. Raises one of UNSERIALISABLE."""
    return tree.leaf_hash(sealed_bytes(row))


def leaf_of_sealed(columns: Mapping[str, Any]) -> bytes:
    """The leaf of a sealed object, such as a file of the log holds. Raises one of UNSERIALISABLE."""
    return tree.leaf_hash(canonical(columns))


def openings(row: Row, columns: Iterable[str] = SALTED_COLUMNS) -> dict[str, dict[str, Any]]:
    """Salt and value of each of these salted columns that is not empty: what proves its commitment."""
    salts = column_salts(row["salt"])
    return {
        name: {"salt": salts[name].hex(), "value": row[name]} for name in columns if not _is_empty(row[name])
    }
