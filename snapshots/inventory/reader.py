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

from snapshots.connection import client_for
from snapshots.inventory import leases, readings
from snapshots.inventory.readings import POLL_MAX_SECONDS, POLL_SECONDS, CachedReading, Observation, Reading
from snapshots.upstream.client import SnapshotClient
from snapshots.upstream.errors import (
    BusyError,
    LostError,
    RateLimitedError,
    TokenRefusedError,
    UpstreamError,
)
from snapshots.vault.crypto import SealError
from snapshots.vault.models import StoredToken

log = structlog.get_logger()

SEALED = "sealed"
"""The error of a reading whose token does not open: not cached, since another person's copy of the token may open."""
FRESH_SECONDS = 2.0
SERVERS_OFF_SECONDS = 300.0
FIRST_READING_WAIT_SECONDS = 3.0

_waiting = threading.BoundedSemaphore(max(1, settings.SNAPPORTAL_THREADS // 4))
"""Threads that wait for another thread's first reading are occupied too: at most a quarter may wait."""


def read(token: StoredToken, *, fresh: bool = False) -> Reading:
    """The lists of this token: from the cache if new enough, else read from the provider by one thread for all.

    `fresh` always asks (before a write), except while the provider told us to wait. Never raises UpstreamError.
    Callers outside this package use operations.reconciliation.read_and_reconcile, so that no evidence is missed.
    """
    cached = readings.load(token.fingerprint)
    if cached and time.time() < cached.next_at and (not fresh or cached.error == RateLimitedError.code):
        return readings.to_reading(cached)
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
        return leases.take(key, owner, 2 * float(settings.SNAPPORTAL_API_TIMEOUT_SECONDS) + 2)
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
        until = time.monotonic() + FIRST_READING_WAIT_SECONDS
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
    try:
        client = client_for(token)
        listed = client.read_snapshots()
    except UpstreamError as error:
        return readings.to_reading(_failed(token, before, error))
    except SealError:
        log.exception("token.does_not_open", token=token.pk)
        sealed = msgspec.structs.replace(before, error=SEALED, next_at=time.time() + POLL_MAX_SECONDS)
        return readings.to_reading(sealed)
    now = time.time()
    cached = msgspec.structs.replace(
        before,
        snapshots=listed.snapshots,
        confirmed_at=now,
        error="",
        failures=0,
        next_at=now + FRESH_SECONDS,
    )
    _fetch_servers(client, cached)
    cached.moving_since = readings.moving_since(cached)
    readings.save(token.fingerprint, cached)
    if token.refused_at is not None:
        StoredToken.objects.filter(fingerprint=token.fingerprint).update(refused_at=None)
    servers = cached.servers if cached.servers_confirmed_at == now else None
    return readings.to_reading(cached, Observation(token.fingerprint, begun_at, listed, servers))


def _fetch_servers(client: SnapshotClient, cached: CachedReading) -> None:
    """The servers list is useful, never required: a refusal is believed for minutes, a fault keeps what was known."""
    if time.time() < cached.servers_off_until:
        return
    try:
        cached.servers, cached.servers_are_whole = client.read_servers()
        cached.servers_confirmed_at = cached.confirmed_at
    except LostError:
        return
    except UpstreamError as error:
        if error.effect == "none" and error.status is not None and error.status != 429:  # noqa: PLR2004
            cached.servers = None
            cached.servers_off_until = time.time() + SERVERS_OFF_SECONDS


def _failed(token: StoredToken, before: CachedReading, error: UpstreamError) -> CachedReading:
    log.info("provider.not_read", code=error.code, status=error.status)
    failures = before.failures + 1
    pause = min(POLL_MAX_SECONDS, POLL_SECONDS * 2 ** min(failures - 1, 6))
    if isinstance(error, RateLimitedError):
        pause = max(pause, error.retry_after_seconds)
    elif isinstance(error, BusyError):
        failures, pause = before.failures, 1.0
    cached = msgspec.structs.replace(before, error=error.code, failures=failures, next_at=time.time() + pause)
    if isinstance(error, TokenRefusedError) and token.refused_at is None:
        StoredToken.objects.filter(fingerprint=token.fingerprint).update(refused_at=timezone.now())
    readings.save(token.fingerprint, cached)
    return cached
