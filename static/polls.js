/* Polls: which version an element shows, when it is asked for again, and what an answer without content means. */
(() => {
  "use strict";
  const REFRESH_MS = 5000;
  const RETRY_MS = 2000;
  const OLD_AFTER_MS = 120000; // views/cards.py: OLD_AFTER

  // While the version that an element shows is still true, the portal answers 204 and makes nothing (views/polls.py).
  const POLLED = "[hx-trigger^=every], [data-looks], [data-version]";
  document.addEventListener("htmx:configRequest", (event) => {
    const { elt, headers, triggeringEvent, verb } = event.detail;
    // A timer that outlived what a look of the whole list replaced: its answer would replace the list around the element.
    if (verb === "get" && !triggeringEvent && !elt.hasAttribute("hx-get") && elt.closest("[hx-get]")) {
      event.preventDefault();
      return;
    }
    if (document.body.dataset.look) headers["X-Look"] = document.body.dataset.look; // a part of a page looks as the page does
    if (elt.matches(`${POLLED}, dialog *`) && document.body.dataset.session) headers["X-Session"] = document.body.dataset.session;
    if (elt.matches(POLLED)) headers["X-Version"] = elt.dataset.version || "none";
  });

  // The lists were confirmed again and are as they were: only their age changes.
  const confirm = (element, moment) => {
    for (const time of element.querySelectorAll("[data-confirmed] time")) time.dateTime = moment;
    const old = new Date(new Date(moment).getTime() + OLD_AFTER_MS).toISOString();
    for (const note of element.querySelectorAll("[data-old-from]")) note.dataset.oldFrom = old;
    element.dispatchEvent(new Event("confirmed", { bubbles: true }));
  };
  document.addEventListener("htmx:afterRequest", (event) => {
    const { elt, xhr } = event.detail;
    const moment = xhr.status === 204 && xhr.getResponseHeader("X-Confirmed");
    if (moment) confirm(elt, moment);
  });

  // A tab that nobody sees asks for nothing but notifications, which it shows; it asks at once when it is seen again.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.detail.elt.matches("[hx-trigger^=every]:not(#bell), [data-looks]")) event.preventDefault();
  });
  let refreshedAt = Date.now();
  const refreshIfDue = () => {
    if (document.hidden || Date.now() - refreshedAt < REFRESH_MS) return;
    refreshedAt = Date.now();
    for (const place of document.querySelectorAll("[data-looks]")) place.dispatchEvent(new Event("look"));
  };
  setInterval(refreshIfDue, 1000);

  // The first look that gets no answer is soon made again: behind a proxy another node takes over.
  let hasFailed = false;
  document.addEventListener("htmx:sendError", () => {
    if (!hasFailed) refreshedAt = Date.now() - REFRESH_MS + RETRY_MS;
    hasFailed = true;
  });
  document.addEventListener("htmx:afterOnLoad", () => { hasFailed = false; });
  document.addEventListener("visibilitychange", refreshIfDue);
})();
