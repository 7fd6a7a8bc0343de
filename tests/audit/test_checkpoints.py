"""Checkpoints: what is signed, what is refused, the commands that make them, and how keys are changed."""

import json
import re
from pathlib import Path

import pytest
from django.utils import timezone

from snapshots.audit import checkpoints, notes, tiles, tree
from snapshots.audit.models import Entry
from snapshots.audit.tree_models import Checkpoint
from tests.support.audit_commands import restore_backup, run
from tests.support.audit_rows import fill_log, write_events
from tests.support.audit_triggers import without_triggers

pytestmark = pytest.mark.django_db

OLD, NEW = b"\1" * 32, b"\2" * 32


@pytest.fixture(autouse=True)
def checkpoint_file(tmp_path, settings) -> Path:
    path = tmp_path / "checkpoints.jsonl"
    settings.SNAPPORTAL_CHECKPOINT_FILE = ""
    settings.SNAPPORTAL_LOG_ORIGIN = "log.example/audit"
    settings.SNAPPORTAL_LOG_SIGNING_KEYS = [OLD]
    return path


def key(seed: bytes) -> notes.PublicKey:
    return notes.SigningKey("log.example/audit", seed).public()


def test_a_checkpoint_is_a_note_that_the_public_key_opens():
    write_events(3)
    made = checkpoints.make()
    opened = notes.open_note(made.note, [key(OLD)])
    assert opened.text == notes.TreeHead("log.example/audit", 3, tiles.read_root(3)).text
    assert (made.number, made.size, made.root) == (1, 3, tiles.read_root(3).hex())
    assert checkpoints.newest() == checkpoints.at(3) == made
    assert checkpoints.at(2) is None


def test_an_empty_log_has_a_checkpoint_too():
    made = checkpoints.make()
    assert checkpoints.head_of(made) == notes.TreeHead("log.example/audit", 0, tree.EMPTY_ROOT)


def test_an_unchanged_log_gets_no_second_checkpoint():
    write_events(2)
    assert checkpoints.make() == checkpoints.make()
    write_events(1)
    assert checkpoints.make().number == 2
    assert Checkpoint.objects.count() == 2


def test_an_unchanged_log_is_signed_again_with_other_keys_or_under_another_origin(settings):
    write_events(2)
    checkpoints.make()
    settings.SNAPPORTAL_LOG_SIGNING_KEYS = [NEW, OLD]
    assert checkpoints.make().number == 2
    settings.SNAPPORTAL_LOG_ORIGIN = "log.example/2"
    assert checkpoints.make().number == 3
    assert checkpoints.at(2).number == 3


def test_two_keys_overlap_while_they_are_changed(settings):
    write_events(1)
    settings.SNAPPORTAL_LOG_SIGNING_KEYS = [NEW, OLD]
    note = checkpoints.make().note
    for seed in (OLD, NEW):
        assert [one.key for one in notes.open_note(note, [key(seed)]).signatures] == [key(seed)]


def test_no_checkpoint_is_made_without_a_key(settings):
    settings.SNAPPORTAL_LOG_SIGNING_KEYS = []
    with pytest.raises(checkpoints.CheckpointError, match="SIGNING_KEYS is empty"):
        checkpoints.make()


def test_a_row_that_was_changed_since_the_last_checkpoint_is_not_signed():
    write_events(3)
    checkpoints.make()
    write_events(3)
    with without_triggers():
        Entry.objects.filter(sequence=5).update(result="failed")
    with pytest.raises(checkpoints.BrokenLogError, match="row 5"):
        checkpoints.make()


def test_a_log_that_contradicts_the_last_checkpoint_is_not_signed():
    """With the audit key in hand: the chain is valid again, and only the tree shows the change."""
    write_events(3)
    checkpoints.make()
    restore_backup(1)
    write_events(4)
    with pytest.raises(checkpoints.BrokenLogError, match="the first 3 rows are not those"):
        checkpoints.make()


def test_a_log_that_is_shorter_than_the_last_checkpoint_is_not_signed():
    write_events(3)
    checkpoints.make()
    restore_backup(2)
    with pytest.raises(checkpoints.BrokenLogError, match="has 2 rows, but a checkpoint of 3 rows"):
        checkpoints.make()


def test_a_log_goes_on_under_another_origin_after_a_restored_backup(settings):
    write_events(3)
    checkpoints.make()
    restore_backup(2)
    settings.SNAPPORTAL_LOG_ORIGIN = "log.example/2"
    assert checkpoints.head_of(checkpoints.make()) == notes.TreeHead("log.example/2", 2, tiles.read_root(2))


@pytest.mark.parametrize("other", ["log.example/2", "LOG.example/audit"])
def test_a_log_that_contradicts_an_origin_it_once_had_is_not_signed_under_it(settings, other):
    write_events(3)
    checkpoints.make()
    restore_backup(2)
    origin, settings.SNAPPORTAL_LOG_ORIGIN = settings.SNAPPORTAL_LOG_ORIGIN, other
    checkpoints.make()
    write_events(2)
    settings.SNAPPORTAL_LOG_ORIGIN = origin
    with pytest.raises(checkpoints.BrokenLogError, match="the first 3 rows are not those"):
        checkpoints.make()


@pytest.mark.parametrize("change", [{"size": 2}, {"root": "00" * 32}, {"note": "no note"}])
def test_a_damaged_checkpoint_is_noticed(change):
    write_events(3)
    checkpoints.make()
    with without_triggers():
        Checkpoint.objects.update(**change)
    with pytest.raises(checkpoints.CheckpointError, match="checkpoint 1 is damaged"):
        checkpoints.head_of(checkpoints.newest())
    assert [(one.number, one.root) for one in checkpoints.stored_heads()] == [(1, b"")]


