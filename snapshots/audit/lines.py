"""A row as it is exported, archived and streamed: the sealed object, and what opens its commitments (docs/log-format.md)."""

from collections.abc import Mapping
from typing import Any

from snapshots.audit import sealing, subjects
from snapshots.audit.subjects import Subject


def row_line(row: sealing.Row, known: Mapping[str, Subject]) -> dict[str, Any]:
    """The line of a readable row. `known`: the subjects to which it refers. Raises one of sealing.UNSERIALISABLE."""
    line = {
        "type": "row",
        "row": sealing.sealed(row),
        "open": sealing.openings(row) | dict(subjects.openings(row, known)),
    }
    erased = subjects.erased_columns(row, known)
    return line | {"erased": erased} if erased else line
