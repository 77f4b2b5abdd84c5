// The sample: filters, counts, sorting, and the chosen rows as a file.
"use strict";
(() => {
  const { sample, csv, nearest, plain, save, sortable } = belbiotech;
  const form = document.getElementById("filters");
  const said = document.getElementById("said");
  const hint = document.getElementById("nearest");
  const table = sortable(document.getElementById("firms"), document.getElementById("more"));
  const selects = [...form.querySelectorAll("select")];
  const names = sample.firms.map((firm) => firm[sample.columns.indexOf("name")]);
  const words = sample.firms.map((firm) => plain(firm.filter((cell) => cell !== null).join(" ")));
  const labels = new Map(
    selects.flatMap((select) => [...select.options].map((option) => [option, option.textContent])),
  );
  const number = (value) => value.toLocaleString("en");

  /** Which firms agree with all that is chosen; `but` leaves one filter out of account. */
  const agree = (but) => {
    const asked = plain(form.elements.q.value.trim()).split(/\s+/).filter(Boolean);
    const wanted = selects
      .filter((select) => select !== but && select.value !== "")
      .map((select) => [sample.traits[select.name], select.value]);
    return words.map(
      (text, k) =>
        asked.every((word) => text.includes(word)) &&
        wanted.every(([trait, value]) => trait[k] === value),
    );
  };

  const countOptions = () => {
    for (const select of selects) {
      const rest = agree(select);
      const counts = new Map();
      sample.traits[select.name].forEach((value, k) => {
        if (rest[k]) counts.set(value, (counts.get(value) ?? 0) + 1);
      });
      for (const option of select.options) {
        const count = option.value === "" ? rest.filter(Boolean).length : counts.get(option.value) ?? 0;
        option.textContent = `${labels.get(option)} (${number(count)})`;
      }
    }
  };

  const sayTotals = (chosen) => {
    for (const entry of document.querySelectorAll("[data-total]")) {
      const name = entry.dataset.total;
      const value = (k) => sample.counts[name]?.[k] ?? Number(sample.traits.exit_kind[k] === name);
      entry.textContent = number(chosen.reduce((sum, here, k) => sum + (here ? value(k) : 0), 0));
    }
  };

  const offerNearest = (none) => {
    const asked = form.elements.q.value.trim();
    const found = none && asked ? nearest(asked, names) : [];
    hint.hidden = !none;
    hint.replaceChildren();
    if (!none) return;
    hint.append(asked ? "No firm matches what you chose. " : "No firm has all of these. ");
    found.forEach(({ name }, k) => {
      const link = document.createElement("a");
      const text = document.createElement("bdi");
      text.textContent = name;
      link.href = `firm/${sample.files[names.indexOf(name)]}.html`;
      link.append(text);
      hint.append(k ? ", " : "Did you mean ", link);
    });
    if (found.length) hint.append("?");
  };

  const remember = () => {
    const told = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
    history.replaceState(null, "", `${location.pathname}${location.search}${told.size ? `#${told}` : ""}`);
  };

  const update = () => {
    const chosen = agree();
    const count = chosen.filter(Boolean).length;
    table.show(chosen);
    said.textContent = `${number(count)}${count === names.length ? "" : ` of ${number(names.length)}`} firms`;
    sayTotals(chosen);
    countOptions();
    offerNearest(count === 0);
  };

  const recall = () => {
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
      const field = form.elements.namedItem(name);
      if (field) field.value = value;
      if (field instanceof HTMLSelectElement && field.selectedIndex < 0) field.value = "";
    }
  };

  form.addEventListener("input", () => { update(); remember(); });
  form.addEventListener("reset", () => setTimeout(() => { update(); remember(); }));
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("download").addEventListener("click", () => {
    const rows = table.shown().map((place) => sample.firms[place]);
    save(csv(sample.columns, rows), `firms-${sample.version}.csv`);
  });
  addEventListener("hashchange", () => { form.reset(); recall(); update(); });
  recall();
  update();
})();
