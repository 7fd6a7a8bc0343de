/* Shows a new notification in the browser while a page is open. The bell in the navigation asks the portal every 30 seconds. */
(() => {
  "use strict";
  const newest = () => Number(document.getElementById("bell")?.dataset.newest || 0);
  let known = newest();
  const isSupported = "Notification" in window;

  const show = () => {
    const { title } = document.getElementById("bell").dataset;
    if (!title) return;
    document.dispatchEvent(new CustomEvent("announce", { detail: { text: title } }));
    // The tag makes one notification of those of several open pages.
    if (isSupported && Notification.permission === "granted") new Notification("SnapPortal", { body: title, tag: `snapportal-${newest()}` });
  };

  document.addEventListener("htmx:afterSettle", () => {
    if (newest() <= known) return;
    known = newest();
    show();
  });

  const card = document.getElementById("browser-notifications");
  if (card && isSupported && Notification.permission === "default") card.hidden = false;
  document.getElementById("ask-permission")?.addEventListener("click", () => {
    Notification.requestPermission().then((permission) => { card.hidden = permission !== "default"; });
  });
})();
