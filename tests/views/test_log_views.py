"""The tabs of the audit log, periods that move on, and links between its lines and what they are about."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.urls import reverse

from snapshots.audit import journal
from snapshots.audit.models import Entry
from snapshots.audit.search.areas import Area
from snapshots.views.forms import log_periods
from snapshots.views.roster import Roster
from tests.support.actors import actor_of
from tests.support.desk import make_desk
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db

LIST = "/audit/"


@pytest.fixture
def auditor(cast, signed_in):
    client = signed_in(cast.aron)
    client.get(LIST)
    return client


@pytest.fixture
def rows(cast):
    """One row of each area by Mia, about a server where it is an operation."""
    mia = actor_of(cast.mia)
    deleted = mia.entry(
        action="snapshot.protect", server_id=7, server_name="shop", token_fingerprint="a" * 64
    )
    journal.record(deleted)
    journal.record(mia.entry(action="person.sign_in"))
    journal.record(mia.entry(action="team.add", target="Shop", reason="a new team"))


def actions(client, **query) -> set[str]:
    return {line.entry.action for line in client.get(LIST, query).context["page"].lines}


def tabs(client, query: str = "") -> dict[str, tuple[str, bool]]:
    found = client.get(f"{LIST}{query}").context["tabs"]
    return {str(tab.text): (tab.url, tab.is_chosen) for tab in found}


class TestTabs:
    def test_everything_is_shown_until_a_tab_is_chosen(self, auditor, rows):
        assert actions(auditor) >= {"snapshot.protect", "person.sign_in", "team.add"}
        assert [text for text, (_url, is_chosen) in tabs(auditor).items() if is_chosen] == ["Everything"]

    @pytest.mark.parametrize(
        ("area", "shown"),
        [
            ("operations", {"snapshot.protect"}),
            ("sign-ins", {"person.sign_in"}),
            ("administration", {"team.add"}),
        ],
    )
    def test_each_tab_shows_its_part(self, auditor, rows, area, shown):
        own = {"person": "Mia"}
        assert actions(auditor, area=area, **own) == shown

    def test_the_chosen_tab_is_the_current_one_for_screen_readers(self, auditor, rows):
        page = auditor.get(f"{LIST}?area=sign-ins").text
        assert '<a href="/audit/?area=sign-ins" aria-current="page">Sign-ins</a>' in page
        assert page.count('aria-current="page">Sign-ins') == 1
        assert '<a href="/audit/">Everything</a>' in page

    def test_other_fields_stay_when_the_tab_changes(self, auditor, rows):
        found = tabs(auditor, "?person=Mia&area=sign-ins&period=7-days")
        assert found["Administration"] == ("/audit/?area=administration&person=Mia&period=7-days", False)
        assert found["Everything"] == ("/audit/?person=Mia&period=7-days", False)

    def test_an_action_stays_only_where_it_is(self, auditor, rows):
        found = tabs(auditor, "?action=team.add")
        assert found["Administration"][0] == "/audit/?area=administration&action=team.add"
        assert found["Sign-ins"][0] == "/audit/?area=sign-ins"

    def test_the_form_keeps_the_tab_and_offers_its_actions_alone(self, auditor, rows):
        page = auditor.get(f"{LIST}?area=sign-ins").text
        assert '<input type="hidden" name="area" value="sign-ins"' in page
        assert 'value="person.sign_in"' in page
        assert 'value="team.add"' not in page
        assert 'value="team.add"' in auditor.get(LIST).text

    def test_an_unknown_tab_is_said_and_shows_nothing(self, auditor, rows):
        page = auditor.get(f"{LIST}?area=nonsense")
        assert page.context["page"].lines == []
        assert "nonsense is not one of the available choices" in text_of(page)

    def test_clearing_the_filter_stays_in_the_tab(self, auditor, rows):
        page = auditor.get(f"{LIST}?area=sign-ins&person=Mia").text
        assert '<a class="button quiet" href="/audit/?area=sign-ins">Clear filter' in page
        assert "Clear filter" not in auditor.get(f"{LIST}?area=sign-ins").text

    def test_new_entries_are_told_in_the_tab_that_they_belong_to(self, auditor, rows, cast):
        urls = {one: auditor.get(f"{LIST}?area={one}").context["news_url"] for one in Area}
        assert f"area={Area.SIGN_INS}" in urls[Area.SIGN_INS]
        journal.record(actor_of(cast.omar).entry(action="person.sign_in"))
        told = {one: auditor.get(f"{LIST}{url}", headers={"HX-Request": "true"}) for one, url in urls.items()}
        assert "1 new entry." in told[Area.SIGN_INS].text
        assert 'href="/audit/?area=sign-ins"' in told[Area.SIGN_INS].text
        assert "new entr" not in told[Area.OPERATIONS].text

    def test_the_printed_head_the_export_and_the_activity_have_the_tab(self, auditor, rows):
        page = auditor.get(f"{LIST}?area=administration")
        assert "Filter: Part of the log Administration" in text_of(page)
        assert 'href="/audit/activity/?area=administration"' in page.text
        assert 'href="/audit/export/?area=administration"' in page.text
        assert "Part of the log Administration" in text_of(
            auditor.get("/audit/activity/?area=administration")
        )

    def test_an_export_says_which_tab_it_is_of_and_has_its_rows_alone(self, auditor, rows):
        answer = auditor.post("/audit/export/?area=sign-ins&person=Mia", {"format": "json"})
        text = b"".join(answer.streaming_content).decode()
        assert "person.sign_in" in text
        assert "team.add" not in text
        assert "area=sign-ins" in Entry.objects.filter(action="audit.export").latest("sequence").evidence


@pytest.mark.parametrize(
    ("period", "today", "days"),
    [
        ("today", "2026-11-30", ("2026-11-30", "2026-11-30")),
        ("7-days", "2026-11-30", ("2026-11-24", "2026-11-30")),
        ("30-days", "2027-01-05", ("2026-12-07", "2027-01-05")),
        ("this-month", "2026-11-30", ("2026-11-01", "2026-11-30")),
        ("this-month", "2026-11-01", ("2026-11-01", "2026-11-01")),
        ("last-month", "2026-11-30", ("2026-10-01", "2026-10-31")),
        ("last-month", "2027-01-01", ("2026-12-01", "2026-12-31")),
        ("last-month", "2028-03-31", ("2028-02-01", "2028-02-29")),
    ],
)
def test_a_period_means_other_days_on_another_day(period, today, days):
    with time_machine.travel(f"{today}T12:00:00Z", tick=False):
        assert log_periods.days_of(period) == tuple(date.fromisoformat(one) for one in days)


class TestPeriods:
    @pytest.fixture(autouse=True)
    def months(self, cast):
        for day in (date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 30)):
            with time_machine.travel(datetime(day.year, day.month, day.day, 23, 59, tzinfo=UTC), tick=False):
                journal.record(actor_of(cast.mia).entry(action="team.add", target=str(day)))

    def shown(self, client, today: str, **query) -> list[str]:
        with time_machine.travel(f"{today}T23:59:59Z", tick=False):
            page = client.get(LIST, {"action": "team.add", **query})
        return [line.entry.target for line in page.context["page"].lines]

    @pytest.fixture
    def auditor(self, cast, signed_in):
        with time_machine.travel("2026-11-30T23:30:00Z"):
            return signed_in(cast.aron)

    def test_a_list_of_a_period_has_the_rows_of_its_days(self, auditor):
        assert self.shown(auditor, "2026-11-30", period="this-month") == ["2026-11-30", "2026-11-01"]
        assert self.shown(auditor, "2026-11-30", period="last-month") == ["2026-10-31"]
        assert self.shown(auditor, "2026-11-30", period="today") == ["2026-11-30"]

    def test_a_period_and_days_are_not_both_chosen(self, auditor):
        with time_machine.travel("2026-11-30T23:40:00Z", tick=False):
            page = auditor.get(LIST, {"period": "today", "since": "2026-11-01"})
        assert "Choose a period or days, not both." in text_of(page)
        assert page.context["page"].lines == []

    def test_the_page_says_which_days_a_period_means(self, auditor):
        with time_machine.travel("2026-11-30T23:40:00Z", tick=False):
            head = text_of(auditor.get(LIST, {"period": "last-month"}))
        assert "Filter: Period Last month (2026-10-01 to 2026-10-31, UTC)" in head

    def test_an_export_records_the_days_that_the_period_meant(self, auditor):
        with time_machine.travel("2026-11-30T23:40:00Z", tick=False):
            answer = auditor.post("/audit/export/?period=last-month", {"format": "csv"})
            assert b"2026-10-31" in b"".join(answer.streaming_content)
        evidence = Entry.objects.filter(action="audit.export").latest("sequence").evidence
        assert "period=last-month, since=2026-10-01, until=2026-10-31" in evidence

    def test_the_activity_has_the_days_of_the_period_and_links_to_single_days(self, auditor):
        with time_machine.travel("2026-11-30T23:40:00Z", tick=False):
            page = auditor.get("/audit/activity/", {"period": "last-month", "action": "team.add"})
        assert (page.context["first"], page.context["last"]) == (date(2026, 10, 2), date(2026, 10, 31))
        assert "/audit/?action=team.add&amp;since=2026-10-31&amp;until=2026-10-31" in page.text
        assert 'href="/audit/?action=team.add&amp;period=last-month"' in page.text, "back to the list"


class TestTokens:
    def test_the_filter_by_token_shows_its_label_and_finds_its_rows(self, auditor, rows, desk):
        journal.record(
            desk.actor.entry(
                action="snapshot.protect", token_label="old", token_fingerprint=desk.token.fingerprint
            )
        )
        page = auditor.get(LIST, {"token": desk.token.fingerprint, "action": "snapshot.protect"})
        assert len(page.context["page"].lines) == 1
        assert f"Filter: Token {desk.token.label} {desk.token.fingerprint[:12]}" in text_of(page)

    def test_a_token_that_is_stored_no_more_has_the_label_of_the_log(self, auditor, cast):
        journal.record(
            actor_of(cast.mia).entry(action="token.remove", token_label="gone", token_fingerprint="b" * 64)
        )
        page = auditor.get(LIST, {"token": "b" * 64})
        assert [line.entry.action for line in page.context["page"].lines] == ["token.remove"]
        assert f"Filter: Token gone {'b' * 12}" in text_of(page)

    def test_what_is_no_fingerprint_is_refused(self, auditor):
        page = auditor.get(LIST, {"token": "vps_live_secret"})
        assert page.context["page"].lines == []
        assert "is not one of the available choices" in text_of(page)


class TestLinks:
    def test_a_line_links_to_its_person_its_history_and_its_server_in_this_order(self, auditor, rows):
        page = auditor.get(f"{LIST}?area=operations").text
        line = page[page.index("<tbody>") :]
        sequence = Entry.objects.get(action="snapshot.protect").sequence
        places = [
            line.index('href="/audit/?person=Mia"'),
            line.index(f'href="/audit/{sequence}/"'),
            line.index('href="/audit/?server=7" aria-label="Everything about shop"'),
        ]
        assert places == sorted(places)

    def test_the_link_of_a_person_finds_what_the_person_did(self, auditor, rows, cast):
        line = next(one for one in auditor.get(LIST).context["page"].lines if one.entry.action == "team.add")
        found = auditor.get(line.who_url).context["page"].lines
        assert {one.entry.actor_id for one in found} == {cast.mia.pk}

    def test_two_people_with_one_name_have_links_of_their_own(self, auditor, rows, cast):
        cast.omar.name = cast.mia.name
        cast.omar.save()
        journal.record(actor_of(cast.omar).entry(action="team.add"))
        terms = Roster.load().exact_terms
        assert [one.id for one in Roster.load().find(terms[cast.omar.pk])] == [cast.omar.pk]
        assert [one.id for one in Roster.load().find(terms[cast.mia.pk])] == [cast.mia.pk]

    def test_who_has_the_label_of_somebody_else_is_found_by_number(self, cast):
        for person, name in (
            (cast.mia, "Mia"),
            (cast.omar, "Mia"),
            (cast.vera, "Mia (mia)"),
            (cast.ada, f"#{cast.aron.pk}"),
        ):
            person.name = name
            person.save()
        roster = Roster.load()
        for person in vars(cast).values():
            assert [one.id for one in roster.find(roster.exact_terms[person.pk])] == [person.pk]

    def test_who_may_not_see_servers_and_people_gets_no_links_to_them(self, auditor, rows):
        text = auditor.get(f"{LIST}?server=7").text + auditor.get(f"{LIST}?person=Mia").text
        assert "Open the page of this" not in text

    def test_an_admin_gets_from_the_log_of_a_server_or_person_to_its_page(
        self, cast, signed_in, rows, sandbox
    ):
        desk = make_desk(cast.ada, sandbox.token)
        view = desk.server()
        ada = signed_in(cast.ada)
        page = ada.get(f"{LIST}?server={view.server_id}").text
        assert f'href="{reverse("server_detail", args=[desk.token.pk, view.server_id])}"' in page
        page = ada.get(LIST, {"person": cast.mia.username}).text
        assert f'href="{reverse("person_edit", args=[cast.mia.pk])}"' in page

    def test_the_page_of_a_row_links_to_everything_of_its_person_server_and_token(self, auditor, rows):
        sequence = Entry.objects.get(action="snapshot.protect").sequence
        page = auditor.get(f"/audit/{sequence}/").text
        assert 'href="/audit/?server=7">Everything about this server' in page
        assert f'href="/audit/?token={"a" * 64}">Everything done with this token' in page
        assert "Everything this person did" in page

    def test_the_page_of_a_person_links_to_what_the_person_did_and_to_the_rows_with_the_name(
        self, cast, signed_in, rows
    ):
        ada = signed_in(cast.ada)
        journal.record(
            actor_of(cast.ada).entry(
                action="person.change_role", target=cast.mia.name, target_person_id=cast.mia.pk
            )
        )
        links = ada.get(reverse("person_edit", args=[cast.mia.pk])).context["log_links"]
        done = {line.entry.action for line in ada.get(links["done_by"]).context["page"].lines}
        naming = {line.entry.action for line in ada.get(links["naming"]).context["page"].lines}
        assert "person.change_role" not in done
        assert "team.add" in done
        assert {"person.change_role", "team.add"} <= naming

    def test_the_page_of_tokens_links_to_the_log_for_who_may_read_it(self, cast, signed_in, sandbox, desk):
        own = make_desk(cast.ada, sandbox.token)
        page = signed_in(cast.ada).get(reverse("token_list")).text
        assert f'href="/audit/?token={own.token.fingerprint}"' in page
        assert "/audit/?token=" not in signed_in(cast.mia).get(reverse("token_list")).text
