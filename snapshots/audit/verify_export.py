"""Check an exported audit log (JSON Lines) on any machine that has Python 3.9 or newer. Nothing else is needed.

    SNAPPORTAL_AUDIT_KEYS=... python3 verify_export.py audit-2026-11-24T17-30-00Z.jsonl [--complete] [--anchors anchors.jsonl]

It deliberately shares no code with the portal: two independent implementations reveal each other's errors.

What is checked
  - the seal of every row: the row was not changed;
  - consecutive rows: each names the hash of the previous row;
  - sequence and time increase, from row 1: no row is duplicated or moved;
  - keys change only towards the first key given and, where the previous row is present, in a row that declares it;
  - with --anchors: each anchored row from the file's first row on is present and has the anchored hash;
  - with --complete: the rows are 1, 2, 3 … without a gap.
Damage that a row audit.accept_… of the log accepts is not a failure. Each acceptance is printed, for you to evaluate.
A filtered export cannot show whether rows are missing; a complete export can. Only an anchor shows whether the newest
rows were cut off. The last line of the output says which of these was checked.

Exit code 0: everything that could be checked is valid. 1: something is broken or missing. 2: it could not be checked.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

GENESIS = "0" * 64
ACCEPT = "audit.accept_"
KEY_LENGTH = 32
ANCHOR_START = '{"at":"'
PAIR = re.compile(r"\b(\d{1,18}) ([0-9a-f]{64})\b")


class BrokenError(Exception): ...


def read_keys(text: str) -> dict[str, bytes]:
    """`id:64 hex digits`, separated by commas or spaces, as in SNAPPORTAL_AUDIT_KEYS. Raises ValueError."""
    ring = {}
    for part in re.split(r"[,\s]+", text.strip()):
        key_id, _, digits = part.partition(":")
        ring[key_id] = bytes.fromhex(digits)
        if len(ring[key_id]) != KEY_LENGTH:
            raise ValueError("a key is not 32 bytes long")
    return ring


def reject_duplicate_columns(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object as a dict. Raises ValueError for a duplicate column, which programs would read differently."""
    row = dict(pairs)
    if len(row) != len(pairs):
        raise ValueError("a column stands twice")
    return row


