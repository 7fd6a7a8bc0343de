"""A name that nobody has may be a password in the wrong field: the log, which forgets nothing, must not hold it."""

import re
from typing import Final

from django.utils.crypto import salted_hmac

HASH_LENGTH: Final = 16
MASKED: Final = re.compile(rf"\Aunknown name \((\d+) characters, ([0-9a-f]{{{HASH_LENGTH}}})\)\Z")


def mask_name(name: str) -> str:
    """What a row says in the place of `name`: its length, and a keyed hash by which the same name is known again."""
    hashed = salted_hmac("snapshots.audit.unknown_name", name, algorithm="sha256").hexdigest()
    return f"unknown name ({len(name)} characters, {hashed[:HASH_LENGTH]})"


def read_masked(text: str) -> tuple[int, str] | None:
    """Length and hash of a masked name, None for any other text."""
    found = MASKED.match(text)
    return (int(found[1]), found[2]) if found else None
