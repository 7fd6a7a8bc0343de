"""Check files of an audit log with the log's public key, on any machine that has Python 3.9 or newer. Nothing else is needed.

    python3 verify_log.py audit.jsonl --key VKEY [--checkpoint FILE]...     an export, receipt, archive or proof
    python3 verify_log.py --key VKEY --checkpoint FILE --checkpoint FILE    two checkpoints of the same size
It shares no code with the portal. The format: docs/log-format.md. VKEY is what `manage.py show_log_key` prints.

Checked: the file's checkpoint is signed with a given key and is of the log that the key names; every row is in that log,
at its place, with this content; what is shown was recorded, what is hidden or erased is counted; the log continues each
checkpoint that you hold. Not checked: whether a filter left out matching rows; the chain of keyed hashes, which needs a
secret key. Damage that a row audit.accept_changed_rows in the file accepts is printed, for you to evaluate.
Exit code 0: everything that could be checked is valid. 1: something is not valid. 2: it could not be checked.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE_D = -121665 * pow(121666, -1, PRIME) % PRIME
HEX = re.compile("[0-9a-f]{64}")
TIME = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z")
SIGNATURE = re.compile("— ([^\\s+]+) ([A-Za-z0-9+/]+=*)\n")
ACCEPTED = re.compile("\\b([0-9]{1,18}) [0-9a-f]{64}\\b")
WORDS = """action actor_id actor_role at channel clock_was_behind code duration_ms format key_id operation_id phase previous_hash
provider_status request_id result sequence token_fingerprint | evidence provider_message reason server_id server_name
snapshot_id snapshot_name target token_label | actor_subject address_subject evidence_subject settled_by_subject target_subject"""
CLEAR, SALTED, SUBJECTS = (words.split() for words in WORDS.split("|"))
Point = tuple[int, int, int, int]
Key = tuple[str, bytes, bytes]  # name, the 4 bytes before its signatures, public key
Subtrees = list[tuple[int, bytes]]  # level and root of the perfect subtrees of a tree, from left to right
canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


class InvalidError(Exception): ...


def need(condition: object, message: str) -> None:
    if not condition:
        raise InvalidError(message)


def add(a: Point, b: Point) -> Point:
    """The sum of two points of the curve edwards25519 in extended coordinates (RFC 8032, section 5.1.4)."""
    low, high = (a[1] - a[0]) * (b[1] - b[0]), (a[1] + a[0]) * (b[1] + b[0])
    t, z = 2 * a[3] * b[3] * CURVE_D, 2 * a[2] * b[2]
    e, f, g, h = (high - low) % PRIME, (z - t) % PRIME, (z + t) % PRIME, (high + low) % PRIME
    return e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME


def multiply(number: int, point: Point) -> Point:
    total = (0, 1, 1, 0)
    while number:
        total = add(total, point) if number & 1 else total
        point, number = add(point, point), number >> 1
    return total


def decode_point(data: bytes) -> Point:
    """The point in 32 bytes (RFC 8032, section 5.1.3). Raises ValueError if they are not the one encoding of a point."""
    sign, y = divmod(int.from_bytes(data, "little"), 2**255)
    square = (y * y - 1) * pow(CURVE_D * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if (x * x - square) % PRIME:
        x = x * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    if y >= PRIME or (x * x - square) % PRIME or (sign and not x):
        raise ValueError("this is no point of the curve")
    x = x if x % 2 == sign else PRIME - x
    return x, y, 1, x * y


def encode_point(point: Point) -> bytes:
    x, y = (coordinate * pow(point[2], -1, PRIME) % PRIME for coordinate in point[:2])
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = decode_point(b"\x58" + b"\x66" * 31)


def is_signature(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether this is an Ed25519 signature of the message (RFC 8032, section 5.1.7, without the cofactor)."""
    s = int.from_bytes(signature[32:], "little")
    x, y, z, t = decode_point(public)
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    r = encode_point(add(multiply(s % ORDER, BASE), multiply(k, (-x, y, z, -t))))
    return s < ORDER and signature == r + s.to_bytes(32, "little")


