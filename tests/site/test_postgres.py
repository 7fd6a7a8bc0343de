"""What is true on SQLite is true on PostgreSQL too: the log, operations and their evidence, readings, people and tokens."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from snapportal import health
from tests.support import audit_concurrency, postgres

pytestmark = pytest.mark.postgres
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def database_url():
    with postgres.cluster() as url:
        yield url


ROOMS = {
    "the log": ["audit/test_*.py", "views/test_audit_*.py"],
    "operations": [
        "operations/test_operations.py",
        "operations/test_idempotency.py",
        "operations/test_reconciliation.py",
        "operations/test_rights_in_flight.py",
        "operations/test_two_people.py",
        "inventory/test_reader.py",
    ],
    "people and tokens": [
        "accounts/test_people*.py",
        "accounts/test_sign_in.py",
        "accounts/test_typed_secrets.py",
        "views/test_token*.py",
        "vault/test_*.py",
        "site/test_health.py",
        "site/test_readiness_writes.py",
    ],
}


@pytest.mark.parametrize("room", ROOMS)
def test_what_holds_on_sqlite_holds_on_postgresql(database_url, room, tmp_path):
    found = {pattern: list((ROOT / "tests").glob(pattern)) for pattern in ROOMS[room]}
    assert all(found.values()), f"a pattern names no file: {found}"
    files = sorted(str(path) for paths in found.values() for path in paths)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "not load", "-p", "no:cacheprovider", *files],
        cwd=ROOT,
        env=os.environ | {"SNAPPORTAL_DATABASE_URL": database_url, "SNAPPORTAL_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr


@pytest.mark.parametrize(
    ("option", "is_ready"),
    [
        ("", True),
        ("-c temp_file_limit=0", False),  # as a full disk, no file may grow
        ("-c role=reader", False),  # may write sessions, but no row of the log
        ("-c default_transaction_read_only=on", False),
    ],
)
def test_readiness_tries_a_write(database_url, django_db_blocker, option, is_ready):
    with django_db_blocker.unblock(), postgres.opened(database_url):
        for app in ("audit", "sessions", "vault"):
            call_command("migrate", app, verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("DROP ROLE IF EXISTS reader; CREATE ROLE reader")
            cursor.execute("GRANT SELECT, INSERT ON django_session TO reader")
            cursor.execute("GRANT SELECT ON audit_entry, stored_token, django_migrations TO reader")
        try:
            connection.settings_dict["OPTIONS"]["options"] = option
            assert health.run_checks()["audit_log"] is is_ready
        finally:
            with connection.cursor() as cursor:
                cursor.execute("DROP OWNED BY reader; DROP ROLE reader")


@pytest.mark.load
def test_sixteen_processes_share_the_log_on_postgresql(database_url, django_db_blocker):
    with django_db_blocker.unblock(), postgres.opened(database_url):
        call_command("migrate", "audit", verbosity=0)
        audit_concurrency.write_at_once({"SNAPPORTAL_DATABASE_URL": database_url}, writers=16, each=1000)
        audit_concurrency.check_log(writers=16, each=1000)
