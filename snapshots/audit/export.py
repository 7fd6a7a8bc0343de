"""Exports the log: CSV for people, JSON Lines for programs.

Both formats hold every column. Rows are streamed in small chunks, so memory use does not grow with the log.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from snapshots.audit import chain, journal, sealing, subjects
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry
from snapshots.audit.queries import EntryQuerySet
from snapshots.audit.subjects import Subject

_READABLE: Final = {
    "actor_subject": "actor_name",
    "address_subject": "address",
    "settled_by_subject": "settled_by",
}
_MERGED: Final = {"target_subject": "target", "evidence_subject": "evidence"}
COLUMNS: Final = tuple(
    _READABLE.get(field.attname, field.attname)
    for field in Entry._meta.concrete_fields
    if field.attname not in {"salt", *_MERGED}
)
ROWS_PER_READ: Final = 500
ERASED: Final = "[erased in row {}]"
LINES_PER_CHUNK: Final = 200
FORMULA_STARTS: Final = frozenset("=+-@＝＋－＠")
BEFORE_FORMULA: Final = " '\"\u00a0\u200b\ufeff"

Row = Mapping[str, Any]


def neutralise(cell: object) -> str:
    """The text of a CSV cell, with a ' in front when a spreadsheet could read it as a formula."""
    if cell is None:
        return ""
    text = str(cell)
    if isinstance(cell, int):
        return text
    start = text.lstrip(BEFORE_FORMULA)[:1]
    return f"'{text}" if start in FORMULA_STARTS | {"\t", "\r", "\n"} and start else text


def _csv_line(cells: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([neutralise(cell) for cell in cells])
    return line.getvalue()


def _with_subjects(rows: Iterable[Row]) -> Iterator[tuple[Row, Mapping[str, Subject]]]:
    """Each row with the names and addresses of its batch."""
    rest = iter(rows)
    while batch := list(islice(rest, ROWS_PER_READ)):
        known = subjects.of(batch)
        yield from ((row, known) for row in batch)


def readable(row: Row, known: Mapping[str, Subject]) -> dict[str, Any]:
    """The row as people read it: names instead of commitments."""
    values = subjects.values_in(row, known) | {
        column: ERASED.format(sequence) for column, sequence in subjects.erased_columns(row, known).items()
    }
    columns = dict(row) | {name: values[column] for column, name in _READABLE.items()}
    return columns | {name: values[column] for column, name in _MERGED.items() if values[column]}


def csv_lines(rows: Iterable[Row]) -> Iterator[str]:
    """The CSV lines, with a byte order mark, without which spreadsheets do not detect UTF-8."""
    yield "\ufeff" + _csv_line(COLUMNS)
    for row, known in _with_subjects(rows):
        cells = readable(row, known)
        yield _csv_line(sealing.to_json_value(cells.get(column)) for column in COLUMNS)


def row_line(row: Row, known: Mapping[str, Subject]) -> dict[str, Any]:
    """A row as it is exported and streamed: the sealed object, and what opens its commitments (docs/log-format.md)."""
    if chain.UNREADABLE in row:
        return {"type": "unreadable", "sequence": row["sequence"]}
    line = {
        "type": "row",
        "row": sealing.sealed(row),
        "open": sealing.openings(row) | dict(subjects.openings(row, known)),
    }
    erased = subjects.erased_columns(row, known)
    return line | {"erased": erased} if erased else line


def json_lines(rows: Iterable[Row]) -> Iterator[str]:
    for row, known in _with_subjects(rows):
        yield sealing.canonical(row_line(row, known)).decode() + "\n"


def _chunks(lines: Iterator[str]) -> Iterator[bytes]:
    while chunk := "".join(islice(lines, LINES_PER_CHUNK)):
        yield chunk.encode()


@dataclass(frozen=True)
class Format:
    extension: str
    content_type: str
    lines: Callable[[Iterable[Row]], Iterator[str]]


FORMATS: Final = {
    "csv": Format("csv", "text/csv; charset=utf-8", csv_lines),
    "json": Format("jsonl", "application/jsonl; charset=utf-8", json_lines),
}


@dataclass(frozen=True)
class Export:
    """An export file: its rows are read from the database while `chunks` is consumed."""

    file_name: str
    content_type: str
    count: int
    chunks: Iterator[bytes]


def begin(*, actor: Actor, rows: EntryQuerySet, format_name: str, filters: str = "") -> Export:
    """Record the export in the log, then return the file. It holds the rows before that record.

    `filters` describes how `rows` was filtered. Raises KeyError for a format that is not in FORMATS, and
    JournalUnavailableError when the export cannot be recorded; then there is no file.
    """
    form = FORMATS[format_name]
    last = Entry.objects.all().last_sequence() or 0
    count = rows.filter(sequence__lte=last).order_by().count()
    file_name = f"audit-{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}.{form.extension}"
    evidence = f"{count} rows, up to row {last}; filters: {filters or 'none'}"
    journal.record(actor.entry(action="audit.export", target=file_name, evidence=evidence))
    return Export(file_name, form.content_type, count, _chunks(form.lines(rows.rows(until=last))))
