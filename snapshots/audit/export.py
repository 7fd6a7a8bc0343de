"""The log as a file: CSV for people, JSON Lines for programs (and for verify_export.py).

Both carry every column. Rows are read and written in small pieces, so that memory stays flat however long the log is.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from snapshots.audit import chain, journal
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry, EntryQuerySet

COLUMNS: Final = tuple(field.attname for field in Entry._meta.concrete_fields)
LINES_PER_PIECE: Final = 200
FORMULA_STARTS: Final = frozenset("=+-@＝＋－＠")
BEFORE_FORMULA: Final = " '\"\u00a0\u200b\ufeff"

Row = Mapping[str, Any]


def neutralise(cell: object) -> str:
    """A cell's text that no spreadsheet takes for a formula: a ' goes in front of what could be one."""
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


def csv_lines(rows: Iterable[Row]) -> Iterator[str]:
    """With a byte order mark, without which spreadsheets take UTF-8 for something else."""
    yield "\ufeff" + _csv_line(COLUMNS)
    for row in rows:
        yield _csv_line(chain.plain(row.get(column)) for column in COLUMNS)


def json_lines(rows: Iterable[Row]) -> Iterator[str]:
    """One object a line: the very bytes that are sealed, plus the hash. Of a row that cannot be read, its number."""
    for row in rows:
        plain = {column: chain.plain(value) for column, value in row.items()}
        yield json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


def _pieces(lines: Iterator[str]) -> Iterator[bytes]:
    while piece := "".join(islice(lines, LINES_PER_PIECE)):
        yield piece.encode()


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
    """A file about to be sent: its rows are read while `pieces` is consumed."""

    file_name: str
    content_type: str
    count: int
    pieces: Iterator[bytes]


def begin(*, actor: Actor, rows: EntryQuerySet, format_name: str, filters: str = "") -> Export:
    """Note the export in the log, then hand out the file. It holds the rows up to that note, and not the note.

    `filters` says in words what `rows` was narrowed to. Raises KeyError for a format that is not in FORMATS, and
    JournalUnavailableError: then nothing is handed out.
    """
    form = FORMATS[format_name]
    last = Entry.objects.all().last_sequence() or 0
    count = rows.filter(sequence__lte=last).order_by().count()
    file_name = f"audit-{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}.{form.extension}"
    evidence = f"{count} rows, up to row {last}; filters: {filters or 'none'}"
    journal.record(actor.entry(action="audit.export", target=file_name, evidence=evidence))
    return Export(file_name, form.content_type, count, _pieces(form.lines(rows.rows(until=last))))
