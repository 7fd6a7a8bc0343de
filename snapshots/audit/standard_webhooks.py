"""Signs requests as Standard Webhooks 1.0.0 defines it (github.com/standard-webhooks, spec/standard-webhooks.md)."""

import base64
import binascii
import hmac
import secrets
import time
from collections.abc import Sequence
from typing import Final

PREFIX: Final = "whsec_"
KEY_BYTES: Final = range(24, 65)
"""How many bytes the specification allows a key to have."""


def parse_secret(text: str) -> bytes:
    """The key in `whsec_<base64>`. Raises ValueError unless it has 24 to 64 bytes."""
    before, found, encoded = text.partition(PREFIX)
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        key = b""
    if before or not found or len(key) not in KEY_BYTES:
        raise ValueError("not whsec_ and 24 to 64 random bytes in base64")
    return key


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def sign(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature of the header webhook-signature: `v1,<base64>`."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def make_headers(keys: Sequence[bytes], message_id: str, body: bytes) -> dict[str, str]:
    """The headers of a request that is sent now. Each key signs it, so that the receiver can change from one to another."""
    now = int(time.time())
    return {
        "Content-Type": "application/json",
        "User-Agent": "SnapPortal",
        "webhook-id": message_id,
        "webhook-timestamp": str(now),
        "webhook-signature": " ".join(sign(key, message_id, now, body) for key in keys),
    }
