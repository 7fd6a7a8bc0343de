/* Pages that show what changed without being loaded again (views/live_pages.py). */
(() => {
  "use strict";
  // The answer is the whole page as it is now. What a person did to this one stays.
  const FIELDS = "input, select, textarea";
  Idiomorph.defaults.callbacks.beforeNodeMorphed = (node) => !(node === document.activeElement && node.matches(FIELDS));
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) => !(name === "open" && element.matches("details"));

  const isEdited = (field) => {
    if (field.type === "hidden" || field.matches("button")) return false;
    if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
    if (!field.matches("select")) return field.value !== field.defaultValue;
    const chosen = [...field.options].findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(chosen, 0);
  };
  const isInUse = (page) => {
    if (page.querySelector("form[data-sent]")) return true;
    if (page.contains(document.activeElement) && document.activeElement.matches(FIELDS)) return true;
    return [...page.querySelectorAll(FIELDS)].some(isEdited);
  };
  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt } = event.detail;
    if (elt.id === "live" && isInUse(elt)) event.preventDefault();
  });

  // Rows move, and an element may be used for another row's: the focus belongs to what it leads to.
  let focused = null;
  const find = (page) => {
    const { name, value } = focused;
    return [...page.querySelectorAll(`[${name}]`)].find((element) => element.getAttribute(name) === value);
  };
  document.addEventListener("htmx:beforeSwap", (event) => {
    const place = event.target.id === "live" && document.activeElement.closest("#live a[href], #live form[action]");
    const name = place && (place.matches("a") ? "href" : "action");
    focused = place ? { name, value: place.getAttribute(name) } : null;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!focused || event.target.id !== "live") return;
    const place = find(event.target);
    if (place && !place.contains(document.activeElement)) (place.querySelector("button") || place).focus({ preventScroll: true });
  });

  // A page around an element that polls asks only when that element shows something new.
  document.addEventListener("htmx:afterSwap", (event) => {
    const page = document.querySelector("#live:not([data-looks])");
    if (page && event.target !== page && page.contains(event.target)) page.dispatchEvent(new Event("look"));
  });
})();
