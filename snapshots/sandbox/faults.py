"""Faults of a provider, or of a proxy in front of it, on request: for tests and demonstrations.

As text: `mode` or `mode:key=value,key=value`, for example `reset_after:method=POST` or `status:status=502,times=0`.
As JSON: {"mode": "latency", "seconds": 2, "times": 3, "match": {"method": "GET", "path_prefix": "/api/v1/servers/"}}.

    before the request is handled   status, rate_limit, redirect, answer, raw, reset_before, hang_before
    after the request is handled    latency, reset_after, hang_after, truncate, wrong_length, garbage, html, huge, drip_headers,
                                    drip_body

`work` overrides whether the request is handled (true) or not (false).
"""

import os
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from http.client import responses
from typing import Any, Protocol

import msgspec

BEFORE = frozenset({"status", "rate_limit", "redirect", "answer", "raw", "reset_before", "hang_before"})
AFTER = frozenset(
    {
        "latency",
        "reset_after",
        "hang_after",
        "truncate",
        "wrong_length",
        "garbage",
        "html",
        "huge",
        "drip_headers",
        "drip_body",
    }
)
MODES = BEFORE | AFTER
HTML = b"<!doctype html><title>Maintenance</title><h1>We will be back soon</h1><script>alert(1)</script>"


class Misbehaviour(msgspec.Struct, forbid_unknown_fields=True):
    """`times` 0 means until cleared. `seconds` is the length of a latency or hang, or the pause between two bytes."""

    mode: str
    times: int = 1
    match: dict[str, str] = {}
    work: bool | None = None
    seconds: float = 0.0
    status: int = 0
    retry_after: str = "30"
    location: str = "https://elsewhere.invalid/"
    headers: dict[str, str] = {}
    body: str = ""
    size_bytes: int = 8 * 1024 * 1024

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"no such mode: {self.mode}; there are {', '.join(sorted(MODES))}")
        if not set(self.match) <= {"method", "path_prefix"}:
            raise ValueError("match takes method and path_prefix")

    def matches(self, method: str, path: str) -> bool:
        wanted = self.match.get("method", method)
        return wanted.upper() == method and path.startswith(self.match.get("path_prefix", ""))

    @property
    def does_work(self) -> bool:
        return self.mode in AFTER if self.work is None else self.work


