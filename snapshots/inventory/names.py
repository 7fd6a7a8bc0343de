"""Names as displayed. A provider's name may contain whitespace and characters that no page shows and nobody can type."""

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache
from typing import Final

_WHITESPACE: Final = re.compile("[\\s\u2800]+")
"""Unicode whitespace, including no-break spaces, and the empty Braille cell."""
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Unicode's "default ignorable code points": soft hyphens, zero-width characters, direction marks, fillers."""


@lru_cache(maxsize=8192)
def visible_name(name: str) -> str:
    """A name as displayed: whitespace collapsed and trimmed, invisible characters removed, letters composed (NFC).

    Not NFKC, so that characters that look different (a superscript, a full-width form) stay different.
    """
    return unicodedata.normalize("NFC", _WHITESPACE.sub(" ", _INVISIBLE.sub("", name)).strip())


def looks_like(typed: str, name: str) -> bool:
    """Whether the two names look the same when displayed."""
    return visible_name(typed) == visible_name(name)


def free_name(base: str, taken: Collection[str]) -> str:
    """`base`, or if that name exists the first free one of `base-2`, `base-3` and so on."""
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    return name
