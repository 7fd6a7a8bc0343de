"""In which language and time zone somebody reads messages, whoever writes them: the worker, or a request of somebody else."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.utils import timezone, translation


@contextmanager
def reading(person: Any) -> Iterator[None]:
    """What is written inside is for this person; None for a group, for whom the portal's own language holds."""
    language = getattr(person, "language", "") or settings.SNAPPORTAL_LANGUAGE
    with translation.override(language), timezone.override(_zone(getattr(person, "time_zone", ""))):
        yield


def _zone(name: str) -> ZoneInfo | None:
    """None, which is UTC, for no choice and for a zone that this machine does not know any more."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None
