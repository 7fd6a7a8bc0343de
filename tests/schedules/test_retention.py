"""Which of its snapshots a schedule deletes (promise 35)."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from snapshots.schedules.retention import NEW_ID, Keep, Made, Places, rotate, surplus

NOW = datetime(2026, 11, 28, 2, 30, tzinfo=UTC)


def daily(count: int, **fields) -> list[Made]:
    """One a day, up to yesterday; number 1 is the oldest."""
    return [
        Made(id=number, at=NOW - timedelta(days=count + 1 - number), **fields)
        for number in range(1, count + 1)
    ]


def ids(found) -> list[int]:
    return [one.id for one in found]


def test_without_a_rule_nothing_goes():
    assert surplus(daily(10), Keep(), "UTC") == []


def test_the_newest_are_kept_and_the_oldest_goes_first():
    assert ids(surplus(daily(5), Keep(last=2), "UTC")) == [1, 2, 3]


def test_the_newest_of_each_day_week_and_month_is_kept():
    made = [Made(id=number, at=NOW - timedelta(hours=8 * number)) for number in range(1, 90)]
    kept = {one.id for one in made} - set(ids(surplus(made, Keep(daily=2, weekly=2, monthly=2), "UTC")))
    assert kept == {1, 4, 16, 82}


def test_days_are_those_of_the_time_zone():
    """23:30 and 0:30 in Berlin are one day in UTC."""
    made = [
        Made(id=1, at=datetime(2026, 11, 27, 22, 30, tzinfo=UTC)),
        Made(id=2, at=datetime(2026, 11, 27, 23, 30, tzinfo=UTC)),
    ]
    assert ids(surplus(made, Keep(daily=2), "UTC")) == [1]
    assert ids(surplus(made, Keep(daily=2), "Europe/Berlin")) == []


def test_with_room_left_nothing_goes_before_the_new_one_is_there():
    rotation = rotate(
        daily(3), Keep(last=2), now=NOW, zone="UTC", places=Places(used=4, limit=5, newest_id=3)
    )
    assert (ids(rotation.first), ids(rotation.after), rotation.collides) == ([], [1, 2], False)


def test_on_a_full_server_as_many_go_first_as_the_new_one_needs():
    rotation = rotate(
        daily(4), Keep(last=2), now=NOW, zone="UTC", places=Places(used=5, limit=5, newest_id=4)
    )
    assert (ids(rotation.first), ids(rotation.after)) == ([1], [2, 3])


def test_a_full_server_collides_where_every_snapshot_is_kept():
    rotation = rotate(
        daily(2), Keep(last=3), now=NOW, zone="UTC", places=Places(used=5, limit=5, newest_id=2)
    )
    assert rotation.collides
    assert not rotation.first


def test_the_only_one_of_the_schedule_never_makes_room():
    rotation = rotate(
        daily(1), Keep(last=1), now=NOW, zone="UTC", places=Places(used=5, limit=5, newest_id=99)
    )
    assert rotation.collides


def test_a_deletion_that_waits_for_a_grace_time_makes_no_room():
    places = Places(used=5, limit=5, newest_id=5)
    rotation = rotate(daily(5), Keep(last=3), now=NOW, zone="UTC", places=places, waits_for_grace=True)
    assert rotation.collides


def test_protected_ones_count_but_never_go():
    made = [Made(id=1, at=NOW - timedelta(days=3), is_fixed=True), *daily(2)[1:]]
    rotation = rotate(made, Keep(last=1), now=NOW, zone="UTC", places=Places(used=3, limit=5, newest_id=2))
    assert ids(rotation.after) == [2]


made_lists = st.lists(
    st.tuples(st.integers(0, 24 * 90), st.booleans()), max_size=5, unique_by=lambda one: one[0]
).map(
    lambda found: [
        Made(id=number, at=NOW - timedelta(hours=1 + hours), is_fixed=is_fixed)
        for number, (hours, is_fixed) in enumerate(found, 1)
    ]
)
keeps = st.builds(
    Keep, last=st.integers(0, 5), daily=st.integers(0, 5), weekly=st.integers(0, 3), monthly=st.integers(0, 3)
)


@given(made=made_lists, keep=keeps, others=st.integers(0, 5), grace=st.booleans())
def test_whatever_is_there_the_rules_hold(made, keep, others, grace):
    used = min(5, len(made) + others)
    newest = max(made, key=lambda one: one.at, default=None)
    places = Places(used=used, limit=5, newest_id=newest.id if newest else 99)
    rotation = rotate(made, keep, now=NOW, zone="Europe/Berlin", places=places, waits_for_grace=grace)
    gone = [*rotation.first, *rotation.after]
    assert len({one.id for one in gone}) == len(gone)
    assert all(one.id != NEW_ID and not one.is_fixed for one in gone)
    assert newest not in rotation.first
    if keep.is_everything or rotation.collides:
        assert not gone
    if not rotation.collides:
        assert used - len(rotation.first) < 5
    kept = [one for one in made if one not in gone]
    assert len([one for one in kept if not one.is_fixed]) <= max(
        keep.last + keep.daily + keep.weekly + keep.monthly,
        len(made) if keep.is_everything else 0,
        5 * rotation.collides,
    )
