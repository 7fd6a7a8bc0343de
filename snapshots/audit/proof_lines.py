"""The lines of a file that proves what it holds: an export, a receipt, an archive or a consistency proof.

docs/log-format.md describes them; verify_log.py reads them. Between a header and an end stand the chosen rows in the
order of the tree; what lies between them is covered by the hashes of perfect subtrees. Memory does not grow with the
number of rows. No Django, no database.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from snapshots.audit import tree
from snapshots.audit.tree import HashAt

RowLine = Mapping[str, Any]
"""`{"type": "row", "row": sealed object, "open": …, "erased": …}` with everything that may be shown, or
`{"type": "unreadable", "sequence": …}`."""

FORMAT: Final = "snapportal-log/1"
_encode = msgspec.json.Encoder(order="sorted").encode


class ProofError(ValueError):
    """Rows that are not in order, or that the tree does not have."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a file says of itself. `columns` are the salted and subject columns that it shows; None: all of them."""

    origin: str
    checkpoint: str
    """The signed note."""
    size: int
    """Of the checkpoint's tree."""
    columns: Collection[str] | None = None
    filters: str = ""
    """How the rows were chosen, in words."""

    def line(self) -> str:
        return _line(
            {
                "type": "header",
                "format": FORMAT,
                "origin": self.origin,
                "checkpoint": self.checkpoint,
                "columns": "all" if self.columns is None else sorted(self.columns),
                "filters": self.filters,
            }
        )


def _line(fields: Mapping[str, Any]) -> str:
    return _encode(fields).decode() + "\n"


def _skip(level: int, index: int, hash_at: HashAt) -> dict[str, Any]:
    return {"type": "skip", "from": index << level, "level": level, "hash": hash_at(level, index).hex()}


def _skips(start: int, end: int, borders: Collection[int], hash_at: HashAt) -> Iterator[str]:
    """The leaves from `start` until before `end`. No skip crosses one of `borders`."""
    stops = [*sorted(border for border in borders if start < border < end), end]
    for stop in stops:
        for level, index in tree.decompose(start, stop):
            yield _line(_skip(level, index, hash_at))
        start = stop


def _restrict(line: RowLine, columns: Collection[str] | None) -> RowLine:
    """The line without what opens, or tells of the erasure of, other columns."""
    if columns is None:
        return line
    kept: dict[str, Any] = {"type": "row", "row": line["row"]}
    kept["open"] = {name: opening for name, opening in line["open"].items() if name in columns}
    erased = {name: sequence for name, sequence in line.get("erased", {}).items() if name in columns}
    return kept | {"erased": erased} if erased else kept


def _row(line: RowLine, index: int, columns: Collection[str] | None, hash_at: HashAt) -> tuple[str, bool]:
    """The line of a row, and whether it is a row: one whose content is not that of its leaf becomes a skip."""
    if line["type"] == "row" and tree.leaf_hash(_encode(line["row"])) == hash_at(0, index):
        return _line(_restrict(line, columns)), True
    return _line(_skip(0, index, hash_at) | {"damaged": True}), False


def _index(line: RowLine) -> int:
    sequence: int = line["row"]["sequence"] if line["type"] == "row" else line["sequence"]
    return sequence - 1


def file_lines(
    rows: Iterable[RowLine], *, header: Header, hash_at: HashAt, borders: Collection[int] = ()
) -> Iterator[str]:
    """The lines of a file that holds `rows`, which come in order of their sequence and are read as the lines are taken.

    `hash_at` reads the tree of `header.size` leaves. `borders` are sizes of older checkpoints: the file shows that the
    log continues them. Without rows it is a consistency proof. Raises ProofError, and what `hash_at` raises.
    """
    yield header.line()
    position = count = 0
    for line in rows:
        index = _index(line)
        if not position <= index < header.size:
            raise ProofError(f"row {index + 1} cannot follow row {position} of {header.size}")
        yield from _skips(position, index, borders, hash_at)
        text, is_row = _row(line, index, header.columns, hash_at)
        yield text
        position, count = index + 1, count + is_row
    yield from _skips(position, header.size, borders, hash_at)
    yield _line({"type": "end", "rows": count})
