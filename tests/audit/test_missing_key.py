"""A key that is missing from the setting: commands name it, and neither call the log broken nor record that it is."""

import pytest

from snapshots.audit import anchors, journal, missing_keys
from snapshots.audit.models import Entry
from snapshots.audit.subjects import Subject
from tests.support.audit_commands import accept, run
from tests.support.audit_rows import MIA, rows, write_events
from tests.support.audit_triggers import without_triggers

pytestmark = pytest.mark.django_db
A2 = bytes(reversed(range(32)))
A3 = bytes(range(32))


@pytest.fixture
def ring(settings, tmp_path, capsys) -> dict[str, bytes]:
    """Rows and an anchor of a1, of a2, and of a3."""
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    settings.SNAPPORTAL_ANCHOR_URL = ""
    known = settings.SNAPPORTAL_AUDIT_KEYS
    for new in ({}, {"a2": A2}, {"a3": A3}):
        settings.SNAPPORTAL_AUDIT_KEYS = known = {**new, **known}
        write_events(4)
        assert run(capsys, "anchor_audit")[0] == 0
    return known


def only(ring: dict[str, bytes], *key_ids: str) -> dict[str, bytes]:
    return {key_id: ring[key_id] for key_id in key_ids}


def words(key_ids: str) -> str:
    return f"SNAPPORTAL_AUDIT_KEYS lacks {key_ids}: "


KEPT = [
    (("a3", "a2"), "a1"),
    (("a3", "a1"), "a2"),
    (("a2", "a1"), "a3"),
    (("a3",), "a2, a1"),
    (("a1",), "a3, a2"),
]


@pytest.mark.parametrize("has_anchors", [True, False])
@pytest.mark.parametrize(("kept", "missing"), KEPT)
@pytest.mark.parametrize("command", ["verify_audit", "checkpoint_audit", "anchor_audit"])
def test_commands_name_the_missing_keys_and_record_nothing(
    ring, settings, tmp_path, capsys, command, kept, missing, has_anchors
):
    if not has_anchors:
        (tmp_path / "anchors.jsonl").unlink()
    settings.SNAPPORTAL_AUDIT_KEYS = only(ring, *kept)
    before = rows()
    code, out, err = run(capsys, command)
    assert (code, words(missing) in err, rows() == before) == (2, True, True), err
    assert not any(word in out + err for word in ("broken", "backup", "accept_"))


@pytest.mark.parametrize("kind", ["changed_rows", "restored_log", "lost_anchors"])
@pytest.mark.parametrize(("kept", "missing"), KEPT)
def test_nothing_is_accepted_and_the_missing_keys_are_named(ring, settings, capsys, kind, kept, missing):
    settings.SNAPPORTAL_AUDIT_KEYS = only(ring, *kept)
    before = rows()
    code, output = accept(capsys, kind)
    assert (code, words(missing) in output, "every row" in output, rows() == before) == (1, True, False, True)


def test_a_ring_without_any_key_of_the_log_is_named_too(settings, capsys):
    write_events(3)
    settings.SNAPPORTAL_AUDIT_KEYS = {"b1": A2}
    code, _out, err = run(capsys, "verify_audit")
    assert (code, words("a1") in err) == (2, True)


def test_damage_that_only_a_row_of_the_missing_key_accepts_is_not_called_damage(ring, settings, capsys):
    with without_triggers():
        Entry.objects.filter(sequence=2).update(reason="nothing to see")
    assert accept(capsys, "changed_rows")[0] == 0
    assert run(capsys, "verify_audit", "--no-record")[0] == 0
    settings.SNAPPORTAL_AUDIT_KEYS = only(ring, "a2", "a1")
    assert "rows or anchors of this log" in run(capsys, "verify_audit")[2]
    assert "lacks a3" in accept(capsys, "changed_rows")[1]


