"""How the audit log goes on after a backup was put back beside newer anchors: told for ever, and nothing else is excused."""

import json
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from snapshots.audit import accepted_damage, chain, journal
from snapshots.audit.models import Entry
from tests.support.audit_commands import (
    KEY,
    accept,
    restore_backup,
    run,
    verify,
    verify_complete_export,
    verify_export,
)
from tests.support.audit_rows import MIA, rows, write_events
from tests.support.audit_triggers import without_triggers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def anchor_file(tmp_path, settings) -> Path:
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    settings.SNAPPORTAL_ANCHOR_URL = ""
    return tmp_path / "anchors.jsonl"


@pytest.fixture
def restored(capsys, anchor_file) -> None:
    """Ten rows and an anchor were in the backup; seven more rows and two more anchors were not. Then it was put back."""
    write_events(10)
    run(capsys, "anchor_audit")  # of row 10; row 11 tells of it
    write_events(1)
    for _ in range(2):
        write_events(2)
        run(capsys, "anchor_audit")  # of rows 14 and 17
    restore_backup(until=12)


def test_a_backup_put_back_fails_until_it_is_accepted_and_then_the_log_goes_on(capsys, restored, anchor_file):
    kept = anchor_file.read_text()
    assert (verify(capsys)[0], run(capsys, "anchor_audit")[0]) == (1, 1)
    code, said = accept(capsys, "restored_log")
    assert (code, "rows 13 to 17 were lost when a backup was put back" in said) == (0, True)
    code, said = verify(capsys)
    assert (code, "anchors that agree: 1, given up: 2" in said) == (0, True)
    assert run(capsys, "anchor_audit")[0] == 0
    write_events(20)
    assert run(capsys, "anchor_audit")[0] == 0
    assert verify(capsys)[0] == 0
    assert anchor_file.read_text().startswith(kept)


def test_the_row_names_who_why_and_each_anchor_that_is_given_up(capsys, restored, anchor_file):
    lost = [json.loads(line) for line in anchor_file.read_text().splitlines()][1:]
    accept(capsys, "restored_log", reason="The disk died", by="Ada Example")
    row = Entry.objects.all().last_of("audit.accept_restored_log")
    assert (row.reason, row.settled_by, row.channel) == ("The disk died", "Ada Example", "command")
    assert accepted_damage.parse_pairs(row.evidence) == tuple((one["sequence"], one["hash"]) for one in lost)


def test_verifying_and_the_page_tell_of_it_for_ever(capsys, restored, cast, signed_in):
    accept(capsys, "restored_log", by="<Ada>")
    written_at = chain.format_time(Entry.objects.get(sequence=13).at)
    for _ in range(2):
        write_events(3)
        run(capsys, "anchor_audit")
        code, said = verify(capsys)
        assert code == 0
        assert "rows 13 to 17 were lost when a backup was put back" in said
        assert f"accepted by <Ada> on {written_at} in row 13, reason: The disk died" in said
        page = signed_in(cast.aron).get(reverse("entry_list")).text
        assert "rows 13 to 17 were lost" in page
        assert "&lt;Ada&gt;" in page
        assert "The disk died" in page


def test_the_verifier_of_exports_understands_it(capsys, restored, tmp_path):
    assert verify_complete_export(tmp_path)[0] == 1
    accept(capsys, "restored_log")
    run(capsys, "anchor_audit")
    code, said = verify_complete_export(tmp_path)
    assert code == 0, said
    assert "rows 13 to 17 were lost when a backup was put back" in said
    assert "by Ada, reason: The disk died" in said
    assert "2 anchors agree, 2 were given up" in said


def test_rows_written_before_it_was_noticed_stay(capsys, restored, tmp_path):
    """The new rows 13 to 22 stand where others stood that were anchored."""
    write_events(10)
    assert "row 14: it is not what the anchor noted" in verify(capsys)[1]
    code, said = accept(capsys, "restored_log")
    assert (code, "rows 13 to 17 were lost" in said) == (0, True)
    run(capsys, "anchor_audit")
    assert verify(capsys)[0] == 0
    assert verify_complete_export(tmp_path)[0] == 0


def test_a_second_backup_put_back_is_another_acceptance(capsys, restored, tmp_path):
    accept(capsys, "restored_log")
    write_events(5)
    run(capsys, "anchor_audit")
    restore_backup(until=11)
    assert verify(capsys)[0] == 1
    code, said = accept(capsys, "restored_log", reason="And again")
    assert code == 0, said
    assert "given up: 3" in verify(capsys)[1]
    assert verify_complete_export(tmp_path)[0] == 0


def test_more_anchors_than_one_row_can_name_take_several(capsys, tmp_path):
    write_events(2)
    for _ in range(45):
        run(capsys, "anchor_audit")
    restore_backup(until=2)
    assert accept(capsys, "restored_log")[0] == 0
    assert Entry.objects.filter(action="audit.accept_restored_log").count() == 3
    code, said = verify(capsys)
    assert (code, said.count("The disk died"), "given up: 44" in said) == (0, 1, True)
    assert "in row 3, reason" in said
    assert verify_complete_export(tmp_path)[0] == 0


