"""Check files of an audit log with the log's public key, on any machine that has Python 3.9 or newer. Nothing else is needed.

    python3 verify_log.py audit.jsonl --key VKEY [--checkpoint FILE]...
The file is an export, receipt, archive or proof (docs/log-format.md); without it, checkpoints alone are checked and compared.
Checked: the checkpoint is signed with a given key; each row is in the log, at its place, with what is shown; nothing was
changed since a checkpoint that you hold. Not checked: what a filter left out, and the chain of hashes with a secret key.
Exit code 0: everything that could be checked is valid. 1: something is not valid. 2: it could not be checked.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
BASE = b"\x58" + b"\x66" * 31
CURVE_D = -121665 * pow(121666, -1, PRIME) % PRIME
HEX = re.compile("[0-9a-f]{64}")
TIME = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z")
NOTE = re.compile("(([^\\s+\ufeff\ufffd]+)\n(0|[1-9][0-9]{0,17})\n([A-Za-z0-9+/]{43}=)\n)\n((?:— .*\n)*)")
SIGNATURE = re.compile("— ([^\\s+]+) ((?:B{4})*B{2}(?:==|B=|B{2}))\n".replace("B", "[A-Za-z0-9+/]"))
ACCEPTED = re.compile("\\b([0-9]{1,18}) [0-9a-f]{64}\\b")
UNREADABLE = (OSError, LookupError, TypeError, ValueError, AttributeError, RecursionError)
UNKNOWN = "it cannot be read, is cut off, or is of another format"
WORDS = """action actor_id actor_role at channel clock_was_behind code duration_ms format key_id operation_id phase previous_hash
provider_status request_id result sequence token_fingerprint | evidence provider_message reason server_id server_name
snapshot_id snapshot_name target token_label | actor_subject address_subject evidence_subject settled_by_subject target_subject"""
CLEAR, SALTED, SUBJECTS = (words.split() for words in WORDS.split("|"))
Point = tuple[int, int, int, int]
Key = tuple[str, bytes, bytes]  # name, the 4 bytes before its signatures, public key
Subtrees = list[tuple[int, bytes]]  # level and root of the perfect subtrees of a tree, from left to right
canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


class InvalidError(Exception): ...


def need(condition: object, message: str, kind: type[Exception] = InvalidError) -> None:
    if not condition:
        raise kind(message)


def add(a: Point, b: Point) -> Point:
    """The sum of two points of the curve edwards25519 in extended coordinates (RFC 8032, section 5.1.4)."""
    low, high = (a[1] - a[0]) * (b[1] - b[0]), (a[1] + a[0]) * (b[1] + b[0])
    t, z = 2 * a[3] * b[3] * CURVE_D, 2 * a[2] * b[2]
    e, f, g, h = (high - low) % PRIME, (z - t) % PRIME, (z + t) % PRIME, (high + low) % PRIME
    return e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME


def multiply(number: int, point: Point) -> Point:
    total = multiply(number >> 1, add(point, point)) if number else (0, 1, 1, 0)
    return add(total, point) if number & 1 else total


def decode_point(data: bytes) -> Point:
    """The point in 32 bytes (RFC 8032, section 5.1.3). Raises ValueError if they are not the one encoding of a point."""
    sign, y = divmod(int.from_bytes(data, "little"), 2**255)
    square = (y * y - 1) * pow(CURVE_D * y * y + 1, -1, PRIME) % PRIME
    root, turn = pow(square, (PRIME + 3) // 8, PRIME), pow(2, (PRIME - 1) // 4, PRIME)
    xs = [x for x in (root * turn**n % PRIME for n in range(4)) if (x * x % PRIME, x % 2) == (square, sign)]
    need(xs and y < PRIME, "this is no point of the curve", ValueError)
    return xs[0], y, 1, xs[0] * y


def encode_point(point: Point) -> bytes:
    x, y = (coordinate * pow(point[2], -1, PRIME) % PRIME for coordinate in point[:2])
    return (y | (x & 1) << 255).to_bytes(32, "little")


def is_signature(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether this is an Ed25519 signature of the message (RFC 8032, section 5.1.7, without the cofactor)."""
    s = int.from_bytes(signature[32:], "little")
    x, y, z, t = decode_point(public)
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    r = encode_point(add(multiply(s % ORDER, decode_point(BASE)), multiply(k, (-x, y, z, -t))))
    return s < ORDER and signature == r + s.to_bytes(32, "little")


