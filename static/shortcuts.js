/* Keyboard shortcuts, and the dialogs that they open. A person can switch the keys off; the link in the head of the page still opens the search. */
(() => {
  "use strict";
  const finder = document.getElementById("finder"), list = document.getElementById("shortcuts");
  if (!finder) return; // nobody is signed in
  const field = finder.querySelector("input");
  const opener = document.querySelector("[data-opens-finder]");
  const isOn = document.documentElement.dataset.shortcuts !== "off";
  const isMac = navigator.platform.startsWith("Mac");
  const TYPED = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

  const open = (dialog) => {
    if (document.querySelector("dialog[open]")) return;
    dialog.showModal();
    if (dialog === finder) field.select();
  };
  const pressMainAction = () => document.querySelector("main [data-main]")?.click();
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
    document.querySelector("main [data-main]")?.setAttribute("aria-keyshortcuts", "n");
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
