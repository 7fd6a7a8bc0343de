"""Watch a portal's audit log from another machine that has Python 3.9 or newer. Nothing else is needed.

    python3 witness.py --url https://portal.example.com/log/ --key VKEY --state FOLDER --every 300
Each check fetches the log's checkpoint, proves with the log's tiles that the log continues the one that is remembered,
remembers the new one, and cosigns it into FOLDER/checkpoint, which verify_log.py takes as --checkpoint and another witness
as --peer. An alarm is raised when history was rewritten, two logs are shown, the log shrinks, has another key or origin,
stands still or is unreachable for longer than --max-age. The first checkpoint is believed. FOLDER/key is a secret.
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
CURVE_D = -121665 * pow(121666, -1, PRIME) % PRIME
SIGNATURE = re.compile("— ([^\\s+]+) ([A-Za-z0-9+/]+=*)\n")
DEADLINE_SECONDS = 30
Point = tuple[int, int, int, int]
Key = tuple[str, bytes, bytes]  # name, the 4 bytes before its signatures, public key
Subtrees = list[tuple[int, bytes]]  # level and root of the perfect subtrees of a tree, from left to right


class InvalidError(Exception): ...


class UnreachableError(Exception): ...


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


def sign(seed: bytes, message: bytes) -> tuple[bytes, bytes]:
    """Public key and Ed25519 signature (RFC 8032, section 5.1.6). Not in constant time: use it on a machine of your own."""
    digest = hashlib.sha512(seed).digest()
    secret = int.from_bytes(digest[:32], "little") % 2**254 // 8 * 8 + 2**254
    public = encode_point(multiply(secret, BASE))
    r = int.from_bytes(hashlib.sha512(digest[32:] + message).digest(), "little") % ORDER
    start = encode_point(multiply(r, BASE))
    k = int.from_bytes(hashlib.sha512(start + public + message).digest(), "little")
    return public, start + ((r + k * secret) % ORDER).to_bytes(32, "little")


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


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None: ...


def fetch(url: str, longest: int) -> bytes:
    """The body of the answer, whole and within DEADLINE_SECONDS. Raises UnreachableError."""
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
        raise UnreachableError(f"{url}: {(found or ['no whole answer in time'])[0]!s:.200}")
    return found[0]


def fetch_tile(url: str, size: int, level: int, index: int) -> list[bytes]:
    """The hashes of a C2SP tile of a tree of `size` leaves. Raises UnreachableError."""
    width = min(256, (size >> 8 * level) - 256 * index)
    *thousands, last = re.findall("...", f"{index:0{(len(str(index)) + 2) // 3 * 3}}")
    path = f"tile/{level}/" + "".join(f"x{part}/" for part in thousands) + last
    data = fetch(url + path + (f".p/{width}" if width % 256 else ""), 32 * width)
    return [data[place : place + 32] for place in range(0, 32 * width, 32)]


def prove(url: str, size: int, root: bytes, held: dict[int, bytes]) -> None:
    """Raises InvalidError unless the tree of `size` leaves continues each of the trees `held` (size: root)."""
    need(size >= max(held), f"the log shrank: it has {size} rows, and had {max(held)}")
    need(held.get(size, root) == root, f"two logs are shown: {size} rows with another root are known")
    stack, start, roots, tiles = Subtrees(), 0, dict[int, bytes](), dict[tuple[int, int], list[bytes]]()
    for end in sorted({*held, size}):
        while start < end:
            level = (end - start).bit_length() - 1
            while start % (1 << level):
                level -= 1
            first, within = start >> level // 8 * 8, Subtrees()
            place = level // 8, first // 256
            tiles[place] = tiles.get(place) or fetch_tile(url, size, *place)
            for digest in tiles[place][first % 256 :][: 1 << level % 8]:
                push(within, 0, digest)
            push(stack, level, root_of(within))
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
    """Remember and cosign the present checkpoint. Raises InvalidError, UnreachableError, OSError and ValueError."""
    note = fetch(f"{options.url}checkpoint", 2**16).decode()
    try:
        _, size, root = parse_checkpoint(note, options.key)
        held = {state["size"]: bytes.fromhex(state["root"])}
        for path in options.peer:
            _, peer_size, peer_root = parse_checkpoint(path.read_text(encoding="utf-8"), options.key)
            need(held.setdefault(peer_size, peer_root) == peer_root, "two logs are shown: a peer saw another")
        prove(options.url, size, root, held)
    except InvalidError:
        write(options.state / f"evidence-{hashlib.sha256(note.encode()).hexdigest()[:16]}", note)
        raise
    state.update(grown_at=now if size > state["size"] else state["grown_at"], answered_at=now)
    state.update(size=size, root=root.hex())
    write(options.state / "state.json", json.dumps(state))
    write(options.state / "checkpoint", cosign(note, options.name, options.seed, now)[0])


def watch(options: argparse.Namespace, state: dict[str, Any]) -> int:
    """One check, and the alarm if it is due. Returns the exit code."""
    now = int(time.time())
    try:
        check(options, state, now)
        age, text = now - state["grown_at"], "the portal answers, but shows no newer row"
        code = 1 if age > options.max_age else 0
    except UnreachableError as error:
        age, text = now - state["answered_at"], f"unreachable: {error}"
        code = 1 if age > options.max_age else 2
    except (InvalidError, OSError, ValueError) as error:
        age, text, code = 0, str(error), 1
    text = f"{time.ctime(now)} {['', 'ALARM', 'WARNING'][code]} {options.url}: {text} (for {age} seconds)\n"
    sys.stderr.write(text if code else "")
    if options.alarm_command and code == 1:
        subprocess.run([options.alarm_command, text], check=False, timeout=DEADLINE_SECONDS)  # noqa: S603
    return code


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
    options.state.mkdir(parents=True, exist_ok=True)
    if not (options.state / "key").exists():
        times = dict.fromkeys(["grown_at", "answered_at"], int(time.time()))
        write(options.state / "state.json", json.dumps({"size": 0, "root": root_of([]).hex(), **times}))
        write(options.state / "key", os.urandom(32).hex())
    options.seed = bytes.fromhex((options.state / "key").read_text(encoding="ascii"))
    state = json.loads((options.state / "state.json").read_text(encoding="utf-8"))
    sys.stdout.write(f"This witness: {cosign('', options.name, options.seed, 0)[1]}\n")
    while True:
        code = watch(options, state)
        if not options.every:
            return code
        time.sleep(options.every)


if __name__ == "__main__":
    sys.exit(main())
