"""accept_restored_log: verification passes again after a restored backup, reports the loss, and excuses nothing else."""

import json
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from snapshots.audit import accepted_damage, chain, journal, sealing
from snapshots.audit.models import Entry
from tests.support.audit_commands import KEY, accept, restore_backup, run, verify
from tests.support.audit_rows import MIA, columns_of, rows, write_events
from tests.support.audit_triggers import without_triggers
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def anchor_file(tmp_path, settings) -> Path:
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    settings.SNAPPORTAL_ANCHOR_URL = ""
    return tmp_path / "anchors.jsonl"


@pytest.fixture
def restored(capsys, anchor_file) -> None:
    """A log restored from a backup of 12 rows with the anchor of row 10. Rows 13 to 17 and their two anchors are missing."""
    write_events(10)
    run(capsys, "anchor_audit")  # of row 10; row 11 records it
    write_events(1)
    for _ in range(2):
        write_events(2)
        run(capsys, "anchor_audit")  # of rows 14 and 17
    restore_backup(until=12)


def test_a_restored_backup_fails_verification_until_it_is_accepted(capsys, restored, anchor_file):
    original = anchor_file.read_text()
    assert (verify(capsys)[0], run(capsys, "anchor_audit")[0]) == (1, 1)
    code, output = accept(capsys, "restored_log")
    assert (code, "rows 13 to 17 were lost when a backup was put back" in output) == (0, True)
    code, output = verify(capsys)
    assert (code, "(anchors that agree: 1) (given up: 2)" in output) == (0, True)
    assert run(capsys, "anchor_audit")[0] == 0
    write_events(20)
    assert run(capsys, "anchor_audit")[0] == 0
    assert verify(capsys)[0] == 0
    assert anchor_file.read_text().startswith(original)


def test_the_acceptance_row_names_the_person_the_reason_and_each_anchor(capsys, restored, anchor_file):
    lost = [json.loads(line) for line in anchor_file.read_text().splitlines()][1:]
    accept(capsys, "restored_log", reason="The disk died", by="Ada Example")
    row = Entry.objects.all().last_of("audit.accept_restored_log")
    assert (row.reason, row.settled_by, row.channel) == ("The disk died", "Ada Example", "command")
    assert accepted_damage.parse_pairs(row.evidence) == tuple(
        (item["sequence"], item["hash"]) for item in lost
    )


def test_the_command_and_the_page_report_an_acceptance_every_time(capsys, restored, cast, signed_in):
    accept(capsys, "restored_log", by="<Ada>")
    written_at = sealing.format_time(Entry.objects.get(sequence=13).at)
    for _ in range(2):
        write_events(3)
        run(capsys, "anchor_audit")
        code, output = verify(capsys)
        assert code == 0
        assert "rows 13 to 17 were lost when a backup was put back" in output
        assert f"accepted by <Ada> on {written_at} in row 13, reason: The disk died" in output
        page = text_of(signed_in(cast.aron).get(reverse("entry_list")))
        assert "rows 13 to 17 were lost" in page
        assert "<Ada>" in page
        assert "The disk died" in page


def test_rows_written_between_restore_and_acceptance_stay_valid(capsys, restored):
    """The new rows 13 to 22 have the sequences of lost rows that were anchored."""
    write_events(10)
    assert "row 14: it is not what the anchor noted" in verify(capsys)[1]
    code, output = accept(capsys, "restored_log")
    assert (code, "rows 13 to 17 were lost" in output) == (0, True)
    run(capsys, "anchor_audit")
    assert verify(capsys)[0] == 0


def test_a_second_restored_backup_needs_another_acceptance(capsys, restored):
    accept(capsys, "restored_log")
    write_events(5)
    run(capsys, "anchor_audit")
    restore_backup(until=11)
    assert verify(capsys)[0] == 1
    code, output = accept(capsys, "restored_log", reason="And again")
    assert code == 0, output
    assert "given up: 3" in verify(capsys)[1]


def test_an_acceptance_of_many_anchors_takes_several_rows(capsys):
    write_events(2)
    for _ in range(45):
        run(capsys, "anchor_audit")
    restore_backup(until=2)
    assert accept(capsys, "restored_log")[0] == 0
    assert Entry.objects.filter(action="audit.accept_restored_log").count() == 3
    code, output = verify(capsys)
    assert (code, output.count("The disk died"), "given up: 44" in output) == (0, 1, True)
    assert "in row 3, reason" in output


