"""Which rows of a month a report counts, and which it does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from snapshots.audit.archiving.rows import Archive
from snapshots.audit.models import Entry
from snapshots.audit.queries import EntryQuerySet
from snapshots.audit.reporting.months import Month, first_archived_at, sealed_at
from snapshots.audit.tree_models import Checkpoint

MOST_COUNTED: Final = 1_000_000
"""Rows that one report goes through: the newest ones of its month."""
ROWS_PER_QUERY: Final = 50_000
"""One long read would block every writer on SQLite, where it cannot use WAL."""


@dataclass(frozen=True)
class Coverage:
    """The rows with first <= sequence <= last are counted; none if there is no such number.

    `archives`: the files with rows of this month, or with the rows around them; none of these is counted. `too_many`: how many
    older rows of the month are not counted, because one report goes through MOST_COUNTED. `as_of`: when `last` was read.
    """

    month: Month
    first: int
    last: int
    as_of: datetime
    archives: tuple[Archive, ...] = ()
    too_many: int = 0

    @property
    def is_finished(self) -> bool:
        return self.month.until <= self.as_of

    @property
    def is_future(self) -> bool:
        return self.month.since > self.as_of

    @property
    def is_empty(self) -> bool:
        """Whether it counts nothing."""
        return self.last < self.first

    @property
    def is_whole(self) -> bool:
        """Whether it counts all rows of the month."""
        return not self.archives and not self.too_many

    @property
    def numbers(self) -> int:
        """How many rows there should be."""
        return max(0, self.last - self.first + 1)

    @property
    def rows(self) -> EntryQuerySet:
        """In no order."""
        return Entry.objects.filter(sequence__range=(self.first, self.last)).order_by()

    def parts(self) -> list[tuple[int, int]]:
        """The first and the last number of each part of the rows that one query goes through, the newest rows first."""
        ends = range(self.last, self.first - 1, -ROWS_PER_QUERY)
        return [(max(self.first, last - ROWS_PER_QUERY + 1), last) for last in ends]

    def ends(self) -> tuple[Entry, Entry] | None:
        """The first and the last row that are there."""
        first = self.rows.order_by("sequence").fetch(1)
        last = self.rows.order_by("-sequence").fetch(1)
        return (first[0], last[0]) if first and last else None

    def count_checkpoints(self) -> int:
        """Those whose newest row is one of these."""
        return 0 if self.is_empty else Checkpoint.objects.filter(size__range=(self.first, self.last)).count()

    def checkpoint(self) -> Checkpoint | None:
        """The first one whose tree has all these rows."""
        if self.is_empty:
            return None
        return Checkpoint.objects.filter(size__gte=self.last).order_by("size", "number").first()


def read_coverage(month: Month, archives: Sequence[Archive]) -> Coverage:
    """As of now. `archives`: all, in order."""
    as_of = datetime.now(UTC)
    begin, end = Entry.objects.all().period(month.since, month.until)
    last = min(end - 1, Entry.objects.numbered().last_sequence() or 0)
    first = max(begin, archives[-1].last + 1 if archives else 1)
    too_many = max(0, last - first + 1 - MOST_COUNTED)
    return Coverage(month, first + too_many, last, as_of, _of_month(month, archives), too_many)


def _of_month(month: Month, archives: Sequence[Archive]) -> tuple[Archive, ...]:
    """An archive has the rows after the one before it, up to its own last one. When the first one begins may not be known."""
    found = []
    before = first_archived_at(archives[0]) if archives else None
    for archive in archives:
        until = sealed_at(archive)
        if until >= month.since and (before is None or before < month.until):
            found.append(archive)
        before = until
    return tuple(found)
