"""Finds values that are stored in another form than the portal writes, although the models read the same value.

SQLite has times and UUIDs as text and booleans as numbers. Django reads several forms of each as one value, so the signature
of the row stays valid when somebody changes the form in the file.
"""

from collections.abc import Mapping
from typing import Any, Final

from django.db import connection, models

_FIELDS: Final[dict[str, "models.Field[Any, Any]"]] = {
    "at": models.DateTimeField(),
    "clock_was_behind": models.BooleanField(),
    "operation_id": models.UUIDField(),
}
"""The columns of which Django or the sqlite3 module converts the values."""
_PREFIX: Final = "stored_"


def expressions() -> dict[str, models.Func]:
    """Annotations that read these columns of a row as they are stored; none on PostgreSQL, which has a type for each.

    The sign keeps the sqlite3 module from converting the value.
    """
    if connection.vendor != "sqlite":
        return {}
    return {_PREFIX + name: _as_stored(name) for name in _FIELDS}


def _as_stored(name: str) -> models.Func:
    return models.Func(models.F(name), template="+%(expressions)s", output_field=models.TextField())


def stored_of(entry: models.Model) -> dict[str, Any]:
    """What `expressions` added to an instance."""
    return {
        _PREFIX + name: getattr(entry, _PREFIX + name) for name in _FIELDS if hasattr(entry, _PREFIX + name)
    }


def take_stored(row: dict[str, Any]) -> dict[str, Any]:
    """Column to stored value. Takes what `expressions` added out of the row."""
    return {name: row.pop(_PREFIX + name) for name in _FIELDS if _PREFIX + name in row}


def is_foreign(row: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    """Whether a stored value is another one than Django stores for the value that was read."""
    return any(not _is_written(found, name, row[name]) for name, found in stored.items())


def _is_written(found: Any, name: str, value: Any) -> bool:
    written = _FIELDS[name].get_db_prep_value(value, connection)
    if type(written) is bool:
        written = int(written)
    return type(found) is type(written) and found == written