def test_anchors_whose_loss_a_row_of_the_missing_key_accepts_are_not_called_lost(
    ring, settings, tmp_path, capsys
):
    """anchor_audit verifies from the last anchor, a row of a4, on, and so does not come to the accepting row of a3."""
    (tmp_path / "anchors.jsonl").write_text("")
    assert accept(capsys, "lost_anchors")[0] == 0
    settings.SNAPPORTAL_AUDIT_KEYS = newest = {"a4": bytes([4] * 32), **ring}
    write_events(1)
    assert run(capsys, "anchor_audit")[0] == 0
    settings.SNAPPORTAL_AUDIT_KEYS = {key_id: key for key_id, key in newest.items() if key_id != "a3"}
    before = rows()
    code, _out, err = run(capsys, "anchor_audit")
    assert (code, words("a3") in err, rows() == before) == (2, True, True), err


@pytest.mark.parametrize("sequence", [1, 3, 5, 6, 8])
def test_a_row_with_the_id_of_a_key_of_which_the_log_does_not_tell_is_forged(ring, capsys, sequence):
    with without_triggers():
        Entry.objects.filter(sequence=sequence).update(key_id="z9")
    assert missing_keys.find() == []
    code, _out, err = run(capsys, "verify_audit")
    assert (code, f"broken at row {sequence}: it is sealed with a key that is not in" in err) == (1, True)
    code, output = accept(capsys, "changed_rows")
    assert (code, f"row {sequence}: it is sealed with a key that is not in" in output) == (1, True), output
    assert "every row" not in output


def test_a_newest_row_with_the_id_of_an_unknown_key_is_forged(capsys):
    write_events(5)
    with without_triggers():
        Entry.objects.filter(sequence=5).update(key_id="z9")
    code, _out, err = run(capsys, "verify_audit", "--no-record")
    assert (code, "broken at row 5: it is sealed with a key that is not in" in err) == (1, True)


def test_rows_of_an_unknown_key_with_others_between_are_forged():
    write_events(5)
    with without_triggers():
        Entry.objects.filter(sequence__in=[1, 5]).update(key_id="z9")
    assert missing_keys.find() == []


def test_a_changed_name_in_rows_of_the_missing_key_does_not_make_another_key_wrong(ring, settings, capsys):
    with without_triggers():
        Subject.objects.filter(commitment=rows()[0]["actor_subject"]).update(value="Somebody else")
    settings.SNAPPORTAL_AUDIT_KEYS = only(ring, "a3", "a2")
    code, output = accept(capsys, "changed_rows")
    assert (code, words("a1") in output, "under the right ID" in output) == (1, True, False)


def test_a_changed_row_that_tells_of_another_key_makes_none_missing(ring):
    with without_triggers():
        Entry.objects.filter(key_id="a1").update(key_id="z9")
        Entry.objects.filter(action="audit.key_change", key_id="a2").update(evidence="z9 → a2")
    assert missing_keys.find() == []


def test_an_anchor_of_a_key_of_which_the_log_does_not_tell_is_forged(ring, tmp_path, capsys):
    file = tmp_path / "anchors.jsonl"
    file.write_text(file.read_text().replace('"key_id":"a1"', '"key_id":"z9"'))
    code, _out, err = run(capsys, "verify_audit")
    assert (code, "it is not what the anchor noted" in err) == (1, True)


def test_a_key_that_nothing_needs_any_more_is_not_missing(ring, settings, tmp_path):
    """But one that signed an anchor is needed, although all its rows have left the database."""
    stored = anchors.read_anchors(tmp_path / "anchors.jsonl", on_truncated=print)
    settings.SNAPPORTAL_AUDIT_KEYS = only(ring, "a3", "a2")
    with without_triggers():
        Entry.objects.filter(key_id="a1").delete()
    assert missing_keys.find() == []
    assert missing_keys.find(stored) == ["a1"]


def test_the_log_goes_on_when_the_key_is_back(ring, settings, capsys):
    settings.SNAPPORTAL_AUDIT_KEYS = only(ring, "a3")
    assert run(capsys, "verify_audit")[0] == 2
    settings.SNAPPORTAL_AUDIT_KEYS = ring
    journal.record(MIA.entry(action="person.sign_in"))
    assert run(capsys, "verify_audit")[0] == 0
