"""Rows `audit.archive` of the log: each says which rows are in which archive file, so that the database lets them go.

`target` is the last archived sequence; the triggers read it. The evidence names the file with its size and SHA-256, and
the last archived row's hash, time and key, from which verifying goes on.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings

from snapshots.audit import chain, journal, sealing, statements
from snapshots.audit.chain import Head
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry
from snapshots.audit.queries import EntryQuerySet

ARCHIVE: Final = "audit.archive"
KEPT_ACTIONS: Final = frozenset(
    {
        "address.erase",
        chain.ACCEPT_CHANGED_ROWS,
        chain.ACCEPT_LOST_ANCHORS,
        chain.ACCEPT_RESTORED_LOG,
        ARCHIVE,
        "audit.hold",
        chain.KEY_CHANGE,
        "audit.lift_hold",
        "person.erase",
    }
)
"""Rows of these actions stay in the database: without them the others could not be read or verified. Triggers ensure it."""
_EVIDENCE: Final = re.compile(
    r"\Arows (\d{1,18}) to (\d{1,18}) in ([\w.-]{1,80}), (\d{1,18}) bytes, SHA-256 ([0-9a-f]{64}), "
    r"last hash ([0-9a-f]{64}), sealed at (\S{27}) with key ([a-z0-9-]{1,16})\Z"
)


@dataclass(frozen=True, kw_only=True)
class Archive:
    """One archive file: the rows `first` to `last`, and the head of the chain at its last row. `size` is in bytes."""

    first: int
    last: int
    file_name: str
    size: int
    sha256: str
    head: Head
    recorded_in: int = 0
    recorded_at: datetime | None = None

    def __str__(self) -> str:
        head = self.head
        return statements.ARCHIVED.said(
            first=self.first,
            last=self.last,
            file=self.file_name,
            size=self.size,
            sha256=self.sha256,
            hash=head.hash,
            at=head.at,
            key=head.key_id,
        )


def _parse(row: sealing.Row) -> Archive | None:
    """The archive that the row records; None unless its seal is valid and it says what `str` of an archive says."""
    if chain.UNREADABLE in row or chain.check_seal(row, settings.SNAPPORTAL_AUDIT_KEYS):
        return None
    found = _EVIDENCE.match(row["evidence"])
    if found is None or row["target"] != found[2]:
        return None
    last = int(found[2])
    return Archive(
        first=int(found[1]),
        last=last,
        file_name=found[3],
        size=int(found[4]),
        sha256=found[5],
        head=Head(last, found[6], found[7], found[8]),
        recorded_in=row["sequence"],
        recorded_at=row["at"],
    )


def _recorded() -> EntryQuerySet:
    """By their action alone: with the result too, SQLite would go through all rows with that result, which are millions."""
    return Entry.objects.numbered().filter(action=ARCHIVE)


def read_all() -> list[Archive]:
    """The archives of all rows whose seal is valid, in order of their rows."""
    return [archive for row in _recorded().rows() if (archive := _parse(row)) is not None]


def newest() -> Archive | None:
    """The newest archive whose row is valid."""
    for sequence in _recorded().order_by("-sequence").values_list("sequence", flat=True):
        for row in _recorded().rows(after=sequence - 1, until=sequence):
            if archive := _parse(row):
                return archive
    return None


def first_changed() -> int | None:
    """The sequence of the first of these rows that was changed in the database."""
    ring = settings.SNAPPORTAL_AUDIT_KEYS
    changed = (row for row in _recorded().rows() if chain.UNREADABLE in row or chain.check_seal(row, ring))
    return next((row["sequence"] for row in changed), None)


def last_archived() -> int:
    """The last sequence that may have left the database; 0 when nothing is archived."""
    archive = newest()
    return archive.last if archive else 0


def count() -> int:
    """The number of archive files."""
    return _recorded().count()


def holding(sequence: int) -> Archive | None:
    """The archive that has this row."""
    return next((one for one in read_all() if one.first <= sequence <= one.last), None)


def record(actor: Actor, archive: Archive) -> Entry:
    """Write the row from which on the database lets the archive's rows go. Only inside `journal.committed()`."""
    return journal.record(actor.entry(action=ARCHIVE, target=str(archive.last), evidence=str(archive)))
