"""The page checks themselves find the faults that they are meant to find."""

import pytest

from tests.e2e.abridging import abridged
from tests.e2e.page_checks import VIEWPORTS, faults

pytestmark = pytest.mark.browser

PLANTED = """() => {
  const main = document.querySelector("main");
  const pale = document.createElement("p");
  pale.textContent = "Pale on pale";
  pale.style.color = "#e8e8e8";
  const wide = document.createElement("div");
  wide.className = "planted";
  wide.style.inlineSize = "500px";
  wide.textContent = "Wide";
  const range = document.createElement("p");
  range.className = "num";
  range.textContent = "7–512";
  const list = document.createElement("ul");
  list.append(Object.assign(document.createElement("li"), {textContent: "Planted"}));
  main.append(pale, document.createElement("input"), wide, range, list);
}"""

SMALL_TARGETS = """() => {
  const small = document.createElement("button");
  small.style.cssText = "all: unset; display: inline-block; block-size: 9px; inline-size: 9px";
  small.textContent = "x";
  const row = document.createElement("div");
  row.append(small, small.cloneNode(true));
  document.querySelector("main").append(row);
}"""

REPEATED = """() => {
  const item = (text) => Object.assign(document.createElement("li"), {textContent: text});
  const list = Object.assign(document.createElement("ul"), {id: "planted"});
  const other = item("other"), table = document.createElement("table");
  other.className = "other";
  table.insertRow().innerHTML = "<td>1</td>".repeat(5);
  list.append(...["a", "a", "a", "the longest of all", "a", "a"].map(item), other, table);
  list.querySelectorAll("li")[4].className = "second";
  list.querySelectorAll("li")[5].className = "second";
  document.querySelector("main").append(list);
}"""


def test_planted_faults_are_found(site):
    page = site.page()
    page.goto("/sign-in/")
    assert faults(page) == []
    page.evaluate(PLANTED)
    found = faults(page)
    for what in (
        "label",
        "color-contrast",
        "rtl 320px, text 100% sticks out: div.planted",
        "ltr 320px, text 100% sticks out: div.planted",
        "reads backwards from right to left: 7–512",
        "a list has no room for its markers: Planted",
    ):
        assert any(what in fault for fault in found), what


def test_contrast_is_checked_where_a_text_has_colours_of_no_page_before(site):
    page = site.page()
    page.goto("/sign-in/")
    assert faults(page, turn=0) == []
    assert faults(page, turn=0) == []
    page.evaluate(PLANTED)
    for _again in range(2):
        assert any("color-contrast" in fault for fault in faults(page, turn=0))


@pytest.mark.parametrize("turn", [None, *(turn for turn, view in enumerate(VIEWPORTS) if "dark" in view)])
def test_small_targets_are_found_on_screens_of_each_size(site, turn):
    page = site.page()
    page.goto("/sign-in/")
    page.evaluate(SMALL_TARGETS)
    assert any("target-size" in fault for fault in faults(page, turn=turn))


def test_what_a_page_repeats_is_left_out_of_a_check_and_put_back(site):
    page = site.page()
    page.goto("/sign-in/")
    page.evaluate(REPEATED)
    before = page.content()
    with abridged(page, "this test"):
        assert page.locator("header.masthead").count() == 1
        assert page.locator("#planted li").all_inner_texts() == [
            "a",
            "a",
            "the longest of all",
            "a",
            "a",
            "other",
        ]
        assert page.locator("#planted td").count() == 5
    assert page.content() == before
    with abridged(page, "this test"):
        assert page.locator("header.masthead").count() == 0
    page.evaluate("document.querySelector('header.masthead').append(document.createElement('button'))")
    with abridged(page, "this test"):
        assert page.locator("header.masthead").count() == 1
    assert any("button-name" in fault for fault in faults(page, turn=0))


def test_console_messages_of_a_page_are_recorded(site):
    page = site.page()
    page.goto("/sign-in/")
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'x = 1'}))"
    )
    page.evaluate("setTimeout(() => { throw new Error('a fault of ours') })")
    page.wait_for_timeout(200)
    assert len(site.unexpected()) == 2
    site.expect_complaint("Content Security Policy")
    site.expect_complaint("a fault of ours")
