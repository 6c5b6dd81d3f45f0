// What is wrong with the addresses of an application, said while they are typed. The server says the same without this file.
"use strict";

document.querySelectorAll("[data-checked-by]").forEach((area) => {
  const form = area.form;
  const shown = document.getElementById(`${area.id}-wrong`);
  let asked = 0;

  const show = (sentences) => {
    const rows = sentences.map((sentence) => Object.assign(document.createElement("p"), { textContent: sentence }));
    shown.replaceChildren(...rows);
    if (rows.length) area.setAttribute("aria-invalid", "true");
    else area.removeAttribute("aria-invalid");
  };

  // Whoever is not logged in any more is asked to when the form is sent, not here.
  const check = async () => {
    const mine = ++asked;
    const request = { method: "POST", body: new FormData(form), redirect: "error" };
    const answer = await fetch(area.dataset.checkedBy, request).catch(() => null);
    if (mine === asked && answer?.ok) show((await answer.json())[area.name]);
  };

  area.addEventListener("change", check);
  area.addEventListener("paste", () => setTimeout(check));
  area.addEventListener("input", (event) => {
    if (event.inputType === "insertLineBreak" || shown.children.length) check();
  });
  form.querySelectorAll("[name=kind]").forEach((kind) => kind.addEventListener("change", () => area.value && check()));
});
