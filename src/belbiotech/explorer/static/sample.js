// The sample: filters, counts, sorting, and the chosen rows as a file.
"use strict";
(() => {
  const { sample, csv, follow, nearest, plain, save, sortable } = belbiotech;
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

  /**
   * How many of the filters each firm fails, and the last one it fails; the search is one more.
   * A firm that fails none is chosen; one that fails one alone would be, without that filter.
   */
  const failed = () => {
    const asked = plain(form.elements.q.value.trim()).split(/\s+/).filter(Boolean);
    const count = words.map((text) => (asked.every((word) => text.includes(word)) ? 0 : 1));
    const last = words.map(() => null);
    for (const select of selects.filter(({ value }) => value !== "")) {
      const trait = sample.traits[select.name];
      trait.forEach((value, k) => {
        if (value === select.value) return;
        count[k] += 1;
        last[k] = select;
      });
    }
    return { count, last };
  };

  /** Say beside each choice how many firms it would leave, with the other choices as they are. */
  const countOptions = ({ count, last }) => {
    for (const select of selects) {
      const counts = new Map([["", 0]]);
      sample.traits[select.name].forEach((value, k) => {
        if (count[k] > 1 || (count[k] === 1 && last[k] !== select)) return;
        counts.set(value, (counts.get(value) ?? 0) + 1);
        counts.set("", counts.get("") + 1);
      });
      for (const option of select.options) {
        const text = `${labels.get(option)} (${number(counts.get(option.value) ?? 0)})`;
        if (option.textContent !== text) option.textContent = text;
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

  const update = () => {
    const found = failed();
    const chosen = found.count.map((fails) => fails === 0);
    const count = chosen.filter(Boolean).length;
    table.show(chosen);
    said.textContent = `${number(count)}${count === names.length ? "" : ` of ${number(names.length)}`} ${names.length === 1 ? "firm" : "firms"}`;
    sayTotals(chosen);
    countOptions(found);
    offerNearest(count === 0);
  };

  document.getElementById("download").addEventListener("click", () => {
    const rows = table.shown().map((place) => sample.firms[place]);
    save(csv(sample.columns, rows), `firms-${sample.version}.csv`);
  });
  addEventListener("hashchange", () => { form.reset(); recall(); update(); });
  follow(form, update);
})();
