// What all charts share: colours that follow the theme, a width that follows the page, names that fit.
"use strict";
globalThis.belbiotech ??= {};
(() => {
  const COLOURS = 8; // --g1 to --g8 in site.css
  const NARROWEST = 260; // pixels; where there is less room, the chart is scaled

  /** Colour of the k-th group; after the eighth they begin again. */
  const colour = (k) => `var(--g${(k % COLOURS) + 1})`;

  const pen = document.createElement("canvas").getContext("2d");

  /** Width of a text in a chart, in pixels. */
  const widthOf = (text, size = 12) => {
    pen.font = `${size}px ${getComputedStyle(document.body).fontFamily}`;
    return pen.measureText(text).width;
  };

  /** A text that fits into some pixels: itself, or its beginning. */
  const fitting = (text, room, size = 12) => {
    if (widthOf(text, size) <= room) return text;
    const letters = [...text];
    let [least, most] = [0, letters.length]; // a beginning of `least` letters fits
    while (most - least > 1) {
      const middle = (least + most) >> 1;
      if (widthOf(`${letters.slice(0, middle).join("")}…`, size) <= room) least = middle;
      else most = middle;
    }
    return `${letters.slice(0, least).join("").trimEnd()}…`;
  };

  /** Draw a chart into a figure now, and again when the figure's width has changed. */
  const drawn = (figure, draw) => {
    let width = 0;
    const redraw = (force = false) => {
      const { paddingLeft, paddingRight } = getComputedStyle(figure);
      const room = figure.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
      if (figure.clientWidth === 0) return; // not shown
      const now = Math.max(Math.floor(room), NARROWEST);
      if (!force && now === width) return;
      width = now;
      const chart = draw(width);
      // Plot's own style element would need an exception from the Content-Security-Policy; its
      // few rules are in site.css.
      for (const style of chart.querySelectorAll("style")) style.remove();
      // To a screen reader a chart is one image with one description; the tables say the rest.
      for (const image of [chart, ...chart.querySelectorAll("svg")]) {
        if (image.matches("svg[aria-label]")) image.setAttribute("role", "img");
      }
      for (const mark of chart.querySelectorAll("g[aria-label]")) {
        mark.dataset.mark = mark.getAttribute("aria-label");
        mark.removeAttribute("aria-label");
      }
      figure.replaceChildren(chart);
    };
    new ResizeObserver(() => redraw()).observe(figure);
    redraw();
    return () => redraw(true);
  };

  Object.assign(belbiotech, { colour, drawn, fitting, widthOf });
})();
