"""Gunicorn's worker, with the portal's security headers on answers that gunicorn sends by itself (400, 414, 431 …), and with
no thread for a connection on which nothing was sent yet."""

import selectors
import socket
from functools import partial
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

    def enqueue_req(self, conn: Any) -> None:
        """Let a new connection wait for its first byte in the loop, as a kept one does, until the keep-alive time has passed.

        Gunicorn itself lets it wait up to five seconds in a thread, and browsers open connections in advance: as many of
        them as there are threads would halt the portal for so long.
        """
        if conn.initialized or conn.data_ready:
            super().enqueue_req(conn)
            return
        conn.sock.setblocking(False)
        conn.set_timeout()
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        super().handle_error(req, _HeaderInserter(client), addr, exc)
