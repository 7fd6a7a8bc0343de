/* Leaving the page asks first while the form of an entry has a note that was typed and not sent. */
(() => {
  "use strict";
  let sent = null; // the form that leaves the page itself
  document.addEventListener("submit", (event) => { sent = event.defaultPrevented ? null : event.target; });
  window.addEventListener("beforeunload", (event) => {
    const notes = [...document.querySelectorAll(".review-form textarea")];
    if (notes.some((one) => one.form !== sent && one.value.trim())) event.preventDefault();
    sent = null;
  });
})();
