// Light or dark: as the system says, or as the reader chose. Runs before the first paint.
"use strict";
(() => {
  const root = document.documentElement;
  const asSystem = matchMedia("(prefers-color-scheme: dark)");
  const stored = () => {
    try { return localStorage.getItem("theme"); } catch { return null; } // no storage, no choice kept
  };
  const store = (theme) => {
    try { localStorage.setItem("theme", theme); } catch { /* the choice lasts for this page */ }
  };
  const current = () => root.dataset.theme ?? (asSystem.matches ? "dark" : "light");

  const chosen = stored();
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  root.classList.add("script");

  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const say = () => { button.textContent = current() === "dark" ? "Light" : "Dark"; };
    button.hidden = false;
    say();
    asSystem.addEventListener("change", say);
    button.addEventListener("click", () => {
      root.dataset.theme = current() === "dark" ? "light" : "dark";
      store(root.dataset.theme);
      say();
    });
  });
})();
