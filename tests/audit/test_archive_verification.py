"""Verifying a log of which rows are archived: from the boundary on, what is left below it, and the files themselves."""

import gzip
import io
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db import connection

from snapshots.audit import chain, holds, journal, sealing, tree_verification, verification
from snapshots.audit.archiving import rows, run
from snapshots.audit.archiving import verification as archive_files
from snapshots.audit.hold_models import Hold, parse_scope
from snapshots.audit.models import Entry
from snapshots.audit.tree_models import Tile
from tests.support.archives import archive_all, fill_with_checkpoint
from tests.support.audit_rows import ARON_ID, MIA, MIA_ID, write_operation
from tests.support.audit_triggers import without_triggers

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path, settings, monkeypatch):
    """Two files of 256 rows, recorded in the rows 522 and 523; the rows 5 to 7 are under a hold, which row 521 placed."""
    settings.SNAPPORTAL_ARCHIVE_DIR = str(tmp_path)
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    monkeypatch.setattr(run, "ROWS_PER_FILE", 256)
    fill_with_checkpoint(520)
    holds.place(actor=MIA, scope=parse_scope("rows 5 to 7"), name="Case", reason="lawsuit")
    archive_all(tmp_path)
    return tmp_path


def found() -> tuple[int | None, str]:
    verdict = verification.check_log()
    return verdict.first_broken, verdict.problem


def wrong_files(folder) -> list[str]:
    return [str(finding) for finding in archive_files.check_files(folder, {})]


def rewrite(path, change) -> None:
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    path.write_bytes(gzip.compress(b"".join(change(lines))))


def pretend_recorded(folder, number: int) -> None:
    """Change the row of the archive `number` as somebody with the log's secret key can: it names the file as it is now."""
    archive = rows.read_all()[number]
    path = folder / archive.file_name
    size, digest = path.stat().st_size, run.files.sha256_of(path)
    evidence = str(archive).replace(f"{archive.size} bytes", f"{size} bytes").replace(archive.sha256, digest)
    row = Entry.objects.filter(sequence=archive.recorded_in)
    with without_triggers():
        row.update(evidence=evidence)
        [changed] = row.values()
        row.update(hash=chain.seal(changed, verification.settings.SNAPPORTAL_AUDIT_KEYS[changed["key_id"]]))


def test_a_log_whose_old_rows_are_archived_holds(folder):
    verdict = verification.check_log()
    assert (verdict.holds, verdict.head.sequence, verdict.count) == (True, 523, 14)
    assert wrong_files(folder) == []


def test_a_row_missing_above_the_boundary_is_a_gap(folder):
    with without_triggers():
        Entry.objects.filter(sequence=514).delete()
    assert found() == (514, "gap")


def test_a_changed_row_that_is_left_below_the_boundary_is_found(folder):
    with without_triggers():
        Entry.objects.filter(sequence=6).update(reason="other")
    assert found() == (6, "hash")


@pytest.mark.only_sqlite  # PostgreSQL has a type for each of these values
@pytest.mark.parametrize("change", ["at = replace(at, ' ', 'T')", "clock_was_behind = 2"])
def test_a_left_row_that_is_stored_in_another_form_is_found(folder, change):
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE audit_entry SET {change} WHERE sequence = 6")
    assert found() == (6, "unreadable")


@pytest.mark.only_sqlite  # PostgreSQL has a type for each of these values
def test_a_row_that_is_stored_in_another_form_does_not_leave_with_its_archive(folder):
    fill_with_checkpoint(300)
    archive = run.archive_next(actor=MIA, folder=folder, older_than=datetime.now(UTC))
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE audit_entry SET clock_was_behind = 2 WHERE sequence = {archive.first}")
    run.let_go(archive, folder)
    assert Entry.objects.filter(sequence=archive.first).exists()
    assert not Entry.objects.filter(sequence=archive.first + 1).exists()


