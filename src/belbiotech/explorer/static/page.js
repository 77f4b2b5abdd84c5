// What several pages share: search, choices kept in the address, and files.
"use strict";
globalThis.belbiotech ??= {};
(() => {
  /** Text without case and accents, so that "universite" finds "Université". */
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  /** Words that are nearest to one that nothing matches, by shared pairs of letters. */
  const nearest = (wanted, names, most = 3) => {
    const pairs = (text) => {
      const padded = ` ${plain(text)} `;
      return new Set([...padded].slice(1).map((letter, k) => [...padded][k] + letter));
    };
    const asked = pairs(wanted);
    const likeness = (name) => {
      const other = pairs(name);
      const shared = [...asked].filter((pair) => other.has(pair)).length;
      return (2 * shared) / (asked.size + other.size);
    };
    return [...new Set(names)]
      .map((name, place) => ({ name, place, like: likeness(name) }))
      .sort((a, b) => b.like - a.like)
      .slice(0, most)
      .filter((found) => found.like > 0.2);
  };

  /** Keep a form's choices in the address, so that it can be sent to others. */
  const remember = (form) => {
    const told = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
    const here = `${location.pathname}${location.search}`;
    history.replaceState(null, "", told.size ? `${here}#${told}` : here);
  };

  /** Take the choices of the address; what the form does not know is left out. */
  const recall = (form) => {
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
      const field = form.elements.namedItem(name);
      if (!field || (field.type === "range" && !/^-?\d+$/.test(value))) continue;
      const before = field.value;
      field.value = value;
      if (field instanceof HTMLSelectElement && field.selectedIndex < 0) field.value = before;
    }
  };

  /** Update a page with its form: now, when it changes, and when the address does. */
  const follow = (form, update) => {
    const changed = () => {
      update();
      remember(form);
    };
    form.addEventListener("input", changed);
    form.addEventListener("reset", () => setTimeout(changed));
    form.addEventListener("submit", (event) => event.preventDefault());
    addEventListener("hashchange", () => {
      const hash = location.hash;
      form.reset();
      history.replaceState(null, "", hash || location.pathname);
      recall(form);
      update();
    });
    recall(form);
    update();
  };

  /** Rows of values as CSV, for a spreadsheet or a statistics program. */
  const csv = (columns, rows) => {
    const cell = (value) => {
      const text = value === null || value === undefined ? "" : String(value);
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    return [columns, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
  };

  /** Offer a text as a file; nothing leaves the machine. */
  const save = (text, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv;charset=utf-8" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  Object.assign(belbiotech, { csv, follow, nearest, plain, remember, save });
})();
