"""What answers in the portal's place (a proxy, a network) is reported and never shown, and the page recovers."""

import re
from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from snapportal.accounts.session_models import PersonSession as Session
from tests.e2e.browsing import Site
from tests.e2e.interposer import FOREIGN_PAGE, FOREIGN_TEXT, SIGN_IN_PATH, Interposed, Interposer
from tests.e2e.page_checks import faults
from tests.support.desk import Desk

pytestmark = pytest.mark.browser
SERVER = "web-server-01"
BETWEEN = "Something between this page and the portal answered"
NO_ANSWER = "The portal is not responding"
NOISE = "^Failed to load resource|Content Security Policy|^htmx:(sendError|afterRequest|timeout)"
SIGN_IN = Interposed(200, FOREIGN_PAGE)
NOTE_END = """() => {
  const root = document.documentElement;
  delete root.dataset.over;
  addEventListener("htmx:afterRequest", () => { root.dataset.over = "yes"; }, {once: true});
}"""
POLL_MS, RETRY_MS, BELL_MS = 5_000, 11_000, 31_000


@pytest.fixture
def proxy(site: Site) -> Iterator[Interposer]:
    """The site is reached through this proxy."""
    proxy = Interposer(site.url)
    site.url = proxy.url
    site.expect_complaint(NOISE)
    yield proxy
    proxy.close()


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of a page on another origin."""
    other = Interposer("http://127.0.0.1:9")
    yield other.url + SIGN_IN_PATH
    other.close()


def open_page(site: Site, desk: Desk, path: str) -> Page:
    """A page whose clock goes on as it does, and can be put forward."""
    page = site.page(desk.user)
    page.clock.install()
    page.goto(path)
    return page


def open_moving_card(site: Site, desk: Desk, settings) -> Page:
    """The page of a server on which something goes on: its card polls every few seconds."""
    settings.SNAPPORTAL_SANDBOX_SPEED = 1.0
    desk.create(desk.server(SERVER), "before-the-upgrade")
    return open_page(
        site, desk, reverse("server_detail", args=[desk.token.pk, desk.server(SERVER).server_id])
    )


def pass_time(page: Page, milliseconds: int = POLL_MS) -> None:
    """Put the page's clock forward, and wait until a request that htmx sends then is over."""
    page.evaluate(NOTE_END)
    page.clock.run_for(milliseconds)
    expect(page.locator("html")).to_have_attribute("data-over", "yes")


def expect_banner(page: Page, text: str) -> None:
    expect(page.get_by_role("alert")).to_contain_text(text)
    expect(page.locator("#failure .banner")).to_have_count(1)


def expect_nothing_foreign(page: Page) -> None:
    assert FOREIGN_TEXT not in page.content()
    assert SIGN_IN_PATH not in page.url
    expect(page.locator("#announcer")).to_be_empty()


ORDERS = {"HX-Redirect": SIGN_IN_PATH, "HX-Trigger": '{"announce": {"text": "All is well"}}'}
ANSWERS = {
    "a sign-in page": (SIGN_IN, BETWEEN),
    "nothing": (Interposed(200), BETWEEN),
    "no content": (Interposed(204), BETWEEN),
    "an end of polling": (Interposed(286, FOREIGN_PAGE), BETWEEN),
    "a redirect to a page of this site": (Interposed(302, headers={"Location": SIGN_IN_PATH}), BETWEEN),
    "orders for htmx": (Interposed(200, FOREIGN_PAGE, ORDERS), BETWEEN),
    "a refusal": (Interposed(403, FOREIGN_PAGE), BETWEEN),
    "a captive network": (Interposed(511, FOREIGN_PAGE), BETWEEN),
    "bad gateway": (Interposed(502, FOREIGN_PAGE), NO_ANSWER),
    "service unavailable": (Interposed(503, FOREIGN_PAGE), NO_ANSWER),
    "gateway timeout": (Interposed(504, FOREIGN_PAGE), NO_ANSWER),
}


def check_card(page: Page, rows: int) -> None:
    expect(page.get_by_role("article").get_by_role("row")).to_have_count(rows)
    expect(page.get_by_role("article")).to_contain_text("before-the-upgrade")


def test_a_foreign_answer_to_a_poll_is_reported_and_later_polls_recover(
    site: Site, desk, proxy, elsewhere, settings
):
    page = open_moving_card(site, desk, settings)
    page.evaluate("window.stayed = true")
    rows = page.get_by_role("article").get_by_role("row").count()
    redirect = Interposed(302, headers={"Location": elsewhere})
    for what, (interposed, text) in {**ANSWERS, "a redirect to another site": (redirect, BETWEEN)}.items():
        print(what)
        proxy.interposed = interposed
        for _poll in range(2):
            pass_time(page)
            expect_banner(page, text)
            expect_nothing_foreign(page)
            check_card(page, rows)
        proxy.interposed = None
        pass_time(page)
        expect(page.locator("#failure")).to_be_empty()
        check_card(page, rows)
    assert page.evaluate("window.stayed") is True


