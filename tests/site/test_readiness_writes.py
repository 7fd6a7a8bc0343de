"""/readyz tries what an operation needs: a row that can be written, behind a newest row that the key opens. Nothing stays."""

import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection

from snapportal import health, storage
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
    "postgresql": "BEGIN; LOCK TABLE django_session IN EXCLUSIVE MODE",
}
"""What keeps every other writer waiting, and no reader."""


@pytest.fixture(autouse=True)
def fresh_watch(monkeypatch) -> None:
    monkeypatch.setattr(storage, "lock_watch", storage.LockWatch())


@pytest.fixture
def file(tmp_path, settings, django_db_blocker) -> Path:
    """An SQLite file with what the log and the test write need, in a folder of its own, and three rows."""
    settings.DATA_DIR = tmp_path
    with django_db_blocker.unblock():
        path = audit_file.make(tmp_path)
        with audit_file.opened(path):
            call_command("migrate", "sessions", verbosity=0)
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


def test_the_test_write_leaves_nothing(transactional_db, client):
    write_events(2)
    before = rows()
    assert [answer(client) for _ in range(3)] == [(200, [])] * 3
    assert (rows(), Session.objects.count()) == (before, 0)


def test_the_test_write_leaves_no_file(file):
    with audit_file.opened(file):
        before, content = sorted(file.parent.iterdir()), file.read_bytes()
        assert can_write()
        assert (sorted(file.parent.iterdir()), file.read_bytes()) == (before, content)


# --- The disk


def in_a_process_with_little_room(file: Path, limit: int) -> str:
    """No file may grow beyond `limit` bytes: the operating system says no, as a full disk does."""
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
def test_a_disk_that_takes_no_more_is_told(file, limit):
    assert in_a_process_with_little_room(file, limit).split() == ["True", "False"]


@contextmanager
def read_only():
    """Of the connections that are opened inside this block."""
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


def test_a_read_only_database_is_told(transactional_db, client):
    with read_only():
        assert answer(client) == (503, ["audit_log"])
    assert answer(client) == (200, [])


def test_a_folder_without_the_files_of_the_queue_is_told(file, settings):
    settings.DATA_DIR = file.parent / "gone"
    with audit_file.opened(file):
        assert not can_write()


def test_a_folder_where_the_queue_may_not_be_opened_is_told(file, settings):
    settings.DATA_DIR = file.parent / "elsewhere"
    (settings.DATA_DIR / locking.WRITER_LOCK_FILE).mkdir(parents=True)
    with audit_file.opened(file):
        assert not can_write()


def test_a_database_that_is_none_is_told(file):
    file.write_bytes(b"nonsense " * 1000)
    with audit_file.opened(file):
        assert set(health.run_checks().items()) >= {("keys", False), ("audit_log", False)}


# --- A database that is busy


def test_a_writer_at_work_does_not_make_the_portal_unready(transactional_db, client):
    with locked():
        began = time.monotonic()
        assert answer(client) == (200, [])
        assert time.monotonic() - began < 2
        assert answer(client) == (200, [])


def test_a_lock_that_outlasts_the_patience_of_writers_is_told(transactional_db, client, monkeypatch):
    monkeypatch.setattr(locking, "WAIT_SECONDS", 0.1)
    with locked():
        assert answer(client) == (200, [])
        assert answer(client) == (503, ["audit_log"])
    assert answer(client) == (200, [])
    with locked():
        assert answer(client) == (200, []), "it is counted from the beginning of this lock"


@contextmanager
def held_by_turns(file: Path):
    """The lock is never free for us. Gives a function after which one writer hands it on, while we wait."""
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


def test_a_lock_is_no_fault_while_others_get_their_rows_written(file, monkeypatch):
    """As under the load of many, when we are never the next."""
    monkeypatch.setattr(locking, "WAIT_SECONDS", -1)
    with audit_file.opened(file), held_by_turns(file) as hand_on_soon:
        assert not can_write()
        hand_on_soon()
        assert can_write()


def test_patience_begins_anew_with_each_commit_of_others(file, monkeypatch):
    monkeypatch.setattr(locking, "WAIT_SECONDS", 1.0)
    with audit_file.opened(file), held_by_turns(file) as hand_on_soon:
        assert can_write()
        hand_on_soon()
        assert can_write()
        assert can_write()


def test_a_portal_that_writes_without_a_pause_is_ready(file):
    """Four writers, each after the other, and a probe that never waits for them to end."""
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
def test_an_audit_key_that_does_not_open_the_newest_row_is_told(transactional_db, client, settings, ring):
    write_events(2)
    before = rows()
    settings.SNAPPORTAL_AUDIT_KEYS = ring
    assert answer(client) == (503, ["keys"])
    assert rows() == before


def test_a_newest_row_that_was_changed_is_told(transactional_db, client):
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


def test_a_false_token_key_is_told(transactional_db, client, settings, cast):
    for label in ("one", "two"):
        tokens.store(user_id=cast.vera.pk, label=label, token=f"{label}-token-0123456789", stored_by_name="V")
    assert answer(client) == (200, [])
    settings.SNAPPORTAL_TOKEN_KEYS = {"t1": FALSE}
    assert answer(client) == (503, ["keys"])


def test_why_it_is_not_ready_stands_in_the_logs_and_not_in_the_answer(
    transactional_db, client, settings, caplog
):
    write_events(1)
    settings.SNAPPORTAL_AUDIT_KEYS = {"a1": FALSE}
    body = client.get("/readyz").text
    assert "a1" not in body
    assert "the key a1 does not open the newest row, 1" in caplog.text
