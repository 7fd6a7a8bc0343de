"""The hash chain: how a row is written down, sealed and checked. No Django, no database.

    hash = HMAC-SHA-256(key, canonical(row))          every column but the hash itself
    row.previous_hash = hash of the row before         GENESIS for the first

`row` is a mapping of column name to value. Values are None, bool, int, str, UUID or an aware datetime; the
values of a JSON Lines export (all of them already text or numbers) give the same bytes.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal
from uuid import UUID

Row = Mapping[str, Any]
Ring = Mapping[str, bytes]
"""Key id to 32 bytes, the newest first. The first key seals; all of them verify what was sealed when they were first."""

GENESIS: Final = "0" * 64
KEY_CHANGE: Final = "audit.key_change"
ACCEPT_RESTORED_LOG: Final = "audit.accept_restored_log"
ACCEPT_LOST_ANCHORS: Final = "audit.accept_lost_anchors"
ACCEPT_CHANGED_ROWS: Final = "audit.accept_changed_rows"
UNREADABLE: Final = "unreadable"
"""The column that marks a row of which the database gives only the number."""
ANCHOR_PREFIX: Final = b"snapportal anchor\n"
"""Keeps a signature of an anchor from ever being one of a row."""

Problem = Literal[
    "",
    "before",
    "gap",
    "order",
    "unreadable",
    "key",
    "hash",
    "link",
    "key_change",
    "time",
    "anchor",
    "cut",
    "lost",
]


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """The head of the chain as it was noted outside the database. `at` is when, as ISO 8601 in UTC."""

    sequence: int
    hash: str
    count: int
    at: str
    key_id: str
    signature: str = ""

    @property
    def named_row(self) -> tuple[int, str]:
        return self.sequence, self.hash

    def signed_part(self) -> bytes:
        signed = {"sequence": self.sequence, "head": self.hash, "count": self.count, "at": self.at}
        return ANCHOR_PREFIX + canonical(signed | {"key_id": self.key_id})


@dataclass(frozen=True)
class Accepted:
    """What rows of the log itself accept, each with a reason (accepted_damage.py reads them): it raises no alarm any more.

    `anchors` are given up: sequence and hash of rows that were lost when a backup was put back. `rows` were changed in
    the database: sequence and `digest` of the row as it was found. Any further change is found as before.
    """

    anchors: frozenset[tuple[int, str]] = frozenset()
    rows: frozenset[tuple[int, str]] = frozenset()

    def has_changed(self, row: Row) -> bool:
        return (row["sequence"], digest(row)) in self.rows


NOTHING_ACCEPTED: Final = Accepted()


@dataclass(frozen=True)
class Head:
    """Where a chain stands: the last row's place, hash, time (as in `format_time`) and key."""

    sequence: int = 0
    hash: str = GENESIS
    at: str = ""
    key_id: str = ""


@dataclass(frozen=True)
class Verdict:
    """What was found: `count` rows hold; `first_broken` is the sequence where it breaks, or None."""

    count: int
    first_broken: int | None
    problem: Problem
    head: Head

    @property
    def holds(self) -> bool:
        return self.first_broken is None


def format_time(moment: datetime) -> str:
    """UTC with six digits of microseconds: `2025-01-15T18:30:00.000000Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def plain(value: Any) -> Any:
    """A value as it stands in JSON."""
    if isinstance(value, datetime):
        return format_time(value)
    return str(value) if isinstance(value, UUID) else value


def canonical(row: Row) -> bytes:
    """The bytes that are sealed: every column but `hash`, as JSON with sorted keys, no spaces, in UTF-8."""
    columns = {name: plain(value) for name, value in row.items() if name != "hash"}
    return json.dumps(columns, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def seal(row: Row, key: bytes) -> str:
    """The row's hash, 64 hex digits."""
    return hmac.digest(key, canonical(row), "sha256").hex()


def digest(row: Row) -> str:
    """64 hex digits for a row as it stands, its hash included, whether its seal is valid or not; '' when it has none."""
    try:
        return hashlib.sha256(canonical(row) + str(row["hash"]).encode()).hexdigest()
    except (TypeError, ValueError):  # a value of a kind that never was in a row of ours
        return ""


def sign_anchor(head: Head, *, at: datetime, key_id: str, key: bytes) -> Anchor:
    """The anchor of `head`: a chain without gaps has as many rows as its last sequence says."""
    count = head.sequence
    unsigned = Anchor(sequence=count, hash=head.hash, count=count, at=format_time(at), key_id=key_id)
    return replace(unsigned, signature=hmac.digest(key, unsigned.signed_part(), "sha256").hex())


def _is_same(seal: str, claimed: object) -> bool:
    """As bytes, for a text that is not ASCII cannot be compared otherwise."""
    return hmac.compare_digest(seal.encode(), str(claimed).encode(errors="replace"))


