"""How often a key may be used: a limit for each minute, counted in each worker process for itself.

A count that all processes share would cost a write to the database for each request, more than most requests.
"""

import threading
import time
from typing import Final

WINDOW_SECONDS: Final = 60.0


class Throttle:
    """A bucket for each key that fills evenly, up to one minute's requests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, key: str, limit: int) -> float:
        """0 if the request may be answered; else after how many seconds the next one may."""
        now = time.monotonic()
        with self._lock:
            left, at = self._buckets.get(key, (float(limit), now))
            left = min(float(limit), left + (now - at) * limit / WINDOW_SECONDS)
            allowed = left >= 1
            self._buckets[key] = (left - 1 if allowed else left, now)
            if len(self._buckets) > 10_000:  # noqa: PLR2004 - keys that were not used for long are full again
                self._buckets.clear()
        return 0.0 if allowed else (1 - left) * WINDOW_SECONDS / limit


class Once:
    """Whether something is told now, or was within the last minute: so a script that goes on trying does not fill the log."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, ...], float] = {}

    def is_due(self, *what: str) -> bool:
        now = time.monotonic()
        if now - self._told.get(what, -WINDOW_SECONDS) < WINDOW_SECONDS:
            return False
        if len(self._told) > 10_000:  # noqa: PLR2004
            self._told.clear()
        self._told[what] = now
        return True


REFUSALS_A_MINUTE: Final = 120
"""Of one key, or of one address without a valid one, that are recorded: nobody may fill the log from outside."""

requests = Throttle()
recorded = Throttle()
refusals = Once()
