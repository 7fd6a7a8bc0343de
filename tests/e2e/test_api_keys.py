"""An API key is made, copied, used and revoked in a browser, with and without JavaScript."""

import re

import pytest
from playwright.sync_api import Page, expect

from snapshots.api.models import ApiKey
from tests.e2e.browsing import DESKTOP, PHONE
from tests.support.api import Script
from tests.support.desk import make_desk

pytestmark = pytest.mark.browser
SELECTED = """() => {
  const field = document.activeElement;
  return field.value.slice(field.selectionStart, field.selectionEnd);
}"""
SECRET = re.compile(r"sp_[0-9A-Za-z]{38}")


@pytest.fixture
def desk(cast, http_sandbox, settings):
    settings.SNAPPORTAL_API_URL = http_sandbox.url
    return make_desk(cast.mia, http_sandbox.sandbox.token)


def make(page: Page) -> str:
    """Make a key from the account page on; returns its text as the page shows it."""
    page.goto("/account/")
    page.get_by_role("main").get_by_role("link", name="API keys").click()
    page.get_by_role("link", name="Make an API key").click()
    page.get_by_label("Name", exact=True).fill("Nightly deploy")
    page.get_by_label("Create snapshots").check()
    page.get_by_label("All, also those").check()
    page.get_by_role("button", name="Make the key").click()
    field = page.get_by_label("The key", exact=True)
    expect(field).to_have_value(SECRET)
    return field.input_value()


def revoke(page: Page) -> None:
    page.get_by_role("link", name="Done").click()
    expect(page.locator("main tbody tr")).to_contain_text("Nightly deploy")
    expect(page.locator("main")).not_to_contain_text(SECRET)
    page.get_by_role("link", name="Revoke Nightly deploy").click()
    page.get_by_label("Reason").fill("no longer used")
    page.get_by_role("button", name="Revoke").click()
    expect(page.locator("main")).to_contain_text("The key Nightly deploy is revoked.")
    assert ApiKey.objects.get().revoked_at is not None


def clipboard(page: Page) -> str:
    return page.evaluate("navigator.clipboard.readText()")


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_a_key_is_made_copied_used_and_revoked(site, cast, desk, size):
    page = site.page(cast.mia, size=size)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    secret = make(page)
    copy = page.get_by_role("button", name="Copy the key")
    copy.click()
    expect(page.locator("#announcer")).to_have_text("Copied")
    assert clipboard(page) == secret
    expect(copy).to_have_count(0)  # it reads "Copied" for some seconds
    page.get_by_role("button", name="Copy the line").click()
    expect(page.get_by_role("button", name="Copied")).to_have_count(2)
    assert clipboard(page) == f"curl -H 'Authorization: Bearer {secret}' {site.url}/api/v1/snapshots/"
    expect(copy).to_have_text("Copy the key")
    assert Script(secret).get("snapshots/").status_code == 200
    revoke(page)
    assert Script(secret).get("snapshots/").status_code == 401


def test_without_javascript_the_key_can_be_selected(site, cast, desk):
    page = site.page(cast.mia, javascript=False)
    secret = make(page)
    expect(page.get_by_role("button", name="Copy the key")).to_be_hidden()
    expect(page.locator("#try")).to_contain_text(secret)
    revoke(page)


def test_where_the_clipboard_cannot_be_used_the_text_is_selected(site, cast, desk):
    page = site.page(cast.mia)
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    secret = make(page)
    page.get_by_role("button", name="Copy the key").click()
    assert page.evaluate(SELECTED) == secret
    page.get_by_role("button", name="Copy the line").click()
    assert secret in page.evaluate("getSelection().toString()")
