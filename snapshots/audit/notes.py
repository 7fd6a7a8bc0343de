"""Signed notes with Ed25519, and the checkpoints and cosignatures that are written as such notes. No Django, no database.

Formats: c2sp.org/signed-note, c2sp.org/tlog-checkpoint and c2sp.org/tlog-cosignature (Ed25519, `cosignature/v1`).
A note is a text that ends with a line feed, an empty line, and one line for each signature. A public key is written as
a "vkey": `<name>+<key ID, 8 hex digits>+<base64 of the type byte and the 32-byte key>`.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
"""The signature types, the byte before the key in a vkey."""
KEY_SIZE: Final = 32
KEY_ID_SIZE: Final = 4
TIME_SIZE: Final = 8
SIGNATURE_LIMIT: Final = 100
SIZE_PATTERN: Final = re.compile(r"0|[1-9][0-9]{0,18}")
LINE_PATTERN: Final = re.compile("— ([^ ]+) ([^ ]+)")


class NoteError(ValueError):
    """A note, key or checkpoint that does not have the form it must have, or that no trusted key signed."""


def is_key_name(name: str) -> bool:
    """Whether `name` may name a key: not empty, and without blanks, `+` and control characters."""
    return bool(name) and not any(char.isspace() or char == "+" or char < " " for char in name)


def _decode(text: str) -> bytes:
    """The bytes of standard base64 in its only form. Raises NoteError."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError("not base64") from None
    if _encode(data) != text:
        raise NoteError("base64 that is not in its canonical form")
    return data


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


@dataclass(frozen=True)
class PublicKey:
    """A named Ed25519 key. `type` is ED25519 for the notes of a log, COSIGNATURE for the cosignatures of a witness."""

    name: str
    key: bytes
    type: int = ED25519

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise NoteError("the name of a key holds no blank and no +")
        if len(self.key) != KEY_SIZE or self.type not in (ED25519, COSIGNATURE):
            raise NoteError("not an Ed25519 key")

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256(name, line feed, type, key)."""
        content = self.name.encode() + b"\n" + bytes([self.type]) + self.key
        return hashlib.sha256(content).digest()[:KEY_ID_SIZE]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_encode(bytes([self.type]) + self.key)}"

    def verify(self, text: str, signature: bytes) -> int | None:
        """Check `signature`, without its key ID. Returns the time of a cosignature, in seconds since 1970; else None.

        Raises NoteError when this key did not sign `text`.
        """
        at_seconds, message = None, text
        if self.type == COSIGNATURE:
            at_seconds, signature = int.from_bytes(signature[:TIME_SIZE], "big"), signature[TIME_SIZE:]
            message = cosigned_message(text, at_seconds)
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, message.encode())
        except (InvalidSignature, ValueError):
            raise NoteError(f"the signature of {self.name}+{self.key_id.hex()} is wrong") from None
        return at_seconds


@dataclass(frozen=True)
class SigningKey:
    """A named Ed25519 private key: its 32-byte seed."""

    name: str
    seed: bytes

    def public(self, type_: int = ED25519) -> PublicKey:
        public_key = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return PublicKey(self.name, public_key.public_bytes_raw(), type_)

    def sign(self, message: str) -> bytes:
        """The Ed25519 signature of `message`, 64 bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message.encode())


@dataclass(frozen=True)
class Signature:
    """A verified signature. `at_seconds` is the time that a cosignature states; None for the signature of a log."""

    key: PublicKey
    at_seconds: int | None


@dataclass(frozen=True)
class Note:
    """A note of which at least one signature was verified with a trusted key."""

    text: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True)
