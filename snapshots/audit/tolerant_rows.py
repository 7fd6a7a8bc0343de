"""Rows as the database gives them, also where somebody put in what none of our columns can hold.

SQLite keeps any kind of value in any column. Such a row cannot become a row of ours; it must be named all the same,
and must not hide the rows beside it.
"""

import sqlite3
from collections.abc import Iterator
from typing import Any, Final, TypeVar

from django.db import DataError, Error, models

T = TypeVar("T")
CONVERSION_ERRORS: Final = (ValueError, TypeError, AttributeError, OverflowError)


class UnreadableError(Exception):
    """A row holds what cannot be read. (The database itself answered.)"""


def _is_of_a_row(error: Exception) -> bool:
    """Told by the module that turns bytes into values, and not by a database that is locked, full or gone."""
    if not isinstance(error, Error) or isinstance(error, DataError):
        return True
    cause = error.__cause__
    return isinstance(cause, sqlite3.OperationalError) and not hasattr(cause, "sqlite_errorcode")


def read_all(wanted: "models.QuerySet[Any, T]") -> list[T]:
    """All of `wanted`. Raises UnreadableError when one cannot be read, and Error when the database does not answer."""
    try:
        return list(wanted)
    except (Error, *CONVERSION_ERRORS) as error:
        if not _is_of_a_row(error):
            raise
        raise UnreadableError(str(error)) from error


def read_each(wanted: "models.QuerySet[Any, T]", limit: int) -> Iterator[tuple[Any, T | None]]:
    """Up to `limit` of `wanted`, one at a time: its sequence, and itself or None when it cannot be read.

    By place and not by sequence, for that too may be no number; None when it cannot be read either.
    """
    for place in range(limit):
        here = wanted[place : place + 1]
        try:
            found = read_all(here)
            if not found:
                return
            one: T | None = found[0]
        except UnreadableError:
            one = None
        try:
            yield read_all(here.values_list("sequence", flat=True))[0], one
        except UnreadableError:
            yield None, None
