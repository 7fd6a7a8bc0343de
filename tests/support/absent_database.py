"""A database that cannot be reached in the place of the test database."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper as PostgreSQL


@contextmanager
def away() -> Iterator[None]:
    """A PostgreSQL at a port where nothing listens."""
    original = connections["default"]
    place = {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "127.0.0.1",
        "PORT": "1",
        "USER": "x",
        "PASSWORD": "y",
        "NAME": "n",
        "OPTIONS": {},
    }
    connections["default"] = PostgreSQL(original.settings_dict | place, "default")
    try:
        yield
    finally:
        connections["default"] = original
