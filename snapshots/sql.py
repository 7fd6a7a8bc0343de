"""The few queries that most pages make, in SQL: Django takes five times as long to compile such a query as to run it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)


def places(values: Collection[object]) -> str:
    """A placeholder for each value, for IN (…)."""
    return ", ".join(["%s"] * len(values))


def parameter(value: Any) -> Any:
    """A value as the database stores it."""
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


def select(model: type[M], condition: str, parameters: Sequence[Any]) -> list[M]:
    """The rows of a model's table; `condition` is what follows WHERE."""
    rows = model._default_manager.raw(
        f"SELECT * FROM {model._meta.db_table} WHERE {condition}",  # noqa: S608 - the table's name
        [parameter(value) for value in parameters],
    )
    return list(rows)


def select_rare(model: type[M], condition: str, parameters: Sequence[Any]) -> list[M]:
    """Like `select`, where usually there is no row: then nothing is prepared for reading any."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM {model._meta.db_table} WHERE {condition} LIMIT 1",  # noqa: S608 - the table's name
            [parameter(value) for value in parameters],
        )
        is_any = cursor.fetchone() is not None
    return select(model, condition, parameters) if is_any else []
