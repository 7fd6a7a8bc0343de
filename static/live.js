/* Pages that show what changed without being loaded again (views/live_pages.py). */
(() => {
  "use strict";
  // What a person did to the page stays: opened parts, and fields with the focus or another value than they were made with.
  const FIELDS = "input, select, textarea";
  const isEdited = (field) => {
    if (field.type === "hidden" || !field.matches(FIELDS)) return false;
    if (field === document.activeElement) return true;
    if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
    if (!field.matches("select")) return field.value !== field.defaultValue;
    const chosen = [...field.options].findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(chosen, 0);
  };
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) => {
    if (name === "open" && element.matches("details")) return false;
    if (!["value", "checked", "selected"].includes(name)) return true;
    return !isEdited(element.closest("select") || element);
  };

  // A form that is being sent is not replaced: its button must stay inactive.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, serverResponse } = event.detail;
    if (target.id === "live" && target.querySelector("form[data-sent]")) event.detail.shouldSwap = false;
    // The same error is not inserted twice: it would be read aloud again.
    const words = target.id === "failure" && new DOMParser().parseFromString(serverResponse, "text/html").body.textContent.trim();
    if (words && words === target.textContent.trim()) event.detail.shouldSwap = false;
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
