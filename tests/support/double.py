"""A test double of the provider's HTTP transport: it replaces the sandbox, so the portal's own client is used."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from snapshots import connection
from snapshots.sandbox.transport import SandboxTransport

Answerer = Callable[[httpx.Request], httpx.Response]


class _Body(httpx.SyncByteStream):
    """A streamed body, as from a socket: with plain content httpx would read everything before the client can limit it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        yield self._content


class Double(httpx.BaseTransport):
    """Passes every request to `answer`, which returns the response or raises an httpx error."""

    def __init__(self) -> None:
        self.answer: Answerer = lambda request: httpx.Response(500)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self.answer(request)
        return httpx.Response(response.status_code, headers=response.headers, stream=_Body(response.content))


@pytest.fixture
def double(monkeypatch) -> Iterator[Double]:
    transport = Double()
    monkeypatch.setattr(connection, "SandboxTransport", lambda: transport)
    connection._http.cache_clear()
    yield transport
    connection._http.cache_clear()


def ask_sandbox(request: httpx.Request) -> httpx.Response:
    """The in-process sandbox's own answer."""
    response = SandboxTransport().handle_request(request)
    response.read()
    return response


def refuse_connections(request: httpx.Request) -> httpx.Response:
    """A provider that cannot be reached."""
    raise httpx.ConnectError("refused", request=request)
