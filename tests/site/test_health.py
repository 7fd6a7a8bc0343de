"""Health checks, and pages while the database is unavailable."""

import time
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client


def checks(client: Client) -> tuple[int, dict[str, str]]:
    answer = client.get("/readyz")
    return answer.status_code, answer.json()["checks"]


def failed(client: Client) -> list[str]:
    status, found = checks(client)
    assert status == 503
    return [name for name, word in found.items() if word == "failed"]


@contextmanager
def no_database():
    """Make every statement fail, as when the database is down."""

    def fail(execute, sql, params, many, context):
        raise OperationalError("disk I/O error")

    with connection.execute_wrapper(fail):
        yield


def test_livez_answers_without_a_database(client):
    assert client.get("/livez").json() == {"status": "alive"}


def test_readyz_reports_a_ready_portal(transactional_db, client):
    assert checks(client) == (
        200, {"database": "ok", "migrations": "ok", "keys": "ok", "audit_log": "ok"},
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_readyz_reports_a_missing_migration(client):
    row = MigrationRecorder.Migration.objects.filter(app="vault").latest("pk")
    row.delete()
    try:
        assert failed(client) == ["migrations"]
    finally:
        row.save(force_insert=True)


@pytest.mark.parametrize("name", ["SNAPPORTAL_TOKEN_KEYS", "SNAPPORTAL_AUDIT_KEYS"])
def test_readyz_reports_a_missing_key(transactional_db, client, settings, name):
    setattr(settings, name, {})
    assert failed(client) == ["keys"]


def test_readyz_without_a_database_answers_503_without_the_cause(transactional_db, client, monkeypatch):
    connection.ensure_connection()
    monkeypatch.setitem(connection.settings_dict, "NAME", "/nowhere/portal")
    assert failed(client) == ["database", "migrations", "keys", "audit_log"]
    assert "nowhere" not in client.get("/readyz").content.decode()


@pytest.mark.django_db(transaction=True)
def test_readiness_does_not_wait_for_a_database_that_is_locked(client):
    lock = {
        "sqlite": "BEGIN EXCLUSIVE",
        "postgresql": "BEGIN; LOCK TABLE django_migrations IN ACCESS EXCLUSIVE MODE",
    }
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(lock[other.vendor])
            began = time.monotonic()
            assert "migrations" in failed(client)
            assert time.monotonic() - began < 8, "it waited as long as a page does"
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert checks(client)[0] == 200


def test_readiness_does_not_call_the_provider(transactional_db, client, settings):
    settings.SNAPPORTAL_API_URL = "http://127.0.0.1:9"
    assert checks(client)[0] == 200


def test_pages_answer_an_explained_503_while_the_database_is_unavailable(cast, signed_in):
    client = signed_in(cast.vera)
    with no_database():
        answer = client.get("/account/")
    assert answer.status_code == 503
    assert "Nothing was sent" in answer.content.decode()
    assert answer["X-Request-ID"]


def test_a_session_that_cannot_be_saved_is_a_503_too(cast, client):
    """The session middleware writes after the view, where exceptions of views are no longer handled."""

    def fail(execute, sql, params, many, context):
        if "person_session" in sql and not sql.startswith("SELECT"):
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail):
        answer = client.post("/sign-in/", {"username": "vera", "password": "correct horse battery"})
    assert answer.status_code == 503
