"""The history of a server in pictures: what they show, for whom, and that they can be read without being seen."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from snapshots.deletions import keeping
from snapshots.observations.models import KnownSnapshot
from snapshots.operations.models import Action, State
from snapshots.sandbox.models import Snapshot
from snapshots.schedules.retention import Keep
from snapshots.vault import tokens
from snapshots.views.pictures import server_facts
from snapshots.views.pictures.durations import make_durations
from snapshots.views.pictures.sizes import make_sizes
from snapshots.views.pictures.timeline import make_timeline
from tests.support.deletions import target_of
from tests.support.desk import make_desk
from tests.support.limits import limit
from tests.support.pages import text_of
from tests.support.pictures import history_url, known, operated, pictures_in, tables_in
from tests.support.schedules import define, finish

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
TITLES = {"Snapshots over time", "How much space they take", "How long creates took"}


@pytest.fixture
def empty(desk, clock):
    """A server that has never had a snapshot."""
    return desk.server("vpn-gateway")


@pytest.fixture
def mia(desk, signed_in):
    return signed_in(desk.user)


def facts_of(desk, view, days: int = 90) -> server_facts.ServerFacts:
    return server_facts.server_facts(desk.user, view, days)


def drawn_positions(picture) -> list[float]:
    """All horizontal positions, in per cent."""
    values = [value for one in picture.iter() for key, value in one.items() if key in {"x", "x1", "x2"}]
    return [float(value.rstrip("%")) for value in values if value.endswith("%")]


def test_a_new_server_says_that_there_is_nothing_yet(desk, mia, empty):
    page = mia.get(history_url(desk, empty.server_id))
    assert "Pictures appear after the first snapshot" in text_of(page)
    assert pictures_in(page) == {}


def test_each_picture_has_a_title_a_description_and_a_table_with_the_same_values(desk, mia, clock):
    view = desk.server("web-server-01")
    now = timezone.now()
    known(view, 7001, now - 20 * DAY, now - 10 * DAY, name='before "A" & <B>', size_mb=2048)
    operated(desk, view, Action.CREATE, now - 20 * DAY, snapshot_id=7001, snapshot_name="night-7001")
    operated(desk, view, Action.RESTORE, now - 15 * DAY, state=State.UNKNOWN, took=None)
    page = mia.get(history_url(desk, view.server_id))
    pictures = pictures_in(page)
    assert pictures.keys() == TITLES
    for picture in pictures.values():
        ids = {one.get("id") for one in picture}
        assert set(picture.get("aria-labelledby").split()) <= ids
        assert picture.findtext("desc").count(".") >= 1
        assert not list(picture.iter("a")), "an image has no parts for who does not see it"
        assert all(-1 <= x <= 101 for x in drawn_positions(picture))
    timeline, sizes, durations = tables_in(page)
    for part in ('before "A" & <B>', "ID 7001", "Is gone", "Restore", "Unknown", "pre-migration", "Exists"):
        assert part in timeline, part
    assert "2.0 GB" in sizes
    assert "5 minutes" in durations
    assert "Of 1 operation the result is unknown." in pictures["Snapshots over time"].findtext("desc")


def test_bars_go_from_when_a_snapshot_was_made_to_when_it_is_gone(desk, empty):
    now = timezone.now()
    known(empty, 1, now - 40 * DAY, now - 30 * DAY)
    known(empty, 2, now - 35 * DAY, now - 5 * DAY)
    known(empty, 3, now - 20 * DAY, now - 10 * DAY)
    known(empty, 4, now - 200 * DAY, now - 100 * DAY)
    timeline = make_timeline(facts_of(desk, empty))
    first, second, third = sorted(timeline.bars, key=lambda bar: bar.x)
    assert first.x < second.x < first.to < third.x < third.to < second.to < timeline.now_x
    assert first.y == third.y != second.y, "bars that overlap are below each other, others share a row"
    assert timeline.sentence.startswith("3 snapshots since")


def test_what_was_done_says_how_it_ended(desk, empty):
    now = timezone.now()
    for number, state in enumerate(
        (State.ACCEPTED, State.FAILED, State.UNKNOWN, State.COMPLETED, State.ACCEPTED)
    ):
        operated(desk, empty, Action.RESTORE, now - number * DAY, state=state, took=None)
    operated(desk, empty, Action.CREATE, now - DAY, state=State.FAILED, took=None)
    timeline = make_timeline(facts_of(desk, empty))
    creates, restores = timeline.lanes
    assert [(mark.shape, mark.kind) for mark in creates.marks] == [("dot", "bad")]
    assert sorted((mark.shape, mark.kind) for mark in restores.marks) == [
        ("diamond", "bad"),
        ("diamond", "moving"),
        ("diamond", "ok"),
        ("diamond", "warn"),
        ("unknown", "warn"),
    ]
    assert {str(one.text) for one in timeline.legend} >= {
        "Restore, failed",
        "Result unknown",
        "Create, failed",
    }


def test_schedules_dates_and_retention_say_what_is_to_come(desk, empty, mia):
    Snapshot.objects.filter(server__name="web-server-01", name="weekly").update(name="mine")
    view = desk.server("web-server-01")
    until = (timezone.now() + 9 * DAY).date()
    keeping.set_keep_until(actor=desk.actor, target=target_of(desk, view), until=until)
    define(desk, cron="0 3 * * *", keep=Keep(last=1), servers=((view.server_id, view.name),))
    facts = facts_of(desk, view)
    assert len(facts.dues) == 14
    assert all(facts.now < due.at <= facts.until and due.makes.startswith("auto-") for due in facts.dues)
    timeline = make_timeline(facts)
    [bar] = [bar for bar in timeline.bars if bar.planned]
    assert timeline.now_x == bar.to == bar.planned[0] < bar.planned[1]
    table = tables_in(mia.get(history_url(desk, view.server_id), {"days": "90"}))[0]
    assert "Kept until then" in table
    assert table.count("To come") == 14


def test_what_retention_would_delete_next_is_planned(desk, clock):
    view = desk.server("vpn-gateway")
    define(desk, cron="0 3 * * *", keep=Keep(last=1), servers=((view.server_id, view.name),))
    assert not any(one.plan for one in facts_of(desk, view).stays)
    clock.move_to(timezone.now().replace(hour=3, minute=0) + DAY)
    finish(desk, clock)
    facts = facts_of(desk, desk.server("vpn-gateway"))
    [stay] = facts.stays
    assert (stay.plan, stay.planned_end) == ("retention", facts.dues[0].at)
    assert "1 will be deleted until" in make_timeline(facts).sentence


def test_sizes_are_summed_and_unknown_ones_are_named(desk, empty):
    now = timezone.now()
    known(empty, 1, now - 40 * DAY, now - 10 * DAY, size_mb=1024)
    known(empty, 2, now - 30 * DAY, now - 20 * DAY, size_mb=2048)
    known(empty, 3, now - 25 * DAY, now - 5 * DAY, size_mb=None)
    sizes = make_sizes(facts_of(desk, empty))
    assert [(row.is_made, row.total) for row in sizes.rows] == [
        (False, "0 MB"),
        (False, "1.0 GB"),
        (True, "3.0 GB"),
        (True, "1.0 GB"),
    ]
    assert "took 3.0 GB at most. The size of 1 snapshot is not known." in sizes.sentence
    assert len(sizes.points) == 2
    assert [line.text for line in sizes.lines] == ["1.0 GB", "2.0 GB", "3.0 GB"]


def test_without_any_size_or_create_the_pictures_say_so(desk, empty, mia):
    known(empty, 3, timezone.now() - 25 * DAY, timezone.now(), size_mb=None)
    page = mia.get(history_url(desk, empty.server_id))
    assert pictures_in(page).keys() == {"Snapshots over time"}
    assert "No size is known yet." in text_of(page)
    assert "No snapshot was created through this portal in this time." in text_of(page)


def test_creates_stand_beside_the_documented_time(desk, empty):
    now = timezone.now()
    for minutes in (4, 6, 25):
        operated(desk, empty, Action.CREATE, now - minutes * DAY, took=timedelta(minutes=minutes))
    unseen = {"seen_moving_at": now - 40 * DAY}
    operated(desk, empty, Action.CREATE, now - 40 * DAY, took=timedelta(hours=9), **unseen)
    durations = make_durations(facts_of(desk, empty))
    assert durations.sentence == (
        "Of 3 creates half took 6 minutes or less. Documented are 3 to 10 minutes. 1 took longer than that. "
        "Of 1 create the end was seen too late to say how long it took."
    )
    low, high = sum(durations.band), durations.band[0]
    assert [(high <= point.y <= low, point.kind) for point in durations.points] == [
        (True, "ok"),
        (True, "ok"),
        (False, "warn"),
    ]


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(hours=3), timedelta(days=40)])
def test_one_point_and_times_in_the_future_are_drawn(desk, empty, mia, ahead):
    known(empty, 1, timezone.now() + ahead)
    page = mia.get(history_url(desk, empty.server_id))
    assert {"Snapshots over time", "How much space they take"} <= pictures_in(page).keys()


def test_no_age_is_computed_from_clocks_that_differ(desk, mia):
    Snapshot.objects.filter(name="pre-migration").update(created_at=timezone.now() + timedelta(hours=2))
    view = desk.server("web-server-01")
    page = mia.get(history_url(desk, view.server_id))
    assert "clock is ahead of this portal's" in text_of(page)
    assert "The newest was made" not in pictures_in(page)["Snapshots over time"].findtext("desc")


def test_of_very_many_the_newest_are_shown(desk, empty, mia):
    now = timezone.now()
    fields = {"server_id": empty.server_id, "server_name": empty.name, "size_mb": 10}
    times = [now - timedelta(hours=number) for number in range(1, 1001)]
    KnownSnapshot.objects.bulk_create(
        KnownSnapshot(
            **fields,
            snapshot_id=number,
            name=f"n{number}",
            created_at=at,
            first_listed_at=at,
            changed_at=at,
            gone_at=at + timedelta(hours=4),
        )
        for number, at in enumerate(times, 1)
    )
    facts = facts_of(desk, empty)
    timeline = make_timeline(facts)
    assert (len(timeline.bars), facts.is_cut) == (server_facts.MOST, True)
    assert len({bar.y for bar in timeline.bars}) <= 8
    assert f"Only the newest {server_facts.MOST}" in text_of(mia.get(history_url(desk, empty.server_id)))


def test_from_right_to_left_time_goes_the_other_way(desk, empty):
    now = timezone.now()
    known(empty, 1, now - 40 * DAY, now - 30 * DAY)
    operated(desk, empty, Action.RESTORE, now - 20 * DAY)
    usual = make_timeline(facts_of(desk, empty))
    with translation.override("he"):
        mirrored = make_timeline(facts_of(desk, empty))
        assert (mirrored.direction, mirrored.start_x) == ("rtl", 99)
    assert (usual.direction, usual.start_x) == ("ltr", 1)
    for one, other in (
        (usual.bars[0].x, mirrored.bars[0].x),
        (usual.now_x, mirrored.now_x),
        (usual.lanes[0].marks[0].x, mirrored.lanes[0].marks[0].x),
        *((a.x, b.x) for a, b in zip(usual.ticks, mirrored.ticks, strict=True)),
    ):
        assert one + other == pytest.approx(100, abs=0.02)
    assert [tick.anchor for tick in usual.ticks] == [tick.anchor for tick in mirrored.ticks], (
        "SVG mirrors them"
    )


def test_another_persons_server_is_not_found(desk, cast, signed_in, empty, sandbox):
    assert signed_in(cast.vera).get(history_url(desk, empty.server_id)).status_code == 404
    own = make_desk(cast.omar, tokens.decrypt(desk.token))
    limit(own, servers=[desk.server("web-server-01").server_id])
    omar = signed_in(cast.omar)
    assert omar.get(history_url(own, empty.server_id)).status_code == 404
    assert omar.get(history_url(own, desk.server("web-server-01").server_id)).status_code == 200


def test_the_period_can_be_chosen(desk, empty, mia):
    known(empty, 1, timezone.now() - 300 * DAY, timezone.now() - 200 * DAY)
    url = history_url(desk, empty.server_id)
    assert "Nothing yet" in text_of(mia.get(url, {"days": "90"}))
    assert "1 snapshot since" in text_of(mia.get(url, {"days": "365"}))
    assert chosen_period(mia.get(url, {"days": "10000000000"})) == "365 days"
    assert re.search(r'href="\?days=30"[^>]*>30 days', mia.get(url).text)


def chosen_period(page) -> str:
    [text] = re.findall(r'aria-current="true">([^<]*)</a></li>', page.text)
    return text


def test_the_usual_period_is_no_longer_than_what_there_is_to_show(desk, empty, mia):
    now, url = timezone.now(), history_url(desk, empty.server_id)
    assert chosen_period(mia.get(url)) == "7 days"
    for number, (age, period) in enumerate(
        ((6, "7 days"), (8, "30 days"), (31, "90 days"), (91, "365 days"), (600, "365 days")), 1
    ):
        known(empty, number, now - age * DAY, now - DAY)
        assert chosen_period(mia.get(url)) == period
        assert chosen_period(mia.get(url, {"days": "30"})) == "30 days"


def test_an_operation_alone_is_something_to_show(desk, empty, mia):
    operated(desk, empty, Action.RESTORE, timezone.now() - 20 * DAY)
    assert chosen_period(mia.get(history_url(desk, empty.server_id))) == "30 days"


def test_the_servers_page_leads_to_the_pictures(desk, empty, mia):
    page = mia.get(reverse("server_detail", args=[desk.token.pk, empty.server_id]))
    assert f'href="{history_url(desk, empty.server_id)}"' in page.text
