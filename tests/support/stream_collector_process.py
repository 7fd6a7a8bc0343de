"""A webhook receiver that kills itself at a named point: the collector of kill_streams, which forks it.

It appends the body of each batch to a file as one line, flushed to the disk, before it answers. The point is `never`,
`before_store`, `in_store` (a part of the line is written) or `after_store` (nothing is answered).
"""

import os
import signal
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TextIO

from tests.support.stream_collectors import SECRET
from tests.support.stream_rules import is_signed


def kill_self() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def store(path: Path, body: bytes, point: str) -> None:
    """Append a line; a line that a crash has cut short is removed first, as nobody was told that it is there."""
    with path.open("r+b") as file:
        content = file.read()
        file.seek(content.rfind(b"\n") + 1)
        file.truncate()
        if point == "in_store":
            file.write(body[: len(body) // 2])
            file.flush()
            kill_self()
        file.write(body + b"\n")
        file.flush()
        os.fsync(file.fileno())


def collect(port: int, path: Path, point: str, said: TextIO) -> None:
    """Collect until killed. Writes the port to `said` once it listens there; 0 selects a free one."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            if point == "before_store":
                kill_self()
            is_valid = is_signed(SECRET, headers, body, time.time())
            if is_valid:
                store(path, body, point)
            if point == "after_store":
                kill_self()
            self.send_response(204 if is_valid else 401)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Keep the output free of request lines."""

    path.touch()
    server = HTTPServer(("127.0.0.1", port), Handler)
    print(server.server_port, file=said, flush=True)
    server.serve_forever()
