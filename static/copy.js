/* Progressive enhancement: buttons with data-copy copy the text of the element with that ID. Without it the text can be selected. */
(() => {
  "use strict";
  const SHOWN_MS = 4000;
  const textOf = (element) => ("value" in element ? element.value : element.textContent);
  const selectAll = (element) => {
    if ("select" in element) element.select();
    else getSelection().selectAllChildren(element);
  };

  const copy = async (button) => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(textOf(source));
    } catch { // not allowed, or the page did not come over https: the person copies what is selected
      selectAll(source);
      return;
    }
    const label = button.dataset.label ??= button.textContent;
    button.textContent = button.dataset.copied;
    document.dispatchEvent(new CustomEvent("announce", { detail: { text: button.dataset.copied } }));
    setTimeout(() => { button.textContent = label; }, SHOWN_MS);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
})();
