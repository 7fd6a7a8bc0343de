"""The text of a row that a search looks through, and the condition that it contains a text.

A request's ID is found as a whole; names and addresses are found through audit_subject (names.py).
"""

import re
from typing import Any, Final

from django.db import connection
from django.db.models import Func, TextField
from django.db.models.lookups import IContains, IRegex, Lookup

COLUMNS: Final = (
    "reason",
    "server_name",
    "snapshot_name",
    "target",
    "provider_message",
    "evidence",
    "token_label",
)
TRIGRAM: Final = 3
_WORD: Final = re.compile(r"[^\W_]{3}")
_ASCII_WORD: Final = re.compile(r"[0-9A-Za-z]{3}")


class Searched(Func):
    """The searched columns of a row in one text, exactly as in the index of PostgreSQL (migration 0006_search).

    No column holds the character between them: contract.clean_text replaces control characters.
    """

    template = "(%(expressions)s)"
    arg_joiner = " || chr(31) || "
    output_field = TextField()

    def __init__(self) -> None:
        super().__init__(*COLUMNS)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, arg_joiner=" || char(31) || ", **context)


def contains(text: str) -> "Lookup[Any]":
    """The condition on a row that it contains `text`, in upper or lower case."""
    if connection.vendor == "sqlite" and not text.isascii():
        return IRegex(Searched(), re.escape(text))  # LIKE of SQLite knows no upper case but A to Z
    return IContains(Searched(), text)


def _knows_letters() -> bool:
    """Whether PostgreSQL finds parts of words in other letters than ASCII; it does not with the locale C."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT cardinality(show_trgm('üüü'))")
        return bool(cursor.fetchone()[0])


def has_index(text: str) -> bool:
    """Whether the index finds `text`. It has parts of three characters, on PostgreSQL of three letters or digits."""
    if connection.vendor == "sqlite":
        return len(text) >= TRIGRAM
    if _ASCII_WORD.search(text):
        return True
    return bool(_WORD.search(text)) and _knows_letters()


def match_expression(text: str) -> str:
    """What FTS5 is asked for: rows with parts of three characters that have every character of `text` in one of them."""
    last = len(text) - TRIGRAM
    starts = [*range(0, last, TRIGRAM), last]
    found = dict.fromkeys(text[start : start + TRIGRAM] for start in starts)
    return " AND ".join('"{}"'.format(one.replace('"', '""')) for one in found)
