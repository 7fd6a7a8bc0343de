"""Checks whether the audit log can be written, by a write that is rolled back.

A transaction that is rolled back reaches the disk only in part: SQLite creates its rollback journal (none in WAL mode),
and neither database extends a file. So some bytes are also written to the same file system and removed.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.db import OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from snapportal.accounts.session_models import PersonSession
from snapshots.audit import locking

FILE_BYTES: Final = 128 * 1024
SPILLING_QUERY: Final = "SELECT count(*) FROM generate_series(1, 10000)"
"""With 64 kB of memory PostgreSQL writes these 140 kB to a temporary file, by default in the tables' tablespace."""
LOCKED_STATES: Final = frozenset({"55P03", "57014"})
"""PostgreSQL's lock_not_available and query_canceled (by statement_timeout)."""
SQLITE_BUSY: Final = 5


class StorageError(Exception):
    """A row of the audit log could not be written."""


class LockWatch:
    """Distinguishes a database that is busy from one that stays locked.

    A writer waits up to locking.WAIT_SECONDS. A lock that others hold for less time is not a fault: otherwise a portal
    under load would be taken out of service.
    """

    def __init__(self) -> None:
        self._since: float | None = None

    def end(self) -> None:
        self._since = None

    def lasts_too_long(self) -> bool:
        now = time.monotonic()
        if self._since is None:
            self._since = now
        return now - self._since > locking.WAIT_SECONDS


lock_watch = LockWatch()
"""One per process. Each successful write and each commit of another connection ends the measured time."""


def _is_locked(error: OperationalError) -> bool:
    cause = error.__cause__
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF  # without the extended part of the code
    return code == SQLITE_BUSY or getattr(cause, "sqlstate", "") in LOCKED_STATES


def _commits(own: BaseDatabaseWrapper) -> object:
    """A value that changes when another connection commits; None where the database has no such value."""
    if own.vendor != "sqlite":
        return None
    with own.cursor() as cursor:
        cursor.execute("PRAGMA data_version")
        return cursor.fetchone()


def _write_and_roll_back(using: str) -> None:
    """Insert a session and roll back. In the insert-only audit table, on PostgreSQL, dead rows would accumulate."""
    own = connections[using]
    with transaction.atomic(using=using):
        key = f"readyz-{uuid4().hex}"
        PersonSession.objects.using(using).create(
            session_key=key, session_data="", expire_date=timezone.now()
        )
        if own.vendor == "postgresql":
            with own.cursor() as cursor:
                cursor.execute("SET LOCAL work_mem = '64kB'")
                cursor.execute(SPILLING_QUERY)
                cursor.execute("SELECT has_table_privilege('audit_entry', 'INSERT')")
                if cursor.fetchone() != (True,):
                    raise StorageError("the database's user may not insert into audit_entry")
        transaction.set_rollback(True, using=using)


def _check_file_system(own: BaseDatabaseWrapper) -> None:
    """Write to the folder of the SQLite file and open the lock files. Raises OSError, LockTimeoutError."""
    with own.cursor() as cursor:
        cursor.execute("PRAGMA database_list")
        name = cursor.fetchone()[2]
    folders = {Path(settings.DATA_DIR), *([Path(name).parent] if name else [])}
    for folder in folders:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(
                os.urandom(FILE_BYTES)
            )  # random, so that a file system cannot compress it or store it as a hole
            file.flush()
    locking.check_files()


def check_write(using: str) -> None:
    """Return if a row could be written or the database is only busy.

    Raises DatabaseError, OSError, LockTimeoutError, StorageError.
    """
    own = connections[using]
    before = _commits(own)
    try:
        _write_and_roll_back(using)
    except OperationalError as error:
        if not _is_locked(error):
            raise
        if _commits(own) != before:
            lock_watch.end()
        elif lock_watch.lasts_too_long():
            raise StorageError("the database has been locked for too long") from error
    else:
        lock_watch.end()
    if own.vendor == "sqlite":
        _check_file_system(own)
