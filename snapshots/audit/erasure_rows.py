"""Rows of the log that record an erasure: which names and addresses each of them says it erased.

A row holds the number of the erased subjects and a digest over their commitments, so that a further subject blanked under
its number, or one brought back, is found. docs/log-format.md defines the digest.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from snapshots.audit import chain, statements, tolerant_rows
from snapshots.audit.chain import KeyRing
from snapshots.audit.models import Entry
from snapshots.audit.sealing import Row
from snapshots.audit.subjects import Subject

PERSON_ERASE: Final = "person.erase"
ADDRESS_ERASE: Final = "address.erase"
ACTIONS: Final = frozenset({PERSON_ERASE, ADDRESS_ERASE})
EVIDENCE: Final = re.compile(r"\A(\d{1,18}) erased, digest ([0-9a-f]{64})\b")


@dataclass(frozen=True)
class Erased:
    """A set of subjects: how many, and the SHA-256 of their commitments, sorted, each with a newline behind it."""

    count: int
    digest: str

    def __str__(self) -> str:
        return statements.ERASED.said(count=self.count, digest=self.digest)


def of_commitments(commitments: Iterable[str]) -> Erased:
    ordered = sorted(commitments)
    lines = "".join(f"{one}\n" for one in ordered)
    return Erased(len(ordered), hashlib.sha256(lines.encode()).hexdigest())


def recorded_in(row: Row) -> Erased | None:
    """What the row says that it erased; None if it records no erasure."""
    if row.get("action") not in ACTIONS or row.get("result") != "completed":
        return None
    found = EVIDENCE.match(str(row["evidence"]))
    return Erased(int(found[1]), found[2]) if found else None


def stored_under(sequence: int) -> Erased:
    """What is erased in the table of subjects under the number of this row."""
    return of_commitments(
        Subject.objects.filter(erased_in=sequence).values_list("commitment", flat=True).iterator()
    )


def is_recorded(sequence: int, ring: KeyRing) -> bool:
    """Whether there is a row with this number, with a valid seal, that records an erasure."""
    try:
        rows = tolerant_rows.read_all(Entry.objects.filter(sequence=sequence).values())
    except tolerant_rows.UnreadableError:
        return False
    return any(not chain.check_seal(row, ring) and recorded_in(row) for row in rows)


def row_that_erased(person_id: int) -> int | None:
    """The sequence of the newest row that records the erasure of this person; found among the few rows of that action."""
    rows = Entry.objects.numbered().filter(action=PERSON_ERASE, target=str(person_id))
    found = rows.order_by("-sequence").values_list("sequence", "result")
    return next((sequence for sequence, result in found if result == "completed"), None)
