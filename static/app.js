/* Small comforts on top of pages that work without them: local times, ages that count, spoken news, one submit a form. */
(() => {
  "use strict";
  const lang = document.documentElement.lang || "en";
  const known = Intl.DateTimeFormat.supportedLocalesOf(lang).length > 0;
  const when = new Intl.DateTimeFormat(known ? lang : undefined, { dateStyle: "medium", timeStyle: "short" });
  const hour = new Intl.DateTimeFormat(known ? lang : undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "UTC" });
  const dayAndHour = new Intl.DateTimeFormat(known ? lang : undefined, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });
  const relative = new Intl.RelativeTimeFormat(known ? lang : undefined, { numeric: "auto" });
  const units = [["year", 31536000, 63072000], ["month", 2592000, 5184000], ["day", 86400, 172800], ["hour", 3600, 7200], ["minute", 60, 120], ["second", 1, 0]];
  const ESTIMATE_CAP = 95;
  const ESTIMATE_LEAST = 2;
  const LOOK_MS = 60000;
  // Ages are counted by the portal's clock: this machine's may be wrong.
  const clockAhead = Date.now() - 1000 * Number(document.body.dataset.now);

  const age = (seconds) => {
    const [unit, size] = units.find(([, , from]) => seconds >= from) || units[5];
    return relative.format(-Math.max(0, Math.floor(seconds / size)), unit);
  };

  const localise = (root) => {
    for (const time of root.querySelectorAll("time[data-local]")) {
      const moment = new Date(time.dateTime);
      const utc = moment.getDate() === moment.getUTCDate() ? hour : dayAndHour;
      if (moment.getTimezoneOffset() !== 0) time.textContent = `${when.format(moment)} (${utc.format(moment)} UTC)`;
      time.removeAttribute("data-local");
    }
  };

  const tick = () => {
    const now = Date.now() - clockAhead;
    if (known) {
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

  // What rests is looked at again now and then, for as long as somebody can see it.
  let lookedAt = Date.now();
  const look = () => {
    if (document.hidden || Date.now() - lookedAt < LOOK_MS) return;
    lookedAt = Date.now();
    for (const place of document.querySelectorAll("[data-looks]")) place.dispatchEvent(new Event("look"));
  };

  // What was said beside a field while it was typed in holds for the field, and takes the place of what was said before.
  const judge = (verdict) => {
    const input = document.querySelector(`input[hx-target="#${CSS.escape(verdict.id)}"]`);
    if (!input) return;
    input.setAttribute("aria-invalid", verdict.querySelector(".error") !== null);
    input.closest(".field").classList.remove("has-error");
    input.closest(".field").querySelector(".error")?.remove();
  };

  const announce = (text) => {
    const place = document.getElementById("announcer");
    place.textContent = "";
    setTimeout(() => { place.textContent = text; }, 50);
  };

  const labels = new WeakMap();
  const settle = (button, busy) => {
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
    if ("download" in form.dataset) return; // the page stays, so the form must stay usable
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    if (event.submitter) settle(event.submitter, true);
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      form.querySelectorAll("button[aria-disabled]").forEach((button) => settle(button, false));
    }
  });
  document.addEventListener("click", (event) => {
    // While a form is being sent its links are dead: the second half of a double click must not land on Cancel.
    const off = event.target.closest("a[aria-disabled=true], button[aria-disabled=true], form[data-sent] a");
    if (off) event.preventDefault();
  });
  document.addEventListener("announce", (event) => announce(event.detail.text || event.detail.value || ""));
  document.addEventListener("htmx:afterSwap", (event) => {
    localise(document);
    tick();
    judge(event.target);
  });

  addEventListener("beforeprint", () => {
    for (const time of document.querySelectorAll("time[data-printed]")) {
      time.dateTime = new Date().toISOString();
      time.dataset.local = "";
      time.textContent = `${dayAndHour.format(new Date())} UTC`;
    }
    localise(document);
  });

  localise(document);
  tick();
  document.querySelector("[aria-invalid=true]")?.focus();
  setInterval(() => { tick(); look(); }, 1000);
  document.addEventListener("visibilitychange", look);
})();
