/* Buttons with data-copy copy the text of the element with that id. They are shown only where the browser can copy. */
(() => {
  "use strict";
  if (!navigator.clipboard) return;
  const SHOWN_MS = 2000;
  const show = (root) => {
    for (const button of root.querySelectorAll("button[data-copy][hidden]")) button.hidden = false;
  };
  const confirm = (button) => {
    document.dispatchEvent(new CustomEvent("announce", { detail: { text: button.dataset.copied } }));
    const label = button.querySelector("span");
    if (!label || button.dataset.label) return;
    button.dataset.label = label.textContent;
    label.textContent = button.dataset.copied;
    setTimeout(() => {
      label.textContent = button.dataset.label;
      delete button.dataset.label;
    }, SHOWN_MS);
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    confirm(button);
  });
  document.addEventListener("htmx:afterSwap", () => show(document));
  show(document);
})();
