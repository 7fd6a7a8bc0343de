"""Encryption and fingerprints of tokens. No Django, no settings.

A sealed token is nonce (12 bytes) + AES-256-GCM ciphertext and tag. Table, column, row, user and key ID are the
associated data, so bytes copied to another row or user do not decrypt.
"""

import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KeyRing = Mapping[str, bytes]
"""Key ID to 32 bytes. The first key encrypts; all keys decrypt."""

NONCE_BYTES: Final = 12
HINT_LENGTH: Final = 4
HINT_FROM_LENGTH: Final = 20


class SealError(Exception):
    """The sealed bytes do not decrypt: they were changed, moved to another row or user, or encrypted with another key."""

    is_expected = True  # not a defect of the code: see snapportal/logs.py


class KeyMissingError(SealError):
    """The key that encrypted the token is not in the ring, or the ring is empty."""


class KeyMismatchError(SealError):
    """The key with this ID is not the one that encrypted the stored tokens."""


@dataclass(frozen=True)
class Binding:
    """The row and column in which a sealed token is valid."""

    table: str
    column: str
    row_id: str
    user_id: int

    def associated_data(self, key_id: str) -> bytes:
        return json.dumps(["snapportal-token-1", *astuple(self), key_id], separators=(",", ":")).encode()


def seal(token: str, *, ring: KeyRing, binding: Binding) -> tuple[str, bytes]:
    """Return the ID of the key that was used, and the sealed bytes. Raises KeyMissingError."""
    if not ring:
        raise KeyMissingError("there is no key to seal with")
    key_id = next(iter(ring))
    nonce = os.urandom(NONCE_BYTES)
    return key_id, nonce + AESGCM(ring[key_id]).encrypt(
        nonce, token.encode(), binding.associated_data(key_id)
    )


def open_sealed(sealed: bytes, *, key_id: str, ring: KeyRing, binding: Binding) -> str:
    """Return the token. Raises SealError, or KeyMissingError when the ring does not hold `key_id`."""
    if key_id not in ring:
        raise KeyMissingError(f"the key {key_id} is not in the ring")
    nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return AESGCM(ring[key_id]).decrypt(nonce, ciphertext, binding.associated_data(key_id)).decode()
    except (InvalidTag, ValueError):
        raise SealError("the sealed token does not open in this row") from None


def fingerprint(token: str, *, secret: str) -> str:
    """64 hex digits: equal for equal tokens, and no help in guessing a token without `secret`.

    The key is derived from SECRET_KEY and not from the key ring, so that fingerprints do not change when the ring is
    rotated: operations and audit rows identify a token by its fingerprint. It is computed once, when a token is stored.
    After a change of SECRET_KEY stored fingerprints stay as they are; only newly stored tokens get different ones.
    """
    key = HKDF(SHA256(), 32, salt=None, info=b"snapportal token fingerprint 1").derive(secret.encode())
    return hmac.digest(key, token.encode(), "sha256").hex()


def hint(token: str) -> str:
    """The last four characters of a token, or '' for a token that is too short to show them."""
    return token[-HINT_LENGTH:] if len(token) >= HINT_FROM_LENGTH else ""
