"""A page without what it repeats, for the time of a check: what a check takes grows with the number of elements."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page

ABRIDGE = """knownIn => {
  const removed = window.abridged = [], parts = [], language = document.documentElement.lang;
  if (document.querySelector("dialog[open]")) return [language, parts];
  const known = knownIn[language] ?? [];
  const TOLD = ["class", "type", "role", "rel", "open", "aria-current", "aria-expanded", "aria-sort", "aria-pressed"];
  const shapes = new Map();
  const number = (text) => {
    let sum = 0;
    for (let at = 0; at < text.length; at++) sum = (Math.imul(sum, 31) + text.charCodeAt(at)) | 0;
    return sum;
  };
  const measure = (element) => {
    const told = [...element.attributes].map(({name, value}) => TOLD.includes(name) ? `${name}=${value}` : name).sort();
    const inner = new Set([...element.children].map(measure));
    shapes.set(element, number(`${element.tagName} ${told} ${[...inner]}`));
    return shapes.get(element);
  };
  const remove = (element) => {
    const place = document.createComment("");
    element.replaceWith(place);
    removed.push([place, element]);
  };
  const isBusy = (element) => element.contains(document.activeElement) || element.selected;
  const thin = (alike) => {
    const rest = alike.slice(2);
    const longest = rest.reduce((one, other) => other.textContent.length > one.textContent.length ? other : one, rest[0]);
    rest.filter((element) => element !== longest && !isBusy(element)).forEach(remove);
  };
  const runs = (parent) => {
    const found = [];
    for (const child of parent.children) {
      const run = found.at(-1);
      if (run && shapes.get(run[0]) === shapes.get(child)) run.push(child);
      else found.push([child]);
    }
    return found;
  };
  const walk = (parent) => {
    if (parent.tagName !== "TR") runs(parent).forEach(thin);
    [...parent.children].forEach(walk);
  };
  measure(document.body);
  for (const part of [...document.body.children]) {
    if (["MAIN", "SCRIPT"].includes(part.tagName) || isBusy(part)) continue;
    parts.push(shapes.get(part));
    if (known.includes(parts.at(-1))) remove(part);
  }
  walk(document.body);
  return [language, parts];
}"""
"""Of a run of siblings of the same shape the first two and the one with the longest text stay. A shape is a tag with its
attributes, the kinds of them that styles and rules read with their values, and the shapes inside. Of the frame around `main`
those parts go whose shape is known. Cells stay, whose columns depend on their number."""
RESTORE = """() => {
  for (const [place, element] of window.abridged.reverse()) place.replaceWith(element);
  delete window.abridged;
}"""

_known: dict[tuple[object, ...], dict[str, list[int]]] = {}
"""For each view and language the shapes of parts of the frame that were checked in it."""


@contextmanager
def abridged(page: Page, *view: object) -> Iterator[None]:
    """Remove from the page what it repeats, and what was in this view of another page already; put it back at the end."""
    known = _known.setdefault(view, {})
    language, parts = page.evaluate(ABRIDGE, known)
    known[language] = sorted({*known.get(language, []), *parts})
    yield
    page.evaluate(RESTORE)
