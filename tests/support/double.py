"""The provider in this process, saying whatever a test makes it say: in the sandbox's place behind the portal's own client."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from snapshots import connection

Answerer = Callable[[httpx.Request], httpx.Response]


class _Body(httpx.SyncByteStream):
    """A stream, as a socket gives it: plain content would be read before the client can bound it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        yield self._content


class Double(httpx.BaseTransport):
    """`answer` is given every request; what it raises is what httpx would."""

    def __init__(self) -> None:
        self.answer: Answerer = lambda request: httpx.Response(500)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        said = self.answer(request)
        return httpx.Response(said.status_code, headers=said.headers, stream=_Body(said.content))


@pytest.fixture
def double(monkeypatch) -> Iterator[Double]:
    transport = Double()
    monkeypatch.setattr(connection, "SandboxTransport", lambda: transport)
    connection._http.cache_clear()
    yield transport
    connection._http.cache_clear()
