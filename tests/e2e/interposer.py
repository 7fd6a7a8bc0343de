"""A proxy before the portal that can answer in the portal's place, as one does when a session of its own has ended."""

import http.client
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
SIGN_IN_PATH = "/corp-sign-in"
FOREIGN_TEXT = "Example Corp network access"
FOREIGN_PAGE = f"""<!doctype html><html><head><title>{FOREIGN_TEXT}</title></head>
<body><form id="foreign" action="{SIGN_IN_PATH}"><h1>{FOREIGN_TEXT}</h1><input name="corp-password"></form></body></html>"""


@dataclass(frozen=True)
class Interposed:
    """What the proxy says instead of the portal, and after how long."""

    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


class Interposer(ThreadingHTTPServer):
    """Passes requests on to `portal_url`; while `interposed` is set, those of htmx get that answer. SIGN_IN_PATH is its own."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, portal_url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        parts = urlsplit(portal_url)
        self.portal = parts.hostname or "", parts.port or 80
        self.interposed: Interposed | None = None
        self.answered_instead = 0
        self.closing = threading.Event()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def close(self) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Interposer

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        interposed = self.server.interposed
        if self.path.startswith(SIGN_IN_PATH):
            interposed = Interposed(200, FOREIGN_PAGE)
        elif "HX-Request" not in self.headers:
            interposed = None
        if interposed is not None:
            self._interpose(interposed)
        else:
            self._pass_on(body)

    do_GET = do_POST = do_HEAD = _serve

    def _interpose(self, interposed: Interposed) -> None:
        self.server.answered_instead += 1
        self.server.closing.wait(interposed.seconds)
        headers = {"Content-Type": "text/html", **interposed.headers}
        self._answer(interposed.status, list(headers.items()), interposed.body.encode())

    def _pass_on(self, body: bytes) -> None:
        connection = http.client.HTTPConnection(*self.server.portal, timeout=30)
        try:
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            self._answer(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass
