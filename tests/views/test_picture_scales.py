"""Axes of pictures: everything is drawn within them, in order, and their steps are round."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from snapshots.views.pictures.scales import (
    INSET,
    MOST_LINES,
    MOST_TICKS,
    TimeScale,
    round_step,
    value_scale,
)

MINUTES_OF_A_CENTURY = 100 * 365 * 24 * 60
MOMENTS = st.integers(0, MINUTES_OF_A_CENTURY).map(
    lambda one: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=one)
)
LENGTHS = st.integers(1, 1200 * 24 * 60).map(lambda one: timedelta(minutes=one))
SIZES = st.just(0.0) | st.floats(1e-6, 1e15)


@given(start=MOMENTS, length=LENGTHS, first=MOMENTS, second=MOMENTS)
def test_every_moment_is_within_the_axis_and_a_later_one_is_further(start, length, first, second):
    scale, mirrored = (TimeScale(start, start + length, is_mirrored=one) for one in (False, True))
    earlier, later = sorted((first, second))
    assert INSET <= scale.x(earlier) <= scale.x(later) <= 100 - INSET
    assert abs(scale.x(first) + mirrored.x(first) - 100) < 0.02
    x, width = mirrored.span(earlier, later)
    assert width >= 0
    assert x == mirrored.x(later)


@given(start=MOMENTS, length=LENGTHS)
def test_ticks_are_few_round_and_the_newest_is_always_labelled(start, length):
    ticks = TimeScale(start, start + length).ticks()
    days = [one.day for one in ticks]
    assert len(ticks) <= MOST_TICKS
    assert days == sorted(days)
    assert all(start.date() <= day <= (start + length).date() for day in days)
    assert not ticks or ticks[-1].level == 0
    steps = {second - first for first, second in pairwise(days)}
    assert len(steps) <= 1 or all(day.day == 1 for day in days)


def test_three_months_have_a_tick_every_second_monday():
    ticks = TimeScale(datetime(2026, 9, 1, 12, tzinfo=UTC), datetime(2026, 12, 14, 12, tzinfo=UTC)).ticks()
    assert [f"{one.day:%a %d %b}" for one in ticks[:2]] == ["Mon 14 Sep", "Mon 28 Sep"]
    assert [one.level for one in ticks] == [1, 2, 0, 2, 1, 2, 0]


@given(largest=SIZES, unit=st.sampled_from([1, 1024]), least=st.sampled_from([0, 0.5, 1]))
def test_values_reach_no_further_than_the_last_line(largest, unit, least):
    scale = value_scale(largest, top_y=2, bottom_y=12, unit=unit, least=least)
    assert scale.top >= largest * (1 - 1e-9)
    assert 1 <= len(scale.lines) <= MOST_LINES
    assert 2 <= scale.y(largest) <= scale.y(largest / 2) <= scale.y(0) == 12
    assert scale.height(largest) == round(12 - scale.y(largest), 2)


def test_steps_are_one_two_or_five_times_a_power_of_ten():
    assert [round_step(one) for one in (0, 1, 4, 5, 9, 39, 41, 4000, 4001)] == [
        1.0, 0.5, 1, 2, 5, 10, 20, 1000, 2000,
    ]  # fmt: skip
