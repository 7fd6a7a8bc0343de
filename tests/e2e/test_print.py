"""The printed audit log: filter, time, extent and the person who printed it."""

import re

import pytest
from playwright.sync_api import Page, expect

from snapshots.audit import journal
from tests.e2e.browsing import Site
from tests.support.audit_rows import MIA, write_operation

pytestmark = pytest.mark.browser
A4 = (718, 1000)
"""The printable area between the usual margins, in CSS pixels."""


@pytest.fixture
def log_page(site: Site, cast) -> Page:
    write_operation("completed", reason="A bad update")
    journal.record(MIA.entry(action="person.sign_out"))
    page = site.page(cast.aron, size=A4)
    page.goto("/audit/?person=Mia&action=snapshot.restore&since=2026-01-01")
    return page


def on_paper(page: Page) -> str:
    page.emulate_media(media="print")
    return re.sub(r"\s+", " ", page.inner_text("body"))


def test_a_printed_log_says_what_it_was_filtered_by(log_page):
    paper = on_paper(log_page)
    for words in (
        "Filter: Person Mia",
        "Filter: What Restore a server",
        "Filter: From 2026-01-01 (UTC)",
        "Matching entries 1",
        "Printed here 1 entry, row 2",
        "As of ",
        "Printed by Aron",
        "Restore web-server-01 from weekly",
        "A bad update",
    ):
        assert words in paper, words
    for control in ("Apply", "Export filtered", "Clear filter"):
        assert control not in paper


def test_the_printed_time_is_the_time_of_printing(log_page):
    printed = log_page.locator("time[data-printed]")
    expect(printed).to_have_text("")
    assert "Printed " not in on_paper(log_page).replace("Printed here", "").replace("Printed by", "")
    log_page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert re.search(r"Printed \d+ \w+ 20\d\d, [^()]{1,10} \([^()]* UTC\)", on_paper(log_page)), (
        "in local time and UTC"
    )
    assert re.match(r"20\d\d-\d\d-\d\dT", printed.get_attribute("datetime"))


def test_a_printed_row_says_as_of_when_and_by_whom(log_page):
    log_page.get_by_role("link", name="Restore web-server-01 from weekly").click()
    paper = on_paper(log_page)
    assert "As of " in paper
    assert "Printed by Aron" in paper
    assert "Matching entries" not in paper


def test_the_print_header_is_hidden_on_screen(log_page):
    expect(log_page.locator(".printed")).to_be_hidden()
    assert "Printed by" not in log_page.inner_text("body")


def test_in_print_the_log_is_a_table(log_page):
    log_page.emulate_media(media="print")
    heads = log_page.locator("thead th")
    tops = {heads.nth(number).bounding_box()["y"] for number in range(heads.count())}
    assert len(tops) == 1
    cells = log_page.locator("tbody tr").first.locator("td")
    assert cells.nth(0).bounding_box()["y"] == cells.nth(1).bounding_box()["y"]
