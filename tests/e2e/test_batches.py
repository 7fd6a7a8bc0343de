"""Select three servers, create on all of them at once, see each result, and go back to the restore point."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from snapshots.vault import tokens
from tests.e2e.browsing import PHONE, Site

pytestmark = pytest.mark.browser

SERVERS = ("mail-01", "shop-staging", "web-server-01")
NAME = "before-maintenance"


def select(page: Page) -> None:
    page.goto("/")
    for name in SERVERS:
        page.get_by_label(f"Select the server {name}").check()
    page.get_by_role("button", name="Create on the selected servers").click()


def create(page: Page) -> None:
    for name in SERVERS:
        expect(page.get_by_role("row", name=re.compile(name))).to_be_visible()
    page.get_by_label("Name", exact=True).fill(NAME)
    page.get_by_role("button", name="Create 3 snapshots").click()
    for name in SERVERS:
        expect(
            page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=name))
        ).to_be_visible()


def watch_to_the_end(page: Page, *, javascript: bool) -> None:
    """With JavaScript the page updates itself; without it the page is loaded again."""
    verdict = page.locator(".verdict")
    if javascript:
        page.evaluate("window.stayed = true")
        expect(verdict).to_contain_text("3 of 3 completed")
        assert page.evaluate("window.stayed") is True
        return
    for _look in range(40):
        if "3 of 3 completed" in verdict.inner_text():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(verdict).to_contain_text("3 of 3 completed")


def go_back(page: Page) -> None:
    page.get_by_role("link", name="To the restore point").click()
    expect(page.get_by_text("Still there")).to_have_count(3)
    page.get_by_role("link", name="Go back to this point").click()
    for name in SERVERS[1:]:
        group = page.get_by_role("group", name=f"What happens first on {name}?")
        group.get_by_label("This server is left as it is").check()
    page.get_by_label("The restore point's name").fill(NAME)
    page.get_by_label("Reason").fill("The maintenance broke the mail")
    page.get_by_role("button", name="Restore and lose newer data").click()
    expect(page.locator(".verdict")).to_contain_text(f"Restore {SERVERS[0]} from snapshot {NAME}")


@pytest.mark.parametrize("javascript", [True, False], ids=["with_javascript", "without_javascript"])
def test_a_snapshot_is_created_on_three_servers_and_gone_back_to(site: Site, desk, javascript):
    page = site.page(desk.user, javascript=javascript)
    select(page)
    create(page)
    watch_to_the_end(page, javascript=javascript)
    go_back(page)


def test_what_is_selected_stays_selected_while_the_list_updates_itself(site: Site, desk):
    page = site.page(desk.user)
    page.goto("/")
    box = page.get_by_label("Select the server shop-staging")
    box.check()
    page.evaluate("document.getElementById('results').dataset.old = 'yes'")
    page.evaluate("document.getElementById('results').dispatchEvent(new Event('look'))")
    expect(page.locator("#results:not([data-old])")).to_have_count(1)
    expect(page.get_by_label("Select the server shop-staging")).to_be_checked()
    expect(page.locator("#batch-hint")).to_have_text("Selected: 1")


def test_all_or_none_with_the_keyboard_on_a_phone(site: Site, desk):
    page = site.page(desk.user, size=PHONE)
    page.goto("/")
    everything = page.get_by_role("button", name="All servers")
    everything.focus()
    page.keyboard.press("Space")
    expect(page.locator("#batch-hint")).to_have_text("Selected: 5")
    page.keyboard.press("Space")
    expect(page.locator("#batch-hint")).to_contain_text("Tick servers")
    page.get_by_label("Select the snapshot weekly-1").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Delete the selected snapshots").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="1 snapshot will be deleted")).to_be_visible()


def test_on_a_phone_the_first_server_is_on_the_first_screen(site: Site, sandbox, cast):
    tokens.store(user_id=cast.omar.pk, label="Team", token=sandbox.token, stored_by_name="Omar")
    page = site.page(cast.omar, size=PHONE)
    page.goto(reverse("server_list"))
    expect(page.locator(".fold").first).not_to_have_attribute("open", "")
    expect(page.get_by_role("button", name="All servers")).to_be_visible()
    first = page.locator("article.server").first.bounding_box()
    assert first["y"] + 100 < PHONE[1]
    page.get_by_label("Select the server").first.check()
    expect(page.locator("#batch-hint")).to_have_text("Selected: 1")
    expect(page.get_by_role("button", name="Create on the selected servers")).to_be_visible()


def test_what_is_selected_stays_selected_while_the_list_is_filtered(site: Site, desk):
    page = site.page(desk.user)
    page.goto("/?q=mail-01")
    page.get_by_label("Select the server mail-01").check()
    for text in ("xyzzy", "web-server-01"):
        page.locator("#filter-q").fill(text)
        page.wait_for_url(f"**/?q={text}*")
    expect(page.locator("#batch-hint")).to_have_text("Selected: 1")
    page.get_by_label("Select the server web-server-01").check()
    expect(page.locator("#batch-hint")).to_have_text("Selected: 2")
    page.locator("#filter-q").fill("mail-01")
    expect(page.get_by_label("Select the server mail-01")).to_be_checked()
    page.get_by_label("Select the server mail-01").uncheck()
    expect(page.locator("#batch-hint")).to_have_text("Selected: 1")
    page.locator("#batch-create").click()
    page.wait_for_url("**/create/?*")
    expect(page.get_by_text("web-server-01").first).to_be_visible()
    expect(page.get_by_text("mail-01")).to_have_count(0)
