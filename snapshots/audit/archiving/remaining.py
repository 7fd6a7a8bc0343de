"""Verifies archived rows that are still in the database: held ones, and those that the log needs to be read.

Their neighbours may be gone, so each is verified by its own signature and by its place in the tree.
"""

from collections.abc import Callable, Iterable

from snapshots.audit import chain, sealing, tiles
from snapshots.audit.chain import Accepted, Head, KeyRing, Problem, Verdict
from snapshots.audit.sealing import Row
from snapshots.audit.tiles import TileError
from snapshots.audit.tree import HashAt


def check_remaining(
    remaining: Iterable[Row],
    boundary: Head,
    ring: KeyRing,
    accepted: Accepted,
    check_more: Callable[[Row], Problem],
) -> Verdict:
    """Verify rows up to `boundary` that are still in the database, one by one, each for itself."""
    hash_at = tiles.reader(boundary.sequence)
    count = 0
    for row in remaining:
        problem = _check_alone(row, ring, accepted, hash_at) or check_more(row)
        if problem:
            return Verdict(count, row["sequence"], problem, Head())
        count += 1
    return Verdict(count, None, "", boundary)


def _check_alone(row: Row, ring: KeyRing, accepted: Accepted, hash_at: HashAt) -> Problem:
    if chain.UNREADABLE in row:
        return "unreadable"
    problem = chain.check_seal(row, ring)
    if problem == "hash" and accepted.covers(row):
        return ""
    return problem or _check_leaf(row, hash_at)


def _check_leaf(row: Row, hash_at: HashAt) -> Problem:
    try:
        expected = hash_at(0, row["sequence"] - 1)
    except TileError:
        return "leaf"
    return "" if sealing.leaf_of(row) == expected else "leaf"
