"""A command that finds no database, or one that it cannot read, ends with a sentence that says what to do."""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.db import DataError, InternalError, OperationalError, ProgrammingError

from snapshots.audit.management.database_command import told_by_command
from snapshots.audit.management.database_errors import explain
from tests.site.test_settings import start
from tests.support.absent_database import away
from tests.support.audit_commands import run
from tests.support.migrated_database import migrated_database
from tests.support.sqlite_file import opened

WHY = ("--reason", "why")
COMMANDS: dict[str, tuple[str, ...]] = {
    "accept_changed_rows": WHY,
    "accept_lost_anchors": WHY,
    "accept_restored_log": WHY,
    "add_person": ("ada",),
    "anchor_audit": (),
    "archive_audit": ("--older-than-days", "1"),
    "check_provider": ("--stored", "1"),
    "checkpoint_audit": (),
    "end_temporary_roles": (),
    "erase_addresses": (),
    "erase_person": ("ada", *WHY),
    "export_audit": (),
    "fill_sandbox": (),
    "hold_audit": ("server 1", "--name", "case", *WHY),
    "lift_hold": ("1", *WHY),
    "prove_audit": ("--size", "1"),
    "reconcile_operations": (),
    "reseal_tokens": (),
    "reset_second_factor": ("ada", *WHY),
    "run_worker": ("--once",),
    "serve_sandbox": ("--port", "0"),
    "start": ("--no-serve",),
    "stream_audit": ("--status",),
    "verify_audit": (),
}
NEED_NONE = {"update_catalogues", "show_log_key", "check_single_sign_on"}
"""show_log_key prints the keys nevertheless; check_single_sign_on needs an identity provider: tests/accounts/oidc/."""
WITH_CODE_2 = {"anchor_audit", "checkpoint_audit", "verify_audit"}
SAYS_WHAT_WAS_NOT_DONE = WITH_CODE_2 | {
    "accept_changed_rows",
    "accept_lost_anchors",
    "accept_restored_log",
    "archive_audit",
    "hold_audit",
    "lift_hold",
    "prove_audit",
}
"""These name the database's error in a sentence of their own, which begins with what was not done."""
MAKE = "There is no database yet. Make it first: python manage.py start --no-serve"


@contextmanager
def damaged(folder: Path):
    (folder / "damaged.sqlite3").write_bytes(os.urandom(9000))
    with opened(folder / "damaged.sqlite3"):
        yield


@contextmanager
def empty(folder: Path):
    with opened(folder / "empty.sqlite3"):
        yield


@pytest.fixture
def portal(settings, tmp_path, django_db_blocker):
    settings.DATA_DIR = str(tmp_path)
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    settings.SNAPPORTAL_ARCHIVE_DIR = str(tmp_path / "archive")
    settings.SNAPPORTAL_ERASE_ADDRESSES_AFTER_DAYS = 30
    settings.SNAPPORTAL_STREAM_WEBHOOK_URL = "https://siem.example.com/"
    with django_db_blocker.unblock():
        yield


def test_every_command_is_tried_here():
    ours = {name for name, app in get_commands().items() if str(app).startswith(("snapportal", "snapshots"))}
    assert COMMANDS.keys() | NEED_NONE == ours


@pytest.mark.parametrize("name", COMMANDS)
def test_a_server_that_is_away_is_named(portal, capsys, name):
    with away():
        code, _out, err = run(capsys, name, *COMMANDS[name])
    assert code == (2 if name in WITH_CODE_2 else 1)
    assert "Connection refused" in err
    assert MAKE not in err
    assert ("The database cannot be reached: " in err) == (name not in SAYS_WHAT_WAS_NOT_DONE)
    assert ("SNAPPORTAL_DATABASE_URL" in err) == (name not in SAYS_WHAT_WAS_NOT_DONE)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_file_that_is_no_database_is_named(portal, capsys, tmp_path, name):
    with damaged(tmp_path):
        code, _out, err = run(capsys, name, *COMMANDS[name])
    assert code == (2 if name in WITH_CODE_2 else 1)
    assert "file is not a database" in err
    assert MAKE not in err
    assert ("The database is not readable: " in err) == (name not in SAYS_WHAT_WAS_NOT_DONE)


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - {"start"}))
def test_a_database_without_tables_is_named(portal, capsys, tmp_path, name):
    with empty(tmp_path):
        code, _out, err = run(capsys, name, *COMMANDS[name])
    assert code == (2 if name in WITH_CODE_2 else 1)
    assert "no such table" in err or MAKE in err
    assert (MAKE in err) == (name not in SAYS_WHAT_WAS_NOT_DONE)


