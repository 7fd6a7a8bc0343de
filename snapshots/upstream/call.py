"""Sends single requests to the provider and turns every HTTP failure into an UpstreamError.

The only module that handles httpx responses, besides the transports. No redirect is followed, no cookie stored, no
compressed answer accepted, and no more read than the size limit allows.
"""

import random
import time
from collections.abc import Callable
from typing import Any, Final, cast

import httpcore
import httpx
import msgspec

from snapshots.upstream import network, responses
from snapshots.upstream.errors import (
    BadCallError,
    BrokenError,
    BusyError,
    DeadlineError,
    ServerFaultError,
    TooLargeError,
    UnreachableError,
    UnreadableError,
    UpstreamError,
)

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
"""For one call, all pages of a list together."""
MAX_ERROR_BYTES: Final = 64 * 1024
RETRY_PAUSES_SECONDS: Final = (0.15, 0.45)
RETRIED_STATUSES: Final = frozenset({502, 503, 504})
SHORTEST_SECRET: Final = 8
"""A shorter token is not redacted in answers: it would match unrelated text."""


def explain(error: Exception) -> UpstreamError:
    """The UpstreamError for a failure of the HTTP library. Omits the library's text where it could quote the token's header."""
    name = type(error).__name__
    if isinstance(error, httpx.PoolTimeout | httpcore.PoolTimeout):
        return BusyError("no connection is free")
    if isinstance(error, _NO_CONNECTION):
        return UnreachableError(f"{name}: {error}")
    if isinstance(error, _NOT_SENDABLE):
        return BadCallError(name)
    if isinstance(error, httpx.TimeoutException | httpcore.TimeoutException):
        return DeadlineError("no full answer in time")
    return BrokenError(name)


_NO_CONNECTION = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.UnsupportedProtocol,
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.UnsupportedProtocol,
)
_NOT_SENDABLE = (httpx.LocalProtocolError, httpcore.LocalProtocolError)
FAILURES = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)


def _is_retried(error: ServerFaultError) -> bool:
    return error.status in RETRIED_STATUSES and error.retry_after_seconds is None


class Answer(msgspec.Struct):
    status: int
    body: bytes
    url: str
    clock_ahead_seconds: float | None = None


class Call:
    """One call of the client: one or more requests that share a deadline and a size limit.

    `remember_wait` is called with the seconds of every Retry-After.
    """

    def __init__(self, http: httpx.Client, token: str, remember_wait: Callable[[float], None]) -> None:
        self._http = http
        self._token = token
        self._remember_wait = remember_wait
        self._bytes_left = MAX_BODY_BYTES

    def get(self, path: str, params: responses.Params | None = None) -> Answer:
        """Send a GET; retry at most twice after a failure that may be temporary."""
        for pause in RETRY_PAUSES_SECONDS:
            try:
                return self.send("GET", path, params=params)
            except (UnreachableError, BrokenError, ServerFaultError) as error:
                if isinstance(error, ServerFaultError) and not _is_retried(error):
                    raise
                pause *= random.uniform(0.7, 1.3)  # noqa: S311, PLW2901 - so that processes do not retry at the same moment
                if network.seconds_left() <= pause:
                    raise
                time.sleep(pause)
        return self.send("GET", path, params=params)

    def send(
        self, method: str, path: str, *, params: responses.Params | None = None, content: bytes | None = None
    ) -> Answer:
        """Send one request, once, and read its answer. Raises UpstreamError unless it is a success."""
        sent_at = time.time()
        try:
            request = self._http.build_request(
                method,
                path,
                params=cast("list[tuple[str, Any]] | None", params or None),
                content=content,
                headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
            )
            response = self._http.send(request, stream=True)
        except FAILURES as error:
            failure = explain(error)
        else:
            try:
                return self._read(method, response, sent_at)
            finally:
                response.close()
        raise failure  # outside of the except block: the library's error refers to the request and so to the token

    def _read(self, method: str, response: httpx.Response, sent_at: float) -> Answer:
        status = response.status_code
        ahead = responses.clock_ahead_seconds(response.headers, (sent_at + time.time()) / 2)
        if status not in responses.SUCCESSES[method]:
            raise self._failure(response)
        if response.headers.get("content-encoding", "identity") != "identity":
            raise UnreadableError("a compressed answer that was not asked for", status=status)
        try:
            body = self._body(response)
        except FAILURES as error:
            cut = isinstance(error, httpx.RemoteProtocolError | httpcore.RemoteProtocolError)
            failure = UnreadableError("the answer is cut") if cut else explain(error)
        else:
            return Answer(status, self._redact_token(body), str(response.request.url), ahead)
        failure.status = status
        raise failure

    def _failure(self, response: httpx.Response) -> UpstreamError:
        body = self._redact_token(self._error_body(response))
        failure = responses.failure_of(response.status_code, response.headers, body)
        if failure.retry_after_seconds is not None:
            self._remember_wait(failure.retry_after_seconds)
        return failure

    def _body(self, response: httpx.Response) -> bytes:
        body = bytearray()
        for chunk in response.iter_raw():
            self._bytes_left -= len(chunk)
            if self._bytes_left < 0:
                raise TooLargeError("the answer is too large", status=response.status_code)
            if network.seconds_left() <= 0:
                raise DeadlineError("no full answer in time", status=response.status_code)
            body += chunk
        return bytes(body)

    def _error_body(self, response: httpx.Response) -> bytes:
        """As much of the body as can be read; the status alone decides the kind of the error."""
        body = bytearray()
        try:
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > MAX_ERROR_BYTES or network.seconds_left() <= 0:
                    break
        except FAILURES:
            return b""
        return bytes(body)

    def _redact_token(self, body: bytes) -> bytes:
        """Replace the token in a body with `[token]`, so that it reaches no page and no log.

        Returns b"" for JSON with escapes that cannot be decoded: it could not be read as an answer either.
        """
        if len(self._token) < SHORTEST_SECRET:
            return body
        if b"\\" in body:  # JSON can escape a character in several ways: encoded again, each has one form
            try:
                body = msgspec.json.encode(msgspec.json.decode(body))
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError):
                return b""
        return body.replace(msgspec.json.encode(self._token)[1:-1], b"[token]")
