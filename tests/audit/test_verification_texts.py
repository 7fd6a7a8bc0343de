"""Verification of the whole log: which rows and anchors it reads, and the text of its result."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from snapshots.audit import accepted_damage, chain, journal, sealing, verification
from snapshots.audit.chain import Accepted, Anchor, Head, Verdict
from snapshots.audit.journal import EntryData
from snapshots.audit.models import Entry
from snapshots.audit.statements import PROBLEMS
from tests.support.audit_rows import rows, write_events
from tests.support.audit_triggers import without_sequence_check, without_triggers

pytestmark = pytest.mark.django_db
VALID = Verdict(12, None, "", Head(12, "f" * 64, "", "a1"))


def head(sequence: int) -> Head:
    row = rows()[sequence - 1]
    return Head(sequence, row["hash"], sealing.format_time(row["at"]), row["key_id"])


def anchor(sequence: int) -> Anchor:
    ((key_id, key),) = settings.SNAPPORTAL_AUDIT_KEYS.items()
    return chain.sign_anchor(head(sequence), at=datetime.now(UTC), key_id=key_id, key=key)


def note(anchor: Anchor, places: str = "file") -> int:
    """Record an anchor in the log as anchor_audit does. Returns the sequence of the row."""
    evidence = f"row {anchor.sequence}, hash {anchor.hash}; noted by {places}"
    return journal.record(EntryData(action="audit.anchor", evidence=evidence)).sequence


def accept(action: str, *anchors: Anchor) -> int:
    evidence = accepted_damage.format_evidence("lost", [one.named_row for one in anchors])
    return journal.record(EntryData(action=action, evidence=evidence)).sequence


def change(sequence: int) -> None:
    with without_triggers():
        Entry.objects.filter(sequence=sequence).update(reason="nothing to see")


def test_a_whole_log_is_verified_to_its_last_row():
    write_events(3)
    assert verification.check_log() == Verdict(3, None, "", head(3))


def test_a_log_is_verified_after_a_trusted_row():
    write_events(4)
    change(2)
    assert verification.check_log().first_broken == 2
    assert verification.check_log(start=head(3)) == Verdict(1, None, "", head(4))
    change(4)
    assert verification.check_log(start=head(3)).first_broken == 4


def test_a_row_before_the_first_is_found_in_a_partial_verification_too():
    write_events(3)
    with without_sequence_check(), without_triggers():
        Entry.objects.filter(sequence=1).update(sequence=0)
    verdict = verification.check_log(start=head(2))
    assert (verdict.first_broken, verdict.problem) == (0, "before")


def test_anchors_are_compared():
    write_events(3)
    assert verification.check_log(anchors=[anchor(2)]).holds
    other = replace(anchor(2), sequence=3)
    assert verification.check_log(anchors=[other]).problem == "anchor"


def test_accepted_damage_is_read_from_the_log_unless_it_is_given():
    write_events(3)
    change(2)
    changed = Entry.objects.get(sequence=2)
    accepted = Accepted(rows=frozenset({(2, chain.digest(changed.row))}))
    assert verification.check_log(accepted=accepted).holds
    evidence = accepted_damage.format_evidence("changed", accepted.rows)
    journal.record(EntryData(action=chain.ACCEPT_CHANGED_ROWS, evidence=evidence))
    assert verification.check_log().holds
    assert verification.check_log(accepted=Accepted()).first_broken == 2


def test_the_row_of_an_anchor_is_found_by_its_number_and_hash():
    write_events(2)
    found = verification.find_head(anchor(2))
    assert found == head(2)
    assert verification.find_head(replace(anchor(2), sequence=1)) is None
    assert verification.find_head(replace(anchor(2), hash="f" * 64)) is None


def test_anchors_that_were_noted_in_the_file_must_be_in_the_file():
    write_events(3)
    first, second, third = anchor(1), anchor(2), anchor(3)
    in_file = [note(first), note(second, "webhook, file")]
    note(third, "webhook")
    write_events(1)
    recorded = [(in_file[0], first.named_row), (in_file[1], second.named_row)]
    assert list(verification.recorded_anchors([], None)) == recorded
    assert list(verification.recorded_anchors([], in_file[0])) == recorded[:1]
    assert verification.lost_anchors([second], None, []) == recorded[:1]
    assert verification.lost_anchors([], in_file[0], []) == recorded[:1]
    assert verification.first_row_of_lost_anchor([], None, []) == in_file[0]
    assert verification.first_row_of_lost_anchor([first], None, []) == in_file[1]
    assert verification.first_row_of_lost_anchor([first, second], None, []) is None


def test_an_anchor_that_was_given_up_must_stay_in_the_file():
    write_events(2)
    given_up = anchor(1)
    number = accept(chain.ACCEPT_RESTORED_LOG, given_up)
    acceptances = accepted_damage.read_acceptances()
    assert verification.lost_anchors([], None, acceptances) == [(number, given_up.named_row)]
    assert verification.lost_anchors([given_up], None, acceptances) == []


def test_an_accepted_loss_of_an_anchor_is_no_loss():
    write_events(2)
    lost = anchor(1)
    note(lost)
    accept(chain.ACCEPT_LOST_ANCHORS, lost)
    assert verification.lost_anchors([], None, accepted_damage.read_acceptances()) == []


def test_a_row_that_is_no_record_of_an_anchor_is_left_out():
    write_events(1)
    journal.record(EntryData(action="audit.anchor", result="failed", evidence="no place to note it"))
    evidence = f"row 1, hash {anchor(1).hash}; noted by file"
    journal.record(EntryData(action="person.sign_in", evidence=evidence))
    assert list(verification.recorded_anchors([], None)) == []


def test_a_lost_anchor_is_reported_when_all_rows_are_valid():
    assert verification.with_lost_anchor(VALID, 7) == replace(VALID, first_broken=7, problem="lost")
    assert verification.with_lost_anchor(VALID, None) == VALID
    broken = replace(VALID, first_broken=3, problem="hash")
    assert verification.with_lost_anchor(broken, 7) == broken


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ({}, "12 rows hold, up to row 12"),
        ({"anchors": 3}, "12 rows hold, up to row 12 (anchors that agree: 3)"),
        ({"given_up": 2}, "12 rows hold, up to row 12 (given up: 2)"),
        ({"anchors": 3, "given_up": 1}, "12 rows hold, up to row 12 (anchors that agree: 3) (given up: 1)"),
    ],
)
def test_a_valid_log_is_described_with_the_anchors_that_were_compared(counts, text):
    assert verification.describe(VALID, **counts) == text


def test_a_broken_log_is_described_by_its_first_invalid_row():
    for problem, meaning in PROBLEMS.items():
        verdict = Verdict(6, 7, problem, Head(6))  # type: ignore[arg-type]
        assert verification.describe(verdict, 3, 2) == f"row 7: {meaning.said()} (6 rows before it hold)"


@pytest.mark.parametrize("problem", ["archive", "checkpoint", "gone", "leaf", "lost", "tile"])
def test_what_is_found_after_the_chain_is_described_with_all_rows(problem):
    text = verification.describe(replace(VALID, first_broken=12, problem=problem))
    assert text == f"row 12: {PROBLEMS[problem].said()} (the chain of 12 rows up to row 12 holds)"


def test_rows_written_during_verification_are_left_for_the_next(monkeypatch):
    write_events(2)
    read = accepted_damage.read_acceptances

    def write_and_read() -> list[accepted_damage.Acceptance]:
        write_events(1)
        return read()

    monkeypatch.setattr(accepted_damage, "read_acceptances", write_and_read)
    assert verification.check_log().count == 2
    assert timedelta(0) <= datetime.now(UTC) - rows()[2]["at"]
