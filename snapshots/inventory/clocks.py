"""The provider's clock beside ours: they may differ, and what is computed from both is then not known."""

from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from snapshots.inventory.readings import Reading

TOLERANCE: Final = timedelta(minutes=1)
"""Clocks that differ by less count as equal: an age of that little is told as "just now"."""


def is_ahead(moment: datetime | None) -> bool:
    """Whether a time of the provider lies in our future."""
    return moment is not None and moment > timezone.now() + TOLERANCE


def clocks_differ(reading: Reading) -> bool:
    """Whether the provider dates a snapshot ahead of our clock: then its other times may be as wrong."""
    return any(is_ahead(one.created_at) for one in reading.snapshots)
