"""The only reader of the provider's lists; its readings are shared by all viewers with the same token (promises 17 to 19).

    read(token) → Reading       calls the provider at most once every few seconds, however many callers there are

The last lists stay available while the provider is down, with the time at which they were confirmed. The pause before
the next attempt grows with each failure, and pages poll at the same interval, so that both recover without action.
"""

import threading
import time
from uuid import uuid4

import msgspec
import structlog
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from snapshots.connection import OPTIONAL_SECONDS, client_for, wait_until
from snapshots.contract import SnapshotList
from snapshots.inventory import leases, optional_servers, readings
from snapshots.inventory.limited import within_limits
from snapshots.inventory.readings import POLL_MAX_SECONDS, POLL_SECONDS, CachedReading, Observation, Reading
from snapshots.upstream import network
from snapshots.upstream.errors import (
    BusyError,
    DeadlineError,
    RateLimitedError,
    TokenRefusedError,
    UpstreamError,
)
from snapshots.upstream.paging import COUNT
from snapshots.vault.crypto import SealError
from snapshots.vault.models import StoredToken

log = structlog.get_logger()

SEALED = "sealed"
"""The error of a reading whose token cannot be decrypted. Not cached: another person's copy of the token may work."""
FRESH_SECONDS = 2.0
FIRST_READING_WAIT_SECONDS = 3.0
NO_TIME = "no_time"
"""The error of a reading that was not attempted, because other tokens used up the page's time. Not cached."""
MIN_SHARE, FULL_SHARE = 0.25, 0.9
"""Shares of a call's deadline. With less than MIN_SHARE of it left for the page, no call is made; with less than
FULL_SHARE, a call that ends at the deadline says nothing about the token."""

