"""A row of the log as a line of a file or an event of a stream: the sealed object, and what opens its commitments."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from snapshots.audit import chain, sealing, subjects
from snapshots.audit.subjects import Subject

COLUMNS: Final = (*sealing.SALTED_COLUMNS, *sealing.SUBJECT_COLUMNS)
"""The columns that a file can leave out: the others are sealed as they are."""
ROWS_PER_READ: Final = 500

Line = dict[str, Any]


def row_line(row: sealing.Row, known: Mapping[str, Subject]) -> Line:
    """The line of a readable row (docs/log-format.md). `known`: the subjects to which it refers.

    Raises one of sealing.UNSERIALISABLE.
    """
    line: Line = {
        "type": "row",
        "row": sealing.sealed(row),
        "open": sealing.openings(row) | dict(subjects.openings(row, known)),
    }
    erased = subjects.erased_columns(row, known)
    return line | {"erased": erased} if erased else line


def with_subjects(rows: Iterable[sealing.Row]) -> Iterator[tuple[sealing.Row, Mapping[str, Subject]]]:
    """Each row with the names and addresses of its batch."""
    rest = iter(rows)
    while batch := list(islice(rest, ROWS_PER_READ)):
        known = subjects.of(batch)
        yield from ((row, known) for row in batch)


def row_lines(rows: Iterable[sealing.Row], size: int) -> Iterator[Line]:
    """The lines of the rows that a tree of `size` leaves has. A row that cannot be read has its sequence only."""
    last = 0
    for row, known in with_subjects(rows):
        sequence = row["sequence"]
        if type(sequence) is not int or not last < sequence <= size:
            continue  # inserted by somebody else: verifying reports it
        last = sequence
        yield _tolerant_line(row, known)


def _tolerant_line(row: sealing.Row, known: Mapping[str, Subject]) -> Line:
    if chain.UNREADABLE not in row:
        try:
            return row_line(row, known)
        except sealing.UNSERIALISABLE:
            pass  # said by the line below
    return {"type": "unreadable", "sequence": row["sequence"]}
