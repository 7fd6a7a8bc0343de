"""Names of scheduled snapshots."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snapshots import contract
from snapshots.schedules.naming import DEFAULT_PATTERN, fill, is_valid_pattern, name_for

AT = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))


def test_times_in_names_are_utc():
    assert fill(DEFAULT_PATTERN, schedule="", server="", at=AT) == "auto-2026-10-25-0030"


def test_the_doubled_hour_gives_two_names():
    second = AT.replace(fold=1)
    names = {fill(DEFAULT_PATTERN, schedule="", server="", at=at) for at in (AT, second)}
    assert names == {"auto-2026-10-25-0030", "auto-2026-10-25-0130"}


def test_a_name_that_exists_is_numbered():
    taken: set[str] = set()
    for expected in ("day-2026-10-25", "day-2026-10-25-2", "day-2026-10-25-3"):
        name = name_for("day-{date}", schedule="", server="", at=AT, taken=taken)
        assert name == expected
        taken.add(name)


@pytest.mark.parametrize(
    ("pattern", "is_valid"),
    [
        ("nightly", True),
        ("{schedule}-{server}-{date}", True),
        ("{server}", False),
        ("", False),
        ("auto {date}", False),
        ("auto-{day}", False),
        ("auto-{date", False),
        ("{}", False),
        ("x" * 101, True),
    ],
)
def test_patterns_are_checked_before_a_server_is_known(pattern, is_valid):
    assert is_valid_pattern(pattern) == is_valid


@given(schedule=st.text(max_size=80), server=st.text(max_size=300))
def test_any_names_give_a_name_that_the_provider_takes(schedule, server):
    name = name_for(
        "{schedule}-{server}-{date}-{time}", schedule=schedule, server=server, at=datetime.now(UTC), taken=()
    )
    assert contract.is_valid_name(name)
