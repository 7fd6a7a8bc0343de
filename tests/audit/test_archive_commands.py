"""archive_audit, hold_audit and lift_hold, as a shell sees them; what archived rows change for other commands."""

import gzip
import json
from datetime import timedelta

import pytest
from django.conf import settings as django_settings

from snapshots.audit import chain, checkpoints, journal, tiles, verification
from snapshots.audit.archiving import files, rows
from snapshots.audit.archiving import run as archiver
from snapshots.audit.hold_models import Hold
from snapshots.audit.models import Entry
from snapshots.audit.subjects import Subject
from snapshots.audit.tree_models import Checkpoint, Tile
from tests.support.archives import archive_all, fill_with_checkpoint, stored
from tests.support.audit_commands import accept, run, verify
from tests.support.audit_rows import fill_log, write_events, write_operation
from tests.support.audit_triggers import without_triggers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    settings.SNAPPORTAL_ARCHIVE_DIR = str(tmp_path)
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    return tmp_path


def make_old(days: int = 40) -> None:
    """Move the log back in time, sealed and put into the tree again."""
    with without_triggers():
        Tile.objects.all().delete()
        Checkpoint.objects.all().delete()
        previous = chain.GENESIS
        for row in list(Entry.objects.order_by("sequence").values()):
            row |= {"at": row["at"] - timedelta(days=days), "previous_hash": previous}
            previous = chain.seal(row, django_settings.SNAPPORTAL_AUDIT_KEYS[row["key_id"]])
            Entry.objects.filter(sequence=row["sequence"]).update(
                at=row["at"], previous_hash=row["previous_hash"], hash=previous
            )
        for subject in Subject.objects.exclude(day=None):
            subject.day -= timedelta(days=days)
            Subject.objects.filter(pk=subject.pk).update(day=subject.day, lookup=subject.named.lookup)
    tiles.complete_tiles(Entry.objects.all().last_sequence())


def test_nothing_is_archived_by_default(capsys):
    fill_with_checkpoint(300)
    code, out, err = run(capsys, "archive_audit")
    assert (code, err) == (0, "")
    assert "rows are never archived" in out
    assert len(stored()) == 300


def test_rows_older_than_the_setting_are_archived(capsys, settings):
    settings.SNAPPORTAL_ARCHIVE_AFTER_DAYS = 30
    fill_log(300)
    make_old()
    fill_with_checkpoint(300)
    code, out, err = run(capsys, "archive_audit")
    assert (code, err) == (0, "")
    assert "Rows 1 to 256 are in audit-000000001-000000256.jsonl.gz." in out
    assert "256 rows of audit-000000001-000000256.jsonl.gz left the database." in out
    assert stored() == [*range(257, 602)]
    assert "No row is due" in run(capsys, "archive_audit")[1]
    assert "No row is due" in run(capsys, "archive_audit", "--older-than-days", "50")[1]


@pytest.mark.parametrize("days", ["0", "x", "-1", "36501"])
def test_a_wrong_number_of_days_is_refused(capsys, days):
    code, _out, err = run(capsys, "archive_audit", f"--older-than-days={days}")
    assert code == 1
    assert "1 to 36500" in err


def test_a_run_that_fails_says_why_and_archives_nothing(capsys):
    write_events(10)
    code, _out, err = run(capsys, "archive_audit", "--older-than-days", "1")
    assert code == 1
    assert "No more rows were archived: there is no checkpoint: run manage.py checkpoint_audit first" in err


def test_a_hold_is_placed_and_lifted_on_the_command_line(capsys):
    place = ("hold_audit", "server 12", "--name", "Case 7", "--reason", "lawsuit", "--by", "Ada")
    code, out, err = run(capsys, *place)
    assert (code, out) == (0, "The hold on server 12 is placed in row 1. Rows that it keeps now: 0.\n")
    assert "No row in the database is under this hold." in err
    row = Entry.objects.get(sequence=1)
    assert (row.action, row.settled_by, row.channel) == ("audit.hold", "Ada", "command")
    code, out, _err = run(capsys, "lift_hold", "1", "--reason", "settled", "--by", "Ada")
    assert (code, out) == (0, "The hold on server 12 is lifted in row 2.\n")
    code, _out, err = run(capsys, "lift_hold", "1", "--reason", "settled")
    assert (code, err) == (1, "No hold was lifted: the hold of row 1 is lifted already, in row 2")
    code, _out, err = run(capsys, "lift_hold", "2", "--reason", "settled")
    assert (code, err) == (1, "No hold was lifted: row 2 placed no hold")


def test_the_command_tells_the_name_of_what_is_held_and_the_number_of_rows(capsys):
    write_operation("accepted")
    code, out, err = run(
        capsys, "hold_audit", "server 12345", "--name", "Case 7", "--reason", "x", "--by", "Ada"
    )
    assert (code, err) == (0, "")
    assert out == "The hold on server 12345 (web-server-01) is placed in row 3. Rows that it keeps now: 2.\n"


def test_a_hold_needs_a_scope_a_name_and_a_reason(capsys):
    assert run(capsys, "hold_audit", "disk 4", "--name", "x", "--reason", "y")[0] == 1
    assert run(capsys, "hold_audit", "server 4", "--name", " ", "--reason", "y")[0] == 1
    assert run(capsys, "hold_audit", "server 4", "--name", "x", "--reason", " ")[0] == 1
    assert not Hold.objects.exists()
    assert run(capsys, "lift_hold", "1", "--reason", " ")[0] == 1


def test_an_accepted_changed_row_is_a_damaged_skip_in_the_file_and_stays_in_the_database(capsys, folder):
    fill_with_checkpoint(300)
    with without_triggers():
        Entry.objects.filter(sequence=7).update(reason="other")
    assert accept(capsys, "changed_rows")[0] == 0
    checkpoints.make()
    [archive] = archive_all(folder)
    lines = gzip.decompress((folder / archive.file_name).read_bytes()).splitlines()
    damaged = json.loads(lines[7])
    assert (damaged["type"], damaged["from"], damaged["level"], damaged["damaged"]) == ("skip", 6, 0, True)
    assert json.loads(lines[-1])["rows"] == 256  # the row that accepts the damage is in the file, too
    assert stored()[:2] == [7, 257]
    assert verification.check_log().holds
    assert verify(capsys)[0] == 0


def test_an_anchor_of_an_archived_row_is_not_lost(capsys, folder):
    write_events(5)
    assert run(capsys, "anchor_audit")[0] == 0
    fill_with_checkpoint(300)
    archive_all(folder)
    assert verify(capsys)[0] == 0
    code, text = accept(capsys, "restored_log")
    assert code == 1
    assert "The log has the rows of all anchors" in text


def test_a_key_that_was_given_up_stays_so_when_its_rows_are_archived(folder, settings):
    fill_log(260)
    old = dict(settings.SNAPPORTAL_AUDIT_KEYS)
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": bytes(range(32)), **old}
    write_events(2)
    checkpoints.make()
    archive_all(folder)
    assert verification.check_log().holds
    settings.SNAPPORTAL_AUDIT_KEYS = {**old, "a2": bytes(range(32))}
    with pytest.raises(journal.JournalUnavailableError, match="a1 was given up"):
        write_events(1)


def test_another_run_that_was_faster_leaves_one_row(folder):
    fill_with_checkpoint(300)
    [archive] = archive_all(folder)
    assert archiver._record(verification.COMMAND_ACTOR, archive) is False
    assert len(rows.read_all()) == 1
    with pytest.raises(files.ArchiveFileError, match="cannot be written"):
        files.write(folder / archive.file_name, [])
