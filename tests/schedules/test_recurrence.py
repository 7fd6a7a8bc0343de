"""When schedules are due, on the days when clocks change too."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snapshots.schedules.recurrence import BadRecurrenceError, Preset, Recurrence, cron_of, zones

BERLIN = "Europe/Berlin"


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def first(cron: str, zone: str, after: datetime, count: int) -> list[datetime]:
    return list(islice(Recurrence(cron, zone).due_times(after), count))


def test_half_past_two_is_due_once_on_the_day_that_skips_it():
    """On 29 March 2026 clocks go from 2:00 to 3:00: it is due at the next minute that exists."""
    due = first("30 2 * * *", BERLIN, utc(2026, 3, 28, 0), 3)
    assert due == [utc(2026, 3, 28, 1, 30), utc(2026, 3, 29, 1, 0), utc(2026, 3, 30, 0, 30)]


def test_half_past_two_is_due_once_on_the_day_that_has_it_twice():
    """On 25 October 2026 clocks go from 3:00 back to 2:00."""
    due = first("30 2 * * *", BERLIN, utc(2026, 10, 24, 0), 3)
    assert due == [utc(2026, 10, 24, 0, 30), utc(2026, 10, 25, 0, 30), utc(2026, 10, 26, 1, 30)]


@pytest.mark.parametrize("minute", [0, 20, 29, 31, 45])
def test_it_is_not_due_again_for_a_worker_that_starts_in_the_second_of_the_two_hours(minute):
    after = utc(2026, 10, 25, 1, minute)
    assert first("30 2 * * *", BERLIN, after, 1) == [utc(2026, 10, 26, 1, 30)]


def test_an_hourly_schedule_is_due_in_both_of_the_doubled_hours():
    due = first("30 * * * *", BERLIN, utc(2026, 10, 25, 0), 3)
    assert due == [utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 30), utc(2026, 10, 25, 2, 30)]


CRONS = ("30 2 * * *", "*/20 * * * *", "0 */6 * * *", "15 2 L * *", "0 3 * * 1", "5 0-23/6 * * *")


@given(
    cron=st.sampled_from(CRONS),
    zone=st.sampled_from(["UTC", BERLIN, "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    after=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
)
def test_due_times_only_grow_and_lie_after_the_given_moment(cron, zone, after):
    start = after.replace(tzinfo=UTC)
    due = first(cron, zone, start, 5)
    assert due == sorted(set(due))
    assert due[0] > start
    again = first(cron, zone, due[0], 4)
    assert again == due[1:]


def test_missed_due_times_are_counted_up_to_a_bound():
    every_minute = Recurrence("* * * * *", "UTC")
    start = utc(2026, 1, 1)
    assert every_minute.count(after=start, until=start) == 0
    assert every_minute.count(after=start, until=start + timedelta(minutes=3)) == 3
    assert every_minute.count(after=start, until=start + timedelta(days=300)) == 1000


@pytest.mark.parametrize(
    ("cron", "zone"),
    [
        ("", "UTC"),
        ("61 * * * *", "UTC"),
        ("* * * *", "UTC"),
        ("* * * * * *", "UTC"),
        ("0 0 31 2 *", "UTC"),
        ("0 0 * * *", "Nowhere/Town"),
        ("0 0 * * *", "../../etc/passwd"),
        ("0 0 * * *", ""),
        ("@daily", "UTC"),
    ],
)
def test_what_is_no_recurrence_is_refused(cron, zone):
    with pytest.raises(BadRecurrenceError):
        Recurrence(cron, zone).check(utc(2026, 1, 1))


@pytest.mark.parametrize(
    ("preset", "due"),
    [
        (Preset.HOURLY, utc(2026, 6, 1, 1, 15)),
        (Preset.SIX_HOURS, utc(2026, 6, 1, 2, 15)),
        (Preset.DAILY, utc(2026, 6, 1, 2, 15)),
        (Preset.WEEKLY, utc(2026, 6, 6, 2, 15)),
        (Preset.MONTHLY, utc(2026, 6, 28, 2, 15)),
    ],
)
def test_presets_write_cron_expressions(preset, due):
    cron = cron_of(preset, minute=15, hour=2, weekday=6, day="28")
    assert first(cron, "UTC", utc(2026, 6, 1, 0, 30), 1) == [due]


def test_the_last_day_of_a_month_may_be_chosen():
    cron = cron_of(Preset.MONTHLY, hour=1, day="L")
    assert [at.day for at in first(cron, "UTC", utc(2026, 1, 1), 3)] == [31, 28, 31]


def test_every_offered_zone_exists():
    assert {"UTC", BERLIN, "America/New_York"} <= set(zones())
    for name in zones():
        ZoneInfo(name)
