"""Pages in a browser that show what colleagues did, and leave alone what a person is doing."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from snapportal.accounts import people
from snapportal.accounts.models import Role, User
from snapshots.audit.journal import Actor
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


def invite(cast, username: str, name: str) -> None:
    actor = Actor(id=cast.ada.pk, name="Ada", role=cast.ada.role)
    people.invite(User(username=username, name=name, role=Role.VIEWER), actor=actor)


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


@pytest.mark.parametrize("layout", ["cards", "table"])
def test_a_card_that_asks_no_more_replaces_nothing(site: Site, desk, settings, layout):
    """The list's own look may bring the end of what the card asked for, while a timer of the card is still running."""
    settings.SNAPPORTAL_SANDBOX_SPEED = 1.0
    view = desk.server("mail-01")
    desk.create(view, "before-the-upgrade")
    page = site.page(desk.user)
    page.clock.install()
    page.goto("/")
    if layout == "table":
        page.get_by_role("button", name="Table").click()
    servers = page.locator("#results .server")
    expect(servers).to_have_count(6)
    card = page.locator(".server", has=page.get_by_role("link", name="mail-01", exact=True))
    assert "every" in (card.get_attribute("hx-trigger") or "")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    card.evaluate(
        "card => ['get', 'target', 'swap', 'trigger'].forEach((name) => card.removeAttribute(`hx-${name}`))"
    )
    page.clock.run_for(20_000)
    assert not [url for url in asked if "/status/" in url and str(view.server_id) in url]
    expect(servers).to_have_count(6)


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


def test_a_field_that_is_filled_in_keeps_its_value_and_the_page_goes_on(site: Site, desk, cast):
    page = site.page(cast.ada)
    page.clock.install()
    page.goto(reverse("person_list"))
    page.get_by_role("searchbox").fill("mi")
    invite(cast, "nora", "Nora Neu")
    assert look(page) == 200
    expect(page.get_by_role("link", name="Nora Neu")).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value("mi")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.get_by_role("link", name="Mia").focus()
    invite(cast, "otto", "Otto Neu")
    assert look(page) == 200
    expect(page.get_by_role("link", name="Otto Neu")).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value("mi")


def test_ticked_snapshots_and_the_scroll_position_stay_while_the_list_changes(site: Site, desk):
    page = site.page(desk.user)
    page.clock.install()
    page.goto("/")
    box = page.locator(".pick input[name=snapshot]").last
    box.scroll_into_view_if_needed()
    box.check()
    link = page.locator("article a[href$='/keeping/']").last
    link.focus()
    before = page.evaluate("scrollY")
    assert before > 300
    desk.create(desk.server(), "by-a-colleague")
    assert look(page) == 200
    expect(page.locator("#results")).to_contain_text("by-a-colleague")
    expect(box).to_be_checked()
    assert page.evaluate("document.activeElement.getAttribute('href')") == link.get_attribute("href")
    assert abs(page.evaluate("scrollY") - before) < 200  # one row more above


def test_a_form_says_that_its_session_has_ended(site: Site, desk):
    page = site.page(desk.user)
    page.clock.install()
    page.goto(reverse("snapshot_create", args=[desk.token.pk, desk.server().server_id]))
    page.get_by_label("Reason").fill("typed at length")
    page.context.clear_cookies()
    page.clock.run_for(31_000)
    expect(page.locator("#failure")).to_contain_text("Your session has ended")
    expect(page.get_by_label("Reason")).to_have_value("typed at length")


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
