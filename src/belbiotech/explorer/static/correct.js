// The form of a correction, filled in from the link that led here, as a text to copy or send.
"use strict";
(() => {
  const form = document.getElementById("form");
  const text = document.getElementById("text");
  const open = document.getElementById("open");
  const copied = document.getElementById("copied");
  const LINES = {
    version: "Data release", firm: "Firm", fact: "The fact as it stands", page: "Its page",
    right: "What is right", better: "The page that states it",
  };
  const given = new URLSearchParams(location.hash.slice(1));

  for (const name of Object.keys(LINES)) {
    if (given.has(name)) form.elements.namedItem(name).value = given.get(name);
  }
  text.readOnly = true; // put together from the form
  const update = () => {
    text.value = Object.entries(LINES)
      .map(([name, label]) => `${label}: ${form.elements.namedItem(name).value}`)
      .join("\n");
    if (!open) return;
    const fields = new URLSearchParams({ template: "correct-a-fact.yml", title: given.get("title") ?? "Correct a fact" });
    for (const name of Object.keys(LINES)) fields.set(name, form.elements.namedItem(name).value);
    open.search = fields;
  };
  form.addEventListener("input", update);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.value);
      copied.textContent = "Copied.";
    } catch { // no clipboard here, as with some browsers on files from disk
      text.focus();
      text.select();
      copied.textContent = "Selected: copy it with Ctrl+C.";
    }
  });
  update();
})();
