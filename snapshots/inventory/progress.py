"""How long something has been moving at the provider: when that is far too long, and how often to look meanwhile."""

from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from snapshots import contract
from snapshots.inventory.readings import POLL_MAX_SECONDS, POLL_SECONDS

Minutes = tuple[int, int]
"""The shortest and the longest time that the provider documents."""
FAR_FACTOR: Final = 6
FAR_LEAST: Final = timedelta(hours=1)
SLOW_POLL_SECONDS: Final = 15


NOT_SINCE_CREATION: Final = frozenset({contract.DELETING, contract.RESTORING})
"""Moving statuses of a snapshot that do not begin when it is created."""


def usual_minutes(status: str) -> Minutes:
    return contract.RESTORE_MINUTES if contract.is_restoring(status) else contract.CREATE_MINUTES


def is_far_too_long(since: datetime | None, minutes: Minutes) -> bool:
    """More than six times the longest documented time, and more than an hour. Not if nobody knows since when."""
    limit = max(FAR_LEAST, FAR_FACTOR * timedelta(minutes=minutes[1]))
    return since is not None and timezone.now() - since > limit


def poll_seconds(since: datetime | None, minutes: Minutes) -> int:
    """Often while it may end at any moment, less often once it is late, and seldom once it may never end."""
    if is_far_too_long(since, minutes):
        return POLL_MAX_SECONDS
    is_late = since is not None and timezone.now() - since > timedelta(minutes=minutes[1])
    return SLOW_POLL_SECONDS if is_late else POLL_SECONDS
