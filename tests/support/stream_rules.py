"""What a collector of a stream checks, as docs/auditors.md states it. Nothing of the portal is imported."""

import base64
import hashlib
import hmac
import json
import re
from typing import Any

FIRST_PREVIOUS_HASH = "0" * 64


class RuleError(Exception):
    """What was received breaks the rule; the collector raises an alarm."""


class CollectedRows:
    """The rows that a collector holds, in order; `repeats` counts those that it received again."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.repeats = 0

    @property
    def newest_hash(self) -> str:
        return self.rows[-1].get("hash", "") if self.rows else FIRST_PREVIOUS_HASH

    def take(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            number = row["sequence"]
            if number <= len(self.rows):
                if self.rows[number - 1].get("hash") != row.get("hash"):
                    raise RuleError(f"row {number} is not the one that was received before")
                self.repeats += 1
                continue
            if number != len(self.rows) + 1:
                raise RuleError(f"row {len(self.rows) + 1} is missing")
            is_known = self.newest_hash and row["type"] != "unreadable"
            if is_known and row["previous_hash"] != self.newest_hash:
                raise RuleError(f"row {number} does not follow the row before it")
            self.rows.append(row)


def is_signed(secret: str, headers: dict[str, str], body: bytes, now: float) -> bool:
    """Whether one of the signatures is valid and the message is at most five minutes old (Standard Webhooks 1.0.0)."""
    identity, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = hmac.new(key, b".".join([identity.encode(), timestamp.encode(), body]), hashlib.sha256)
    signature = "v1," + base64.b64encode(expected.digest()).decode()
    is_fresh = abs(now - int(timestamp)) <= 300
    return is_fresh and signature in headers["webhook-signature"].split(" ")


MESSAGE = re.compile(
    rb"<(\d{1,3})>1 (\S+) (\S+) (\S+) (\S+) (\S+) \[([^ \]]+)((?: \w+=\"(?:[^\"\\\]]|\\.)*\")*)\] (.*)",
    re.DOTALL,
)
PARAMETER = re.compile(r' (\w+)="((?:[^"\\\]]|\\.)*)"')


def split_frames(data: bytes) -> list[bytes]:
    """The messages of an octet-counted stream (RFC 5425, 4.3). Raises RuleError when the last one is cut short."""
    messages = []
    while data:
        length, blank, data = data.partition(b" ")
        if not blank or not re.fullmatch(rb"[1-9]\d*", length) or len(data) < int(length):
            raise RuleError("a frame is cut short")
        messages.append(data[: int(length)])
        data = data[int(length) :]
    return messages


def parse_message(message: bytes) -> tuple[dict[str, str], dict[str, Any]]:
    """The structured data and the row of an RFC 5424 message. Raises RuleError."""
    found = MESSAGE.fullmatch(message)
    if found is None:
        raise RuleError(f"no RFC 5424 message: {message[:200]!r}")
    data = {name: re.sub(r"\\(.)", r"\1", value) for name, value in PARAMETER.findall(found[8].decode())} | {
        "id": found[7].decode(),
        "priority": found[1].decode(),
        "at": found[2].decode(),
    }
    return data, json.loads(found[9])
