"""Rows that the portal never writes (sequence below 1, values of a wrong type) are reported by number, without a traceback."""

import json
import sqlite3
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse

from snapshots.audit import chain, checkpoints, export, journal
from snapshots.audit.checkpoints import CheckpointError
from snapshots.audit.models import Entry
from snapshots.audit.search.criteria import Criteria
from snapshots.views import audit
from snapshots.views.roster import Roster
from snapshots.views.texts import audit as texts
from tests.support import audit_file
from tests.support.audit_rows import MIA, columns_of, fill_log, rows, verdict, write_events
from tests.support.audit_triggers import without_sequence_check, without_triggers

ROWS = 8


def forge(sequence: int) -> None:
    """Insert a copy of row 1 with this sequence."""
    with without_triggers(), without_sequence_check():
        forged = Entry.objects.get(sequence=1)
        forged.sequence, forged.previous_hash, forged.reason = sequence, "f" * 64, "nothing to see"
        forged.save(force_insert=True)


def check(capsys, name: str = "verify_audit", *options: str) -> tuple[int, str]:
    code = 0
    try:
        call_command(name, *options)
    except SystemExit as end:
        code = end.code
    return code, capsys.readouterr().err


@pytest.fixture(autouse=True)
def anchor_file(tmp_path, settings) -> Path:
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    return tmp_path / "anchors.jsonl"


@pytest.mark.parametrize("sequence", [0, -5])
def test_the_database_refuses_a_row_before_row_1(db, sequence):
    write_events(2)
    with without_triggers(), pytest.raises(IntegrityError), transaction.atomic():
        forged = Entry.objects.get(sequence=1)
        forged.sequence, forged.previous_hash = sequence, "f" * 64
        forged.save(force_insert=True)


@pytest.mark.parametrize("sequence", [0, -5])
def test_a_row_before_row_1_is_reported(db, capsys, sequence):
    write_events(3)
    call_command("anchor_audit")
    forge(sequence)
    code, output = check(capsys, "verify_audit", "--no-record")
    assert (code, f"row {sequence}: no row stands before row 1" in output) == (1, True)
    assert check(capsys, "anchor_audit")[0] == 1
    assert verdict().first_broken == sequence


@pytest.mark.parametrize("sequence", [0, -5])
def test_pages_show_no_row_before_row_1(db, cast, signed_in, sequence):
    write_events(3)
    forge(sequence)
    auditor = signed_in(cast.aron)
    page = auditor.get(reverse("entry_list"))
    assert (page.status_code, "nothing to see" in page.text) == (200, False)
    assert auditor.get("/audit/1/").status_code == 200
    assert auditor.get(f"/audit/{sequence}/").status_code == 404


@pytest.fixture
def log(tmp_path, settings, django_db_blocker) -> Path:
    """A database file with eight rows, used as the default database."""
    settings.DATA_DIR = tmp_path
    with django_db_blocker.unblock():
        path = audit_file.filled(tmp_path, ROWS)
        with audit_file.opened(path):
            yield path


def tamper(path: Path, change: str, sequence: int = 5) -> None:
    """Change a row with sqlite3 alone, as the owner of the file can."""
    owner = sqlite3.connect(path, isolation_level=None)
    for trigger in ("no_update", "no_delete", "only_append"):
        owner.execute(f"DROP TRIGGER audit_entry_{trigger}")
    owner.execute(f"UPDATE audit_entry SET {change} WHERE sequence = {sequence}")
    owner.close()


FOREIGN = [
    "reason = x'ff00'",
    "reason = CAST(x'ff00' AS TEXT)",
    "operation_id = 'zz'",
    "operation_id = 7",
    "hash = 'é'",
    "hash = x'00'",
    "key_id = x'00'",
    "previous_hash = x'00'",
    "at = '2026-11-24 99:00:00'",
    "at = 'yesterday'",
    "at = x'00'",
    "at = 17",
    "actor_id = 'somebody'",
    "actor_id = 1e300",
]


@pytest.mark.parametrize("change", FOREIGN)
@pytest.mark.only_sqlite
def test_a_value_of_a_wrong_type_is_reported_with_its_row(log, capsys, change):
    tamper(log, change)
    code, output = check(capsys, "verify_audit")
    assert (code, "broken at row 5: " in output) == (1, True)
    assert verdict_of_rows() == (4, 5)
    assert check(capsys, "anchor_audit")[0] == 1


