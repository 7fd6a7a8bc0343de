/* Progressive enhancement of selecting: all or none, and how many are selected. Without it the checkboxes and buttons work. */
(() => {
  "use strict";
  const boxes = (name) => [...document.querySelectorAll(`input[form=batch][name=${name}]`)];
  let plain = "";
  const kept = new Map(); // what is selected, and left out of the list by the filter
  const keyOf = ({ name, value }) => `${name} ${value}`;

  const remember = () => {
    for (const box of document.querySelectorAll("input[form=batch]")) {
      if (box.checked) kept.set(keyOf(box), { name: box.name, value: box.value });
    }
  };
  const restore = () => {
    const bar = document.getElementById("batch");
    for (const box of document.querySelectorAll("input[form=batch]")) {
      if (kept.delete(keyOf(box))) box.checked = true;
    }
    bar?.querySelectorAll("[data-kept]").forEach((one) => one.remove());
    for (const one of kept.values()) {
      const input = Object.assign(document.createElement("input"), { type: "hidden", ...one });
      input.dataset.kept = "";
      bar?.append(input);
    }
  };

  // The list replaces itself, and the bar with it: nothing of it is kept here.
  const show = () => {
    const bar = document.getElementById("batch");
    if (!bar) return "";
    const hint = document.getElementById("batch-hint");
    if (!hint.dataset.shown) plain = hint.textContent;
    let count = kept.size;
    for (const button of bar.querySelectorAll("[data-picks]")) {
      const all = boxes(button.dataset.picks);
      const picked = all.filter((box) => box.checked).length;
      button.hidden = all.length < 2;
      button.setAttribute("aria-pressed", String(all.length > 0 && picked === all.length));
      count += picked;
    }
    hint.dataset.shown = "yes";
    hint.textContent = count ? `${hint.dataset.selected} ${count}` : plain;
    return hint.textContent;
  };
  const tell = () => document.dispatchEvent(new CustomEvent("announce", { detail: { text: show() } }));

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-picks]");
    if (!button) return;
    const picks = button.getAttribute("aria-pressed") !== "true";
    for (const box of boxes(button.dataset.picks)) box.checked = picks;
    tell();
  });
  document.addEventListener("change", (event) => { if (event.target.matches("input[form=batch]")) tell(); });
  document.addEventListener("htmx:beforeSwap", (event) => { if (event.detail.requestConfig.elt.id === "filter") remember(); });
  document.addEventListener("htmx:afterSettle", () => { restore(); show(); });
  addEventListener("pageshow", show);
  show();
})();
