"""Masks unknown sign-in names: such a name may be a password typed into the wrong field, and log rows are never deleted."""

import re
from typing import Final

from django.utils.crypto import salted_hmac

HASH_LENGTH: Final = 16
MASKED: Final = re.compile(rf"\Aunknown name \((\d+) characters, ([0-9a-f]{{{HASH_LENGTH}}})\)\Z")


def mask_name(name: str) -> str:
    """The text that the log stores instead of `name`: its length and a keyed hash, equal for equal names."""
    hashed = salted_hmac("snapshots.audit.unknown_name", name, algorithm="sha256").hexdigest()
    return f"unknown name ({len(name)} characters, {hashed[:HASH_LENGTH]})"


def read_masked(text: str) -> tuple[int, str] | None:
    """The length and hash in a masked name; None for any other text."""
    found = MASKED.match(text)
    return (int(found[1]), found[2]) if found else None
