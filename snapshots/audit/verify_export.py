"""Check an exported audit log (JSON Lines) on any machine that has Python 3.9 or newer. Nothing else is needed.

    SNAPPORTAL_AUDIT_KEYS=... python3 verify_export.py audit-2026-11-24T17-30-00Z.jsonl [--complete] [--anchors anchors.jsonl]

It shares no line with the portal on purpose: two readers of one format find each other's mistakes.

What is checked
  - every row's own seal: nothing in a row was changed;
  - between rows whose numbers follow each other: each names the hash of the one before, and time goes on;
  - numbers only grow, from 1: no row stands twice or in another place;
  - keys change towards the first one given only, and, where the row before is there, in a row that says so;
  - with --anchors: each anchored row from the file's first row on is there, and is the one that was anchored;
  - with --complete: the rows are 1, 2, 3 … without a gap.
What a row audit.accept_… of the log accepts, with a reason, is no failure any more: each is told, for you to judge.
What a filtered export cannot show: whether rows are missing. Only a complete one can; and only an anchor shows whether
the newest rows were cut off. The last line says which of these it was.

Exit code 0: all that could be checked holds. 1: something is broken or missing. 2: it could not be checked.
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


def without_hash(row: dict[str, Any]) -> bytes:
    return canonical({name: value for name, value in row.items() if name != "hash"})


def is_sealed(row: dict[str, Any], ring: dict[str, bytes]) -> bool:
    key = ring.get(row["key_id"])
    return key is not None and hmac.compare_digest(sign(key, without_hash(row)), row["hash"])


class Accepted:
    """What the rows whose seal is valid accept: anchors that are given up, and changed rows as they were found then."""

    def __init__(self, lines: Iterable[str], ring: dict[str, bytes]) -> None:
        self.pairs: dict[str, set[tuple[int, str]]] = {}
        self.told: dict[str, int] = {}
        for line in lines:
            if ACCEPT not in line:
                continue
            try:
                row = json.loads(line, object_pairs_hook=no_twins)
                if row["action"].startswith(ACCEPT) and is_sealed(row, ring):
                    self.read(row)
            except (ValueError, KeyError, TypeError, AttributeError):
                continue  # the walk through all rows tells of it

    def read(self, row: dict[str, Any]) -> None:
        finding, _, pairs = row["evidence"].partition("; accepted: ")
        self.told.setdefault(f"{finding}; by {row['settled_by']}, reason: {row['reason']}", row["sequence"])
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


def is_torn(line: str) -> bool:
    """The beginning of an anchor whose writing was cut short, as by a full disk."""
    try:
        json.loads(line)
    except ValueError:
        return line.startswith(ANCHOR_START) or ANCHOR_START.startswith(line)
    return False


def read_anchors(path: Path, ring: dict[str, bytes]) -> Iterator[dict[str, Any]]:
    """The anchors of a file; torn lines are left out. Raises BrokenError for one that is not signed with a key of `ring`."""
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = text.strip().strip("\0")
        if is_torn(line):
            if line:
                sys.stderr.write(
                    f"Line {number} of the anchors was cut short when written, and is left out.\n"
                )
            continue
        anchor = json.loads(line, object_pairs_hook=no_twins)
        signed = {name: anchor[name] for name in ("sequence", "count", "at", "key_id")}
        message = b"snapportal anchor\n" + canonical({**signed, "head": anchor["hash"]})
        key = ring.get(anchor["key_id"])
        if key is None or not hmac.compare_digest(sign(key, message), anchor["signature"]):
            raise BrokenError(f"the anchor of row {anchor['sequence']} is not signed with a key at hand")
        yield anchor


class Anchors:
    """The anchors that are still to be met, and the oldest key that may seal behind those that were.

    Raises BrokenError for two that contradict each other. Of one that is given up only this is asked: that the row in
    its place, if any, is younger, for then the row that it names was lost, and not rewritten.
    """

    def __init__(self, lines: Iterable[dict[str, Any]], ring: dict[str, bytes], accepted: Accepted) -> None:
        self.newest_first = list(ring)
        self.oldest = len(ring)
        self.met = 0
        self.given_up: dict[int, list[dict[str, Any]]] = {}
        anchors: dict[int, dict[str, Any]] = {}
        for anchor in lines:
            if accepted.has_lost(anchor):
                self.given_up.setdefault(anchor["sequence"], []).append(anchor)
                continue
            other = anchors.setdefault(anchor["sequence"], anchor)
            if other["hash"] != anchor["hash"]:
                raise BrokenError(f"two anchors of row {anchor['sequence']} differ")
            if self.age(anchor) < self.age(other):
                anchors[anchor["sequence"]] = anchor
        self.waiting = sorted(anchors.values(), key=lambda anchor: -anchor["sequence"])

    def age(self, sealed: dict[str, Any]) -> int:
        return self.newest_first.index(sealed["key_id"])

    def pass_to(self, row: dict[str, Any], *, is_first: bool) -> None:
        """Raises BrokenError when an anchor up to `row` is not met; those before the file's first row are not asked."""
        age = self.age(row)
        while self.waiting and self.waiting[-1]["sequence"] < row["sequence"]:
            anchor = self.waiting.pop()
            if not is_first:
                raise BrokenError(f"an anchor names row {anchor['sequence']}, which is not in the file")
            self.oldest = min(self.oldest, self.age(anchor))
        for anchor in self.given_up.get(row["sequence"], ()):
            if anchor["hash"] != row["hash"] and row["at"] <= anchor["at"]:
                raise BrokenError("it stood there when it was anchored: it was written anew, and not lost")
        if age > self.oldest:
            raise BrokenError("it goes back to an older key than an anchor before it was signed with")
        if self.waiting and self.waiting[-1]["sequence"] == row["sequence"]:
            anchor = self.waiting.pop()
            if anchor["hash"] != row["hash"] or self.age(anchor) > age:
                raise BrokenError("it is not the row that was anchored")
            self.oldest = min(self.oldest, self.age(anchor))
            self.met += 1


