"""Pages in a browser that show what colleagues did, and leave alone what a person is doing."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from snapshots.audit import journal
from snapshots.deletions.grace import set_grace
from tests.e2e.browsing import Site
from tests.support.audit_rows import write_events
from tests.support.deletions import plan
from tests.support.jobs import start_safe_restore
from tests.support.schedules import define

pytestmark = pytest.mark.browser


def look(page: Page) -> int:
    """Let the page's clock reach its next look; returns the status of the answer."""
    with page.expect_response(lambda answer: "hx-request" in answer.request.headers) as answer:
        page.clock.run_for(6_000)
    return answer.value.status


def test_a_colleagues_schedule_appears_while_the_focus_and_open_parts_stay(site: Site, desk):
    define(desk, name="nightly")
    page = site.page(desk.user)
    page.clock.install()
    page.goto(reverse("schedule_list"))
    page.get_by_role("link", name="nightly").focus()
    assert look(page) == 204
    define(desk, name="hourly")
    assert look(page) == 200
    expect(page.get_by_role("link", name="hourly")).to_be_visible()
    expect(page.get_by_role("link", name="nightly")).to_be_focused()
    assert look(page) == 204


def test_a_planned_deletion_appears_and_its_times_are_local(site: Site, desk):
    page = site.page(desk.user)
    page.clock.install()
    page.goto(reverse("deletion_list"))
    view = desk.server()
    set_grace(actor=desk.actor, server_id=view.server_id, server_name=view.name, days=2)
    planned = plan(desk, view)
    assert look(page) == 200
    expect(page.locator("#live")).to_contain_text(planned.snapshot_name)
    expect(page.locator("#live time[data-local]")).to_have_count(0)


def test_a_form_that_is_being_filled_in_is_left_alone(site: Site, desk, cast):
    page = site.page(cast.ada)
    page.clock.install()
    page.goto(reverse("person_list"))
    page.get_by_role("searchbox").fill("mi")
    page.get_by_role("link", name="Mia").focus()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    journal.record(desk.actor.entry(action="deletion.grace"))
    page.clock.run_for(20_000)
    assert asked == []
    page.get_by_role("searchbox").fill("")
    page.get_by_role("link", name="Mia").focus()
    assert look(page) == 200
    expect(page.get_by_role("searchbox")).to_have_value("")


def test_a_page_whose_session_ended_elsewhere_leads_to_sign_in(site: Site, desk):
    page = site.page(desk.user)
    page.clock.install()
    page.goto(reverse("schedule_list"))
    other = page.context.new_page()
    other.goto(reverse("account_detail"))
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_label("Password")).to_be_visible()
    page.clock.run_for(6_000)
    expect(page.get_by_label("Password")).to_be_visible()


def test_a_job_that_a_colleague_started_is_told_on_the_open_page_of_its_server(site: Site, desk):
    view = desk.server()
    page = site.page(desk.user)
    page.clock.install()
    page.goto(reverse("server_detail", args=[desk.token.pk, view.server_id]))
    start_safe_restore(desk, view)
    assert look(page) == 200
    expect(page.locator("#live")).to_contain_text("A job is going to restore this server")


def test_an_auditor_is_told_of_new_entries_and_shown_them(site: Site, cast):
    write_events(1)
    page = site.page(cast.aron)
    page.clock.install()
    page.goto(reverse("entry_list"))
    assert look(page) == 204
    write_events(2)
    assert look(page) == 200
    expect(page.locator("#news")).to_contain_text("2 new entries.")
    expect(page.locator("#found")).to_contain_text("1 entry")
    page.get_by_role("link", name="Show them").click()
    expect(page.locator("#found")).to_contain_text("3 entries")
    expect(page.locator("#news")).to_be_empty()
