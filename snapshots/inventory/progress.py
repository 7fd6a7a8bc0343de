"""How long operations and statuses may take at the provider: when they count as stuck, and how often to poll."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from snapshots import contract
from snapshots.inventory.readings import POLL_MAX_SECONDS, POLL_SECONDS

Minutes = tuple[int, int]
"""The shortest and the longest documented time."""


@dataclass(frozen=True)
class Expectation:
    """How long something usually takes. Learned from `count` operations of the same server; 0 if it is documented."""

    low_seconds: int
    high_seconds: int
    count: int = 0

    @property
    def minutes(self) -> Minutes:
        """In whole minutes: the shorter rounded down, the longer up."""
        return self.low_seconds // 60, -(-self.high_seconds // 60)


STUCK_FACTOR: Final = 6
STUCK_MIN: Final = timedelta(hours=1)
SLOW_POLL_SECONDS: Final = 15


STARTED_AFTER_CREATION: Final = frozenset({contract.DELETING, contract.RESTORING})
"""Moving statuses of a snapshot that start later than its creation."""


def usual_minutes(status: str) -> Minutes:
    return contract.RESTORE_MINUTES if contract.is_restoring(status) else contract.CREATE_MINUTES


def is_far_too_long(since: datetime | None, minutes: Minutes) -> bool:
    """Whether it takes more than six times the longest documented time and more than an hour. False if `since` is unknown."""
    limit = max(STUCK_MIN, STUCK_FACTOR * timedelta(minutes=minutes[1]))
    return since is not None and timezone.now() - since > limit


def poll_seconds(since: datetime | None, minutes: Minutes) -> int:
    """The polling interval: short within the documented time, longer after it, and the maximum once it counts as stuck."""
    if is_far_too_long(since, minutes):
        return POLL_MAX_SECONDS
    is_late = since is not None and timezone.now() - since > timedelta(minutes=minutes[1])
    return SLOW_POLL_SECONDS if is_late else POLL_SECONDS
