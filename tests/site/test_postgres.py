"""What is true on SQLite is true on PostgreSQL too: the log, operations and their evidence, readings, people and tokens."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.support import audit_crowd, postgres

pytestmark = pytest.mark.postgres
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def database_url():
    with postgres.cluster() as url:
        yield url


ROOMS = {
    "the log": ["test_audit_*.py"],
    "operations": ["test_operations.py", "test_idempotency.py", "test_reconciliation.py", "test_reader.py"],
    "people and tokens": [
        "test_people.py",
        "test_sign_in.py",
        "test_tokens.py",
        "test_vault.py",
        "test_health.py",
    ],
}


@pytest.mark.parametrize("room", ROOMS)
def test_what_holds_on_sqlite_holds_on_postgresql(database_url, room, tmp_path):
    files = sorted(str(path) for pattern in ROOMS[room] for path in (ROOT / "tests").glob(pattern))
    assert files
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


@pytest.mark.load
def test_sixteen_processes_share_the_log_on_postgresql(database_url, django_db_blocker):
    with django_db_blocker.unblock(), postgres.opened(database_url):
        call_command("migrate", "audit", verbosity=0)
        audit_crowd.write_at_once({"SNAPPORTAL_DATABASE_URL": database_url}, writers=16, each=1000)
        audit_crowd.check_log(writers=16, each=1000)
