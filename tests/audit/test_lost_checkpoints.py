"""accept_restored_log also records the loss of rows that only the file of checkpoints names."""

import json
from pathlib import Path

import pytest
from django.urls import reverse

from snapshots.audit import chain
from snapshots.audit.models import Entry
from snapshots.audit.tree_models import Checkpoint, Tile
from tests.support.audit_commands import KEY, accept, restore_backup, run, verify
from tests.support.audit_rows import columns_of, rows, write_events
from tests.support.audit_triggers import without_triggers
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def checkpoint_file(tmp_path, settings) -> Path:
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    settings.SNAPPORTAL_ANCHOR_URL = ""
    settings.SNAPPORTAL_CHECKPOINT_FILE = str(tmp_path / "checkpoints.jsonl")
    return tmp_path / "checkpoints.jsonl"


def sign(capsys) -> None:
    assert run(capsys, "checkpoint_audit")[0] == 0


def restore(until: int) -> None:
    """As a restored backup leaves the database: its checkpoints are as old as its rows."""
    restore_backup(until)
    with without_triggers():
        Checkpoint.objects.filter(size__gt=until).delete()


@pytest.fixture
def restored(capsys) -> None:
    """A log of 12 rows, restored: row 10 was anchored and rows 11, 14 and 17 signed, and the rows from 13 on are lost."""
    write_events(10)
    run(capsys, "anchor_audit")
    sign(capsys)
    for _ in range(2):
        write_events(3)
        sign(capsys)
    restore(until=12)


def go_on_under_a_new_origin(settings, capsys) -> None:
    settings.SNAPPORTAL_LOG_ORIGIN = f"{settings.SNAPPORTAL_LOG_ORIGIN}/2"
    sign(capsys)


def test_rows_that_only_checkpoints_name_are_accepted_and_reported(
    capsys, settings, restored, cast, signed_in
):
    code, output = verify(capsys)
    assert (code, "the newest rows were cut off" in output, "accept_restored_log" in output) == (
        1,
        True,
        True,
    )
    code, output = accept(capsys, "restored_log")
    assert (code, "rows 13 to 17 were lost when a backup was put back" in output) == (0, True), output
    go_on_under_a_new_origin(settings, capsys)
    code, output = verify(capsys)
    assert (code, "rows 13 to 17 were lost" in output, "given up" in output) == (0, True, False), output
    assert run(capsys, "anchor_audit")[0] == 0
    page = text_of(signed_in(cast.aron).get(reverse("entry_list")))
    assert "rows 13 to 17 were lost" in page


def test_the_sentence_reaches_from_the_backup_to_the_largest_checkpoint_when_numbers_were_taken(
    capsys, restored
):
    write_events(9)
    code, output = verify(capsys)
    assert (code, "row 14: the checkpoint of the rows up to it" in output) == (1, True), output
    assert "accept_restored_log" in output
    code, output = accept(capsys, "restored_log")
    assert (code, "rows 13 to 17 were lost" in output) == (0, True), output


def test_anchors_are_given_up_and_the_sentence_reaches_to_the_checkpoint(capsys, settings):
    write_events(10)
    run(capsys, "anchor_audit")  # of row 10
    write_events(2)
    sign(capsys)
    restore(until=8)
    code, output = accept(capsys, "restored_log")
    assert (code, "rows 9 to 13 were lost" in output) == (0, True), output
    go_on_under_a_new_origin(settings, capsys)
    assert "(given up: 1)" in verify(capsys)[1]


def test_one_lost_row_is_named_alone(capsys):
    write_events(5)
    sign(capsys)
    restore(until=4)
    assert "row 5 was lost when a backup was put back" in accept(capsys, "restored_log")[1]


def test_a_loss_is_accepted_once(capsys, restored):
    assert accept(capsys, "restored_log")[0] == 0
    write_events(9)
    before = rows()
    code, output = accept(capsys, "restored_log")
    assert (code, "rows of all anchors and checkpoints" in output, rows() == before) == (1, True, True)


def test_a_second_loss_under_the_new_origin_needs_another_acceptance(capsys, settings, restored):
    """Its rows have numbers that the first acceptance names."""
    accept(capsys, "restored_log")
    go_on_under_a_new_origin(settings, capsys)
    write_events(3)
    sign(capsys)
    restore(until=14)
    code, output = accept(capsys, "restored_log", reason="And again")
    assert (code, "rows 15 to 16 were lost" in output) == (0, True), output


def test_an_acceptance_of_fewer_rows_does_not_cover_a_larger_checkpoint(capsys, restored, checkpoint_file):
    lines = checkpoint_file.read_text().splitlines(keepends=True)
    checkpoint_file.write_text("".join(lines[:2]))
    assert "rows 13 to 14 were lost" in accept(capsys, "restored_log")[1]
    checkpoint_file.write_text("".join(lines))
    code, output = accept(capsys, "restored_log")
    assert (code, "to 17 were lost" in output) == (0, True), output


def test_without_a_loss_or_a_file_nothing_is_written(capsys, settings, restored, checkpoint_file):
    settings.SNAPPORTAL_CHECKPOINT_FILE = ""
    assert "rows of all anchors" in accept(capsys, "restored_log")[1]
    settings.SNAPPORTAL_CHECKPOINT_FILE = str(checkpoint_file)
    checkpoint_file.write_text(checkpoint_file.read_text().splitlines()[0] + "\n")
    code, output = accept(capsys, "restored_log")
    assert (code, "rows of all anchors and checkpoints" in output) == (1, True)


def reseal_all() -> None:
    """Rewrite all rows with the right key and their old times, as an insider could."""
    log_rows, previous = rows(), chain.GENESIS
    for item in log_rows:
        item |= {"previous_hash": previous, "reason": "nothing to see"}
        item["hash"] = previous = chain.seal(item, bytes.fromhex(KEY))
    Entry.objects.all().delete()
    Entry.objects.bulk_create(Entry(**columns_of(item)) for item in log_rows)


@pytest.mark.parametrize("cut", [False, True])
def test_rewritten_rows_are_not_accepted_as_a_restored_backup(capsys, cut):
    write_events(6)
    sign(capsys)
    write_events(4)
    sign(capsys)
    if cut:
        restore(until=8)
    with without_triggers():
        reseal_all()
        Tile.objects.all().delete()
    before = rows()
    code, output = accept(capsys, "restored_log")
    assert (code, "the checkpoint of the rows up to it" in output, rows() == before) == (1, True, True), (
        output
    )


def test_a_restored_backup_is_accepted_although_a_changed_row_was(capsys, restored):
    """The checkpoint of row 11 is no longer that of the log, and accept_changed_rows has recorded why."""
    with without_triggers():
        Entry.objects.filter(sequence=4).update(reason="nothing to see")
    assert accept(capsys, "changed_rows")[0] == 0
    code, output = accept(capsys, "restored_log")
    assert (code, "to 17 were lost" in output) == (0, True), output


@pytest.mark.parametrize("at", [None, "yesterday", "2026-11-25T09:12:44"])
def test_a_line_without_a_time_is_refused(capsys, restored, checkpoint_file, at):
    lines = checkpoint_file.read_text().splitlines()
    lines[1] = json.dumps(json.loads(lines[1]) | {"at": at})
    checkpoint_file.write_text("\n".join(lines))
    code, output = accept(capsys, "restored_log")
    assert (code, "line 2 of" in output, "has no time" in output) == (1, True, True)
