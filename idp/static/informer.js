// Small comforts. Every page works without this file.
"use strict";

const all = (selector, act) => document.querySelectorAll(selector).forEach(act);

// What only makes sense with script is hidden in the page and shown here.
all("[data-with-script]", (element) => (element.hidden = false));

// A second press of the button, or of Enter, while the first is under way does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) all("form[data-sent]", (form) => delete form.dataset.sent);
});

// A wrong answer is a page of its own to Back and Reload, not a form to be sent once more.
all("main[data-step] [role=alert]", () => history.replaceState(null, "", location.href));

// Codes: a pasted "123 456" becomes 123456; the sixth digit sends the form where the page says so. Whoever takes a digit
// back sends the form themselves, unless they begin anew.
all("input[inputmode=numeric]", (input) => {
  const wanted = Number(input.dataset.submitAt);
  let corrected = false;
  input.addEventListener("input", (event) => {
    const digits = input.value.replace(/[\s\p{Pd}]/gu, "");
    if (digits !== input.value) input.value = digits;
    corrected = digits !== "" && (corrected || (event.inputType ?? "").startsWith("delete"));
    if (wanted && !corrected && digits.length === wanted && /^\d+$/.test(digits)) input.form.requestSubmit();
  });
});

// Passwords: show what was typed, and say when caps lock is on.
all("[data-show]", (button) => {
  const input = document.getElementById(button.dataset.show);
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    input.focus();
  });
  input.form.addEventListener("submit", () => (input.type = "password"));
});
all("[data-caps-for]", (hint) => {
  const input = document.getElementById(hint.dataset.capsFor);
  const look = (event) => (hint.hidden = !event.getModifierState?.("CapsLock"));
  ["keydown", "keyup", "mousedown"].forEach((kind) => input.addEventListener(kind, look));
  input.addEventListener("blur", () => (hint.hidden = true));
});

// Passkeys (WebAuthn): the form has the options of the ceremony; its answer goes into the form, which is then sent.
const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const withBytes = (credential) => ({ ...credential, id: bytes(credential.id) });

const ceremonies = {
  create: (options) => ({
    ...options,
    challenge: bytes(options.challenge),
    user: withBytes(options.user),
    excludeCredentials: (options.excludeCredentials ?? []).map(withBytes),
  }),
  get: (options) => ({
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: (options.allowCredentials ?? []).map(withBytes),
  }),
};
const answers = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];

function asJson(credential) {
  const given = answers.filter((name) => credential.response[name]);
  const response = Object.fromEntries(given.map((name) => [name, text(credential.response[name])]));
  response.transports = credential.response.getTransports?.();
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
}

let waiting = null; // the browser's own list of passkeys at the username, until the button is pressed

async function perform(form, extra) {
  const publicKey = ceremonies[form.dataset.passkey](JSON.parse(form.dataset.options));
  waiting?.abort();
  waiting = new AbortController();
  const credential = await navigator.credentials[form.dataset.passkey]({ publicKey, signal: waiting.signal, ...extra });
  form.elements.passkey.value = asJson(credential);
  form.requestSubmit();
}

if (window.PublicKeyCredential) {
  all("[data-with-passkeys]", (element) => (element.hidden = false));
  all("form[data-passkey]", (form) => {
    const failed = form.querySelector("[data-passkey-failed]");
    form.addEventListener("submit", (event) => {
      if (form.elements.passkey.value) return;
      event.preventDefault();
      event.stopPropagation();
      failed.hidden = true;
      perform(form).catch(() => (failed.hidden = false));
    });
    window.addEventListener("pageshow", () => (form.elements.passkey.value = ""));
    if ("passkeyAtUsername" in form.dataset)
      PublicKeyCredential.isConditionalMediationAvailable?.().then((available) => {
        if (available && !waiting) perform(form, { mediation: "conditional" }).catch(() => {});
      });
  });
}

// How strong a new password looks, while it is typed. What is common or leaked only the server knows, and says.
all("[data-strength-of]", (shown) => {
  const input = document.getElementById(shown.dataset.strengthOf);
  const { shortest, short, fair, strong } = shown.dataset;
  input.addEventListener("input", () => {
    const signs = [...input.value];
    const share = signs.filter((sign, at) => sign !== signs[at - 1]).length * 5;
    const enough = signs.length >= Number(shortest);
    shown.querySelector("meter").hidden = !signs.length;
    shown.querySelector("meter").value = enough ? Math.max(share, 50) : Math.min(share, 49);
    const words = enough ? (share < 80 ? fair : strong) : short;
    shown.querySelector("[role=status]").textContent = signs.length ? words : "";
  });
});

// Copy what is shown once.
all("[data-copy]", (button) => {
  button.addEventListener("click", async () => {
    const shown = document.getElementById(button.dataset.copy);
    const rows = shown.children.length ? [...shown.children] : [shown];
    await navigator.clipboard.writeText(rows.map((row) => row.textContent.trim()).join("\n"));
    button.textContent = button.dataset.copied;
  });
});

// Long work: how far it is, without a jump of the page; what is over, or asks for a login, is loaded as a page.
all("[data-look-again]", (shown) => {
  const again = () => setTimeout(look, 2000);
  const look = async () => {
    if (document.hidden) return again();
    const answer = await fetch(location.href, { redirect: "manual" }).catch(() => null);
    if (answer?.type === "opaqueredirect") return location.reload();
    if (!answer?.ok) return again();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = page.getElementById(shown.id);
    if (!now || !("lookAgain" in now.dataset)) return location.reload();
    shown.replaceChildren(...now.childNodes);
    again();
  };
  again();
});

// Logged out: go on as soon as every application's frame is loaded; without script the page goes on after a while.
window.addEventListener("load", () => all("a[data-go-on]", (link) => location.replace(link.href)));
