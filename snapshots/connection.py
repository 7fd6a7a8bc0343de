"""Makes a provider client from a stored token: the only module that joins settings, vault and upstream."""

import atexit
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.shortcuts import get_object_or_404

from snapshots.contract import Account, Server
from snapshots.sandbox.transport import SandboxTransport
from snapshots.upstream.client import SnapshotClient, make_http
from snapshots.upstream.errors import UpstreamError
from snapshots.upstream.transport import Http
from snapshots.vault import tokens
from snapshots.vault.models import StoredToken

Person = AbstractBaseUser | AnonymousUser
T = TypeVar("T")
SANDBOX_URL = "http://sandbox.invalid"

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


def client_with(token: str) -> SnapshotClient:
    """A client for a plain-text token. Connections are pooled for the whole process, across tokens."""
    with _building:  # concurrent first calls would each build a pool
        http = _http(settings.SNAPPORTAL_API_URL)
    return SnapshotClient(http, token, timeout_seconds=settings.SNAPPORTAL_API_TIMEOUT_SECONDS, gate=gate)


def client_for(token: StoredToken) -> SnapshotClient:
    """Raises vault's SealError when the stored token cannot be opened (its key is gone, or the row was tampered with)."""
    return client_with(tokens.reveal(token))


def own_tokens(user: Person) -> list[StoredToken]:
    return list(StoredToken.objects.filter(user_id=user.pk)) if user.pk else []


def own_token_or_404(user: Person, token_id: str) -> StoredToken:
    """Another person's token is not found rather than forbidden, so that its existence is not revealed."""
    return get_object_or_404(StoredToken, pk=token_id, user_id=user.pk)


@dataclass(frozen=True)
class TokenCheck:
    """What the provider said of a token. `code` is '' or an upstream error's code; optional parts are None when unknown."""

    ok: bool
    code: str = ""
    message: str = ""
    account: Account | None = None
    servers: tuple[Server, ...] | None = None
    snapshot_count: int | None = None


def _optional(call: Callable[[], T]) -> T | None:
    """The answer of an optional endpoint, or None."""
    try:
        return call()
    except UpstreamError:
        return None


def check_token(token: str) -> TokenCheck:
    """Try a token: its snapshots list decides; account and servers are added if readable. Never raises UpstreamError."""
    client = client_with(token)
    try:
        snapshots = client.list_snapshots()
    except UpstreamError as error:
        return TokenCheck(False, code=error.code, message=error.message)
    return TokenCheck(
        True,
        account=_optional(client.read_account),
        servers=_optional(client.list_servers),
        snapshot_count=len(snapshots),
    )
