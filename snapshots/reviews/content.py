"""Whether the rows of a review are still those that were signed.

The stored tree alone does not tell: its full tiles are hashes of the rows as they were when they were written. So the hashes
of the rows of the review are computed from the rows, and only those of the rows around them are taken from the tree.
"""

from collections.abc import Iterable
from enum import Enum
from typing import Final

from snapshots.audit import tiles, tree
from snapshots.audit.archiving import rows as archive_rows
from snapshots.audit.tiles import TileError
from snapshots.reviews.models import Review

MOST_READ: Final = 5_000
"""More rows than these are not read for one page."""


class Content(Enum):
    """What is known of the rows of a review. `STORED`: only the stored tree was compared, and not the rows."""

    SIGNED = "signed"
    STORED = "stored"
    CHANGED = "changed"


class _RowsReader:
    """A `tree.HashAt`: the leaves from `start` on are computed from the rows, those before are of the stored tree."""

    def __init__(self, start: int, size: int) -> None:
        self.start = start
        self._stored = tiles.reader(size)

    def __call__(self, level: int, index: int) -> bytes:
        first, end = index << level, (index + 1) << level
        if end <= self.start:
            return self._stored(level, index)
        if first >= self.start and level <= tiles.HEIGHT:
            return tiles.build_pyramid(tiles.read_leaf_hashes(first, end))[-1][0]
        return tree.node_hash(self(level - 1, 2 * index), self(level - 1, 2 * index + 1))


def content_of(review: Review, most: int = MOST_READ) -> Content:
    """Archived rows, and more than `most`, are not read."""
    start = max(review.first - 1, min(review.last, archive_rows.last_archived()))
    is_read = review.last - start <= most
    reader = _RowsReader(start, review.last) if is_read else tiles.reader(review.last)
    try:
        is_same = tree.root(review.last, reader).hex() == review.root
    except TileError:
        return Content.CHANGED
    if not is_same:
        return Content.CHANGED
    return Content.SIGNED if is_read and start == review.first - 1 else Content.STORED


def contents_of(reviews: Iterable[Review]) -> dict[int, Content]:
    """By the key of each review. At most MOST_READ rows are read for all of them, of the first ones."""
    found, left = {}, MOST_READ
    for one in reviews:
        found[one.pk] = content_of(one, left)
        left = max(0, left - (one.last - one.first + 1))
    return found
