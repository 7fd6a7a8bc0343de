"""What the timeline says and draws of due times: how many find a place, until when they are shown, and marks told apart."""

from datetime import timedelta
from itertools import pairwise

import pytest

from snapshots.schedules.preview import MAX_RUNS
from snapshots.schedules.retention import Keep
from snapshots.templatetags.formats import utc_text
from snapshots.views.pictures.lanes import APART, FAR_APART
from snapshots.views.pictures.sentences import day_text
from snapshots.views.pictures.server_facts import MOST, ServerFacts, server_facts
from snapshots.views.pictures.timeline import Timeline, make_timeline
from tests.support.pages import text_of
from tests.support.pictures import history_url, pictures_in, tables_in
from tests.support.schedules import define

pytestmark = pytest.mark.django_db

PLACES = 5
EVERYTHING = Keep()


@pytest.fixture
def empty(desk, clock):
    """A server with room for five snapshots."""
    return desk.server("vpn-gateway")


def facts_with(desk, view, cron: str, keep: Keep = EVERYTHING, days: int = 90) -> ServerFacts:
    define(desk, cron=cron, keep=keep, servers=((view.server_id, view.name),))
    return server_facts(desk.user, view, days)


def rings(timeline: Timeline) -> list:
    return [mark for lane in timeline.lanes for mark in lane.marks if mark.shape == "ring"]


def test_the_sentence_says_how_many_are_taken_and_how_many_find_no_place(desk, empty):
    facts = facts_with(desk, empty, "0 3 * * *")
    until = day_text(facts.until)
    assert make_timeline(facts).sentence.endswith(
        f"Schedules take {PLACES} more until {until}. 9 due times of schedules until {until} find no place."
    )


def test_a_schedule_of_a_full_server_takes_none(desk, clock, signed_in):
    view = desk.server("db-server-01")
    assert view.used == view.limit
    facts = facts_with(desk, view, "0 * * * *", days=7)
    page = signed_in(desk.user).get(history_url(desk, view.server_id), {"days": "7"})
    described = pictures_in(page)["Snapshots over time"].findtext("desc")
    assert "Schedules take" not in described
    assert f"{len(facts.dues)} due times of schedules until" in described
    assert tables_in(page)[0].count("No place") == len(facts.dues)


def test_due_times_that_are_cut_say_until_when_they_are_shown(desk, empty, signed_in):
    facts = facts_with(desk, empty, "0 * * * *")
    assert (len(facts.dues), facts.dues_until, facts.is_cut) == (MOST, facts.dues[-1].at, False)
    last = utc_text(facts.dues[-1].at)
    page = signed_in(desk.user).get(history_url(desk, empty.server_id), {"days": "90"})
    described = pictures_in(page)["Snapshots over time"].findtext("desc")
    assert f"Schedules take {PLACES} more until {last}." in described
    assert f"{MOST - PLACES} due times of schedules until {last} find no place." in described
    text = text_of(page)
    assert f"only the next {MOST} are shown, until {last}." in text
    assert "Only the newest" not in text
    assert 'class="banner info"' not in page.text


def test_due_times_of_a_schedule_of_every_minute_are_complete_until_their_end(desk, empty):
    define(desk, cron="0 3 * * *", servers=((empty.server_id, empty.name),))
    assert MAX_RUNS > MOST, "so no preview ends before the due times that are shown"
    facts = facts_with(desk, empty, "* * * * *")
    assert len(facts.dues) == MOST
    assert facts.dues_until == facts.dues[-1].at < facts.now + timedelta(hours=6)


def test_nothing_is_said_to_be_left_out_where_nothing_is(desk, empty):
    facts = facts_with(desk, empty, "0 3 * * *", days=7)
    assert (facts.dues_until, make_timeline(facts).note) == (None, "")
    assert len(rings(make_timeline(facts))) == len(facts.dues)


@pytest.mark.parametrize(("keep", "days"), [(EVERYTHING, 7), (EVERYTHING, 365), (Keep(last=2), 90)])
def test_marks_of_a_dense_schedule_do_not_merge(desk, empty, keep, days):
    timeline = make_timeline(facts_with(desk, empty, "0 * * * *", keep, days))
    assert timeline.note.endswith("the table has each of them.")
    for least, marks in (
        (APART, rings(timeline)),
        (FAR_APART, [mark for mark in rings(timeline) if not mark.level]),
    ):
        across = sorted(mark.x for mark in marks)
        assert across
        assert all(after - before >= least - 0.01 for before, after in pairwise(across))


def test_the_few_that_a_schedule_takes_are_drawn_above_those_without_a_place(desk, empty):
    marks = rings(make_timeline(facts_with(desk, empty, "0 * * * *")))
    kinds = [mark.kind for mark in marks]
    assert kinds == sorted(kinds, reverse=True), "warn first: what comes later is drawn above"
    taken = [mark for mark in marks if mark.kind == "moving"]
    assert taken
    assert any(not mark.level for mark in taken)
    assert min(marks, key=lambda mark: mark.x) in taken
