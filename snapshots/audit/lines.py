"""The lines of an export, receipt or archive: rows, what opens their commitments, and the hashes of what is left out.

The lines prove every row that they hold: see docs/log-format.md. Rows are taken one by one, so memory use does not grow
with their number.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any, Final

from snapshots.audit import chain, sealing, subjects, tree
from snapshots.audit.subjects import Subject
from snapshots.audit.tree import HashAt

FORMAT: Final = "snapportal-log/1"
COLUMNS: Final = (*sealing.SALTED_COLUMNS, *sealing.SUBJECT_COLUMNS)
"""The columns that can be left out of a file: the others are sealed as they are."""
ROWS_PER_READ: Final = 500

Line = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What the lines are proven against: a checkpoint of `size` leaves, and the hashes of its tree.

    `splits`: sizes of older checkpoints with which the file must be comparable; no skipped subtree crosses one of them.
    """

    origin: str
    note: str
    size: int
    hash_at: HashAt
    splits: tuple[int, ...] = ()

    def skip(self, start: int, end: int) -> Iterator[Line]:
        """The subtrees that cover the leaves start <= i < end."""
        inner = sorted(size for size in set(self.splits) if start < size < end)
        for first, last in pairwise([start, *inner, end]):
            position = first
            for level, index in tree.decompose(first, last):
                digest = self.hash_at(level, index).hex()
                yield {"type": "skip", "from": position, "level": level, "hash": digest}
                position += 1 << level


def row_line(row: sealing.Row, known: Mapping[str, Subject], columns: Collection[str] = COLUMNS) -> Line:
    """The line of a readable row that opens these columns. `known`: the subjects to which it refers.

    Raises one of sealing.UNSERIALISABLE.
    """
    opened = sealing.openings(row) | dict(subjects.openings(row, known))
    line: Line = {
        "type": "row",
        "row": sealing.sealed(row),
        "open": {name: opening for name, opening in opened.items() if name in columns},
    }
    erased = subjects.erased_columns(row, known)
    return line | {"erased": erased} if erased else line


def with_subjects(rows: Iterable[sealing.Row]) -> Iterator[tuple[sealing.Row, Mapping[str, Subject]]]:
    """Each row with the names and addresses of its batch."""
    rest = iter(rows)
    while batch := list(islice(rest, ROWS_PER_READ)):
        known = subjects.of(batch)
        yield from ((row, known) for row in batch)


def _proven_line(
    row: sealing.Row, known: Mapping[str, Subject], proof: Proof, columns: Collection[str]
) -> Line | None:
    """The line of a row; None when its stored content is not that of its leaf."""
    if chain.UNREADABLE in row:
        return None
    try:
        leaf = tree.leaf_hash(sealing.sealed_bytes(row))
    except sealing.UNSERIALISABLE:
        return None
    return row_line(row, known, columns) if leaf == proof.hash_at(0, row["sequence"] - 1) else None


def _body(rows: Iterable[sealing.Row], proof: Proof, columns: Collection[str]) -> Iterator[Line]:
    position = count = 0
    for row, known in with_subjects(rows):
        index = row["sequence"] - 1
        if not position <= index < proof.size:
            continue  # a row below the first, twice, or newer than the checkpoint
        yield from proof.skip(position, index)
        line = _proven_line(row, known, proof, columns)
        if line is None:
            yield from (skip | {"damaged": True} for skip in proof.skip(index, index + 1))
        else:
            count += 1
            yield line
        position = index + 1
    yield from proof.skip(position, proof.size)
    yield {"type": "end", "rows": count}


def file_lines(
    rows: Iterable[sealing.Row], proof: Proof, *, columns: Collection[str] | None = None, filters: str = ""
) -> Iterator[Line]:
    """All lines of a file that holds `rows`, which come in order of sequence.

    `columns` are those of COLUMNS that are disclosed, None for all. Raises tiles.TileError.
    """
    yield {
        "type": "header",
        "format": FORMAT,
        "origin": proof.origin,
        "checkpoint": proof.note,
        "columns": "all" if columns is None else sorted(columns),
        "filters": filters,
    }
    yield from _body(rows, proof, COLUMNS if columns is None else columns)
