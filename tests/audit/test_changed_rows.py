"""How the audit log goes on behind rows that were changed in the database: each is named as it was found."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from snapshots.audit import accepted_damage, chain, journal
from snapshots.audit.models import Entry
from tests.support.audit_commands import accept, run, verify, verify_complete_export, verify_export
from tests.support.audit_rows import MIA, rows, write_events
from tests.support.audit_triggers import without_triggers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def anchor_file(tmp_path, settings) -> Path:
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    settings.SNAPPORTAL_ANCHOR_URL = ""
    return tmp_path / "anchors.jsonl"


@pytest.mark.parametrize("sequence", [1, 4, 6])
def test_behind_changed_rows_the_log_goes_on_when_they_are_accepted(capsys, tmp_path, sequence):
    write_events(6)
    if sequence == 1:
        journal.record(MIA.entry(action="person.sign_in"))
    with without_triggers():
        Entry.objects.filter(sequence=sequence).update(reason="nothing to see")
    assert verify(capsys)[0] == 1
    code, said = accept(capsys, "changed_rows", reason="No backup")
    if sequence == 1:  # whether the key is a false one cannot be told any more
        assert (code, "does not open row 1" in said) == (1, True)
        return
    assert (code, f"row {sequence} was changed in the database" in said) == (0, True)
    write_events(2)
    assert run(capsys, "anchor_audit")[0] == 0
    code, said = verify(capsys)
    assert (code, f"row {sequence} was changed" in said, "reason: No backup" in said) == (0, True, True)
    code, said = verify_complete_export(tmp_path)
    assert (code, f"row {sequence} was changed" in said) == (0, True)


def test_a_row_that_was_accepted_may_not_be_changed_further(capsys, tmp_path):
    write_events(6)
    with without_triggers():
        Entry.objects.filter(sequence=4).update(reason="nothing to see")
        accept(capsys, "changed_rows")
        Entry.objects.filter(sequence=4).update(reason="still nothing to see")
    assert "row 4: its signature is not valid" in verify(capsys)[1]
    assert verify_export(tmp_path)[0] == 1
    assert accept(capsys, "changed_rows")[0] == 0
    assert verify(capsys)[0] == 0
    with without_triggers():
        Entry.objects.filter(sequence=4).update(hash="f" * 64)
    assert verify(capsys)[0] == 1


def test_a_false_key_makes_no_row_a_changed_one(capsys, settings):
    write_events(6)
    before = rows()
    settings.SNAPPORTAL_AUDIT_KEYS = {"a1": bytes(range(32))}
    code, said = accept(capsys, "changed_rows")
    assert (code, "a wrong key under the right ID" in said, rows() == before) == (1, True, True)


def test_changed_rows_excuse_no_other_fault(capsys):
    write_events(6)
    with without_triggers():
        Entry.objects.filter(sequence=6).update(reason="nothing to see")
        Entry.objects.filter(sequence=3).delete()
    before = rows()
    code, said = accept(capsys, "changed_rows")
    assert (code, "row 3: the row is missing" in said, rows() == before) == (1, True, True)


def test_a_row_changed_to_a_time_that_is_ahead_is_not_built_upon(capsys):
    write_events(6)
    with without_triggers():
        Entry.objects.filter(sequence=6).update(at=datetime.now(UTC) + timedelta(days=400))
    code, said = accept(capsys, "changed_rows")
    assert (code, "put back a backup" in said) == (1, True)


def test_many_changed_rows_are_left_to_a_backup(capsys):
    write_events(40)
    with without_triggers():
        Entry.objects.filter(sequence__gt=15).update(reason="nothing to see")
    code, said = accept(capsys, "changed_rows")
    assert (code, "put back a backup" in said) == (1, True)


def test_only_the_row_that_accepts_it_is_written_behind_a_changed_newest_row():
    write_events(3)
    with without_triggers():
        Entry.objects.filter(sequence=3).update(reason="nothing to see")
    row = rows()[2]
    for action, digest in (("person.sign_in", chain.digest(row)), ("audit.accept_changed_rows", "f" * 64)):
        evidence = accepted_damage.format_evidence("x", [(3, digest)])
        with pytest.raises(journal.JournalUnavailableError):
            journal.record(MIA.entry(action=action, evidence=evidence))
