"""Reads rows back from an archive file, as entries like those in the database, each compared with the tree.

Names and addresses are not in the file: they come from the table of subjects, so an erased name stays erased.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from snapshots.audit import sealing, subjects, tiles
from snapshots.audit.archiving import files, rows, verification
from snapshots.audit.archiving.files import ArchiveFileError, Line
from snapshots.audit.archiving.rows import Archive
from snapshots.audit.models import Entry
from snapshots.audit.tiles import TileError
from snapshots.audit.tree import HashAt


@dataclass(frozen=True)
class ArchivedEntry:
    """`is_in_tree`: the row, and every value shown of it, is what the tree has at its place."""

    entry: Entry
    is_in_tree: bool


def state_of(archive: Archive, folder: Path) -> str:
    """'' if the file is there and its SHA-256 is the recorded one; otherwise 'missing' or 'changed'."""
    path = folder / archive.file_name
    if not path.exists():
        return "missing"
    try:
        return "" if files.sha256_of(path) == archive.sha256 else "changed"
    except ArchiveFileError:
        return "changed"


def read_page(archive: Archive, folder: Path, *, until: int, limit: int) -> list[ArchivedEntry]:
    """The last `limit` rows up to the sequence `until`, newest first. Raises ArchiveFileError."""
    path = folder / archive.file_name
    last = min(until, archive.last)
    found = deque(files.raw_data_lines(path, archive.first, last), maxlen=limit)
    return _entries([files.parse(raw, path) for raw in reversed(found)], archive, path)


def find(sequence: int, folder: Path) -> ArchivedEntry | None:
    """The archived row with this sequence; None if no archive has it, or it was damaged. Raises ArchiveFileError."""
    archive = rows.holding(sequence)
    found = read_page(archive, folder, until=sequence, limit=1) if archive else []
    return next((one for one in found if one.entry.sequence == sequence), None)


def find_readable(sequence: int) -> ArchivedEntry | None:
    """The same in the archive's own folder; None also if its file cannot be read: the page of the file says why."""
    try:
        return find(sequence, Path(settings.SNAPPORTAL_ARCHIVE_DIR))
    except ArchiveFileError:
        return None


def _entries(lines: Iterable[Line], archive: Archive, path: Path) -> list[ArchivedEntry]:
    """Raises ArchiveFileError for a line that is not one of a row; damaged rows are left out."""
    try:
        found = [(_entry(line), line) for line in lines if line["type"] == "row"]
        known = subjects.of(entry.row for entry, _line in found)
        hash_at = tiles.reader(archive.last)
        archived = [ArchivedEntry(entry, _is_in_tree(line, hash_at)) for entry, line in found]
    except (*sealing.UNSERIALISABLE, KeyError, AttributeError) as error:
        raise ArchiveFileError(f"{path} holds a line that is no row of the log") from error
    for one in archived:
        one.entry.subjects = known
    return archived


def _entry(line: Line) -> Entry:
    sealed, opened = line["row"], line["open"]
    columns: dict[str, Any] = {name: sealed[name] for name in sealing.CLEAR_COLUMNS}
    columns |= {name: sealed[name] or "" for name in sealing.SUBJECT_COLUMNS}
    for name in sealing.SALTED_COLUMNS:
        empty = None if name in sealing.NUMBER_COLUMNS else ""
        columns[name] = opened[name]["value"] if name in opened else empty
    columns["at"] = datetime.fromisoformat(sealed["at"])
    columns["operation_id"] = UUID(sealed["operation_id"]) if sealed["operation_id"] else None
    return Entry.from_columns(columns | {"hash": verification.hash_of(sealed)})


def _is_in_tree(line: Line, hash_at: HashAt) -> bool:
    row = line["row"]
    try:
        if sealing.leaf_of_sealed(row) != hash_at(0, row["sequence"] - 1):
            return False
    except TileError:
        return False
    return all(
        sealing.commit_column(bytes.fromhex(one["salt"]), name, one["value"]) == row[name]
        for name, one in line["open"].items()
    )
