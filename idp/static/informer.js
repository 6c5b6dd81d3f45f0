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
window.addEventListener("pageshow", () => all("form[data-sent]", (form) => delete form.dataset.sent));

// Codes: a pasted "123 456" becomes 123456; the sixth digit sends the form where the page says so.
all("input[inputmode=numeric]", (input) => {
  const wanted = Number(input.dataset.submitAt);
  input.addEventListener("input", () => {
    const digits = input.value.replace(/[\s-]/g, "");
    if (digits !== input.value) input.value = digits;
    if (wanted && digits.length === wanted && /^\d+$/.test(digits)) input.form.requestSubmit();
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

// Long lists: show what contains the words.
all("[data-filter]", (input) => {
  const rows = document.querySelectorAll(`#${input.dataset.filter} > li`);
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase();
    rows.forEach((row) => (row.hidden = !row.textContent.toLowerCase().includes(words)));
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

// A form that only carries values on (response_mode=form_post).
all("form[data-auto-submit]", (form) => form.requestSubmit());
