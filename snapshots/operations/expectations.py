"""How long an operation is expected to take: learned from what its server took before, else as the provider documents.

Learned are the median and the 90th percentile of at least MIN_COUNT completed operations of the same server and kind, of
snapshots of similar size. A time counts only if the end was seen soon after it came: see `_duration`. It is stored with the
operation when that begins, so that pages need no query for it. How long something is waited for is in Operation.expected_by.
"""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from snapshots import sql
from snapshots.contract import Snapshot
from snapshots.inventory.progress import STUCK_FACTOR, Expectation
from snapshots.operations.models import EXPECTED_MINUTES, Action, Operation, State

MIN_COUNT: Final = 3
NEWEST: Final = 50
"""How many of a server's operations are looked at, the newest ones."""
SIMILAR: Final = 1.5
"""Two sizes are similar if the larger is at most so many times the smaller."""
MAX_GAP: Final = timedelta(seconds=60)
"""The longest polling interval: with a longer gap before the end was seen, it may have ended long before."""
PERCENTILE: Final = 0.9
MEASURED: Final = ("server_id", "accepted_at", "seen_moving_at", "ended_at", "snapshot_size_mb")


@dataclass(frozen=True)
class Measurement:
    """What one completed operation took. `size_mb` is that of its snapshot, None if unknown."""

    seconds: float
    size_mb: int | None


def documented(action: Action) -> Expectation:
    low, high = EXPECTED_MINUTES[action]
    return Expectation(60 * low, 60 * high)


def expected(server_id: int, action: Action, size_mb: int | None = None) -> Expectation:
    """For one operation. The size is not known before a create: then that of the newest one measured counts."""
    return choose(action, measured([server_id], action).get(server_id, ()), size_mb)


def expected_creates(server_ids: Sequence[int]) -> Mapping[int, Expectation]:
    """For creates on several servers, with one query; none if there are no servers."""
    found = measured(server_ids, Action.CREATE) if server_ids else {}
    return {one: choose(Action.CREATE, found.get(one, ())) for one in server_ids}


def choose(action: Action, found: Sequence[Measurement], size_mb: int | None = None) -> Expectation:
    """`found` are the newest first."""
    size = size_mb if size_mb is not None else next((one.size_mb for one in found if one.size_mb), None)
    seconds = sorted(one.seconds for one in found if _is_similar(one.size_mb, size))
    if len(seconds) < MIN_COUNT:
        return documented(action)
    high = seconds[math.ceil(PERCENTILE * len(seconds)) - 1]
    return Expectation(round(statistics.median(seconds)), round(high), len(seconds))


def _is_similar(one: int | None, other: int | None) -> bool:
    """Unknown sizes are similar to each other alone."""
    if not one or not other:
        return one == other
    return max(one, other) <= SIMILAR * min(one, other)


def measured(server_ids: Sequence[int], action: Action) -> dict[int, list[Measurement]]:
    """By server, what its newest completed operations took, as far as that was seen. One query."""
    chosen = f"WHERE server_id IN ({sql.places(server_ids)}) AND action = %s AND state = %s"
    newest = f"{chosen} ORDER BY ended_at DESC LIMIT {NEWEST * len(server_ids)}"
    found: dict[int, list[Measurement]] = defaultdict(list)
    for row in sql.values(Operation, MEASURED, newest, [*server_ids, action, State.COMPLETED]):
        server_id, accepted_at, seen_moving_at, ended_at, size_mb = row
        seconds = _duration(action, accepted_at, seen_moving_at, ended_at)
        if seconds is not None:
            found[server_id].append(Measurement(seconds, size_mb))
    return dict(found)


def _duration(
    action: Action, accepted_at: datetime | None, seen_moving_at: datetime | None, ended_at: datetime | None
) -> float | None:
    """From the provider's answer to the reading that showed the end: at most MAX_GAP more than it really took.

    None if nobody looked in the MAX_GAP before that reading, or if it took so long that it counted as stuck.
    """
    if accepted_at is None or ended_at is None:
        return None
    taken = ended_at - accepted_at
    longest = STUCK_FACTOR * timedelta(minutes=EXPECTED_MINUTES[action][1])
    was_seen = was_end_seen(accepted_at, seen_moving_at, ended_at)
    return taken.total_seconds() if was_seen and taken <= longest else None


def was_end_seen(accepted_at: datetime, seen_moving_at: datetime | None, ended_at: datetime) -> bool:
    """Whether somebody looked in the MAX_GAP before the reading that showed the end."""
    last_seen_running = max(accepted_at, seen_moving_at or accepted_at)
    return timedelta() <= ended_at - last_seen_running <= MAX_GAP


def columns(server_id: int, action: Action, snapshot: Snapshot | None) -> dict[str, int | None]:
    """What a new operation stores of it."""
    size_mb = snapshot.size_mb if snapshot else None
    found = expected(server_id, action, size_mb)
    return {
        "snapshot_size_mb": size_mb,
        "learned_low_seconds": found.low_seconds if found.count else None,
        "learned_high_seconds": found.high_seconds if found.count else None,
        "learned_count": found.count or None,
    }


def of_snapshots(operations: Iterable[Operation]) -> dict[int, Expectation]:
    """By snapshot, the expectation of the create that made it."""
    return {
        one.snapshot_id: one.expectation
        for one in operations
        if one.action == Action.CREATE and one.snapshot_id is not None
    }
