"""Detects that the provider's clock differs from ours: times computed from both are then unknown."""

from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from snapshots.inventory.readings import Reading

TOLERANCE: Final = timedelta(minutes=1)
"""Smaller differences are ignored: such a short age is shown as "just now" anyway."""


ALARMING: Final = timedelta(minutes=2)
"""A larger difference is told: evidence settles nothing beyond five minutes, and due times are missed."""


def is_alarming(reading: Reading) -> bool:
    """Whether the provider's clock was far from ours when it answered last."""
    ahead = reading.clock_ahead_seconds
    return ahead is not None and timedelta(seconds=abs(ahead)) > ALARMING


def is_ahead(moment: datetime | None) -> bool:
    """Whether a time that the provider gives is in the future by our clock."""
    return moment is not None and moment > timezone.now() + TOLERANCE


def clocks_differ(reading: Reading) -> bool:
    """Whether any snapshot's time is in the future by our clock: then the provider's other times may be wrong too."""
    return is_ahead(reading.newest_created_at)