def from_base64(text: str, length: int) -> bytes:
    """Raises ValueError for anything but the one base64 encoding of so many bytes."""
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text and len(data) == length, "the base64 is wrong", ValueError)
    return data


def parse_key(vkey: str) -> Key:
    """A C2SP vkey, `name+id+base64(0x01 || public key)`. Raises ValueError."""
    name, digits, encoded = vkey.strip().split("+", 2)
    data = from_base64(encoded, 33)
    key_id = hashlib.sha256(f"{name}\n".encode() + data).digest()[:4]
    need((data[0], key_id.hex(), len(name.split())) == (1, digits, 1), "this is no Ed25519 key", ValueError)
    decode_point(data[1:])
    return name, key_id, data[1:]


def parse_checkpoint(note: str, keys: list[Key]) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint (a C2SP signed note). Raises InvalidError, and ValueError for another format."""
    found = NOTE.fullmatch(note)
    text, origin, size, root, lines = found.groups() if found else [""] * 5
    need(text and not SIGNATURE.sub("", lines), "this is no checkpoint, byte for byte as signed", ValueError)
    need(origin in [key[0] for key in keys], f"the checkpoint is of another log, {origin!a}")
    signed = []
    for name, encoded in SIGNATURE.findall(lines):
        for key in keys:
            if key[0] == origin == name and base64.b64decode(encoded)[:4] == key[1]:
                signed.append(is_signature(key[2], text.encode(), from_base64(encoded, 68)[4:]))
    need(signed, "the checkpoint is not signed with a key that was given")
    need(all(signed), "a signature of the checkpoint is wrong: it was changed or forged")
    return origin, int(size), from_base64(root, 32)


def push(stack: Subtrees, level: int, digest: bytes) -> None:
    """Append a perfect subtree of 2**level leaves to a tree (RFC 9162, section 2.1); it must be at its place."""
    while stack and stack[-1][0] == level:
        digest = hashlib.sha256(b"\x01" + stack.pop()[1] + digest).digest()
        level += 1
    stack.append((level, digest))


def root_of(stack: Subtrees) -> bytes:
    digest = stack[-1][1] if stack else hashlib.sha256().digest()
    for _, left in stack[-2::-1]:
        digest = hashlib.sha256(b"\x01" + left + digest).digest()
    return digest


def commit(column: str, *, salt: str, value: Any, **subject: Any) -> str:
    """The commitment that the opening of a column opens, as hex digits. Raises InvalidError, LookupError and TypeError."""
    kind = int if column in ("server_id", "snapshot_id") else str
    is_valid = re.fullmatch("[0-9a-f]{32}", salt) and type(value) is kind and value != ""
    head, text = b"snapportal column v1\n", f"{column}\n{value}"
    if column in SUBJECTS:
        who = subject.pop("kind"), subject.pop("person_id")
        head, text = b"snapportal subject v1\n", canonical([*who, value])
    need(is_valid and not subject, f"the opening of {column} is not valid")
    return hashlib.sha256(head + bytes.fromhex(salt) + text.encode()).hexdigest()


class LogFile:
    """Reads the lines of a file and collects what they prove."""

    def __init__(self, keys: list[Key]) -> None:
        self.keys, self.allowed, self.origin, self.at = keys, ["header"], "", ""
        self.line, self.position, self.size, self.rows, self.stack = 0, 0, 0, 0, Subtrees()
        self.held, self.roots = dict[tuple[str, int], bytes](), dict[int, bytes]()
        self.accepted, self.damaged = dict[int, int](), set[int]()
        self.left_out, self.hidden = list[str](), Counter[str]()
        self.erased, self.proven = defaultdict[int, set[str]](set), set[int]()  # commitments by erasing row

    def read_header(self, *, format: str, origin: str, checkpoint: str, columns: Any, filters: str) -> None:
        need(format == "snapportal-log/1", "the format is not snapportal-log/1", ValueError)
        self.origin, self.size, self.root = parse_checkpoint(checkpoint, self.keys)
        need(origin == self.origin, "the origin is not that of the checkpoint")
        self.columns = {*SALTED, *SUBJECTS} if columns == "all" else set(columns)
        need(self.columns <= {*SALTED, *SUBJECTS}, "the header names an unknown column")
        self.filters, self.allowed, self.roots = filters, ["row", "skip", "end"], {0: root_of([])}

    def read_row(self, *, row: dict[str, Any], open: dict[str, Any], erased: Any = None) -> None:
        need(row.keys() == {*CLEAR, *SALTED, *SUBJECTS}, "it has not exactly the columns of format 1")
        need((row["sequence"], row["format"]) == (self.position + 1, 1), "its place or format is wrong")
        need(TIME.fullmatch(row["at"]) and row["at"] > self.at, "its time is not after the row before")
        is_link = HEX.fullmatch(row["previous_hash"]) and (self.position or not int(row["previous_hash"], 16))
        need(is_link, "previous_hash is not valid")
        need(open.keys() <= self.columns and all(open.values()), "it shows more than the header says")
        need(erased is None or erased.keys() <= {*SUBJECTS}, "it erases what cannot be erased")
        for column in [*SALTED, *SUBJECTS]:
            self.check_column(column, row, open.get(column), (erased or {}).get(column))
        if row["action"] == "audit.accept_changed_rows":
            pairs = ACCEPTED.findall(str([open.get("evidence"), open.get("evidence_subject")]))
            self.accepted.update((int(number), row["sequence"]) for number in pairs)
        if row["sequence"] in self.erased:
            self.check_erasure(row, self.erased[row["sequence"]], open.get("evidence"))
        self.rows, self.at = self.rows + 1, row["at"]
        self.push(0, hashlib.sha256(b"\x00" + canonical(row).encode()).digest())

    def check_column(self, column: str, row: dict[str, Any], opening: Any, eraser: Any) -> None:
        commitment = row[column]
        need(commitment is None or HEX.fullmatch(commitment), f"{column} holds no commitment")
        if opening is not None:
            need(eraser is None, f"{column} is both shown and erased")
            need(commit(column, **opening) == commitment, f"{column} is not what was recorded")
        elif eraser is not None:
            is_later = type(eraser) is int and eraser > row["sequence"]
            need(commitment and is_later, f"{column} is not erased by a later row")
            self.erased[eraser].add(commitment)
        elif commitment:
            need(column not in self.columns, f"{column} is hidden, but the header says that it is shown")
            self.hidden[column] += 1

    def check_erasure(self, row: dict[str, Any], erased: set[str], evidence: Any) -> None:
        is_erasure = row["action"] in ("person.erase", "address.erase") and row["result"] == "completed"
        need(is_erasure, "it is no erasure, but a row says so")
        if evidence:
            names = "".join(f"{commitment}\n" for commitment in sorted(erased))
            proof = f"{len(erased)} erased, digest {hashlib.sha256(names.encode()).hexdigest()}"
            self.proven |= {row["sequence"]} if evidence["value"].startswith(proof) else set()
            is_part = len(erased) < int(evidence["value"].split()[0])
            need(is_part or row["sequence"] in self.proven, "it did not erase the names of which rows say so")

    def read_skip(self, *, level: int, hash: str, damaged: bool = False, **start: int) -> None:
        is_level = type(level) is int and 0 <= level <= self.size.bit_length()
        is_next = start == {"from": self.position} and is_level and self.position % (1 << level) == 0
        need(is_next, "the skip is not at its place")
        need(HEX.fullmatch(hash) and (damaged is False or not level), "the skip is not valid")
        self.damaged |= {self.position + 1} if damaged else set()
        self.left_out += [] if self.filters else [f"{self.position + 1} to {self.position + (1 << level)}"]
        self.push(level, bytes.fromhex(hash))

    def push(self, level: int, digest: bytes) -> None:
        push(self.stack, level, digest)
        self.position += 1 << level
        need(self.position <= self.size, "the file goes on beyond its checkpoint")
        if (self.origin, self.position) in self.held:
            self.roots[self.position] = root_of(self.stack)

    def read_end(self, *, rows: int) -> None:
        need(type(rows) is int and rows == self.rows, f"the file holds {self.rows} rows, not {rows!a}")
        need(self.position == self.size, f"it ends after {self.position} of {self.size} rows")
        need(root_of(self.stack) == self.root, "a row was changed, added or removed: the root is another one")
        wrong = [n for n, root in self.roots.items() if self.held.get((self.origin, n), root) != root]
        need(not wrong, f"history was rewritten since the checkpoint of {wrong} rows")
        lost = self.damaged - self.accepted.keys()
        need(not lost, f"{len(lost)} rows were changed in the database, such as row {min(lost, default=0)}")
        self.allowed = []

    def report(self) -> Iterator[str]:
        yield f"{self.rows} of {self.size} rows are in the file, each at its place and as recorded. Log: {self.origin}"
        if self.filters:
            yield f"Filter, by its own account: {self.filters!a}. Whether it left out rows is not proven."
        elif 0 < self.rows < self.size:
            yield f"No filter, but {self.size - self.rows} rows are left out: {', '.join(self.left_out)}."
        yield from (f"Redacted: {column} in {count} rows." for column, count in sorted(self.hidden.items()))
        for row, names in sorted(self.erased.items()):
            yield f"Erased by row {row}: {len(names)} names{'' if row in self.proven else ': claimed, not proven'}."
        for row in sorted(self.damaged):
            yield f"Accepted in row {self.accepted[row]}: row {row} was changed in the database, and is lost."
        for size in sorted(size for size in self.roots if (self.origin, size) in self.held):
            yield f"The log continues the checkpoint of {size} rows: nothing before it was changed."

    def not_proven(self) -> Iterator[str]:
        for origin, size in sorted(self.held):
            if origin != self.origin:
                yield f"Not compared: the checkpoint of {size} rows is of another log, {origin!a}."
            elif size not in self.roots:
                yield f"Not proven for {size} rows. `manage.py prove_audit --size {size}` can prove it."
        for row in sorted(row for row in self.erased if row > self.size):
            yield f"Not proven: row {row}, which is said to have erased names, is beyond the checkpoint."

    def read_file(self, path: Path) -> None:
        with path.open("rb") as file:
            for self.line, text in enumerate(iter(lambda: file.readline(2**20), b""), 1):
                fields = json.loads(text)
                is_line = text.decode() == canonical(fields) + "\n" and fields["type"] in self.allowed
                need(is_line, "this is no line of the format", ValueError)
                getattr(self, f"read_{fields.pop('type')}")(**fields)
        need(not self.allowed, "the file has no end", ValueError)


def main() -> int:
    parser = argparse.ArgumentParser(description="Check a file of an audit log with the log's public key.")
    parser.add_argument("file", type=Path, nargs="?", help="an export, receipt, archive or proof")
    parser.add_argument("--key", type=parse_key, action="append", required=True, help="the log's public key")
    parser.add_argument("--checkpoint", action="append", type=Path, default=[], help="one that you hold")
    options = parser.parse_args()
    path, log = options.file, LogFile(options.key)
    if not path and not options.checkpoint:
        parser.error("there is nothing to check: name a file or a --checkpoint")
    try:
        for path in options.checkpoint:
            origin, size, root = parse_checkpoint(path.read_bytes().decode(errors="replace"), options.key)
            is_same = log.held.setdefault((origin, size), root) == root
            need(is_same, f"two logs: the checkpoints of {size} rows differ")
            log.origin, log.roots = origin, {size: root}
        if options.file:
            log.read_file(path := options.file)
    except (InvalidError, *UNREADABLE) as error:
        is_invalid = isinstance(error, InvalidError)
        place = f"{path}, line {log.line}, after row {log.position}" if log.line else path
        text = f"INVALID: {place}: {error}" if is_invalid else f"Could not be checked: {place}: {UNKNOWN}"
        sys.stderr.write(f"{text}\n")
        return 1 if is_invalid else 2
    valid = [f"A valid checkpoint of {size} rows. Log: {origin}" for origin, size in log.held]
    missing = list(log.not_proven())
    sys.stdout.writelines(f"{line}\n" for line in (log.report() if options.file else valid))
    sys.stderr.writelines(f"{line}\n" for line in missing)
    return 2 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
