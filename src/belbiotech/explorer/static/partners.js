// The network of firms and partners, one year at a time.
"use strict";
(() => {
  const { partners, colour, drawn, nearest, plain, sortable } = belbiotech;
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

  const short = (name) => ([...name].length > 28 ? `${[...name].slice(0, 27).join("")}…` : name);

  /** Those points whose names have room, the first ones first. */
  const apart = (wanted, [[left, right], width], [[low, high], height]) => {
    const boxes = [];
    return wanted.filter((point) => {
      const half = short(names[point.index]).length * 3.2 + 4;
      const x = ((point.x - left) / (right - left)) * width;
      const y = ((high - point.y) / (high - low)) * height - 10;
      const free = x > half && x < width - half && boxes.every(([ox, oy, other]) =>
        Math.abs(ox - x) > other + half || Math.abs(oy - y) > 15);
      if (free) boxes.push([x, y, half]);
      return free;
    });
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
    const named = apart(
      [...shown].sort((a, b) => degree.get(b.index) - degree.get(a.index)),
      [extent("x"), width], [extent("y"), height],
    );
    const kindOf = ({ index }) => nodes[index].kind;
    const told = ({ index }) => {
      const own = active.filter((link) => link.firm === index || link.partner === index);
      const with_ = [...new Set(own.map((link) => names[link.firm === index ? link.partner : link.firm]))];
      return `${names[index]}\n${kinds[kindOf({ index })]}\n${own.length} in force: ${with_.slice(0, 6).join(", ")}${with_.length > 6 ? ", …" : ""}`;
    };
    const chart = Plot.plot({
      width, height, margin: 12, axis: null,
      ariaLabel: `Network in ${slider.value}: ${active.length} alliances between ${shown.length} firms and partners; the table below lists them`,
      x: { domain: extent("x") }, y: { domain: extent("y") },
      r: { type: "identity" },
      color: { domain: kindNames, range: kindNames.map((_, k) => (k ? colour(k) : "var(--firm)")), legend: true, tickFormat: (kind) => kinds[kind] },
      marks: [
        Plot.link(active.filter((link) => near(link.firm) && near(link.partner)), {
          x1: (d) => points[d.firm].x, y1: (d) => points[d.firm].y,
          x2: (d) => points[d.partner].x, y2: (d) => points[d.partner].y,
          stroke: "var(--ink)", strokeOpacity: 0.28, strokeWidth: 1.1,
        }),
        focus === null ? Plot.dot(points.filter(({ index }) => !degree.has(index)), { x: "x", y: "y", r: 1.5, fill: "var(--rule)" }) : null,
        Plot.dot(shown, { x: "x", y: "y", r: ({ index }) => 3 + 1.5 * Math.sqrt(degree.get(index)), fill: kindOf, stroke: "var(--paper)", strokeWidth: 1 }),
        Plot.text(named, { x: "x", y: "y", text: ({ index }) => short(names[index]), dy: -10, fontSize: 11, fill: "var(--ink)", stroke: "var(--paper)", strokeWidth: 3 }),
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
    said.textContent = `${slider.value}: ${number(active.length)} alliances in force, of ${number(firms)} firms${focus === null ? "" : `, around ${names[focus]}`}`;
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
