"""Exports the log: CSV for people, JSON Lines for programs.

Both formats hold every column. Rows are streamed in small chunks, so memory use does not grow with the log.
"""

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from snapshots.audit import journal, lines, proofs, sealing, statements, subjects
from snapshots.audit.archiving import rows as archive_rows
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry
from snapshots.audit.queries import EntryQuerySet
from snapshots.audit.subjects import Subject
from snapshots.audit.wording.statements import joined

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
    for row, known in lines.with_subjects(rows):
        cells = readable(row, known)
        yield _csv_line(sealing.to_json_value(cells.get(column)) for column in COLUMNS)


def chunks_of(texts: Iterator[str]) -> Iterator[bytes]:
    """The bytes of a file, many lines at a time."""
    while chunk := "".join(islice(texts, LINES_PER_CHUNK)):
        yield chunk.encode()


EXTENSIONS: Final = {"csv": "csv", "json": "jsonl"}
CONTENT_TYPES: Final = {"csv": "text/csv; charset=utf-8", "json": "application/jsonl; charset=utf-8"}


@dataclass(frozen=True)
class Export:
    """An export file: its rows are read from the database while `chunks` is consumed."""

    file_name: str
    content_type: str
    count: int
    chunks: Iterator[bytes]


def _check_options(format_name: str, columns: Collection[str] | None, borders: Collection[int]) -> None:
    if format_name == "csv" and (columns is not None or borders):
        raise ValueError("a CSV file has all columns and proves nothing: choose JSON Lines")
    if columns is not None and (unknown := {*columns} - {*lines.COLUMNS}):
        raise ValueError(f"there is no column {min(unknown)} that a file can leave out")


def _evidence(count: int, last: int, filters: str, columns: Collection[str] | None) -> str:
    archived = archive_rows.last_archived()
    rows = statements.EXPORTED.said(count=count, last=last)
    after = statements.AFTER_ARCHIVE.said(row=archived + 1) if archived else ""
    named = statements.COLUMNS.said(columns=sorted(columns)) if columns else statements.NO_COLUMNS.said()
    return joined(
        [
            joined([rows, after], ", "),
            statements.FILTERS.said(filters=filters) if filters else statements.NO_FILTERS.said(),
            "" if columns is None else named,
        ]
    )


def begin(
    *,
    actor: Actor,
    rows: EntryQuerySet,
    format_name: str,
    filters: str = "",
    columns: Collection[str] | None = None,
    borders: Collection[int] = (),
    kind: str = "audit",
) -> Export:
    """Record the export in the log, then return the file. It holds the rows before that record.

    `filters` describes how `rows` was filtered; `columns` are those of lines.COLUMNS that a JSON Lines file discloses,
    None for all; `borders`: sizes of older checkpoints with which it must be comparable; `kind` begins the file's name.
    Raises KeyError for a format that is not in EXTENSIONS, ValueError for columns that a file cannot leave out (CSV always
    has all) and for borders that it cannot have, CheckpointError when the rows of a JSON Lines file cannot be proven, and
    JournalUnavailableError when the export cannot be recorded; then there is no file.
    """
    extension = EXTENSIONS[format_name]
    _check_options(format_name, columns, borders)
    last = Entry.objects.all().last_sequence() or 0
    count = rows.filter(sequence__lte=last).order_by().count()
    file_name = f"{kind}-{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}.{extension}"
    evidence = _evidence(count, last, filters, columns)
    journal.record(actor.entry(action="audit.export", target=file_name, evidence=evidence))
    found = rows.rows(until=last)
    if format_name == "csv":
        texts = csv_lines(found)
    else:
        texts = proofs.prove(found, columns=columns, filters=filters, borders=borders)
    return Export(file_name, CONTENT_TYPES[format_name], count, chunks_of(texts))
