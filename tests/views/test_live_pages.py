"""An open page asks whether it still holds, and gets 204, or the page as it is now."""

import re
from html import unescape

import pytest
from django.urls import reverse

from snapportal.accounts.models import Role, User
from snapshots.audit import journal
from snapshots.audit.models import Entry
from snapshots.deletions.grace import set_grace
from snapshots.inventory import readings
from snapshots.schedules import service as schedules
from tests.support.audit_rows import MIA, write_events
from tests.support.deletions import plan
from tests.support.schedules import define

pytestmark = pytest.mark.django_db

PAGES = [
    ("mia", "deletion_list"),
    ("mia", "schedule_list"),
    ("mia", "token_list"),
    ("mia", "restore_point_list"),
    ("mia", "notification_list"),
    ("mia", "operation_attention"),
    ("ada", "system_detail"),
    ("ada", "person_list"),
    ("ada", "target_list"),
    ("ada", "hold_list"),
    ("ada", "archive_list"),
]


def write_change() -> None:
    journal.record(MIA.entry(action="deletion.grace"))


def live_part(page: str) -> dict[str, str]:
    found = re.search(r'<div class="live" id="live"([^>]*)>', page)
    assert found, "the page is not live"
    return {name: unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', found[1])}


def look(browser, part: dict[str, str], version: str = ""):
    headers = {"HX-Request": "true", "X-Version": version or part["data-version"]}
    return browser.get(part["hx-get"], headers=headers)


@pytest.mark.parametrize(("who", "name"), PAGES)
def test_a_page_is_made_again_only_when_the_log_has_a_newer_row(cast, signed_in, desk, who, name):
    browser = signed_in(getattr(cast, who))
    part = live_part(browser.get(reverse(name)).text)
    assert look(browser, part).status_code == 204
    define(desk)
    answer = look(browser, part)
    assert answer.status_code == 200
    assert live_part(answer.text)["data-version"] != part["data-version"]


def test_what_a_colleague_did_is_on_the_open_page(cast, signed_in, desk):
    browser = signed_in(desk.user)
    parts = {name: live_part(browser.get(reverse(name)).text) for name in ("deletion_list", "schedule_list")}
    view = desk.server()
    set_grace(actor=desk.actor, server_id=view.server_id, server_name=view.name, days=2)
    planned, made = plan(desk, view), define(desk, name="nightly")
    assert planned.snapshot_name in look(browser, parts["deletion_list"]).text
    assert made.name in look(browser, parts["schedule_list"]).text


def test_nothing_is_read_for_what_has_not_changed(cast, signed_in, django_assert_num_queries):
    browser = signed_in(cast.mia)
    part = live_part(browser.get(reverse("schedule_list")).text)
    with django_assert_num_queries(1):
        assert look(browser, part).content == b""


def test_a_page_is_made_again_after_a_minute_whatever_the_log_has(cast, signed_in, clock):
    browser = signed_in(cast.mia)
    part = live_part(browser.get(reverse("schedule_list")).text)
    clock.shift(59)
    assert look(browser, part).status_code == 204
    clock.shift(2)
    assert look(browser, part).status_code == 200


def test_a_change_while_the_page_was_being_made_is_not_missed(cast, signed_in, monkeypatch):
    """The row is written after the view has begun: the version is that of the moment before."""
    browser = signed_in(cast.ada)
    found = User.objects.all

    def all_but_late():
        write_change()
        return found()

    monkeypatch.setattr(User.objects, "all", all_but_late)
    part = live_part(browser.get(reverse("person_list")).text)
    assert look(browser, part).status_code == 200


def test_the_version_of_another_session_gets_no_204(cast, signed_in):
    part = live_part(signed_in(cast.mia).get(reverse("schedule_list")).text)
    assert look(signed_in(cast.mia), part).status_code == 200


def test_a_session_that_ended_leads_the_open_page_to_sign_in(cast, signed_in):
    browser = signed_in(cast.mia)
    part = live_part(browser.get(reverse("schedule_list")).text)
    browser.post(reverse("sign_out"))
    target = look(browser, part)["HX-Redirect"]
    assert target.startswith(reverse("sign_in"))
    assert "Your session has ended" in browser.get(target).text


def test_a_page_of_the_person_before_is_loaded_again_and_shows_nothing_of_the_next_person(
    cast, signed_in, desk
):
    browser = signed_in(cast.ada)
    pages = [reverse(name) for name in ("schedule_list", "token_list", "notification_list", "server_list")]
    mark = re.search(r'<body[^>]* data-session="([0-9a-f]{16})"', browser.get(pages[0]).text)[1]
    browser.force_login(desk.user)
    for url in pages:
        headers = {"HX-Request": "true", "X-Version": "none", "X-Session": mark}
        answer = browser.get(url, headers=headers)
        assert (answer["HX-Refresh"], answer.content) == ("true", b""), url
    bell = browser.get(reverse("notification_bell"), headers={"X-Session": mark})
    assert (bell.status_code, bell["HX-Trigger"]) == (204, '{"session-ended": {}}')
    mark = re.search(r'<body[^>]* data-session="([0-9a-f]{16})"', browser.get(pages[0]).text)[1]
    headers = {"HX-Request": "true", "X-Version": "none", "X-Session": mark}
    assert browser.get(pages[0], headers=headers).text


def test_a_person_who_lost_the_right_is_refused_once_and_not_with_every_poll(cast, signed_in):
    browser = signed_in(cast.ada)
    part = live_part(browser.get(reverse("person_list")).text)
    User.objects.filter(pk=cast.ada.pk).update(role=Role.VIEWER)
    write_change()
    answer = look(browser, part)
    assert answer["HX-Refresh"] == "true"  # the page, loaded again, says so and does not ask
    assert Entry.objects.filter(action="access.refuse").count() == 1
    page = browser.get(reverse("person_list"))
    assert page.status_code == 403
    assert "data-looks" not in page.text


def test_a_page_about_something_that_was_removed_is_loaded_again(signed_in, desk):
    browser = signed_in(desk.user)
    schedule = define(desk)
    url = reverse("schedule_detail", args=[schedule.pk])
    part = live_part(browser.get(url).text)
    schedules.remove(actor=desk.actor, schedule=schedule, reason="over")
    assert look(browser, part)["HX-Refresh"] == "true"
    assert browser.get(url).status_code == 404


def test_a_poll_takes_no_message_that_is_meant_for_another_tab(signed_in, desk):
    browser = signed_in(desk.user)
    part = live_part(browser.get(reverse("schedule_list")).text)
    server = desk.server()
    browser.post(reverse("server_follow", args=[desk.token.pk, server.server_id]), {"follow": "yes"})
    assert "You follow" not in look(browser, part, "none").text
    assert "You follow" in browser.get(reverse("schedule_list")).text


def test_a_look_reads_no_list_that_a_resting_page_may_show(signed_in, desk, clock):
    browser = signed_in(desk.user)
    part = live_part(browser.get(reverse("restore_point_list")).text)
    read_at = readings.load_heads([desk.token.fingerprint])[desk.token.fingerprint].confirmed_at
    clock.shift(50)
    write_change()
    assert look(browser, part).status_code == 200
    assert readings.load_heads([desk.token.fingerprint])[desk.token.fingerprint].confirmed_at == read_at
    clock.shift(10)
    assert look(browser, part).status_code == 200
    assert readings.load_heads([desk.token.fingerprint])[desk.token.fingerprint].confirmed_at > read_at


class TestNewEntries:
    def part(self, page: str) -> dict[str, str]:
        found = re.search(r'<div id="news"([^>]*)>', page)
        assert found
        return {name: unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', found[1])}

    def look(self, browser, part):
        url = part["hx-get"]
        url = reverse("entry_list") + url if url.startswith("?") else url
        return browser.get(url, headers={"HX-Request": "true", "X-Version": part["data-version"]})

    @pytest.fixture
    def auditor(self, cast, signed_in):
        return signed_in(cast.aron)

    def test_an_open_list_says_how_many_entries_are_new(self, auditor):
        part = self.part(auditor.get(reverse("entry_list")).text)
        assert self.look(auditor, part).status_code == 204
        write_events(2)
        answer = self.look(auditor, part)
        assert "2 new entries." in answer.text
        assert f'href="{reverse("entry_list")}"' in answer.text
        part = self.part(answer.text)
        assert self.look(auditor, part).status_code == 204
        write_events(1)
        assert "3 new entries." in self.look(auditor, part).text

    def test_only_entries_of_the_filter_are_counted(self, auditor, cast):
        url = reverse("entry_list") + "?action=person.sign_in"
        part = self.part(auditor.get(url).text)
        write_change()
        assert "new entr" not in self.look(auditor, part).text
        write_events(1)
        answer = self.look(auditor, part)
        assert "1 new entry." in answer.text
        assert "?action=person.sign_in" in unescape(answer.text)

    def test_many_are_not_counted_to_the_end(self, auditor):
        part = self.part(auditor.get(reverse("entry_list")).text)
        write_events(52)
        assert "More than 50 new entries." in self.look(auditor, part).text

    def test_an_older_page_does_not_ask(self, auditor):
        write_events(60)
        page = auditor.get(reverse("entry_list") + f"?before={Entry.objects.count()}")
        assert 'id="news"' not in page.text

    def test_an_empty_list_asks_too(self, auditor):
        url = reverse("entry_list") + "?action=audit.hold"
        assert self.part(auditor.get(url).text)["hx-get"]
