"""SQL that is compiled once: Django compiles a query anew each time, which takes as long as running it.

Only for what every append does while it holds the log's lock, because nobody else can append meanwhile.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

M = TypeVar("M", bound=models.Model)
Converters = list[tuple[int, Any, list[Callable[..., Any]]]]
"""Of each column whose stored form is not the field's: its place, its expression, and what converts it, in order."""

_converters: Final[dict[tuple[type[models.Model], str], Converters]] = {}


def _columns(model: type[models.Model]) -> list[str]:
    return [f'"{field.column}"' for field in model._meta.concrete_fields]


@lru_cache
def _select_text(model: type[models.Model]) -> str:
    return f'SELECT {", ".join(_columns(model))} FROM "{model._meta.db_table}"'  # noqa: S608 - names of our own


@lru_cache
def _insert_text(model: type[models.Model]) -> str:
    columns = _columns(model)
    marks = ", ".join(["%s"] * len(columns))
    return f'INSERT INTO "{model._meta.db_table}" ({", ".join(columns)}) VALUES ({marks})'  # noqa: S608 - likewise


def _converters_of(model: type[models.Model], connection: BaseDatabaseWrapper) -> Converters:
    key = model, connection.vendor
    if key not in _converters:
        columns = [field.cached_col for field in model._meta.concrete_fields]
        found = [
            (place, column, connection.ops.get_db_converters(column) + column.get_db_converters(connection))
            for place, column in enumerate(columns)
        ]
        _converters[key] = [one for one in found if one[2]]
    return _converters[key]


def read(
    model: type[M], rest: str, parameters: Sequence[str] = (), *, using: str = DEFAULT_DB_ALIAS
) -> Iterator[M]:
    """The objects of `SELECT … FROM table` followed by `rest`. Raises what iterating over a queryset raises."""
    connection = connections[using]
    names = [field.attname for field in model._meta.concrete_fields]
    with connection.cursor() as cursor:
        cursor.execute(f"{_select_text(model)} {rest}", parameters)
        rows = cursor.fetchall()
    for row in rows:
        values = list(row)
        for place, column, functions in _converters_of(model, connection):
            for convert in functions:
                values[place] = convert(values[place], column, connection)
        yield model.from_db(using, names, values)


def insert(one: models.Model) -> None:
    """What `save(force_insert=True)` does, without signals."""
    connection = connections[DEFAULT_DB_ALIAS]
    values = [
        field.get_db_prep_save(getattr(one, field.attname), connection) for field in one._meta.concrete_fields
    ]
    with transaction.mark_for_rollback_on_error(DEFAULT_DB_ALIAS), connection.cursor() as cursor:
        cursor.execute(_insert_text(type(one)), values)
    one._state.adding, one._state.db = False, DEFAULT_DB_ALIAS
