/* Forms with data-passkey: the browser makes or uses a passkey, and its answer is sent with the form. */
(() => {
  "use strict";
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const withBytes = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const make = async ({ publicKey }) => {
    const user = { ...publicKey.user, id: bytes(publicKey.user.id) };
    const options = { ...publicKey, user, challenge: bytes(publicKey.challenge), excludeCredentials: withBytes(publicKey.excludeCredentials) };
    const made = await navigator.credentials.create({ publicKey: options });
    const { clientDataJSON, attestationObject } = made.response;
    return { id: made.id, rawId: text(made.rawId), type: made.type, clientExtensionResults: {}, response: { clientDataJSON: text(clientDataJSON), attestationObject: text(attestationObject) } };
  };

  const use = async ({ publicKey }) => {
    const options = { ...publicKey, challenge: bytes(publicKey.challenge), allowCredentials: withBytes(publicKey.allowCredentials) };
    const used = await navigator.credentials.get({ publicKey: options });
    const { clientDataJSON, authenticatorData, signature, userHandle } = used.response;
    const response = { clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData), signature: text(signature) };
    if (userHandle?.byteLength) response.userHandle = text(userHandle);
    return { id: used.id, rawId: text(used.rawId), type: used.type, clientExtensionResults: {}, response };
  };

  const ask = async (form) => {
    const answer = await fetch(form.dataset.options, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`options: ${answer.status}`);
    const options = await answer.json();
    return JSON.stringify(await (form.dataset.passkey === "new" ? make(options) : use(options)));
  };

  const say = (form, message) => {
    const place = form.querySelector("[data-passkey-error]");
    place.textContent = message;
    place.hidden = !message;
  };
  const messageOf = (form, error) => {
    const words = form.querySelector("[data-passkey-words]").dataset;
    if (error.name === "NotAllowedError") return words.cancelled;
    return error.name === "InvalidStateError" ? words.known : words.failed;
  };

  const prepare = (form) => {
    const field = form.querySelector("[data-passkey-answer]");
    const button = form.querySelector("[data-passkey-button]");
    const hint = form.querySelector("[data-passkey-hint]");
    if (!window.PublicKeyCredential) {
      if (hint) hint.textContent = form.querySelector("[data-passkey-words]").dataset.unsupported;
      return;
    }
    form.hidden = button.hidden = false;
    if (hint) hint.hidden = true;
    form.addEventListener("submit", async (event) => {
      if (field.value) return;
      event.preventDefault();
      if (form.dataset.asking) return;
      form.dataset.asking = "yes";
      button.setAttribute("aria-disabled", "true");
      say(form, "");
      try {
        field.value = await ask(form);
      } catch (error) {
        say(form, messageOf(form, error));
      }
      delete form.dataset.asking;
      button.removeAttribute("aria-disabled");
      if (field.value) form.requestSubmit(button);
    });
  };

  addEventListener("pageshow", () => {
    for (const field of document.querySelectorAll("[data-passkey-answer]")) field.value = "";
  });
  document.querySelectorAll("form[data-passkey]").forEach(prepare);
})();
