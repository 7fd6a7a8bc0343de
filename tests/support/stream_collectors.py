"""A webhook receiver and a syslog server on loopback, which check what they receive and misbehave on request."""

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.stream_rules import CollectedRows, RuleError, is_signed, parse_message, split_frames

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
KEY = b"0123456789abcdef0123456789abcdef"
POLL_SECONDS = 0.01


def reset(connection: socket.socket) -> None:
    """Close a connection so that the peer sees a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Collector:
    """What both receivers share. `faults`: how the next deliveries are treated, first one first; then all are taken."""

    def __init__(self) -> None:
        self.collected = CollectedRows()
        self.faults: list[str] = []
        self.complaints: list[str] = []
        self.deliveries = 0
        self.may_go_on = threading.Event()
        self.lock = threading.Lock()

    def next_fault(self) -> str:
        self.deliveries += 1
        return self.faults.pop(0) if self.faults else ""

    def take(self, rows: list[dict[str, Any]]) -> bool:
        with self.lock:
            try:
                self.collected.take(rows)
            except RuleError as error:
                self.complaints.append(str(error))
                return False
        return True

    @property
    def sequences(self) -> list[int]:
        return [row["sequence"] for row in self.collected.rows]


class WebhookCollector(Collector):
    """Faults: a status such as `500`; `reset` and `hang` before anything is stored; `lose`: stored, then no answer;
    `drip`: the answer never ends; `redirect`."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""


class _Handler(BaseHTTPRequestHandler):
    collector: WebhookCollector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = self.collector.next_fault()
        if fault == "hang":
            self.collector.may_go_on.wait(10)
        elif fault == "reset":
            reset(self.connection)
        elif fault == "redirect":
            self.answer(302)
        elif fault.isdigit():
            self.answer(int(fault))
        else:
            self.take(body, fault)

    def take(self, body: bytes, fault: str) -> None:
        collector = self.collector
        headers = {name.lower(): value for name, value in self.headers.items()}
        if not is_signed(SECRET, headers, body, time.time()):
            return self.answer(401)
        parsed = json.loads(body)
        collector.headers.append(headers)
        collector.bodies.append(parsed)
        if not collector.take(parsed["data"]["rows"]):
            return self.answer(409)
        if fault == "lose":
            return reset(self.connection)
        if fault == "drip":
            return self.drip()
        return self.answer(204)

    def drip(self) -> None:
        while not self.collector.may_go_on.wait(0.02):
            try:
                self.connection.sendall(b"H")
            except OSError:
                return

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Keep the test output free of request lines."""


@contextmanager
def webhook_collector() -> Iterator[WebhookCollector]:
    collector = WebhookCollector()
    handler = type("Handler", (_Handler,), {"collector": collector})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    collector.url = f"http://127.0.0.1:{server.server_port}/rows"
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,))
    thread.start()
    try:
        yield collector
    finally:
        collector.may_go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()


class SyslogCollector(Collector):
    """Faults: `plain`: stored, then closed without close_notify; `lose`: stored, then reset; `hang`: stored, never closed;
    `cut`: closed after a part was read; `early`: closed before anything was read;
    `half`: the server's own direction is closed, and nothing is read."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[dict[str, str]] = []
        self.port = 0

    def serve(self, connection: ssl.SSLSocket) -> None:
        fault = self.next_fault()
        if fault == "early":
            return connection.close()
        if fault == "half":
            connection.shutdown(socket.SHUT_WR)
            self.may_go_on.wait(10)
            return connection.close()
        if fault == "cut":
            connection.recv(50)
            return connection.close()
        data = b""
        while part := connection.recv(65536):
            data += part
        parsed = [parse_message(message) for message in split_frames(data)]
        self.messages += [described for described, _row in parsed]
        is_taken = self.take([row for _described, row in parsed])
        if fault == "hang":
            self.may_go_on.wait(10)
        if fault == "lose" or not is_taken:
            return reset(connection)
        if fault != "plain":
            connection.unwrap()
        return connection.close()


@contextmanager
def syslog_collector(certificate: Path, *, receive_bytes: int = 0) -> Iterator[SyslogCollector]:
    collector = SyslogCollector()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener = socket.create_server(("127.0.0.1", 0))
    if receive_bytes:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    collector.port = listener.getsockname()[1]

    def accept() -> None:
        while True:
            try:
                plain, _address = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=handle, args=(plain,)))
            threads[-1].start()

    def handle(plain: socket.socket) -> None:
        try:
            with context.wrap_socket(plain, server_side=True, suppress_ragged_eofs=False) as connection:
                collector.serve(connection)
        except (OSError, RuleError) as error:
            collector.complaints.append(str(error))

    threads = [threading.Thread(target=accept)]
    threads[0].start()
    try:
        yield collector
    finally:
        collector.may_go_on.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in threads:
            thread.join(5)
