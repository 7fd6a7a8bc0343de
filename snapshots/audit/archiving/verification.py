"""Verifies the archive files: each is the one that the log names, and has exactly the rows of the tree."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from snapshots.audit import chain, sealing, tiles
from snapshots.audit.archiving import files, rows
from snapshots.audit.archiving.files import ArchiveFileError
from snapshots.audit.archiving.rows import Archive
from snapshots.audit.archiving.staying import StayingRows
from snapshots.audit.chain import Problem
from snapshots.audit.tiles import TileError
from snapshots.audit.tree import HashAt


@dataclass(frozen=True)
class FileFinding:
    """What is wrong with an archive: `subject` is its file name, or rows that no file has; `first` the first of its rows.

    With the kind `gone`, a row that must stay in the database is gone from there: `first` is this row.
    """

    first: int
    subject: str
    problem: str
    kind: Problem = "archive"

    def __str__(self) -> str:
        return f"{self.subject}: {self.problem}"


def check_files(folder: Path, anchored: Mapping[int, str]) -> Iterator[FileFinding]:
    """The first problem of each archive. `anchored` is the hash of each row that an anchor names, by its sequence."""
    archives = rows.read_all()
    yield from _check_ranges(archives)
    for archive in archives:
        try:
            finding = _check_file(archive, folder / archive.file_name, anchored)
        except (ArchiveFileError, TileError) as error:
            finding = FileFinding(archive.first, archive.file_name, str(error))
        if finding:
            yield finding


def _check_ranges(archives: Iterable[Archive]) -> Iterator[FileFinding]:
    last = 0
    for archive in archives:
        if archive.first != last + 1:
            yield FileFinding(
                last + 1,
                f"rows {last + 1} to {archive.first - 1}",
                "no row of the log says in which file they are",
            )
        last = archive.last


def _check_file(archive: Archive, path: Path, anchored: Mapping[int, str]) -> FileFinding | None:
    """The first problem of the archive; None if its file is the recorded one, with exactly the rows of the tree, and the
    database has those of them that must stay there."""
    if problem := _check_identity(archive, path):
        return FileFinding(archive.first, archive.file_name, problem)
    hash_at = tiles.reader(archive.last)
    staying = StayingRows(archive)
    expected, last_hash = archive.first, ""
    for line in files.data_lines(path, archive.first, archive.last):
        problem = _check_line(line, expected, hash_at)
        if not problem and line["type"] == "row":
            last_hash = hash_of(line["row"])
            if anchored.get(expected, last_hash) != last_hash:
                problem = "it is not what the anchor noted"
            elif missed := staying.why_missed(line):
                return FileFinding(expected, archive.file_name, f"row {expected}: {missed}", "gone")
        if problem:
            return FileFinding(archive.first, archive.file_name, f"row {expected}: {problem}")
        expected += 1
    problem = f"row {expected} is missing" if expected <= archive.last else _check_end(archive, last_hash)
    return FileFinding(archive.first, archive.file_name, problem) if problem else None


def _check_identity(archive: Archive, path: Path) -> str:
    if not path.exists():
        return "the file is missing"
    if files.sha256_of(path) == archive.sha256:
        return ""
    return f"its SHA-256 is not the one that row {archive.recorded_in} records: it was changed or exchanged"


def _check_end(archive: Archive, last_hash: str) -> str:
    return "" if last_hash in {"", archive.head.hash} else "its last row has another hash than recorded"


def _check_line(line: dict[str, Any], expected: int, hash_at: HashAt) -> str:
    if line.get("type") == "skip" and line.get("damaged") and line.get("from") == expected - 1:
        return ""  # accepted damage: the row's content proved nothing
    row = line.get("row")
    if not isinstance(row, dict) or row.get("sequence") != expected:
        return "it is missing or out of order"
    if sealing.leaf_of_sealed(row) != hash_at(0, expected - 1):
        return "it is not the row that the tree has at its place"
    return ""


def hash_of(sealed: Mapping[str, Any]) -> str:
    """The hash that seals this row, computed with its key; '' if that key is not configured."""
    key = settings.SNAPPORTAL_AUDIT_KEYS.get(str(sealed.get("key_id")))
    return chain.seal_leaf(sealing.leaf_of_sealed(sealed), key) if key else ""
