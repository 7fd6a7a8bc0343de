"""A poll that says which version it shows gets 204 while that is still true, and the whole element as soon as it is not."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from snapportal.accounts.models import Role
from snapshots.audit import journal
from snapshots.inventory import readings
from snapshots.sandbox.demo_data import TEAM_EMAIL, issue_token
from tests.support.audit_rows import write_events
from tests.support.desk import make_desk
from tests.support.jobs import make_elsewhere

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(signed_in, desk):
    return signed_in(desk.user)


def versions(page: str) -> list[str]:
    return [found.replace("&quot;", '"') for found in re.findall(r'data-version="([^"]+)"', page)]


def poll(browser, version: str, path: str = "/"):
    return browser.get(path, headers={"HX-Request": "true", "X-Version": version})


@pytest.fixture
def shown(clock, browser) -> str:
    """The version of the list that the browser shows, after everything that the sandbox began with has ended."""
    clock.shift(7200)
    return versions(browser.get("/").text)[0]


def test_an_unchanged_list_is_not_made_again(browser, shown, django_assert_max_num_queries):
    with django_assert_max_num_queries(2):
        answer = poll(browser, shown)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer["X-SnapPortal"]


def test_the_answer_says_when_the_lists_were_confirmed(browser, shown, clock, desk):
    clock.shift(20)
    desk.views()
    assert poll(browser, shown)["X-Confirmed"] == timezone.now().isoformat(timespec="seconds")


def test_a_snapshot_made_past_the_portal_is_shown_as_soon_as_anybody_reads_it(browser, shown, clock, desk):
    make_elsewhere(desk.server(), 1, prefix="elsewhere", days_ago=1)
    clock.shift(20)
    desk.views()
    assert "elsewhere-0" in poll(browser, shown).text


def test_what_a_colleague_requests_is_shown_with_the_next_poll(browser, shown, desk):
    desk.create(desk.server(), "by-a-colleague")
    answer = poll(browser, shown)
    assert answer.status_code == 200
    assert "by-a-colleague" in answer.text
    assert poll(browser, versions(answer.text)[0]).status_code == 204


def test_a_protection_is_shown_with_the_next_poll(browser, shown, desk):
    view = desk.server()
    journal.record(desk.actor.entry(action="snapshot.protect", server_id=view.server_id))
    assert poll(browser, shown).status_code == 200


def test_rows_of_sign_ins_do_not_make_the_list_again(browser, shown):
    write_events(3)
    assert poll(browser, shown).status_code == 204


def test_a_right_that_was_taken_away_is_gone_with_the_next_poll(browser, shown, cast, signed_in):
    assert "/restore/" in browser.get("/").text
    mia = cast.mia
    form = {
        "name": mia.name,
        "email": mia.email,
        "role": Role.VIEWER,
        "is_active": "on",
        "seen": mia.details_key,
    }
    signed_in(cast.ada).post(reverse("person_edit", args=[mia.pk]), form)
    assert "/restore/" not in poll(browser, shown).text


def test_a_session_that_ended_gets_no_204(browser, shown):
    browser.post(reverse("sign_out"))
    assert poll(browser, shown)["HX-Redirect"].startswith(reverse("sign_in"))


def test_a_page_whose_last_token_was_removed_is_loaded_again(browser, shown, desk):
    server = browser.get("/").text.partition('-link" href="')[2].partition('"')[0]
    desk.token.delete()
    journal.record(desk.actor.entry(action="token.remove"))
    for path in ("/", f"{server}status/?alone=1"):
        assert poll(browser, shown, path)["HX-Refresh"] == "true"
    assert browser.get(f"{server}status/").status_code == 404


def test_a_page_that_is_filtered_by_a_removed_token_is_loaded_again(browser, shown, desk):
    journal.record(desk.actor.entry(action="token.remove"))
    assert poll(browser, shown, "/?token=gone")["HX-Refresh"] == "true"
    assert browser.get("/?token=gone").status_code == 200


def test_the_filter_of_an_open_list_offers_a_new_server_and_is_left_alone_otherwise(browser, shown, desk):
    journal.record(desk.actor.entry(action="token.rename"))
    answer = poll(browser, shown).text
    assert 'id="filter"' not in answer
    shown = versions(answer)[0]
    make_desk(desk.user, issue_token(TEAM_EMAIL, "second"), label="second")
    journal.record(desk.actor.entry(action="token.add"))
    answer = poll(browser, shown).text
    form = answer[answer.index("<form hx-swap-oob") :]
    assert ">second</option>" in form
    assert "<form hx-swap-oob" not in poll(browser, versions(answer)[0] + "x").text


def test_the_version_of_another_session_is_not_accepted(shown, signed_in, desk):
    assert poll(signed_in(desk.user), shown).status_code == 200


@pytest.mark.parametrize(
    "change", [lambda text: text[:-1], lambda text: text.replace("[", "[1,", 1), lambda _: "x"]
)
def test_a_changed_version_is_not_accepted(browser, shown, change):
    assert poll(browser, change(shown)).status_code == 200


def test_lists_that_are_too_old_are_read_again(browser, shown, clock, desk):
    clock.shift(54)
    assert poll(browser, shown).status_code == 204
    clock.shift(2)
    assert poll(browser, shown).status_code == 200
    assert readings.load(desk.token.fingerprint).confirmed_at == timezone.now().timestamp()


def test_a_poll_that_is_made_anew_does_not_read_lists_that_resting_pages_may_show(
    browser, shown, clock, desk
):
    read_at = readings.load(desk.token.fingerprint).confirmed_at
    clock.shift(40)
    journal.record(desk.actor.entry(action="token.rename"))
    assert poll(browser, shown).status_code == 200
    assert readings.load(desk.token.fingerprint).confirmed_at == read_at
    browser.get("/")
    assert readings.load(desk.token.fingerprint).confirmed_at == timezone.now().timestamp()


def test_a_poll_after_a_write_reads_the_lists_again(browser, shown, clock, desk):
    desk.create(desk.server(), "by-a-colleague")
    clock.shift(3)
    poll(browser, shown)
    assert readings.load(desk.token.fingerprint).confirmed_at == timezone.now().timestamp()


def test_a_list_is_made_again_after_some_minutes_whatever_its_version(browser, shown, clock, desk):
    clock.shift(290)
    desk.views()
    assert poll(browser, shown).status_code == 204
    clock.shift(20)
    desk.views()
    assert poll(browser, shown).status_code == 200


def test_a_clock_that_was_set_back_ends_a_version(browser, shown, clock):
    clock.shift(timedelta(hours=-1))
    assert poll(browser, shown).status_code == 200


class TestWhileSomethingMoves:
    @pytest.fixture
    def card(self, clock, browser, desk) -> tuple[str, str]:
        """The address and the version of a card on which a snapshot is being created."""
        operation = desk.create(desk.server(), "in-progress")
        path = reverse("server_detail", args=[desk.token.pk, operation.server_id])
        page = browser.get(path).text
        address = re.search(r'hx-get="([^"]*alone=1[^"]*)"', page)[1].replace("&amp;", "&")
        return address, versions(page)[-1]  # the first one is that of the whole page

    def test_the_provider_is_asked_again_with_each_poll_of_a_single_page(self, browser, card, clock):
        address, version = card
        assert poll(browser, version, address).status_code == 204
        clock.shift(readings.POLL_SECONDS)
        assert poll(browser, version, address).status_code == 200

    def test_texts_that_depend_on_the_time_are_made_again(self, browser, card, clock, desk):
        address, version = card
        clock.shift(31)
        desk.views()
        assert poll(browser, version, address).status_code == 200


def test_a_list_in_trouble_has_no_version(browser, clock, desk, monkeypatch):
    cached = readings.load(desk.token.fingerprint) or readings.CachedReading()
    cached.error = "unreachable"
    cached.next_at = timezone.now().timestamp() + 60
    readings.save(desk.token.fingerprint, cached)
    assert versions(browser.get("/").text) == []


def test_a_cache_that_lost_its_values_means_a_whole_answer(browser, shown):
    from django.core.cache import cache

    cache.clear()
    assert poll(browser, shown).status_code == 200