def test_a_left_row_that_is_sealed_again_is_found_by_its_leaf(folder):
    [row] = Entry.objects.filter(sequence=6).values()
    row["reason"] = "other"
    key = verification.settings.SNAPPORTAL_AUDIT_KEYS[row["key_id"]]
    with without_triggers():
        Entry.objects.filter(sequence=6).update(reason="other", hash=chain.seal(row, key))
    assert found() == (6, "leaf")


def test_a_changed_row_of_the_newest_archive_is_named(folder):
    with without_triggers():
        Entry.objects.filter(sequence=523).update(target="1024")
    assert found() == (523, "hash")


def test_a_hold_that_was_taken_out_is_found(folder):
    with without_triggers():
        Hold.objects.all().delete()
    assert found() == (521, "hold")


def test_rows_that_leave_while_the_log_is_verified_are_not_missing(folder, monkeypatch):
    fill_with_checkpoint(300)
    original, was_called = rows.newest, []

    def overtaken():
        archive = original()
        if not was_called:
            was_called.append(True)
            archive_all(folder)
        return archive

    monkeypatch.setattr(rows, "newest", overtaken)
    assert verification.check_log().holds


def test_a_missing_file_is_named(folder):
    (folder / "audit-000000257-000000512.jsonl.gz").unlink()
    assert wrong_files(folder) == ["audit-000000257-000000512.jsonl.gz: the file is missing"]


def test_an_exchanged_file_is_named(folder):
    path = folder / "audit-000000257-000000512.jsonl.gz"
    path.write_bytes((folder / "audit-000000001-000000256.jsonl.gz").read_bytes())
    [finding] = wrong_files(folder)
    assert finding.startswith("audit-000000257-000000512.jsonl.gz: its SHA-256 is not the one that row 523 ")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda lines: lines[:11] + lines[12:], "row 266: it is missing or out of order"),
        (
            lambda lines: [*lines[:11], lines[12], lines[11], *lines[13:]],
            "row 266: it is missing or out of order",
        ),
        (
            lambda lines: [*lines[:11], lines[11].replace(b'"code":""', b'"code":"x"'), *lines[12:]],
            "row 266: it is not the row that the tree has at its place",
        ),
        (lambda lines: lines[:200], "row 455 is missing"),
    ],
)
def test_a_file_with_other_rows_is_found_by_the_tree(folder, change, problem):
    rewrite(folder / "audit-000000257-000000512.jsonl.gz", change)
    pretend_recorded(folder, 1)
    [finding] = wrong_files(folder)
    assert finding.split(": ", 1)[1] == problem


def test_rows_that_no_archive_has_are_named(folder):
    with without_triggers():
        Entry.objects.filter(sequence=522).delete()
    assert wrong_files(folder) == ["rows 1 to 256: no row of the log says in which file they are"]


def test_an_anchor_of_an_archived_row_must_agree(folder):
    archive = rows.read_all()[0]
    assert list(archive_files.check_files(folder, {256: archive.head.hash})) == []
    [finding] = archive_files.check_files(folder, {256: "f" * 64})
    assert str(finding).endswith("row 256: it is not what the anchor noted")


def test_a_row_that_must_stay_in_the_database_is_missed_there(tmp_path):
    fill_with_checkpoint(200)
    holds.place(actor=MIA, scope=parse_scope("server 1"), name="Case", reason="lawsuit")
    fill_with_checkpoint(100)
    archive_all(tmp_path)
    with without_triggers():
        Entry.objects.filter(sequence=201).delete()
    [finding] = archive_files.check_files(tmp_path, {})
    assert (finding.first, finding.kind) == (201, "gone")
    assert str(finding).endswith(
        "row 201: rows of the action audit.hold must stay in the database, and it is gone from there"
    )


