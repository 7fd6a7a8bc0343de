"""Who may append next. One writer at a time, in turn, never across a call to the provider.

PostgreSQL hands its advisory locks out in the order they were asked for. SQLite's own lock is a lottery that
one busy process can win every time, so writers queue at two file locks before they ask for it: whoever is
next holds the door while he waits for the turn, and the one who just ended his turn finds the door shut.
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
"""The advisory lock of the log: any number that nobody else uses ("SnaPAUDI")."""
GATE: Final = "audit-gate.lock"
TURN: Final = "audit-turn.lock"


class LockTimeoutError(Exception):
    """The turn did not come in time, or the files of the queue cannot be opened."""


def _wait_for(handle: int, deadline: float) -> None:
    pause = 0.0005
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise LockTimeoutError("the turn to write did not come in time") from None
        time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads the waiters, hides nothing
        pause = min(pause * 1.5, 0.005)


def _open(name: str) -> int:
    return os.open(Path(settings.DATA_DIR) / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextmanager
def _opened(name: str) -> Iterator[int]:
    handle = _open(name)
    try:
        yield handle
    finally:
        os.close(handle)  # lets the lock go, if it is held


def check_files() -> None:
    """Raises LockTimeoutError when a writer could not even queue, as on a file system that is read-only."""
    try:
        for name in (GATE, TURN):
            os.close(_open(name))
    except OSError as error:
        raise LockTimeoutError(str(error)) from error


def _take_turn(handle: int) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    with _opened(GATE) as gate:
        _wait_for(gate, deadline)
        _wait_for(handle, deadline)


@contextmanager
def writer_turn() -> Iterator[None]:
    """Wait for the turn to open a transaction that writes the log. Raises LockTimeoutError.

    Inside a transaction there is nothing to wait for: it holds SQLite's lock already.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    try:
        handle = _open(TURN)
    except OSError as error:
        raise LockTimeoutError(str(error)) from error
    try:
        try:
            _take_turn(handle)
        except OSError as error:
            raise LockTimeoutError(str(error)) from error
        yield
    finally:
        os.close(handle)


def hold_lock() -> None:
    """Hold the log's lock until the transaction ends: to be called before each row, inside a transaction.

    Each time anew, for a rollback to a savepoint lets go of an advisory lock that was taken after it.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = %s", [f"{WAIT_SECONDS:.0f}s"])
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_NUMBER])
