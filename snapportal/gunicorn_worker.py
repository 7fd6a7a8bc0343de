"""Adds the portal's security headers to answers that gunicorn sends by itself (400, 414, 431 …)."""

import socket
from typing import Any, Final

from gunicorn.workers.gthread import ThreadWorker

# Repeated here, because gunicorn loads this before Django and its middleware. X-SnapPortal is omitted on purpose: an
# open page must not show these responses, whose text is gunicorn's.
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class _HeaderInserter:
    """A socket wrapper that inserts the headers after the status line of one answer."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def sendall(self, answer: bytes) -> None:
        status, _end, rest = answer.partition(b"\r\n")
        lines = "".join(f"\r\n{name}: {value}" for name, value in HEADERS.items())
        self._client.sendall(status + lines.encode() + b"\r\n" + rest)


class Worker(ThreadWorker):  # type: ignore[misc]
    """Gunicorn's worker with threads."""

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        super().handle_error(req, _HeaderInserter(client), addr, exc)
