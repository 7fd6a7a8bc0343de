"""Reads rows that may hold values our columns do not allow, because somebody changed the database directly.

SQLite stores a value of any type in any column. Such a row cannot become a model instance, but verifying must still
report it, and must still read the rows around it.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeVar

from django.db import DataError, Error, models

T = TypeVar("T")
CONVERSION_ERRORS: Final = (ValueError, TypeError, AttributeError, OverflowError)


class UnreadableError(Exception):
    """The database answered, but a row holds a value that cannot be converted."""


def is_conversion_error(error: Exception) -> bool:
    """Whether converting a value failed, as opposed to the database (locked, full or unreachable).

    The sqlite3 module raises OperationalError for text that is not UTF-8, too, but without an SQLite error code.
    """
    if not isinstance(error, Error) or isinstance(error, DataError):
        return True
    cause = error.__cause__
    return isinstance(cause, sqlite3.OperationalError) and not hasattr(cause, "sqlite_errorcode")


def read_all(queryset: Iterable[T]) -> list[T]:
    """The whole queryset, or another iterable that reads rows, as a list.

    Raises UnreadableError when a row cannot be converted, Error when the database fails.
    """
    try:
        return list(queryset)
    except (Error, *CONVERSION_ERRORS) as error:
        if not is_conversion_error(error):
            raise
        raise UnreadableError(str(error)) from error


def read_each(queryset: "models.QuerySet[Any, T]", limit: int) -> Iterator[tuple[Any, T | None]]:
    """Up to `limit` rows, read one by one: (sequence, row), with None for whichever of the two cannot be read.

    By offset and not by sequence, because the sequence itself may hold a value that is not a number.
    """
    for offset in range(limit):
        single = queryset[offset : offset + 1]
        try:
            found = read_all(single)
            if not found:
                return
            row: T | None = found[0]
        except UnreadableError:
            row = None
        try:
            yield read_all(single.values_list("sequence", flat=True))[0], row
        except UnreadableError:
            yield None, None
