"""Reads the log to verify it: ordinary rows in batches that are verified at once, all others one by one for chain.verify."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from snapshots.audit import chain, erasure_rows, fast_verification, holds, sealing
from snapshots.audit.chain import Accepted, Anchor, Head, KeyRing, ValidRows
from snapshots.audit.fast_verification import Batch, Key
from snapshots.audit.models import Entry
from snapshots.audit.sealing import Row
from snapshots.audit.subject_verification import SubjectChecks
from snapshots.audit.tile_check import TileCheck

ROWS_PER_READ: Final = 1000
ROWS_PER_BATCH: Final = 128
"""So few that their values stay in the cache of the processor while they are verified."""
_CHECKED_ALONE: Final = frozenset({*erasure_rows.ACTIONS, *holds.ACTIONS})


class _Anchors:
    def __init__(self, anchors: Iterable[Anchor], accepted: Accepted) -> None:
        self._sorted = sorted(anchors, key=lambda anchor: anchor.sequence)
        self._given_up = accepted.anchors

    def among(self, first: int, last: int) -> list[Anchor]:
        """The anchors of the rows from `first` to `last`."""
        start = bisect_left(self._sorted, first, key=lambda anchor: anchor.sequence)
        end = bisect_right(self._sorted, last, key=lambda anchor: anchor.sequence)
        return self._sorted[start:end]

    def agree(self, anchors: Sequence[Anchor], batch: Batch) -> bool:
        return all(
            anchor.named_row not in self._given_up
            and anchor.key_id == batch.head.key_id
            and anchor.hash == batch.hash_of(anchor.sequence)
            for anchor in anchors
        )


class LogReader:
    """Iterates over the rows after `start` up to `until`, for chain.verify, and gives the leaf of each to `tile_check`.

    `until` None: all, because the log holds a sequence that is no number.

    `subject_checks` must be asked about each row that is given one by one; rows in a ValidRows have passed all checks.
    """

    def __init__(
        self,
        ring: KeyRing,
        accepted: Accepted,
        *,
        start: Head,
        until: int | None,
        anchors: Iterable[Anchor],
        subject_checks: SubjectChecks,
        tile_check: TileCheck | None,
    ) -> None:
        self._keys = {key_id: Key(key) for key_id, key in ring.items()}
        self._accepted = accepted
        self._start = start
        self._until = until
        self._anchors = _Anchors(anchors, accepted)
        self._subject_checks = subject_checks
        self._tile_check = tile_check

    def __iter__(self) -> Iterator[Row | ValidRows]:
        head = self._start
        while self._until is None or head.sequence < self._until:
            valid = self._read_valid(head)
            if valid is not None:
                head = valid.head
                yield valid
                continue
            rows = list(
                islice(Entry.objects.all().rows(after=head.sequence, until=self._until), ROWS_PER_READ)
            )
            yield from self._one_by_one(rows)
            if not rows or chain.UNREADABLE in rows[-1]:
                return
            head = Head.of(rows[-1])

    def _read_valid(self, head: Head) -> ValidRows | None:
        if self._until is None:
            return None
        columns = fast_verification.read(after=head.sequence, until=self._until, limit=ROWS_PER_BATCH)
        if columns is None:
            return None
        if not head.sequence:
            head = replace(head, key_id=columns["key_id"][0])
        if head.key_id not in self._keys:
            return None
        batch = fast_verification.check(columns, head, self._keys[head.key_id])
        if batch is None or batch.actions & _CHECKED_ALONE:
            return None
        anchors = self._anchors.among(head.sequence + 1, batch.head.sequence)
        has_names = self._subject_checks.are_sound(batch.commitments, batch.days_of)
        if not has_names or not self._anchors.agree(anchors, batch):
            return None
        self._add_leaves(batch.leaves)
        return ValidRows(batch.head, len(batch.leaves), tuple(anchor.sequence for anchor in anchors))

    def _one_by_one(self, rows: list[Row]) -> Iterator[Row]:
        for row in self._subject_checks.reading_ahead(rows):
            self._add_leaf(row)
            yield row

    def _add_leaves(self, leaves: Iterable[bytes]) -> None:
        if self._tile_check is not None:
            for leaf in leaves:
                self._tile_check.add(leaf)

    def _add_leaf(self, row: Row) -> None:
        """A row whose change was accepted, or that is reported by chain.verify, does not give its leaf."""
        if self._tile_check is None:
            return
        leaf = _leaf_of(row)
        if leaf is not None and self._accepted.covers(row):
            self._tile_check.add(None, instead=leaf)
        else:
            self._tile_check.add(leaf)


def _leaf_of(row: Row) -> bytes | None:
    if chain.UNREADABLE in row:
        return None
    try:
        return sealing.leaf_of(row)
    except sealing.UNSERIALISABLE:
        return None
