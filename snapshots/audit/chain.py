"""The hash chain: how a row is sealed (signed with a keyed hash) and verified. No Django, no database.

hash = HMAC-SHA-256(key, leaf_of(row))             see sealing.py
row.previous_hash = hash of the previous row       GENESIS for the first row
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from snapshots.audit import sealing
from snapshots.audit.sealing import Row

KeyRing = Mapping[str, bytes]
"""Key ID to 32 bytes, newest first. The first key seals new rows; the others verify rows sealed before a key change."""

GENESIS: Final = "0" * 64
KEY_CHANGE: Final = "audit.key_change"
ACCEPT_RESTORED_LOG: Final = "audit.accept_restored_log"
ACCEPT_LOST_ANCHORS: Final = "audit.accept_lost_anchors"
ACCEPT_CHANGED_ROWS: Final = "audit.accept_changed_rows"
UNREADABLE: Final = "unreadable"
"""The key that marks a row of which only the sequence could be read."""
ANCHOR_PREFIX: Final = b"snapportal anchor\n"
"""Domain separation: the signature of an anchor can never be the hash of a row."""

Problem = Literal[
    "", "before", "gap", "order", "unreadable", "key", "hash", "link", "key_change", "time",
    "anchor", "cut", "lost", "leaf", "tile", "checkpoint", "cut_tree", "subject",
    "subject_missing", "erasure", "hold", "archive", "gone",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """The head of the chain as it was stored outside the database at the time `at` (ISO 8601, UTC)."""

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
        return ANCHOR_PREFIX + sealing.canonical(signed | {"key_id": self.key_id})


@dataclass(frozen=True)
class Accepted:
    """Damage that an operator accepted with a reason, so that verifying no longer fails on it (see accepted_damage.py).

    `anchors`: sequence and hash of rows that were lost when a backup was restored; their anchors are given up.
    `rows`: sequence and `digest` of rows that were changed in the database. A further change of such a row fails again.
    """

    anchors: frozenset[tuple[int, str]] = frozenset()
    rows: frozenset[tuple[int, str]] = frozenset()

    def covers(self, row: Row) -> bool:
        return (row["sequence"], digest(row)) in self.rows


NOTHING_ACCEPTED: Final = Accepted()


@dataclass(frozen=True)
class Head:
    """The last row of a chain: its sequence, hash, time (as in `sealing.format_time`) and key ID."""

    sequence: int = 0
    hash: str = GENESIS
    at: str = ""
    key_id: str = ""

    @classmethod
    def of(cls, row: Row) -> "Head":
        return cls(row["sequence"], row["hash"], str(sealing.to_json_value(row["at"])), row["key_id"])


@dataclass(frozen=True)
class ValidRows:
    """Consecutive rows of one key that were verified already as the successors of the row before them (log_reader.py).

    `head`: the last of them. `anchored`: the sequences of those that an anchor names, and that agree with it.
    """

    head: Head
    count: int
    anchored: tuple[int, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The result of verifying: `count` rows are valid; `first_broken` is the sequence of the first invalid row, or None."""

    count: int
    first_broken: int | None
    problem: Problem
    head: Head

    @property
    def holds(self) -> bool:
        return self.first_broken is None


def seal_leaf(leaf: bytes, key: bytes) -> str:
    """The hash under `key` of the row with this leaf, 64 hex digits."""
    return hmac.digest(key, leaf, "sha256").hex()


def seal(row: Row, key: bytes) -> str:
    """The hash of the row under `key`, 64 hex digits. Raises one of sealing.UNSERIALISABLE."""
    return seal_leaf(sealing.leaf_of(row), key)


def digest(row: Row) -> str:
    """SHA-256 of a row including its `hash`, valid or not, as 64 hex digits; '' when the row cannot be serialised."""
    try:
        return hashlib.sha256(sealing.sealed_bytes(row) + str(row["hash"]).encode()).hexdigest()
    except sealing.UNSERIALISABLE:
        return ""


def sign_anchor(head: Head, *, at: datetime, key_id: str, key: bytes) -> Anchor:
    """The signed anchor of `head`. `count` equals the sequence, because the chain has no gaps."""
    count = head.sequence
    unsigned = Anchor(sequence=count, hash=head.hash, count=count, at=sealing.format_time(at), key_id=key_id)
    return replace(unsigned, signature=hmac.digest(key, unsigned.signed_part(), "sha256").hex())


def _equals(seal: str, claimed: object) -> bool:
    """Compare as bytes: `compare_digest` raises TypeError for text that is not ASCII."""
    return hmac.compare_digest(seal.encode(), str(claimed).encode(errors="replace"))


def has_valid_signature(anchor: Anchor, ring: KeyRing) -> bool:
    key = ring.get(anchor.key_id)
    if key is None:
        return False
    return _equals(hmac.digest(key, anchor.signed_part(), "sha256").hex(), anchor.signature)


def key_age(key_id: str, ring: KeyRing) -> int:
    """The position of a key in the ring: 0 is the newest. A key that is not in the ring counts as the oldest."""
    return next((position for position, known in enumerate(ring) if known == key_id), len(ring))


