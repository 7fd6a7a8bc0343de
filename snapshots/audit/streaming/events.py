"""The form in which a row is sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from snapshots.audit import chain, lines, sealing
from snapshots.audit.subjects import Subject

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Event:
    """One row as sent. `text` is JSON in ASCII; hashes and `at` are '' for a row that cannot be read."""

    sequence: int
    hash: str
    previous_hash: str
    at: str
    text: str


def to_event(row: Row, known: Mapping[str, Subject]) -> dict[str, Any]:
    """The JSON object of a row: its line in an export (docs/log-format.md), and the columns by which rows are put in order."""
    links = {
        "sequence": row["sequence"],
        "at": sealing.to_json_value(row["at"]),
        "hash": row["hash"],
        "previous_hash": row["previous_hash"],
    }
    return links | lines.row_line(row, known)


def make_event(row: Row, known: Mapping[str, Subject]) -> Event:
    """The row as an event; a row that cannot be read has its sequence only.

    In ASCII, because a syslog message in UTF-8 would have to begin with a byte order mark (RFC 5424, 6.4).
    """
    sequence = row["sequence"]
    if chain.UNREADABLE not in row:
        try:
            text = _to_json(to_event(row, known))
            return Event(sequence, row["hash"], row["previous_hash"], sealing.format_time(row["at"]), text)
        except sealing.UNSERIALISABLE:
            pass
    return Event(sequence, "", "", "", _to_json({"type": "unreadable", "sequence": sequence}))


def _to_json(fields: dict[str, Any]) -> str:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False)
