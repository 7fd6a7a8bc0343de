"""Serialises the writers of the log: one at a time, in order of arrival, never across a call to the provider.

PostgreSQL grants its advisory locks in the order of the requests. SQLite does not: one busy process can win its
lock every time. So on SQLite writers take two file locks first. A waiting writer holds the queue lock while it
waits for the writer lock; a writer that has just finished finds the queue lock taken and cannot overtake it.
"""

import fcntl
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection

WAIT_SECONDS: Final = 20.0
LOCK_NUMBER: Final = 0x536E_6150_4155_4449
"""The number of the log's advisory lock: arbitrary, but used for nothing else ("SnaPAUDI")."""
_TAKE_ADVISORY_LOCK: Final = (
    f"SET LOCAL lock_timeout = '{WAIT_SECONDS:.0f}s'; SELECT pg_advisory_xact_lock({LOCK_NUMBER})"
)
"""Sent at once, so that the transaction waits for one answer only."""
QUEUE_LOCK_FILE: Final = "audit-gate.lock"
WRITER_LOCK_FILE: Final = "audit-turn.lock"
QUEUE_PAUSE_SECONDS: Final = 0.005
NEXT_PAUSE_SECONDS: Final = 0.001
"""Between two looks at a lock, at most: all but one wait in the queue and look seldom, or they would use up the processor. One
that waits in the queue looks more and more often, up to as often as the next: of all that wait, those that came first win."""


class LockTimeoutError(Exception):
    """The write lock was not granted in time, or the lock files cannot be opened."""


def _lock(handle: int, deadline: float, first_pause: float) -> None:
    pause = first_pause
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise LockTimeoutError("the write lock was not granted in time") from None
        time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret
        pause = max(pause * 0.8, NEXT_PAUSE_SECONDS)


def _open(name: str) -> int:
    return os.open(Path(settings.DATA_DIR) / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextmanager
def _opened(name: str) -> Iterator[int]:
    handle = _open(name)
    try:
        yield handle
    finally:
        os.close(handle)  # also releases the lock, if it is held


def check_files() -> None:
    """Raises LockTimeoutError when the lock files cannot be opened, for example on a read-only file system."""
    try:
        for name in (QUEUE_LOCK_FILE, WRITER_LOCK_FILE):
            os.close(_open(name))
    except OSError as error:
        raise LockTimeoutError(str(error)) from error


def _lock_in_order(handle: int) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    with _opened(QUEUE_LOCK_FILE) as queue:
        _lock(queue, deadline, QUEUE_PAUSE_SECONDS)
        _lock(handle, deadline, NEXT_PAUSE_SECONDS)


@contextmanager
def writer_lock() -> Iterator[None]:
    """Hold the file lock around a transaction that writes the log (SQLite only). Raises LockTimeoutError.

    Does nothing inside a transaction, which holds SQLite's own lock already.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    try:
        handle = _open(WRITER_LOCK_FILE)
    except OSError as error:
        raise LockTimeoutError(str(error)) from error
    try:
        try:
            _lock_in_order(handle)
        except OSError as error:
            raise LockTimeoutError(str(error)) from error
        yield
    finally:
        os.close(handle)


def take_advisory_lock() -> None:
    """Hold PostgreSQL's advisory lock until the transaction ends. Call it before each row, inside a transaction.

    Before each row, because a rollback to a savepoint releases an advisory lock that was taken after it.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_TAKE_ADVISORY_LOCK)
