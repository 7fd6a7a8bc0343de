/* Progressive enhancement of selecting: all or none, and how many are selected. Without it the checkboxes and buttons work. */
(() => {
  "use strict";
  const bar = document.getElementById("batch");
  if (!bar) return;
  const hint = document.getElementById("batch-hint");
  const plain = hint.textContent;
  const boxes = (name) => [...document.querySelectorAll(`input[form=batch][name=${name}]`)];

  const show = () => {
    let count = 0;
    for (const button of bar.querySelectorAll("[data-picks]")) {
      const all = boxes(button.dataset.picks);
      const picked = all.filter((box) => box.checked).length;
      button.hidden = all.length < 2;
      button.setAttribute("aria-pressed", String(all.length > 0 && picked === all.length));
      count += picked;
    }
    const text = count ? `${hint.dataset.selected} ${count}` : plain;
    if (hint.textContent !== text) hint.textContent = text;
  };

  bar.addEventListener("click", (event) => {
    const button = event.target.closest("[data-picks]");
    if (!button) return;
    const picks = button.getAttribute("aria-pressed") !== "true";
    for (const box of boxes(button.dataset.picks)) box.checked = picks;
    show();
  });
  document.addEventListener("change", (event) => { if (event.target.matches("input[form=batch]")) show(); });
  document.addEventListener("htmx:afterSwap", show);
  addEventListener("pageshow", show);
  hint.setAttribute("role", "status");
  show();
})();
