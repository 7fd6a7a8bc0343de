"""Names as displayed. A provider's name may contain whitespace and characters that no page shows and nobody can type."""

import unicodedata
from collections.abc import Collection
from functools import lru_cache

from snapshots.contract import INVISIBLE, WHITESPACE


@lru_cache(maxsize=8192)
def visible_name(name: str) -> str:
    """A name as displayed: whitespace collapsed and trimmed, invisible characters removed, letters composed (NFC).

    Not NFKC, so that characters that look different (a superscript, a full-width form) stay different.
    """
    return unicodedata.normalize("NFC", WHITESPACE.sub(" ", INVISIBLE.sub("", name)).strip())


def looks_like(typed: str, name: str) -> bool:
    """Whether the two names look the same when displayed."""
    return visible_name(typed) == visible_name(name)


def free_name(base: str, taken: Collection[str]) -> str:
    """`base`, or if that name exists the first free one of `base-2`, `base-3` and so on."""
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    return name