def canonical(columns: dict[str, Any]) -> bytes:
    return json.dumps(columns, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sign(key: bytes, message: bytes) -> str:
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def without_hash(row: dict[str, Any]) -> bytes:
    return canonical({name: value for name, value in row.items() if name != "hash"})


def is_sealed(row: dict[str, Any], ring: dict[str, bytes]) -> bool:
    key = ring.get(row["key_id"])
    return key is not None and hmac.compare_digest(sign(key, without_hash(row)), row["hash"])


class Accepted:
    """The damage that rows with a valid seal accept: anchors that are given up, and rows that were changed."""

    def __init__(self, lines: Iterable[str], ring: dict[str, bytes]) -> None:
        self.pairs: dict[str, set[tuple[int, str]]] = {}
        self.descriptions: dict[str, int] = {}
        for line in lines:
            if ACCEPT not in line:
                continue
            try:
                row = json.loads(line, object_pairs_hook=reject_duplicate_columns)
                if row["action"].startswith(ACCEPT) and is_sealed(row, ring):
                    self.read(row)
            except (ValueError, KeyError, TypeError, AttributeError):
                continue  # check_file reports this line

    def read(self, row: dict[str, Any]) -> None:
        finding, _, pairs = row["evidence"].partition("; accepted: ")
        text = f"{finding}; by {row['settled_by']}, reason: {row['reason']}"
        self.descriptions.setdefault(text, row["sequence"])
        named = self.pairs.setdefault(row["action"], set())
        named.update((int(number), digits) for number, digits in PAIR.findall(pairs))

    def has_lost(self, anchor: dict[str, Any]) -> bool:
        return (anchor["sequence"], anchor["hash"]) in self.pairs.get(f"{ACCEPT}restored_log", ())

    def has_changed(self, row: dict[str, Any]) -> bool:
        found = hashlib.sha256(without_hash(row) + row["hash"].encode()).hexdigest()
        return (row["sequence"], found) in self.pairs.get(f"{ACCEPT}changed_rows", ())


def check_row(
    row: dict[str, Any], previous: dict[str, Any] | None, ring: dict[str, bytes], accepted: Accepted
) -> None:
    """Raises BrokenError. `previous` is the row before in the file, or None."""
    if row["key_id"] not in ring:
        raise BrokenError(f"sealed with the key {row['key_id']!r}, which is not at hand")
    if not is_sealed(row, ring) and not accepted.has_changed(row):
        raise BrokenError(
            "its signature is not valid: it was changed, or the key is a wrong one under the right ID"
        )
    if row["sequence"] < 1:
        raise BrokenError("no row stands before row 1")
    if row["sequence"] == 1 and row["previous_hash"] != GENESIS:
        raise BrokenError("the first row does not begin the chain")
    if previous is None:
        return
    if row["sequence"] <= previous["sequence"]:
        raise BrokenError("it stands twice or out of order")
    if row["at"] <= previous["at"]:
        raise BrokenError("its time is not after the time of the row before it")
    follows = row["sequence"] == previous["sequence"] + 1
    if follows and row["previous_hash"] != previous["hash"]:
        raise BrokenError("it does not follow from the row before it")
    if row["key_id"] != previous["key_id"]:
        check_key_change(row, previous, list(ring), follows)


def check_key_change(
    row: dict[str, Any], previous: dict[str, Any], newest_first: list[str], follows: bool
) -> None:
    if newest_first.index(row["key_id"]) > newest_first.index(previous["key_id"]):
        raise BrokenError("it goes back to an older key")
    if follows and row["action"] != "audit.key_change":
        raise BrokenError("the key changes without a row that says so")


def is_truncated(line: str) -> bool:
    """Whether the line is the start of an anchor whose writing was interrupted, for example by a full disk."""
    try:
        json.loads(line)
    except ValueError:
        return line.startswith(ANCHOR_START) or ANCHOR_START.startswith(line)
    return False


def read_anchors(path: Path, ring: dict[str, bytes]) -> Iterator[dict[str, Any]]:
    """The anchors of a file without truncated lines. Raises BrokenError for one that is not signed with a key of `ring`."""
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = text.strip().strip("\0")
        if is_truncated(line):
            if line:
                sys.stderr.write(
                    f"Line {number} of the anchors was cut short when written, and is left out.\n"
                )
            continue
        anchor = json.loads(line, object_pairs_hook=reject_duplicate_columns)
        signed = {name: anchor[name] for name in ("sequence", "count", "at", "key_id")}
        message = b"snapportal anchor\n" + canonical({**signed, "head": anchor["hash"]})
        key = ring.get(anchor["key_id"])
        if key is None or not hmac.compare_digest(sign(key, message), anchor["signature"]):
            raise BrokenError(f"the anchor of row {anchor['sequence']} is not signed with a key at hand")
        yield anchor


class Anchors:
    """The anchors that are not yet matched with a row, and the oldest key that may seal the rows to come.

    Raises BrokenError for two anchors that contradict each other. For an anchor that was given up, the row with its
    sequence, if any, need only be newer than the anchor: the anchored row was lost, not rewritten.
    """

    def __init__(self, lines: Iterable[dict[str, Any]], ring: dict[str, bytes], accepted: Accepted) -> None:
        self.newest_first = list(ring)
        self.oldest_allowed = len(ring)
        self.matched = 0
        self.given_up: dict[int, list[dict[str, Any]]] = {}
        anchors: dict[int, dict[str, Any]] = {}
        for anchor in lines:
            if accepted.has_lost(anchor):
                self.given_up.setdefault(anchor["sequence"], []).append(anchor)
                continue
            other = anchors.setdefault(anchor["sequence"], anchor)
            if other["hash"] != anchor["hash"]:
                raise BrokenError(f"two anchors of row {anchor['sequence']} differ")
            if self.key_age(anchor) < self.key_age(other):
                anchors[anchor["sequence"]] = anchor
        self.pending = sorted(anchors.values(), key=lambda anchor: -anchor["sequence"])

    def key_age(self, sealed: dict[str, Any]) -> int:
        return self.newest_first.index(sealed["key_id"])

    def check(self, row: dict[str, Any], *, is_first: bool) -> None:
        """Raises BrokenError when an anchor up to `row` does not match; anchors before the first row are not checked."""
        age = self.key_age(row)
        while self.pending and self.pending[-1]["sequence"] < row["sequence"]:
            anchor = self.pending.pop()
            if not is_first:
                raise BrokenError(f"an anchor names row {anchor['sequence']}, which is not in the file")
            self.oldest_allowed = min(self.oldest_allowed, self.key_age(anchor))
        for anchor in self.given_up.get(row["sequence"], ()):
            if anchor["hash"] != row["hash"] and row["at"] <= anchor["at"]:
                raise BrokenError("it stood there when it was anchored: it was written anew, and not lost")
        if age > self.oldest_allowed:
            raise BrokenError("it goes back to an older key than an anchor before it was signed with")
        if self.pending and self.pending[-1]["sequence"] == row["sequence"]:
            anchor = self.pending.pop()
            if anchor["hash"] != row["hash"] or self.key_age(anchor) > age:
                raise BrokenError("it is not the row that was anchored")
            self.oldest_allowed = min(self.oldest_allowed, self.key_age(anchor))
            self.matched += 1


def check_line(
    line: str, number: int, previous: dict[str, Any] | None, ring: dict[str, bytes], accepted: Accepted
) -> dict[str, Any]:
    """The row in a line. Raises BrokenError."""
    try:
        row: dict[str, Any] = json.loads(line, object_pairs_hook=reject_duplicate_columns)
        place = f"row {row['sequence']} (line {number})"
        check_row(row, previous, ring, accepted)
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenError(f"line {number} is no row of an export: {error}") from None
    except BrokenError as error:
        raise BrokenError(f"{place}: {error}") from None
    return row


def check_file(
    lines: Iterable[str], ring: dict[str, bytes], anchors: Anchors, accepted: Accepted, *, complete: bool
) -> str:
    """The result for a whole file as a sentence. Raises BrokenError, and ValueError for a file without rows."""
    previous: dict[str, Any] | None = None
    count, gaps, last = 0, 0, 0
    for number, line in enumerate(lines, 1):
        row = check_line(line, number, previous, ring, accepted)
        if row["sequence"] != last + 1:
            gaps += 1
            if complete:
                raise BrokenError(f"row {last + 1} is missing: line {number} is row {row['sequence']}")
        try:
            anchors.check(row, is_first=previous is None)
        except BrokenError as error:
            raise BrokenError(f"row {row['sequence']} (line {number}): {error}") from None
        previous, count, last = row, count + 1, row["sequence"]
    if anchors.pending:
        named = f"an anchor names row {anchors.pending[0]['sequence']}"
        raise BrokenError(f"row {last + 1}: {named}, but the file ends before it")
    if not count:
        raise ValueError("the file holds no rows")
    given_up = f", {len(anchors.given_up)} were given up" if anchors.given_up else ""
    if gaps:
        agree = f"; {anchors.matched} anchors agree{given_up}" if anchors.matched or given_up else ""
        return f"{count} rows hold, each for itself{agree}. {gaps} gaps: a filtered export cannot show missing rows."
    return f"{count} rows hold, complete from row 1 to row {last}; {anchors.matched} anchors agree{given_up}."


def main() -> int:
    parser = argparse.ArgumentParser(description="Check an exported audit log (JSON Lines).")
    parser.add_argument("export", type=Path)
    parser.add_argument("--anchors", type=Path, help="a file of anchors, one JSON object a line")
    parser.add_argument("--complete", action="store_true", help="the file must hold every row from row 1 on")
    parser.add_argument("--keys", type=Path, help="a file with the keys (default: SNAPPORTAL_AUDIT_KEYS)")
    options = parser.parse_args()
    try:
        text = options.keys.read_text() if options.keys else os.environ.get("SNAPPORTAL_AUDIT_KEYS", "")
        ring = read_keys(text)
    except (OSError, ValueError):
        sys.stderr.write("No keys: set SNAPPORTAL_AUDIT_KEYS or give --keys FILE, as id:64 hex digits.\n")
        return 2
    try:
        with options.export.open(encoding="utf-8") as lines:
            accepted = Accepted(lines, ring)
        anchors = Anchors(read_anchors(options.anchors, ring) if options.anchors else (), ring, accepted)
        with options.export.open(encoding="utf-8") as lines:
            finding = check_file(lines, ring, anchors, accepted, complete=options.complete)
        acceptances = [f"Accepted in row {row}: {text}.\n" for text, row in accepted.descriptions.items()]
        sys.stdout.writelines([*acceptances, finding + "\n"])
    except BrokenError as error:
        sys.stderr.write(f"BROKEN: {error}\n")
        return 1
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"Could not be checked: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