def test_keys_are_printed_without_a_database(portal, capsys):
    with away():
        code, out, err = run(capsys, "show_log_key")
    assert (code, len(out.splitlines())) == (0, 1)
    assert "could not be compared" in err


def test_an_older_database_is_to_be_upgraded(portal, capsys, tmp_path):
    shutil.copy(migrated_database(), tmp_path / "older.sqlite3")
    with opened(tmp_path / "older.sqlite3") as database:
        with database.cursor() as cursor:
            cursor.execute("DROP TABLE audit_entry")
        code, _out, err = run(capsys, "hold_audit", *COMMANDS["hold_audit"])
        assert (code, "no such table: audit_entry" in err) == (1, True)
        code, _out, err = run(capsys, "stream_audit", "--status")
    assert (code, "Upgrade it first: python manage.py start --no-serve" in err) == (1, True)


def test_a_file_that_cannot_be_opened_is_named_with_its_path(portal, capsys, tmp_path):
    (tmp_path / "folder.sqlite3").mkdir()
    for path in (tmp_path / "folder.sqlite3", tmp_path / "gone" / "file.sqlite3"):
        with opened(path):
            code, _out, err = run(capsys, "start", "--no-serve")
        assert code == 1
        assert f"The database {path} cannot be opened" in err
        assert MAKE not in err


def test_a_data_folder_that_was_not_made_holds_no_database_yet(portal, capsys, settings, tmp_path):
    settings.DATA_DIR = str(tmp_path / "data")
    with opened(tmp_path / "data" / "file.sqlite3"):
        assert MAKE in run(capsys, "fill_sandbox")[2]


def test_start_names_a_data_folder_that_cannot_be_made(portal, capsys, settings, tmp_path):
    (tmp_path / "file").touch()
    settings.DATA_DIR = str(tmp_path / "file" / "data")
    code, _out, err = run(capsys, "start", "--no-serve")
    assert (code, err) == (1, f"SNAPPORTAL_DATA_DIR={settings.DATA_DIR} cannot be used: Not a directory")


class Refused(Exception):
    """As psycopg raises it."""

    def __init__(self, sqlstate: str | None) -> None:
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("kind", "state", "sentence"),
    [
        (OperationalError, None, "cannot be reached"),
        (OperationalError, "57P01", "cannot be reached"),
        (OperationalError, "53100", "cannot be used"),
        (ProgrammingError, "42501", "cannot be used"),
        (InternalError, "25006", "cannot be used"),
        (InternalError, "XX001", "is not readable"),
        (ProgrammingError, "42P01", MAKE),
        (ProgrammingError, "42703", MAKE),
    ],
)
def test_an_error_of_postgresql_is_explained(portal, kind, state, sentence):
    error = kind("first\n\tsecond")
    error.__cause__ = Refused(state)
    with away():
        assert sentence in explain(error)
        assert "first second" in explain(error)


@pytest.mark.parametrize(
    ("kind", "state"), [(ProgrammingError, "42601"), (DataError, "22003"), (DataError, None)]
)
def test_a_defect_keeps_its_traceback(portal, kind, state):
    error = kind("wrong")
    error.__cause__ = Refused(state)
    with away(), pytest.raises(kind), told_by_command():
        raise error


@pytest.mark.parametrize("name", ["add_person", "checkpoint_audit", "start"])
def test_a_damaged_file_gives_no_traceback_in_a_process_of_its_own(tmp_path, name):
    (tmp_path / "snapportal.sqlite3").write_bytes(os.urandom(9000))
    done = start({"SNAPPORTAL_DATA_DIR": str(tmp_path)}, name, *COMMANDS[name])
    assert done.returncode == (2 if name in WITH_CODE_2 else 1)
    assert "file is not a database" in done.stderr
    assert "Traceback" not in done.stderr
