"""When the log cannot be written, JournalUnavailableError is raised, no partial row is left, and later writes work."""

import sqlite3
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest
from django.db import connection, transaction

from snapportal.accounts.session_models import PersonSession as Session
from snapshots.audit import journal, locking
from snapshots.audit.models import Entry
from tests.support import audit_file
from tests.support.audit_rows import MIA, rows, verdict

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def log_file(tmp_path, settings, django_db_blocker) -> Path:
    """A database file with three rows, in a separate folder that holds the lock files too."""
    settings.DATA_DIR = tmp_path
    with django_db_blocker.unblock():
        yield audit_file.filled(tmp_path, 3)


def try_to_write() -> None:
    with journal.committed():
        journal.intend(MIA.entry(action="snapshot.restore", operation_id=uuid.uuid4()))


def count(path: Path) -> int:
    with sqlite3.connect(path) as reader:
        number = reader.execute("SELECT COUNT(*) FROM audit_entry").fetchone()[0]
    reader.close()
    return number


@pytest.mark.only_sqlite
def test_other_connections_see_a_row_once_it_is_committed(log_file):
    with audit_file.opened(log_file), journal.committed():
        journal.record(MIA.entry(action="person.sign_in"))
        assert count(log_file) == 3
    assert count(log_file) == 4


@pytest.mark.only_sqlite
def test_a_full_disk_raises_the_journal_error(log_file):
    with audit_file.opened(log_file):
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA page_count")
            cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0]}")
        with pytest.raises(journal.JournalUnavailableError, match="full"):
            for _ in range(200):
                try_to_write()
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count = 100000")
        try_to_write()
        assert verdict().holds


@pytest.mark.only_sqlite
def test_a_file_size_limit_raises_the_journal_error(log_file):
    """The operating system refuses to extend the file, as with a full disk or a quota."""
    script = f"""
import os, resource, signal
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import django
django.setup()
from snapshots.audit import journal
from tests.support import audit_file
from tests.support.audit_rows import MIA
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with audit_file.opened({str(log_file)!r}):
    journal.record(MIA.entry(action="person.sign_in"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    try:
        journal.record(MIA.entry(action="person.sign_in"))
    except journal.JournalUnavailableError as error:
        print("unavailable:", error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.startswith("unavailable:"), done
    assert count(log_file) == 4


@pytest.mark.only_sqlite
def test_a_read_only_database_raises_the_journal_error(log_file):
    with audit_file.opened(f"file:{log_file}?mode=ro", uri=True, init_command="PRAGMA synchronous=FULL"):
        with pytest.raises(journal.JournalUnavailableError, match="readonly"):
            try_to_write()
        assert len(rows()) == 3


@pytest.mark.only_sqlite
def test_a_locked_database_raises_the_journal_error(log_file):
    other = sqlite3.connect(log_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with audit_file.opened(log_file, timeout=0.1):
        with pytest.raises(journal.JournalUnavailableError, match="locked"):
            try_to_write()
        other.execute("ROLLBACK")
        other.close()
        try_to_write()
        assert verdict().count == 4


@pytest.mark.only_sqlite
def test_a_file_that_is_not_a_database_raises_the_journal_error(log_file):
    log_file.write_bytes(b"nonsense " * 1000)
    with audit_file.opened(log_file), pytest.raises(journal.JournalUnavailableError):
        try_to_write()


@pytest.mark.only_sqlite
def test_a_missing_database_raises_the_journal_error(tmp_path, settings, django_db_blocker):
    settings.DATA_DIR = tmp_path
    missing = tmp_path / "no-such-folder" / "snapportal.sqlite3"
    with (
        django_db_blocker.unblock(),
        audit_file.opened(missing),
        pytest.raises(journal.JournalUnavailableError),
    ):
        try_to_write()


@pytest.mark.only_sqlite
def test_a_missing_data_folder_raises_the_journal_error(log_file, settings):
    settings.DATA_DIR = log_file.parent / "gone"
    with audit_file.opened(log_file):
        with pytest.raises(journal.JournalUnavailableError):
            try_to_write()
        assert len(rows()) == 3


@pytest.mark.only_sqlite
def test_a_write_lock_that_is_never_released_raises_the_journal_error(log_file, monkeypatch):
    monkeypatch.setattr(locking, "WAIT_SECONDS", 0.1)
    locked, released = threading.Event(), threading.Event()

    def hold_the_lock() -> None:
        with audit_file.opened(log_file), locking.writer_lock():
            locked.set()
            released.wait(5)

    holder = threading.Thread(target=hold_the_lock)
    holder.start()
    locked.wait(5)
    with audit_file.opened(log_file):
        with pytest.raises(journal.JournalUnavailableError, match="write lock"):
            try_to_write()
        released.set()
        holder.join()
        try_to_write()


def test_a_missing_key_raises_the_journal_error_before_anything_is_written(transactional_db, settings):
    settings.SNAPPORTAL_AUDIT_KEYS = {}
    with pytest.raises(journal.JournalUnavailableError, match="key"), journal.committed():
        Session.objects.create(session_key="never", expire_date="2030-01-01T00:00:00Z")
    with pytest.raises(journal.JournalUnavailableError, match="key"):
        journal.record(MIA.entry(action="person.sign_in"))
    assert not Session.objects.exists()
    assert not Entry.objects.exists()


def test_a_database_error_of_the_caller_raises_the_journal_error(transactional_db):
    with pytest.raises(journal.JournalUnavailableError), journal.committed():
        journal.record(MIA.entry(action="person.sign_in"))
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM no_such_table")
    assert rows() == []


def test_a_row_rolled_back_to_a_savepoint_leaves_no_gap(transactional_db):
    with journal.committed():
        journal.record(MIA.entry(action="person.sign_in"))
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            journal.record(MIA.entry(action="person.sign_out"))
            _ = 1 / 0
        journal.record(MIA.entry(action="person.sign_in"))
    assert (verdict().holds, len(rows())) == (True, 2)
