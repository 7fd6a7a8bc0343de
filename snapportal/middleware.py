"""Middleware: request ID and client address, language, response headers, and 503 for an unusable database or audit log."""

import ipaddress
import re
import time
import uuid
from collections.abc import Callable, Iterable

import structlog
from django.conf import settings
from django.core.exceptions import BadRequest
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.log import log_response
from django.utils.translation import get_language

from snapportal.setting_values import Network
from snapshots.audit.journal import JournalUnavailableError
from snapshots.views import errors, look

GetResponse = Callable[[HttpRequest], HttpResponseBase]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

REQUEST_ID_PATTERN = re.compile(r"\A[A-Za-z0-9-]{8,36}\Z")
FORWARDED = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REQUEST_ID",
)

log = structlog.get_logger("snapportal.request")


def parse_address(text: str) -> Address | None:
    """Parse an address as proxies write it (with a port, in brackets, IPv4 in IPv6); None if it is invalid."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(
            text.partition("%")[0]
        )  # a zone ID is free text and has a meaning on its own machine only
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_trusted(address: Address | None, proxies: Iterable[Network]) -> bool:
    return address is not None and any(address in network for network in proxies)


def find_client(peer: Address, forwarded_for: str, proxies: Iterable[Network]) -> Address:
    """Read X-Forwarded-For from the right: only entries that a trusted proxy added are used."""
    client = peer
    for entry in reversed(forwarded_for.split(",")):
        if not is_trusted(client, proxies):
            break
        address = parse_address(entry)
        if address is None:
            break
        client = address
    return client


class RequestMiddleware:
    """Sets `request.id` and `request.client_address`; uses forwarding headers of trusted proxies only."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.monotonic()
        self.identify(request)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request.id)  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["X-Request-ID"] = request.id  # type: ignore[attr-defined]
        if not request.path.startswith(settings.STATIC_URL):
            match = request.resolver_match
            log.info(
                "request",
                method=request.method,
                route=match.route if match else "",  # never the path: an invitation's contains its key
                status=response.status_code,
                address=request.client_address,  # type: ignore[attr-defined]
                duration_ms=round((time.monotonic() - started) * 1000),
            )
        return response

    def identify(self, request: HttpRequest) -> None:
        meta = request.META
        proxies = settings.SNAPPORTAL_TRUSTED_PROXIES
        peer = parse_address(meta.get("REMOTE_ADDR", ""))
        request_id = ""
        client = peer
        if peer is not None and is_trusted(peer, proxies):
            client = find_client(peer, meta.get("HTTP_X_FORWARDED_FOR", ""), proxies)
            if meta.get("HTTP_X_FORWARDED_PROTO") in {"http", "https"}:
                meta["wsgi.url_scheme"] = meta["HTTP_X_FORWARDED_PROTO"]
            request_id = meta.get("HTTP_X_REQUEST_ID", "")
        else:
            for name in FORWARDED:
                meta.pop(name, None)
        request.id = request_id if REQUEST_ID_PATTERN.match(request_id) else uuid.uuid4().hex  # type: ignore[attr-defined]
        request.client_address = str(client) if client else ""  # type: ignore[attr-defined]


class LookMiddleware:
    """Answers in the browser's language until it is known who it is (see snapshots/views/look.py); scripts in English."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        is_for_people = not request.path.startswith(
            (f"{settings.SNAPPORTAL_BASE_PATH}api/", settings.STATIC_URL)
        )
        look.use(request, look.of_request(request) if is_for_people else look.Look(settings.LANGUAGE_CODE))
        response = self.get_response(request)
        if is_for_people and response.get("Content-Type", "").startswith("text/html"):
            patch_vary_headers(response, ["Accept-Language", "Cookie"])
            response.headers.setdefault("Content-Language", get_language() or settings.LANGUAGE_CODE)
        return response


class HeadersMiddleware:
    """Sets the response headers that neither django-csp nor Django's SecurityMiddleware sets."""

    HEADERS = {
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-SnapPortal": "answer",  # static/answers.js lets htmx use no answer without it
    }

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in self.HEADERS.items():
            response[name] = value
        is_file = request.path.startswith(settings.STATIC_URL) and response.has_header("Cache-Control")
        if not (is_file or getattr(response, "may_be_cached", False)):
            response["Cache-Control"] = "no-store"
        return response


class ReadableMiddleware:
    """Refuses (400) a NUL in the URL or a cookie: no browser sends it, and PostgreSQL does not accept it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        texts = [request.path, request.META.get("QUERY_STRING", ""), *request.COOKIES.values()]
        if any("\0" in text or "%00" in text for text in texts):
            raise BadRequest("a NUL")
        return self.get_response(request)


class FailureMiddleware:
    """Answers 503 with a clear page when the database or the audit log cannot be used."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, JournalUnavailableError | DatabaseError):
            response = errors.unavailable(request)
            log_response(
                "%s: %s",
                response.reason_phrase,
                request.path,
                response=response,
                request=request,
                exception=exception,
            )
            return response
        return None
