"""A webhook receiver that checks signatures, and a mail server, both on loopback and able to misbehave."""

import json
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.stream_rules import is_signed

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
POLL_SECONDS = 0.01


class Receiver:
    """`statuses`: the answers to the next messages, first one first; then 204. A stored message has its ID and events."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self.unsigned = 0
        self.paths: list[str] = []
        self.url = ""

    @property
    def ids(self) -> list[str]:
        return [identity for identity, _body in self.messages]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for _identity, body in self.messages for event in body["data"]["events"]]


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.receiver.paths.append(self.path)
        status = self.receiver.statuses.pop(0) if self.receiver.statuses else 204
        if "webhook-id" in headers:
            if is_signed(SECRET, headers, body, time.time()):
                self.receiver.messages.append((headers["webhook-id"], json.loads(body)))
            else:
                self.receiver.unsigned += 1
                status = 401
        self.send_response(status)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Keep the test output free of request lines."""


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def webhook_receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"receiver": receiver}))
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook?team=ops"
    with _serving(server):
        yield receiver


class MailSink:
    """`refusals`: replies to the next recipients, such as b'550 no'; then they are accepted."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refusals: list[bytes] = []
        self.port = 0


class _MailHandler(socketserver.StreamRequestHandler):
    sink: MailSink

    def handle(self) -> None:
        self.wfile.write(b"220 sink\r\n")
        while line := self.rfile.readline():
            if line.strip().upper() == b"DATA":
                self._take_data()
            else:
                self.wfile.write(self._reply(line) + b"\r\n")

    def _reply(self, line: bytes) -> bytes:
        if line.upper().startswith(b"RCPT") and self.sink.refusals:
            return self.sink.refusals.pop(0)
        return b"221 bye" if line.upper().startswith(b"QUIT") else b"250 ok"

    def _take_data(self) -> None:
        self.wfile.write(b"354 go on\r\n")
        data = b""
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            data += line.removeprefix(b".") if line.startswith(b"..") else line
        parsed = message_from_bytes(data, _class=EmailMessage, policy=policy.default)
        self.sink.mails.append(parsed)
        self.wfile.write(b"250 taken\r\n")


@contextmanager
def mail_sink() -> Iterator[MailSink]:
    sink = MailSink()
    server = socketserver.ThreadingTCPServer(
        ("127.0.0.1", 0), type("Handler", (_MailHandler,), {"sink": sink})
    )
    server.daemon_threads = True
    sink.port = server.server_address[1]
    with _serving(server):
        yield sink