def from_base64(text: str, length: int) -> bytes:
    """Raises ValueError for anything but the one base64 encoding of so many bytes."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text or len(data) != length:
        raise ValueError("the base64 or its length is not valid")
    return data


def parse_key(vkey: str) -> Key:
    """A C2SP vkey, `name+id+base64(0x01 || public key)`. Raises ValueError."""
    name, digits, encoded = vkey.strip().split("+", 2)
    data = from_base64(encoded, 33)
    key_id = hashlib.sha256(f"{name}\n".encode() + data).digest()[:4]
    if data[0] != 1 or key_id.hex() != digits or not name or len(name.split()) != 1:
        raise ValueError("this is no Ed25519 key with its name and ID")
    decode_point(data[1:])
    return name, key_id, data[1:]


def parse_checkpoint(note: str, keys: list[Key]) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint (a C2SP signed note). Raises InvalidError, and ValueError for another format."""
    text, _, rest = note.rpartition("\n\n")
    origin, size, root = text.split("\n")
    need(re.fullmatch("0|[1-9][0-9]{0,17}", size) and not SIGNATURE.sub("", rest), "this is no checkpoint")
    need(origin in [key[0] for key in keys], f"the checkpoint is of another log, {origin!a}")
    signed = []
    for name, encoded in SIGNATURE.findall(rest):
        for key in keys:
            if key[0] == origin == name and base64.b64decode(encoded)[:4] == key[1]:
                signed.append(is_signature(key[2], f"{text}\n".encode(), from_base64(encoded, 68)[4:]))
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


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    need(len(dict(pairs)) == len(pairs), "a name stands twice in an object")
    return dict(pairs)


def commit(column: str, *, salt: str, value: Any, **subject: Any) -> str:
    """The commitment that the opening of a column opens, as hex digits. Raises InvalidError, LookupError and TypeError."""
    kind = int if column in ("server_id", "snapshot_id") else str
    is_valid = re.fullmatch("[0-9a-f]{32}", salt) and type(value) is kind and value != ""
    prefix, content = b"snapportal column v1\n", f"{column}\n{value}"
    if column in SUBJECTS:
        who = [subject.pop("kind"), subject.pop("person_id")]
        is_valid = is_valid and who[0] in ("person", "text", "address") and type(who[1]) in (int, type(None))
        prefix, content = b"snapportal subject v1\n", canonical([*who, value])
    need(is_valid and not subject, f"the opening of {column} is not valid")
    return hashlib.sha256(prefix + bytes.fromhex(salt) + content.encode()).hexdigest()


