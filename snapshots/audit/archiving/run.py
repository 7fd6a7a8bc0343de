"""Moves old rows into archive files: write a file, check it, record it in the log, then delete its rows.

A run that was killed at any point is continued by the next one: an unfinished file is thrown away, a complete one without
its row is checked and taken, and rows that are archived but still there are deleted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain as joined
from itertools import islice
from pathlib import Path
from typing import Final

from django.conf import settings

from snapshots.audit import (
    accepted_damage,
    chain,
    checkpoints,
    holds,
    journal,
    lines,
    locking,
    sealing,
    tiles,
)
from snapshots.audit.archiving import files, proof, rows
from snapshots.audit.archiving.files import ArchiveFileError, Line
from snapshots.audit.archiving.rows import Archive
from snapshots.audit.chain import Head
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry
from snapshots.audit.proof_lines import Header, RowLine, file_lines
from snapshots.audit.queries import EntryQuerySet
from snapshots.audit.streaming import channels, cursors
from snapshots.audit.tree import HashAt
from snapshots.audit.tree_models import Checkpoint

ROWS_PER_FILE: Final = 64 * tiles.WIDTH
"""Reading one row back unpacks its whole file: about 25 MB."""
ROWS_PER_DELETE: Final = 256
NEWEST_STAYS: Final = ("audit.anchor", "audit.verify")
"""The newest row of each of these actions stays: the audit page tells when the log was last anchored and verified, and
verify_audit misses an anchor file that is gone."""


class ArchivingError(Exception):
    """Nothing more was archived; the message says why."""


@dataclass(frozen=True)
class Plan:
    """The rows of the next file, and the head of the chain before them."""

    first: int
    last: int
    before: Head

    @property
    def entries(self) -> Iterator[sealing.Row]:
        return Entry.objects.all().rows(after=self.first - 1, until=self.last)


@dataclass(frozen=True)
class Step:
    """An archive, whether this run made it, and how many of its rows this run deleted."""

    archive: Archive
    is_new: bool
    deleted: int


def archive_log(*, actor: Actor, folder: Path, older_than: datetime | None) -> Iterator[Step]:
    """Continue what earlier runs left, then archive all rows before `older_than` (none if it is None).

    Raises what `archive_next` and `let_go` raise.
    """
    for archive in rows.read_all():
        if deleted := let_go(archive, folder):
            yield Step(archive, False, deleted)
    while older_than and (new := archive_next(actor=actor, folder=folder, older_than=older_than)):
        yield Step(new, True, let_go(new, folder))


def _last_older_than(moment: datetime) -> int:
    """The last row before `moment`. Sequence and time grow together."""
    next_one = Entry.objects.numbered().filter(at__gte=moment).order_by("at", "sequence")
    first = next_one.values_list("sequence", flat=True).first()
    return first - 1 if first is not None else Entry.objects.all().last_sequence() or 0


def _last_sent() -> list[int]:
    """The last row that was sent to each stream: later rows must stay, or the stream would have a gap."""
    return [cursors.get(channel.stream).sequence for channel in channels.configured()]


def plan(older_than: datetime, checkpoint_size: int) -> Plan | None:
    """The next rows to archive, whole tiles that a checkpoint covers and every stream has sent; None if there are none."""
    newest = rows.newest()
    before = newest.head if newest else Head()
    first = before.sequence + 1
    last = min(_last_older_than(older_than), checkpoint_size, *_last_sent())
    last = min(last - last % tiles.WIDTH, before.sequence - before.sequence % ROWS_PER_FILE + ROWS_PER_FILE)
    return Plan(first, last, before) if last >= first else None


def _verified_head(planned: Plan) -> Head:
    """The head at the last row. Raises ArchivingError unless all rows are there and valid."""
    accepted = accepted_damage.merge(accepted_damage.read_acceptances())
    verdict = chain.verify(
        planned.entries, settings.SNAPPORTAL_AUDIT_KEYS, start=planned.before, accepted=accepted
    )
    if not verdict.holds or verdict.head.sequence != planned.last:
        broken = verdict.first_broken or verdict.head.sequence + 1
        raise ArchivingError(f"row {broken} is missing or not valid: see manage.py verify_audit")
    return verdict.head


def archive_next(*, actor: Actor, folder: Path, older_than: datetime) -> Archive | None:
    """Write, check and record one file; its rows are still in the database. None if no more rows can be archived.

    Raises ArchivingError, ArchiveFileError, and JournalUnavailableError when the row cannot be written.
    """
    checkpoint = checkpoints.newest()
    if checkpoint is None:
        raise ArchivingError("there is no checkpoint: run manage.py checkpoint_audit first")
    planned = plan(older_than, checkpoint.size)
    if planned is None:
        return None
    head = _verified_head(planned)
    path = folder / files.name_of(planned.first, planned.last)
    hash_at = tiles.reader(checkpoint.size)
    if not path.exists():
        files.write(path, _lines(planned, checkpoint, hash_at))
    proof.check(path)
    _compare(path, planned, hash_at)
    archive = Archive(
        first=planned.first,
        last=planned.last,
        file_name=path.name,
        size=path.stat().st_size,
        sha256=files.sha256_of(path),
        head=head,
    )
    return archive if _record(actor, archive) else None


def row_line(row: sealing.Row) -> RowLine:
    """The line of a row: salted values are open; names and addresses are not in it, so that they can be erased."""
    return lines.row_line(row, {})


def _lines(planned: Plan, checkpoint: Checkpoint, hash_at: HashAt) -> Iterator[str]:
    """The lines of the file; damage is accepted by later rows, without which the file would not be valid."""
    header = Header(
        origin=checkpoint.note.partition("\n")[0],
        checkpoint=checkpoint.note,
        size=checkpoint.size,
        columns=sealing.SALTED_COLUMNS,
        filters=f"rows {planned.first} to {planned.last}",
    )
    rows_of_file = joined(planned.entries, _accepting_rows(planned, checkpoint.size))
    return file_lines(map(row_line, rows_of_file), header=header, hash_at=hash_at)


def _accepting_rows(planned: Plan, size: int) -> list[sealing.Row]:
    """The rows after the planned ones, up to row `size`, that accept damage to planned rows."""
    accepting = {
        one.sequence
        for one in accepted_damage.read_acceptances()
        if one.action == chain.ACCEPT_CHANGED_ROWS
        and planned.last < one.sequence <= size
        and any(planned.first <= number <= planned.last for number, _digest in one.pairs)
    }
    return list(Entry.objects.filter(sequence__in=accepting).rows())


def _compare(path: Path, planned: Plan, hash_at: HashAt) -> None:
    """Raises ArchiveFileError unless the file has exactly the rows of the database, with every value."""
    written = files.data_lines(path, planned.first, planned.last)
    for row in planned.entries:
        line = next(written, None)
        if line is None or not _is_same(line, row, hash_at):
            raise ArchiveFileError(
                f"{path} has another row {row['sequence']} than the database: move it out of the folder"
            )


def _is_same(line: Line, row: sealing.Row, hash_at: HashAt) -> bool:
    if line["type"] == "row":
        return line == row_line(row)
    return bool(line.get("damaged")) and sealing.leaf_of(row) != hash_at(0, row["sequence"] - 1)


def _record(actor: Actor, archive: Archive) -> bool:
    """Write the row; false if another run was faster."""
    with journal.committed():
        locking.take_advisory_lock()
        if rows.last_archived() != archive.first - 1:
            return False
        rows.record(actor, archive)
        return True


def may_leave(archive: Archive) -> EntryQuerySet:
    """The rows of the archive that are still in the database, need not stay there and are under no hold."""
    newest = [Entry.objects.numbered().filter(action=action).last_sequence() for action in NEWEST_STAYS]
    found = Entry.objects.filter(sequence__range=(archive.first, archive.last))
    found = found.exclude(action__in=rows.KEPT_ACTIONS).exclude(sequence__in=[one for one in newest if one])
    held = holds.held_rows()
    return found if held is None else found.exclude(held)


def let_go(archive: Archive, folder: Path) -> int:
    """Delete the archive's rows that may leave and are in its file; returns their number. Raises ArchiveFileError."""
    if not may_leave(archive).exists():
        return 0
    path = folder / archive.file_name
    if files.sha256_of(path) != archive.sha256:
        raise ArchiveFileError(
            f"{path} is not the file that row {archive.recorded_in} names: its SHA-256 differs"
        )
    written = files.data_lines(path, archive.first, archive.last)
    count = 0
    while batch := list(islice(written, ROWS_PER_DELETE)):
        count += _delete_batch(archive, batch)
    return count


def _delete_batch(archive: Archive, batch: list[Line]) -> int:
    """Delete those of these rows that are in the database as they are in the file."""
    written = {
        line["row"]["sequence"]: sealing.canonical(line["row"]) for line in batch if line["type"] == "row"
    }
    with journal.committed():
        locking.take_advisory_lock()  # no hold is placed from here on
        present = may_leave(archive).filter(sequence__in=written)
        same = [
            row["sequence"]
            for row in present.rows()
            if chain.UNREADABLE not in row and written[row["sequence"]] == sealing.sealed_bytes(row)
        ]
        deleted, _each = Entry.objects.filter(sequence__in=same).delete()
        return deleted
