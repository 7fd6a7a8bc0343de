"""All that is true of the audit log on SQLite is true on PostgreSQL too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from tests import audit_crowd, postgres

pytestmark = pytest.mark.postgres
ROOT = Path(__file__).resolve().parent.parent
HERE = Path(__file__).name


@pytest.fixture(scope="module")
def database_url():
    with postgres.cluster() as url:
        yield url


def test_every_test_of_the_audit_log_holds_on_postgresql(database_url):
    files = sorted(str(path) for path in (ROOT / "tests").glob("test_audit_*.py") if path.name != HERE)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-m",
            "not load and not postgres",
            "-p",
            "no:cacheprovider",
            *files,
        ],
        cwd=ROOT,
        env=os.environ | {"SNAPPORTAL_DATABASE_URL": database_url},
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
