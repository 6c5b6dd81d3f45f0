// How a company's colour will look, shown while it is chosen. Without this file the button asks for it.
"use strict";

document.querySelectorAll("[data-looks]").forEach((button) => {
  const form = button.form;
  let asked = 0;

  // Whoever has to prove again who they are does so by the button.
  const look = async () => {
    const mine = ++asked;
    const body = new FormData(form);
    body.delete("logo");
    const answer = await fetch(button.formAction, { method: "POST", body, redirect: "error" }).catch(() => null);
    if (mine !== asked) return;
    button.hidden = Boolean(answer?.ok);
    const page = answer?.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : document;
    const sights = page.getElementById("sights");
    if (page !== document) document.getElementById("sights").replaceChildren(...sights.children);
    else sights.replaceChildren();
  };

  let resting;
  const soon = () => {
    clearTimeout(resting);
    resting = setTimeout(look, 150);
  };
  ["own_colour", "colour"].forEach((name) => form.elements[name].addEventListener("input", soon));
  button.hidden = true;
});
