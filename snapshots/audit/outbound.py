"""Calls from the audit log to other systems, each with one total deadline. Redirects are never followed.

The timeouts of `http.client` and `socket` apply to each read separately, and a name look-up has none. So a call runs in
a thread; at the deadline its connection is shut down, which ends the thread.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")
FAILURES: Final = (OSError, http.client.HTTPException, ValueError)
"""What a call raises: ssl errors are OSErrors, and a host name or header that cannot be encoded is a ValueError."""


class OutboundError(Exception):
    """The call failed, or did not end within its deadline. The message holds no content of the call."""


class Call:
    """One call: opens connections within its deadline, and can be ended by another thread."""

    def __init__(self, seconds: float, *, public_only: bool) -> None:
        self._deadline = time.monotonic() + seconds
        self._public_only = public_only
        self._lock = threading.Lock()
        self._ended = False
        self._handle: socket.socket | None = None

    def connect(self, host: str, port: int) -> socket.socket:
        """A connection to the first address that accepts one. Raises OSError."""
        failure: OSError = OSError("the name has no address")
        for family, kind, protocol, _name, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            if self._public_only and not is_public(str(address[0])):
                failure = OSError(f"{address[0]} is not a public address")
                continue
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(max(self._deadline - time.monotonic(), 0.001))
                connection.connect(address)
                self._keep(connection)
            except OSError as error:
                connection.close()
                failure = error
            else:
                return connection
        raise failure

    def _keep(self, connection: socket.socket) -> None:
        """Keep a second handle: the TLS layer takes over the first."""
        with self._lock:
            if self._ended:
                raise OSError("the deadline passed")
            self._handle = connection.dup()

    def end(self) -> None:
        """Shut the connection down, so that whatever waits for it stops waiting."""
        with self._lock:
            self._ended = True
            handle, self._handle = self._handle, None
        if handle is not None:
            try:
                handle.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the peer was faster
            finally:
                handle.close()


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet: not private, loopback, link-local, reserved or multicast."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return parsed.is_global and not parsed.is_multicast


def run(work: Callable[[Call], T], *, seconds: float, public_only: bool = False) -> T:
    """The result of `work`, which opens its connection with the Call that it is given. Raises OutboundError."""
    call = Call(seconds, public_only=public_only)
    results: list[T] = []
    failures: list[Exception] = []

    def attempt() -> None:
        try:
            results.append(work(call))
        except FAILURES as error:
            failures.append(error)

    thread = threading.Thread(target=attempt, name="outbound", daemon=True)
    thread.start()
    thread.join(seconds)
    is_late = thread.is_alive()
    call.end()
    if results and not is_late:
        return results[0]
    failure = failures[0] if failures else TimeoutError()
    if is_late or isinstance(failure, TimeoutError):
        raise OutboundError(f"no answer within {seconds:g} seconds") from failure
    raise OutboundError(str(failure) or type(failure).__name__) from failure


class HttpConnection(http.client.HTTPConnection):
    """A connection of a call: its sockets end with the call."""

    def __init__(self, call: Call, scheme: str, host: str, port: int | None) -> None:
        self.default_port = http.client.HTTPS_PORT if scheme == "https" else http.client.HTTP_PORT
        super().__init__(host, port)
        self._call = call
        self._is_secure = scheme == "https"

    def connect(self) -> None:
        self.sock = self._call.connect(self.host, self.port)
        if self._is_secure:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, seconds: float, public_only: bool = False
) -> int:
    """POST the body and return the status of the answer; its body is not read. Raises OutboundError."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def work(call: Call) -> int:
        connection = HttpConnection(call, parts.scheme, parts.hostname or "", parts.port)
        try:
            connection.request("POST", target, body, dict(headers))
            return connection.getresponse().status
        finally:
            connection.close()

    return run(work, seconds=seconds, public_only=public_only)
