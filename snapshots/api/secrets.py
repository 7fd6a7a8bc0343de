"""The text of an API key: "sp_", 32 random letters and digits, and a checksum, by which secret scanners tell one from other text.

The checksum is the CRC-32 of what stands before it, as six letters and digits, the most significant first.
"""

import hashlib
import re
import secrets
import zlib
from typing import Final

PREFIX: Final = "sp_"
ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RANDOM_LENGTH: Final = 32
CHECKSUM_LENGTH: Final = 6
SHOWN_LENGTH: Final = len(PREFIX) + 5
_FORM: Final = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{RANDOM_LENGTH + CHECKSUM_LENGTH}}}")


def _checksum(text: str) -> str:
    number, letters = zlib.crc32(text.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        number, place = divmod(number, len(ALPHABET))
        letters = ALPHABET[place] + letters
    return letters


def new_secret() -> str:
    text = PREFIX + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH))
    return text + _checksum(text)


def is_well_formed(text: str) -> bool:
    return bool(_FORM.fullmatch(text)) and _checksum(text[:-CHECKSUM_LENGTH]) == text[-CHECKSUM_LENGTH:]


def digest_of(secret: str) -> str:
    """What is stored of it: 190 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def shown_part(secret: str) -> str:
    """Its beginning, by which a person recognises it."""
    return secret[:SHOWN_LENGTH]