@pytest.fixture
def held_log(tmp_path, settings):
    """256 archived rows; 1 and 2 are an operation of Mia's on the server 12345, 3 is about Aron, the others Mia's."""
    settings.SNAPPORTAL_ARCHIVE_DIR = str(tmp_path)
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    operation = write_operation("accepted")
    journal.record(MIA.entry(action="person.invite", target="Aron", target_person_id=ARON_ID))
    fill_with_checkpoint(253)
    return operation


@pytest.mark.parametrize(
    ("scope", "gone"),
    [("server 12345", 2), (f"person {ARON_ID}", 3), (f"person {MIA_ID}", 100), ("rows 5 to 9", 9)],
)
def test_a_held_row_that_was_deleted_after_archiving_is_found(held_log, tmp_path, scope, gone):
    holds.place(actor=MIA, scope=parse_scope(scope), name="Case", reason="lawsuit")
    archive_all(tmp_path)
    assert verify_audit()[0] == 0
    with without_triggers():
        assert Entry.objects.filter(sequence=gone).delete()[0] == 1
    code, text = verify_audit()
    assert code == 1
    assert f"row {gone}: the hold of row 257 ({scope}) keeps it in the database, and it is gone" in text
    assert f"row {gone}: it is archived, but must stay in the database too" in text


def test_a_held_row_of_an_operation_that_was_deleted_is_found(held_log, tmp_path):
    holds.place(actor=MIA, scope=parse_scope(f"operation {held_log}"), name="Case", reason="lawsuit")
    archive_all(tmp_path)
    with without_triggers():
        Entry.objects.filter(sequence=1).delete()
    assert "row 1: the hold of row 257 " in verify_audit()[1]


def test_rows_that_left_before_the_hold_or_after_it_was_lifted_are_not_missed(held_log, tmp_path):
    hold = holds.place(actor=MIA, scope=parse_scope("rows 5 to 9"), name="Case", reason="lawsuit")
    archive_all(tmp_path)
    holds.place(actor=MIA, scope=parse_scope("rows 10 to 19"), name="Case 2", reason="lawsuit")
    holds.lift(actor=MIA, placed_in=hold.placed_in, reason="over")
    archive_all(tmp_path)
    assert not Entry.objects.filter(sequence__range=(5, 19)).exists()
    assert verify_audit()[0] == 0


def verify_audit(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("verify_audit", "--no-record", *arguments, stdout=out, stderr=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def test_the_command_checks_the_files_too(folder):
    code, text = verify_audit()
    assert code == 0
    assert "14 rows hold, up to row 523 (archived up to row: 512)" in text
    (folder / "audit-000000257-000000512.jsonl.gz").unlink()
    code, text = verify_audit()
    assert code == 1
    assert "Archive audit-000000257-000000512.jsonl.gz: the file is missing." in text
    assert "row 257: it is archived, and its file is missing" in text


def test_without_the_folder_all_files_are_missing_unless_they_are_left_out(folder, settings):
    settings.SNAPPORTAL_ARCHIVE_DIR = str(folder / "elsewhere")
    code, text = verify_audit()
    assert code == 1
    assert "Archive audit-000000257-000000512.jsonl.gz: the file is missing." in text
    code, text = verify_audit("--without-archives")
    assert code == 0
    assert "14 rows hold, up to row 523 (archived and not checked up to row: 512)" in text
    assert verify_audit("--archives", str(folder))[0] == 0


def test_the_sealed_object_in_the_file_gives_the_hash_of_the_row(db):
    fill_with_checkpoint(3)
    for row in Entry.objects.values():
        assert archive_files.hash_of(sealing.sealed(row)) == row["hash"]


def test_a_changed_tile_of_archived_rows_is_found(folder):
    assert tree_verification.check_log_and_tree().holds
    hashes = bytearray(Tile.objects.get(level=0, index=0).hashes)
    hashes[100 * 32] ^= 1
    with without_triggers():
        Tile.objects.filter(level=0, index=0).update(hashes=bytes(hashes))
    verdict = tree_verification.check_log_and_tree()
    assert (verdict.first_broken, verdict.problem) == (1, "tile")
