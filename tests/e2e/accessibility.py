"""Accessibility of a page, checked by axe in its present size and colour scheme."""

from pathlib import Path
from weakref import WeakSet

import axe_playwright_python
from playwright.sync_api import BrowserContext, Page

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
STANDARDS = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
RUN_AXE = """async ([standards, hasContrast, hasSizes]) => {
  window.scrollTo(0, 0);
  const rules = {"color-contrast": {enabled: hasContrast}, "target-size": {enabled: hasSizes}};
  const options = {runOnly: standards, resultTypes: ["violations"], rules};
  const quick = await axe.run(document, {...options, selectors: false});
  return quick.violations.length ? (await axe.run(document, options)).violations : [];
}"""
"""Only violations are described and sent: the description of everything that passed took most of the time. At the top of the page
no bar that stays in view lies over anything."""
COLOURS = """() => {
  const known = new Map([[null, ["", ""]]]);
  const around = (element) => {
    if (!known.has(element)) {
      const [outer, fading] = around(element.parentElement);
      const {backgroundColor, backgroundImage, opacity} = getComputedStyle(element);
      const own = backgroundImage === "none" ? backgroundColor : `${backgroundColor} ${backgroundImage}`;
      const isOpaque = own.startsWith("rgb(");
      const behind = isOpaque ? own : own === "rgba(0, 0, 0, 0)" ? outer : `${outer} ${own}`;
      known.set(element, [behind, opacity === "1" ? fading : `${fading} ${opacity}`]);
    }
    return known.get(element);
  };
  const isText = (node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "";
  const found = new Set();
  for (const element of document.body.querySelectorAll("*")) {
    if (!element.matches("input, select, textarea") && ![...element.childNodes].some(isText)) continue;
    const {color, fontSize, fontWeight} = getComputedStyle(element);
    const isLarge = parseFloat(fontSize) >= (Number(fontWeight) >= 700 ? 18.67 : 24);
    found.add(`${color} on ${around(element).join(" faded ")} ${isLarge}`);
  }
  return [...found];
}"""
"""Each text's colour, the backgrounds behind it, and whether it is large in the sense of WCAG 1.4.3. Whether its contrast is
sufficient depends on nothing else, apart from elements that lie over each other."""

_sufficient: set[str] = set()
"""Those of `COLOURS` that were on a page whose contrast axe found sufficient."""


_with_axe: WeakSet[BrowserContext] = WeakSet()


def load_axe(page: Page) -> None:
    """Make `axe` known to the page and to what is loaded later in its context: sending it each time takes a tenth of a second."""
    if page.context not in _with_axe:
        page.context.add_init_script(AXE)
        page.evaluate(AXE)
        _with_axe.add(page.context)


def violations(page: Page, *, always_contrast: bool, has_sizes: bool) -> list[str]:
    """Violations of the standards, at most three elements of each rule.

    Contrast takes half of the time: without `always_contrast` it is checked where a text has colours that no page before had.
    Of the rest a third is for the sizes of what can be clicked, which are checked if `has_sizes`.
    """
    colours = set(page.evaluate(COLOURS))
    has_contrast = always_contrast or not colours <= _sufficient
    found = page.evaluate(RUN_AXE, [STANDARDS, has_contrast, has_sizes])
    if has_contrast and "color-contrast" not in {one["id"] for one in found}:
        _sufficient.update(colours)
    return [
        f"{one['id']}: {node['target']} {node['html'][:160]} {node['failureSummary']}"
        for one in found
        for node in one["nodes"][:3]
    ]
