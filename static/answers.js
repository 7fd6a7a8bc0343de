/* Which answers htmx may use: those with the portal's header. Any other is reported in the page's own words and asked for again. */
(() => {
  "use strict";
  const HEADER = "X-SnapPortal"; // HeadersMiddleware sets it on every answer
  const GATEWAY_STATUSES = new Set([502, 503, 504]); // what a proxy says when the portal gives no answer
  const RETRY_MS = 10000;
  const place = document.getElementById("failure");

  // `kind` is the id of a <template> in base.html. The same banner is not inserted twice: it would be read aloud again.
  const report = (kind) => {
    if (place.firstElementChild?.dataset.kind === kind) return;
    const banner = document.getElementById(kind).content.cloneNode(true);
    banner.firstElementChild.dataset.kind = kind;
    place.replaceChildren(banner);
  };

  const refuse = (event) => {
    const { xhr } = event.detail;
    if (xhr.getResponseHeader(HEADER)) return;
    event.preventDefault();
    report(GATEWAY_STATUSES.has(xhr.status) ? "unanswered" : "interposed");
  };
  // Before any header of the answer is obeyed; at the element, because one that was replaced meanwhile has no document to bubble to.
  document.addEventListener("htmx:beforeRequest", (event) => event.detail.elt.addEventListener("htmx:beforeOnLoad", refuse));

  // A redirect to another site is blocked by the Content-Security-Policy; without this it would look like a broken connection.
  document.addEventListener("securitypolicyviolation", (event) => {
    if (event.effectiveDirective === "connect-src") report("interposed");
  });
  const lose = () => { if (!place.hasChildNodes()) report("offline"); };
  document.addEventListener("htmx:sendError", lose);
  document.addEventListener("htmx:timeout", lose);
  document.addEventListener("session-ended", () => report("ended"));

  // What the portal itself refused stays reported until it succeeds, whatever else succeeds meanwhile.
  const failing = new Set();
  const note = (element, xhr, hasSucceeded) => {
    if (hasSucceeded) failing.delete(element.id);
    else if (xhr.status >= 400 && xhr.getResponseHeader(HEADER)) failing.add(element.id);
    if (!hasSucceeded) return;
    for (const one of failing) if (!document.getElementById(one)) failing.delete(one);
    const hasEnded = place.firstElementChild?.dataset.kind === "ended";
    if (failing.size === 0 && !hasEnded) place.replaceChildren();
  };

  // Elements that poll or rest ask again by themselves; a filter, or a field that is checked while it is typed in, does not.
  const timers = new WeakMap();
  const retry = (element) => {
    timers.set(element, setTimeout(() => {
      if (element.isConnected) htmx.ajax("get", element.getAttribute("hx-get"), { source: element }).catch(() => {});
    }, RETRY_MS));
  };
  document.addEventListener("htmx:afterRequest", (event) => {
    const { elt, target, successful, failed, xhr } = event.detail;
    clearTimeout(timers.get(elt));
    note(elt, xhr, successful);
    if (successful || failed || !elt.matches("[hx-get]:not([hx-trigger^=every], [data-looks])")) return;
    if (elt.matches("input")) { // what was said of an earlier value does not hold for this one
      target.replaceChildren();
      elt.removeAttribute("aria-invalid");
    }
    retry(elt);
  });
})();
