"""Checks of a page: accessibility in two sizes and two colour schemes, its fit on narrow screens and with large text, the
order of numbers from right to left, and room for the markers of lists."""

import os
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import TypeVar

import axe_playwright_python
from playwright.sync_api import Page

from tests.e2e.browsing import DESKTOP, PHONE

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
STANDARDS = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
Choice = TypeVar("Choice")
VIEWPORTS = tuple(product((DESKTOP, PHONE), ("light", "dark")))
EVERY = "SNAPPORTAL_TESTS_EVERY_VIEWPORT" in os.environ
"""Whether each look is taken in all sizes, schemes and languages. By default it has one of each, in turn: axe takes most of the
time of the tours, which look at the same kinds of elements hundreds of times."""

RUN_AXE = """async (standards) => {
  const options = {runOnly: standards, resultTypes: ["violations"]};
  const quick = await axe.run(document, {...options, selectors: false});
  return quick.violations.length ? (await axe.run(document, options)).violations : [];
}"""
"""Only violations are described and sent: the description of everything that passed took most of the time."""

NARROW = (((360, 740), "200%"), ((320, 640), "100%"))
"""Screens and text sizes. WCAG asks for 320 px (1.4.10) and for text of 200 % (1.4.4), but not for both at once."""
TOO_WIDE = """direction => {
  const root = document.documentElement;
  root.dir = direction;
  const room = root.clientWidth;
  // What is in closed details has the place of when it was shown last.
  const folded = (element) => element.closest("details:not([open])") !== null && element.closest("summary") === null;
  const clipped = (element) => element.closest(".unseen, .skip, .table-wrap, .sprite, thead") !== null || folded(element);
  const sticksOut = [...document.body.querySelectorAll("*")].filter((element) => {
    const box = element.getBoundingClientRect();
    return !clipped(element) && box.width > 0 && (box.right > room + 1 || box.left < -1);
  });
  const text = (element) => element.textContent.trim().slice(0, 30);
  const named = (element) => `${element.tagName.toLowerCase()}.${element.getAttribute("class")} ${text(element)}`;
  const names = sticksOut.map(named);
  const boxes = document.querySelectorAll(".table-wrap");
  const scrolls = [root, ...boxes].filter((box) => box.scrollWidth > box.clientWidth);
  return [...scrolls.map((box) => box.tagName + " scrolls sideways"), ...names].slice(0, 5);
}"""

NAME = "x" * 100
"""The longest name that a snapshot can have, as one word."""
PAPER = (718, 1000)
"""The area of A4 between the usual margins, in CSS pixels."""
LENGTHEN = """name => {
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  window.texts = [];
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement;
    const isName = parent.closest("bdi, [translate=no]") && !parent.closest("svg, pre, code, time, .num, .nowrap, .mono, .badge");
    if (node.data.trim() && isName) window.texts.push([node, node.data]);
  }
  for (const [node] of window.texts) node.data = name;
}"""
"""Makes every name and text of people on the page one long word."""
SHORTEN = "() => { for (const [node, text] of window.texts) node.data = text; delete window.texts; }"

BACKWARDS = """() => {
  const root = document.documentElement;
  const before = root.dir;
  root.dir = "rtl";
  const left = (node, offset) => {
    const range = document.createRange();
    range.setStart(node, offset);
    range.setEnd(node, offset + 1);
    return range.getBoundingClientRect();
  };
  const found = [];
  for (const element of document.querySelectorAll("main time, main .num")) {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode.data.trimEnd();
      const start = text.length - text.trimStart().length;
      if (!/^[0-9][ -~\\u00a0–]+$/.test(text.slice(start))) continue;
      const first = left(walker.currentNode, start), last = left(walker.currentNode, text.length - 1);
      if (first.width && Math.abs(first.top - last.top) < 2 && first.left > last.left) found.push(text.slice(start));
    }
  }
  root.dir = before;
  return found.slice(0, 5);
}"""
"""Texts that begin with a number and whose first character stands behind their last one where the page is from right to left."""
UNINDENTED = """() => [...document.querySelectorAll("main ul, main ol")].filter((list) => {
  const item = list.querySelector(":scope > li");
  const has = item && getComputedStyle(item).display === "list-item" && getComputedStyle(item).listStyleType !== "none";
  return has && parseFloat(getComputedStyle(list).paddingInlineStart) < 12;
}).map((list) => list.textContent.trim().slice(0, 40))"""
"""Lists whose markers have no room: they stand at the edge of what is around the list, or outside."""


def _set_viewport(page: Page, size: tuple[int, int], scheme: str) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme)


def _violations(page: Page) -> list[str]:
    return [
        f"{one['id']}: {node['target']} {node['html'][:160]} {node['failureSummary']}"
        for one in page.evaluate(RUN_AXE, STANDARDS)
        for node in one["nodes"][:3]
    ]


def faults(page: Page, turn: int | None = None, *, has_axe: bool = True) -> list[str]:
    """Problems of the page in its present state, each starting with its path. The page is left unchanged.

    With a `turn` axe runs in one of the four viewports, and of the sizes in which the page must fit one is taken; without
    `has_axe` axe does not run.
    """
    size = page.viewport_size
    found = _axe_faults(page, turn) if has_axe else []
    found += _fit_faults(page, turn)
    page.set_viewport_size(size)
    return [f"{page.url} {page.title()}: {text}" for text in found]


def _axe_faults(page: Page, turn: int | None) -> list[str]:
    page.evaluate(AXE)
    is_english = page.evaluate("document.documentElement.lang") == "en"
    found = []
    for size, scheme in _in_turn(VIEWPORTS, turn, every=EVERY and is_english):
        _set_viewport(page, size, scheme)
        found += [f"{scheme} {size[0]}px {text}" for text in _violations(page)]
    return found


def _in_turn(choices: Sequence[Choice], turn: int | None, *, every: bool = EVERY) -> Sequence[Choice]:
    return choices if turn is None or every else [choices[turn % len(choices)]]


def _fit_faults(page: Page, turn: int | None) -> list[str]:
    direction_of_page = page.evaluate("document.documentElement.dir")
    found = []
    for size, text_size in _in_turn(NARROW, turn):
        _set_viewport(page, size, "light")
        page.evaluate("size => { document.documentElement.style.fontSize = size; }", text_size)
        found += [
            f"{direction} {size[0]}px, text {text_size} sticks out: {text}"
            for direction in ("rtl", "ltr")
            for text in page.evaluate(TOO_WIDE, direction)
        ]
    page.evaluate("document.documentElement.style.removeProperty('font-size')")
    page.evaluate("direction => { document.documentElement.dir = direction; }", direction_of_page)
    found += _long_word_faults(page, direction_of_page, turn)
    found += [f"reads backwards from right to left: {text}" for text in page.evaluate(BACKWARDS)]
    found += [f"a list has no room for its markers: {text}" for text in page.evaluate(UNINDENTED)]
    return found


def _long_word_faults(page: Page, direction: str, turn: int | None) -> list[str]:
    """What sticks out where every name is one word of the greatest length: on a screen, on a phone, and on paper."""
    page.evaluate(LENGTHEN, NAME)
    found = []
    for size, media in _in_turn(((DESKTOP, "screen"), (PHONE, "screen"), (PAPER, "print")), turn):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(media=media)
        found += [
            f"{media} {size[0]}px, long names stick out: {text}"
            for text in page.evaluate(TOO_WIDE, direction)
        ]
    page.emulate_media(media="screen")
    page.evaluate(SHORTEN)
    return found
