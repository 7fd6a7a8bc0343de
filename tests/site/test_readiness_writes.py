"""/readyz performs a write as an operation does, verifies the newest row, and leaves nothing behind."""

import time
from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.db import connection

from snapportal import health, storage
from snapportal.accounts.session_models import PersonSession as Session
from snapshots.audit import locking
from snapshots.audit.models import Entry
from snapshots.vault import tokens
from tests.support.audit_rows import rows, write_events
from tests.support.audit_triggers import without_triggers

FALSE = bytes(range(32))
LOCK = {
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "BEGIN; LOCK TABLE person_session IN EXCLUSIVE MODE",
}
"""A statement that blocks other writers, but no reader."""


@pytest.fixture(autouse=True)
def fresh_watch(monkeypatch) -> None:
    monkeypatch.setattr(storage, "lock_watch", storage.LockWatch())


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


# --- The disk


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


# --- A database that is busy


def test_a_running_writer_does_not_make_the_portal_unready(transactional_db, client):
    with locked():
        began = time.monotonic()
        assert answer(client) == (200, [])
        assert time.monotonic() - began < 8, "it waited as long as a writer does"
        assert answer(client) == (200, [])


def test_a_lock_that_lasts_longer_than_writers_wait_is_reported(transactional_db, client, monkeypatch):
    monkeypatch.setattr(locking, "WAIT_SECONDS", 0.1)
    with locked():
        assert answer(client) == (200, [])
        assert answer(client) == (503, ["audit_log"])
    assert answer(client) == (200, [])
    with locked():
        assert answer(client) == (200, []), "it is counted from the beginning of this lock"


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
