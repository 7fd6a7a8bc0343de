"""Rendered parts of pages, kept in the memory of the process: what a part shows is its key, so nothing is ever invalidated."""

from collections.abc import Callable
from datetime import timedelta
from hashlib import blake2b
from typing import Any, TypeVar

import msgspec
from django.core.cache import caches
from django.urls import get_script_prefix
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language

T = TypeVar("T")


def key_of(*parts: Any) -> str:
    """A key for what these values show, to people with this language and time zone.

    What msgspec cannot write as JSON counts as its text.
    """
    shown_to = [get_language(), get_current_timezone_name(), get_script_prefix()]
    text = msgspec.json.encode([shown_to, parts], enc_hook=_as_text)
    return blake2b(text, digest_size=24).hexdigest()


def _as_text(value: object) -> str:
    """Without the subclass: `str` of a SafeString is a SafeString again."""
    return str.__str__(str(value))


def keep(key: str, make: Callable[[], T], *, at_most: timedelta) -> T:
    """What was kept under this key, or else what `make` returns, kept for this time."""
    kept: T | None = caches["html"].get(key)
    if kept is None:
        kept = make()
        caches["html"].set(key, kept, at_most.total_seconds())
    return kept
