"""Calls to the identity provider: each has a deadline and a limit of its size, and follows no redirect.

Few threads of a process may wait for it at once, so that a provider that hangs takes no page down but its own.
"""

import http.client
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from django.conf import settings

from snapportal.accounts.oidc.errors import OutageError, WrongAnswerError
from snapshots.audit import outbound

TOTAL_SECONDS: Final = 8.0
"""Of all calls of one page."""
CALL_SECONDS: Final = 5.0
MAX_BYTES: Final = 512 * 1024
AT_ONCE: Final = 3
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_places = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Answer:
    """What the provider answered: a JSON object. `date` is its clock, as its header states it."""

    status: int
    fields: dict[str, Any]
    date: str


class Deadline:
    """When the calls of a page have to end."""

    def __init__(self, seconds: float = TOTAL_SECONDS) -> None:
        self._ends_at = time.monotonic() + seconds

    def seconds(self) -> float:
        """For the next call. Raises OutageError when none are left."""
        left = min(self._ends_at - time.monotonic(), CALL_SECONDS)
        if left <= 0:
            raise OutageError("provider_silent", "the calls together took too long")
        return left


def is_allowed(url: object) -> bool:
    """Whether the portal may call this address: https, in the sandbox also http to this machine."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (
        parts.scheme == "http" and settings.SANDBOX and parts.hostname in LOOPBACK
    )


def get(url: str, deadline: Deadline) -> Answer:
    """Raises OutageError or WrongAnswerError, also for an answer that is no success."""
    answer = _exchange("GET", url, b"", {}, deadline)
    if answer.status != http.HTTPStatus.OK:
        raise WrongAnswerError("wrong_answer", f"status {answer.status} of {url}")
    return answer


def post(url: str, fields: Mapping[str, str], headers: Mapping[str, str], deadline: Deadline) -> Answer:
    """Raises OutageError or WrongAnswerError. A refusal (400, 401) is an answer."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return _exchange("POST", url, urlencode(fields).encode(), form | dict(headers), deadline)


def _exchange(method: str, url: str, body: bytes, headers: dict[str, str], deadline: Deadline) -> Answer:
    seconds = deadline.seconds()
    if not _places.acquire(blocking=False):
        raise OutageError("provider_busy", "too many calls wait for it already")
    try:
        status, date, text = outbound.run(
            lambda call: _send(call, method, url, body, headers), seconds=seconds
        )
    except outbound.OutboundError as error:
        raise OutageError("provider_silent", _reason(error)) from None
    finally:
        _places.release()
    return Answer(status, _parse(url, status, text), date)


def _send(
    call: outbound.Call, method: str, url: str, body: bytes, headers: dict[str, str]
) -> tuple[int, str, bytes]:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    own = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "SnapPortal"}
    connection = outbound.HttpConnection(call, parts.scheme, parts.hostname or "", parts.port)
    try:
        connection.request(method, target, body or None, own | headers)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Date", ""), answer.read(MAX_BYTES + 1)
    finally:
        connection.close()


def _reason(error: outbound.OutboundError) -> str:
    """Without what the provider sent: an error of HTTP quotes it."""
    cause = error.__cause__
    return type(cause).__name__ if isinstance(cause, http.client.HTTPException) else str(error)


def _parse(url: str, status: int, text: bytes) -> dict[str, Any]:
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR or status == http.HTTPStatus.TOO_MANY_REQUESTS:
        raise OutageError("provider_fault", f"status {status} of {url}")
    if http.HTTPStatus.MULTIPLE_CHOICES <= status < http.HTTPStatus.BAD_REQUEST:
        raise WrongAnswerError("wrong_answer", f"a redirect of {url}")
    if len(text) > MAX_BYTES:
        raise WrongAnswerError("wrong_answer", f"{url} answers with more than {MAX_BYTES} bytes")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise WrongAnswerError("wrong_answer", f"{url} answers with no JSON (status {status})") from None
    if not isinstance(found, dict):
        raise WrongAnswerError("wrong_answer", f"{url} answers with no JSON object")
    return found
