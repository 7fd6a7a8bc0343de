"""Interprets the status, headers and links of an answer: pure functions, no network."""

import re
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import parse_qsl, urljoin, urlsplit

from snapshots.upstream import parsing
from snapshots.upstream.errors import (
    ForbiddenError,
    InvalidError,
    LimitReachedError,
    NotFoundError,
    RateLimitedError,
    RefusedError,
    ServerFaultError,
    TokenRefusedError,
    UnreadableError,
    UpstreamError,
)

SUCCESSES: Final = {
    "GET": frozenset({200}),
    "POST": frozenset({200, 201, 202}),
    "DELETE": frozenset({200, 202, 204}),
}
_REFUSALS: Final[dict[int, type[RefusedError]]] = {
    400: InvalidError,
    401: TokenRefusedError,
    403: ForbiddenError,
    404: NotFoundError,
}
_MAY_TELL_OF_LIMIT: Final = frozenset({InvalidError, ForbiddenError, RefusedError})
_LIMIT: Final = re.compile(
    r"limit|maximum|\bmax\b|quota|too many|no more than|at most|already has \d+|\bfull\b", re.I
)
_LIMIT_REACHED: Final = re.compile(r"(limit|quota|maximum)\W+(?:\w+\W+){0,2}(reached|exceeded|hit)\b", re.I)
_OTHER_LIMIT: Final = re.compile(
    r"character|length|too long|\bname (is|must|may|can|should|exceeds)|rate limit|too many requests|throttl|time limit",
    re.I,
)
_RETRY_AFTER_SECONDS: Final = (1.0, 3600.0)
_RETRY_AFTER_DEFAULT_SECONDS: Final = 30.0
LONGEST_AGE_SECONDS: Final = 86_400.0
LONGEST_LINK: Final = 4000

Params = list[tuple[str, str]]


def clock_ahead_seconds(headers: Mapping[str, str], now: float) -> float | None:
    """How far the clock of the answer is ahead of `now`; None if it gives no date. A cache's age is taken into account."""
    try:
        moment = parsedate_to_datetime(headers.get("date", ""))
        age = float(headers.get("age", "0") or 0)
    except (ValueError, TypeError):
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return moment.timestamp() + age - now if 0 <= age < LONGEST_AGE_SECONDS else None


def failure_of(status: int, headers: Mapping[str, str], body: bytes) -> UpstreamError:
    """The error for an answer without a success status. `body` may be incomplete or empty: the status decides."""
    words = parsing.error_text(body)
    wait = headers.get("retry-after", "")
    if status == 429:  # noqa: PLR2004
        return RateLimitedError(status=status, message=words, retry_after_seconds=retry_after_seconds(wait))
    if 400 <= status < 500 and status != 408:  # noqa: PLR2004 - 408: a proxy's timeout, and the provider may have continued
        return _REFUSALS.get(status, RefusedError)(status=status, message=words)
    if 200 <= status < 300:  # noqa: PLR2004
        return UnreadableError(f"HTTP {status} is no answer to this", status=status, message=words)
    return ServerFaultError(status=status, message=words, retry_after_seconds=parse_retry_after(wait))


def create_failure_of(error: RefusedError) -> RefusedError:
    """The error for a refused create: the contract has 400 both for invalid parameters and for a reached limit."""
    if type(error) in _MAY_TELL_OF_LIMIT and says_limit_reached(error.message):
        return LimitReachedError(status=error.status, message=error.message)
    return error


def says_limit_reached(words: str) -> bool:
    """Whether a message is about a limit of snapshots, and not about the length of a name or the rate of requests."""
    text = words.replace("_", " ")
    if _OTHER_LIMIT.search(text):
        return False
    return bool(_LIMIT_REACHED.search(text) or ("snapshot" in text.casefold() and _LIMIT.search(text)))


def retry_after_seconds(value: str) -> float:
    """Seconds to wait after a 429: from its Retry-After header, else half a minute."""
    wait = parse_retry_after(value)
    return _RETRY_AFTER_DEFAULT_SECONDS if wait is None else wait


def parse_retry_after(value: str) -> float | None:
    """Seconds to wait, from a Retry-After header (seconds or an HTTP date): one second to one hour; None if unreadable."""
    least, most = _RETRY_AFTER_SECONDS
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(max(float(text[:9]), least), most)
    try:
        moment = parsedate_to_datetime(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        wait = moment.timestamp() - time.time()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return min(max(wait, least), most)


def next_params(url: str, link: str) -> Params:
    """The query of the next page's link; nothing else of the link is used.

    Raises UnreadableError when the link has another origin or path: the token must not be sent there.
    """
    if len(link) > LONGEST_LINK:
        raise UnreadableError("the link to the next page is too long")
    try:
        here, there = urlsplit(url), urlsplit(urljoin(url, link))
        same = (_origin(here.scheme, here.hostname, here.port), here.path) == (
            _origin(there.scheme, there.hostname, there.port),
            there.path,
        )
        if not same or there.username or there.password:
            raise UnreadableError("the next page is not on the provider's own list")
        return parse_qsl(there.query, keep_blank_values=True, max_num_fields=50)
    except ValueError as error:
        raise UnreadableError(f"the link to the next page is no address: {type(error).__name__}") from None


def _origin(scheme: str, host: str | None, port: int | None) -> tuple[str, str, int | None]:
    return scheme, host or "", port or {"https": 443, "http": 80}.get(scheme)
