"""Short explanations beside hard words, in a browser: by keyboard, by touch, without a script, and beside a page that moves."""

import pytest
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browsing import PHONE, Site
from tests.e2e.page_checks import faults

pytestmark = pytest.mark.browser


def explanation(page: Page) -> tuple[Locator, Locator]:
    return page.get_by_role("button", name="What “Freeze” means"), page.locator("#about-freeze")


def opened(site: Site, person, **more) -> tuple[Page, Locator, Locator]:
    page = site.page(person, **more)
    page.goto(reverse("freeze_list"))
    button, text = explanation(page)
    expect(text).to_be_hidden()
    return page, button, text


@pytest.mark.parametrize("javascript", [True, False])
def test_it_is_opened_read_and_closed_with_keys(site: Site, cast, javascript):
    page, button, text = opened(site, cast.mia, javascript=javascript)
    button.focus()
    page.keyboard.press("Enter")
    expect(text).to_be_visible()
    expect(text).to_contain_text("nothing is restored or deleted")
    page.keyboard.press("Tab")
    expect(text.get_by_role("link")).to_be_focused()
    page.keyboard.press("Escape")
    expect(text).to_be_hidden()
    expect(button).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/help/#guarding")
    expect(page.get_by_role("heading", name="Locks, freezes and approvals")).to_be_in_viewport()


def test_an_open_one_is_accessible_and_fits_narrow_screens(site: Site, cast):
    page, button, text = opened(site, cast.mia)
    button.click()
    expect(text).to_be_visible()
    assert faults(page) == []


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("size", [PHONE, (1280, 400), (320, 480)])
def test_it_lies_within_the_window(site: Site, cast, direction, size):
    page, button, text = opened(site, cast.mia, size=size)
    page.evaluate("direction => { document.documentElement.dir = direction; }", direction)
    button.click()
    box = text.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size[0]
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= size[1]


def test_a_click_beside_it_closes_it_and_a_second_one_closes_the_first(site: Site, cast):
    page = site.page(cast.ada)
    page.goto(reverse("system_detail"))
    verification, anchor = page.locator("#about-verification"), page.locator("#about-anchor")
    page.get_by_role("button", name="What “Verification” means").click()
    expect(verification).to_be_visible()
    page.get_by_role("button", name="What “Anchor” means").click()
    expect(verification).to_be_hidden()
    expect(anchor).to_be_visible()
    page.get_by_role("heading", name="Facts").click()
    expect(anchor).to_be_hidden()


def test_it_stays_open_while_the_page_shows_what_changed(site: Site, cast):
    page = site.page(cast.ada)
    page.goto(reverse("system_detail"))
    page.get_by_role("button", name="What “Anchor” means").click()
    with page.expect_response(lambda answer: answer.url.endswith("/system/")):
        page.evaluate("document.getElementById('live').dispatchEvent(new Event('look'))")
    expect(page.locator("#about-anchor")).to_be_visible()
