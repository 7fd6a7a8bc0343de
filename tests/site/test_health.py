"""What a supervisor is told, and what people see while the database is away."""

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
    """Every statement fails, as it does when the database is down."""

    def fail(execute, sql, params, many, context):
        raise OperationalError("disk I/O error")

    with connection.execute_wrapper(fail):
        yield


def test_a_living_process_says_so_without_a_database(client):
    assert client.get("/livez").json() == {"status": "alive"}


def test_a_ready_portal_says_so(transactional_db, client):
    assert checks(client) == (
        200, {"database": "ok", "migrations": "ok", "keys": "ok", "audit_log": "ok"},
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_is_missing_is_told(client):
    row = MigrationRecorder.Migration.objects.get(app="vault")
    row.delete()
    try:
        assert failed(client) == ["migrations"]
    finally:
        row.save(force_insert=True)


@pytest.mark.parametrize("name", ["SNAPPORTAL_TOKEN_KEYS", "SNAPPORTAL_AUDIT_KEYS"])
def test_a_missing_key_is_told(transactional_db, client, settings, name):
    setattr(settings, name, {})
    assert failed(client) == ["keys"]


def test_readiness_without_a_database_is_an_answer_that_tells_no_cause(transactional_db, client, monkeypatch):
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
            assert time.monotonic() - began < 2.5
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert checks(client)[0] == 200


def test_readiness_does_not_ask_the_provider(transactional_db, client, settings):
    settings.SNAPPORTAL_API_URL = "http://127.0.0.1:9"
    assert checks(client)[0] == 200


def test_people_get_a_503_that_explains_while_the_database_is_away(cast, signed_in):
    client = signed_in(cast.vera)
    with no_database():
        answer = client.get("/account/")
    assert answer.status_code == 503
    assert "nothing was sent" in answer.content.decode()
    assert answer["X-Request-ID"]


def test_a_session_that_cannot_be_saved_is_a_503_too(cast, client):
    """The session's own middleware writes after the view, where no view's failure is caught any more."""

    def fail(execute, sql, params, many, context):
        if "django_session" in sql and not sql.startswith("SELECT"):
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail):
        answer = client.post("/sign-in/", {"username": "vera", "password": "correct horse battery"})
    assert answer.status_code == 503
