"""Filtered lists of the log, read in pages and counted in a time that does not grow with the log."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Final

from snapshots.audit.queries import EntryQuerySet
from snapshots.audit.search.sources import Source
from snapshots.audit.search.windows import SMALLEST, Window, parts, windows

if TYPE_CHECKING:
    from snapshots.audit.models import Entry

COUNT_LIMIT: Final = 1_000
"""Lines are counted as far as this: each of them is compared with the other rows of its operation."""
FOUND_PER_WINDOW: Final = 3_000
ROWS_PER_CHECK: Final = 500
MOST_LOOKED_AT: Final = 5_000
"""Rows that sources find and that are compared with the other conditions for one page or count."""
MOST_SCANNED: Final = 10_000
"""Rows that are compared if there is no source."""


class Limit(Enum):
    """Why a count ended."""

    NONE = "all are counted"
    ENOUGH = "there are more"
    LOOKED = "there may be more: not all rows were looked at"


@dataclass(frozen=True)
class Count:
    number: int
    limit: Limit = Limit.NONE


@dataclass(frozen=True)
class Found:
    """Lines of a page, newest first. `newer` and `older`: the sequences after and before which the next pages are; or None.

    `looked_at`: the first and the last sequence of the rows that were looked at, if that was the reason to stop.
    """

    entries: "list[Entry]"
    newer: int | None
    older: int | None
    looked_at: tuple[int, int] | None = None


@dataclass(frozen=True)
class Span:
    """The rows with first <= sequence < end, in this direction."""

    first: int
    end: int
    newest_first: bool

    @property
    def order(self) -> str:
        return "-sequence" if self.newest_first else "sequence"


@dataclass(frozen=True)
class Read:
    """The nearest lines of a span; `reached`: the far end of the rows that were looked at, if not all were."""

    entries: "list[Entry]"
    reached: int | None


@dataclass(frozen=True)
class Listing(ABC):
    """`rows`: the conditions on lines. Only rows with first <= sequence < end are in the list."""

    rows: EntryQuerySet
    first: int
    end: int
    is_scanned = False
    """Whether no index finds its lines."""

    @abstractmethod
    def count(self) -> Count:
        """The number of lines, as far as it can be counted at once."""

    @abstractmethod
    def _read(self, limit: int, span: Span) -> Read: ...

    def page(self, size: int, *, before: int | None = None, after: int | None = None) -> Found:
        """The lines before or after a sequence. One more is read to know whether there are more."""
        if after is not None:
            return self._newer_page(size, max(after, self.first - 1))
        end = self.end if before is None else min(before, self.end)
        found = self._read(size + 1, Span(self.first, end, newest_first=True))
        entries = found.entries[:size]
        older = entries[-1].sequence if len(found.entries) > size else found.reached
        newer = None if before is None or not entries else entries[0].sequence
        looked_at = None if found.reached is None else (found.reached, end - 1)
        return Found(entries, newer, older, looked_at)

    def _newer_page(self, size: int, after: int) -> Found:
        found = self._read(size + 1, Span(after + 1, self.end, newest_first=False))
        entries, reached = found.entries[:size][::-1], found.reached
        newer = entries[0].sequence if len(found.entries) > size else reached and reached - 1
        looked_at = None if reached is None else (after + 1, reached - 1)
        return Found(entries, newer, entries[-1].sequence if entries else None, looked_at)


@dataclass(frozen=True)
class IndexedListing(Listing):
    """A list whose lines are in the order of an index, or of which at most `most` rows are looked at."""

    most: int | None = None

    @property
    def is_scanned(self) -> bool:  # type: ignore[override]
        return self.most is not None

    def count(self) -> Count:
        span, reached = self._cut(Span(self.first, self.end, newest_first=True))
        number = self._within(span).order_by()[: COUNT_LIMIT + 1].count()
        if number > COUNT_LIMIT:
            return Count(COUNT_LIMIT, Limit.ENOUGH)
        return Count(number, Limit.NONE if reached is None else Limit.LOOKED)

    def _read(self, limit: int, span: Span) -> Read:
        span, reached = self._cut(span)
        entries = self._within(span).order_by(span.order).fetch(limit)
        return Read(entries, reached if len(entries) < limit else None)

    def _within(self, span: Span) -> EntryQuerySet:
        """One condition: of several ranges SQLite seeks the end of the first, and compares rows with the others."""
        return self.rows.filter(sequence__range=(span.first, span.end - 1))

    def _cut(self, span: Span) -> tuple[Span, int | None]:
        """The part of the span that is looked at, and its far end if that is not the span's."""
        if self.most is None or span.end - span.first <= self.most:
            return span, None
        if span.newest_first:
            reached = span.end - self.most
            return Span(reached, span.end, newest_first=True), reached
        reached = span.first + self.most
        return Span(span.first, reached, newest_first=False), reached


