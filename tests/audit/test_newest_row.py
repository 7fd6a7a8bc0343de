"""A row is written only when a configured key verifies the newest row: a wrong key or a changed newest row stops all writes."""

import uuid

import pytest
from django.db.models import F

from snapshots.audit import chain, journal
from snapshots.audit.models import Entry
from tests.support.audit_commands import run
from tests.support.audit_rows import MIA, rows, verdict, write_events, write_operation
from tests.support.audit_triggers import without_triggers

pytestmark = pytest.mark.django_db
WRONG_KEY = bytes(range(32))
NEW_KEY = bytes(reversed(range(32)))
REFUSED = "the key a1 does not open the newest row, 3"


@pytest.fixture
def correct_ring(settings, tmp_path) -> dict[str, bytes]:
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    settings.SNAPPORTAL_ANCHOR_URL = ""
    write_events(3)
    return settings.SNAPPORTAL_AUDIT_KEYS


@pytest.fixture
def wrong_key(settings, correct_ring) -> None:
    settings.SNAPPORTAL_AUDIT_KEYS = {"a1": WRONG_KEY}


def intend() -> None:
    with journal.committed():
        journal.intend(MIA.entry(action="snapshot.restore", operation_id=uuid.uuid4()))


def conclude() -> None:
    with journal.committed():
        journal.conclude(MIA.entry(action="snapshot.restore", operation_id=uuid.uuid4(), result="completed"))


def record() -> None:
    journal.record(MIA.entry(action="person.sign_in"))


@pytest.mark.parametrize("write", [intend, conclude, record])
def test_a_wrong_key_under_the_right_id_writes_nothing(correct_ring, wrong_key, settings, write):
    before = rows()
    with pytest.raises(journal.JournalUnavailableError, match=f"{REFUSED}.*nothing was written"):
        write()
    assert rows() == before
    settings.SNAPPORTAL_AUDIT_KEYS = correct_ring
    write()
    assert (verdict().holds, len(rows())) == (True, 4)


@pytest.mark.parametrize(("command", "code"), [("verify_audit", 2), ("anchor_audit", 2), ("export_audit", 1)])
def test_no_command_writes_a_row_with_a_wrong_key(
    correct_ring, wrong_key, settings, capsys, tmp_path, command, code
):
    before = rows()
    exit_code, out, err = run(capsys, command)
    assert (exit_code, "the key a1 does not open" in err, rows() == before) == (code, True, True)
    assert not (tmp_path / "anchors.jsonl").exists()
    assert command != "export_audit" or out == ""
    settings.SNAPPORTAL_AUDIT_KEYS = correct_ring
    assert run(capsys, "verify_audit")[0] == 0


def test_the_key_cannot_be_changed_when_the_old_key_is_wrong(correct_ring, settings):
    before = rows()
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW_KEY, "a1": WRONG_KEY}
    with pytest.raises(journal.JournalUnavailableError, match=REFUSED):
        record()
    assert rows() == before
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW_KEY, **correct_ring}
    record()
    assert (verdict().holds, verdict().head.key_id) == (True, "a2")


def test_a_second_new_key_under_the_same_id_cannot_write(correct_ring, settings):
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW_KEY, **correct_ring}
    record()
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": WRONG_KEY, **correct_ring}
    with pytest.raises(journal.JournalUnavailableError, match="the key a2 does not open"):
        record()
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW_KEY, **correct_ring}
    assert verdict().holds


def test_a_retired_key_signs_no_anchor(correct_ring, settings, capsys, tmp_path):
    """An anchor signed with a retired key would fail every later verification."""
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW_KEY, **correct_ring}
    record()
    settings.SNAPPORTAL_AUDIT_KEYS = {"a3": WRONG_KEY, "a2": NEW_KEY, **correct_ring}
    record()
    assert run(capsys, "anchor_audit")[0] == 0
    lines = (tmp_path / "anchors.jsonl").read_text()
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW_KEY, "a3": WRONG_KEY, **correct_ring}
    code, _out, err = run(capsys, "anchor_audit")
    assert (code, "the key a2 was given up" in err) == (2, True)
    assert (tmp_path / "anchors.jsonl").read_text() == lines
    settings.SNAPPORTAL_AUDIT_KEYS = {"a3": WRONG_KEY, "a2": NEW_KEY, **correct_ring}
    assert run(capsys, "verify_audit")[0] == 0


CHANGES = [
    {"reason": "nothing to see"},
    {"actor_subject": "5" * 64},
    {"hash": "f" * 64},
    {"previous_hash": "e" * 64},
    {"sequence": F("sequence") + 1},
    {"key_id": "a2"},
    {"clock_was_behind": True},
]


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_is_written_after_a_changed_newest_row(correct_ring, capsys, change):
    with without_triggers():
        Entry.objects.filter(sequence=3).update(**change)
    before = rows()
    with pytest.raises(journal.JournalUnavailableError, match=r"newest row, [34], .*|newest row, [34]:"):
        record()
    code, _out, err = run(capsys, "verify_audit")
    assert (code, "nothing was written" in err, rows() == before) == (1, True, True)


def test_nothing_is_written_after_an_inserted_newest_row(correct_ring):
    forged = Entry.objects.get(sequence=3)
    forged.sequence, forged.previous_hash, forged.reason = 4, forged.hash, "nothing to see"
    forged.save(force_insert=True)
    with pytest.raises(journal.JournalUnavailableError, match="newest row, 4"):
        record()


def test_a_changed_earlier_row_does_not_stop_writes(correct_ring):
    """Only verifying finds it: checking all rows before each write would take too long."""
    with without_triggers():
        Entry.objects.filter(sequence=2).update(reason="nothing to see")
    record()
    assert (verdict().first_broken, len(rows())) == (2, 4)


def test_check_key_detects_an_unusable_key_without_writing(correct_ring, settings):
    journal.check_key()
    for ring in ({}, {"a1": WRONG_KEY}, {"a2": NEW_KEY}, {"a2": NEW_KEY, "a1": WRONG_KEY}):
        settings.SNAPPORTAL_AUDIT_KEYS = ring
        with pytest.raises(journal.JournalUnavailableError, match="key"):
            journal.check_key()
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW_KEY, **correct_ring}
    journal.check_key()
    record()
    settings.SNAPPORTAL_AUDIT_KEYS = {**correct_ring, "a2": NEW_KEY}
    with pytest.raises(journal.JournalUnavailableError, match="given up"):
        journal.check_key()
    assert len(rows()) == 5


def test_the_first_row_of_an_empty_log_can_be_written(db, settings):
    journal.check_key()
    write_operation("completed")
    assert verdict().holds
    assert rows()[0]["previous_hash"] == chain.GENESIS
