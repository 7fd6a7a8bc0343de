"""Forms in a browser: double clicks, going back and sending again, keyboard only, downloads."""

import re
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from snapshots.operations.models import Action, Operation
from snapshots.sandbox.models import Restore
from tests.e2e.browsing import PHONE, Site
from tests.support.desk import Desk

pytestmark = pytest.mark.browser
SERVER = "web-server-01"
MANY_TABS = 80
RING = """() => {
  const style = getComputedStyle(document.activeElement);
  return document.activeElement.matches(":focus-visible") && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
}"""
SEEN = """() => {
  const box = document.activeElement.getBoundingClientRect();
  return box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
}"""


def open_restore(page: Page, desk: Desk) -> None:
    snapshot = desk.snapshot(desk.server(SERVER))
    page.goto(reverse("snapshot_restore", args=[desk.token.pk, snapshot.id]))


def fill(page: Page) -> None:
    safety = page.get_by_label("Take a snapshot of the present state first")
    if safety.count():  # not offered while a restore runs
        safety.uncheck()
    page.get_by_label("The server's name").fill(SERVER)
    page.get_by_label("Reason", exact=True).fill("The upgrade broke the checkout")


def the_only_operation() -> Operation:
    """The one operation; fails if there are two, in the portal or at the provider."""
    assert Restore.objects.count() == 1
    return Operation.objects.get(action=Action.RESTORE)


@pytest.mark.parametrize("javascript", [True, False], ids=["with_javascript", "without_javascript"])
def test_a_double_click_restores_once(site: Site, desk, javascript):
    page = site.page(desk.user, javascript=javascript)
    open_restore(page, desk)
    fill(page)
    page.get_by_role("button", name="Restore and lose").dblclick()
    # Without scripts the second click ends the navigation of the first: page.wait_for_url would fail because of that.
    expect(page).to_have_url(re.compile("/operations/"))
    assert str(the_only_operation().pk) in page.url


def test_going_back_and_sending_the_form_again_leads_to_the_same_operation(site: Site, desk):
    page = site.page(desk.user)
    open_restore(page, desk)
    fill(page)
    shown = page.locator("[name=confirmation]").input_value()
    page.get_by_role("button", name="Restore and lose").click()
    page.wait_for_url("**/operations/**")
    first = page.url
    page.go_back()
    button = page.get_by_role("button", name="Restore and lose")
    expect(button).to_be_enabled()
    fill(page)
    # Whether the browser restored or reloaded the page, this is the form that was sent before.
    page.evaluate("shown => { document.querySelector('[name=confirmation]').value = shown }", shown)
    button.click()
    page.wait_for_url("**/operations/**")
    assert page.url == first
    the_only_operation()


def test_going_back_and_requesting_again_shows_the_running_restore(site: Site, desk):
    page = site.page(desk.user)
    open_restore(page, desk)
    fill(page)
    page.get_by_role("button", name="Restore and lose").click()
    page.wait_for_url("**/operations/**")
    open_restore(page, desk)
    fill(page)
    page.get_by_role("button", name="Restore and lose").click()
    expect(page.get_by_role("main")).to_contain_text("A restore of this server is running")
    the_only_operation()


def tab_until(page: Page, is_there: Callable[[str], bool]) -> None:
    """Press Tab until the focus is where it should be; it must be visible at every stop."""
    for _stop in range(MANY_TABS):
        page.keyboard.press("Tab")
        text = page.evaluate("document.activeElement.innerText || document.activeElement.name || ''").strip()
        assert page.evaluate(RING), f"the focus is not shown on: {text}"
        assert page.evaluate(SEEN), f"the focus is out of sight on: {text}"
        if is_there(text):
            return
    raise AssertionError("never reached")


def test_the_keyboard_alone_restores(site: Site, desk):
    page = site.page(desk.user)
    page.goto(reverse("server_detail", args=[desk.token.pk, desk.server(SERVER).server_id]))
    tab_until(page, lambda text: text == "Skip to the content")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    tab_until(page, lambda text: text.startswith("Restore"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/restore/")
    tab_until(page, lambda text: text == "take_safety")
    page.keyboard.press("Space")
    tab_until(page, lambda text: text == "typed_name")
    page.keyboard.type(SERVER)
    tab_until(page, lambda text: text == "reason")
    page.keyboard.type("The upgrade broke the checkout")
    tab_until(page, lambda text: text.startswith("Restore and lose"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/operations/**")
    assert the_only_operation().reason == "The upgrade broke the checkout"


def test_a_form_with_an_error_says_which_field_it_is(site: Site, desk):
    page = site.page(desk.user, size=PHONE)
    open_restore(page, desk)
    page.get_by_role("button", name="Restore and lose").click()
    name = page.get_by_label("The server's name")
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_have_accessible_description("Type the server's name to confirm.")
    assert Operation.objects.count() == 0


def test_the_log_is_downloaded_in_one_format_after_the_other(site: Site, cast, desk):
    desk.create(desk.server(SERVER), "before-the-upgrade", reason="Ticket 4711")
    page = site.page(cast.aron)
    page.goto("/audit/export/")
    for button, ending in [("CSV", ".csv"), ("JSON", ".jsonl")]:
        with page.expect_download() as download:
            page.get_by_role("button", name=button).click()
        assert download.value.suggested_filename.endswith(ending)
        assert "Ticket 4711" in download.value.path().read_text()
