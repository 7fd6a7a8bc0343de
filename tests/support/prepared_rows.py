"""Rows whose stored values are computed once for the process, and inserted many times: Django computes them anew each time."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, models

from snapshots import sql


class PreparedRows:
    """Of one table. Times are kept as how long before or after `now` they are; an id that is None is left to the database."""

    def __init__(self, objects: Sequence[models.Model], now: datetime) -> None:
        self._table = objects[0]._meta.db_table
        self._fields = [
            field
            for field in objects[0]._meta.concrete_fields
            if not field.primary_key or objects[0].pk is not None
        ]
        self._rows = [
            [prepare(field, getattr(one, field.attname), now) for field in self._fields] for one in objects
        ]

    def insert(self, now: datetime, others: Mapping[str, Mapping[Any, Any]] | None = None) -> None:
        """`others`: column → other values for those that were prepared."""
        names = [field.attname for field in self._fields]
        replaced = [(names.index(name), values) for name, values in (others or {}).items()]
        adapt = connection.ops.adapt_datetimefield_value
        times = [place for place, field in enumerate(self._fields) if isinstance(field, models.DateTimeField)]
        rows = [[*row] for row in self._rows]
        for row in rows:
            for place in times:
                row[place] = adapt(now + row[place])
            for place, values in replaced:
                row[place] = values[row[place]]
        insert_rows(self._table, [field.column for field in self._fields], rows)


def prepare(field: "models.Field[Any, Any]", value: Any, now: datetime) -> Any:
    return value - now if isinstance(value, datetime) else field.get_db_prep_save(value, connection)


def insert_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Their values are as the database takes them."""
    names = ", ".join(f'"{one}"' for one in columns)
    text = f'INSERT INTO "{table}" ({names}) VALUES ({sql.places(columns)})'
    with connection.cursor() as cursor:
        cursor.executemany(text, rows)
