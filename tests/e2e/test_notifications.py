"""The bell while a page is open: it counts, is read out, and shows a notification of the browser."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from snapshots.operations.models import State
from tests.support.desk import make_desk
from tests.support.notifying import end_operation, read_log

RECORD = """() => {
  window.shown = [];
  window.Notification = class {
    static permission = "granted";
    constructor(title, options) { window.shown.push([title, options.body]); }
  };
}"""
"""Chromium without a window shows no notification of the browser; this records what the page asks it to show."""
ASK_AT_ONCE = "htmx.ajax('get', document.getElementById('bell').getAttribute('hx-get'), {target: '#bell', swap: 'outerHTML'})"


def ask(page: Page) -> None:
    """What the page does by itself after 30 seconds."""
    page.evaluate(ASK_AT_ONCE)


@pytest.mark.browser
def test_a_new_notification_appears_on_an_open_page(site, cast, http_sandbox, settings):
    settings.SNAPPORTAL_API_URL = http_sandbox.url
    desk = make_desk(cast.mia, http_sandbox.sandbox.token)
    read_log()
    end_operation(desk, State.COMPLETED, key="before")
    read_log()
    page = site.page(cast.mia)
    page.goto(reverse("help_page"))
    page.evaluate(RECORD)
    bell = page.locator("#bell .count")
    expect(bell).to_have_text("1")
    ask(page)
    expect(bell).to_have_text("1")
    operation = end_operation(desk, State.FAILED, key="after")
    read_log()
    ask(page)
    expect(bell).to_have_text("2")
    title = f"{operation.server_name} was not restored from {operation.snapshot_name}"
    expect(page.locator("#announcer")).to_have_text(title)
    assert page.evaluate("window.shown") == [["SnapPortal", title]]
    ask(page)
    expect(bell).to_have_text("2")
    assert len(page.evaluate("window.shown")) == 1
