"""The log in a separate SQLite file, for tests of file permissions, locks and full disks."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.management import call_command
from django.db import connections
from django.db.backends.sqlite3.base import DatabaseWrapper

from tests.support.audit_rows import write_events


@contextmanager
def opened(name: str | Path, **options: Any) -> Iterator[DatabaseWrapper]:
    """Inside this block the default connection of the thread uses the SQLite database `name`."""
    original = connections["default"]
    template = original.settings_dict
    init_command = "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
    wrapper = DatabaseWrapper(
        template
        | {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(name),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": init_command,
                **options,
            },
        },
        "default",
    )
    connections["default"] = wrapper
    try:
        yield wrapper
    finally:
        wrapper.close()
        connections["default"] = original


def make(folder: Path) -> Path:
    """Create a database file with the table and triggers of the log."""
    path = folder / "snapportal.sqlite3"
    path.write_bytes(_migrated())
    return path


def filled(folder: Path, rows: int, *apps: str) -> Path:
    """The same with so many rows, and with the tables of these apps too."""
    path = make(folder)
    with opened(path):
        for app in apps:
            call_command("migrate", app, verbosity=0)
        write_events(rows)
    return path


@cache
def _migrated() -> bytes:
    """The content of a database file with the tables and triggers of the log: migrating takes a third of a second."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "snapportal.sqlite3"
        with opened(path):
            call_command("migrate", "audit", verbosity=0)
        return path.read_bytes()
