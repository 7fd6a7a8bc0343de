"""The guide to setting up a new installation, in a browser."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.e2e.browsing import PHONE, Site

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("javascript", [True, False])
def test_an_admin_goes_through_it_from_the_first_page(site: Site, cast, sandbox, javascript):
    page = site.page(cast.ada, javascript=javascript)
    page.goto("/")
    guide = page.get_by_role("region", name="Set up this portal")
    expect(guide).to_contain_text("Next: Store a token")
    guide.get_by_text("All steps").click()
    guide.get_by_role("link", name="Back up the portal itself").click()
    page.wait_for_url("**/system/set-up/#setup-backup")
    page.get_by_role("button", name="Both are backed up").click()
    step = page.locator("#setup-backup")
    expect(step).to_contain_text("Done")
    expect(step).to_contain_text("Confirmed by Ada")
    step.get_by_role("button", name="That is no longer so").click()
    expect(step).to_contain_text("To do")
    page.get_by_role("button", name="Not now").click()
    page.wait_for_url("**/")
    expect(guide).to_have_count(0)


def test_with_keys_alone_it_is_hidden(site: Site, cast, sandbox):
    page = site.page(cast.ada, size=PHONE)
    page.goto("/")
    page.get_by_role("link", name="Add a token").first.focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Not now")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The guide is hidden")).to_be_visible()
    expect(page.get_by_role("region", name="Set up this portal")).to_have_count(0)
    page.goto(reverse("system_detail"))
    page.get_by_role("link", name="Set up this portal").click()
    page.get_by_role("button", name="Show it above the servers again").click()
    expect(page.get_by_role("region", name="Set up this portal")).to_be_visible()
