"""Old rows move into files: which rows, what is in a file, and which rows the database lets go."""

import gzip
import json
import stat
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from snapshots.audit import checkpoints, holds, journal, sealing, verification
from snapshots.audit.archiving import files, proof, rows, run
from snapshots.audit.hold_models import parse_scope
from snapshots.audit.models import Entry
from snapshots.audit.streaming.models import StreamCursor
from tests.support.archives import archive_all, archived_ranges, fill_with_checkpoint, stored
from tests.support.audit_rows import MIA, write_events
from tests.support.audit_rows import rows as log_rows
from tests.support.audit_triggers import without_triggers

pytestmark = pytest.mark.django_db


def refuses(statement: str) -> None:
    before = stored()
    with (
        pytest.raises(DatabaseError, match="audit rows are"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert stored() == before


def test_whole_tiles_of_old_rows_leave_the_database(tmp_path):
    fill_with_checkpoint(600)
    [archive] = archive_all(tmp_path)
    assert (archive.first, archive.last, archive.file_name) == (1, 512, "audit-000000001-000000512.jsonl.gz")
    assert stored() == [*range(513, 602)]
    row = Entry.objects.get(sequence=601)
    assert (row.action, row.target, row.phase) == ("audit.archive", "512", "event")
    assert row.evidence == str(archive)
    assert verification.check_log().holds


def test_rows_that_are_younger_or_in_no_checkpoint_stay(tmp_path):
    fill_with_checkpoint(700)
    write_events(400)
    young = Entry.objects.get(sequence=300).at
    assert [(one.first, one.last) for one in archive_all(tmp_path, older_than=young)] == [(1, 256)]
    assert [(one.first, one.last) for one in archive_all(tmp_path)] == [(257, 512)]
    assert archive_all(tmp_path) == []
    assert archived_ranges() == [(1, 256), (257, 512)]
    assert stored() == [*range(513, 1103)]


def test_a_long_log_becomes_several_files(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "ROWS_PER_FILE", 512)
    fill_with_checkpoint(1300)
    archive_all(tmp_path)
    assert archived_ranges() == [(1, 512), (513, 1024), (1025, 1280)]
    assert verification.check_log().holds


def test_without_a_checkpoint_nothing_is_archived(tmp_path):
    write_events(256)
    with pytest.raises(run.ArchivingError, match="checkpoint"):
        archive_all(tmp_path)


def test_the_file_holds_every_value_but_names_and_addresses(tmp_path):
    fill_with_checkpoint(256)
    before = log_rows()
    [archive] = archive_all(tmp_path)
    path = tmp_path / archive.file_name
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_size == archive.size
    text = gzip.decompress(path.read_bytes()).decode()
    lines = [json.loads(line) for line in text.splitlines()]
    assert (lines[0]["filters"], lines[0]["columns"]) == ("rows 1 to 256", list(sealing.SALTED_COLUMNS))
    assert lines[0]["checkpoint"] == checkpoints.newest().note
    assert lines[-1] == {"type": "end", "rows": 256}
    assert [line["row"] for line in lines[1:-1]] == [sealing.sealed(row) for row in before]
    assert [line["open"] for line in lines[1:-1]] == [sealing.openings(row) for row in before]
    assert "Mia" not in text and "203.0.113" not in text


def test_the_file_is_checked_by_the_auditors_own_program(tmp_path):
    fill_with_checkpoint(300)
    [archive] = archive_all(tmp_path)
    path = tmp_path / archive.file_name
    proof.check(path)
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    path.write_bytes(gzip.compress(b"".join(lines[:100] + lines[101:])))
    with pytest.raises(files.ArchiveFileError, match="does not verify"):
        proof.check(path)


def test_the_database_lets_archived_rows_go_and_no_others(tmp_path, monkeypatch):
    fill_with_checkpoint(600)
    monkeypatch.setattr(run, "let_go", lambda archive, folder: 0)
    refuses("DELETE FROM audit_entry WHERE sequence = 1")
    archive_all(tmp_path)
    refuses("DELETE FROM audit_entry WHERE sequence = 513")
    refuses("DELETE FROM audit_entry WHERE sequence > 500")
    refuses("UPDATE audit_entry SET reason = 'x' WHERE sequence = 1")
    Entry.objects.filter(sequence=512).delete()
    assert stored() == [*range(1, 512), *range(513, 602)]


def test_a_row_that_failed_to_archive_lets_nothing_go():
    write_events(300)
    journal.record(MIA.entry(action="audit.archive", result="failed", target="256"))
    refuses("DELETE FROM audit_entry WHERE sequence = 1")


def test_held_rows_stay_until_the_hold_is_lifted(tmp_path):
    fill_with_checkpoint(300)
    hold = holds.place(actor=MIA, scope=parse_scope("rows 5 to 9"), name="Case", reason="lawsuit")
    [archive] = archive_all(tmp_path)
    assert stored()[:6] == [5, 6, 7, 8, 9, 257]
    refuses("DELETE FROM audit_entry WHERE sequence = 5")
    assert verification.check_log().holds
    holds.lift(actor=MIA, placed_in=hold.placed_in, reason="over")
    assert run.let_go(archive, tmp_path) == 5
    assert min(stored()) == 257


def test_a_hold_on_a_person_keeps_rows_about_the_person(tmp_path):
    journal.record(MIA.entry(action="person.invite", target="Aron", target_person_id=1004))
    fill_with_checkpoint(300)
    holds.place(actor=MIA, scope=parse_scope("person 1004"), name="Case", reason="lawsuit")
    archive_all(tmp_path)
    assert stored()[:2] == [1, 257]
    refuses("DELETE FROM audit_entry WHERE sequence = 1")


def test_rows_that_the_log_needs_to_be_read_stay(tmp_path):
    fill_with_checkpoint(200)
    hold = holds.place(actor=MIA, scope=parse_scope("server 1"), name="Case", reason="lawsuit")
    holds.lift(actor=MIA, placed_in=hold.placed_in, reason="over")
    fill_with_checkpoint(300)
    archive_all(tmp_path)
    assert stored()[:3] == [201, 202, 257]
    refuses("DELETE FROM audit_entry WHERE sequence = 201")


def test_a_changed_row_is_not_archived(tmp_path):
    fill_with_checkpoint(300)
    with without_triggers():
        Entry.objects.filter(sequence=7).update(reason="other")
    with pytest.raises(run.ArchivingError, match="row 7 "):
        archive_all(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_never_overwritten(tmp_path):
    fill_with_checkpoint(300)
    path = tmp_path / "audit-000000001-000000256.jsonl.gz"
    path.write_bytes(gzip.compress(b"mine\n"))
    with pytest.raises(files.ArchiveFileError):
        archive_all(tmp_path)
    assert gzip.decompress(path.read_bytes()) == b"mine\n"
    assert rows.last_archived() == 0


def test_a_missing_or_changed_file_stops_the_deleting(tmp_path, monkeypatch):
    fill_with_checkpoint(300)
    with monkeypatch.context() as patch:
        patch.setattr(run, "let_go", lambda archive, folder: 0)
        [archive] = archive_all(tmp_path)
    path = tmp_path / archive.file_name
    content = path.read_bytes()
    path.write_bytes(content + b"\n")
    with pytest.raises(files.ArchiveFileError, match="SHA-256"):
        run.let_go(archive, tmp_path)
    path.unlink()
    with pytest.raises(files.ArchiveFileError, match="cannot be read"):
        run.let_go(archive, tmp_path)
    assert len(stored()) == 301
    path.write_bytes(content)
    assert run.let_go(archive, tmp_path) == 256


def test_an_age_limit_in_the_future_archives_up_to_the_last_whole_tile(tmp_path):
    fill_with_checkpoint(512)
    later = Entry.objects.get(sequence=512).at + timedelta(days=1)
    assert [(one.first, one.last) for one in archive_all(tmp_path, older_than=later)] == [(1, 512)]


def test_rows_that_a_stream_has_not_sent_stay(tmp_path, settings):
    settings.SNAPPORTAL_STREAM_WEBHOOK_URL = "https://collector.example/log"
    settings.SNAPPORTAL_STREAM_WEBHOOK_SECRET = [bytes(range(32))]
    fill_with_checkpoint(520)
    assert archive_all(tmp_path) == []
    StreamCursor.objects.filter(stream="webhook").update(sequence=300)
    assert [(one.first, one.last) for one in archive_all(tmp_path)] == [(1, 256)]
