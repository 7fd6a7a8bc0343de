"""Reads acceptance rows: an operator accepted damage to the log, with a reason and from the command line.

    audit.accept_restored_log    anchors are given up: the rows that they name were lost when a backup was restored
    audit.accept_lost_anchors    the anchor file lost lines that the log has recorded
    audit.accept_changed_rows    rows were changed in the database: their content proves nothing

Each row names exactly what it excuses, as pairs of a sequence and 64 hex digits. Every later verification reports it,
and fails on anything else. Lost rows that only checkpoints name are in its sentence alone: that excuses nothing, because
the log goes on under a new origin.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings

from snapshots.audit import chain, sealing, statements, subjects
from snapshots.audit.chain import ACCEPT_CHANGED_ROWS, ACCEPT_LOST_ANCHORS, ACCEPT_RESTORED_LOG
from snapshots.audit.models import Entry
from snapshots.audit.subjects import Subject

ACTIONS: Final = (ACCEPT_RESTORED_LOG, ACCEPT_LOST_ANCHORS, ACCEPT_CHANGED_ROWS)
PAIRS_PER_ROW: Final = 20
"""The most that fit into the evidence of one row."""
PAIR: Final = re.compile(r"\b(\d{1,18}) ([0-9a-f]{64})\b")
PAIRS_SEPARATOR: Final = "; accepted: "

Pair = tuple[int, str]


@dataclass(frozen=True)
class Acceptance:
    """One acceptance row: `finding` describes what was accepted, `pairs` identifies it."""

    sequence: int
    at: datetime
    action: str
    by: str
    reason: str
    finding: str
    pairs: tuple[Pair, ...]

    def __str__(self) -> str:
        when = sealing.format_time(self.at)
        return (
            f"{self.finding}; accepted by {self.by} on {when} in row {self.sequence}, reason: {self.reason}"
        )


def parse_pairs(evidence: str) -> tuple[Pair, ...]:
    return tuple((int(number), digits) for number, digits in PAIR.findall(evidence))


def format_evidence(finding: str, pairs: Iterable[Pair]) -> str:
    pairs = list(pairs)
    if not pairs:
        return finding
    accepted = statements.ACCEPTED.said(pairs=[f"{number} {digits}" for number, digits in pairs])
    return "; ".join([finding, accepted])


def _parse(row: Mapping[str, Any], known: Mapping[str, Subject]) -> Acceptance:
    return Acceptance(
        sequence=row["sequence"],
        at=row["at"],
        action=row["action"],
        by=subjects.values_in(row, known)["settled_by_subject"],
        reason=row["reason"],
        finding=row["evidence"].partition(PAIRS_SEPARATOR)[0],
        pairs=parse_pairs(row["evidence"]),
    )


def read_acceptances() -> list[Acceptance]:
    """All acceptance rows whose seal is valid, oldest first."""
    rows = Entry.objects.numbered().filter(action__in=ACTIONS).rows()
    ring = settings.SNAPPORTAL_AUDIT_KEYS
    sealed = [row for row in rows if chain.UNREADABLE not in row and not chain.check_seal(row, ring)]
    known = subjects.of(sealed)
    return [_parse(row, known) for row in sealed]


def distinct(acceptances: Iterable[Acceptance]) -> list[Acceptance]:
    """One for each acceptance: without the rows that only continue the list of pairs of an earlier row."""
    first: dict[tuple[str, ...], Acceptance] = {}
    for one in acceptances:
        first.setdefault((one.action, one.finding, one.by, one.reason), one)
    return list(first.values())


def pairs_of(action: str, acceptances: Iterable[Acceptance]) -> Iterator[Pair]:
    return (pair for one in acceptances if one.action == action for pair in one.pairs)


def merge(acceptances: Iterable[Acceptance]) -> chain.Accepted:
    """All accepted damage that chain.verify must excuse."""
    acceptances = list(acceptances)
    return chain.Accepted(
        anchors=frozenset(pairs_of(ACCEPT_RESTORED_LOG, acceptances)),
        rows=frozenset(pairs_of(ACCEPT_CHANGED_ROWS, acceptances)),
    )


def count_given_up(anchors: Iterable[chain.Anchor], acceptances: Iterable[Acceptance]) -> int:
    given_up = merge(acceptances).anchors
    return sum(anchor.named_row in given_up for anchor in anchors)
