"""Check an exported audit log (JSON Lines) on any machine that has Python 3.9 or newer. Nothing else is needed.

    SNAPPORTAL_AUDIT_KEYS=... python3 verify_export.py audit-2026-11-24T17-30-00Z.jsonl [--anchors anchors.jsonl]

It shares no line with the portal on purpose: two readers of one format find each other's mistakes.

What is checked
  - every row's own seal: nothing in a row was changed;
  - between rows whose numbers follow each other: each names the hash of the one before, and time goes on;
  - numbers only grow: no row stands twice or in another place;
  - with --anchors: each anchored row that is in the file is the one that was anchored.
What a filtered export cannot show: whether rows are missing. Only a complete one, from row 1 without a gap, can; and
only an anchor shows whether the newest rows were cut off. The last line says which of these it was.

Exit code 0: all that could be checked holds. 1: something is broken. 2: it could not be checked.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

GENESIS = "0" * 64
KEY_LENGTH = 32


class BrokenError(Exception):
    pass


def read_keys(text: str) -> dict[str, bytes]:
    """`id:64 hex digits`, separated by commas or spaces, as in SNAPPORTAL_AUDIT_KEYS. Raises ValueError."""
    ring = {}
    for part in re.split(r"[,\s]+", text.strip()):
        key_id, _, digits = part.partition(":")
        ring[key_id] = bytes.fromhex(digits)
        if len(ring[key_id]) != KEY_LENGTH:
            raise ValueError("a key is not 32 bytes long")
    return ring


def no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object that names a column twice would read differently in another program."""
    row = dict(pairs)
    if len(row) != len(pairs):
        raise ValueError("a column stands twice")
    return row


def canonical(columns: dict[str, Any]) -> bytes:
    return json.dumps(columns, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sign(key: bytes, message: bytes) -> str:
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def check_row(row: dict[str, Any], previous: dict[str, Any] | None, ring: dict[str, bytes]) -> None:
    """Raises BrokenError. `previous` is the row before in the file, or None."""
    if row["key_id"] not in ring:
        raise BrokenError(f"sealed with the key {row['key_id']!r}, which is not at hand")
    columns = {name: value for name, value in row.items() if name != "hash"}
    if not hmac.compare_digest(sign(ring[row["key_id"]], canonical(columns)), row["hash"]):
        raise BrokenError("its seal does not fit what it says: it was changed")
    if row["sequence"] == 1 and row["previous_hash"] != GENESIS:
        raise BrokenError("the first row does not begin the chain")
    if previous is None:
        return
    if row["sequence"] <= previous["sequence"]:
        raise BrokenError("it stands twice or out of order")
    if row["at"] <= previous["at"]:
        raise BrokenError("its time is not after the time of the row before it")
    if row["sequence"] == previous["sequence"] + 1 and row["previous_hash"] != previous["hash"]:
        raise BrokenError("it does not follow from the row before it")


def read_anchors(path: Path, ring: dict[str, bytes]) -> dict[int, str]:
    """Sequence to hash. Raises BrokenError for an anchor that is not signed with a key of `ring`."""
    anchors: dict[int, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        anchor = json.loads(line, object_pairs_hook=no_twins)
        signed = {name: anchor[name] for name in ("sequence", "count", "at", "key_id")}
        message = b"snapportal anchor\n" + canonical({**signed, "head": anchor["hash"]})
        key = ring.get(anchor["key_id"])
        if key is None or not hmac.compare_digest(sign(key, message), anchor["signature"]):
            raise BrokenError(f"the anchor of row {anchor['sequence']} is not signed with a key at hand")
        if anchors.setdefault(anchor["sequence"], anchor["hash"]) != anchor["hash"]:
            raise BrokenError(f"two anchors of row {anchor['sequence']} differ")
    return anchors


def check_file(lines: Iterable[str], ring: dict[str, bytes], anchors: dict[int, str]) -> str:
    """Walk the file one row at a time. Returns what was found as a sentence. Raises BrokenError."""
    previous: dict[str, Any] | None = None
    count, gaps, met = 0, 0, 0
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line, object_pairs_hook=no_twins)
            place = f"row {row['sequence']} (line {number})"
            check_row(row, previous, ring)
        except (ValueError, KeyError, TypeError) as error:
            raise BrokenError(f"line {number} is no row of an export: {error}") from None
        except BrokenError as error:
            raise BrokenError(f"{place}: {error}") from None
        if row["sequence"] in anchors:
            if anchors[row["sequence"]] != row["hash"]:
                raise BrokenError(f"{place}: it is not the row that was anchored")
            met += 1
        gaps += row["sequence"] != (previous["sequence"] + 1 if previous else 1)
        previous, count = row, count + 1
    last = previous["sequence"] if previous else 0
    if gaps or not count:
        return f"{count} rows hold, each for itself. {gaps} gaps: a filtered export cannot show missing rows."
    beyond = [sequence for sequence in anchors if sequence > last]
    if beyond:
        raise BrokenError(f"row {last + 1}: an anchor names row {max(beyond)}, but the file ends before it")
    return f"{count} rows hold, complete from row 1 to row {last}; {met} anchors agree."


def main() -> int:
    parser = argparse.ArgumentParser(description="Check an exported audit log (JSON Lines).")
    parser.add_argument("export", type=Path)
    parser.add_argument("--anchors", type=Path, help="a file of anchors, one JSON object a line")
    parser.add_argument("--keys", type=Path, help="a file with the keys (default: SNAPPORTAL_AUDIT_KEYS)")
    given = parser.parse_args()
    try:
        text = given.keys.read_text() if given.keys else os.environ.get("SNAPPORTAL_AUDIT_KEYS", "")
        ring = read_keys(text)
    except (OSError, ValueError):
        sys.stderr.write("No keys: set SNAPPORTAL_AUDIT_KEYS or give --keys FILE, as id:64 hex digits.\n")
        return 2
    try:
        anchors = read_anchors(given.anchors, ring) if given.anchors else {}
        with given.export.open(encoding="utf-8") as lines:
            sys.stdout.write(check_file(lines, ring, anchors) + "\n")
    except BrokenError as error:
        sys.stderr.write(f"BROKEN: {error}\n")
        return 1
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"Could not be checked: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
