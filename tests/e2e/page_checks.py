"""Checks of a page: accessibility in two sizes and two colour schemes, its fit on narrow screens and with large text, the
order of numbers from right to left, and room for the markers of lists."""

from collections.abc import Sequence
from itertools import product
from typing import TypeVar

from playwright.sync_api import Page

from tests.e2e.accessibility import load_axe, violations
from tests.e2e.browsing import DESKTOP, PHONE

Choice = TypeVar("Choice")
VIEWPORTS = tuple(product((DESKTOP, PHONE), ("light", "dark")))
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
    return box.width > 0 && (box.right > room + 1 || box.left < -1) && !clipped(element);
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
NARROW_AND_LARGE = f"""textSize => {{
  const root = document.documentElement, direction = root.dir;
  root.style.fontSize = textSize;
  const found = ["rtl", "ltr"].map((one) => [one, ({TOO_WIDE})(one)]);
  root.style.removeProperty("font-size");
  root.dir = direction;
  return found;
}}"""
"""What sticks out in each direction, with text of the given size."""
WITH_LONG_NAMES = f"""name => {{
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) {{
    const node = walker.currentNode, parent = node.parentElement;
    const isName = parent.closest("bdi, [translate=no]") && !parent.closest("svg, pre, code, time, .num, .nowrap, .mono, .badge");
    if (node.data.trim() && isName) texts.push([node, node.data]);
  }}
  for (const [node] of texts) node.data = name;
  const found = ({TOO_WIDE})(document.documentElement.dir);
  for (const [node, text] of texts) node.data = text;
  return found;
}}"""
"""What sticks out where every name and text of people on the page is one long word."""

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


def _set_viewport(page: Page, size: tuple[int, int], scheme: str = "light", media: str = "screen") -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme, media=media)


def faults(page: Page, turn: int | None = None) -> list[str]:
    """Problems of the page in its present state, each starting with its path. The page is left unchanged.

    With a `turn` the page is checked in one of the four viewports, and in one of the sizes and media in which it must fit.
    """
    size = page.viewport_size
    found = [*_axe_faults(page, turn), *_fit_faults(page, turn), *_long_word_faults(page, turn)]
    _set_viewport(page, (size["width"], size["height"]))
    backwards, unindented = page.evaluate(f"() => [({BACKWARDS})(), ({UNINDENTED})()]")
    found += [f"reads backwards from right to left: {text}" for text in backwards]
    found += [f"a list has no room for its markers: {text}" for text in unindented]
    return [f"{page.url} {page.title()}: {text}" for text in found]


def _in_turn(choices: Sequence[Choice], turn: int | None) -> Sequence[Choice]:
    return choices if turn is None else [choices[turn % len(choices)]]


def _axe_faults(page: Page, turn: int | None) -> list[str]:
    load_axe(page)
    found = []
    for size, scheme in _in_turn(VIEWPORTS, turn):
        _set_viewport(page, size, scheme)
        found += [f"{scheme} {size[0]}px {text}" for text in violations(page, everything=turn is None)]
    return found


def _fit_faults(page: Page, turn: int | None) -> list[str]:
    found = []
    for size, text_size in _in_turn(NARROW, turn):
        _set_viewport(page, size)
        found += [
            f"{direction} {size[0]}px, text {text_size} sticks out: {text}"
            for direction, texts in page.evaluate(NARROW_AND_LARGE, text_size)
            for text in texts
        ]
    return found


def _long_word_faults(page: Page, turn: int | None) -> list[str]:
    """What sticks out with long names: on a screen, on a phone, and on paper."""
    found = []
    for size, media in _in_turn(((DESKTOP, "screen"), (PHONE, "screen"), (PAPER, "print")), turn):
        _set_viewport(page, size, media=media)
        found += [
            f"{media} {size[0]}px, long names stick out: {text}"
            for text in page.evaluate(WITH_LONG_NAMES, NAME)
        ]
    return found