def test_acceptance_is_refused_when_nothing_is_lost(capsys, restored):
    accept(capsys, "restored_log")
    before = rows()
    code, output = accept(capsys, "restored_log")
    assert (code, "Nothing was written" in output, rows() == before) == (1, True, True)


@pytest.mark.parametrize(("reason", "by"), [("", "Ada"), ("  ", "Ada"), ("It died", "")])
def test_acceptance_requires_a_reason_and_a_name(capsys, restored, reason, by):
    before = rows()
    code, output = accept(capsys, "restored_log", reason=reason, by=by)
    assert (code, "Nothing was written" in output, rows() == before) == (1, True, True)


def test_acceptance_is_refused_when_the_log_has_other_damage(capsys, restored):
    with without_triggers():
        Entry.objects.filter(sequence=7).update(reason="nothing to see")
    before = rows()
    code, output = accept(capsys, "restored_log")
    assert (code, "row 7: its signature is not valid" in output, rows() == before) == (1, True, True)


def reseal(first: int) -> None:
    """Rewrite the rows from `first` on with the right key and their old times, as an insider could."""
    log_rows = rows()
    previous = chain.GENESIS if first == 1 else log_rows[first - 2]["hash"]
    ring = {"a1": bytes.fromhex(KEY)}
    for item in log_rows[first - 1 :]:
        item |= {"previous_hash": previous, "reason": "nothing to see"}
        item["hash"] = previous = chain.seal(item, ring["a1"])
    Entry.objects.filter(sequence__gte=first).delete()
    Entry.objects.bulk_create(Entry(**columns_of(item)) for item in log_rows[first - 1 :])


def test_rewritten_rows_cannot_be_accepted_as_a_restored_backup(capsys):
    """The anchored row exists with other content and its old time, so it was rewritten and not lost."""
    write_events(5)
    run(capsys, "anchor_audit")
    with without_triggers():
        reseal(first=3)
    before = rows()
    code, output = accept(capsys, "restored_log")
    assert (code, "row 5: it is not what the anchor noted" in output, rows() == before) == (1, True, True)


def test_an_acceptance_does_not_excuse_rewritten_rows(capsys, anchor_file):
    """Not even an acceptance that was written into the log with the right key."""
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


def test_rows_cut_off_after_the_acceptance_are_detected(capsys, restored):
    accept(capsys, "restored_log")
    write_events(4)
    run(capsys, "anchor_audit")
    restore_backup(until=14)
    assert "row 15: an anchor names rows that are not there" in verify(capsys)[1]
    restore_backup(until=12)  # removes the acceptance too
    assert verify(capsys)[0] == 1


def test_a_forged_acceptance_without_a_valid_seal_is_ignored(capsys, restored):
    with without_triggers():
        forged = Entry.objects.get(sequence=12)
        evidence = [f"{item['sequence']} {item['hash']}" for item in anchors_in_file()]
        forged.sequence, forged.previous_hash = 13, forged.hash
        forged.action, forged.evidence = "audit.accept_restored_log", ", ".join(evidence)
        forged.save(force_insert=True)
    assert accepted_damage.read_acceptances() == []
    assert verify(capsys)[0] == 1


def test_a_changed_acceptance_is_ignored(capsys, restored):
    """Not even when its change is accepted: the content of a changed row proves nothing."""
    accept(capsys, "restored_log")
    with without_triggers():
        Entry.objects.filter(sequence=13).update(settled_by_subject="5" * 64)
    assert accept(capsys, "changed_rows")[0] == 0
    assert verify(capsys)[0] == 1
    assert accept(capsys, "restored_log")[0] == 0
    assert verify(capsys)[0] == 0


def anchors_in_file() -> list[dict]:
    return [json.loads(line) for line in Path(settings.SNAPPORTAL_ANCHOR_FILE).read_text().splitlines()]


def test_anchors_that_were_given_up_must_stay_in_the_file(capsys, restored, anchor_file):
    accept(capsys, "restored_log")
    lines = anchor_file.read_text().splitlines(keepends=True)
    anchor_file.write_text(lines[0])
    code, output = verify(capsys)
    assert (code, "row 13: it tells of an anchor" in output) == (1, True)


def test_changed_rows_and_a_restored_backup_are_accepted_one_after_the_other(capsys, restored):
    with without_triggers():
        Entry.objects.filter(sequence=12).update(reason="nothing to see")
    assert accept(capsys, "changed_rows")[0] == 0
    assert accept(capsys, "restored_log")[0] == 0
    assert verify(capsys)[0] == 0
    assert run(capsys, "anchor_audit")[0] == 0
