"""The printed audit log: filter, time, extent and the person who printed it; and the printed monthly report."""

import re

import pytest
from playwright.sync_api import Page, expect

from snapshots.audit import journal
from tests.e2e.browsing import Site
from tests.support.audit_rows import MIA, write_operation
from tests.support.looks_at_report import write_something_for_each_section

pytestmark = pytest.mark.browser
A4 = (718, 1000)
"""The printable area between the usual margins, in CSS pixels."""
TOO_WIDE_ON_PAPER = """direction => {
  document.documentElement.dir = direction;
  const room = document.documentElement.clientWidth;
  return [...document.querySelectorAll("main *")].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && !element.closest(".unseen, .sprite") && (box.right > room + 1 || box.left < -1);
  }).map((element) => element.tagName + "." + element.className);
}"""
COLOURS = """() => {
  const styles = [...document.querySelectorAll("main :is(.badge, .banner, .banner strong)")].map((one) => getComputedStyle(one));
  return styles.flatMap((style) => [style.color, style.backgroundColor]);
}"""

LEFT_BEHIND = """() => {
  const main = document.querySelector("main");
  Object.assign(main.style, { columns: "1 700px", columnFill: "auto" });
  Object.assign(main.style, { blockSize: "1000px", inlineSize: "700px", maxInlineSize: "none" });
  const room = document.querySelector(".paper .stack header");
  const column = (element) => Math.round(element.getBoundingClientRect().left / 350);
  const found = new Set();
  for (let space = 0; space < 1000; space += 25) {
    room.style.marginBlockEnd = `${space}px`;
    for (const table of document.querySelectorAll(".paper :is(.lines, .numbers)")) {
      const heading = table.closest("section").querySelector("h2");
      if (column(heading) !== column(table.tBodies[0].rows[0].cells[0])) found.add(`${heading.textContent}, ${space}`);
    }
  }
  return [...found];
}"""
"""Headings of the report that stand on another page than the first row below them: columns are broken as pages are."""


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
        "Filter: From (UTC) 2026-01-01",
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


@pytest.fixture
def report_page(site: Site, cast) -> Page:
    write_something_for_each_section()
    page = site.page(cast.aron, size=A4, scheme="dark", locale="en-US")
    page.goto("/audit/report/")
    return page


def test_a_printed_report_has_its_head_and_a_place_for_a_signature_and_no_controls(report_page):
    paper = on_paper(report_page)
    for words in (
        "Monthly report of the audit log, ",
        "Portal http",
        "Printed by Aron",
        "Reviewed by",
        "Signature",
    ):
        assert words in paper, words
    for control in ("Show", "Sign out", "to be read, printed and signed"):
        assert control not in paper, control


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_a_printed_report_fits_its_page(report_page, direction):
    report_page.emulate_media(media="print")
    assert report_page.evaluate(TOO_WIDE_ON_PAPER, direction) == []


def test_a_printed_report_is_black_on_white_also_in_a_dark_theme(report_page):
    report_page.emulate_media(media="print", color_scheme="dark")
    colours = report_page.evaluate(COLOURS)
    assert set(colours) == {"rgb(0, 0, 0)", "rgba(0, 0, 0, 0)"}, "ink, and badges without a ground"


def test_the_printed_time_has_the_form_of_the_other_times_of_the_report(report_page):
    report_page.evaluate("dispatchEvent(new Event('beforeprint'))")
    form = r"\d+ \w+ 20\d\d, \d\d:\d\d UTC"
    paper = on_paper(report_page)
    assert re.search(f"Printed {form} Printed by", paper)
    assert re.search(f"As of {form}", paper)


def test_no_heading_of_a_printed_report_is_left_behind_by_its_table(report_page):
    report_page.emulate_media(media="print")
    assert report_page.evaluate(LEFT_BEHIND) == []


def test_a_report_becomes_pages_of_a4(report_page):
    pdf = report_page.pdf(prefer_css_page_size=True)
    sizes = set(re.findall(rb"/MediaBox \[([^\]]+)\]", pdf))
    assert len(sizes) == 1
    width, height = map(float, sizes.pop().split()[2:])
    assert (round(width), round(height)) == (595, 842)
    assert pdf.count(b"/Type /Page\n") > 1