def test_stored_heads_come_in_order_of_size_and_only_of_the_present_origin(settings):
    for _ in range(3):
        write_events(2)
        checkpoints.make()
    settings.SNAPPORTAL_LOG_ORIGIN = "log.example/2"
    write_events(2)
    checkpoints.make()
    assert [(one.number, one.size) for one in checkpoints.stored_heads()] == [(4, 8)]
    settings.SNAPPORTAL_LOG_ORIGIN = "log.example/audit"
    heads = list(checkpoints.stored_heads())
    assert [(one.number, one.size) for one in heads] == [(1, 2), (2, 4), (3, 6), (4, 8)]
    assert [one.root for one in heads] == [*(tiles.read_root(size) for size in (2, 4, 6)), b""]


def test_stored_heads_are_read_in_batches_and_none_is_left_out():
    made = checkpoints.make()
    copies = [
        Checkpoint(number=number, at=made.at, size=0, root=made.root, note=made.note)
        for number in range(2, 1203)
    ]
    Checkpoint.objects.bulk_create(copies)
    assert [one.number for one in checkpoints.stored_heads()] == list(range(1, 1203))


def test_a_newest_checkpoint_that_no_present_key_signed_is_noticed(settings):
    write_events(1)
    checkpoints.make()
    settings.SNAPPORTAL_LOG_SIGNING_KEYS = [NEW]
    assert [one.root for one in checkpoints.stored_heads()] == [b""]


def test_the_command_prints_the_checkpoint_and_appends_it_to_the_file(capsys, settings, checkpoint_file):
    settings.SNAPPORTAL_CHECKPOINT_FILE = str(checkpoint_file)
    fill_log(300)
    code, out, err = run(capsys, "checkpoint_audit")
    assert (code, err) == (0, "")
    assert notes.parse_head(notes.open_note(out, [key(OLD)]).text).size == 300
    assert run(capsys, "checkpoint_audit")[0] == 0
    write_events(1)
    run(capsys, "checkpoint_audit")
    lines = [json.loads(line) for line in checkpoint_file.read_text().splitlines()]
    assert [notes.parse_head(notes.split(line["checkpoint"])[0]).size for line in lines] == [300, 301]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", lines[0]["at"])


def test_the_command_signs_nothing_that_contradicts_the_file(capsys, settings, checkpoint_file):
    settings.SNAPPORTAL_CHECKPOINT_FILE = str(checkpoint_file)
    write_events(3)
    run(capsys, "checkpoint_audit")
    restore_backup(2)
    with without_triggers():
        Checkpoint.objects.all().delete()
    code, _out, err = run(capsys, "checkpoint_audit")
    assert (code, "has 2 rows, but a checkpoint of 3 rows" in err) == (1, True)
    write_events(2)
    code, _out, err = run(capsys, "checkpoint_audit")
    assert (code, "the first 3 rows are not those" in err) == (1, True)
    assert not Checkpoint.objects.exists()


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"at": ""}', '{"checkpoint": "x"}', '{"checkpoint": 5}'])
def test_a_file_that_holds_something_else_is_not_appended_to(capsys, settings, checkpoint_file, line):
    settings.SNAPPORTAL_CHECKPOINT_FILE = str(checkpoint_file)
    checkpoint_file.write_text(f"{line}\n\n")
    code, out, err = run(capsys, "checkpoint_audit")
    assert (code, out) == (2, "")
    assert "is no checkpoint of this log" in err


def test_a_forged_line_in_the_file_is_noticed(capsys, settings, checkpoint_file):
    settings.SNAPPORTAL_CHECKPOINT_FILE = str(checkpoint_file)
    forged = notes.sign(
        notes.TreeHead("log.example/audit", 9, bytes(32)).text, [notes.SigningKey("log.example/audit", NEW)]
    )
    checkpoint_file.write_text(json.dumps({"checkpoint": forged}))
    code, _out, err = run(capsys, "checkpoint_audit")
    assert (code, "no trusted key" in err) == (2, True)


def test_a_file_that_cannot_be_written_is_reported(capsys, settings, tmp_path):
    settings.SNAPPORTAL_CHECKPOINT_FILE = str(tmp_path / "no" / "such" / "folder")
    code, out, err = run(capsys, "checkpoint_audit")
    assert code == 2
    assert out == checkpoints.newest().note, "it was signed, stored and printed all the same"
    assert "cannot be written" in err


def test_a_missing_tile_is_reported(capsys):
    fill_log(256)
    with without_triggers():
        tiles.Tile.objects.all().delete()
    code, _out, err = run(capsys, "checkpoint_audit")
    assert (code, "a tile of level 0" in err) == (2, True)


def test_the_public_keys_are_printed_newest_first(capsys, settings):
    settings.SNAPPORTAL_LOG_SIGNING_KEYS = [NEW, OLD]
    assert run(capsys, "show_log_key") == (0, f"{key(NEW).vkey}\n{key(OLD).vkey}\n", "")
    settings.SNAPPORTAL_LOG_SIGNING_KEYS = []
    assert run(capsys, "show_log_key")[0] == 1


def test_a_checkpoint_tells_when_it_was_made():
    before = timezone.now()
    assert before <= checkpoints.make().at <= timezone.now()
