"""The one reader of the provider's lists, shared by all who watch with the same token (promises 17 to 19).

    read(token) → Reading       at most one call to the provider every few seconds, whoever asks and however often

What was read last stays readable while the provider is down, with the time it was confirmed; the next attempt waits
longer after each failure, and the page polls at the same pace, so that both recover by themselves.
"""

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import msgspec
import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError
from django.utils import timezone

from snapshots import leases, reconciling
from snapshots.audit.journal import JournalUnavailableError
from snapshots.connection import client_for
from snapshots.contract import Server, Snapshot
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
"""The error of a reading whose token does not open: not kept, since another's copy of the token may."""
FRESH_SECONDS = 2.0
STALE_SECONDS = 60.0
KEEP_SECONDS = 7 * 24 * 3600
POLL_SECONDS = 4
POLL_MAX_SECONDS = 60
SERVERS_OFF_SECONDS = 300.0
FIRST_LOOK_WAIT_SECONDS = 3.0

_waiting = threading.BoundedSemaphore(max(1, settings.SNAPPORTAL_THREADS // 4))
"""Threads that wait for another's first look are threads too: no more than a quarter may."""


class Kept(msgspec.Struct, kw_only=True):
    """What the cache keeps for one token. Times are seconds since the epoch; 0 means never."""

    snapshots: tuple[Snapshot, ...] = ()
    servers: tuple[Server, ...] | None = None
    confirmed_at: float = 0.0
    servers_confirmed_at: float = 0.0
    servers_off_until: float = 0.0
    error: str = ""
    failures: int = 0
    next_at: float = 0.0


@dataclass(frozen=True)
class Reading:
    """The last known lists of one token, and how far they can be trusted now.

    `servers` is None when the provider does not tell them to this token; `error` is '' or an upstream error's code.
    """

    snapshots: tuple[Snapshot, ...]
    servers: tuple[Server, ...] | None
    confirmed_at: datetime | None
    error: str
    poll_seconds: int
    servers_are_fresh: bool = True

    @property
    def is_known(self) -> bool:
        return self.confirmed_at is not None

    @property
    def is_stale(self) -> bool:
        if self.error or self.confirmed_at is None:
            return True
        return (timezone.now() - self.confirmed_at).total_seconds() > STALE_SECONDS


def _cache_key(fingerprint: str) -> str:
    return f"reading:{fingerprint}"


def _load(fingerprint: str) -> Kept | None:
    """What is kept, or None: a cache that is down or holds an older version's bytes is an empty one."""
    try:
        data = cache.get(_cache_key(fingerprint))
        return msgspec.json.decode(data, type=Kept) if data else None
    except (DatabaseError, OSError, msgspec.DecodeError) as error:
        log.warning("reading.not_loaded", error=type(error).__name__)
        return None


def _keep(fingerprint: str, kept: Kept) -> None:
    try:
        cache.set(_cache_key(fingerprint), msgspec.json.encode(kept), KEEP_SECONDS)
    except (DatabaseError, OSError) as error:
        log.warning("reading.not_kept", error=type(error).__name__)


def _to_reading(kept: Kept) -> Reading:
    confirmed_at = datetime.fromtimestamp(kept.confirmed_at, UTC) if kept.confirmed_at else None
    wait = max(0.0, kept.next_at - time.time()) if kept.error else 0.0
    return Reading(
        snapshots=kept.snapshots,
        servers=kept.servers,
        confirmed_at=confirmed_at,
        error=kept.error,
        poll_seconds=int(min(POLL_MAX_SECONDS, max(POLL_SECONDS, wait + 1))),
        servers_are_fresh=kept.servers_confirmed_at == kept.confirmed_at,
    )


def read(token: StoredToken, *, fresh: bool = False) -> Reading:
    """The lists of this token: what is kept if it is new enough, else asked for by one for all.

    `fresh` always asks (before a write), except while the provider told us to wait. Never raises upstream errors.
    """
    kept = _load(token.fingerprint)
    if kept and time.time() < kept.next_at and (not fresh or kept.error == RateLimitedError.code):
        return _to_reading(kept)
    if fresh:
        return _to_reading(_look(token, kept or Kept()))
    owner = uuid4().hex
    key = _cache_key(token.fingerprint)
    if _take(key, owner):
        try:
            return _to_reading(_look(token, kept or Kept()))
        finally:
            _release(key, owner)
    if kept is not None:
        return _to_reading(kept)
    return _await_first_look(token.fingerprint)


def last(token: StoredToken) -> Reading | None:
    """What was read last, however old, without asking anybody; None if nothing ever was."""
    kept = _load(token.fingerprint)
    return _to_reading(kept) if kept else None


def forget_pace(token: StoredToken) -> None:
    """After a write the next reader looks at once, whatever is kept."""
    kept = _load(token.fingerprint)
    if kept:
        kept.next_at = 0.0
        _keep(token.fingerprint, kept)


def _take(key: str, owner: str) -> bool:
    try:
        return leases.take(key, owner, 2 * float(settings.SNAPPORTAL_API_TIMEOUT_SECONDS) + 2)
    except DatabaseError as error:  # a full disk must not blind the page: then everybody looks for himself
        log.warning("lease.not_taken", error=type(error).__name__)
        return True


def _release(key: str, owner: str) -> None:
    try:
        leases.release(key, owner)
    except DatabaseError as error:
        log.warning("lease.not_released", error=type(error).__name__)


def _await_first_look(fingerprint: str) -> Reading:
    busy = Kept(error=BusyError.code, next_at=time.time() + POLL_SECONDS)
    if not _waiting.acquire(blocking=False):
        return _to_reading(busy)
    try:
        until = time.monotonic() + FIRST_LOOK_WAIT_SECONDS
        while time.monotonic() < until:
            time.sleep(0.1)
            kept = _load(fingerprint)
            if kept:
                return _to_reading(kept)
        return _to_reading(busy)
    finally:
        _waiting.release()


def _look(token: StoredToken, before: Kept) -> Kept:
    """Ask the provider, keep what it said, and let open operations be settled by it."""
    begun_at = timezone.now()
    try:
        client = client_for(token)
        listed = client.read_snapshots()
    except UpstreamError as error:
        return _failed(token, before, error)
    except SealError:
        log.exception("token.does_not_open", token=token.pk)
        return msgspec.structs.replace(before, error=SEALED, next_at=time.time() + POLL_MAX_SECONDS)
    now = time.time()
    kept = Kept(
        snapshots=listed.snapshots,
        servers=before.servers,
        confirmed_at=now,
        servers_confirmed_at=before.servers_confirmed_at,
        servers_off_until=before.servers_off_until,
        next_at=now + FRESH_SECONDS,
    )
    _look_at_servers(client, kept)
    _keep(token.fingerprint, kept)
    if token.refused_at is not None:
        StoredToken.objects.filter(fingerprint=token.fingerprint).update(refused_at=None)
    seen = kept.servers if kept.servers_confirmed_at == now else None
    try:
        reconciling.close_abandoned()
        reconciling.settle(reconciling.Sight(token.fingerprint, begun_at, listed, seen))
    except (JournalUnavailableError, DatabaseError):
        log.exception("operations.not_settled")
    return kept


def _look_at_servers(client: SnapshotClient, kept: Kept) -> None:
    """The servers list is useful, never required: a refusal is believed for minutes, a fault keeps what was known."""
    if time.time() < kept.servers_off_until:
        return
    try:
        kept.servers = client.list_servers()
        kept.servers_confirmed_at = kept.confirmed_at
    except LostError:
        return
    except UpstreamError as error:
        if error.effect == "none" and error.status is not None and error.status != 429:  # noqa: PLR2004
            kept.servers = None
            kept.servers_off_until = time.time() + SERVERS_OFF_SECONDS


def _failed(token: StoredToken, before: Kept, error: UpstreamError) -> Kept:
    log.info("provider.not_read", code=error.code, status=error.status)
    now = time.time()
    failures = before.failures + 1
    pause = min(POLL_MAX_SECONDS, POLL_SECONDS * 2 ** min(failures - 1, 6))
    if isinstance(error, RateLimitedError):
        pause = max(pause, error.retry_after_seconds)
    elif isinstance(error, BusyError):
        failures, pause = before.failures, 1.0
    kept = msgspec.structs.replace(before, error=error.code, failures=failures, next_at=now + pause)
    if isinstance(error, TokenRefusedError) and token.refused_at is None:
        StoredToken.objects.filter(fingerprint=token.fingerprint).update(refused_at=timezone.now())
    _keep(token.fingerprint, kept)
    return kept
