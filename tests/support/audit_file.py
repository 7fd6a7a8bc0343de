"""The log in an SQLite file of its own: what is proved with files, locks and full disks needs one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connections
from django.db.backends.sqlite3.base import DatabaseWrapper


@contextmanager
def opened(name: str | Path, **options: Any) -> Iterator[DatabaseWrapper]:
    """Inside this block the thread's default connection is to the SQLite database `name`."""
    before = connections["default"]
    template = before.settings_dict
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
        connections["default"] = before


def make(folder: Path) -> Path:
    """A new file with the log's table and triggers."""
    path = folder / "snapportal.sqlite3"
    with opened(path):
        call_command("migrate", "audit", verbosity=0)
    return path
