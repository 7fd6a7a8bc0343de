"""What matters now, above the list of servers: counts that are filters, and the schedule that is due next."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from snapshots import sql
from snapshots.inventory.reader import expire
from snapshots.observations.models import KnownServer
from snapshots.observations.silence import is_silent, silent_condition, tell_of_silence
from snapshots.operations.models import Operation, State
from snapshots.sandbox.models import Snapshot
from snapshots.schedules.models import Schedule
from tests.support.desk import make_desk
from tests.support.pages import text_of
from tests.support.schedules import define

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(desk, signed_in):
    """A function that opens the list of servers as Mia, with a query."""
    client = signed_in(desk.user)
    return lambda query="", **more: client.get(f"/{query}", **more)


def overview_of(response) -> str:
    return re.search(r'<nav class="overview".*?</nav>', response.text, re.DOTALL).group()


def links_of(response) -> dict[str, str]:
    """Text → query of the links."""
    found = re.findall(r'<a class="badge \w+" href="/([^"]*)"[^>]*>([^<]*)<', overview_of(response))
    return {text: query for query, text in found}


def names_in_order(response) -> list[str]:
    return re.findall(r'id="server-\d+-link"[^>]*>([^<]*)<', response.text)


def set_known(
    server_id: int, *, days: int | None = None, completed: int | None = None, listed: int = 0
) -> None:
    """What is known of a server; times in days ago."""
    now = timezone.now()
    KnownServer.objects.update_or_create(
        server_id=server_id,
        defaults={
            "server_name": "known",
            "first_listed_at": now - timedelta(days=listed),
            "listed_at": now,
            "completed_at": None if completed is None else now - timedelta(days=completed),
            "silent_after_days": days,
        },
    )


def test_only_what_there_is_is_counted(page):
    assert list(links_of(page())) == ["1 running", "1 full", "1 without snapshots"]


def test_each_count_is_a_filter_that_shows_as_many_servers(desk, page, settings):
    settings.SNAPPORTAL_SILENT_AFTER_DAYS = 3
    web = desk.server("web-server-01")
    unknown = desk.create(web, name="left-open")
    Operation.objects.filter(pk=unknown.pk).update(state=State.UNKNOWN)
    Snapshot.objects.filter(name="left-open").delete()
    set_known(web.server_id, completed=5)
    links = links_of(page("?sort=-size&group=location&q=mail"))
    shown = {text: names_in_order(page(query)) for text, query in links.items()}
    assert shown == {
        "1 running": ["build-runner-02"],
        "1 needs attention": ["web-server-01"],
        "1 full": ["db-server-01"],
        "1 without a new snapshot for long": ["web-server-01"],
        "1 without snapshots": ["vpn-gateway"],
    }
    assert links["1 full"] == "?show=full&amp;sort=-size&amp;group=location"


def test_the_chosen_one_is_marked_leads_back_and_stays_with_the_other_filters(page):
    response = page("?show=full")
    chosen = re.search(r'<a [^>]*aria-current="true".*?</a>', overview_of(response)).group()
    assert "1 full" in chosen
    assert "Show all servers" in chosen
    assert 'href="/"' in chosen
    assert '<input type="hidden" name="show" value="full"' in response.text
    assert names_in_order(page("?show=full&q=mail")) == []


@pytest.mark.parametrize(
    ("show", "says"), [("attention", "Nothing needs attention"), ("silent", "No server lacks a new snapshot")]
)
def test_a_filter_that_finds_nothing_says_what_that_means(page, show, says):
    response = page(f"?show={show}")
    chosen = re.search(r'<a class="badge (\w+)"[^>]*aria-current="true"', overview_of(response))
    assert chosen.group(1) == "neutral"  # no alarm where nothing is wrong
    text = text_of(response)
    assert says in text
    assert "Show all servers" in text


def test_what_is_not_offered_filters_nothing(page):
    assert len(names_in_order(page("?show=nonsense&group=nonsense"))) == 6


def test_servers_of_a_refused_token_need_attention(desk, page, sandbox):
    page()
    sandbox.account.tokens.all().delete()
    expire(desk.token)
    response = page()
    assert "6 need attention" in links_of(response)
    assert "Replace the token" in text_of(response)


def test_other_filters_change_no_count(page):
    assert list(links_of(page("?status=ready&q=mail"))) == list(links_of(page()))


def test_operations_on_servers_that_the_person_does_not_see_are_not_counted(desk, cast, sandbox, signed_in):
    desk.create(desk.server("web-server-01"), name="by-mia")
    make_desk(cast.vera, sandbox.other_token)
    assert "2 running" in links_of(signed_in(desk.user).get("/"))
    assert not any("running" in text for text in links_of(signed_in(cast.vera).get("/")))


def test_the_schedule_that_is_due_next_is_named(desk, page, cast, clock, sandbox, signed_in):
    schedule = define(desk, name="nightly <one>")
    define(desk, name="later")
    Schedule.objects.filter(pk=schedule.pk).update(next_due_at=timezone.now() + timedelta(hours=3))
    Schedule.objects.exclude(pk=schedule.pk).update(next_due_at=timezone.now() + timedelta(hours=4))
    found = overview_of(page())
    assert reverse("schedule_detail", args=[schedule.pk]) in found
    assert '<bdi translate="no">nightly &lt;one&gt;</bdi>, in 3 hours' in found
    clock.shift(3 * 3600 + 1)
    assert ", now" in overview_of(page())
    make_desk(cast.vera, sandbox.other_token)
    assert "nightly" not in overview_of(signed_in(cast.vera).get("/"))
    Schedule.objects.update(state="paused")
    assert "nightly" not in overview_of(page())


def test_the_next_three_are_named_in_order_with_their_servers_and_what_is_full(desk, page):
    full, web = desk.server("db-server-01"), desk.server("web-server-01")
    chosen = {
        "third": [(web.server_id, web.name)],
        "first": [(full.server_id, full.name)],
        "second": [(web.server_id, web.name), (full.server_id, full.name)],
        "fourth": [(web.server_id, web.name)],
    }
    for name, servers in chosen.items():
        schedule = define(desk, name=name, servers=tuple(servers))
        hours = ["first", "second", "third", "fourth"].index(name) + 3
        Schedule.objects.filter(pk=schedule.pk).update(next_due_at=timezone.now() + timedelta(hours=hours))
    runs = re.findall(r'<a class="badge plain".*?</a>', overview_of(page()), re.DOTALL)
    assert [" ".join(re.sub(r"<svg.*?</svg>|<[^>]*>", "", one).split()) for one in runs] == [
        "Next: first, in 2 hours · db-server-01 · Full",
        "Next: second, in 3 hours · 2 servers · Full",
        "Next: third, in 4 hours · web-server-01",
    ]


def test_a_schedule_of_a_server_that_another_token_shows_too_is_named(desk, cast, signed_in):
    define(desk, name="nightly")
    Schedule.objects.update(token_fingerprint="another", owner_id=0)
    assert "nightly" in overview_of(signed_in(cast.mia).get("/"))
    Schedule.objects.update(covers_all=True)
    assert "nightly" not in overview_of(signed_in(cast.mia).get("/"))


@pytest.mark.parametrize("setting", [0, 4])
def test_the_query_of_silent_servers_is_the_rule(db, settings, clock, setting):
    settings.SNAPPORTAL_SILENT_AFTER_DAYS = setting
    kinds = [
        (days, completed, listed)
        for days in (None, 0, 1, 5)
        for completed in (None, 0, 3, 6)
        for listed in (0, 4, 9)
    ]
    for number, (days, completed, listed) in enumerate(kinds, 1):
        set_known(number, days=days, completed=completed, listed=listed)
    condition, parameters = silent_condition(timezone.now())
    found = {one.pk for one in sql.select(KnownServer, f"WHERE {condition}", parameters)}
    assert found == {one.pk for one in KnownServer.objects.all() if is_silent(one, timezone.now())}
    assert found


def test_without_a_setting_a_server_is_shown_after_thirty_days_and_nobody_is_told(desk, page):
    web, mail = desk.server("web-server-01").server_id, desk.server("mail-01").server_id
    set_known(web, completed=31)
    set_known(mail, completed=29)
    assert "1 without a new snapshot for long" in links_of(page())
    assert names_in_order(page("?show=silent")) == ["web-server-01"]
    assert tell_of_silence() == 0
    set_known(web, completed=31, days=0)  # never, by its own choice
    assert not any("for long" in text for text in links_of(page()))


def test_a_part_for_an_open_page_brings_the_counts_along(page):
    part = page("?show=full", headers={"HX-Request": "true"})
    assert 'id="overview"' in part.text
    assert 'hx-swap-oob="morph"' in overview_of(part)
    assert "hx-swap-oob" not in overview_of(page())


def test_more_servers_and_schedules_take_no_more_queries(
    desk, page, sandbox, django_assert_max_num_queries, settings
):
    """Two more than without the counts (see test_kept_html.py)."""
    settings.SNAPPORTAL_SILENT_AFTER_DAYS = 3
    page()
    with django_assert_max_num_queries(40) as before:
        page("?show=full&group=location")
    for number in range(30):
        set_known(number + 1, completed=9)
    for name in ("one", "two", "three"):
        define(desk, name=name)
    with django_assert_max_num_queries(len(before.captured_queries)):
        page("?show=full&group=location")