class TreeHead:
    """The content of a checkpoint: the log's origin, the number of its leaves and the root over them, 32 bytes."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{_encode(self.root)}\n"


def parse_vkey(text: str) -> PublicKey:
    """The key in a vkey. Raises NoteError, also when the key ID does not belong to the key."""
    parts = text.split("+", 2)
    if len(parts) != 3:  # noqa: PLR2004 - name, key ID, key
        raise NoteError("a key has the form name+ID+key")
    name, key_id, encoded = parts
    data = _decode(encoded)
    if not data:
        raise NoteError("a key without content")
    key = PublicKey(name, data[1:], data[0])
    if key.key_id.hex() != key_id:
        raise NoteError(f"the ID of the key {name} is {key.key_id.hex()}, not {key_id}")
    return key


def _check_text(text: str) -> None:
    if not text.endswith("\n"):
        raise NoteError("the text of a note ends with a line feed")
    if any(char < " " and char != "\n" for char in text):
        raise NoteError("a note holds no control characters")


def _line(key: PublicKey, signature: bytes) -> str:
    return f"— {key.name} {_encode(key.key_id + signature)}\n"


def sign(text: str, keys: Iterable[SigningKey]) -> str:
    """The note with `text` and one signature by each of `keys`. Raises NoteError for a text that no note can have."""
    _check_text(text)
    return text + "\n" + "".join(_line(key.public(), key.sign(text)) for key in keys)


def cosigned_message(text: str, at_seconds: int) -> str:
    """What a witness signs: that at this time the checkpoint `text` was the largest that it saw of this log."""
    return f"cosignature/v1\ntime {at_seconds}\n{text}"


def cosign(text: str, key: SigningKey, at_seconds: int) -> str:
    """The line that adds the cosignature of `key` to the note of the checkpoint `text`. `at_seconds`: since 1970."""
    signature = key.sign(cosigned_message(text, at_seconds))
    return _line(key.public(COSIGNATURE), at_seconds.to_bytes(TIME_SIZE, "big") + signature)


def split(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """The text of a note, and name, key ID and signature of each of its lines, none of them verified. Raises NoteError."""
    text, separator, lines = note.rpartition("\n\n")
    text += "\n"
    _check_text(text)
    if not separator or not lines.endswith("\n") or lines.count("\n") > SIGNATURE_LIMIT:
        raise NoteError("a note is a text, an empty line and at most 100 lines with signatures")
    return text, [_parse_line(line) for line in lines[:-1].split("\n")]


def _parse_line(line: str) -> tuple[str, bytes, bytes]:
    match = LINE_PATTERN.fullmatch(line)
    if not match or not is_key_name(match[1]):
        raise NoteError("a line with a signature is a dash, the name of the key, and base64")
    data = _decode(match[2])
    if len(data) <= KEY_ID_SIZE:
        raise NoteError("a signature without content")
    return match[1], data[:KEY_ID_SIZE], data[KEY_ID_SIZE:]


def open_note(note: str, trusted: Iterable[PublicKey]) -> Note:
    """The text of `note` and its signatures by `trusted` keys. Signatures by other keys are ignored.

    Raises NoteError when a signature by a trusted key is wrong, or when there is no signature by any.
    """
    text, lines = split(note)
    keys = {(key.name, key.key_id): key for key in trusted}
    found: dict[PublicKey, Signature] = {}
    for name, key_id, signature in lines:
        key = keys.get((name, key_id))
        if key is not None and key not in found:
            found[key] = Signature(key, key.verify(text, signature))
    if not found:
        raise NoteError("no trusted key signed this note")
    return Note(text, tuple(found.values()))


def parse_head(text: str) -> TreeHead:
    """The tree head in the text of a checkpoint. Extension lines, which this portal never writes, are left out.

    Raises NoteError.
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() or not all(lines):  # noqa: PLR2004 - origin, size, root, and "" after the last
        raise NoteError("a checkpoint has three lines or more, and none is empty")
    origin, size, root = lines[:3]
    if not SIZE_PATTERN.fullmatch(size):
        raise NoteError("the size in a checkpoint is a decimal number")
    data = _decode(root)
    if len(data) != KEY_SIZE:
        raise NoteError("the root in a checkpoint has 32 bytes")
    return TreeHead(origin, int(size), data)