def verdict_of_rows() -> tuple[int, int | None]:
    found = chain.verify(Entry.objects.all().rows(), keys())
    return found.count, found.first_broken


def keys() -> dict[str, bytes]:
    return settings.SNAPPORTAL_AUDIT_KEYS


@pytest.mark.parametrize("number", ["'five'", "x'05'", "CAST(x'ff' AS TEXT)", "sequence + 0.5"])
@pytest.mark.parametrize("place", [5, ROWS])
@pytest.mark.only_sqlite
def test_a_sequence_that_is_not_an_integer_is_reported_as_a_missing_row(log, capsys, number, place):
    tamper(log, f"sequence = {number}", place)
    code, output = check(capsys, "verify_audit")
    assert (code, f"broken at row {place}: " in output) == (1, True)
    assert check(capsys, "anchor_audit")[0] == 1


@pytest.mark.parametrize("change", ["sequence = 'five'", "at = 'yesterday'", "hash = CAST(x'ff' AS TEXT)"])
@pytest.mark.only_sqlite
def test_nothing_is_written_after_a_last_row_that_cannot_be_read(log, change):
    tamper(log, change, ROWS)
    with pytest.raises(journal.JournalUnavailableError, match="last row"):
        journal.record(MIA.entry(action="person.sign_in"))


@pytest.mark.parametrize("change", FOREIGN[:4])
@pytest.mark.only_sqlite
def test_a_row_that_cannot_be_read_is_exported_as_csv_and_proven_by_no_file(log, change):
    """No full tile has the hash of its leaf yet."""
    checkpoints.make()
    tamper(log, change)
    with pytest.raises(CheckpointError):
        export.begin(actor=MIA, rows=Entry.objects.all(), format_name="json")
    csv_file = b"".join(export.begin(actor=MIA, rows=Entry.objects.all(), format_name="csv").chunks)
    assert len(csv_file.decode().splitlines()) == ROWS + 2


@pytest.mark.parametrize("change", FOREIGN[:4])
@pytest.mark.only_sqlite
def test_a_file_marks_a_row_that_cannot_be_read_as_damaged(log, change):
    fill_log(300)
    checkpoints.make()
    tamper(log, change)
    file = export.begin(actor=MIA, rows=Entry.objects.all(), format_name="json")
    lines = [json.loads(line) for line in b"".join(file.chunks).splitlines()]
    assert [line["from"] for line in lines if line.get("damaged")] == [4]
    assert [line["row"]["sequence"] for line in lines if line["type"] == "row"] == [
        1,
        2,
        3,
        4,
        *range(6, ROWS + 301),
    ]


@pytest.mark.only_sqlite
def test_a_locked_database_is_not_reported_as_a_changed_row(log, capsys):
    other = sqlite3.connect(log, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with audit_file.opened(log, timeout=0.1):
        code, output = check(capsys, "verify_audit", "--no-record")
    other.close()
    assert (code, "could not be checked" in output) == (2, True)


@pytest.mark.parametrize("change", ["actor_id = 'somebody'", "actor_id = 1e300"])
@pytest.mark.only_sqlite
def test_a_search_for_a_person_skips_an_actor_id_that_is_not_an_integer(log, change):
    tamper(log, change)
    found = Criteria(person="Mia").listing().page(50).entries
    assert [entry.sequence for entry in found] == [number for number in range(ROWS, 0, -1) if number != 5]


@pytest.mark.parametrize("change", FOREIGN[:3] + FOREIGN[8:11])
@pytest.mark.only_sqlite
def test_pages_show_a_placeholder_for_a_row_that_cannot_be_read(log, change):
    """Calls the view functions directly, because the database file has no user who could sign in."""
    tamper(log, change)
    lines = Entry.objects.numbered().fetch(50)
    assert [entry.sequence for entry in lines] == list(range(ROWS, 0, -1))
    assert [entry.sequence for entry in lines if not entry.is_readable] == [5]
    page = audit._page(Criteria().listing().page(50), {}, Roster([]))
    assert texts.headline(lines[3]) in page.lines[3].html
    assert texts.headline(lines[3]) not in page.lines[4].html
    assert audit._is_sealed(lines[3]) is False


@pytest.mark.only_sqlite
def test_unchanged_rows_are_read_as_stored(log):
    assert [dict(row) for row in Entry.objects.all().rows()] == [columns_of(row) for row in rows()]