def parse(text: str) -> Misbehaviour:
    """Read the one-line form. Raises ValueError."""
    mode, _, rest = text.partition(":")
    fields: dict[str, Any] = {"mode": mode, "match": {}}
    for part in filter(None, rest.split(",")):
        key, _, value = part.partition("=")
        target = fields["match"] if key in {"method", "path_prefix"} else fields
        target[key] = value
    try:
        return msgspec.convert(fields, Misbehaviour, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None


class Exchange(Protocol):
    """The parts of the server that a fault uses: sending bytes, closing, the connection."""

    connection: socket.socket
    closing: threading.Event

    def send_raw(self, data: bytes) -> None: ...


def message(status: int, headers: Mapping[str, str], body: bytes) -> bytes:
    """An answer that says that its connection is closed after it, so that no client sends its next request on it."""
    lines = [f"HTTP/1.1 {status} {responses.get(status, 'Unknown')}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _json_headers(length: int, **more: str) -> dict[str, str]:
    return {"Content-Type": "application/json", "Content-Length": str(length), **more}


def perform(how: Misbehaviour, exchange: Exchange, status: int, body: bytes) -> None:
    """Produce the fault instead of the answer `status`, `body`; the connection cannot be used afterwards."""
    PERFORMERS[how.mode](how, exchange, status, body)


def _status(how: Misbehaviour, exchange: Exchange, status: int, body: bytes) -> None:
    text = how.body.encode() or b'{"detail": "Internal error."}'
    exchange.send_raw(message(how.status or 500, _json_headers(len(text), **how.headers), text))


def _rate_limit(how: Misbehaviour, exchange: Exchange, status: int, body: bytes) -> None:
    text = b'{"detail": "Request was throttled."}'
    headers = _json_headers(len(text))
    if how.retry_after:
        headers["Retry-After"] = how.retry_after
    exchange.send_raw(message(429, headers, text))


def _redirect(how: Misbehaviour, exchange: Exchange, status: int, body: bytes) -> None:
    headers = {"Location": how.location, "Content-Length": "0"}
    exchange.send_raw(message(how.status or 307, headers, b""))


def _answer(how: Misbehaviour, exchange: Exchange, status: int, body: bytes) -> None:
    text = how.body.encode()
    exchange.send_raw(message(how.status or 200, _json_headers(len(text), **how.headers), text))


def _raw(how: Misbehaviour, exchange: Exchange, status: int, body: bytes) -> None:
    exchange.send_raw(how.body.encode("latin-1"))


def _reset(how: Misbehaviour, exchange: Exchange, status: int, body: bytes) -> None:
    exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(
        exchange.connection.detach()
    )  # immediately: the server's orderly shutdown would send a FIN first


def _hang(how: Misbehaviour, exchange: Exchange, status: int, body: bytes) -> None:
    exchange.closing.wait(how.seconds or 60)


def _latency(how: Misbehaviour, exchange: Exchange, status: int, body: bytes) -> None:
    exchange.closing.wait(how.seconds or 1)
    exchange.send_raw(message(status, _json_headers(len(body)) if body else {}, body))


def _truncate(how: Misbehaviour, exchange: Exchange, status: int, body: bytes) -> None:
    text = body or b"{}"
    exchange.send_raw(message(_with_body(status), _json_headers(len(text)), text[: len(text) // 2]))


def _wrong_length(how: Misbehaviour, exchange: Exchange, status: int, body: bytes) -> None:
    text = body or b"{}"
    exchange.send_raw(message(_with_body(status), _json_headers(len(text) // 2), text))


def _garbage(how: Misbehaviour, exchange: Exchange, status: int, body: bytes) -> None:
    text = b"\x00\xff{\xfe" * 64
    exchange.send_raw(message(_with_body(status), _json_headers(len(text)), text))


def _html(how: Misbehaviour, exchange: Exchange, status: int, body: bytes) -> None:
    headers = {"Content-Type": "text/html", "Content-Length": str(len(HTML))}
    exchange.send_raw(message(how.status or _with_body(status), headers, HTML))


def _huge(how: Misbehaviour, exchange: Exchange, status: int, body: bytes) -> None:
    exchange.send_raw(message(_with_body(status), _json_headers(how.size_bytes), b""))
    for _ in range(how.size_bytes // 65_536):
        exchange.send_raw(b" " * 65_536)


def _drip_headers(how: Misbehaviour, exchange: Exchange, status: int, body: bytes) -> None:
    _drip(how, exchange, b"", message(status, {"X-Slow": "y" * 2000}, b""))


def _drip_body(how: Misbehaviour, exchange: Exchange, status: int, body: bytes) -> None:
    text = body or b"{}" + b" " * 2000
    _drip(how, exchange, message(_with_body(status), _json_headers(len(text)), b""), text)


def _drip(how: Misbehaviour, exchange: Exchange, at_once: bytes, slowly: bytes) -> None:
    exchange.send_raw(at_once)
    for position in range(len(slowly)):
        if exchange.closing.wait(how.seconds or 0.05):
            return
        exchange.send_raw(slowly[position : position + 1])


def _with_body(status: int) -> int:
    return 200 if status == 204 else status  # noqa: PLR2004 - a 204 cannot have one


PERFORMERS: dict[str, Callable[[Misbehaviour, Exchange, int, bytes], None]] = {
    "status": _status,
    "rate_limit": _rate_limit,
    "redirect": _redirect,
    "answer": _answer,
    "raw": _raw,
    "reset_before": _reset,
    "reset_after": _reset,
    "hang_before": _hang,
    "hang_after": _hang,
    "latency": _latency,
    "truncate": _truncate,
    "wrong_length": _wrong_length,
    "garbage": _garbage,
    "html": _html,
    "huge": _huge,
    "drip_headers": _drip_headers,
    "drip_body": _drip_body,
}
