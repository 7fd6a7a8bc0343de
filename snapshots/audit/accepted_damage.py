"""What the log itself accepts: rows that an operator wrote, from the command line and with a reason, to let it go on.

    audit.accept_restored_log    anchors are given up: the rows that they name were lost when a backup was put back
    audit.accept_lost_anchors    the file of anchors lost lines that the log tells of
    audit.accept_changed_rows    rows were changed in the database: what they say proves nothing

Each names exactly what it accepts, as pairs of a row's number and 64 hex digits. Verifying tells of it for ever, and
everything else still fails.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings

from snapshots.audit import chain
from snapshots.audit.chain import ACCEPT_CHANGED_ROWS, ACCEPT_LOST_ANCHORS, ACCEPT_RESTORED_LOG
from snapshots.audit.models import Entry

ACTIONS: Final = (ACCEPT_RESTORED_LOG, ACCEPT_LOST_ANCHORS, ACCEPT_CHANGED_ROWS)
PAIRS_PER_ROW: Final = 20
"""As many as fit into the evidence of one row."""
PAIR: Final = re.compile(r"\b(\d{1,18}) ([0-9a-f]{64})\b")
BEFORE_PAIRS: Final = "; accepted: "

Pair = tuple[int, str]


@dataclass(frozen=True)
class Acceptance:
    """One such row: `finding` says in words what was accepted, `pairs` names it."""

    sequence: int
    at: datetime
    action: str
    by: str
    reason: str
    finding: str
    pairs: tuple[Pair, ...]

    def __str__(self) -> str:
        when = chain.format_time(self.at)
        return (
            f"{self.finding}; accepted by {self.by} on {when} in row {self.sequence}, reason: {self.reason}"
        )


def parse_pairs(evidence: str) -> tuple[Pair, ...]:
    return tuple((int(number), digits) for number, digits in PAIR.findall(evidence))


def format_evidence(finding: str, pairs: Iterable[Pair]) -> str:
    return finding + BEFORE_PAIRS + ", ".join(f"{number} {digits}" for number, digits in pairs)


def _parse(row: Mapping[str, Any]) -> Acceptance:
    return Acceptance(
        sequence=row["sequence"],
        at=row["at"],
        action=row["action"],
        by=row["settled_by"],
        reason=row["reason"],
        finding=row["evidence"].partition(BEFORE_PAIRS)[0],
        pairs=parse_pairs(row["evidence"]),
    )


def read_all() -> list[Acceptance]:
    """Every row of the log that accepts something and whose seal is valid, the oldest first."""
    rows = Entry.objects.numbered().filter(action__in=ACTIONS).rows()
    ring = settings.SNAPPORTAL_AUDIT_KEYS
    return [_parse(row) for row in rows if chain.UNREADABLE not in row and not chain.check_seal(row, ring)]


def distinct(found: Iterable[Acceptance]) -> list[Acceptance]:
    """Without those that only go on with what a row before them began."""
    first: dict[tuple[str, ...], Acceptance] = {}
    for one in found:
        first.setdefault((one.action, one.finding, one.by, one.reason), one)
    return list(first.values())


def pairs_of(action: str, found: Iterable[Acceptance]) -> Iterator[Pair]:
    return (pair for one in found if one.action == action for pair in one.pairs)


def accepted_by(found: Iterable[Acceptance]) -> chain.Accepted:
    """What `found` excuses in the walk through the rows."""
    found = list(found)
    return chain.Accepted(
        anchors=frozenset(pairs_of(ACCEPT_RESTORED_LOG, found)),
        rows=frozenset(pairs_of(ACCEPT_CHANGED_ROWS, found)),
    )


def count_given_up(noted: Iterable[chain.Anchor], found: Iterable[Acceptance]) -> int:
    given_up = accepted_by(found).anchors
    return sum(anchor.named_row in given_up for anchor in noted)