def test_a_foreign_refusal_of_all_polls_is_over_with_the_first_that_the_portal_answers(
    site: Site, desk, proxy, settings
):
    page = open_moving_card(site, desk, settings)
    proxy.interposed = Interposed(403, FOREIGN_PAGE)
    with page.expect_response("**/notifications/bell/"):
        pass_time(page, BELL_MS)
    expect_banner(page, BETWEEN)
    proxy.interposed = None
    pass_time(page)
    expect(page.locator("#failure")).to_be_empty()


def test_a_poll_that_nobody_answers_is_reported_when_its_time_is_over(site: Site, desk, proxy, settings):
    page = open_moving_card(site, desk, settings)
    page.evaluate("htmx.config.timeout = 500")
    proxy.interposed = Interposed(200, FOREIGN_PAGE, seconds=3)
    pass_time(page)
    expect_banner(page, "This page cannot reach the portal")
    expect_nothing_foreign(page)
    proxy.interposed = None
    pass_time(page)
    expect(page.locator("#failure")).to_be_empty()


def test_the_banner_leads_to_a_full_load_of_the_page(site: Site, desk, proxy, settings):
    page = open_moving_card(site, desk, settings)
    page.evaluate("window.stayed = true")
    proxy.interposed = SIGN_IN
    pass_time(page)
    expect_banner(page, BETWEEN)
    url = page.url
    page.get_by_role("link", name="Reload this page").click()
    expect(page.get_by_role("alert")).to_be_hidden()
    assert page.evaluate("window.stayed") is None
    assert page.url == url
    expect(page.get_by_role("heading", level=1)).to_have_text(SERVER)


def test_a_filter_that_gets_a_foreign_answer_is_asked_again_until_the_portal_answers(site: Site, desk, proxy):
    page = open_page(site, desk, "/?q=0")
    expect(page.get_by_role("article")).to_have_count(6)
    proxy.interposed = SIGN_IN
    page.get_by_role("searchbox").fill("postgres")
    expect_banner(page, BETWEEN)
    expect_nothing_foreign(page)
    expect(page.get_by_role("article")).to_have_count(6)
    assert "postgres" not in page.url
    pass_time(page, RETRY_MS)
    expect_banner(page, BETWEEN)
    proxy.interposed = None
    pass_time(page, RETRY_MS)
    expect(page.get_by_role("article")).to_have_count(1)
    page.wait_for_url("**q=postgres*")
    expect(page.locator("#failure")).to_be_empty()


def test_a_name_whose_check_gets_a_foreign_answer_keeps_no_verdict_of_an_earlier_one(site: Site, desk, proxy):
    path = reverse("snapshot_create", args=[desk.token.pk, desk.server(SERVER).server_id])
    page = open_page(site, desk, path)
    name, verdict = page.get_by_label("Name", exact=True), page.locator("#name-check")
    name.fill("has space")
    expect(verdict).to_contain_text("A name has no spaces")
    proxy.interposed = SIGN_IN
    name.fill("no-space")
    expect_banner(page, BETWEEN)
    expect_nothing_foreign(page)
    expect(verdict).to_be_empty()
    expect(name).not_to_have_attribute("aria-invalid", "true")
    proxy.interposed = None
    pass_time(page, RETRY_MS)
    expect(verdict).to_contain_text("This name can be used")
    expect(page.locator("#failure")).to_be_empty()


def test_a_foreign_refusal_of_a_card_that_was_replaced_meanwhile_is_not_shown(
    site: Site, desk, proxy, settings
):
    page = open_moving_card(site, desk, settings)
    proxy.interposed = Interposed(403, FOREIGN_PAGE, ORDERS, seconds=1)
    with page.expect_request(re.compile("/status/")):
        page.clock.run_for(POLL_MS)
    page.evaluate("const card = document.querySelector('article'); card.replaceWith(card.cloneNode(true))")
    expect_banner(page, BETWEEN)
    expect_nothing_foreign(page)


def test_an_ended_session_still_leads_to_the_sign_in_page_through_a_proxy(site: Site, desk, proxy, settings):
    page = open_moving_card(site, desk, settings)
    Session.objects.all().delete()
    page.clock.run_for(POLL_MS)
    page.wait_for_url(re.compile("/sign-in/.next="))


def test_the_banner_is_accessible_and_fits_narrow_screens(site: Site, desk, proxy, settings):
    page = open_moving_card(site, desk, settings)
    proxy.interposed = SIGN_IN
    pass_time(page)
    expect_banner(page, BETWEEN)
    assert faults(page) == []
