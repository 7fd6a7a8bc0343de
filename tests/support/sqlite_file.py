"""A separate SQLite file in the place of the test database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connections
from django.db.backends.sqlite3.base import DatabaseWrapper


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
