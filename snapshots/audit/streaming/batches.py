"""Reads the rows that a stream sends next, and checks that they follow its cursor."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from snapshots.audit.models import Entry
from snapshots.audit.streaming import events
from snapshots.audit.streaming.events import Event
from snapshots.audit.streaming.models import EMPTY_HASH, StreamCursor

MAX_ROWS: Final = 200
MAX_BYTES: Final = 256 * 1024
"""Of the rows' JSON. A single larger row is sent alone."""


class BrokenOrderError(Exception):
    """The log does not follow the cursor: rows that were sent are gone, or rows that should be sent are missing."""


@dataclass(frozen=True)
class Batch:
    """Consecutive rows, at least one. `previous_hash` is the hash of the row before them, as the cursor knows it."""

    stream: str
    previous_hash: str
    events: tuple[Event, ...]

    @property
    def first(self) -> Event:
        return self.events[0]

    @property
    def last(self) -> Event:
        return self.events[-1]


def read_batch(cursor: StreamCursor) -> Batch | None:
    """The rows after the cursor, or None when there are none. Raises BrokenOrderError."""
    entries = Entry.objects.all().numbered()
    rows = entries.rows(after=cursor.sequence, until=cursor.sequence + MAX_ROWS)
    found = tuple(_limit(map(events.make_event, rows)))
    if not found:
        _check_newest(cursor)
        return None
    before = Event(cursor.sequence, cursor.hash, "", "", "")
    for earlier, later in pairwise((before, *found)):
        _check_next(earlier, later)
    return Batch(cursor.stream, cursor.hash, found)


def _limit(found: Iterator[Event]) -> Iterator[Event]:
    size = 0
    for event in found:
        size += len(event.text)
        if size > MAX_BYTES and size > len(event.text):
            return
        yield event


def _check_next(earlier: Event, later: Event) -> None:
    if later.sequence != earlier.sequence + 1:
        raise BrokenOrderError(
            f"row {earlier.sequence + 1} is missing: after row {earlier.sequence} comes row {later.sequence}"
        )
    is_known = earlier.hash and later.previous_hash  # neither of them is unreadable
    if is_known and later.previous_hash != earlier.hash:
        raise BrokenOrderError(
            f"row {later.sequence} does not follow the row {earlier.sequence} with hash {earlier.hash}: a backup was "
            "restored, or rows were changed"
        )


def is_current(cursor: StreamCursor) -> bool:
    """Whether the cursor's row is the newest of the log, which is found without a claim and without a write."""
    try:
        _check_newest(cursor)
    except BrokenOrderError:  # also when there are later rows
        return False
    return True


def _check_newest(cursor: StreamCursor) -> None:
    """Raises BrokenOrderError unless the cursor's row is the newest of the log."""
    newest = Entry.objects.all().numbered().last_sequence()
    if newest is None or newest > cursor.sequence:
        raise BrokenOrderError(f"row {cursor.sequence + 1} is missing, though there are later rows")
    if newest < cursor.sequence:
        raise BrokenOrderError(
            f"row {cursor.sequence} was sent, and the log ends with row {newest}: a backup was restored, or the newest rows "
            "were deleted"
        )
    if cursor.hash and hash_of(cursor.sequence) != cursor.hash:
        raise BrokenOrderError(
            f"row {cursor.sequence} was sent with hash {cursor.hash}, and the log holds another row in its place: a backup was "
            "restored, or rows were changed"
        )


def hash_of(sequence: int) -> str:
    """The hash of a row, EMPTY_HASH for row 0, '' for a row that cannot be read or is missing."""
    if sequence == 0:
        return EMPTY_HASH
    rows = Entry.objects.all().numbered().rows(after=sequence - 1, until=sequence)
    return next((str(row.get("hash", "")) for row in rows), "")