def test_there_must_be_something_to_accept(capsys, restored):
    accept(capsys, "restored_log")
    before = rows()
    code, said = accept(capsys, "restored_log")
    assert (code, "Nothing was written" in said, rows() == before) == (1, True, True)


@pytest.mark.parametrize(("reason", "by"), [("", "Ada"), ("  ", "Ada"), ("It died", "")])
def test_a_reason_and_a_name_are_needed(capsys, restored, reason, by):
    before = rows()
    code, said = accept(capsys, "restored_log", reason=reason, by=by)
    assert (code, "Nothing was written" in said, rows() == before) == (1, True, True)


def test_it_excuses_no_other_fault(capsys, restored):
    with without_triggers():
        Entry.objects.filter(sequence=7).update(reason="nothing to see")
    before = rows()
    code, said = accept(capsys, "restored_log")
    assert (code, "row 7: its signature is not valid" in said, rows() == before) == (1, True, True)


def reseal(first: int) -> None:
    """Write the rows from `first` on anew, with the true key and their old times, as an insider would."""
    told = rows()
    previous = chain.GENESIS if first == 1 else told[first - 2]["hash"]
    ring = {"a1": bytes.fromhex(KEY)}
    for one in told[first - 1 :]:
        one |= {"previous_hash": previous, "reason": "nothing to see"}
        one["hash"] = previous = chain.seal(one, ring["a1"])
    Entry.objects.filter(sequence__gte=first).delete()
    Entry.objects.bulk_create(Entry(**one) for one in told[first - 1 :])


def test_rows_written_anew_with_the_true_key_are_no_backup(capsys, tmp_path):
    """The row of the anchor stands there, with another content and the time it had: that explains no lost row."""
    write_events(5)
    run(capsys, "anchor_audit")
    with without_triggers():
        reseal(first=3)
    before = rows()
    code, said = accept(capsys, "restored_log")
    assert (code, "row 5: it is not what the anchor noted" in said, rows() == before) == (1, True, True)


def test_an_acceptance_does_not_cover_rows_written_anew(capsys, tmp_path, anchor_file):
    """Even one that was written into the log with the true key."""
    write_events(5)
    run(capsys, "anchor_audit")
    named = json.loads(anchor_file.read_text())
    with without_triggers():
        reseal(first=3)
    evidence = accepted_damage.format_evidence("all is well", [(named["sequence"], named["hash"])])
    journal.record(
        MIA.entry(action="audit.accept_restored_log", settled_by="M", reason="x", evidence=evidence)
    )
    assert "row 5: it is not what the anchor noted" in verify(capsys)[1]
    code, said = verify_export(tmp_path, "--anchors", "anchors.jsonl")
    assert (code, "row 5 (line 5): it stood there when it was anchored" in said) == (1, True)


def test_a_tail_that_is_cut_off_afterwards_is_found(capsys, restored):
    accept(capsys, "restored_log")
    write_events(4)
    run(capsys, "anchor_audit")
    restore_backup(until=14)
    assert "row 15: an anchor names rows that are not there" in verify(capsys)[1]
    restore_backup(until=12)  # the acceptance too
    assert verify(capsys)[0] == 1


def test_an_acceptance_that_was_not_sealed_by_us_counts_for_nothing(capsys, restored):
    with without_triggers():
        forged = Entry.objects.get(sequence=12)
        evidence = [f"{one['sequence']} {one['hash']}" for one in anchors_in_file()]
        forged.sequence, forged.previous_hash = 13, forged.hash
        forged.action, forged.evidence = "audit.accept_restored_log", ", ".join(evidence)
        forged.save(force_insert=True)
    assert accepted_damage.read_acceptances() == []
    assert verify(capsys)[0] == 1


def test_an_acceptance_that_was_changed_counts_for_nothing(capsys, restored, tmp_path):
    """Not even when its change is accepted: what is said there proves nothing."""
    accept(capsys, "restored_log")
    with without_triggers():
        Entry.objects.filter(sequence=13).update(settled_by="Somebody else")
    assert accept(capsys, "changed_rows")[0] == 0
    assert verify(capsys)[0] == 1
    assert verify_complete_export(tmp_path)[0] == 1
    assert accept(capsys, "restored_log")[0] == 0
    assert verify(capsys)[0] == 0
    assert verify_complete_export(tmp_path)[0] == 0


def anchors_in_file() -> list[dict]:
    return [json.loads(line) for line in Path(settings.SNAPPORTAL_ANCHOR_FILE).read_text().splitlines()]


def test_lines_of_anchors_that_were_given_up_must_stay_in_the_file(capsys, restored, anchor_file):
    accept(capsys, "restored_log")
    lines = anchor_file.read_text().splitlines(keepends=True)
    anchor_file.write_text(lines[0])
    code, said = verify(capsys)
    assert (code, "row 13: it tells of an anchor" in said) == (1, True)


def test_both_kinds_at_once_are_accepted_one_after_the_other(capsys, restored, tmp_path):
    with without_triggers():
        Entry.objects.filter(sequence=12).update(reason="nothing to see")
    assert accept(capsys, "changed_rows")[0] == 0
    assert accept(capsys, "restored_log")[0] == 0
    assert verify(capsys)[0] == 0
    assert run(capsys, "anchor_audit")[0] == 0
    assert verify_complete_export(tmp_path)[0] == 0
