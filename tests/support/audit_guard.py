"""The hand that owns the database: it can take the log's triggers away, which the product never does."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import SimpleNamespace

from django.db import connection
from django.test import TransactionTestCase

entries = import_module("snapshots.audit.migrations.0001_entries")


def _execute(statement: str, params: None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def unguarded() -> Iterator[None]:
    """Inside this block the database lets audit rows be changed and deleted."""
    editor = SimpleNamespace(connection=connection, execute=_execute)
    entries.unguard(None, editor)
    try:
        yield
    finally:
        entries.guard(None, editor)


@contextmanager
def unchecked() -> Iterator[None]:
    """Inside this block the database takes rows that stand before row 1 too."""
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


def let_flushes_through() -> None:
    """A TransactionTestCase empties every table when it ends: the log is unguarded meanwhile."""
    original = TransactionTestCase._fixture_teardown

    def teardown(case: TransactionTestCase) -> None:
        with unguarded():
            original(case)

    TransactionTestCase._fixture_teardown = teardown
