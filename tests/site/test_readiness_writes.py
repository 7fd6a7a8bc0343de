"""/readyz performs a write as an operation does, verifies the newest row, and leaves nothing behind."""

import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from snapportal import health, storage
from snapportal.accounts.session_models import PersonSession as Session
from snapshots.audit import locking
from snapshots.audit.models import Entry
from snapshots.vault import tokens
from tests.support import audit_file
from tests.support.audit_rows import rows, write_events
from tests.support.audit_triggers import without_triggers

ROOT = Path(__file__).resolve().parents[2]
FALSE = bytes(range(32))
LOCK = {
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "BEGIN; LOCK TABLE person_session IN EXCLUSIVE MODE",
}
"""A statement that blocks other writers, but no reader."""


@pytest.fixture(autouse=True)
def fresh_watch(monkeypatch) -> None:
    monkeypatch.setattr(storage, "lock_watch", storage.LockWatch())


@pytest.fixture
def file(tmp_path, settings, django_db_blocker) -> Path:
    """An SQLite file with the tables of the log and the test write, in its own folder, with three rows."""
    settings.DATA_DIR = tmp_path
    with django_db_blocker.unblock():
        path = audit_file.make(tmp_path)
        with audit_file.opened(path):
            call_command("migrate", "accounts", verbosity=0)
            call_command("migrate", "vault", verbosity=0)
            write_events(3)
        yield path


@contextmanager
def locked():
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(LOCK[other.vendor])
            yield cursor
            cursor.execute("ROLLBACK")
    finally:
        other.close()


def can_write() -> bool:
    return health.run_checks()["audit_log"]


def answer(client) -> tuple[int, list[str]]:
    got = client.get("/readyz")
    return got.status_code, [name for name, word in got.json()["checks"].items() if word == "failed"]


def test_the_test_write_leaves_no_row(transactional_db, client):
    write_events(2)
    before = rows()
    assert [answer(client) for _ in range(3)] == [(200, [])] * 3
    assert (rows(), Session.objects.count()) == (before, 0)


@pytest.mark.only_sqlite
def test_the_test_write_leaves_no_file(file):
    with audit_file.opened(file):
        before, content = sorted(file.parent.iterdir()), file.read_bytes()
        assert can_write()
        assert (sorted(file.parent.iterdir()), file.read_bytes()) == (before, content)


# --- The disk


