"""A wrong key under the right ID: commands name the key as the cause, and report neither a broken log nor a lost backup."""

import pytest

from snapshots.audit.models import Entry
from tests.support.audit_commands import accept, restore_backup, run
from tests.support.audit_rows import rows, write_events
from tests.support.audit_triggers import without_triggers

pytestmark = pytest.mark.django_db
WRONG_KEY = bytes(range(32))
NEW_KEY = bytes(reversed(range(32)))
CAUSE = "the key a1 does not open row 1, nor any other row that is sealed under its ID"


@pytest.fixture(autouse=True)
def anchored_log(settings, tmp_path, capsys) -> None:
    """A log of seven rows with an anchor of row 6."""
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    settings.SNAPPORTAL_ANCHOR_URL = ""
    write_events(6)
    run(capsys, "anchor_audit")


@pytest.mark.parametrize("command", ["verify_audit", "anchor_audit"])
@pytest.mark.parametrize("has_anchors", [True, False])
def test_the_log_could_not_be_checked_and_the_key_is_the_cause(
    settings, tmp_path, capsys, command, has_anchors
):
    if not has_anchors:
        (tmp_path / "anchors.jsonl").unlink()
    before = rows()
    settings.SNAPPORTAL_AUDIT_KEYS = {"a1": WRONG_KEY}
    code, out, err = run(capsys, command)
    assert (code, CAUSE in err, rows() == before) == (2, True, True)
    assert not any(word in out + err for word in ("broken", "backup", "accept_"))


def test_a_wrong_older_key_is_named_as_the_cause(settings, capsys):
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW_KEY, **settings.SNAPPORTAL_AUDIT_KEYS}
    write_events(2)
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW_KEY, "a1": WRONG_KEY}
    code, _out, err = run(capsys, "verify_audit")
    assert (code, CAUSE in err) == (2, True)


@pytest.mark.parametrize("command", ["restored_log", "lost_anchors", "changed_rows"])
@pytest.mark.parametrize("is_restored", [True, False])
def test_nothing_is_accepted_and_the_key_is_the_cause(settings, capsys, command, is_restored):
    if is_restored:
        restore_backup(until=4)
    before = rows()
    settings.SNAPPORTAL_AUDIT_KEYS = {"a1": WRONG_KEY}
    code, output = accept(capsys, command)
    assert (code, "The key a1 does not open row 1" in output or CAUSE in output) == (1, True)
    assert "rows of all anchors" not in output
    assert rows() == before


def test_a_changed_first_row_is_a_broken_log_because_other_rows_show_that_the_key_is_right(capsys):
    with without_triggers():
        Entry.objects.filter(sequence=1).update(reason="nothing to see")
    code, _out, err = run(capsys, "verify_audit")
    assert (code, "The audit log is broken at row 1" in err) == (1, True)


def test_an_anchor_shows_that_the_key_is_right_when_every_row_was_changed(capsys):
    with without_triggers():
        Entry.objects.update(reason="nothing to see")
    code, _out, err = run(capsys, "verify_audit")
    assert (code, "The audit log is broken at row 1" in err) == (1, True)


@pytest.mark.parametrize("unchanged", [1, 4, 7])
def test_one_row_that_verifies_shows_that_the_key_is_right(tmp_path, capsys, unchanged):
    (tmp_path / "anchors.jsonl").unlink()
    with without_triggers():
        Entry.objects.exclude(sequence=unchanged).update(reason="nothing to see")
    code, _out, err = run(capsys, "verify_audit")
    assert (code, "The audit log is broken at row" in err) == (1, True)


def test_a_wrong_older_key_is_the_cause_although_the_newer_key_signed_an_anchor(settings, capsys):
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW_KEY, **settings.SNAPPORTAL_AUDIT_KEYS}
    write_events(2)
    run(capsys, "anchor_audit")
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW_KEY, "a1": WRONG_KEY}
    code, _out, err = run(capsys, "verify_audit")
    assert (code, CAUSE in err) == (2, True)
