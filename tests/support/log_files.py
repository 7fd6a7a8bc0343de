"""A second implementation of docs/log-format.md, for tests: seals rows, signs checkpoints and writes files.

It is written from the page, in the simplest way, and shares no code with the portal or with verify_log.py.
"""

import base64
import hashlib
import json
from collections.abc import Collection, Iterable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "snapshots.example.com/log"
SALTED = (
    "evidence",
    "provider_message",
    "reason",
    "server_id",
    "server_name",
    "snapshot_id",
    "snapshot_name",
    "target",
    "token_label",
)
SUBJECTS = ("actor_subject", "address_subject", "evidence_subject", "settled_by_subject", "target_subject")

Json = dict[str, Any]


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def column_salt(salt: str, column: str) -> str:
    stream = hashlib.shake_256(b"snapportal salts v1\n" + bytes.fromhex(salt)).digest(16 * 9)
    start = 16 * SALTED.index(column)
    return stream[start : start + 16].hex()


def commit_column(salt: str, column: str, value: object) -> str:
    content = b"snapportal column v1\n" + bytes.fromhex(column_salt(salt, column))
    return hashlib.sha256(content + f"{column}\n{value}".encode()).hexdigest()


def commit_subject(subject: Json) -> str:
    content = canonical([subject["kind"], subject["person_id"], subject["value"]])
    return hashlib.sha256(b"snapportal subject v1\n" + bytes.fromhex(subject["salt"]) + content).hexdigest()


def person(value: str, person_id: int | None = 1003, salt: str = "5a" * 16) -> Json:
    return {"salt": salt, "kind": "person", "person_id": person_id, "value": value}


def row_line(sequence: int, *, salt: str = "", **fields: Any) -> Json:
    """A line of the type "row" that shows everything. `fields` are columns; subject columns are openings."""
    salt = salt or hashlib.sha256(str(sequence).encode()).hexdigest()[:32]
    row: Json = {
        "format": 1,
        "sequence": sequence,
        "at": f"2026-11-24T{sequence // 3600:02}:{sequence // 60 % 60:02}:{sequence % 60:02}.000000Z",
        "clock_was_behind": False,
        "previous_hash": hashlib.sha256(str(sequence).encode()).hexdigest() if sequence > 1 else "0" * 64,
        "key_id": "a1",
        "phase": "event",
        "operation_id": None,
        "action": "person.sign_in",
        "result": "completed",
        "code": "",
        "actor_id": 1003,
        "actor_role": "manager",
        "channel": "browser",
        "request_id": "",
        "token_fingerprint": "",
        "provider_status": None,
        "duration_ms": None,
        **dict.fromkeys((*SALTED, *SUBJECTS)),
    }
    shown: Json = {}
    for column, value in fields.items():
        if column in SALTED:
            shown[column] = {"salt": column_salt(salt, column), "value": value}
            row[column] = commit_column(salt, column, value)
        elif column in SUBJECTS:
            shown[column], row[column] = value, commit_subject(value)
        else:
            row[column] = value
    return {"type": "row", "row": row, "open": shown}


def hide(line: Json, *columns: str) -> Json:
    return line | {"open": {name: value for name, value in line["open"].items() if name not in columns}}


def erase(line: Json, column: str, eraser: int) -> Json:
    return hide(line, column) | {"erased": {column: eraser}}


def erasure_of(*commitments: str, count: int | None = None) -> str:
    """The evidence of a row that erased the subjects with these commitments."""
    digest = hashlib.sha256("".join(f"{one}\n" for one in sorted(commitments)).encode()).hexdigest()
    return f"{len(commitments) if count is None else count} erased, digest {digest}"


def leaf_hash(line: Json) -> bytes:
    return hashlib.sha256(b"\x00" + canonical(line["row"])).digest()


def root_of(leaves: list[bytes]) -> bytes:
    """The definition of RFC 9162, section 2.1.1."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + root_of(leaves[:split]) + root_of(leaves[split:])).digest()


class Signer:
    """An Ed25519 key under a name. `vkey` is its public key."""

    def __init__(self, name: str = ORIGIN, seed: bytes = bytes(range(32))) -> None:
        self.name, self.key = name, Ed25519PrivateKey.from_private_bytes(seed)
        data = b"\x01" + self.key.public_key().public_bytes_raw()
        self.id = hashlib.sha256(f"{name}\n".encode() + data).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{base64.b64encode(data).decode()}"

    def line(self, text: str) -> str:
        signature = self.id + self.key.sign(text.encode())
        return f"— {self.name} {base64.b64encode(signature).decode()}\n"


SIGNER = Signer()


def checkpoint(leaves: list[bytes], signers: Iterable[Signer] = (SIGNER,), origin: str = ORIGIN) -> str:
    text = f"{origin}\n{len(leaves)}\n{base64.b64encode(root_of(leaves)).decode()}\n"
    return text + "\n" + "".join(signer.line(text) for signer in signers)


def skips(leaves: list[bytes], start: int, end: int) -> list[Json]:
    """The fewest skips for the leaves from `start` until before `end`."""
    lines = []
    while start < end:
        level = 0
        while start % (2 << level) == 0 and start + (2 << level) <= end:
            level += 1
        subtree = root_of(leaves[start : start + (1 << level)])
        lines.append({"type": "skip", "from": start, "level": level, "hash": subtree.hex()})
        start += 1 << level
    return lines


def file_lines(
    log: list[Json], shown: Collection[int] | None = None, *, borders: Iterable[int] = (), **header: Any
) -> list[Json]:
    """The lines of a file of `log` that holds the rows with the sequences `shown`, by default all."""
    leaves = [leaf_hash(line) for line in log]
    lines: list[Json] = [
        {
            "type": "header",
            "format": "snapportal-log/1",
            "origin": ORIGIN,
            "checkpoint": checkpoint(leaves),
            "columns": "all",
            "filters": "",
            **header,
        }
    ]
    kept = [line for line in log if shown is None or line["row"]["sequence"] in shown]
    position = 0
    for line in [*kept, None]:
        end = line["row"]["sequence"] - 1 if line else len(log)
        for border in sorted({*(one for one in borders if position < one < end), end}):
            lines += skips(leaves, position, border)
            position = border
        if line:
            lines.append(line)
            position += 1
    return [*lines, {"type": "end", "rows": len(kept)}]


def to_bytes(lines: Iterable[Json]) -> bytes:
    return b"".join(canonical(line) + b"\n" for line in lines)
