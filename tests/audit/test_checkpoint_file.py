"""verify_audit and the file of checkpoints: a log that was sealed again as a whole, with its tree and without its checkpoints."""

import json
from pathlib import Path

import pytest

from snapshots.audit import checkpoints, export, notes
from snapshots.audit.models import Entry
from snapshots.audit.tree_models import Checkpoint
from tests.support.attacks import forget_checkpoints, rebuild_tree, rewrite
from tests.support.audit_commands import run, verify
from tests.support.audit_rows import MIA, fill_log, write_events
from tests.support.audit_triggers import without_triggers

pytestmark = pytest.mark.django_db

OLD, NEW = b"\1" * 32, b"\2" * 32
EMPTIED = "the table audit_checkpoint was emptied"


@pytest.fixture(autouse=True)
def checkpoint_file(tmp_path, settings) -> Path:
    path = tmp_path / "checkpoints.jsonl"
    settings.SNAPPORTAL_CHECKPOINT_FILE = str(path)
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    settings.SNAPPORTAL_LOG_ORIGIN = "log.example/audit"
    settings.SNAPPORTAL_LOG_SIGNING_KEYS = [OLD]
    return path


@pytest.fixture
def signed(capsys) -> None:
    """300 rows, with checkpoints of the first 280 and of all."""
    for count in (280, 20):
        fill_log(count)
        assert run(capsys, "checkpoint_audit")[0] == 0


def reseal(row: int) -> None:
    """Change a row, seal the log again with its key, and make the tree that of the new rows."""
    rewrite(lambda rows: rows[row - 1].update(reason="nothing to see"))
    rebuild_tree()


def test_a_log_that_agrees_with_the_file_holds(signed, capsys):
    assert verify(capsys)[0] == 0
    assert "checkpoint" not in verify(capsys)[1]


@pytest.mark.parametrize(("row", "size"), [(5, 280), (290, 300)])
def test_a_log_that_was_sealed_again_contradicts_the_file(signed, capsys, row, size):
    reseal(row)
    forget_checkpoints()
    code, output = verify(capsys)
    assert (code, f"row {size}: the checkpoint of the rows up to it" in output) == (1, True), output


def test_every_line_of_the_file_is_compared_and_not_the_last_alone(signed, capsys, checkpoint_file):
    reseal(5)
    forget_checkpoints()
    head = notes.TreeHead("log.example/2", 9, bytes(32))
    other = json.dumps({"checkpoint": notes.sign(head.text, [notes.SigningKey("log.example/2", NEW)])})
    with checkpoint_file.open("a") as file:
        file.write(other + "\n")
    assert verify(capsys)[0] == 1


def test_rows_that_were_cut_off_are_missed_by_the_file(signed, capsys):
    with without_triggers():
        Entry.objects.filter(sequence__gt=290).delete()
    forget_checkpoints()
    code, output = verify(capsys)
    assert (code, "row 291: tiles or checkpoints were made when it was there" in output) == (1, True)


def test_a_log_without_its_checkpoints_is_told_with_and_without_the_file(signed, capsys, settings):
    forget_checkpoints()
    code, output = verify(capsys)
    assert (code, EMPTIED in output, "2 checkpoints in " in output) == (0, True, True)
    settings.SNAPPORTAL_CHECKPOINT_FILE = ""
    code, output = verify(capsys)
    assert (code, EMPTIED in output, "2 checkpoints in " in output) == (0, True, False)


def test_a_short_log_without_checkpoints_is_told_when_it_was_anchored(capsys):
    write_events(3)
    run(capsys, "anchor_audit")
    assert EMPTIED in verify(capsys)[1]


def test_a_new_log_needs_no_checkpoint(capsys):
    write_events(3)
    assert "checkpoint" not in verify(capsys)[1]


