"""An operation is sent only after its intent is committed (promises 1 to 3)."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, connections, transaction
from django.test import Client
from django.urls import reverse

from snapshots.audit import journal
from snapshots.audit.journal import Actor, JournalUnavailableError
from snapshots.audit.models import Entry
from snapshots.operations import dispatch
from snapshots.operations.models import Action, Operation, State
from tests.support.audit_triggers import without_triggers

ACTIONS = [Action.CREATE, Action.RESTORE, Action.DELETE]


def pragma(statement: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
        return row[0] if row else None


@contextmanager
def disk_full(settings) -> Iterator[None]:
    """SQLite may not allocate another page: it fails with "database or disk is full", as on a full disk."""
    before = pragma("PRAGMA max_page_count")
    pragma("VACUUM")  # the space that earlier tests freed inside the file could hold thousands of rows
    pragma(f"PRAGMA max_page_count = {pragma('PRAGMA page_count')}")
    system = Actor(id=None, name="", role="")
    with pytest.raises(JournalUnavailableError):  # first fill the free space inside the file
        for _ in range(1000):
            journal.record(system.entry(action="person.sign_in"))
    try:
        yield
    finally:
        pragma(f"PRAGMA max_page_count = {before}")


@contextmanager
def read_only(settings) -> Iterator[None]:
    pragma("PRAGMA query_only = ON")
    try:
        yield
    finally:
        pragma("PRAGMA query_only = OFF")


@contextmanager
def locked(settings) -> Iterator[None]:
    """Another connection holds a write transaction open."""
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    pragma("PRAGMA busy_timeout = 100")
    try:
        yield
    finally:
        other.rollback()
        other.close()
        pragma("PRAGMA busy_timeout = 20000")


@contextmanager
def key_missing(settings) -> Iterator[None]:
    keys = settings.SNAPPORTAL_AUDIT_KEYS
    settings.SNAPPORTAL_AUDIT_KEYS = {}
    try:
        yield
    finally:
        settings.SNAPPORTAL_AUDIT_KEYS = keys


def write_a_row() -> None:
    journal.record(Actor(id=None, name="", role="").entry(action="person.sign_in"))


@contextmanager
def key_wrong(settings) -> Iterator[None]:
    """A different key with the same key ID."""
    write_a_row()
    keys = settings.SNAPPORTAL_AUDIT_KEYS
    settings.SNAPPORTAL_AUDIT_KEYS = dict.fromkeys(keys, bytes(range(32)))
    try:
        yield
    finally:
        settings.SNAPPORTAL_AUDIT_KEYS = keys


@contextmanager
def newest_row_changed(settings) -> Iterator[None]:
    write_a_row()
    with without_triggers():
        Entry.objects.filter(pk=Entry.objects.latest("sequence").pk).update(reason="nothing to see")
    yield


FAULTS = [disk_full, read_only, locked, key_missing, key_wrong, newest_row_changed]


def form_for(action: Action, desk) -> tuple[str, dict[str, str]]:
    """The URL of the form, and the data that a browser sends."""
    view = desk.server()
    snapshot = desk.snapshot(view)
    token_id = desk.token.pk
    if action == Action.CREATE:
        url = reverse("snapshot_create", args=[token_id, view.server_id])
        return url, {"name": "before-change", "confirmation": desk.confirm(action, view)}
    name = "snapshot_restore" if action == Action.RESTORE else "snapshot_delete"
    data = {"confirmation": desk.confirm(action, view, snapshot), "reason": "broken", "understood": "on"}
    return reverse(name, args=[token_id, snapshot.id]), {**data, "typed_name": view.name}


def write_calls(http_sandbox) -> list[tuple[str, str]]:
    return [call for call in http_sandbox.calls if call[0] != "GET"]


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_an_intent_that_cannot_be_written_gives_a_clear_503_and_sends_nothing(
    far_desk, http_sandbox, settings, fault, action
):
    browser = Client()
    browser.force_login(far_desk.user)
    url, data = form_for(action, far_desk)
    with fault(settings):
        answer = browser.post(url, data)
    assert answer.status_code == 503
    assert "nothing was sent" in answer.content.decode().lower()
    assert write_calls(http_sandbox) == []
    assert not Operation.objects.exists()
    assert not Entry.objects.filter(action=action).exists()


@pytest.mark.parametrize("action", ACTIONS)
def test_a_missing_database_gives_a_clear_503_and_sends_nothing(far_desk, http_sandbox, action, tmp_path):
    browser = Client()
    browser.force_login(far_desk.user)
    url, data = form_for(action, far_desk)
    original_name = connection.settings_dict["NAME"]
    connections.close_all()
    connection.settings_dict["NAME"] = str(tmp_path / "gone" / "database.sqlite3")
    try:
        answer = browser.post(url, data)
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = original_name
    assert answer.status_code == 503
    assert write_calls(http_sandbox) == []
    assert not Operation.objects.exists()


def test_the_intent_is_durable_before_the_first_byte_is_sent(far_desk, http_sandbox, monkeypatch):
    """Another connection sees the intent while the provider is being called."""
    from snapshots.upstream.client import SnapshotClient

    seen: list[tuple[str, str]] = []
    original = SnapshotClient.create_snapshot

    def recording_client(client, **arguments):
        assert not connection.in_atomic_block, "a lock is held across the call"
        other = sqlite3.connect(connection.settings_dict["NAME"])
        seen.extend(other.execute("SELECT phase, result FROM audit_entry WHERE action = 'snapshot.create'"))
        seen.extend(other.execute("SELECT 'operation', state FROM operation"))
        other.close()
        return original(client, **arguments)

    monkeypatch.setattr(SnapshotClient, "create_snapshot", recording_client)
    far_desk.create(far_desk.server())
    assert seen == [("intent", "pending"), ("operation", "sent")]


@pytest.mark.django_db(transaction=True)
def test_an_intent_inside_another_transaction_is_refused():
    with transaction.atomic(), pytest.raises(RuntimeError), journal.committed():
        pass


@pytest.mark.parametrize("action", ACTIONS)
def test_an_outcome_that_cannot_be_written_leaves_the_operation_visibly_open(
    far_desk, http_sandbox, settings, monkeypatch, action
):
    original = dispatch.mark_sent

    def break_the_disk_then_send(operation, at):
        sent = original(operation, at)
        pragma("PRAGMA query_only = ON")
        return sent

    monkeypatch.setattr(dispatch, "mark_sent", break_the_disk_then_send)
    view = far_desk.server()
    operation = far_desk.operate(action, view)
    pragma("PRAGMA query_only = OFF")
    assert operation.state == State.SENT
    assert len(write_calls(http_sandbox)) == 1
    operation.refresh_from_db()
    assert operation.is_open
    assert [entry.phase for entry in Entry.objects.filter(operation_id=operation.pk)] == ["intent"]


def test_the_journal_raises_an_error_if_it_cannot_be_written(far_desk, settings):
    with read_only(settings), pytest.raises(JournalUnavailableError):
        journal.record(far_desk.actor.entry(action="person.sign_in", result="completed"))
