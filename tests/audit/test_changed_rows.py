"""accept_changed_rows: the log can be used again after rows were changed in the database, and each of them is named."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from snapshots.audit import accepted_damage, chain, journal
from snapshots.audit.models import Entry
from tests.support.audit_commands import accept, run, verify
from tests.support.audit_rows import MIA, fill_log, rows, write_events
from tests.support.audit_triggers import without_triggers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def anchor_file(tmp_path, settings) -> Path:
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    settings.SNAPPORTAL_ANCHOR_URL = ""
    return tmp_path / "anchors.jsonl"


@pytest.mark.parametrize("sequence", [1, 4, 6])
def test_rows_can_be_written_again_after_a_changed_row_is_accepted(capsys, sequence):
    write_events(6)
    if sequence == 1:
        journal.record(MIA.entry(action="person.sign_in"))
    with without_triggers():
        Entry.objects.filter(sequence=sequence).update(reason="nothing to see")
    assert verify(capsys)[0] == 1
    code, output = accept(capsys, "changed_rows", reason="No backup")
    if sequence == 1:  # row 1 is what shows whether the key is the right one
        assert (code, "does not open row 1" in output) == (1, True)
        return
    assert (code, f"row {sequence} was changed in the database" in output) == (0, True)
    write_events(2)
    assert run(capsys, "anchor_audit")[0] == 0
    code, output = verify(capsys)
    assert (code, f"row {sequence} was changed" in output, "reason: No backup" in output) == (0, True, True)


def test_a_further_change_of_an_accepted_row_fails_verification(capsys):
    write_events(6)
    with without_triggers():
        Entry.objects.filter(sequence=4).update(reason="nothing to see")
        accept(capsys, "changed_rows")
        Entry.objects.filter(sequence=4).update(reason="still nothing to see")
    assert "row 4: its signature is not valid" in verify(capsys)[1]
    assert accept(capsys, "changed_rows")[0] == 0
    assert verify(capsys)[0] == 0
    with without_triggers():
        Entry.objects.filter(sequence=4).update(hash="f" * 64)
    assert verify(capsys)[0] == 1


def test_rows_are_not_accepted_as_changed_when_the_key_is_wrong(capsys, settings):
    write_events(6)
    before = rows()
    settings.SNAPPORTAL_AUDIT_KEYS = {"a1": bytes(range(32))}
    code, output = accept(capsys, "changed_rows")
    assert (code, "a wrong key under the right ID" in output, rows() == before) == (1, True, True)


def test_changed_rows_are_not_accepted_when_the_log_has_other_damage(capsys):
    write_events(6)
    with without_triggers():
        Entry.objects.filter(sequence=6).update(reason="nothing to see")
        Entry.objects.filter(sequence=3).delete()
    before = rows()
    code, output = accept(capsys, "changed_rows")
    assert (code, "row 3: the row is missing" in output, rows() == before) == (1, True, True)


def test_a_row_changed_to_a_future_time_cannot_be_accepted(capsys):
    write_events(6)
    with without_triggers():
        Entry.objects.filter(sequence=6).update(at=datetime.now(UTC) + timedelta(days=400))
    code, output = accept(capsys, "changed_rows")
    assert (code, "put back a backup" in output) == (1, True)


def test_more_changed_rows_than_the_limit_require_a_backup(capsys):
    write_events(40)
    with without_triggers():
        Entry.objects.filter(sequence__gt=15).update(reason="nothing to see")
    code, output = accept(capsys, "changed_rows")
    assert (code, "put back a backup" in output) == (1, True)


def test_after_a_changed_newest_row_only_its_acceptance_can_be_written():
    write_events(3)
    with without_triggers():
        Entry.objects.filter(sequence=3).update(reason="nothing to see")
    row = rows()[2]
    for action, digest in (("person.sign_in", chain.digest(row)), ("audit.accept_changed_rows", "f" * 64)):
        evidence = accepted_damage.format_evidence("x", [(3, digest)])
        with pytest.raises(journal.JournalUnavailableError):
            journal.record(MIA.entry(action=action, evidence=evidence))


def test_a_row_changed_after_its_checkpoint_is_accepted_under_another_origin(capsys, settings):
    """Its tile is not full, so nothing in the database tells what the checkpoint was signed over."""
    write_events(6)
    assert run(capsys, "checkpoint_audit")[0] == 0
    with without_triggers():
        Entry.objects.filter(sequence=4).update(reason="nothing to see")
    assert accept(capsys, "changed_rows")[0] == 0
    code, _out, err = run(capsys, "checkpoint_audit")
    assert (code, "the first 6 rows are not those of which a checkpoint was signed" in err) == (1, True)
    settings.SNAPPORTAL_LOG_ORIGIN = "log.example/2"
    assert run(capsys, "checkpoint_audit")[0] == 0
    code, output = verify(capsys)
    assert (code, "row 4 was changed" in output) == (0, True), output
    fill_log(300)
    assert run(capsys, "checkpoint_audit")[0] == 0
    assert verify(capsys)[0] == 0
