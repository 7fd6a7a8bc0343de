/* Progressive enhancement: local times, live ages, screen-reader announcements, one submission per form. */
(() => {
  "use strict";
  const lang = document.documentElement.lang || "en";
  const isLanguageSupported = Intl.DateTimeFormat.supportedLocalesOf(lang).length > 0;
  // In the manner of the reader's country. A language that the browser does not know, as Yiddish, gets numbers alone.
  const locale = isLanguageSupported ? navigator.languages.find((one) => one.split("-")[0] === lang) || lang : "he";
  const dateStyle = isLanguageSupported ? "medium" : "short";
  const when = new Intl.DateTimeFormat(locale, { dateStyle, timeStyle: "short" });
  const hour = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "UTC" });
  const dayAndHour = new Intl.DateTimeFormat(locale, { dateStyle, timeStyle: "short", timeZone: "UTC" });
  // As the portal writes times in UTC: its English is not that of the United States.
  const portalTime = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : locale, { dateStyle, timeStyle: "short", timeZone: "UTC" });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const units = [["year", 31536000, 63072000], ["month", 2592000, 5184000], ["day", 86400, 172800], ["hour", 3600, 7200], ["minute", 60, 90], ["second", 1, 0]];
  const ESTIMATE_CAP = 95;
  const ESTIMATE_LEAST = 2;
  // Ages use the portal's clock, because this machine's clock may be wrong.
  const clockAhead = Date.now() - 1000 * Number(document.body.dataset.now);

  const age = (seconds) => {
    const [unit, size] = units.find(([, , from]) => seconds >= from) || units[5];
    return relative.format(-Math.max(0, Math.floor(seconds / size)), unit);
  };

  // A person who has chosen a time zone gets times in it from the portal.
  const localise = (root) => {
    if (document.documentElement.dataset.zone) return;
    for (const time of root.querySelectorAll("time[data-local]")) {
      const moment = new Date(time.dateTime);
      const utc = moment.getDate() === moment.getUTCDate() ? hour : dayAndHour;
      if (moment.getTimezoneOffset() !== 0) time.textContent = `${when.format(moment)} (${utc.format(moment)} UTC)`;
      time.removeAttribute("data-local");
    }
  };

  const tick = () => {
    const now = Date.now() - clockAhead;
    if (isLanguageSupported) {
      for (const time of document.querySelectorAll("time[data-ago]")) {
        const text = age((now - new Date(time.dateTime)) / 1000);
        if (time.textContent !== text) time.textContent = text;
      }
    }
    for (const note of document.querySelectorAll("[data-old-from]")) note.hidden = now < new Date(note.dataset.oldFrom);
    for (const bar of document.querySelectorAll("progress[data-from]")) {
      const from = new Date(bar.dataset.from), until = new Date(bar.dataset.until);
      bar.value = Math.max(ESTIMATE_LEAST, Math.min(ESTIMATE_CAP, (100 * (now - from)) / (until - from)));
    }
  };

  // The result of a check while typing marks the field, and replaces the error that the server rendered.
  const markField = (message) => {
    const input = document.querySelector(`input[hx-target="#${CSS.escape(message.id)}"]`);
    if (!input?.closest(".field")) return;
    input.setAttribute("aria-invalid", message.querySelector(".error") !== null);
    input.closest(".field").classList.remove("has-error");
    input.closest(".field").querySelector(".error")?.remove();
  };

  const announce = (text) => {
    const place = document.getElementById("announcer");
    place.textContent = "";
    setTimeout(() => { place.textContent = text; }, 50);
  };

  const labels = new WeakMap();
  const setBusy = (button, busy) => {
    if (busy) {
      labels.set(button, [...button.childNodes]);
      button.setAttribute("aria-disabled", "true");
      button.replaceChildren(document.getElementById("sending").content.textContent);
    } else if (labels.has(button)) {
      button.replaceChildren(...labels.get(button));
      button.removeAttribute("aria-disabled");
      labels.delete(button);
    }
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if ("download" in form.dataset) return; // a download keeps the page, so the form must stay usable
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    if (event.submitter) setBusy(event.submitter, true);
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      form.querySelectorAll("button[aria-disabled]").forEach((button) => setBusy(button, false));
    }
  });
  document.addEventListener("click", (event) => {
    // Links of a form that is being sent are inactive: the second click of a double click must not hit Cancel.
    const inactive = event.target.closest("a[aria-disabled=true], button[aria-disabled=true], form[data-sent] a");
    if (inactive) event.preventDefault();
  });
  document.addEventListener("announce", (event) => announce(event.detail.text || event.detail.value || ""));
  document.addEventListener("htmx:afterSwap", (event) => {
    localise(document);
    tick();
    markField(event.target);
  });

  addEventListener("beforeprint", () => {
    for (const time of document.querySelectorAll("time[data-printed]")) {
      time.dateTime = new Date().toISOString();
      const isUtc = time.dataset.printed === "utc";
      if (!isUtc) time.dataset.local = "";
      time.textContent = `${(isUtc ? portalTime : dayAndHour).format(new Date())} UTC`;
    }
    localise(document);
  });

  localise(document);
  tick();
  document.querySelector("[aria-invalid=true]")?.focus();
  setInterval(tick, 1000);
  document.addEventListener("confirmed", tick);
})();