def test_single_checkpoints_that_were_taken_out_are_told(signed, capsys, settings):
    with without_triggers():
        Checkpoint.objects.filter(number=1).delete()
    assert "1 checkpoints in " in verify(capsys)[1]
    settings.SNAPPORTAL_CHECKPOINT_FILE = ""
    assert "Of 2 checkpoints, 1 are in the database: the others were taken out." in verify(capsys)[1]


def test_a_file_that_is_gone_is_told(signed, capsys, checkpoint_file):
    checkpoint_file.unlink()
    code, output = verify(capsys)
    assert (code, f"There is no file {checkpoint_file}" in output) == (0, True)


@pytest.mark.parametrize("line", ["nonsense", '{"checkpoint": 5}', '{"checkpoint": "x"}'])
def test_a_line_that_is_no_checkpoint_is_named(signed, capsys, checkpoint_file, line):
    lines = checkpoint_file.read_text().splitlines()
    checkpoint_file.write_text("\n".join([lines[0], line, lines[1], ""]))
    code, output = verify(capsys)
    assert (code, f"line 2 of {checkpoint_file} is no checkpoint" in output) == (2, True)


def test_checkpoints_of_another_origin_are_not_compared(signed, capsys, settings):
    reseal(5)
    forget_checkpoints()
    settings.SNAPPORTAL_LOG_ORIGIN = "log.example/2"
    assert verify(capsys)[0] == 0


def test_an_origin_that_was_given_up_is_compared_when_it_is_used_again(signed, capsys, settings):
    """The database forgot the checkpoints of that origin, and the last line of the file is of another one."""
    reseal(5)
    forget_checkpoints()
    origin, settings.SNAPPORTAL_LOG_ORIGIN = settings.SNAPPORTAL_LOG_ORIGIN, "log.example/2"
    assert run(capsys, "checkpoint_audit")[0] == 0
    settings.SNAPPORTAL_LOG_ORIGIN = origin
    code, _out, err = run(capsys, "checkpoint_audit")
    assert (code, "the first 300 rows are not those" in err) == (1, True)


def test_an_export_signs_nothing_that_contradicts_the_file(signed):
    reseal(5)
    forget_checkpoints()
    with pytest.raises(checkpoints.BrokenLogError, match="the first 300 rows are not those"):
        export.begin(actor=MIA, rows=Entry.objects.all(), format_name="json")
    assert not Checkpoint.objects.exists()


def test_the_last_line_is_found_at_the_end_of_a_long_file(signed, checkpoint_file):
    last = checkpoints.last_line(checkpoint_file)
    checkpoint_file.write_text(f"{'x' * 100}\n" * 1000 + last + "\n\n")
    assert checkpoints.last_line(checkpoint_file) == last


def test_the_command_does_not_print_a_key_that_did_not_sign_the_log(signed, capsys, settings):
    settings.SNAPPORTAL_LOG_SIGNING_KEYS = [NEW]
    code, out, err = run(capsys, "show_log_key")
    assert (code, out, "None of the keys signed the newest checkpoint, 2" in err) == (1, "", True)
    settings.SNAPPORTAL_LOG_SIGNING_KEYS = [NEW, OLD]
    assert run(capsys, "show_log_key")[0] == 0


def test_a_new_key_is_printed_after_it_has_signed_and_signing_tells_it(signed, capsys, settings):
    settings.SNAPPORTAL_CHECKPOINT_FILE = ""
    settings.SNAPPORTAL_LOG_SIGNING_KEYS = [NEW]
    code, _out, err = run(capsys, "checkpoint_audit")
    assert (code, "None of the keys signed the checkpoint before this one" in err) == (0, True)
    assert run(capsys, "show_log_key")[0] == 0
    assert run(capsys, "checkpoint_audit")[2] == ""


def test_the_key_of_a_new_origin_is_printed_before_it_has_signed(signed, capsys, settings):
    settings.SNAPPORTAL_LOG_ORIGIN = "log.example/2"
    assert run(capsys, "show_log_key")[0] == 0
