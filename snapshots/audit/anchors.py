"""Anchors: the head of the log, signed and noted where whoever owns the database cannot reach it.

A file with one JSON object a line, and a web address that takes the same object by POST. Nothing here writes the log.
"""

import http.client
import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from snapshots.audit.chain import Anchor

SEND_SECONDS: Final = 10.0
LINE_START: Final = '{"at":"'


class AnchorError(Exception):
    """An anchor could not be read, written or sent."""


def to_line(anchor: Anchor) -> str:
    return json.dumps(asdict(anchor), sort_keys=True, separators=(",", ":"))


def parse_anchor(fields: Mapping[str, Any]) -> Anchor:
    """Raises AnchorError when a field is missing or of another kind."""
    try:
        anchor = Anchor(**{name: fields[name] for name in Anchor.__dataclass_fields__})
    except KeyError as error:
        raise AnchorError(f"an anchor without {error}") from None
    kinds = {"sequence": int, "count": int}
    for name, value in asdict(anchor).items():
        if type(value) is not kinds.get(name, str):
            raise AnchorError(f"an anchor whose {name} cannot be read")
    return anchor


def _is_torn(text: str) -> bool:
    """The beginning of a line of ours, whose writing was cut short: by a crash, or a full disk."""
    return text.startswith(LINE_START) or LINE_START.startswith(text)


def _parse_line(text: str, number: int, on_torn: Callable[[int], None]) -> Anchor | None:
    try:
        return parse_anchor(json.loads(text))
    except json.JSONDecodeError:
        if not _is_torn(text):
            raise
        on_torn(number)
        return None


def read_anchors(path: Path, *, on_torn: Callable[[int], None]) -> list[Anchor]:
    """All anchors of the file, in its order. Raises AnchorError, also when the file is not there.

    A torn line is left out, and `on_torn` is told its number: nobody ever relied on that anchor, for it was not
    noted in the log as written.
    """
    try:
        with path.open(encoding="utf-8") as file:
            lines = [
                (number, line.strip().strip("\0")) for number, line in enumerate(file, 1) if line.strip()
            ]
        found = [_parse_line(text, number, on_torn) for number, text in lines]
    except (OSError, UnicodeDecodeError) as error:
        raise AnchorError(f"{path} cannot be read: {error}") from error
    except (json.JSONDecodeError, TypeError) as error:
        raise AnchorError(f"{path} holds a line that is no anchor: {error}") from error
    return [anchor for anchor in found if anchor is not None]


def _ends_open(handle: int) -> bool:
    """Is there a last line without its line feed? What comes next would be lost with it."""
    size = os.fstat(handle).st_size
    return size > 0 and os.pread(handle, 1, size - 1) != b"\n"


def append_anchor(path: Path, anchor: Anchor) -> None:
    """Add a line to the file, and return when it lies on the disk. Raises AnchorError."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        with os.fdopen(handle, "ab") as file:
            begin = b"\n" if _ends_open(handle) else b""
            file.write(begin + to_line(anchor).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)  # else a new file's name could be lost with the power
        finally:
            os.close(folder)
    except OSError as error:
        raise AnchorError(f"{path} cannot be written: {error}") from error


def _post(url: str, body: bytes) -> int:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=SEND_SECONDS)
    try:
        connection.request("POST", parts.path or "/", body, {"Content-Type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()


def send_anchor(url: str, anchor: Anchor) -> None:
    """POST the anchor as JSON. Only a 2xx counts; redirects are not followed. Raises AnchorError.

    http.client's time limit starts anew with each byte; so the whole call runs beside us, and we wait SEND_SECONDS.
    """
    outcome: list[int | Exception] = []

    def run() -> None:
        try:
            outcome.append(_post(url, to_line(anchor).encode()))
        except (OSError, http.client.HTTPException) as error:
            outcome.append(error)

    sender = threading.Thread(target=run, daemon=True)
    sender.start()
    sender.join(SEND_SECONDS)
    answer = outcome[0] if outcome else TimeoutError(f"no answer within {SEND_SECONDS:.0f} seconds")
    if isinstance(answer, Exception):
        raise AnchorError(f"the anchor could not be sent: {answer}") from answer
    if not 200 <= answer < 300:  # noqa: PLR2004 - any 2xx
        raise AnchorError(f"the anchor was not taken: the answer was {answer}")
