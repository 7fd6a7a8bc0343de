"""A row is written only behind a newest row whose seal our key verifies: a false key and a changed row stop every writer."""

import uuid

import pytest
from django.db.models import F

from snapshots.audit import chain, journal
from snapshots.audit.models import Entry
from tests.support.audit_commands import run
from tests.support.audit_rows import MIA, rows, verdict, write_events, write_operation
from tests.support.audit_triggers import without_triggers

pytestmark = pytest.mark.django_db
FALSE = bytes(range(32))
NEW = bytes(reversed(range(32)))
REFUSED = "the key a1 does not open the newest row, 3"


@pytest.fixture
def true_ring(settings, tmp_path) -> dict[str, bytes]:
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    settings.SNAPPORTAL_ANCHOR_URL = ""
    write_events(3)
    return settings.SNAPPORTAL_AUDIT_KEYS


@pytest.fixture
def false_key(settings, true_ring) -> None:
    settings.SNAPPORTAL_AUDIT_KEYS = {"a1": FALSE}


def intend() -> None:
    with journal.committed():
        journal.intend(MIA.entry(action="snapshot.restore", operation_id=uuid.uuid4()))


def conclude() -> None:
    with journal.committed():
        journal.conclude(MIA.entry(action="snapshot.restore", operation_id=uuid.uuid4(), result="completed"))


def record() -> None:
    journal.record(MIA.entry(action="person.sign_in"))


@pytest.mark.parametrize("write", [intend, conclude, record])
def test_a_false_key_under_the_right_id_writes_nothing(true_ring, false_key, settings, write):
    before = rows()
    with pytest.raises(journal.JournalUnavailableError, match=f"{REFUSED}.*nothing was written"):
        write()
    assert rows() == before
    settings.SNAPPORTAL_AUDIT_KEYS = true_ring
    write()
    assert (verdict().holds, len(rows())) == (True, 4)


@pytest.mark.parametrize(("command", "code"), [("verify_audit", 1), ("anchor_audit", 1), ("export_audit", 1)])
def test_no_command_breaks_the_chain_with_a_false_key(
    true_ring, false_key, settings, capsys, tmp_path, command, code
):
    before = rows()
    ended, out, err = run(capsys, command)
    assert (ended, REFUSED in err, rows() == before) == (code, True, True)
    assert not (tmp_path / "anchors.jsonl").exists()
    assert command != "export_audit" or out == ""
    settings.SNAPPORTAL_AUDIT_KEYS = true_ring
    assert run(capsys, "verify_audit")[0] == 0


def test_a_false_old_key_does_not_let_the_key_be_changed(true_ring, settings):
    before = rows()
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW, "a1": FALSE}
    with pytest.raises(journal.JournalUnavailableError, match=REFUSED):
        record()
    assert rows() == before
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW, **true_ring}
    record()
    assert (verdict().holds, verdict().head.key_id) == (True, "a2")


def test_two_processes_with_different_new_keys_of_one_id_do_not_write_both(true_ring, settings):
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW, **true_ring}
    record()
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": FALSE, **true_ring}
    with pytest.raises(journal.JournalUnavailableError, match="the key a2 does not open"):
        record()
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW, **true_ring}
    assert verdict().holds


def test_a_key_that_may_not_seal_signs_no_anchor(true_ring, settings, capsys, tmp_path):
    """An anchor that a key signed which was given up before would fail for good."""
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW, **true_ring}
    record()
    settings.SNAPPORTAL_AUDIT_KEYS = {"a3": FALSE, "a2": NEW, **true_ring}
    record()
    assert run(capsys, "anchor_audit")[0] == 0
    lines = (tmp_path / "anchors.jsonl").read_text()
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW, "a3": FALSE, **true_ring}
    code, _out, err = run(capsys, "anchor_audit")
    assert (code, "the key a2 was given up" in err) == (2, True)
    assert (tmp_path / "anchors.jsonl").read_text() == lines
    settings.SNAPPORTAL_AUDIT_KEYS = {"a3": FALSE, "a2": NEW, **true_ring}
    assert run(capsys, "verify_audit")[0] == 0


CHANGES = [
    {"reason": "nothing to see"},
    {"actor_name": "Somebody else"},
    {"hash": "f" * 64},
    {"previous_hash": "e" * 64},
    {"sequence": F("sequence") + 1},
    {"key_id": "a2"},
    {"clock_was_behind": True},
]


@pytest.mark.parametrize("change", CHANGES)
def test_behind_a_newest_row_that_was_changed_nothing_is_written(true_ring, capsys, change):
    with without_triggers():
        Entry.objects.filter(sequence=3).update(**change)
    before = rows()
    with pytest.raises(journal.JournalUnavailableError, match=r"newest row, [34], .*|newest row, [34]:"):
        record()
    code, _out, err = run(capsys, "verify_audit")
    assert (code, "nothing was written" in err, rows() == before) == (1, True, True)


def test_behind_a_row_that_somebody_put_in_nothing_is_written(true_ring):
    forged = Entry.objects.get(sequence=3)
    forged.sequence, forged.previous_hash, forged.reason = 4, forged.hash, "nothing to see"
    forged.save(force_insert=True)
    with pytest.raises(journal.JournalUnavailableError, match="newest row, 4"):
        record()


def test_a_row_changed_further_back_does_not_stop_the_writers(true_ring):
    """Verifying finds it. Only the newest row is tried before a row is written, for all would take too long."""
    with without_triggers():
        Entry.objects.filter(sequence=2).update(reason="nothing to see")
    record()
    assert (verdict().first_broken, len(rows())) == (2, 4)


def test_the_key_can_be_tried_without_writing(true_ring, settings):
    journal.check_key()
    for ring in ({}, {"a1": FALSE}, {"a2": NEW}, {"a2": NEW, "a1": FALSE}):
        settings.SNAPPORTAL_AUDIT_KEYS = ring
        with pytest.raises(journal.JournalUnavailableError, match="key"):
            journal.check_key()
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW, **true_ring}
    journal.check_key()
    record()
    settings.SNAPPORTAL_AUDIT_KEYS = {**true_ring, "a2": NEW}
    with pytest.raises(journal.JournalUnavailableError, match="given up"):
        journal.check_key()
    assert len(rows()) == 5


def test_the_first_row_of_a_log_needs_no_row_before_it(db, settings):
    journal.check_key()
    write_operation("completed")
    assert verdict().holds
    assert rows()[0]["previous_hash"] == chain.GENESIS