def in_a_process_with_little_room(file: Path, limit: int) -> str:
    """Run the check where no file may exceed `limit` bytes: writes fail as on a full disk."""
    script = f"""
import os, resource, signal
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import django
django.setup()
from django.conf import settings
from pathlib import Path
settings.DATA_DIR = Path({str(file.parent)!r})
from snapportal import health
from tests.support import audit_file
with audit_file.opened({str(file)!r}):
    print(health.run_checks()["audit_log"])
    resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
    print(health.run_checks()["audit_log"])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    return done.stdout


@pytest.mark.parametrize("limit", [0, 4096, 64 * 1024])
@pytest.mark.only_sqlite
def test_a_full_disk_is_reported(file, limit):
    assert in_a_process_with_little_room(file, limit).split() == ["True", "False"]


@contextmanager
def read_only():
    """Connections opened inside this block are read-only."""
    connection.ensure_connection()
    with pytest.MonkeyPatch.context() as patch:
        options = connection.settings_dict["OPTIONS"]
        if connection.vendor == "sqlite":
            patch.setitem(options, "uri", True)
            patch.setitem(
                connection.settings_dict, "NAME", f"file:{connection.settings_dict['NAME']}?mode=ro"
            )
        else:
            patch.setitem(options, "options", "-c default_transaction_read_only=on")
        yield


def test_a_read_only_database_is_reported(transactional_db, client):
    with read_only():
        assert answer(client) == (503, ["audit_log"])
    assert answer(client) == (200, [])


@pytest.mark.only_sqlite
def test_missing_lock_files_are_reported(file, settings):
    settings.DATA_DIR = file.parent / "gone"
    with audit_file.opened(file):
        assert not can_write()


@pytest.mark.only_sqlite
def test_lock_files_that_cannot_be_opened_are_reported(file, settings):
    settings.DATA_DIR = file.parent / "elsewhere"
    (settings.DATA_DIR / locking.WRITER_LOCK_FILE).mkdir(parents=True)
    with audit_file.opened(file):
        assert not can_write()


@pytest.mark.only_sqlite
def test_a_file_that_is_not_a_database_is_reported(file):
    file.write_bytes(b"nonsense " * 1000)
    with audit_file.opened(file):
        assert set(health.run_checks().items()) >= {("keys", False), ("audit_log", False)}


# --- A database that is busy


@pytest.mark.alone
def test_a_running_writer_does_not_make_the_portal_unready(transactional_db, client):
    with locked():
        began = time.monotonic()
        assert answer(client) == (200, [])
        assert time.monotonic() - began < 2
        assert answer(client) == (200, [])


def test_a_lock_that_lasts_longer_than_writers_wait_is_reported(transactional_db, client, monkeypatch):
    monkeypatch.setattr(locking, "WAIT_SECONDS", 0.1)
    with locked():
        assert answer(client) == (200, [])
        assert answer(client) == (503, ["audit_log"])
    assert answer(client) == (200, [])
    with locked():
        assert answer(client) == (200, []), "it is counted from the beginning of this lock"


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


@pytest.mark.only_sqlite
def test_a_lock_is_not_a_fault_while_others_commit(file, monkeypatch):
    """Under load the check itself may never get the lock."""
    monkeypatch.setattr(locking, "WAIT_SECONDS", -1)
    with audit_file.opened(file), held_by_turns(file) as hand_on_soon:
        assert not can_write()
        hand_on_soon()
        assert can_write()


@pytest.mark.only_sqlite
def test_the_lock_time_restarts_with_each_commit_of_others(file, monkeypatch):
    monkeypatch.setattr(locking, "WAIT_SECONDS", 1.0)
    with audit_file.opened(file), held_by_turns(file) as hand_on_soon:
        assert can_write()
        hand_on_soon()
        assert can_write()
        assert can_write()


@pytest.mark.only_sqlite
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


# --- The keys


@pytest.mark.parametrize(
    "ring", [{}, {"a1": FALSE}, {"a2": FALSE}, {"a2": FALSE, "a1": bytes(reversed(range(32)))}]
)
def test_an_audit_key_that_does_not_verify_the_newest_row_is_reported(
    transactional_db, client, settings, ring
):
    write_events(2)
    before = rows()
    settings.SNAPPORTAL_AUDIT_KEYS = ring
    assert answer(client) == (503, ["keys"])
    assert rows() == before


def test_a_changed_newest_row_is_reported(transactional_db, client):
    write_events(2)
    with without_triggers():
        Entry.objects.filter(sequence=2).update(reason="nothing to see")
    assert answer(client) == (503, ["keys"])
    call_command("accept_changed_rows", reason="a test", by="Ada")
    assert answer(client) == (200, [])


def test_a_new_key_in_front_of_the_right_one_is_ready(transactional_db, client, settings):
    write_events(2)
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": FALSE, **settings.SNAPPORTAL_AUDIT_KEYS}
    assert answer(client) == (200, [])


def test_a_wrong_token_key_is_reported(transactional_db, client, settings, cast):
    for label in ("one", "two"):
        tokens.store(user_id=cast.vera.pk, label=label, token=f"{label}-token-0123456789", stored_by_name="V")
    assert answer(client) == (200, [])
    settings.SNAPPORTAL_TOKEN_KEYS = {"t1": FALSE}
    assert answer(client) == (503, ["keys"])


def test_the_reason_for_not_ready_is_in_the_logs_and_not_in_the_response(
    transactional_db, client, settings, caplog
):
    write_events(1)
    settings.SNAPPORTAL_AUDIT_KEYS = {"a1": FALSE}
    body = client.get("/readyz").text
    assert "a1" not in body
    assert "the key a1 does not open the newest row, 1" in caplog.text
