"""Months in UTC, and which of them the log has rows of."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings

from snapshots import sql
from snapshots.audit import tolerant_rows
from snapshots.audit.archiving import reading
from snapshots.audit.archiving.files import ArchiveFileError
from snapshots.audit.archiving.rows import Archive
from snapshots.audit.models import Entry

WRITTEN: Final = re.compile(r"\A(2\d{3})-(0[1-9]|1[0-2])\Z", re.ASCII)
MOST_OFFERED: Final = 240
"""Months in the choice, the newest ones: 20 years."""
DECEMBER: Final = 12


@dataclass(frozen=True, order=True)
class Month:
    year: int
    number: int

    @classmethod
    def of(cls, moment: datetime) -> "Month":
        day = moment.astimezone(UTC)
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> "Month | None":
        """From '2026-11'."""
        found = WRITTEN.match(text)
        return cls(int(found[1]), int(found[2])) if found else None

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def since(self) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def until(self) -> datetime:
        """The first moment after it."""
        return self.next.since

    @property
    def first_day(self) -> date:
        return self.since.date()

    @property
    def last_day(self) -> date:
        return self.until.date() - timedelta(days=1)

    @property
    def previous(self) -> "Month":
        return Month(self.year - 1, DECEMBER) if self.number == 1 else Month(self.year, self.number - 1)

    @property
    def next(self) -> "Month":
        return Month(self.year + 1, 1) if self.number == DECEMBER else Month(self.year, self.number + 1)


def sealed_at(archive: Archive) -> datetime:
    """When the last row of the archive was written."""
    return datetime.fromisoformat(archive.head.at)


def began_at(archives: Sequence[Archive]) -> datetime | None:
    """When the first row of the log was written; None for an empty log. `archives`: all, in order."""
    if archives:
        return first_archived_at(archives[0]) or sealed_at(archives[0])
    try:
        found = tolerant_rows.read_all(
            Entry.objects.order_by("at", "sequence").values_list("at", flat=True)[:1]
        )
    except tolerant_rows.UnreadableError:
        return None
    return found[0] if found and isinstance(found[0], datetime) else None


def first_archived_at(archive: Archive) -> datetime | None:
    """When the first row of the archive was written; None if its file is missing or does not say."""
    folder = Path(settings.SNAPPORTAL_ARCHIVE_DIR)
    try:
        found = reading.read_page(archive, folder, until=archive.first, limit=1)
    except ArchiveFileError:
        return None
    return found[0].entry.at if found else None


def months_with_rows(now: datetime, archives: Sequence[Archive]) -> list[Month]:
    """The newest first. `archives`: all, in order; their rows count too."""
    began = began_at(archives)
    if began is None:
        return []
    months = [Month.of(now)]
    while months[-1] > Month.of(began) and len(months) < MOST_OFFERED:
        months.append(months[-1].previous)
    archived_until = sealed_at(archives[-1]) if archives else None
    return [
        month
        for month, has_row in zip(months, _have_rows(months), strict=True)
        if has_row or (archived_until is not None and month.since <= archived_until)
    ]


def _have_rows(months: Sequence[Month]) -> Sequence[bool]:
    """Of each month, whether the database has a row of it: one query, in which each is a seek in the index."""
    one = f"EXISTS(SELECT 1 FROM {Entry._meta.db_table} WHERE at >= %s AND at < %s)"  # noqa: S608
    (found,) = sql.run(
        f"SELECT {', '.join([one] * len(months))}",
        [moment for month in months for moment in (month.since, month.until)],
    )
    return [bool(has_row) for has_row in found]
