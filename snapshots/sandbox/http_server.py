"""The sandbox over real HTTP, on this machine only: for curl, and for tests that need a real socket.

Control paths beside the API: POST /_misbehave (see faults.py; `{"mode": "none"}` clears all),
GET /_calls (requests received, and successful writes), POST /_calls/clear.
"""

import json
import socket
import threading
from contextlib import suppress
from datetime import UTC, datetime
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from django.db import DatabaseError, connections, transaction

from snapshots.sandbox import faults, provider
from snapshots.sandbox.faults import Misbehaviour

MAX_BODY_BYTES = 1024 * 1024


class SandboxServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int = 0, *, verbose: bool = False, page_size: int = 0) -> None:
        """Lists are paged by `page_size`, requested or not; 0 means not paged."""
        super().__init__(("127.0.0.1", port), _Handler)
        self.verbose = verbose
        self.page_size = page_size
        self.closing = threading.Event()
        self.lock = threading.Lock()
        self.calls: list[tuple[str, str]] = []
        self.writes: list[tuple[str, str]] = []
        self.last_headers = Message()
        self.open_sockets: set[socket.socket] = set()
        self._misbehaviours: list[Misbehaviour] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def misbehave(self, how: Misbehaviour) -> None:
        with self.lock:
            self._misbehaviours.append(how)

    def behave(self) -> None:
        with self.lock:
            self._misbehaviours.clear()

    def take_misbehaviour(self, method: str, path: str) -> Misbehaviour | None:
        """Return the first fault that matches the request; remove it after `times` uses."""
        with self.lock:
            for how in self._misbehaviours:
                if how.matches(method, path):
                    if how.times == 1:
                        self._misbehaviours.remove(how)
                    how.times -= how.times > 1
                    return how
        return None

    def clear(self) -> None:
        with self.lock:
            self.calls.clear()
            self.writes.clear()

    def close(self) -> None:
        """Stop the server, which runs in another thread, and close all connections."""
        self.closing.set()
        self.shutdown()
        self.server_close()
        self.drop_connections()

    def drop_connections(self) -> None:
        for connection in list(self.open_sockets):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that disconnects is not an error."""
        if self.verbose:
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120
    server: SandboxServer

    def setup(self) -> None:
        super().setup()
        self.closing = self.server.closing
        self.server.open_sockets.add(self.connection)

    def finish(self) -> None:
        self.server.open_sockets.discard(self.connection)
        with suppress(OSError):
            super().finish()

    def send_raw(self, data: bytes) -> None:
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        if self.server.verbose:
            super().log_message(format, *args)

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            self._answer(413, b"")
            self.close_connection = True
            return
        body = self.rfile.read(int(length))
        path, _, query = self.path.partition("?")
        if self.server.page_size and "page_size=" not in query:
            query += f"&page_size={self.server.page_size}"
        if path.startswith("/_"):
            self._control(path, body)
            return
        with self.server.lock:
            self.server.calls.append((self.command, path))
            self.server.last_headers = self.headers
        how = self.server.take_misbehaviour(self.command, path)
        if how is not None and not how.does_work:
            self._misbehave(how, how.status or 200, how.body.encode())
            return
        answer = self._handle(path, query, body)
        if how is None:
            self._answer(answer.status, answer.body, answer.headers)
        else:
            self._misbehave(how, answer.status, answer.body)

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = do_HEAD = _serve

    def _handle(self, path: str, query: str, body: bytes) -> provider.Answer:
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            with transaction.atomic():
                answer = provider.handle(
                    self.command, path, query, headers, body, datetime.now(UTC), self.server.url
                )
        except DatabaseError:
            return provider.Answer(503, {"detail": "Service unavailable."})
        finally:
            connections.close_all()  # this thread ends with its TCP connection
        if self.command != "GET" and answer.status < 300:  # noqa: PLR2004
            with self.server.lock:
                self.server.writes.append((self.command, path))
        return answer

    def _misbehave(self, how: Misbehaviour, status: int, body: bytes) -> None:
        self.log_request(how.mode)
        self.close_connection = True
        faults.perform(how, self, status, body)

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:  # noqa: PLR2004
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _control(self, path: str, body: bytes) -> None:
        match self.command, path:
            case "GET", "/_calls":
                with self.server.lock:
                    data = {"calls": self.server.calls, "writes": self.server.writes}
                    self._answer(200, json.dumps(data).encode())
            case "POST", "/_calls/clear":
                self.server.clear()
                self._answer(204, b"")
            case "POST", "/_misbehave":
                self._add_fault(body)
            case _:
                self._answer(404, b"{}")

    def _add_fault(self, body: bytes) -> None:
        try:
            if msgspec.json.decode(body) == {"mode": "none"}:
                self.server.behave()
            else:
                self.server.misbehave(msgspec.json.decode(body, type=Misbehaviour))
        except (msgspec.DecodeError, ValueError) as error:
            self._answer(400, json.dumps({"detail": str(error)}).encode())
        else:
            self._answer(204, b"")
