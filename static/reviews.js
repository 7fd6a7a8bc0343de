/* Going through entries with the keyboard: when one is marked, the focus goes to the next one that has no mark. */
(() => {
  "use strict";
  let sent = "";
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    sent = detail.elt.matches(".review-form") ? detail.elt.closest("tbody").id : "";
  });
  document.addEventListener("htmx:afterSettle", () => {
    const entry = sent && document.getElementById(sent);
    sent = "";
    if (!entry) return;
    const field = entry.querySelector("[aria-invalid=true]");
    const later = [...document.querySelectorAll(".review-entry")].filter((one) => entry.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING);
    const next = later.map((one) => one.querySelector("[data-fine]")).find(Boolean);
    const place = field || (entry.querySelector("[data-fine], [role=alert]") ? entry.querySelector("button") : next) || entry.querySelector("summary, a");
    place?.focus();
  });
})();
