"""Accessibility of a page, checked by axe in its present size and colour scheme."""

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
STANDARDS = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
OF_THE_WHOLE_PAGE = [
    "accesskeys",
    "aria-valid-attr-value",
    "button-name",
    "bypass",
    "document-title",
    "duplicate-id-aria",
    "heading-order",
    "input-button-name",
    "label",
    "landmark-banner-is-top-level",
    "landmark-contentinfo-is-top-level",
    "landmark-main-is-top-level",
    "landmark-no-duplicate-banner",
    "landmark-no-duplicate-contentinfo",
    "landmark-no-duplicate-main",
    "landmark-one-main",
    "landmark-unique",
    "link-name",
    "page-has-heading-one",
    "region",
    "select-name",
    "skip-link",
    "summary-name",
]
"""Rules about how elements of a page stand to each other, and about names, which come from texts."""
RUN_AXE = """async ([standards, hasContrast]) => {
  window.scrollTo(0, 0);
  const options = {runOnly: standards, resultTypes: ["violations"], rules: {"color-contrast": {enabled: hasContrast}}};
  const quick = await axe.run(document, {...options, selectors: false});
  return quick.violations.length ? (await axe.run(document, options)).violations : [];
}"""
"""Only violations are described and sent: the description of everything that passed took most of the time. At the top of the page
no bar that stays in view lies over anything."""
RUN_AXE_ON_NEW_ELEMENTS = f"""async ([standards, ofTheWholePage, newKinds]) => {{
  window.scrollTo(0, 0);
  const off = Object.fromEntries(["color-contrast", ...ofTheWholePage].map((rule) => [rule, {{enabled: false}}]));
  const options = {{resultTypes: ["violations"], selectors: false}};
  const whole = await axe.run(document, {{...options, runOnly: {{type: "rule", values: ofTheWholePage}}}});
  let found = whole.violations.length;
  const include = [...new Set(newKinds.flatMap((kind) => window.elementsOfKinds.get(kind)))];
  if (include.length) found += (await axe.run({{include}}, {{...options, runOnly: standards, rules: off}})).violations.length;
  return found ? await ({RUN_AXE})([standards, false]) : [];
}}"""
"""The rules of the whole page on all of it, and the others on the elements of the given kinds with what is around each."""
KINDS = """() => {
  const TOLD = ["class", "role", "type", "scope", "tabindex"];
  const IGNORED = /^(data-|hx-|style$|nonce$)/;
  const attribute = ({name, value}) => {
    const isTold = TOLD.includes(name) || (name.startsWith("aria-") && /^[a-z]*$/.test(value));
    return isTold || !value.trim() ? `${name}=${value.trim()}` : name;
  };
  const isText = (node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "";
  const own = new Map();
  const told = (element) => {
    if (element === null) return "";
    if (!own.has(element)) {
      const attributes = [...element.attributes].filter(({name}) => !IGNORED.test(name)).map(attribute).sort();
      const text = [...element.childNodes].some(isText) ? "text" : element.textContent.trim() ? "" : "empty";
      own.set(element, [element.localName, ...attributes, text, element.checkVisibility()].join(" "));
    }
    return own.get(element);
  };
  window.elementsOfKinds = new Map();
  for (const element of document.querySelectorAll(":not(svg *), svg :is([role], [tabindex], a)")) {
    const inside = [...new Set([...element.children].map((child) => child.localName))].sort();
    const kind = `${told(element.parentElement)} > ${told(element)} > ${inside}`;
    if (!window.elementsOfKinds.has(kind)) window.elementsOfKinds.set(kind, []);
    window.elementsOfKinds.get(kind).push(element.parentElement ?? element);
  }
  return [...window.elementsOfKinds.keys()];
}"""
"""The kind of each element: its attributes and what stands around and in it, of which most rules need to know no more. The page
keeps in which element each kind is."""
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
_faultless: set[tuple[int, str]] = set()
"""Widths of the window, and those of `KINDS` that were in it on a page in which axe found nothing."""


def load_axe(page: Page) -> None:
    """Make `axe` known to the page and to those opened later in its context: sending it to each takes a tenth of a second."""
    if page.evaluate("typeof axe") == "undefined":
        page.context.add_init_script(AXE)
        page.evaluate(AXE)


def violations(page: Page, *, everything: bool) -> list[str]:
    """Violations of the standards, at most three elements of each rule.

    Without `everything`, contrast is checked where a text has colours that no page before had, and most other rules on elements
    of kinds that no page before had in this width: they take most of the time.
    """
    width = page.viewport_size["width"]
    colours, kinds = page.evaluate(f"() => [({COLOURS})(), ({KINDS})()]")
    has_contrast = everything or not _sufficient.issuperset(colours)
    if has_contrast:
        found = page.evaluate(RUN_AXE, [STANDARDS, True])
    else:
        new = [kind for kind in kinds if (width, kind) not in _faultless]
        found = page.evaluate(RUN_AXE_ON_NEW_ELEMENTS, [STANDARDS, OF_THE_WHOLE_PAGE, new])
    if has_contrast and "color-contrast" not in {one["id"] for one in found}:
        _sufficient.update(colours)
    if not found:
        _faultless.update((width, kind) for kind in kinds)
    return [
        f"{one['id']}: {node['target']} {node['html'][:160]} {node['failureSummary']}"
        for one in found
        for node in one["nodes"][:3]
    ]
