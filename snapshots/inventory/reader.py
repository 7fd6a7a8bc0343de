"""The one reader of the provider's lists, shared by all viewers with the same token (promises 17 to 19).

    read(token) → Reading       at most one call to the provider every few seconds, whoever asks and however often

What was read last stays readable while the provider is down, with the time it was confirmed. After each failure the
next attempt waits longer, and pages poll at the same interval, so that both recover by themselves.
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
"""The error of a reading whose token does not open: not cached, since another person's copy of the token may open."""
FRESH_SECONDS = 2.0
FIRST_READING_WAIT_SECONDS = 3.0
NO_TIME = "no_time"
"""The error of a reading that was not even tried, because other tokens took the page's time: not cached."""
LEAST_SHARE, FULL_SHARE = 0.25, 0.9
"""Of a call's deadline: with less than the first left of the page's time no call is begun, with less than the second a
token has had too little time to be judged."""

_waiting = threading.BoundedSemaphore(max(1, settings.SNAPPORTAL_THREADS // 4))
"""Threads that wait for another thread's first reading are occupied too: at most a quarter may wait."""


def read(token: StoredToken, *, fresh: bool = False) -> Reading:
    """The lists of this token: from the cache if new enough, else read from the provider by one thread for all.

    `fresh` always asks (before a write), except while the provider told us to wait. Inside of network.deadline it keeps to
    that, and falls back on what is cached. Never raises UpstreamError.
    Callers outside this package use operations.reconciliation.read_and_reconcile, so that no evidence is missed.
    """
    cached = readings.load(token.fingerprint)
    if cached and not fresh and time.time() < cached.next_at:
        return readings.to_reading(cached)
    if _has_less_than(LEAST_SHARE):
        return readings.to_reading(cached or CachedReading(error=NO_TIME))
    if fresh:
        return _fetch(token, cached or CachedReading())
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
    return network.seconds_left() < share * settings.SNAPPORTAL_API_TIMEOUT_SECONDS


def turn(token: StoredToken) -> tuple[bool, float]:
    """Sorts tokens that share a page's time: first those that had too little of it last time, then the longest due.

    After a failure a token is due later, so that one that hangs comes last; and it is not left without time for ever.
    """
    cached = readings.load(token.fingerprint) or CachedReading()
    return not cached.is_owed, cached.next_at


def last_reading(token: StoredToken) -> Reading | None:
    """The cached reading, however old, without a call to the provider; None if there is none."""
    cached = readings.load(token.fingerprint)
    return readings.to_reading(cached) if cached else None


def expire(token: StoredToken) -> None:
    """After a write the next reader asks the provider at once, whatever is cached."""
    cached = readings.load(token.fingerprint)
    if cached:
        cached.next_at = 0.0
        readings.save(token.fingerprint, cached)


def _take(key: str, owner: str) -> bool:
    try:
        return leases.take(key, owner, settings.SNAPPORTAL_API_TIMEOUT_SECONDS + OPTIONAL_SECONDS + 2)
    except DatabaseError as error:  # a full disk must not hide the lists: then every thread reads for itself
        log.warning("lease.not_taken", error=type(error).__name__)
        return True


def _release(key: str, owner: str) -> None:
    try:
        leases.release(key, owner)
    except DatabaseError as error:
        log.warning("lease.not_released", error=type(error).__name__)


def _await_first_reading(fingerprint: str) -> Reading:
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
    """Ask the provider, and cache what it said."""
    begun_at = timezone.now()
    is_short = _has_less_than(FULL_SHARE)
    try:
        client = client_for(token)
        listed = client.read_snapshots()
    except UpstreamError as error:
        return readings.to_reading(_failed(token, before, error, is_short=is_short))
    except SealError:
        log.exception("token.does_not_open", token=token.pk)
        sealed = msgspec.structs.replace(before, error=SEALED, next_at=time.time() + POLL_MAX_SECONDS)
        return readings.to_reading(sealed)
    cached = _succeeded(token, before, listed, is_short=is_short)
    servers = cached.servers if optional_servers.renew(client, cached) else None
    cached.moving_since = readings.moving_since(cached)
    cached.next_at = max(cached.wait_until, time.time() + _pause(cached))
    readings.save(token.fingerprint, cached)
    if token.refused_at is not None:
        StoredToken.objects.filter(fingerprint=token.fingerprint).update(refused_at=None)
    return readings.to_reading(cached, Observation(token.fingerprint, begun_at, listed, servers))


def _pause(cached: CachedReading) -> float:
    """After a list that a fault ended the next try waits as after a failure."""
    return readings.backoff_seconds(cached.failures) if cached.failures else FRESH_SECONDS


def _succeeded(
    token: StoredToken, before: CachedReading, listed: SnapshotList, *, is_short: bool
) -> CachedReading:
    is_ended_early = listed.cut_by not in {"", COUNT}
    wait = wait_until(token.fingerprint) if is_ended_early else None
    return msgspec.structs.replace(
        before,
        snapshots=listed.snapshots,
        cut_by=listed.cut_by,
        confirmed_at=time.time(),
        error=RateLimitedError.code if wait else "",
        failures=before.failures + 1 if is_ended_early else 0,
        wait_until=wait.timestamp() if wait else 0.0,
        is_owed=is_short and listed.cut_by == DeadlineError.code,
    )


def _failed(
    token: StoredToken, before: CachedReading, error: UpstreamError, *, is_short: bool
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
        is_owed=is_short and isinstance(error, DeadlineError),
    )
    if isinstance(error, TokenRefusedError) and token.refused_at is None:
        StoredToken.objects.filter(fingerprint=token.fingerprint).update(refused_at=timezone.now())
    readings.save(token.fingerprint, cached)
    return cached
