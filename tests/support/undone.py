"""A block whose changes of the database are undone, so that one test can try many cases on the same data."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache
from django.db import transaction


@contextmanager
def undone() -> Iterator[None]:
    savepoint = transaction.atomic()
    savepoint._from_testcase = True  # type: ignore[attr-defined] # durable blocks are allowed in it
    with savepoint:
        yield
        transaction.set_rollback(True)
    cache.clear()
