"""Buttons that copy a line for a shell."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.e2e.browsing import Site

pytestmark = pytest.mark.browser


def test_a_line_of_the_reference_page_is_copied(site: Site, cast):
    page = site.page(cast.mia)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(reverse("api_reference"))
    call = page.locator("section[aria-labelledby=restore-snapshot]")
    call.get_by_role("button", name="Copy").click()
    expect(page.locator("#announcer")).to_have_text("Copied")
    expect(call.get_by_role("button")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == call.locator("pre").text_content()
    assert f'curl -X POST "{site.url}/api/v1/snapshots/$SNAPSHOT_ID/restore/"' in copied
    expect(call.get_by_role("button")).to_have_text("Copy")


def test_the_line_of_a_form_is_copied(site: Site, desk):
    view = desk.server()
    page = site.page(desk.user)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(reverse("snapshot_create", args=[desk.token.pk, view.server_id]))
    page.get_by_text("Do this from a script").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#announcer")).to_have_text("Copied")
    assert f'"server_id":{view.server_id}' in page.evaluate("navigator.clipboard.readText()")


def test_without_javascript_the_line_is_there_and_the_button_is_not(site: Site, desk):
    view = desk.server()
    page = site.page(desk.user, javascript=False)
    page.goto(reverse("snapshot_create", args=[desk.token.pk, view.server_id]))
    page.get_by_text("Do this from a script").click()
    expect(page.locator("#command")).to_be_visible()
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
