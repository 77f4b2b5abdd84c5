// A firm's time line, drawn from what its page says.
"use strict";
(() => {
  const life = JSON.parse(document.getElementById("timeline-data").textContent);
  const figure = document.getElementById("timeline");
  // An alliance without a known end is counted by the window, and as long as the firm is there.
  const stop = life.last === null ? life.endYear + 1 : life.last + 1;
  const until = (alliance) => Math.max(
    alliance.known ? alliance.to : Math.min(alliance.to, stop), alliance.from + 0.4);
  const years = [
    life.first, stop, life.fate?.year,
    ...life.alliances.flatMap((alliance) => [alliance.from, Math.ceil(until(alliance))]),
    ...[...life.events, ...life.financings].flatMap(({ year }) => [year, year + 1]),
  ].filter((year) => typeof year === "number");
  const [from, to] = [Math.min(...years), Math.max(...years)];
  if (from === to) { // nothing with a date is known
    figure.closest("section").hidden = true;
    return;
  }
  const LIFE = "Life";
  const FATE = "Fate";
  const EVENTS = "Events";
  const MONEY = "Financing";

  /** Stays on an exchange: years at whose end the firm was listed, those in a row as one. */
  const listed = () => {
    const stays = [];
    for (const year of life.listed) {
      const stay = stays.at(-1);
      if (stay && stay.to === year) stay.to = year + 1;
      else stays.push({ from: year, to: year + 1 });
    }
    return stays.map((stay) => ({ ...stay, text: `Listed at the end of ${stay.from} to ${stay.to - 1}` }));
  };

  const draw = (width) => {
    const narrow = width < 560;
    const lane = (name, place) => `${place}\u0000${name}`; // alike partners keep lanes of their own
    const nameOf = (own) => own.split("\u0000").at(-1);
    const lanes = life.fate ? [LIFE, FATE, EVENTS] : [LIFE, EVENTS];
    const stays = listed();
    if (stays.length) lanes.push("On an exchange");
    if (life.financings.length) lanes.push(MONEY);
    const alliances = life.alliances.map((alliance, k) => ({
      ...alliance,
      lane: lane(alliance.partner, k),
      until: until(alliance),
      told: `${alliance.type} with ${alliance.partner}\n${alliance.from} to ${alliance.known ? alliance.to : "an end not stated"}`,
    }));
    const groups = [...new Set(alliances.map((alliance) => alliance.group))].sort();
    const amounts = life.financings.map((round) => round.amount ?? 0);
    const observed = life.observed.map((year) => ({ year }));
    const passed = life.fate ? (life.fate.year + 1 - from) / (to - from) : 0;
    const late = passed > 0.5; // the fate's words stand on the side that has more room
    const besides = late ? { textAnchor: "end", dx: -6 } : { textAnchor: "start", dx: 6 };
    const domain = [...lanes, ...alliances.map((alliance) => alliance.lane)];
    const room = narrow ? 0.36 * width : 240; // for names
    const widest = Math.max(...domain.map((own) => belbiotech.widthOf(belbiotech.fitting(nameOf(own), room))));
    const told = life.fate && belbiotech.fitting(life.fate.text, 0.9 * (Math.max(passed, 1 - passed) * (width - widest - 24) - 6));
    return Plot.plot({
      width,
      height: 56 + lanes.length * 30 + alliances.length * 20,
      marginLeft: Math.ceil(widest) + 12,
      marginRight: 12,
      marginTop: 26,
      marginBottom: 26,
      ariaLabel: `Time line, ${from} to ${to - 1}: ${life.observed.length} observed years, ${life.alliances.length} alliances, ${life.financings.length} financings${life.fate ? `, ${life.fate.text}` : ""}`,
      x: { domain: [from, to], tickFormat: "d", ticks: narrow ? 4 : 10, axis: "both", label: null, grid: true },
      y: {
        domain,
        tickFormat: (own) => belbiotech.fitting(nameOf(own), room),
        tickSize: 0, label: null, padding: 0.35,
      },
      color: { domain: groups, range: groups.map((_, k) => belbiotech.colour(4 + k)), legend: groups.length > 0 },
      r: { range: [3, 9], domain: [0, Math.max(1, ...amounts)] },
      marks: [
        life.first === null ? null : Plot.barX([life], { x1: "first", x2: (d) => d.last + 1, y: () => LIFE, fill: "var(--life)", rx: 2 }),
        Plot.barX(observed, { x1: "year", x2: (d) => d.year + 1, y: () => LIFE, fill: "var(--observed)", insetLeft: 0.5, insetRight: 0.5 }),
        Plot.barX(stays, { x1: "from", x2: "to", y: () => "On an exchange", fill: "var(--g2)", rx: 2 }),
        Plot.barX(alliances, { x1: "from", x2: "until", y: "lane", fill: "group", fillOpacity: (d) => (d.known ? 0.9 : 0.5), rx: 2 }),
        Plot.ruleY(alliances.filter((d) => !d.known && d.until < stop), { x1: "until", x2: (d) => Math.min(d.until + 1, stop), y: "lane", stroke: "group", strokeDasharray: "2,3", strokeWidth: 2 }),
        Plot.dot(life.financings, { x: (d) => d.year + 0.5, y: () => MONEY, r: (d) => d.amount ?? 0, fill: "var(--g3)", fillOpacity: 0.75, stroke: "var(--paper)" }),
        Plot.dot(life.events, { x: (d) => d.year + 0.5, y: () => EVENTS, r: 5, symbol: "diamond", fill: "var(--g4)", stroke: "var(--paper)" }),
        life.fate ? Plot.ruleX([life.fate], { x: (d) => d.year + 1, stroke: "var(--accent)", strokeWidth: 1.5 }) : null,
        life.fate ? Plot.text([life.fate], { x: (d) => d.year + 1, y: () => FATE, text: () => told, fontWeight: 600, fill: "var(--accent)", ...besides }) : null,
        Plot.tip(said(alliances, stays), Plot.pointer({ x: "x", y: "y", title: "text", maxRadius: 30 })),
      ],
    });
  };

  /** What the pointer says, wherever there is something to say. */
  const said = (alliances, stays) => [
    ...(life.fate ? [{ x: life.fate.year + 1, y: FATE, text: life.fate.text }] : []),
    ...life.observed.map((year) => ({ x: year + 0.5, y: LIFE, text: `${year}: observed` })),
    ...stays.map((stay) => ({ x: (stay.from + stay.to) / 2, y: "On an exchange", text: stay.text })),
    ...life.financings.map((round) => ({ x: round.year + 0.5, y: MONEY, text: `${round.year}: ${round.text}` })),
    ...life.events.map((event) => ({ x: event.year + 0.5, y: EVENTS, text: `${event.year}: ${event.text}` })),
    ...alliances.map((alliance) => ({ x: (alliance.from + alliance.until) / 2, y: alliance.lane, text: alliance.told })),
  ];

  belbiotech.drawn(figure, draw);
})();
