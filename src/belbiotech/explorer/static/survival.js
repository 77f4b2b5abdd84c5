// The page of curves: what is shown, by which groups, of which firm-years.
"use strict";
(() => {
  const { risk, estimates, colour, drawn } = belbiotech;
  const form = document.getElementById("choose");
  const said = document.getElementById("said");
  const notes = document.getElementById("notes");
  const body = document.getElementById("numbers").tBodies[0];
  const MOST_GROUPS = 12;
  const number = (value) => value.toLocaleString("en");
  const title = (name) => risk.outcomes.find((outcome) => outcome.name === name).title;
  let series = [];

  const places = () => {
    const years = form.elements.years.value;
    const only = risk.traits
      .map((trait) => [trait.name, form.elements.namedItem(`only-${trait.name}`)?.value ?? ""])
      .filter(([, value]) => value !== "")
      .map(([name, value]) => [risk.columns[name], Number(value)]);
    return risk.n.map((_, k) => k).filter((k) =>
      (!years || risk.columns[years][k]) && only.every(([column, value]) => column[k] === value));
  };

  /** Groups in the order of their codes: a name, and the places of their rows. */
  const groups = (all) => {
    const trait = risk.traits.find(({ name }) => name === form.elements.by.value);
    if (!trait) return [{ name: "All", places: all }];
    return trait.values
      .map(([, label], code) => ({
        name: label,
        places: all.filter((k) => risk.columns[trait.name][k] === code),
      }))
      .filter((group) => group.places.length);
  };

  const compute = (all) => {
    const [kind, outcome] = form.elements.show.value.split(":");
    return groups(all).flatMap((group, k) => {
      if (kind === "km") {
        const rows = estimates.kaplanMeier(risk, group.places, outcome);
        return [{ group: group.name, curve: `Without ${title(outcome).toLowerCase()}`, rows, k, dash: null, start: 1 }];
      }
      return estimates.cumulativeIncidence(risk, group.places, risk.fates).map((rows, f) => ({
        group: group.name, curve: title(risk.fates[f]), rows, k, dash: f ? "6,4" : null, start: 0,
      }));
    });
  };

  /** What a reader must know: a curve that fell to 0 while others came later. */
  const early = () => series.flatMap(({ group, rows, start }) => {
    const zero = start === 1 ? rows.findIndex((row) => row.estimate === 0) : -1;
    const later = zero < 0 ? [] : rows.slice(zero + 1).filter((row) => row.atRisk > 0);
    if (!later.length) return [];
    const at = rows[zero];
    return [`${group}: the curve falls to 0 at age ${at.time}, where ${at.atRisk === 1 ? "the only one" : `all ${at.atRisk}`} at risk had the event, though others are at risk later. A few early firm-years decide it all.`];
  });

  const cell = (text, kind = "td", className = "") => {
    const made = document.createElement(kind);
    made.textContent = text;
    made.className = className;
    return made;
  };
  const precise = (value) => (Number.isNaN(value) ? "" : String(value));

  const fill = () => {
    body.replaceChildren(...series.flatMap(({ group, curve, rows }) => rows.map((row) => {
      const line = document.createElement("tr");
      line.append(cell(group), cell(curve));
      for (const value of [row.time, row.atRisk, row.events]) line.append(cell(String(value), "td", "n"));
      for (const value of [row.estimate, row.error, row.lower, row.upper]) {
        const made = cell(Number.isNaN(value) ? "" : value.toFixed(4), "td", "n");
        made.dataset.value = precise(value);
        line.append(made);
      }
      return line;
    })));
  };

  const draw = (width) => {
    const stepped = series.flatMap(({ group, curve, rows, k, dash, start }) =>
      [{ time: 0, estimate: start }, ...rows].map((row) => ({ ...row, group, curve, dash, k, id: `${group}\u0000${curve}` })));
    const names = [...new Map(series.map(({ group, k }) => [group, k])).keys()];
    const one = series.length === 1;
    const told = (row) => `${row.group}, ${row.curve.toLowerCase()}\nage ${row.time}: ${row.estimate.toFixed(3)}${row.atRisk === undefined ? "" : `, ${row.atRisk} at risk`}`;
    const fates = [...new Set(series.map(({ curve }) => curve))];
    const ends = fates.length > 1 && names.length === 1
      ? series.map((s) => ({ time: s.rows.at(-1)?.time ?? 0, estimate: s.rows.at(-1)?.estimate ?? 0, text: s.curve, k: s.k }))
      : [];
    return Plot.plot({
      width, height: Math.max(300, Math.min(420, width * 0.55)), marginLeft: 44, marginRight: 16, marginTop: 24, marginBottom: 42,
      ariaLabel: `Curves by age: ${series.map(({ group, curve, rows }) => `${group}, ${curve.toLowerCase()}, ${rows.at(-1)?.estimate.toFixed(2) ?? "none"} at age ${rows.at(-1)?.time ?? 0}`).join("; ")}`,
      x: { label: "Age of the firm, years →", labelAnchor: "right" },
      y: { label: "↑ Share of firms", domain: [0, 1], grid: true, tickFormat: "%" },
      color: { domain: names, range: names.map((_, k) => colour(k)), legend: names.length > 1 },
      marks: [
        Plot.ruleY([0], { stroke: "var(--rule)" }),
        one ? Plot.areaY(stepped.filter((row) => row.lower >= 0), { x: "time", y1: "lower", y2: "upper", fill: colour(0), fillOpacity: 0.14, curve: "step-after" }) : null,
        ...series.map(({ group, curve, dash }) => Plot.line(stepped.filter((row) => row.group === group && row.curve === curve), {
          x: "time", y: "estimate", stroke: "group", strokeWidth: 2, curve: "step-after", strokeDasharray: dash,
        })),
        Plot.text(ends, { x: "time", y: "estimate", text: "text", textAnchor: "end", dy: -8, fill: (d) => colour(d.k) }),
        fates.length > 1 && names.length > 1
          ? Plot.text([`solid: ${fates[0].toLowerCase()}, dashed: ${fates[1].toLowerCase()}`], { frameAnchor: "top-right", dy: -18, fill: "var(--quiet)" })
          : null,
        Plot.tip(stepped, Plot.pointer({ x: "time", y: "estimate", title: told, maxRadius: 40 })),
      ],
    });
  };

  let redraw = () => {};
  const update = () => {
    const all = places();
    series = compute(all);
    const rows = all.reduce((sum, k) => sum + risk.n[k], 0);
    const [kind, outcome] = form.elements.show.value.split(":");
    const counted = (kind === "km" ? [outcome] : risk.fates).map((name) => {
      const events = all.reduce((sum, k) => sum + risk.n[k] * risk.columns[name][k], 0);
      return `${title(name).toLowerCase()}: ${number(events)}`;
    });
    said.textContent = `${number(rows)} firm-years; ${counted.join(", ")}`;
    const told = rows ? early() : ["No firm-years are left: choose less narrowly."];
    if (series.length > MOST_GROUPS) told.push("Many groups: colours repeat; the table below tells them apart.");
    notes.replaceChildren(...told.map((text) => cell(text, "p", "other")));
    fill();
    redraw();
  };

  document.getElementById("download").addEventListener("click", () => {
    const columns = ["group", "curve", "time", "at_risk", "events", "estimate", "std_error", "lower", "upper"];
    const rows = series.flatMap(({ group, curve, rows: found }) => found.map((row) =>
      [group, curve, row.time, row.atRisk, row.events, ...[row.estimate, row.error, row.lower, row.upper].map(precise)]));
    belbiotech.save(belbiotech.csv(columns, rows), `curves-${risk.version}.csv`);
  });
  belbiotech.follow(form, update);
  redraw = drawn(document.getElementById("curves"), draw);
})();
