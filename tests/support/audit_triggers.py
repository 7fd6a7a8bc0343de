"""Removes the triggers that protect the log, so that tests can tamper with it as the owner of the database can."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import SimpleNamespace

from django.db import connection

MIGRATIONS = [
    import_module(f"snapshots.audit.migrations.{name}")
    for name in ("0001_entries", "0002_subjects", "0004_tree", "0005_archive", "0006_search")
]


def _execute(statement: str, params: None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def without_triggers() -> Iterator[None]:
    """Inside this block the database allows audit rows, tiles and checkpoints to be changed and deleted."""
    editor = SimpleNamespace(connection=connection, execute=_execute)
    for migration in reversed(MIGRATIONS):
        migration.drop_triggers(None, editor)
    try:
        yield
    finally:
        for migration in MIGRATIONS:
            migration.create_triggers(None, editor)


@contextmanager
def without_sequence_check() -> Iterator[None]:
    """Inside this block the database allows rows with a sequence below 1."""
    sqlite = connection.vendor == "sqlite"
    _execute(
        "PRAGMA ignore_check_constraints = ON"
        if sqlite
        else "ALTER TABLE audit_entry DROP CONSTRAINT audit_sequence"
    )
    try:
        yield
    finally:
        _execute(
            "PRAGMA ignore_check_constraints = OFF"
            if sqlite
            else "ALTER TABLE audit_entry ADD CONSTRAINT audit_sequence CHECK (sequence >= 1) NOT VALID"
        )
