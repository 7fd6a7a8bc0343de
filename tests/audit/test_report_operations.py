"""In which month an operation counts, which ones were unknown, and how they were resolved."""

from datetime import datetime, timedelta

import pytest
import time_machine

from snapshots.audit.reporting import coverage, doubtful
from snapshots.audit.reporting.coverage import Coverage, read_coverage
from snapshots.audit.reporting.doubtful import Doubt, Doubts, read_doubts
from snapshots.audit.reporting.months import Month
from snapshots.audit.reporting.operations import standings
from snapshots.audit.reporting.tally import count_days, count_rows
from tests.support.audit_rows import ARON
from tests.support.report_log import DECEMBER, MINUTE, NOVEMBER, TENTH, Operation, event, write_november

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
BEFORE_MIDNIGHT = NOVEMBER - MINUTE


def covered(month: int = 11, now: datetime = DECEMBER + 3 * DAY) -> Coverage:
    with time_machine.travel(now, tick=False):
        return read_coverage(Month(2026, month), [])


def stood(month: int = 11, **more) -> dict[tuple[str, str], int]:
    """(action, result) → number."""
    period = covered(month, **more)
    return {(one.action, one.result): one.number for one in standings(period, count_rows(period))}


def doubts(month: int = 11, **more) -> Doubts:
    period = covered(month, **more)
    tally = count_rows(period)
    return read_doubts(period, tally, standings(period, tally))


def only(month: int = 11, **more) -> Doubt:
    (found,) = doubts(month, **more).shown
    return found


def test_what_began_in_october_and_ended_in_november_is_open_in_october_and_ended_in_november():
    operation = Operation().asked(BEFORE_MIDNIGHT).said("accepted", BEFORE_MIDNIGHT + timedelta(seconds=1))
    operation.said("completed", NOVEMBER + MINUTE)
    assert stood(10) == {("snapshot.restore", "accepted"): 1}
    assert stood(11) == {("snapshot.restore", "completed"): 1}


def test_what_was_asked_for_in_october_and_said_nothing_is_open_there_alone():
    Operation().asked(BEFORE_MIDNIGHT)
    event("person.sign_in", moment=TENTH)
    assert stood(10) == {("snapshot.restore", "pending"): 1}
    assert stood(11) == {}


def test_an_operation_counts_once_with_its_last_result():
    operation = Operation("snapshot.create").asked(TENTH).said("accepted", TENTH + MINUTE)
    operation.said("unknown", TENTH + 2 * MINUTE).said("accepted", TENTH + 3 * MINUTE)
    assert stood() == {("snapshot.create", "accepted"): 1}
    operation.said("completed", TENTH + 4 * MINUTE)
    assert stood() == {("snapshot.create", "completed"): 1}


def test_a_later_result_changes_no_report_of_an_earlier_month():
    operation = Operation().asked(TENTH).said("unknown", TENTH + MINUTE)
    before = stood()
    operation.said("reconciled", DECEMBER + DAY)
    assert stood() == before == {("snapshot.restore", "unknown"): 1}
    assert stood(12) == {("snapshot.restore", "reconciled"): 1}


def test_an_unknown_result_is_resolved_by_evidence():
    operation = Operation().asked(TENTH).said("unknown", TENTH + MINUTE, code="deadline")
    operation.said("reconciled", TENTH + HOUR, evidence="the list shows it")
    found = only()
    assert (found.is_open, found.later) == (False, None)
    assert (found.since.at, found.since.code) == (TENTH + MINUTE, "deadline")
    assert (found.end.at, found.end.full_evidence, found.end.settled_by) == (
        TENTH + HOUR,
        "the list shows it",
        "",
    )


def test_an_unknown_result_is_resolved_by_a_person_with_a_reason():
    operation = Operation().asked(TENTH).said("unknown", TENTH + MINUTE)
    operation.said(
        "reconciled", TENTH + HOUR, settled_by="Ada (admin)", settled_by_id=1005, evidence="I looked"
    )
    assert (only().end.settled_by, only().end.full_evidence) == ("Ada (admin)", "I looked")


def test_what_was_resolved_after_the_period_is_open_in_it_and_says_when():
    Operation().asked(TENTH).said("unknown", TENTH + MINUTE).said("reconciled", DECEMBER + DAY)
    found = only()
    assert found.is_open
    assert found.later.at == DECEMBER + DAY


