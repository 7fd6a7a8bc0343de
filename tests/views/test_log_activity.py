"""The activity in the audit log in pictures: what is counted, of whom, with which filter, and at what cost."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.urls import reverse
from django.utils import timezone, translation

from snapportal.accounts import erasure
from snapportal.accounts.models import User
from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry
from snapshots.audit.search import activity
from snapshots.audit.search.activity import count_activity
from snapshots.audit.search.criteria import Criteria
from snapshots.views.pictures.people import make_people
from snapshots.views.roster import Roster
from tests.support.actors import actor_of
from tests.support.audit_rows import ARON, MIA, write_events, write_operation
from tests.support.audit_triggers import without_triggers
from tests.support.pages import text_of
from tests.support.pictures import pictures_in, tables_in
from tests.support.query_plans import plans_of

pytestmark = pytest.mark.django_db

URL = "/audit/activity/"
NOON = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)


@pytest.fixture
def log(cast):
    """Three days: two visits of Mia; a refusal of hers and a visit of Aron; an operation that was unknown first."""
    with time_machine.travel(NOON - timedelta(days=3), tick=False) as clock:
        write_events(2)
        clock.shift(timedelta(days=1))
        with journal.committed():
            journal.record(MIA.entry(action="access.refuse", result="refused"))
        write_events(1, ARON)
        clock.shift(timedelta(days=1))
        write_operation("accepted", "unknown", "reconciled", server_id=7, server_name="shop")
        with journal.committed():
            journal.record(Actor(id=None, name="", role="").entry(action="audit.verify"))
        yield


@pytest.fixture
def aron(cast, signed_in):
    return signed_in(cast.aron)


def counts(**criteria) -> dict[tuple[str, int | None], int]:
    """(Result, person) → number of all days together."""
    found: dict[tuple[str, int | None], int] = {}
    for one in count_activity(Criteria(**criteria)).counts:
        found[one.result, one.person_id] = found.get((one.result, one.person_id), 0) + one.number
    return found


def test_what_says_how_something_ended_is_counted_by_day_result_and_person(log):
    today = NOON.date()
    assert sorted(
        (today - one.day, one.result, one.person_id or 0, one.number)
        for one in count_activity(Criteria()).counts
    ) == [
        (timedelta(days=1), "completed", 0, 1),
        (timedelta(days=1), "reconciled", MIA.id, 1),
        (timedelta(days=1), "unknown", MIA.id, 1),
        (timedelta(days=2), "completed", ARON.id, 1),
        (timedelta(days=2), "refused", MIA.id, 1),
        (timedelta(days=3), "completed", MIA.id, 2),
    ]


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({"people": (ARON.id,)}, {("completed", ARON.id): 1}),
        ({"result": "refused"}, {("refused", MIA.id): 1}),
        ({"action": "audit.verify"}, {("completed", None): 1}),
        ({"servers": (7,), "server": "7"}, {("unknown", MIA.id): 1, ("reconciled", MIA.id): 1}),
        ({"text": "visit 1"}, {("completed", MIA.id): 1}),
        (
            {"since": NOON - timedelta(days=2), "until": NOON - timedelta(days=1, hours=1)},
            {("refused", MIA.id): 1, ("completed", ARON.id): 1},
        ),
    ],
    ids=str,
)
def test_each_filter_and_the_period_are_kept_to(log, criteria, expected):
    assert counts(**criteria) == expected


def test_the_page_draws_days_and_people_with_tables_behind(log, aron):
    page = aron.get(URL)
    pictures = pictures_in(page)
    assert pictures.keys() == {"Entries by day", "Entries by person"}
    assert pictures["Entries by day"].findtext("desc").startswith("7 entries. The most on one day were 3")
    people = pictures["Entries by person"].findtext("desc")
    assert (
        people == "2 people have entries. 1 entry is of the portal itself, or of nobody who has an account."
    )
    days, by_person = tables_in(page)
    assert "Refused: 1" in days
    assert "Mia 5 Completed: 2 · Resolved: 1 · Refused: 1 · Unknown: 1" in by_person


def test_links_lead_to_the_entries_that_are_counted(log, aron):
    context = aron.get(URL, {"action": "person.sign_in", "server": ""}).context
    for row, lines in ((context["days"].rows[0], 1), (context["people"].rows[0], 2)):
        page = aron.get(row.url)
        assert len(page.context["page"].lines) == lines
        assert page.context["is_filtered"]


def test_the_list_leads_here_with_its_filter_and_back(log, aron):
    page = aron.get(reverse("entry_list"), {"person": "Aron"})
    assert f'href="{URL}?person=Aron"' in page.text
    there = aron.get(URL, {"person": "Aron"})
    assert "Filter: Person Aron" in text_of(there)
    assert f'href="{reverse("entry_list")}?person=Aron"' in there.text
    assert there.context["people"].rows[0].total == "1"


def test_a_filter_that_is_not_valid_counts_nothing(log, aron):
    page = aron.get(URL, {"since": "yesterday"})
    assert "The filter is not valid" in text_of(page)
    assert pictures_in(page) == {}


def test_an_empty_period_has_no_empty_axes(cast, aron):
    page = aron.get(URL, {"until": "2001-01-01"})
    assert pictures_in(page) == {}
    assert "No entry in this time" in text_of(page)


def test_whoever_was_erased_is_counted_without_a_name(log, cast, aron):
    User.objects.filter(pk=cast.mia.pk).update(is_active=False)
    cast.mia.refresh_from_db()
    row = erasure.erase_person(cast.mia, reason="left", actor=actor_of(cast.ada))
    page = aron.get(URL)
    first = page.context["people"].rows[0]
    assert (first.name, first.url) == (f"Erased (row {row.sequence})", "")
    assert "Mia" not in tables_in(page)[1]


def test_two_people_of_one_name_are_told_apart_and_the_ten_busiest_are_shown(cast):
    User.objects.filter(pk=cast.vera.pk).update(name="Omar")
    people = [
        cast.vera,
        cast.omar,
        *(User.objects.create_user(username=f"p{one}", password="", name=f"P {one}") for one in range(11)),
    ]
    for person in people:
        write_events(2 if person in people[:2] else 1, actor_of(person))
    found = make_people(count_activity(Criteria()).counts, Roster.load(), "/audit/", {"since": "2026-01-01"})
    assert [row.name for row in found.rows[:2]] == ["Omar (vera)", "Omar (omar)"]
    assert len(found.rows) == 10
    assert found.sentence.startswith("13 people have entries. Shown are the 10 with the most.")
    assert found.rows[0].segments[0].width == 2 * found.rows[5].segments[0].width == 98
    with translation.override("he"):
        mirrored = make_people(count_activity(Criteria()).counts, Roster.load(), "/audit/", {"a": "b"})
    assert mirrored.rows[5].segments[0].x == 50, "a bar begins at the right"


@pytest.mark.parametrize(("most", "counted", "is_all"), [(6, 4, False), (8, 6, False), (9, 7, True)])
def test_only_the_newest_rows_are_counted_and_the_page_says_since_when(
    log, aron, monkeypatch, most, counted, is_all
):
    """Of the nine rows two are no end: an intent, and that the provider accepted it."""
    monkeypatch.setattr(activity, "MOST_COUNTED", most)
    found = count_activity(Criteria())
    assert sum(one.number for one in found.counts) == counted
    assert found.counted_from == (None if is_all else Entry.objects.get(sequence=10 - most).at)
    assert ("Not all rows of this period are counted" in text_of(aron.get(URL))) != is_all


def test_with_a_text_fewer_rows_are_compared(log, monkeypatch):
    monkeypatch.setattr(activity, "MOST_SCANNED", 7)
    assert counts(text="visit") == {("completed", ARON.id): 1}
    assert counts() != counts(text="visit")


@pytest.mark.only_sqlite  # PostgreSQL plans from statistics, which a short table does not have
@pytest.mark.parametrize(
    "criteria",
    [
        {},
        {"text": "visit"},
        {"servers": (7,), "server": "7"},
        {"people": (1003,)},
        {"since": NOON - timedelta(days=30)},
    ],
    ids=str,
)
def test_no_query_goes_through_the_whole_log(log, criteria):
    steps = plans_of(lambda: count_activity(Criteria(**criteria)))
    assert [
        step for step in steps if "INTEGER PRIMARY KEY (rowid>? AND rowid<?)" in step or "sequence>?" in step
    ]
    assert not [step for step in steps if step.startswith("SCAN audit_entry") and "INDEX" not in step]


@pytest.mark.only_sqlite  # PostgreSQL stores no value of another type
def test_a_value_that_the_portal_never_writes_is_named_and_raises_nothing(log, aron):
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_entry SET result = CAST(x'ff' AS TEXT) WHERE sequence = 2")
    assert "holds a value that the portal never wrote" in text_of(aron.get(URL))
    with without_triggers():
        Entry.objects.filter(sequence=2).update(result="excellent")
    assert "Something else: 1" in tables_in(aron.get(URL))[0]
