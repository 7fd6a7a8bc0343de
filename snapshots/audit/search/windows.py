"""Ranges of the log in which matching rows are looked for one after another, nearest first.

An index that finds all rows with a word cannot return the newest of them first: a word that is in every row would be
collected millions of times for a page of 50. So it is asked about one window after another. A window in which there are more
rows than asked for is divided into smaller ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

SHIFTS: Final = (10, 13, 16, 20)
"""The windows of a level begin at multiples of 2 to the power of this: 1,024, 8,192, 65,536 and 1,048,576 rows."""
SMALLEST: Final = 0
LARGEST: Final = len(SHIFTS) - 1


@dataclass(frozen=True)
class Window:
    """The sequences with start <= sequence < end, all of them in the block `number` of the level."""

    level: int
    start: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.start

    @property
    def key(self) -> int:
        """The block and its level in one number, as in the index `audit_search` of PostgreSQL."""
        return self.start >> SHIFTS[self.level] << 2 | self.level


def _below(level: int, first: int, end: int) -> Window:
    """The window of this level that ends at `end`, cut off at `first`."""
    start = (end - 1) >> SHIFTS[level] << SHIFTS[level]
    return Window(level, max(first, start), end)


def _above(level: int, first: int, end: int) -> Window:
    """The window of this level that begins at `first`, cut off at `end`."""
    after = ((first >> SHIFTS[level]) + 1) << SHIFTS[level]
    return Window(level, first, min(end, after))


def windows(first: int, end: int, *, newest_first: bool) -> Iterator[Window]:
    """Windows that cover first <= sequence < end: from the nearest on larger and larger ones."""
    level = SMALLEST
    while first < end:
        window = (_below if newest_first else _above)(level, first, end)
        yield window
        first, end = (first, window.start) if newest_first else (window.end, end)
        level = min(level + 1, LARGEST)


def parts(window: Window, *, newest_first: bool) -> Iterator[Window]:
    """The windows of the next smaller level that cover `window`."""
    first, end = window.start, window.end
    while first < end:
        part = (_below if newest_first else _above)(window.level - 1, first, end)
        yield part
        first, end = (first, part.start) if newest_first else (part.end, end)
