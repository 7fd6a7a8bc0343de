"""Makes a provider client from a stored token: the only module that joins settings, vault and upstream."""

import atexit
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeVar

import structlog
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db import DatabaseError
from django.shortcuts import get_object_or_404
from redis.exceptions import RedisError

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
OPTIONAL_SECONDS = 3.0
"""The deadline of what the portal can do without: more than this it must not slow down what is needed."""
CACHE_FAILURES = (DatabaseError, OSError, RedisError)
"""What a cache that is down raises."""

_building = threading.Lock()
gate = threading.BoundedSemaphore(max(2, settings.SNAPPORTAL_THREADS // 2))
"""At most half of a worker's threads may wait for the provider, so that pages that do not need it stay quick."""


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
    """The waits of one token (see upstream.waits), in the cache: all processes heed them. A cache that is down has none."""

    fingerprint: str

    def _key(self, *, optional: bool) -> str:
        return f"wait:{'optional:' if optional else ''}{self.fingerprint}"

    def until(self, *, optional: bool = False) -> float:
        """Seconds since the epoch; 0 when there is nothing to wait for."""
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
    """Until when nothing is sent with this token, because the provider asked us to wait; None if it may be used."""
    until = TokenWaits(fingerprint).until()
    return datetime.fromtimestamp(until, UTC) if until > time.time() else None


def _client(token: str, fingerprint: str) -> SnapshotClient:
    """Connections are pooled for the whole process, across tokens."""
    with _building:  # concurrent first calls would each build a pool
        http = _http(settings.SNAPPORTAL_API_URL)
    return SnapshotClient(
        http,
        token,
        timeout_seconds=settings.SNAPPORTAL_API_TIMEOUT_SECONDS,
        gate=gate,
        waits=TokenWaits(fingerprint),
    )


def client_with(token: str) -> SnapshotClient:
    """A client for a plain-text token."""
    return _client(token, tokens.fingerprint_of(token))


def client_for(token: StoredToken) -> SnapshotClient:
    """Raises vault's SealError when the stored token cannot be opened (its key is gone, or the row was tampered with)."""
    return _client(tokens.decrypt(token), token.fingerprint)


def own_tokens(user: Person) -> list[StoredToken]:
    return list(StoredToken.objects.filter(user_id=user.pk)) if user.pk else []


def own_token_or_404(user: Person, token_id: str) -> StoredToken:
    """Another person's token is not found rather than forbidden, so that its existence is not revealed."""
    return get_object_or_404(StoredToken, pk=token_id, user_id=user.pk)


@dataclass(frozen=True)
class TokenCheck:
    """What the provider said of a token. `code` is '' or an upstream error's code; optional parts are None when unknown.

    `wait_until`: the provider asked us to wait until then.
    """

    ok: bool
    code: str = ""
    message: str = ""
    wait_until: datetime | None = None
    account: Account | None = None
    servers: tuple[Server, ...] | None = None


def _optional(call: Callable[[], T]) -> T | None:
    """The answer of an optional endpoint, or None."""
    try:
        with network.deadline(OPTIONAL_SECONDS):
            return call()
    except UpstreamError:
        return None


def check_token(token: str, fingerprint: str = "") -> TokenCheck:
    """Try a token: its snapshots list decides; account and servers are added if readable. Never raises UpstreamError.

    `fingerprint` is the stored one, if there is one.
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