def is_signed(anchor: Anchor, ring: Ring) -> bool:
    key = ring.get(anchor.key_id)
    if key is None:
        return False
    return _is_same(hmac.digest(key, anchor.signed_part(), "sha256").hex(), anchor.signature)


def age(key_id: str, ring: Ring) -> int:
    """0 for the first key of the ring, which is the newest; a key that is not in it is older than all."""
    return next((place for place, known in enumerate(ring) if known == key_id), len(ring))


def _check_place(row: Row, head: Head) -> Problem:
    if type(row["sequence"]) is not int:
        return "unreadable"
    if row["sequence"] < 1:
        return "before"
    if row["sequence"] > head.sequence + 1:
        return "gap"
    if row["sequence"] <= head.sequence:
        return "order"
    return "unreadable" if UNREADABLE in row else ""


def check_seal(row: Row, ring: Ring) -> Problem:
    key = ring.get(row["key_id"])
    if key is None:
        return "key"
    try:
        return "" if _is_same(seal(row, key), row["hash"]) else "hash"
    except (TypeError, ValueError):  # a value of a kind that never was in a row of ours
        return "hash"


def _check_link(row: Row, head: Head, ring: Ring) -> Problem:
    if row["previous_hash"] != head.hash:
        return "link"
    if head.key_id and row["key_id"] != head.key_id:
        is_told = row["action"] == KEY_CHANGE
        if not is_told or age(row["key_id"], ring) > age(head.key_id, ring):
            return "key_change"
    return "time" if str(plain(row["at"])) <= head.at else ""


def check_row(row: Row, head: Head, ring: Ring, accepted: Accepted = NOTHING_ACCEPTED) -> Problem:
    """What is wrong with `row` as the one that follows `head`; '' when nothing is."""
    problem = _check_place(row, head) or check_seal(row, ring)
    if problem == "hash" and accepted.has_changed(row):
        problem = ""
    return problem or _check_link(row, head, ring)


class _Noted:
    """What anchors demand of the rows: their hashes, and that no key older than the anchor's own seals behind it.

    Of one that was given up, only that the row in its place is younger: the row that it named was lost, not rewritten.
    """

    def __init__(self, anchors: Iterable[Anchor], ring: Ring, head: Head, accepted: Accepted) -> None:
        self._ring = ring
        self._oldest = len(ring)
        self._open: dict[int, list[Anchor]] = {}
        self._given_up: dict[int, list[Anchor]] = {}
        for anchor in anchors:
            if anchor.named_row in accepted.anchors:
                self._given_up.setdefault(anchor.sequence, []).append(anchor)
            elif anchor.sequence > head.sequence:
                self._open.setdefault(anchor.sequence, []).append(anchor)
            else:
                self._oldest = min(self._oldest, age(anchor.key_id, ring))

    def check(self, row: Row) -> Problem:
        age_here = age(row["key_id"], self._ring)
        if age_here > self._oldest:
            return "key_change"
        for anchor in self._given_up.get(row["sequence"], ()):
            if anchor.hash != row["hash"] and str(plain(row["at"])) <= anchor.at:
                return "anchor"
        for anchor in self._open.pop(row["sequence"], ()):
            age_of_anchor = age(anchor.key_id, self._ring)
            if anchor.hash != row["hash"] or age_of_anchor > age_here:
                return "anchor"
            self._oldest = min(self._oldest, age_of_anchor)
        return ""

    @property
    def are_met(self) -> bool:
        return not self._open


def verify(
    rows: Iterable[Row],
    ring: Ring,
    *,
    start: Head | None = None,
    anchors: Iterable[Anchor] = (),
    accepted: Accepted = NOTHING_ACCEPTED,
) -> Verdict:
    """Walk `rows` in the order of their sequence, one at a time, and stop at the first that does not hold.

    `start` is a head that is already trusted. Each of `anchors` must be signed with a key of `ring` and
    name a row that is there with the same hash: `anchor` when not, `cut` when the log ends before it.
    Keys only ever change towards the front of `ring`, and never behind an anchor that a newer one signed.
    What the log itself has `accepted` is no problem, and nothing else is excused by it.
    """
    head = start or Head()
    count = 0
    anchors = list(anchors)
    for anchor in anchors:
        if not is_signed(anchor, ring):
            return Verdict(0, anchor.sequence, "anchor", head)
    noted = _Noted(anchors, ring, head, accepted)
    for row in rows:
        problem = check_row(row, head, ring, accepted) or noted.check(row)
        if problem:
            has_place = type(row["sequence"]) is int and problem != "gap"
            return Verdict(count, row["sequence"] if has_place else head.sequence + 1, problem, head)
        head = Head(row["sequence"], row["hash"], plain(row["at"]), row["key_id"])
        count += 1
    if not noted.are_met:
        return Verdict(count, head.sequence + 1, "cut", head)
    return Verdict(count, None, "", head)
