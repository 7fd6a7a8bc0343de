"""Checks of a page: accessibility in two sizes and two colour schemes, its fit on narrow screens and with large text, the
order of numbers from right to left, and room for the markers of lists."""

from itertools import product
from weakref import WeakKeyDictionary

from playwright.sync_api import Page

from tests.e2e.abridging import abridged
from tests.e2e.accessibility import load_axe, violations
from tests.e2e.browsing import DESKTOP, PHONE

VIEWPORTS = tuple(product((DESKTOP, PHONE), ("light", "dark")))
NARROW = (((360, 740), "200%"), ((320, 640), "100%"))
"""Screens and text sizes. WCAG asks for 320 px (1.4.10) and for text of 200 % (1.4.4), but not for both at once."""
NARROW_VIEWS = tuple(product(NARROW, ("rtl", "ltr")))
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
LONG_WORD_VIEWS = ((DESKTOP, "screen"), (PHONE, "screen"), (PAPER, "print"))
NARROW_AND_LARGE = f"""([textSize, direction]) => {{
  const root = document.documentElement, before = root.dir;
  root.style.fontSize = textSize;
  const found = ({TOO_WIDE})(direction);
  root.style.removeProperty("font-size");
  root.dir = before;
  return found;
}}"""
"""What sticks out with text of the given size in the given direction."""
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
UNINDENTED_AND_BACKWARDS = f"hasOrder => [({UNINDENTED})(), hasOrder ? ({BACKWARDS})() : []]"


_media: WeakKeyDictionary[Page, tuple[str, str]] = WeakKeyDictionary()
"""The colour scheme and the medium that a check has given to a page."""


def _set_viewport(page: Page, size: tuple[int, int], scheme: str = "light", media: str = "screen") -> None:
    """Where a page has them already nothing is done, since it would be laid out and painted again."""
    viewport = {"width": size[0], "height": size[1]}
    if page.viewport_size != viewport:
        page.set_viewport_size(viewport)
    if _media.get(page) != (scheme, media):
        page.emulate_media(color_scheme=scheme, media=media)
        _media[page] = scheme, media


def faults(page: Page, turn: int | None = None) -> list[str]:
    """Problems of the page in its present state, each starting with its path. The page is left unchanged.

    With a `turn` each check is made in one of its views: in most turns, several of them in the same.
    """
    size = page.viewport_size
    found = _faults_in_all_views(page) if turn is None else _faults_in_turn(page, turn)
    _set_viewport(page, (size["width"], size["height"]))
    has_order = turn is None or _narrow_view(turn)[-1] == "rtl"
    unindented, backwards = page.evaluate(UNINDENTED_AND_BACKWARDS, has_order)
    found += [f"a list has no room for its markers: {text}" for text in unindented]
    found += [f"reads backwards from right to left: {text}" for text in backwards]
    return [f"{page.url} {page.title()}: {text}" for text in found]


def _faults_in_all_views(page: Page) -> list[str]:
    load_axe(page)
    found = []
    for size, scheme in VIEWPORTS:
        _set_viewport(page, size, scheme)
        found += _axe_faults(page, size, scheme, is_whole=True)
    for size, media in LONG_WORD_VIEWS:
        _set_viewport(page, size, "light", media)
        found += _long_word_faults(page, size, media)
    for narrow, direction in NARROW_VIEWS:
        found += _fit_faults(page, narrow, "light", direction)
    return found


def _faults_in_turn(page: Page, turn: int) -> list[str]:
    load_axe(page)
    size, scheme = VIEWPORTS[turn % len(VIEWPORTS)]
    printed = LONG_WORD_VIEWS[-1]
    long_word_view = printed if turn % len(LONG_WORD_VIEWS) == 2 else (size, "screen")
    narrow, direction = _narrow_view(turn)
    _set_viewport(page, size, scheme)
    with abridged(page, size, scheme):
        found = _axe_faults(page, size, scheme, is_whole=False)
        if long_word_view is printed:
            _set_viewport(page, printed[0], scheme, printed[1])
        found += _long_word_faults(page, *long_word_view)
        return [*found, *_fit_faults(page, narrow, scheme, direction)]


def _narrow_view(turn: int) -> tuple[tuple[tuple[int, int], str], str]:
    """The next one after as many turns as there are viewports, so that each of both meets each."""
    return NARROW_VIEWS[turn // len(VIEWPORTS) % len(NARROW_VIEWS)]


def _axe_faults(page: Page, size: tuple[int, int], scheme: str, *, is_whole: bool) -> list[str]:
    """By default sizes are checked in one scheme: they depend on the screen alone."""
    found = violations(page, always_contrast=is_whole, has_sizes=is_whole or scheme == "dark")
    return [f"{scheme} {size[0]}px {text}" for text in found]


def _fit_faults(page: Page, narrow: tuple[tuple[int, int], str], scheme: str, direction: str) -> list[str]:
    size, text_size = narrow
    _set_viewport(page, size, scheme)
    texts = page.evaluate(NARROW_AND_LARGE, [text_size, direction])
    return [f"{direction} {size[0]}px, text {text_size} sticks out: {text}" for text in texts]


def _long_word_faults(page: Page, size: tuple[int, int], media: str) -> list[str]:
    """What sticks out with long names: on a screen, on a phone, or on paper."""
    texts = page.evaluate(WITH_LONG_NAMES, NAME)
    return [f"{media} {size[0]}px, long names stick out: {text}" for text in texts]