_waiting = threading.BoundedSemaphore(max(1, settings.SNAPPORTAL_THREADS // 4))
"""At most a quarter of the threads may wait for another thread's first reading, since waiting occupies them."""


def read(token: StoredToken, *, fresh: bool = False, max_age: float = 0) -> Reading:
    """The lists of this token, without the servers that its limits take away (vault/limits.py).

    From the cache if recent enough, else read from the provider by one thread for all who have the same token, whatever
    their limits.

    `max_age`: how many seconds after they were confirmed lists without a fault are recent enough in any case, unless
    `expire` was called since.

    `fresh` always asks the provider (before a write), except while it asked us to wait. Within network.deadline it
    respects that deadline and falls back to the cache. Never raises UpstreamError.
    Callers outside this package use operations.reconciliation.read_and_reconcile, so that no evidence is missed.
    """
    return within_limits(token, _read_whole(token, fresh=fresh, max_age=max_age))


def _read_whole(token: StoredToken, *, fresh: bool, max_age: float) -> Reading:
    cached = readings.load(token.fingerprint)
    if cached and not fresh and (_is_early(cached) or _is_recent(cached, max_age)):
        return readings.to_reading(cached)
    if _has_less_than(MIN_SHARE):
        return readings.to_reading(cached or CachedReading(error=NO_TIME))
    if fresh:
        return _fetch(token, cached or CachedReading())
    return _fetch_once_for_all(token, cached)


def _is_early(cached: CachedReading) -> bool:
    """Whether the next attempt is not due. It is if the last one was in the future: then the clock was set back since."""
    return time.time() < cached.next_at and (
        bool(cached.wait_until) or cached.tried_at < time.time() + POLL_MAX_SECONDS
    )


def _is_recent(cached: CachedReading, max_age: float) -> bool:
    has_fault = cached.error or cached.cut_by or cached.servers_cut_by
    is_expired = not cached.next_at
    return 0 <= time.time() - cached.confirmed_at < max_age and not (has_fault or is_expired)


def _fetch_once_for_all(token: StoredToken, cached: CachedReading | None) -> Reading:
    """Ask the provider if no other thread does so now; else return the cached reading, or wait for the first one."""
    owner = uuid4().hex
    key = readings.cache_key(token.fingerprint)
    if _take(key, owner):
        try:
            return _fetch(token, cached or CachedReading())
        finally:
            _release(key, owner)
    if cached is not None:
        return readings.to_reading(cached)
    return _await_first_reading(token.fingerprint)


def _has_less_than(share: float) -> bool:
    """Whether the page has less time left than this share of a call's deadline."""
    return network.seconds_left() < share * settings.SNAPPORTAL_API_TIMEOUT_SECONDS


def read_priority(token: StoredToken) -> tuple[bool, float]:
    """Sort key for tokens that share a page's time: first those that were cut short last time, then the longest due.

    A failure delays when a token is due, so a token that hangs is read last; being cut short moves it forward again.
    """
    cached = readings.load(token.fingerprint) or CachedReading()
    return not cached.was_cut_short, cached.next_at


def last_reading(token: StoredToken) -> Reading | None:
    """The cached reading, of any age, without calling the provider; None if there is none. Within the token's limits."""
    reading = last_whole_reading(token.fingerprint)
    return within_limits(token, reading) if reading else None


def last_whole_reading(fingerprint: str) -> Reading | None:
    """The same for what is no person's view: evidence, comparisons, alarms."""
    cached = readings.load(fingerprint)
    return readings.to_reading(cached) if cached else None


def expire(token: StoredToken) -> None:
    """Make the next reader ask the provider even if the cached reading is recent. Called after a write."""
    cached = readings.load(token.fingerprint)
    if cached:
        cached.next_at = 0.0
        readings.save(token.fingerprint, cached)


def _take(key: str, owner: str) -> bool:
    try:
        return leases.take(key, owner, settings.SNAPPORTAL_API_TIMEOUT_SECONDS + OPTIONAL_SECONDS + 2)
    except (
        DatabaseError
    ) as error:  # a full disk must not hide the lists: without leases every thread reads for itself
        log.warning("lease.not_taken", error=type(error).__name__)
        return True


def _release(key: str, owner: str) -> None:
    try:
        leases.release(key, owner)
    except DatabaseError as error:
        log.warning("lease.not_released", error=type(error).__name__)


def _await_first_reading(fingerprint: str) -> Reading:
    """Wait a few seconds for the reading that another thread fetches; else return one with the error 'busy'."""
    busy = CachedReading(error=BusyError.code, next_at=time.time() + POLL_SECONDS)
    if not _waiting.acquire(blocking=False):
        return readings.to_reading(busy)
    try:
        until = time.monotonic() + min(FIRST_READING_WAIT_SECONDS, network.seconds_left())
        while time.monotonic() < until:
            time.sleep(0.1)
            cached = readings.load(fingerprint)
            if cached:
                return readings.to_reading(cached)
        return readings.to_reading(busy)
    finally:
        _waiting.release()


def _fetch(token: StoredToken, before: CachedReading) -> Reading:
    """Read the lists from the provider and cache the result."""
    started_at = timezone.now()
    before = msgspec.structs.replace(before, tried_at=started_at.timestamp())
    has_little_time = _has_less_than(FULL_SHARE)
    try:
        client = client_for(token)
        listed = client.read_snapshots()
    except UpstreamError as error:
        return readings.to_reading(_failed(token, before, error, has_little_time=has_little_time))
    except SealError:
        log.exception("token.does_not_open", token=token.pk)
        sealed = msgspec.structs.replace(before, error=SEALED, next_at=time.time() + POLL_MAX_SECONDS)
        return readings.to_reading(sealed)
    cached = _succeeded(token, before, listed, has_little_time=has_little_time)
    servers = cached.servers if optional_servers.refresh(client, cached) else None
    cached.moving_since = readings.moving_since(cached)
    cached.next_at = max(cached.wait_until, time.time() + _pause(cached))
    readings.save(token.fingerprint, cached)
    if token.refused_at is not None:
        StoredToken.objects.filter(fingerprint=token.fingerprint).update(refused_at=None)
    return readings.to_reading(cached, Observation(token.fingerprint, started_at, listed, servers))


def _pause(cached: CachedReading) -> float:
    """A list that was cut off by a fault delays the next attempt like a failure."""
    return readings.backoff_seconds(cached.failures) if cached.failures else FRESH_SECONDS


def _succeeded(
    token: StoredToken, before: CachedReading, listed: SnapshotList, *, has_little_time: bool
) -> CachedReading:
    is_ended_early = listed.cut_by not in {"", COUNT}
    wait = wait_until(token.fingerprint) if is_ended_early else None
    return msgspec.structs.replace(
        before,
        snapshots=listed.snapshots,
        cut_by=listed.cut_by,
        is_whole=listed.is_whole,
        started_at=before.tried_at,
        clock_ahead_seconds=listed.clock_ahead_seconds,
        confirmed_at=time.time(),
        error=RateLimitedError.code if wait else "",
        failures=before.failures + 1 if is_ended_early else 0,
        wait_until=wait.timestamp() if wait else 0.0,
        was_cut_short=has_little_time and listed.cut_by == DeadlineError.code,
    )


def _failed(
    token: StoredToken, before: CachedReading, error: UpstreamError, *, has_little_time: bool
) -> CachedReading:
    log.info("provider.not_read", code=error.code, status=error.status)
    failures = before.failures + 1
    pause = readings.backoff_seconds(failures)
    if isinstance(error, BusyError):
        failures, pause = before.failures, 1.0
    wait = wait_until(token.fingerprint) if error.retry_after_seconds is not None else None
    cached = msgspec.structs.replace(
        before,
        error=error.code,
        failures=failures,
        next_at=wait.timestamp() if wait else time.time() + pause,
        wait_until=wait.timestamp() if wait else 0.0,
        was_cut_short=has_little_time and isinstance(error, DeadlineError),
    )
    if isinstance(error, TokenRefusedError) and token.refused_at is None:
        accepted = StoredToken.objects.filter(fingerprint=token.fingerprint, refused_at=None)
        accepted.update(refused_at=timezone.now())
    readings.save(token.fingerprint, cached)
    return cached
