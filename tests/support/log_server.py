"""A loopback server of a log's checkpoint and tiles that can rewrite, split, roll back or withhold its log."""

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.log_files import checkpoint, root_of

Answer = tuple[int, bytes]


def leaves(count: int, kind: str = "") -> list[bytes]:
    return [hashlib.sha256(f"{kind}{number}".encode()).digest() for number in range(count)]


def tile_path(level: int, index: int) -> str:
    """The path of a full tile (C2SP tlog-tiles): three digits an element, all but the last after an x."""
    digits = str(index).zfill(-(-len(str(index)) // 3) * 3)
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return f"/log/tile/{level}/" + "/".join([f"x{part}" for part in parts[:-1]] + parts[-1:])


class LogServer:
    """`leaves` is its log, `note` its checkpoint if it is not that of `leaves`; `override` may answer first.

    `reason` replaces the reason phrase of each answer.
    """

    def __init__(self) -> None:
        self.leaves: list[bytes] = []
        self.note = ""
        self.override: Callable[[str], Answer | None] = lambda path: None
        self.requested: list[str] = []
        self.reason: str | None = None
        self.url = ""

    def answer(self, path: str) -> Answer:
        self.requested.append(path)
        if found := self.override(path):
            return found
        if path == "/log/checkpoint":
            return 200, (self.note or checkpoint(self.leaves)).encode()
        tiles = dict(self.tiles(int(path.split("/")[3])))
        return (200, tiles[path]) if path in tiles else (404, b"")

    def tiles(self, level: int) -> Iterator[tuple[str, bytes]]:
        step = 256**level
        hashes = [
            root_of(self.leaves[at : at + step]) for at in range(0, len(self.leaves) // step * step, step)
        ]
        for start in range(0, len(hashes), 256):
            found = hashes[start : start + 256]
            path = tile_path(level, start // 256)
            yield path if len(found) == 256 else f"{path}.p/{len(found)}", b"".join(found)


@contextlib.contextmanager
def running() -> Iterator[LogServer]:
    log = LogServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = log.answer(self.path)
            self.send_response(status, log.reason)
            if status == 302:
                self.send_header("Location", body.decode())
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # the witness gave up
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: the tests read what was requested."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        log.url = f"http://127.0.0.1:{server.server_port}/log/"
        yield log
        server.shutdown()
        thread.join()
