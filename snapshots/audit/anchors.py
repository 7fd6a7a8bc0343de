"""Anchors: signed heads of the log, stored outside the database, so that its owner cannot rewrite the log unnoticed.

They go to a file with one JSON object per line, and to a URL that takes the same object by POST. Nothing here writes
the log.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from snapshots.audit import outbound
from snapshots.audit.chain import Anchor
from snapshots.audit.durable_file import append_line

SEND_SECONDS: Final = 10.0
LINE_START: Final = '{"at":"'


class AnchorError(Exception):
    """An anchor could not be read, written or sent."""


def to_line(anchor: Anchor) -> str:
    return json.dumps(asdict(anchor), sort_keys=True, separators=(",", ":"))


def parse_anchor(fields: Mapping[str, Any]) -> Anchor:
    """The anchor in a JSON object. Raises AnchorError when a field is missing or has the wrong type."""
    try:
        anchor = Anchor(**{name: fields[name] for name in Anchor.__dataclass_fields__})
    except KeyError as error:
        raise AnchorError(f"an anchor without {error}") from None
    types = {"sequence": int, "count": int}
    for name, value in asdict(anchor).items():
        if type(value) is not types.get(name, str):
            raise AnchorError(f"an anchor whose {name} cannot be read")
    return anchor


def _is_truncated(text: str) -> bool:
    """Whether the text is the start of an anchor line whose writing was interrupted by a crash or a full disk."""
    return text.startswith(LINE_START) or LINE_START.startswith(text)


def _parse_line(text: str, number: int, on_truncated: Callable[[int], None]) -> Anchor | None:
    try:
        return parse_anchor(json.loads(text))
    except json.JSONDecodeError:
        if not _is_truncated(text):
            raise
        on_truncated(number)
        return None


def read_anchors(path: Path, *, on_truncated: Callable[[int], None]) -> list[Anchor]:
    """All anchors of the file, in file order. Raises AnchorError, also when the file does not exist.

    A truncated line is skipped, and `on_truncated` is called with its number. Skipping is safe: the log records an
    anchor as written only after its line is complete.
    """
    try:
        with path.open(encoding="utf-8") as file:
            lines = [
                (number, line.strip().strip("\0")) for number, line in enumerate(file, 1) if line.strip()
            ]
        found = [_parse_line(text, number, on_truncated) for number, text in lines]
    except (OSError, UnicodeDecodeError) as error:
        raise AnchorError(f"{path} cannot be read: {error}") from error
    except (json.JSONDecodeError, TypeError) as error:
        raise AnchorError(f"{path} holds a line that is no anchor: {error}") from error
    return [anchor for anchor in found if anchor is not None]


def append_anchor(path: Path, anchor: Anchor) -> None:
    """Append a line to the file and flush it to the disk. Raises AnchorError."""
    try:
        append_line(path, to_line(anchor))
    except OSError as error:
        raise AnchorError(f"{path} cannot be written: {error}") from error


def send_anchor(url: str, anchor: Anchor) -> None:
    """POST the anchor as JSON. Raises AnchorError unless the answer is 2xx; redirects are not followed."""
    headers = {"Content-Type": "application/json"}
    try:
        answer = outbound.post(url, to_line(anchor).encode(), headers, seconds=SEND_SECONDS)
    except outbound.OutboundError as error:
        raise AnchorError(f"the anchor could not be sent: {error}") from error
    if not 200 <= answer < 300:  # noqa: PLR2004 - any 2xx
        raise AnchorError(f"the anchor was not taken: the answer was {answer}")
