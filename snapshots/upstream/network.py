"""A total deadline below the HTTP library: each connect, read and write gets only the time that is left.

The library's own timeouts are per read, so an answer that is sent byte by byte would never end. The deadline is applied
by a network backend of its own, httpcore's public parameter `network_backend`.
"""

import math
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import ip_address
from typing import Any

import httpcore

CONNECT_SECONDS = 5.0
_deadline_at: ContextVar[float] = ContextVar("deadline_at", default=math.inf)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Limit this thread's network calls in the block to `seconds` in total, or to an outer deadline that ends sooner."""
    token = _deadline_at.set(min(_deadline_at.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _deadline_at.reset(token)


def seconds_left() -> float:
    """Seconds until the deadline; negative when it has passed, infinite where there is none."""
    return _deadline_at.get() - time.monotonic()


def make_pool(
    ssl_context: ssl.SSLContext, *, connections: int, keepalive_seconds: float
) -> httpcore.ConnectionPool:
    return httpcore.ConnectionPool(
        ssl_context=ssl_context,
        max_connections=connections,
        max_keepalive_connections=connections,
        keepalive_expiry=keepalive_seconds,
        network_backend=DeadlineBackend(),
    )


class DeadlineStream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = seconds_left()
        if left <= 0:
            raise httpcore.ReadTimeout("the deadline passed")
        return self._inner.read(max_bytes, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = seconds_left()
        if left <= 0:
            raise httpcore.WriteTimeout("the deadline passed")
        self._inner.write(buffer, left)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = seconds_left()
        if left <= 0:
            self.close()
            raise httpcore.ConnectTimeout("the deadline passed")
        return DeadlineStream(self._inner.start_tls(ssl_context, server_hostname, min(left, CONNECT_SECONDS)))

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class DeadlineBackend(httpcore.NetworkBackend):
    """Raises httpcore's ConnectError or ConnectTimeout, also while the name is looked up."""

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        end = time.monotonic() + min(seconds_left(), CONNECT_SECONDS)
        addresses = look_up(host, port, end - time.monotonic())
        failure: Exception = httpcore.ConnectError("the name has no address")
        for position, address in enumerate(addresses):
            # An equal share each: otherwise a first address that never answers would leave no time for the second.
            share = (end - time.monotonic()) / (len(addresses) - position)
            if share <= 0:
                raise httpcore.ConnectTimeout("the deadline passed")
            try:
                return DeadlineStream(
                    self._inner.connect_tcp(address, port, share, local_address, socket_options)
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


def look_up(host: str, port: int, seconds: float) -> list[str]:
    """The addresses of a host name, or the address that it is. Uses a thread for names, because getaddrinfo has no timeout."""
    if _is_address(host):
        return [host]
    found: list[str] = []
    failures: list[OSError | UnicodeError] = []

    def resolve() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            failures.append(error)
        else:
            found.extend(dict.fromkeys(str(answer[4][0]) for answer in answers))

    thread = threading.Thread(target=resolve, name="look-up", daemon=True)
    thread.start()
    thread.join(max(seconds, 0))
    if failures:
        raise httpcore.ConnectError(str(failures[0]))
    if thread.is_alive():
        raise httpcore.ConnectTimeout("the name was not looked up in time")
    return found


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
