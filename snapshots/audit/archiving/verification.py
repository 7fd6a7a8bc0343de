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
from snapshots.audit.models import Entry
from snapshots.audit.tiles import TileError
from snapshots.audit.tree import HashAt


@dataclass(frozen=True)
class FileFinding:
    """What is wrong with an archive: `subject` is its file name, or rows that no file has; `first` the first of its rows."""

    first: int
    subject: str
    problem: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.problem}"


def check_files(folder: Path, anchored: Mapping[int, str]) -> Iterator[FileFinding]:
    """The first problem of each archive. `anchored` is the hash of each row that an anchor names, by its sequence."""
    archives = rows.read_all()
    yield from _check_ranges(archives)
    for archive in archives:
        try:
            problem = _check_file(archive, folder / archive.file_name, anchored)
        except (ArchiveFileError, TileError) as error:
            problem = str(error)
        if problem:
            yield FileFinding(archive.first, archive.file_name, problem)


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


def _check_file(archive: Archive, path: Path, anchored: Mapping[int, str]) -> str:
    """The problem of the file; '' if it has exactly the rows of the tree, chained, and they end in the recorded hash."""
    if not path.exists():
        return "the file is missing"
    if files.sha256_of(path) != archive.sha256:
        return (
            f"its SHA-256 is not the one that row {archive.recorded_in} records: it was changed or exchanged"
        )
    hash_at = tiles.reader(archive.last)
    kept = _kept_rows(archive)
    expected, last_hash = archive.first, ""
    for line in files.data_lines(path, archive.first, archive.last):
        problem = _check_line(line, expected, hash_at, kept)
        if problem:
            return f"row {expected}: {problem}"
        if line["type"] == "row":
            last_hash = hash_of(line["row"])
            if anchored.get(expected, last_hash) != last_hash:
                return f"row {expected}: it is not what the anchor noted"
        expected += 1
    if expected <= archive.last:
        return f"row {expected} is missing"
    return "" if last_hash in {"", archive.head.hash} else "its last row has another hash than recorded"


def _check_line(line: dict[str, Any], expected: int, hash_at: HashAt, kept: set[int]) -> str:
    if line.get("type") == "skip" and line.get("damaged") and line.get("from") == expected - 1:
        return ""  # accepted damage: the row's content proved nothing
    row = line.get("row")
    if not isinstance(row, dict) or row.get("sequence") != expected:
        return "it is missing or out of order"
    if sealing.leaf_of_sealed(row) != hash_at(0, expected - 1):
        return "it is not the row that the tree has at its place"
    if row["action"] in rows.KEPT_ACTIONS and expected not in kept:
        return "it must stay in the database, and is gone from there"
    return ""


def _kept_rows(archive: Archive) -> set[int]:
    found = Entry.objects.filter(sequence__range=(archive.first, archive.last), action__in=rows.KEPT_ACTIONS)
    return set(found.values_list("sequence", flat=True))


def hash_of(sealed: Mapping[str, Any]) -> str:
    """The hash that seals this row, computed with its key; '' if that key is not configured."""
    key = settings.SNAPPORTAL_AUDIT_KEYS.get(str(sealed.get("key_id")))
    return chain.seal_leaf(sealing.leaf_of_sealed(sealed), key) if key else ""
