"""Makes provider clients from stored tokens. The only module that combines settings, vault and upstream."""

import atexit
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, TypeVar

import structlog
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db import DatabaseError
from django.http import Http404

from snapshots import sql
from snapshots.contract import Account, Server
from snapshots.sandbox.transport import SandboxTransport
from snapshots.upstream import network
from snapshots.upstream.client import SnapshotClient, make_http
from snapshots.upstream.errors import UpstreamError
from snapshots.upstream.transport import Http
from snapshots.vault import tokens
from snapshots.vault.models import StoredToken

log = structlog.get_logger()
Person = AbstractBaseUser | AnonymousUser
T = TypeVar("T")
SANDBOX_URL = "http://sandbox.invalid"
OPTIONAL_SECONDS = 2.0
"""The deadline of optional calls: the longest time by which they may delay required ones."""


def _cache_failures() -> tuple[type[BaseException], ...]:
    """Loading redis takes a twelfth of the time in which a process starts, so only a portal that uses it does."""
    if "redis" not in settings.CACHES["default"]["BACKEND"].lower():
        return DatabaseError, OSError
    from redis.exceptions import RedisError  # noqa: PLC0415

    return DatabaseError, OSError, RedisError


CACHE_FAILURES: Final = _cache_failures()
"""The exceptions that an unavailable cache raises."""

_http_lock = threading.Lock()
call_slots = threading.BoundedSemaphore(max(2, settings.SNAPPORTAL_THREADS // 2))
"""At most half of a worker's threads may wait for the provider, so that pages that do not call it stay fast."""


@lru_cache(maxsize=4)
def _http(api_url: str) -> Http:
    if api_url:
        http = make_http(api_url)
    else:
        http = make_http(SANDBOX_URL, transport=SandboxTransport())
    atexit.register(http.close)
    return http


@dataclass(frozen=True)
class TokenWaits:
    """Until when one token must not be used (see upstream.waits). Stored in the cache, so that it holds for all processes;
    while the cache is unavailable there is no wait.
    """

    fingerprint: str

    def _key(self, *, optional: bool) -> str:
        return f"wait:{'optional:' if optional else ''}{self.fingerprint}"

    def until(self, *, optional: bool = False) -> float:
        """The end of the wait in seconds since the epoch; 0 if there is none."""
        keys = {self._key(optional=False), self._key(optional=optional)}
        try:
            return max((float(value) for value in cache.get_many(keys).values()), default=0.0)
        except CACHE_FAILURES as error:
            log.warning("wait.not_loaded", error=type(error).__name__)
            return 0.0

    def seconds_left(self, *, optional: bool = False) -> float:
        return self.until(optional=optional) - time.time()

    def remember(self, seconds: float, *, optional: bool) -> None:
        until = max(time.time() + seconds, self.until(optional=optional))
        try:
            cache.set(self._key(optional=optional), until, until - time.time() + 1)
        except CACHE_FAILURES as error:
            log.warning("wait.not_saved", error=type(error).__name__)


def wait_until(fingerprint: str) -> datetime | None:
    """Until when nothing may be sent with this token, because the provider asked us to wait; None if it may be used."""
    until = TokenWaits(fingerprint).until()
    return datetime.fromtimestamp(until, UTC) if until > time.time() else None


def _client(token: str, fingerprint: str) -> SnapshotClient:
    """A client for this token. All tokens of the process share one connection pool."""
    with _http_lock:  # else concurrent first calls would each create a pool
        http = _http(settings.SNAPPORTAL_API_URL)
    return SnapshotClient(
        http,
        token,
        timeout_seconds=settings.SNAPPORTAL_API_TIMEOUT_SECONDS,
        gate=call_slots,
        waits=TokenWaits(fingerprint),
    )


def client_with(token: str) -> SnapshotClient:
    """A client for a plain-text token."""
    return _client(token, tokens.fingerprint_of(token))


def client_for(token: StoredToken) -> SnapshotClient:
    """A client for a stored token. Raises vault's SealError if it cannot be decrypted (missing key, or changed row)."""
    return _client(tokens.decrypt(token), token.fingerprint)


def own_tokens(user: Person) -> list[StoredToken]:
    return list(sql.select(StoredToken, "WHERE user_id = %s ORDER BY label, id", [user.pk or 0]))


def own_token_or_404(user: Person, token_id: str) -> StoredToken:
    """The person's own token. Another person's token is 404 rather than 403, so that its existence is not revealed."""
    found = sql.first(StoredToken, "WHERE id = %s AND user_id = %s", [token_id, user.pk or 0])
    if found is None:
        raise Http404("no such token")
    return found


@dataclass(frozen=True)
class TokenCheck:
    """The result of checking a token. `code` is '' or an upstream error's code; optional fields are None if unknown.

    `wait_until`: until when the provider asked us to wait.
    """

    ok: bool
    code: str = ""
    message: str = ""
    wait_until: datetime | None = None
    account: Account | None = None
    servers: tuple[Server, ...] | None = None


def _optional(call: Callable[[], T]) -> T | None:
    """The answer of an optional endpoint, or None if it fails."""
    try:
        with network.deadline(OPTIONAL_SECONDS):
            return call()
    except UpstreamError:
        return None


def check_token(token: str, fingerprint: str = "") -> TokenCheck:
    """Check a token: it is valid if it can list snapshots. Account and servers are added if they can be read.

    `fingerprint` is that of the stored token, if it is stored. Never raises UpstreamError.
    """
    fingerprint = fingerprint or tokens.fingerprint_of(token)
    client = _client(token, fingerprint)
    try:
        client.read_snapshots()
    except UpstreamError as error:
        until = wait_until(fingerprint)
        return TokenCheck(False, code=error.code, message=error.message, wait_until=until)
    return TokenCheck(
        True,
        account=_optional(client.read_account),
        servers=_optional(client.list_servers),
    )
