"""Polling pages in a browser: announcements, when polling stops, and behaviour when the provider or the portal is down."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import Page, Request, expect

from snapportal.accounts.session_models import PersonSession as Session
from snapshots.sandbox.models import Restore
from snapshots.vault.tokens import decrypt
from tests.e2e.browsing import DESKTOP, PHONE, Site, is_poll
from tests.e2e.tours import NOWHERE
from tests.support.desk import Desk, make_desk

pytestmark = pytest.mark.browser
SERVER = "web-server-01"
POLL_SECONDS = 4


def watch_polls(page: Page) -> list[str]:
    """A list to which every htmx request of the page is appended, without those of the bell, which every page makes."""
    polls: list[str] = []

    def note(request: Request) -> None:
        if is_poll(request):
            polls.append(request.url)

    page.on("request", note)
    return polls


def server_url(desk: Desk, name: str = SERVER) -> str:
    return reverse("server_detail", args=[desk.token.pk, desk.server(name).server_id])


def test_the_end_of_a_create_is_announced_and_then_the_page_rests(site: Site, desk):
    desk.create(desk.server(SERVER), "before-the-upgrade")
    page = site.page(desk.user)
    polls = watch_polls(page)
    page.goto(server_url(desk))
    row = page.get_by_role("row", name=re.compile("before-the-upgrade")).first
    expect(row).to_contain_text("estimate")
    expect(page.locator("#announcer")).to_contain_text("before-the-upgrade")
    expect(page.get_by_role("link", name="Restore before-the-upgrade")).to_be_visible()
    assert polls
    with page.expect_response(lambda answer: is_poll(answer.request) and answer.status == 204):
        pass


@pytest.mark.parametrize("where", ["list", "server"])
def test_an_idle_page_asks_every_five_seconds_while_it_is_visible_and_is_not_made_again(
    site: Site, desk, where
):
    page = site.page(desk.user)
    page.clock.install()
    polls = watch_polls(page)
    page.goto(f"/?q={SERVER}" if where == "list" else server_url(desk))
    page.clock.run_for(4_000)
    assert polls == []
    for _ in range(3):
        with page.expect_response(lambda answer: is_poll(answer.request)) as answer:
            page.clock.run_for(5_000)
        assert answer.value.status == 204
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.clock.run_for(300_000)
    assert len(polls) == 3
    with page.expect_response(lambda answer: is_poll(answer.request)):
        page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    assert len(polls) == 4


def test_a_tab_that_nobody_sees_does_not_follow_what_is_in_progress(site: Site, desk, settings):
    settings.SNAPPORTAL_SANDBOX_SPEED = 1.0
    desk.create(desk.server(SERVER), "before-the-upgrade")
    page = site.page(desk.user)
    page.goto(server_url(desk))
    with page.expect_response(lambda answer: is_poll(answer.request)):
        pass
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    polls = watch_polls(page)
    page.wait_for_timeout(POLL_SECONDS * 2000)
    assert polls == []


def test_what_a_colleague_does_is_shown_on_a_resting_page_within_seconds(site: Site, desk, cast):
    colleague = make_desk(cast.omar, decrypt(desk.token), "Colleague's token")
    page = site.page(desk.user)
    page.goto(server_url(desk))
    colleague.create(colleague.server(SERVER), "by-a-colleague")
    expect(page.get_by_role("row", name=re.compile("by-a-colleague")).first).to_be_visible(timeout=6_000)


def test_a_list_that_could_not_be_refreshed_says_that_it_may_be_outdated(site: Site, desk):
    site.expect_complaint("net::ERR_INTERNET_DISCONNECTED|^htmx:(sendError|afterRequest)")
    page = site.page(desk.user)
    page.clock.install()
    page.goto(f"/?q={SERVER}")
    old = page.get_by_text("May be outdated", exact=True)
    expect(old).to_be_hidden()
    page.context.set_offline(True)
    page.clock.run_for(130_000)
    expect(old).to_be_visible()
    page.context.set_offline(False)
    page.clock.run_for(60_000)
    expect(page.locator("#failure")).to_be_empty()


def test_when_one_card_finds_the_provider_down_the_buttons_of_all_are_disabled(site: Site, desk, settings):
    settings.SNAPPORTAL_SANDBOX_SPEED = 1.0
    desk.create(desk.server(SERVER), "before-the-upgrade")
    page = site.page(desk.user)
    page.goto("/")
    assert page.locator("article .button[href]").count() > 10
    settings.SNAPPORTAL_API_URL = NOWHERE
    expect(page.locator(".banner.warn")).to_contain_text("The provider")
    expect(page.locator("article .button[href]")).to_have_count(0)


def test_a_name_that_cannot_be_used_is_marked_while_it_is_typed(site: Site, desk):
    page = site.page(desk.user)
    page.goto(reverse("snapshot_create", args=[desk.token.pk, desk.server(SERVER).server_id]))
    name = page.get_by_label("Name", exact=True)
    name.fill("has space")
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_have_accessible_description(re.compile("A name has no spaces"))
    page.get_by_role("button", name="Create the snapshot").click()
    expect(name).to_be_focused()
    name.fill("no-space")
    expect(name).to_have_attribute("aria-invalid", "false")
    expect(page.locator(".error")).to_have_count(0)


def test_filters_are_folded_on_a_phone_and_open_on_a_desktop(site: Site, desk):
    for size, is_open in ((PHONE, False), (DESKTOP, True)):
        page = site.page(desk.user, size=size)
        page.goto("/")
        expect(page.get_by_role("searchbox")).to_be_visible(visible=is_open)
        expect(page.locator(".fold > summary")).to_be_visible(visible=not is_open)
    page = site.page(desk.user, size=PHONE)
    page.goto("/?q=postgres")
    expect(page.get_by_role("searchbox")).to_be_visible()


def test_focus_stays_where_it_was_when_a_fragment_is_swapped(site: Site, desk):
    desk.create(desk.server(SERVER), "before-the-upgrade")
    page = site.page(desk.user)
    page.goto(server_url(desk))
    link = page.get_by_role("link", name="Restore pre-migration")
    link.focus()
    page.evaluate("document.activeElement.dataset.old = 'yes'")
    with page.expect_response(lambda answer: "/status/" in answer.url):
        pass
    expect(page.locator("[data-old]")).to_have_count(0)
    expect(link).to_be_focused()


def test_the_page_of_an_operation_announces_its_end(site: Site, desk):
    operation = desk.create(desk.server(SERVER), "before-the-upgrade")
    page = site.page(desk.user)
    page.goto(reverse("operation_detail", args=[operation.pk]))
    expect(page.locator("#announcer")).to_contain_text("The snapshot is ready")
    expect(page.locator(".verdict .badge")).to_have_text("Completed")


def test_a_session_that_ends_while_polling_leads_to_the_sign_in_page_and_back(
    site: Site, cast, settings, request
):
    settings.SNAPPORTAL_SANDBOX_SPEED = 1.0
    desk = make_desk(cast.mia, request.getfixturevalue("sandbox").token)
    operation = desk.create(desk.server(SERVER), "before-the-upgrade")
    path = reverse("operation_detail", args=[operation.pk])
    page = site.page(desk.user)
    page.goto(path)
    Session.objects.all().delete()
    page.wait_for_url(re.compile("/sign-in/.next="))
    assert path in page.url
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_while_the_provider_is_down_the_list_stays_and_recovers_automatically(site: Site, desk, settings):
    url = settings.SNAPPORTAL_API_URL
    desk.views()
    settings.SNAPPORTAL_API_URL = NOWHERE
    desk.views()
    page = site.page(desk.user)
    page.goto("/")
    main = page.get_by_role("main")
    expect(main).to_contain_text("The provider")
    expect(main).to_contain_text("Last confirmed")
    expect(page.get_by_role("article")).to_have_count(6)
    buttons = page.locator("article .button")
    assert buttons.count() > 10
    expect(page.locator("article .button:not([aria-disabled=true])")).to_have_count(0)
    expect(page.locator("article .button[href]")).to_have_count(0)
    page.evaluate("window.stayed = true")
    settings.SNAPPORTAL_API_URL = url
    expect(page.get_by_role("link", name="Restore pre-migration")).to_have_attribute(
        "href", re.compile("restore")
    )
    expect(page.locator(".banner")).to_have_count(0)
    assert page.evaluate("window.stayed") is True


def test_a_page_that_cannot_reach_the_portal_says_so_and_recovers(site: Site, desk):
    site.expect_complaint("net::ERR_INTERNET_DISCONNECTED|^htmx:(sendError|afterRequest)")
    desk.create(desk.server(SERVER), "before-the-upgrade")
    page = site.page(desk.user)
    page.goto(server_url(desk))
    page.context.set_offline(True)
    expect(page.get_by_role("alert")).to_contain_text("This page cannot reach the portal")
    page.context.set_offline(False)
    expect(page.get_by_role("link", name="Restore before-the-upgrade")).to_be_visible()
    expect(page.locator("#failure")).to_be_empty()


def test_the_list_is_filtered_while_typing(site: Site, desk):
    page = site.page(desk.user)
    page.goto("/")
    search = page.get_by_role("searchbox")
    search.press_sequentially("postgres")
    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.locator("#announcer")).to_contain_text("1 server, 1 snapshot shown")
    expect(search).to_be_focused()
    page.wait_for_url("**q=postgres*")
    page.reload()
    expect(page.get_by_role("article")).to_have_count(1)
    assert Restore.objects.count() == 0


@pytest.mark.parametrize("hours", [-2, 2])
def test_ages_are_counted_by_the_portals_clock_when_the_browsers_is_wrong(site: Site, desk, hours):
    page = site.page(desk.user)
    page.clock.install(time=datetime.now(UTC) + timedelta(hours=hours))
    page.goto(f"/?q={SERVER}")
    confirmed = page.locator("#results > .row time[data-ago]")
    expect(confirmed).to_have_text(re.compile("now|second"))
    page.clock.run_for(61_000)
    expect(page.get_by_text("May be old", exact=True)).to_be_hidden()
    expect(page.get_by_role("row", name="pre-migration")).to_contain_text("6 days ago")
