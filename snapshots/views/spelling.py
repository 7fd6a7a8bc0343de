"""How a search compares texts: without accents and vowel points, which many people do not type."""

import re
from typing import Final
from unicodedata import normalize

MARKS: Final = "\u0300-\u036f\u05b0-\u05bd\u05bf-\u05c7"
"""Combining accents, and the points of Hebrew and Yiddish, as the inside of a class of characters."""
HYPHENS: Final = re.compile("[-\u2010-\u2015\u05be]")
_ANY_MARK: Final = re.compile(f"[{MARKS}]")
_SAME: Final = str.maketrans({"װ": "וו", "ױ": "וי", "ײ": "יי", "’": "'", "\u05be": "-"})
_PAIRS: Final = re.compile("וו|וי|יי|.", re.DOTALL)
_SPELLINGS: Final = {"וו": "װ", "וי": "ױ", "יי": "ײ"}
"""Letters of Yiddish that are typed as two or as one."""


def decomposed(text: str) -> str:
    return normalize("NFD", text)


def folded(text: str) -> str:
    """The text without what a search ignores."""
    return _ANY_MARK.sub("", decomposed(text)).translate(_SAME).casefold()


def pattern(word: str) -> str:
    """A regular expression for the word in a decomposed text, in any spelling."""
    plain = _ANY_MARK.sub("", decomposed(word)).translate(_SAME)
    return "".join(map(_letter, _PAIRS.findall(plain)))


def _letter(typed: str) -> str:
    if typed in _SPELLINGS:
        first, second = typed[0], typed[1]
        return f"(?:{_SPELLINGS[typed]}|{first}[{MARKS}]*{second})[{MARKS}]*"
    return ("['’]" if typed == "'" else re.escape(typed)) + f"[{MARKS}]*"