@dataclass(frozen=True)
class SourcedListing(Listing):
    """A list whose lines are those rows that the sources find and that fulfil the conditions of `rows`."""

    sources: tuple[Source, ...] = ()

    @cached_property
    def _newest(self) -> tuple[list[int], int | None]:
        """What `_pick` finds of the whole list, as far as lines are counted."""
        return self._pick(COUNT_LIMIT + 1, Span(self.first, self.end, newest_first=True))

    def count(self) -> Count:
        sequences, reached = self._newest
        if len(sequences) > COUNT_LIMIT:
            return Count(COUNT_LIMIT, Limit.ENOUGH)
        return Count(len(sequences), Limit.NONE if reached is None else Limit.LOOKED)

    def _read(self, limit: int, span: Span) -> Read:
        sequences, reached = self._known(limit, span) or self._pick(limit, span)
        found = self.rows.model.objects.filter(sequence__in=sequences)
        entries = found.order_by(span.order).fetch(limit) if sequences else []
        return Read(entries, reached)

    def _known(self, limit: int, span: Span) -> tuple[list[int], int | None] | None:
        """What `_pick` would find, if counting has found it."""
        newest, reached = self._newest
        is_complete = reached is None and len(newest) <= COUNT_LIMIT
        known = [one for one in newest if span.first <= one < span.end]
        if is_complete or (span.newest_first and len(known) >= limit):
            return (known if span.newest_first else known[::-1])[:limit], None
        return (known, reached) if span.newest_first and reached is not None and reached < span.end else None

    def _pick(self, limit: int, span: Span) -> tuple[list[int], int | None]:
        """The sequences of the nearest `limit` lines, and the far end of what was looked at, if that is not the span's."""
        kept: list[int] = []
        looked_at = 0
        for found, reached in self._walk(windows(span.first, span.end, newest_first=span.newest_first), span):
            for start in range(0, len(found), ROWS_PER_CHECK):
                kept += self._lines_among(found[start : start + ROWS_PER_CHECK], span.order)
                if len(kept) >= limit:
                    return kept[:limit], None
            looked_at += len(found)
            if looked_at >= MOST_LOOKED_AT and reached != (span.first if span.newest_first else span.end):
                return kept, reached
        return kept, None

    def _lines_among(self, sequences: list[int], order: str) -> list[int]:
        rows = self.rows.filter(sequence__in=sequences).order_by(order)
        return list(rows.values_list("sequence", flat=True))

    def _walk(self, wanted: Iterable[Window], span: Span) -> Iterator[tuple[list[int], int]]:
        """What the sources find, nearest first, and the far end of the window in which it is."""
        for window in wanted:
            found = self._find(window)
            if found is None:
                yield from self._walk(parts(window, newest_first=span.newest_first), span)
            else:
                ordered = sorted(found, reverse=span.newest_first)
                yield ordered, window.start if span.newest_first else window.end

    def _find(self, window: Window) -> set[int] | None:
        """What the sources find in the window; None if that is too much at once."""
        limit = None if window.level == SMALLEST else FOUND_PER_WINDOW
        found: set[int] = set()
        for source in self.sources:
            some = source.find(window, limit)
            if some is None:
                return None
            found.update(some)
        return found
