"""Could the audit log be written? Tried with a write that is taken back, for what the database says of itself is no proof.

A transaction that is rolled back reaches the disk in part only: SQLite creates its rollback journal (none in WAL mode),
and neither database makes a file longer. So some bytes are written beside it, to the same file system, and dropped.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from snapshots.audit import locking

FILE_BYTES: Final = 128 * 1024
SPILLING_QUERY: Final = "SELECT count(*) FROM generate_series(1, 10000)"
"""With 64 kB of memory PostgreSQL puts these 140 kB into a temporary file, beside its tables by default."""
LOCKED_STATES: Final = frozenset({"55P03", "57014"})
"""PostgreSQL's lock_not_available and query_canceled (by statement_timeout)."""
SQLITE_BUSY: Final = 5


class StorageError(Exception):
    """A row of the audit log could not be written."""


class LockWatch:
    """Tells a database that is busy from one that stays locked.

    A writer waits locking.WAIT_SECONDS for its turn. Until then a lock that somebody else holds is no fault: a portal that
    writes much would be taken out of service because it writes much.
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
"""Of this process. It ends with each write that was possible, and with each commit of somebody else's."""


def _is_locked(error: OperationalError) -> bool:
    cause = error.__cause__
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF  # without the part that says what kind of busy
    return code == SQLITE_BUSY or getattr(cause, "sqlstate", "") in LOCKED_STATES


def _commits(own: BaseDatabaseWrapper) -> object:
    """A value that changes when another connection commits; None where that is not told."""
    if own.vendor != "sqlite":
        return None
    with own.cursor() as cursor:
        cursor.execute("PRAGMA data_version")
        return cursor.fetchone()


def _write_and_take_back(using: str) -> None:
    """A row of a table whose rows come and go: of the audit log's own, on PostgreSQL, something would remain."""
    own = connections[using]
    with transaction.atomic(using=using):
        key = f"readyz-{uuid4().hex}"
        Session.objects.using(using).create(session_key=key, session_data="", expire_date=timezone.now())
        if own.vendor == "postgresql":
            with own.cursor() as cursor:
                cursor.execute("SET LOCAL work_mem = '64kB'")
                cursor.execute(SPILLING_QUERY)
                cursor.execute("SELECT has_table_privilege('audit_entry', 'INSERT')")
                if cursor.fetchone() != (True,):
                    raise StorageError("the database's user may not insert into audit_entry")
        transaction.set_rollback(True, using=using)


def _check_file_system(own: BaseDatabaseWrapper) -> None:
    """Of an SQLite file: its folder takes bytes, and the queue's files can be opened. Raises OSError, LockTimeoutError."""
    with own.cursor() as cursor:
        cursor.execute("PRAGMA database_list")
        name = cursor.fetchone()[2]
    folders = {Path(settings.DATA_DIR), *([Path(name).parent] if name else [])}
    for folder in folders:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(os.urandom(FILE_BYTES))  # nothing that a file system could store as nothing
            file.flush()
    locking.check_files()


def check_write(using: str) -> None:
    """Returns when a row could be written, or when the database is only busy.

    Raises DatabaseError, OSError, LockTimeoutError, StorageError.
    """
    own = connections[using]
    before = _commits(own)
    try:
        _write_and_take_back(using)
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
