"""Readiness on an SQLite file of the test's own: a full disk, missing lock files, and writers that hand on the lock."""

import sqlite3
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from snapportal import health
from snapshots.audit import locking
from tests.site.test_readiness_writes import can_write, fresh_watch
from tests.support import audit_file
from tests.support.audit_rows import write_events

__all__ = ["fresh_watch"]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def file(tmp_path, settings, django_db_blocker) -> Path:
    """An SQLite file with all tables, in its own folder, with three rows."""
    settings.DATA_DIR = tmp_path
    with django_db_blocker.unblock():
        yield audit_file.filled(tmp_path, 3)


def test_the_test_write_leaves_no_file(file):
    with audit_file.opened(file):
        before, content = sorted(file.parent.iterdir()), file.read_bytes()
        assert can_write()
        assert (sorted(file.parent.iterdir()), file.read_bytes()) == (before, content)


def in_processes_with_little_room(file: Path, limits: list[int]) -> str:
    """Run the check in a process for each limit, where no file may exceed so many bytes: writes fail as on a full disk."""
    script = f"""
import os, resource
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import django
django.setup()
from django.conf import settings
from pathlib import Path
settings.DATA_DIR = Path({str(file.parent)!r})
from snapportal import health
from tests.support import audit_file
for limit in {limits!r}:
    if os.fork() == 0:
        with audit_file.opened({str(file)!r}):
            before = health.run_checks()["audit_log"]
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            os.write(1, f"{{before}} {{health.run_checks()['audit_log']}}\\n".encode())
        os._exit(0)
    os.wait()
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def test_a_full_disk_is_reported(file):
    assert in_processes_with_little_room(file, [0, 4096, 64 * 1024]).splitlines() == ["True False"] * 3


def test_missing_lock_files_are_reported(file, settings):
    settings.DATA_DIR = file.parent / "gone"
    with audit_file.opened(file):
        assert not can_write()


def test_lock_files_that_cannot_be_opened_are_reported(file, settings):
    settings.DATA_DIR = file.parent / "elsewhere"
    (settings.DATA_DIR / locking.WRITER_LOCK_FILE).mkdir(parents=True)
    with audit_file.opened(file):
        assert not can_write()


def test_a_file_that_is_not_a_database_is_reported(file):
    file.write_bytes(b"nonsense " * 1000)
    with audit_file.opened(file):
        assert set(health.run_checks().items()) >= {("keys", False), ("audit_log", False)}


@contextmanager
def held_by_turns(file: Path):
    """Keep the lock held by alternating writers. Yields a function that passes the lock from one to the next."""
    busy = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    busy.execute("BEGIN IMMEDIATE")

    def hand_on() -> None:
        busy.execute("CREATE TABLE IF NOT EXISTS crowd (n)")
        busy.execute("INSERT INTO crowd VALUES (1)")
        busy.execute("COMMIT")
        busy.execute("BEGIN IMMEDIATE")

    timers: list[threading.Timer] = []

    def soon() -> None:
        timers.append(threading.Timer(0.2, hand_on))
        timers[-1].start()

    yield soon
    for timer in timers:
        timer.join()
    assert busy.in_transaction
    busy.close()


def test_a_lock_is_not_a_fault_while_others_commit(file, monkeypatch):
    """Under load the check itself may never get the lock."""
    monkeypatch.setattr(locking, "WAIT_SECONDS", -1)
    with audit_file.opened(file), held_by_turns(file) as hand_on_soon:
        assert not can_write()
        hand_on_soon()
        assert can_write()


def test_the_lock_time_restarts_with_each_commit_of_others(file, monkeypatch):
    monkeypatch.setattr(locking, "WAIT_SECONDS", 1.0)
    with audit_file.opened(file), held_by_turns(file) as hand_on_soon:
        assert can_write()
        hand_on_soon()
        assert can_write()
        assert can_write()


def test_a_portal_that_writes_without_a_pause_is_ready(file):
    """Four writers without pauses, and a probe at the same time."""
    stop = threading.Event()

    def write() -> None:
        with audit_file.opened(file):
            while not stop.is_set():
                write_events(1)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    try:
        with audit_file.opened(file):
            found = [health.run_checks() for _ in range(15)]
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert all(one["audit_log"] and one["keys"] for one in found)
    assert count(file) > 10


def count(path: Path) -> int:
    with sqlite3.connect(path) as reader:
        number = reader.execute("SELECT COUNT(*) FROM audit_entry").fetchone()[0]
    reader.close()
    return number
