"""The pooled HTTP client of a process, with the total deadline of network.py."""

import ssl
from collections.abc import Iterator
from functools import cache
from typing import cast

import httpcore
import httpx

from snapshots.upstream import network

Http = httpx.Client


@cache
def make_ssl_context() -> ssl.SSLContext:
    """Accepts certificates of the well-known authorities only, whatever the environment says. Reading them takes 20 ms."""
    return httpx.create_ssl_context(trust_env=False)


class _PoolStream(httpx.SyncByteStream):
    def __init__(self, inner: httpcore.Response) -> None:
        self._inner = inner

    def __iter__(self) -> Iterator[bytes]:
        yield from cast("Iterator[bytes]", self._inner.stream)

    def close(self) -> None:
        self._inner.close()


class _PoolTransport(httpx.BaseTransport):
    """A transport on our own pools, because httpx's accepts a network backend only through a private attribute."""

    def __init__(self) -> None:
        ssl_context = make_ssl_context()
        self._reads = network.make_pool(ssl_context, connections=64, keepalive_seconds=5)
        # The server may close an idle connection just as a request is sent on it. A read is retried; a write would become
        # unknown without need, so each write uses a new connection.
        self._writes = network.make_pool(ssl_context, connections=64, keepalive_seconds=0)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        pool = self._reads if request.method == "GET" else self._writes
        answer = pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        # Cookies of one token must not be sent with another, and redirects are never followed.
        headers = [pair for pair in answer.headers if pair[0].lower() not in {b"set-cookie", b"location"}]
        return httpx.Response(answer.status, headers=headers, stream=_PoolStream(answer))

    def close(self) -> None:
        self._reads.close()
        self._writes.close()


def make_http(base_url: str, *, transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """Create the pooled HTTP client of a process. `base_url` is the part before /api/v1."""
    return httpx.Client(
        base_url=base_url,
        transport=transport or _PoolTransport(),
        trust_env=False,
        follow_redirects=False,
        timeout=httpx.Timeout(None, pool=0.5),  # network.py limits the rest
        headers={"User-Agent": "SnapPortal", "Accept": "application/json", "Accept-Encoding": "identity"},
    )