def check_line(
    line: str, number: int, previous: dict[str, Any] | None, ring: dict[str, bytes], accepted: Accepted
) -> dict[str, Any]:
    """The row in a line. Raises BrokenError."""
    try:
        row: dict[str, Any] = json.loads(line, object_pairs_hook=no_twins)
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
    """Walk the file one row at a time. Returns what was found as a sentence.

    Raises BrokenError, and ValueError for a file without rows, in which nothing can be found.
    """
    previous: dict[str, Any] | None = None
    count, gaps, last = 0, 0, 0
    for number, line in enumerate(lines, 1):
        row = check_line(line, number, previous, ring, accepted)
        if row["sequence"] != last + 1:
            gaps += 1
            if complete:
                raise BrokenError(f"row {last + 1} is missing: line {number} is row {row['sequence']}")
        try:
            anchors.pass_to(row, is_first=previous is None)
        except BrokenError as error:
            raise BrokenError(f"row {row['sequence']} (line {number}): {error}") from None
        previous, count, last = row, count + 1, row["sequence"]
    if anchors.waiting:
        named = f"an anchor names row {anchors.waiting[0]['sequence']}"
        raise BrokenError(f"row {last + 1}: {named}, but the file ends before it")
    if not count:
        raise ValueError("the file holds no rows")
    given_up = f", {len(anchors.given_up)} were given up" if anchors.given_up else ""
    if gaps:
        agree = f"; {anchors.met} anchors agree{given_up}" if anchors.met or given_up else ""
        return f"{count} rows hold, each for itself{agree}. {gaps} gaps: a filtered export cannot show missing rows."
    return f"{count} rows hold, complete from row 1 to row {last}; {anchors.met} anchors agree{given_up}."


def main() -> int:
    parser = argparse.ArgumentParser(description="Check an exported audit log (JSON Lines).")
    parser.add_argument("export", type=Path)
    parser.add_argument("--anchors", type=Path, help="a file of anchors, one JSON object a line")
    parser.add_argument("--complete", action="store_true", help="the file must hold every row from row 1 on")
    parser.add_argument("--keys", type=Path, help="a file with the keys (default: SNAPPORTAL_AUDIT_KEYS)")
    given = parser.parse_args()
    try:
        text = given.keys.read_text() if given.keys else os.environ.get("SNAPPORTAL_AUDIT_KEYS", "")
        ring = read_keys(text)
    except (OSError, ValueError):
        sys.stderr.write("No keys: set SNAPPORTAL_AUDIT_KEYS or give --keys FILE, as id:64 hex digits.\n")
        return 2
    try:
        with given.export.open(encoding="utf-8") as lines:
            accepted = Accepted(lines, ring)
        anchors = Anchors(read_anchors(given.anchors, ring) if given.anchors else (), ring, accepted)
        with given.export.open(encoding="utf-8") as lines:
            finding = check_file(lines, ring, anchors, accepted, complete=given.complete)
        told = [f"Accepted in row {row}: {words}.\n" for words, row in accepted.told.items()]
        sys.stdout.writelines([*told, finding + "\n"])
    except BrokenError as error:
        sys.stderr.write(f"BROKEN: {error}\n")
        return 1
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"Could not be checked: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
