"""Watch a portal's audit log from another machine that has Python 3.9 or newer. Nothing else is needed.

    python3 witness.py --url https://portal.example.com/log/ --key VKEY --state FOLDER --every 300
Each check proves with the log's tiles that its checkpoint continues the one that is remembered, remembers it and cosigns it
into FOLDER/checkpoint (--checkpoint for verify_log.py, --peer for a witness). The first is believed. FOLDER/key is secret.
Exit code without --every: 0: the log continues what was remembered. 1: an alarm. 2: it could not be checked.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import http.client
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
BASE = b"\x58" + b"\x66" * 31
CURVE_D = -121665 * pow(121666, -1, PRIME) % PRIME
NOTE = re.compile("(([^\\s+\ufeff\ufffd]+)\n(0|[1-9][0-9]{0,17})\n([A-Za-z0-9+/]{43}=)\n)\n((?:— .*\n)*)")
SIGNATURE = re.compile("— ([^\\s+]+) ((?:B{4})*B{2}(?:==|B=|B{2}))\n".replace("B", "[A-Za-z0-9+/]"))
DEADLINE_SECONDS = 30
Point = tuple[int, int, int, int]
Key = tuple[str, bytes, bytes]  # name, the 4 bytes before its signatures, public key
Subtrees = list[tuple[int, bytes]]  # level and root of the perfect subtrees of a tree, from left to right


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


def sign(seed: bytes, message: bytes) -> tuple[bytes, bytes]:
    """Public key and Ed25519 signature (RFC 8032, section 5.1.6). Not in constant time: use it on a machine of your own."""
    digest = hashlib.sha512(seed).digest()
    secret = int.from_bytes(digest[:32], "little") % 2**254 // 8 * 8 + 2**254
    public = encode_point(multiply(secret, decode_point(BASE)))
    r = int.from_bytes(hashlib.sha512(digest[32:] + message).digest(), "little") % ORDER
    start = encode_point(multiply(r, decode_point(BASE)))
    k = int.from_bytes(hashlib.sha512(start + public + message).digest(), "little")
    return public, start + ((r + k * secret) % ORDER).to_bytes(32, "little")


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


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None: ...


def fetch(url: str, longest: int) -> bytes:
    """The body of the answer, whole and within DEADLINE_SECONDS. Raises ConnectionError."""
    found: list[Any] = []

    def read() -> None:
        try:
            with urllib.request.build_opener(NoRedirects).open(url, timeout=DEADLINE_SECONDS) as answer:
                found.append(answer.read(longest + 1))
        except (OSError, ValueError, http.client.HTTPException) as error:
            found.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(DEADLINE_SECONDS)  # `timeout` limits each read, not all of them
    if not found or not isinstance(found[0], bytes) or len(found[0]) > longest:
        raise ConnectionError(f"{url}: {(found or ['no whole answer in time'])[0]!s:.200}")
    return found[0]


def fetch_tile(url: str, size: int, level: int, index: int) -> list[bytes]:
    """The hashes of a C2SP tile of a tree of `size` leaves. Raises ConnectionError."""
    width = min(256, (size >> 8 * level) - 256 * index)
    *thousands, last = re.findall("...", f"{index:0{(len(str(index)) + 2) // 3 * 3}}")
    path = f"tile/{level}/" + "".join(f"x{part}/" for part in thousands) + last
    data = fetch(url + path + (f".p/{width}" if width % 256 else ""), 32 * width)
    return [data[place : place + 32] for place in range(0, 32 * width, 32)]


def prove(url: str, size: int, root: bytes, held: dict[int, bytes]) -> None:
    """Raises InvalidError unless the tree of `size` leaves continues each of the trees `held` (size: root)."""
    need(size >= max(held), f"the log shrank: it has {size} rows, and had {max(held)}")
    stack, start, roots, tiles = Subtrees(), 0, dict[int, bytes](), dict[tuple[int, int], list[bytes]]()
    for end in sorted({*held, size}):
        while start < end:
            level = min(start & -start or end, end - start).bit_length() - 1
            first = start >> level // 8 * 8
            place = level // 8, first // 256
            tiles[place] = tiles.get(place) or fetch_tile(url, size, *place)
            for digest in tiles[place][first % 256 :][: 1 << level % 8]:
                push(stack, level // 8 * 8, digest)
            start += 1 << level
        roots[end] = root_of(stack)
    need(roots[size] == root, "the tiles are not those of the checkpoint")
    rewritten = [old for old in sorted(held) if roots[old] != held[old]]
    need(not rewritten, f"history was rewritten: of {rewritten[:1]} rows some are not those that were shown")


def write(path: Path, content: str) -> None:
    """Replace a file so that it is on the disk, old or new as a whole. Only its owner may read it."""
    new = path.with_name(path.name + ".new")
    new.touch(mode=0o600)
    with new.open("w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def cosign(note: str, name: str, seed: bytes, at: int) -> tuple[str, str]:
    """The checkpoint with a cosignature/v1 of the time `at` (C2SP tlog-cosignature), and the vkey of the witness."""
    text = note.rpartition("\n\n")[0] + "\n"
    public, signature = sign(seed, f"cosignature/v1\ntime {at}\n{text}".encode())
    key_id = hashlib.sha256(f"{name}\n".encode() + b"\x04" + public).digest()[:4]
    line = base64.b64encode(key_id + at.to_bytes(8, "big") + signature).decode()
    vkey = f"{name}+{key_id.hex()}+{base64.b64encode(bytes([4]) + public).decode()}"
    return f"{note}— {name} {line}\n", vkey


def check(options: argparse.Namespace, state: dict[str, Any], now: int) -> None:
    """Remember and cosign the present checkpoint. Raises InvalidError and OSError, ConnectionError if there is no answer."""
    notes = [(str(path), path.read_bytes().decode(errors="replace")) for path in options.peer]
    notes.append((options.url, fetch(f"{options.url}checkpoint", 2**16).decode(errors="replace")))
    known, held = state["origin"], {state["size"]: bytes.fromhex(state["root"])}
    try:
        for source, note in notes:  # noqa: B007
            origin, size, root = parse_checkpoint(note, options.key)
            need(known in ("", origin), f"another log: it is {origin!a}, and {known!a} is known")
            need(held.setdefault(size, root) == root, f"two logs are shown: {size} rows with another root")
            known = origin
        prove(options.url, size, root, held)
    except (InvalidError, ValueError) as error:
        write(options.state / f"evidence-{hashlib.sha256(note.encode()).hexdigest()[:16]}", note)
        raise InvalidError(f"{source}: {error}") from error
    state.update(grown_at=now if size > state["size"] else state["grown_at"], answered_at=now)
    state.update(origin=origin, size=size, root=root.hex())
    write(options.state / "state.json", json.dumps(state))
    write(options.state / "checkpoint", cosign(note, options.name, options.seed, now)[0])


def watch(options: argparse.Namespace, state: dict[str, Any]) -> int:
    """One check, and the alarm if it is due. Returns the exit code."""
    now = int(time.time())
    try:
        check(options, state, now)
        age, code, text = now - state["grown_at"], 0, "the portal answers, but shows no newer row"
    except (ConnectionError, RuntimeError) as error:
        age, code, text = now - state["answered_at"], 2, f"unreachable: {error}"
    except (InvalidError, OSError) as error:
        why = error.__context__ if isinstance(error, OSError) else None  # the evidence could not be kept
        age, code, text = 0, 1, f"{why or ''} {error}".strip()
    code = 1 if age > options.max_age else code
    text = f"{time.ctime(now)} {['', 'ALARM', 'WARNING'][code]} {options.url}: {text!a} (for {age} seconds)"
    sys.stderr.write(f"{text}\n" if code else "")
    if options.alarm_command and code == 1:
        try:
            subprocess.run([options.alarm_command, text], check=True, timeout=DEADLINE_SECONDS)  # noqa: S603
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            sys.stderr.write(f"The alarm command failed: {error}\n")
    return code


def remember(folder: Path) -> tuple[bytes, dict[str, Any]]:
    """The key and the state in the folder. One without them begins anew. Raises OSError, TypeError and ValueError."""
    now = int(time.time())
    new = {"origin": "", "size": 0, "root": root_of([]).hex(), "grown_at": now, "answered_at": now}
    if not any((folder / name).exists() for name in ("key", "state.json", "checkpoint")):
        folder.mkdir(parents=True, exist_ok=True)
        write(folder / "state.json", json.dumps(new))
        write(folder / "key", os.urandom(32).hex())
    key = (folder / "key").read_text(encoding="ascii")
    state: dict[str, Any] = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    need(re.fullmatch("[0-9a-f]{64}", key) and sorted(state) == sorted(new), "it is damaged", ValueError)
    return bytes.fromhex(key), state


def main() -> int:
    parser = argparse.ArgumentParser(description="Watch a portal's audit log, and cosign its checkpoints.")
    parser.add_argument("--url", required=True, help="the address before `checkpoint`, with the last /")
    parser.add_argument("--key", type=parse_key, action="append", required=True, help="the log's public key")
    parser.add_argument("--state", type=Path, required=True, help="a folder for what is remembered")
    parser.add_argument("--peer", type=Path, action="append", default=[], help="another witness's checkpoint")
    parser.add_argument("--name", default="witness", help="name of this witness in its cosignatures")
    parser.add_argument("--every", type=int, help="seconds between checks; without it: one check")
    parser.add_argument("--max-age", type=int, default=7200, help="seconds without news until the alarm")
    parser.add_argument("--alarm-command", help="a program that is called with the alarm as its argument")
    options = parser.parse_args()
    if not re.fullmatch("[^\\s+\x00-\x1f\x7f\ud800-\udfff]+", options.name):
        parser.error("argument --name: it is empty, or holds a blank, a + or a control character")
    try:
        options.seed, state = remember(options.state)
    except (OSError, TypeError, ValueError) as error:
        parser.error(f"{options.state}: {error}. Put back what is missing, or begin with a new folder")
    sys.stdout.write(f"This witness: {cosign('', options.name, options.seed, 0)[1]}\n")
    while True:
        code = watch(options, state)
        if not options.every:
            return code
        time.sleep(options.every)


if __name__ == "__main__":
    sys.exit(main())
