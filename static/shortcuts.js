/* Keyboard shortcuts, and the dialogs that they open. A person can switch the keys off; the link in the head of the page still opens the search. */
(() => {
  "use strict";
  const finder = document.getElementById("finder"), list = document.getElementById("shortcuts");
  if (!finder) return; // nobody is signed in
  const field = finder.querySelector("input");
  const opener = document.querySelector("[data-opens-finder]");
  const isOn = document.documentElement.dataset.shortcuts !== "off";
  const isMac = navigator.platform.startsWith("Mac");
  const TYPED = ":is(input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable])";

  const open = (dialog) => {
    if (document.querySelector("dialog[open]")) return;
    if (dialog === list) nameMainAction();
    dialog.showModal();
    if (dialog === finder) field.select();
  };
  // A search is the main action where no other is shown: it may stand in a closed part of the page.
  const findMainAction = () => {
    const all = [...document.querySelectorAll("main [data-main]")];
    const shown = all.filter((one) => one.getClientRects().length > 0 && one.getAttribute("aria-disabled") !== "true");
    const isSearch = (one) => one.dataset.main === "search";
    return shown.find((one) => !isSearch(one)) || all.find(isSearch) || all.find((one) => one.closest("details:not([open])"));
  };
  const labelOf = (action) => {
    const field = action.dataset.main === "search" && firstField(action.form);
    return (field?.labels?.[0] || action).textContent.replace(/\s+/g, " ").trim();
  };
  const firstField = (form) => [...form.elements].find((one) => one.matches(`${TYPED}:not([type=hidden], [readonly], [disabled])`));
  // A link is opened. A form is not sent by one key: the focus goes to its first field, or to its button.
  const pressMainAction = () => {
    const action = findMainAction();
    if (!action) return;
    if (action.closest("details")) action.closest("details").open = true;
    const field = action.type === "submit" && firstField(action.form);
    if (field) field.focus();
    else if (action.type === "submit" && action.form.method === "post") action.focus();
    else action.click();
  };
  const nameMainAction = () => {
    const place = list.querySelector("[data-main-label]"), action = findMainAction();
    place.textContent = action ? labelOf(action) : place.dataset.none;
    place.hidden = false;
  };
  // As Enter in a field does, but also from a text of several lines. Where several buttons are answers to one question, none is
  // pressed for the person: the focus goes to the first one behind the field.
  const send = (field) => {
    const { form } = field;
    const buttons = [...form.elements].filter((one) => one.type === "submit");
    const answers = buttons.filter(({ name }) => name && name === buttons[0].name);
    const behind = answers.find((one) => field.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING);
    if (answers.length > 1) (behind || answers[0]).focus();
    else if (buttons.length) buttons[0].click(); else form.requestSubmit();
  };

  // On keyboards of other scripts a letter is known by its place.
  const letterOf = ({ key, code }) => (/^[a-z]$/i.test(key) ? key.toLowerCase() : code.replace("Key", "").toLowerCase());
  const act = (event) => {
    const command = isMac ? event.metaKey : event.ctrlKey;
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.target.matches(TYPED)) {
      const { form } = event.target;
      return command && event.key === "Enter" && form && !form.closest("dialog") ? () => send(event.target) : null;
    }
    if (event.key === "/" && isPlain) return () => open(finder);
    if (event.key === "?" && isPlain) return () => open(list);
    if (letterOf(event) === "k" && command && !event.altKey && !event.shiftKey) return () => open(finder);
    return letterOf(event) === "n" && isPlain && !event.shiftKey && !document.querySelector("dialog[open]") ? pressMainAction : null;
  };
  if (isOn) {
    document.addEventListener("keydown", (event) => {
      const found = !event.defaultPrevented && !event.isComposing && !event.repeat && act(event);
      if (!found) return;
      event.preventDefault();
      found();
    });
    opener.setAttribute("aria-keyshortcuts", isMac ? "/ Meta+K" : "/ Control+K");
    findMainAction()?.setAttribute("aria-keyshortcuts", "n");
  }

  opener.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // in a new tab
    event.preventDefault();
    open(finder);
  });
  document.addEventListener("click", ({ target }) => {
    if (target.closest("[data-closes]") || target.matches("dialog")) target.closest("dialog").close(); // its backdrop counts as the dialog
  });
  finder.addEventListener("click", ({ target }) => {
    if (target.closest("a")) finder.close(); // the link may lead to a place on the same page
  });
  // What is outside an open dialog is neither seen nor read aloud: a search that fails is reported in it too.
  const repeatFailure = () => {
    const words = [...document.querySelectorAll("#failure :is(strong, h1, h2, p)")].map((one) => one.textContent.trim()).join(" ");
    const place = document.getElementById("finder-count");
    if (words && words !== place.textContent) place.textContent = words;
  };
  finder.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) return;
    document.getElementById("finder-results").replaceChildren();
    setTimeout(repeatFailure); // static/answers.js reports it after this event
  });
  finder.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { event.preventDefault(); finder.close(); return; } // browsers only empty the field
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const places = [field, ...finder.querySelectorAll("#finder-results li a")];
    const next = step && places[places.indexOf(document.activeElement) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
})();
