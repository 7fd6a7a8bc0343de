"""A small web server in front of the portal: passes on requests under one path, and is another application elsewhere."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OWN_HEADERS = {"connection", "date", "server", "transfer-encoding", "keep-alive"}
ELSEWHERE = b"Another application of this host."


class ReverseProxy(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, path: str, *, strips: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.portal_port = port
        self.path = path
        self.strips = strips
        self.outside: list[str] = []
        """Requested paths that are not the portal's."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    server: ReverseProxy

    def log_message(self, format: str, *args: object) -> None:
        """Write no lines to standard error."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if not f"{self.path}/".startswith(self.server.path):
            self.server.outside.append(self.path)
            self._answer(404, [("Content-Type", "text/plain")], ELSEWHERE)
            return
        path = "/" + self.path[len(self.server.path) :] if self.server.strips else self.path
        portal = HTTPConnection("127.0.0.1", self.server.portal_port, timeout=30)
        headers = dict(self.headers.items()) | {
            "Connection": "close",
            "X-Forwarded-For": self.client_address[0],
            "X-Forwarded-Proto": "http",
        }
        try:
            portal.request(self.command, path, body, headers)
            answer = portal.getresponse()
            self._answer(answer.status, answer.getheaders(), answer.read())
        finally:
            portal.close()

    do_GET = do_POST = do_DELETE = do_HEAD = _serve

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in OWN_HEADERS | {"content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def proxy_for(port: int, path: str, *, strips: bool = False) -> Iterator[ReverseProxy]:
    """Run a proxy that passes on requests under `path`, with the path or (`strips`) without it."""
    proxy = ReverseProxy(port, path, strips=strips)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join(5)
