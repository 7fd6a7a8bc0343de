"""The form in which a row is sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from snapshots.audit import chain

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Event:
    """One row as sent. `text` is JSON in ASCII; hashes and `at` are '' for a row that cannot be read."""

    sequence: int
    hash: str
    previous_hash: str
    at: str
    text: str


def to_event(row: Row) -> dict[str, Any]:
    """The JSON object of a row: the same as a line of the JSON Lines export."""
    return {column: chain.to_json_value(value) for column, value in row.items()}


def make_event(row: Row) -> Event:
    """The row as an event; a row that cannot be read has its sequence only.

    In ASCII, because a syslog message in UTF-8 would have to begin with a byte order mark (RFC 5424, 6.4).
    """
    sequence = row["sequence"]
    if chain.UNREADABLE not in row:
        try:
            text = _to_json(to_event(row))
            return Event(sequence, row["hash"], row["previous_hash"], chain.format_time(row["at"]), text)
        except (TypeError, ValueError):  # a value of a type that the portal never writes
            pass
    return Event(sequence, "", "", "", _to_json({"sequence": sequence, chain.UNREADABLE: True}))


def _to_json(fields: dict[str, Any]) -> str:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False)


def log_origin() -> str:
    """The name of this log, '' where none is set."""
    return str(getattr(settings, "SNAPPORTAL_LOG_ORIGIN", ""))