def _check_sequence(row: Row, head: Head) -> Problem:
    if type(row["sequence"]) is not int:
        return "unreadable"
    if row["sequence"] < 1:
        return "before"
    if row["sequence"] > head.sequence + 1:
        return "gap"
    if row["sequence"] <= head.sequence:
        return "order"
    return "unreadable" if UNREADABLE in row else ""


def check_seal(row: Row, ring: KeyRing) -> Problem:
    key = ring.get(row["key_id"])
    if key is None:
        return "key"
    try:
        return "" if _equals(seal(row, key), row["hash"]) else "hash"
    except sealing.UNSERIALISABLE:
        return "hash"


def _check_link(row: Row, head: Head, ring: KeyRing) -> Problem:
    if row["previous_hash"] != head.hash:
        return "link"
    if head.key_id and row["key_id"] != head.key_id:
        is_declared = row["action"] == KEY_CHANGE
        if not is_declared or key_age(row["key_id"], ring) > key_age(head.key_id, ring):
            return "key_change"
    return "time" if str(sealing.to_json_value(row["at"])) <= head.at else ""


def check_row(row: Row, head: Head, ring: KeyRing, accepted: Accepted = NOTHING_ACCEPTED) -> Problem:
    """The first problem of `row` as the successor of `head`; '' when it is valid."""
    problem = _check_sequence(row, head) or check_seal(row, ring)
    if problem == "hash" and accepted.covers(row):
        problem = ""
    return problem or _check_link(row, head, ring)


class _AnchorChecks:
    """Compares rows with anchors: a row must have the anchored hash, and no later row may have an older key than the anchor.

    For an anchor that was given up, the row with its sequence need only be newer than the anchor: the anchored row was
    lost with the database, not rewritten.
    """

    def __init__(self, anchors: Iterable[Anchor], ring: KeyRing, head: Head, accepted: Accepted) -> None:
        self._ring = ring
        self._oldest_allowed = len(ring)
        self._pending: dict[int, list[Anchor]] = {}
        self._given_up: dict[int, list[Anchor]] = {}
        for anchor in anchors:
            if anchor.named_row in accepted.anchors:
                self._given_up.setdefault(anchor.sequence, []).append(anchor)
            elif anchor.sequence > head.sequence:
                self._pending.setdefault(anchor.sequence, []).append(anchor)
            else:
                self._oldest_allowed = min(self._oldest_allowed, key_age(anchor.key_id, ring))

    def check(self, row: Row) -> Problem:
        row_age = key_age(row["key_id"], self._ring)
        if row_age > self._oldest_allowed:
            return "key_change"
        for anchor in self._given_up.get(row["sequence"], ()):
            if anchor.hash != row["hash"] and str(sealing.to_json_value(row["at"])) <= anchor.at:
                return "anchor"
        for anchor in self._pending.pop(row["sequence"], ()):
            anchor_age = key_age(anchor.key_id, self._ring)
            if anchor.hash != row["hash"] or anchor_age > row_age:
                return "anchor"
            self._oldest_allowed = min(self._oldest_allowed, anchor_age)
        return ""

    def check_valid(self, rows: ValidRows) -> Problem:
        """The problem of the first of these rows; all of them, and the anchors that name them, have the same key."""
        age = key_age(rows.head.key_id, self._ring)
        if age > self._oldest_allowed:
            return "key_change"
        for sequence in rows.anchored:
            self._pending.pop(sequence, None)  # several anchors may name one row
            self._oldest_allowed = age
        return ""

    @property
    def all_found(self) -> bool:
        return not self._pending


def verify(
    rows: Iterable[Row | ValidRows],
    ring: KeyRing,
    *,
    start: Head | None = None,
    anchors: Iterable[Anchor] = (),
    accepted: Accepted = NOTHING_ACCEPTED,
    check_more: Callable[[Row], Problem] = lambda _row: "",
) -> Verdict:
    """Verify `rows`, which come in order of sequence, one by one, and stop at the first invalid one.

    `start` is a head that is already trusted. Each of `anchors` must be signed with a key of `ring` and name a row
    that exists with the same hash; otherwise the problem is `anchor`, or `cut` when the log ends before that row.
    Keys may only change towards the front of `ring`. After an anchor, no row may have an older key than the anchor.
    Damage in `accepted` is not a problem; it excuses nothing else. `check_more` is called with each row that is valid
    otherwise, and returns a further problem of it.
    """
    head = start or Head()
    count = 0
    anchors = list(anchors)
    for anchor in anchors:
        if not has_valid_signature(anchor, ring):
            return Verdict(0, anchor.sequence, "anchor", head)
    anchor_checks = _AnchorChecks(anchors, ring, head, accepted)
    for row in rows:
        if isinstance(row, ValidRows):
            if problem := anchor_checks.check_valid(row):
                return Verdict(count, head.sequence + 1, problem, head)
            head, count = row.head, count + row.count
            continue
        problem = check_row(row, head, ring, accepted) or anchor_checks.check(row) or check_more(row)
        if problem:
            has_number = type(row["sequence"]) is int and problem != "gap"
            return Verdict(count, row["sequence"] if has_number else head.sequence + 1, problem, head)
        head = Head.of(row)
        count += 1
    if not anchor_checks.all_found:
        return Verdict(count, head.sequence + 1, "cut", head)
    return Verdict(count, None, "", head)
