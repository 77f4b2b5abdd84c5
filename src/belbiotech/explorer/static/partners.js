// The network of firms and partners, one year at a time.
"use strict";
(() => {
  const { partners, colour, drawn, fitting, nearest, plain, sortable, widthOf } = belbiotech;
  const { nodes, links, kinds } = partners;
  const form = document.getElementById("choose");
  const slider = document.getElementById("year");
  const said = document.getElementById("said");
  const hint = document.getElementById("nearest");
  const figure = document.getElementById("network");
  const play = document.getElementById("play");
  const table = sortable(document.getElementById("alliances"), document.getElementById("more"));
  const kindNames = Object.keys(kinds);
  const names = nodes.map((node) => node.name);
  const plainNames = names.map(plain);
  const number = (value) => value.toLocaleString("en");

  document.getElementById("names").append(...names.map((name) => {
    const option = document.createElement("option");
    option.value = name;
    return option;
  }));

  /** Places of the nodes, once for all years, so that nothing jumps when the year changes. */
  const layout = () => {
    const points = nodes.map((_, index) => ({ index }));
    const springs = links.map((link) => ({ source: link.firm, target: link.partner }));
    d3.forceSimulation(points)
      .force("link", d3.forceLink(springs).distance(18).strength(0.5))
      .force("charge", d3.forceManyBody().strength(-26).distanceMax(220))
      .force("x", d3.forceX().strength(0.07))
      .force("y", d3.forceY().strength(0.1))
      .force("apart", d3.forceCollide(5))
      .stop()
      .tick(260);
    return points;
  };
  const points = layout();

  const inForce = () => {
    const year = Number(slider.value);
    return links.map((link) => link.from <= year && year < Math.max(link.to, link.from + 1));
  };

  /** The node that the reader asked for: by its name, or by a part that only one name has. */
  const around = () => {
    const asked = plain(form.elements.around.value.trim());
    if (!asked) return { place: null, unknown: false };
    const same = plainNames.indexOf(asked);
    if (same >= 0) return { place: same, unknown: false };
    const like = plainNames.map((name, k) => (name.includes(asked) ? k : -1)).filter((k) => k >= 0);
    return like.length ? { place: like[0], unknown: false } : { place: null, unknown: true };
  };

  const [LETTERS, DESCENT] = [11, 2.5]; // height of names and of what hangs below their line, in pixels
  const short = (name) => fitting(name, 170, LETTERS);
  const radius = (degree) => 3 + 1.5 * Math.sqrt(degree);
  // Where a name may stand beside its point: first above, then below, right, left, askew.
  const SIDES = [
    { textAnchor: "middle", lineAnchor: "bottom", across: 0, down: -1 },
    { textAnchor: "middle", lineAnchor: "top", across: 0, down: 1 },
    { textAnchor: "start", lineAnchor: "middle", across: 1, down: 0 },
    { textAnchor: "end", lineAnchor: "middle", across: -1, down: 0 },
    { textAnchor: "start", lineAnchor: "bottom", across: 0.7, down: -0.7 },
    { textAnchor: "end", lineAnchor: "bottom", across: -0.7, down: -0.7 },
    { textAnchor: "start", lineAnchor: "top", across: 0.7, down: 0.7 },
    { textAnchor: "end", lineAnchor: "top", across: -0.7, down: 0.7 },
  ];

  /** The box of a name, in pixels: its point's place and radius, its width, its side. */
  const boxOf = ({ x, y, r }, text, { across, down }) => {
    const [gap, high] = [r + 3, LETTERS + 3];
    const left = x + (Math.sign(across) - 1) * text / 2 + across * gap;
    const top = y + (Math.sign(down) - 1) * high / 2 + down * gap;
    return { left: left - 2, right: left + text + 2, top: top - 1, bottom: top + high + 1 };
  };
  const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

  /** Those points whose names cover no other name and no point, the first ones first; each with its side. */
  const apart = (points, width, height) => {
    const taken = points.map(({ x, y, r }) => ({ left: x - r, right: x + r, top: y - r, bottom: y + r }));
    const named = [];
    for (const point of points) {
      const text = widthOf(short(names[point.index]), LETTERS);
      const side = SIDES.findIndex((beside) => {
        const box = boxOf(point, text, beside);
        return box.left > 0 && box.right < width && box.top > 0 && box.bottom < height
          && !taken.some((other) => meet(box, other));
      });
      if (side < 0) continue;
      taken.push(boxOf(point, text, SIDES[side]));
      named.push({ index: point.index, r: point.r, side });
    }
    return named;
  };

  let there = [];
  let focus = null;

  const draw = (width) => {
    const active = links.filter((_, k) => there[k]);
    const degree = new Map();
    for (const link of active) {
      for (const end of [link.firm, link.partner]) degree.set(end, (degree.get(end) ?? 0) + 1);
    }
    const near = (place) => focus === null || place === focus || active.some((link) =>
      (link.firm === focus && link.partner === place) || (link.partner === focus && link.firm === place));
    const shown = points.filter(({ index }) => degree.has(index) && (focus === null || near(index)));
    const part = focus === null || !shown.length ? points : shown;
    const extent = (axis) => {
      const [low, high] = d3.extent(part, (point) => point[axis]);
      return [low - 12, high + 12];
    };
    const height = Math.max(340, Math.min(640, width * 0.62));
    const margin = 12;
    const [xs, ys] = [extent("x"), extent("y")];
    const onScreen = ([low, high], from, to) => (value) => from + ((value - low) / (high - low)) * (to - from);
    const [across, down] = [onScreen(xs, margin, width - margin), onScreen(ys, height - margin, margin)];
    const placed = [...shown]
      .sort((a, b) => (b.index === focus) - (a.index === focus) || degree.get(b.index) - degree.get(a.index))
      .map(({ index, x, y }) => ({ index, x: across(x), y: down(y), r: radius(degree.get(index)) }));
    const named = apart(placed, width, height);
    const kindOf = ({ index }) => nodes[index].kind;
    const told = ({ index }) => {
      const own = active.filter((link) => link.firm === index || link.partner === index);
      const with_ = [...new Set(own.map((link) => names[link.firm === index ? link.partner : link.firm]))];
      return `${names[index]}\n${kinds[kindOf({ index })]}\n${own.length} in force: ${with_.slice(0, 6).join(", ")}${with_.length > 6 ? ", …" : ""}`;
    };
    const chart = Plot.plot({
      width, height, margin, axis: null,
      ariaLabel: `Network in ${slider.value}: ${active.length} alliances between ${shown.length} firms and partners; the table below lists them`,
      x: { domain: xs }, y: { domain: ys },
      r: { type: "identity" },
      color: { domain: kindNames, range: kindNames.map((_, k) => (k ? colour(k) : "var(--firm)")), legend: true, tickFormat: (kind) => kinds[kind] },
      marks: [
        Plot.link(active.filter((link) => near(link.firm) && near(link.partner)), {
          x1: (d) => points[d.firm].x, y1: (d) => points[d.firm].y,
          x2: (d) => points[d.partner].x, y2: (d) => points[d.partner].y,
          stroke: "var(--ink)", strokeOpacity: 0.28, strokeWidth: 1.1,
        }),
        focus === null ? Plot.dot(points.filter(({ index }) => !degree.has(index)), { x: "x", y: "y", r: 1.5, fill: "var(--rule)" }) : null,
        Plot.dot(shown, { x: "x", y: "y", r: ({ index }) => radius(degree.get(index)), fill: kindOf, stroke: "var(--paper)", strokeWidth: 1 }),
        SIDES.map(({ textAnchor, lineAnchor, across: right, down: below }, side) =>
          [...new Set(named.map(({ r }) => r))].map((r) => Plot.text(
            named.filter((point) => point.side === side && point.r === r), {
              x: ({ index }) => points[index].x, y: ({ index }) => points[index].y,
              text: ({ index }) => short(names[index]), textAnchor, lineAnchor,
              dx: right * (r + 3), dy: below * (r + 3) + Math.sign(below) * DESCENT,
              fontSize: LETTERS, fill: "var(--ink)", stroke: "var(--paper)", strokeWidth: 3,
            }))),
        Plot.tip(shown, Plot.pointer({ x: "x", y: "y", title: told, maxRadius: 24 })),
      ],
    });
    chart.addEventListener("click", () => {
      const point = chart.value ?? chart.querySelector("svg")?.value;
      const file = point && nodes[point.index].file;
      if (file) location.href = `firm/${file}.html`;
    });
    return chart;
  };

  /** When the chosen one had alliances, for a year in which it has none. */
  const otherYears = () => {
    const own = focus === null ? [] : links.filter((link) => link.firm === focus || link.partner === focus);
    if (!own.length) return "";
    const last = Math.max(...own.map((link) => Math.max(link.to, link.from + 1) - 1));
    return `; there were some from ${Math.min(...own.map((link) => link.from))} to ${last}`;
  };

  let redraw = () => {};
  const update = () => {
    const { place, unknown } = around();
    focus = place;
    there = inForce();
    const shown = there.map((here, k) =>
      here && !unknown && (focus === null || links[k].firm === focus || links[k].partner === focus));
    const active = links.filter((_, k) => shown[k]);
    const firms = new Set(active.map((link) => link.firm)).size;
    document.getElementById("year-said").textContent = slider.value;
    document.getElementById("count").textContent = number(active.length);
    const whom = focus === null ? "" : ` around ${names[focus]}`;
    said.textContent = active.length
      ? `${slider.value}: ${number(active.length)} ${active.length === 1 ? "alliance" : "alliances"} in force${whom}, of ${number(firms)} ${firms === 1 ? "firm" : "firms"}`
      : `${slider.value}: no alliance in force${whom}${otherYears()}`;
    figure.hidden = !active.length;
    hint.hidden = !unknown;
    if (unknown) {
      const found = nearest(form.elements.around.value, names).map(({ name }) => name);
      hint.textContent = `Nobody of that name. ${found.length ? `Did you mean ${found.join(", ")}?` : ""}`;
    }
    table.show(shown);
    redraw();
  };

  let timer = null;
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.setAttribute("aria-pressed", "false");
    play.textContent = "Play the years";
  };
  play.addEventListener("click", () => {
    if (timer !== null) return stop();
    if (Number(slider.value) >= partners.last) slider.value = partners.first;
    play.setAttribute("aria-pressed", "true");
    play.textContent = "Stop";
    timer = setInterval(() => {
      if (Number(slider.value) >= partners.last) return stop();
      slider.value = Number(slider.value) + 1;
      update();
    }, 700);
  });
  form.addEventListener("input", stop);
  belbiotech.follow(form, update);
  redraw = drawn(figure, draw);
})();