class LogFile:
    """Reads the lines of a file and collects what they prove. Raises InvalidError, LookupError, TypeError, ValueError."""

    def __init__(self, keys: list[Key], held: dict[int, bytes]) -> None:
        self.keys, self.held, self.allowed = keys, held, ["header"]
        self.position, self.rows, self.at, self.stack = 0, 0, "", Subtrees()
        self.hidden, self.erased = Counter[str](), Counter[int]()
        self.accepted, self.damaged = dict[int, int](), set[int]()
        self.unproven, self.rewritten, self.confirmed = set[int](), set[int](), set[int]()

    def read(self, *, type: str, **fields: Any) -> None:
        need(type in self.allowed, f"a line of the type {type!a} is not allowed here")
        getattr(self, f"read_{type}")(**fields)

    def read_header(self, *, format: str, origin: str, checkpoint: str, columns: Any, filters: str) -> None:
        need(format == "snapportal-log/1", "the format is not snapportal-log/1")
        signed_origin, self.size, self.root = parse_checkpoint(checkpoint, self.keys)
        need(origin == signed_origin, "the origin is not that of the checkpoint")
        self.columns = {*SALTED, *SUBJECTS} if columns == "all" else set(columns)
        need(self.columns <= {*SALTED, *SUBJECTS}, "the header names an unknown column")
        self.filters, self.allowed = filters, ["row", "skip", "end"]
        self.unproven.update(size for size in self.held if size > self.size)

    def read_row(self, *, row: dict[str, Any], open: dict[str, Any], erased: Any = None) -> None:
        need(row.keys() == {*CLEAR, *SALTED, *SUBJECTS}, "it has not exactly the columns of format 1")
        need(
            (row["format"], row["sequence"]) == (1, self.position + 1), "not of format 1, or not at its place"
        )
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
            need(row["action"] in ("person.erase", "address.erase"), "it is no erasure, but a row says so")
            self.confirmed.add(row["sequence"])
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
            self.erased[eraser] += 1
        elif commitment:
            need(column not in self.columns, f"{column} is hidden, but the header says that it is shown")
            self.hidden[column] += 1

    def read_skip(self, *, level: int, hash: str, damaged: bool = False, **start: int) -> None:
        is_level = type(level) is int and 0 <= level <= self.size.bit_length()
        is_next = start == {"from": self.position} and is_level and self.position % (1 << level) == 0
        need(is_next, "the skip is not at its place")
        need(HEX.fullmatch(hash) and (damaged is False or not level), "the skip is not valid")
        self.damaged |= {self.position + 1} if damaged else set()
        self.push(level, bytes.fromhex(hash))

    def push(self, level: int, digest: bytes) -> None:
        self.unproven.update(size for size in self.held if 0 < size - self.position < 1 << level)
        push(self.stack, level, digest)
        self.position += 1 << level
        need(self.position <= self.size, "the file goes on beyond its checkpoint")
        if self.position in self.held and self.held[self.position] != root_of(self.stack):
            self.rewritten.add(self.position)

    def read_end(self, *, rows: int) -> None:
        need(type(rows) is int and rows == self.rows, f"the file holds {self.rows} rows, not {rows!a}")
        need(self.position == self.size, f"it ends after {self.position} of {self.size} rows")
        need(root_of(self.stack) == self.root, "a row was changed, added or removed: the root is another one")
        need(not self.rewritten, f"history was rewritten since the checkpoint of {[*self.rewritten]} rows")
        lost = self.damaged - self.accepted.keys()
        need(not lost, f"{len(lost)} rows were changed in the database, such as row {min(lost, default=0)}")
        self.allowed = []

    def report(self) -> Iterator[str]:
        yield f"{self.rows} of {self.size} rows are in the file, each at its place and as recorded."
        if self.filters:
            yield f"Filter, by its own account: {self.filters!a}. Whether it left out rows is not proven."
        yield from (f"Redacted: {column} in {count} rows." for column, count in sorted(self.hidden.items()))
        yield from (f"Erased by row {row}: {count} names." for row, count in sorted(self.erased.items()))
        yield from (f"Row {row} is not in the file." for row in sorted(self.erased.keys() - self.confirmed))
        for row in sorted(self.damaged):
            yield f"Accepted in row {self.accepted[row]}: row {row} was changed in the database, and is lost."
        for size in sorted(self.held.keys() - self.unproven):
            yield f"The log continues the checkpoint of {size} rows: nothing before it was changed."


def check_file(path: Path, keys: list[Key], held: dict[int, bytes]) -> LogFile:
    """Raises InvalidError, which names the line, and OSError."""
    log, number = LogFile(keys, held), 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(2**20), b""), 1):  # noqa: B007
                need(line[-1:] == b"\n", "the line is cut off, or too long")
                log.read(**json.loads(line.decode(), object_pairs_hook=unique))
        need(number and not log.allowed, "the file is cut off: it has no end")
    except (InvalidError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InvalidError(f"line {number}, after row {log.position}: {error}") from error
    return log


def main() -> int:
    parser = argparse.ArgumentParser(description="Check a file of an audit log with the log's public key.")
    parser.add_argument("file", type=Path, nargs="?", help="an export, receipt, archive or proof")
    parser.add_argument("--key", type=parse_key, action="append", required=True, help="the log's public key")
    parser.add_argument("--checkpoint", action="append", type=Path, default=[], help="one that you hold")
    options = parser.parse_args()
    held: dict[int, bytes] = {}
    try:
        for path in options.checkpoint:
            _, size, root = parse_checkpoint(path.read_text(encoding="utf-8"), options.key)
            need(held.setdefault(size, root) == root, f"two logs: the checkpoints of {size} rows differ")
        log = check_file(options.file, options.key, held) if options.file else None
    except (InvalidError, OSError, ValueError) as error:
        is_invalid = isinstance(error, InvalidError)
        sys.stderr.write(f"{'INVALID' if is_invalid else 'Could not be checked'}: {error}\n")
        return 1 if is_invalid else 2
    sys.stdout.writelines(f"{line}\n" for line in (log.report() if log else []))
    unproven = log.unproven if log else {*held} if len(held) > 1 else set()
    for size in sorted(unproven):
        sys.stderr.write(f"Not proven for {size} rows. `manage.py prove_audit --size {size}` can prove it.\n")
    return 2 if unproven else 0


if __name__ == "__main__":
    sys.exit(main())
