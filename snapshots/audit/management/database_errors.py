"""Which database errors are defects of the code, and a sentence for each of the others that says what to do."""

from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import (
    DataError,
    Error,
    IntegrityError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    connection,
)

DEFECTS: Final = (DataError, IntegrityError, InternalError, NotSupportedError, ProgrammingError)
"""Database errors that are defects of the code. The others mean that the database is down, locked, full or damaged."""
MAKE_DATABASE: Final = "There is no database yet. Make it first: python manage.py start --no-serve"
UPGRADE_DATABASE: Final = (
    "The database is not of this version of the portal. Upgrade it first: python manage.py start --no-serve"
)
SQLITE_CORRUPT: Final = 11
SQLITE_CANTOPEN: Final = 14
SQLITE_NOTADB: Final = 26
MISSING_IN_SQLITE: Final = ("no such table", "no such column")
MISSING_IN_POSTGRESQL: Final = frozenset({"42P01", "42703"})
"""undefined_table and undefined_column."""
REFUSED_BY_POSTGRESQL: Final = frozenset({"25006", "42501"})
"""read_only_sql_transaction and insufficient_privilege, whose classes are otherwise of defects."""
DAMAGED_IN_POSTGRESQL: Final = frozenset({"XX001", "XX002"})


def explain(error: Error) -> str:
    """What is wrong with the database, and what to do about it; "" if the error is a defect of the code."""
    said = " ".join(str(error).split()).rstrip(".?")
    sqlite_code = (
        getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF
    )  # without the extended part of the code
    state = getattr(error.__cause__, "sqlstate", None) or ""
    if _lacks_a_table(error, state):
        return f"{UPGRADE_DATABASE if _was_migrated() else MAKE_DATABASE} ({said})"
    if sqlite_code == SQLITE_CANTOPEN:
        return _explain_file(said)
    if sqlite_code in {SQLITE_CORRUPT, SQLITE_NOTADB} or state in DAMAGED_IN_POSTGRESQL:
        return f"The database is not readable: {said}. Restore a backup of it: docs/operators.md tells how."
    if isinstance(error, DEFECTS) and state not in REFUSED_BY_POSTGRESQL:
        return ""
    if connection.vendor == "postgresql" and (not state or state.startswith(("08", "57P"))):
        return (
            f"The database cannot be reached: {said}. Check that its server runs and that SNAPPORTAL_DATABASE_URL is right, "
            "and run the command again."
        )
    return (
        f"The database cannot be used: {said}. Check its disk and its permissions, and run the command again."
    )


def _lacks_a_table(error: Error, state: str) -> bool:
    if state:
        return state in MISSING_IN_POSTGRESQL
    return isinstance(error, OperationalError) and str(error).startswith(MISSING_IN_SQLITE)


def _was_migrated() -> bool:
    try:
        return "django_migrations" in connection.introspection.table_names()
    except Error:
        return False


def _explain_file(said: str) -> str:
    """About an SQLite file that cannot be opened. `start` makes the data folder, but no other one."""
    path = Path(connection.settings_dict["NAME"])
    try:
        path.parent.stat()
    except FileNotFoundError:
        if path.parent == Path(settings.DATA_DIR):
            return f"{MAKE_DATABASE} ({said})"
    except OSError:
        pass
    return (
        f"The database {path} cannot be opened: {said}. Check that its folder is there and that the portal's own user may "
        "read and write it."
    )
