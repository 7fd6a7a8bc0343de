"""SQL that is compiled once: Django compiles a query anew each time, which takes several times as long as running it.

For what nearly every page asks, and for what every append to the log does while nobody else can append.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

M = TypeVar("M", bound=models.Model)
Converters = list[tuple[int, Any, list[Callable[..., Any]]]]
"""Of each column whose stored form is not the field's: its place, its expression, and what converts it, in order."""

_converters: Final[dict[tuple[type[models.Model], tuple[str, ...], str], Converters]] = {}


def places(values: Collection[object]) -> str:
    """A placeholder for each value, for IN (…)."""
    return ", ".join(["%s"] * len(values))


def run(text: str, parameters: Sequence[Any] = (), *, using: str = DEFAULT_DB_ALIAS) -> list[tuple[Any, ...]]:
    """The rows that the database returns, as it stores their values. Parameters may be times."""
    connection = connections[using]
    adapt = connection.ops.adapt_datetimefield_value
    values = [adapt(one) if isinstance(one, datetime) else one for one in parameters]
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def select(
    model: type[M], rest: str, parameters: Sequence[Any] = (), *, using: str = DEFAULT_DB_ALIAS
) -> Iterator[M]:
    """The objects of `SELECT … FROM table` followed by `rest`. Raises what iterating over a queryset raises."""
    names = field_names(model)
    for row in values(model, names, rest, parameters, using=using):
        yield model.from_db(using, names, row)


def values(
    model: type[models.Model],
    names: tuple[str, ...],
    rest: str,
    parameters: Sequence[Any] = (),
    *,
    using: str = DEFAULT_DB_ALIAS,
) -> Iterator[list[Any]]:
    """The values of these fields, in this order, as objects would have them: see `select`."""
    connection = connections[using]
    for row in run(f"{_select_text(model, names)} {rest}", parameters, using=using):
        found = list(row)
        for place, column, functions in _converters_of(model, names, connection):
            for convert in functions:
                found[place] = convert(found[place], column, connection)
        yield found


def first(model: type[M], rest: str, parameters: Sequence[Any] = ()) -> M | None:
    """The first of those objects, or None."""
    return next(select(model, rest, parameters), None)


def insert(one: models.Model) -> None:
    """What `save(force_insert=True)` does, without signals."""
    connection = connections[DEFAULT_DB_ALIAS]
    values = [
        field.get_db_prep_save(getattr(one, field.attname), connection) for field in one._meta.concrete_fields
    ]
    with transaction.mark_for_rollback_on_error(DEFAULT_DB_ALIAS), connection.cursor() as cursor:
        cursor.execute(_insert_text(type(one)), values)
    one._state.adding, one._state.db = False, DEFAULT_DB_ALIAS


@lru_cache
def field_names(model: type[models.Model]) -> tuple[str, ...]:
    """Of all its columns, in their order. Django's list of fields is walked through each time otherwise."""
    return tuple(field.attname for field in model._meta.concrete_fields)


def _fields(model: type[models.Model], names: tuple[str, ...]) -> list[Any]:
    by_name = {field.attname: field for field in model._meta.concrete_fields}
    return [by_name[name] for name in names]


def _columns(model: type[models.Model], names: tuple[str, ...]) -> list[str]:
    return [f'"{field.column}"' for field in _fields(model, names)]


@lru_cache
def _select_text(model: type[models.Model], names: tuple[str, ...]) -> str:
    return f'SELECT {", ".join(_columns(model, names))} FROM "{model._meta.db_table}"'  # noqa: S608 - names of our own


@lru_cache
def _insert_text(model: type[models.Model]) -> str:
    columns = _columns(model, field_names(model))
    return f'INSERT INTO "{model._meta.db_table}" ({", ".join(columns)}) VALUES ({places(columns)})'  # noqa: S608 - likewise


def _converters_of(
    model: type[models.Model], names: tuple[str, ...], connection: BaseDatabaseWrapper
) -> Converters:
    key = model, names, connection.vendor
    if key not in _converters:
        columns = [field.cached_col for field in _fields(model, names)]
        found = [
            (place, column, connection.ops.get_db_converters(column) + column.get_db_converters(connection))
            for place, column in enumerate(columns)
        ]
        _converters[key] = [one for one in found if one[2]]
    return _converters[key]