def test_what_was_unknown_from_an_earlier_month_is_carried_over_until_it_is_resolved():
    operation = Operation().asked(BEFORE_MIDNIGHT).said("unknown", BEFORE_MIDNIGHT)
    event("person.sign_in", moment=TENTH)
    event("person.sign_in", moment=DECEMBER + DAY)
    assert only(11).is_open
    operation.said("reconciled", DECEMBER + 2 * DAY)
    assert only(11).later.at == DECEMBER + 2 * DAY
    assert not only(12).is_open
    event("person.sign_in", moment=DECEMBER + 31 * DAY)
    with time_machine.travel(DECEMBER + 32 * DAY):
        assert doubts(now=DECEMBER + 32 * DAY, month=12).shown[0].end.result == "reconciled"
        later = read_coverage(Month(2027, 1), [])
        assert read_doubts(later, count_rows(later), ()).shown == ()


def test_what_went_on_after_all_is_not_open_and_what_was_unknown_again_is():
    operation = Operation().asked(TENTH).said("unknown", TENTH + MINUTE).said("accepted", TENTH + 2 * MINUTE)
    assert only().end.result == "accepted"
    operation.said("unknown", TENTH + 3 * MINUTE)
    assert only().is_open
    operation.said("completed", TENTH + 4 * MINUTE)
    assert only().end.result == "completed"


def test_a_request_without_any_result_is_unknown_after_five_minutes():
    Operation().asked(TENTH)
    assert doubts(now=TENTH + 4 * MINUTE).shown == ()
    found = only(now=TENTH + 6 * MINUTE)
    assert (found.is_open, found.since.result, found.later) == (True, "pending", None)


def test_at_the_end_of_a_finished_month_the_five_minutes_count_to_its_end():
    Operation().asked(DECEMBER - MINUTE).said("completed", DECEMBER + MINUTE)
    Operation().asked(DECEMBER + HOUR)
    assert doubts().shown == ()


def test_what_took_too_long_and_was_resolved_by_a_person_is_listed():
    operation = Operation().asked(TENTH).said("accepted", TENTH + MINUTE)
    operation.said("reconciled", TENTH + HOUR, settled_by="Ada (admin)", settled_by_id=1005)
    assert only().end.result == "reconciled"


def test_the_open_ones_come_first_and_then_the_newest():
    for number in range(4):
        moment = TENTH + number * DAY
        operation = Operation(snapshot_name=f"no-{number}").asked(moment).said("unknown", moment)
        if number != 1:
            operation.said("reconciled", moment + MINUTE)
    names = [one.first.snapshot_name for one in doubts().shown]
    assert names == ["no-1", "no-3", "no-2", "no-0"]


def test_of_many_only_the_newest_are_shown_and_it_says_that_there_are_more(monkeypatch):
    for number in range(3):
        Operation(snapshot_name=f"no-{number}").asked(TENTH + number * DAY).said(
            "unknown", TENTH + number * DAY
        )
    monkeypatch.setattr(doubtful, "MOST_SHOWN", 2)
    found = doubts()
    assert [one.first.snapshot_name for one in found.shown] == ["no-2", "no-1"]
    assert found.has_more
    monkeypatch.setattr(doubtful, "MOST_SHOWN", 3)
    assert not doubts().has_more


def test_counting_in_parts_gives_the_same_as_counting_at_once(monkeypatch):
    write_november()
    Operation(actor=ARON).asked(TENTH + HOUR)
    Operation(actor=ARON).asked(TENTH + HOUR).said("unknown", TENTH + HOUR)

    def everything():
        period = covered()
        tally = count_rows(period)
        found = standings(period, tally)
        return (
            sorted(map(str, tally.groups)),
            sorted(map(str, count_days(period))),
            sorted(map(str, found)),
            read_doubts(period, tally, found),
        )

    at_once = everything()
    for size in (1, 3, 22, 23, 24):
        monkeypatch.setattr(coverage, "ROWS_PER_QUERY", size)
        assert everything() == at_once


def test_the_parts_are_all_rows_without_overlap_the_newest_first(monkeypatch):
    monkeypatch.setattr(coverage, "ROWS_PER_QUERY", 4)
    assert Coverage(Month(2026, 11), 5, 14, DECEMBER).parts() == [(11, 14), (7, 10), (5, 6)]
    assert Coverage(Month(2026, 11), 5, 4, DECEMBER).parts() == []
