// Tables that are in the page already, made sortable and searchable.
"use strict";
globalThis.belbiotech ??= {};
(() => {
  const AT_ONCE = 150; // rows in the page at a time: more make the browser's layout slow
  const compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;

  /**
   * Make a table sortable; the function returned shows those of its rows that are chosen.
   * @param {HTMLTableElement} table with one row of headings and one body
   * @param {HTMLButtonElement} more shows the rows that were held back
   */
  const sortable = (table, more) => {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const headings = [...table.tHead.rows[0].cells];
    const kinds = headings.map((heading) => heading.dataset.type);
    const columns = headings.map(() => null);
    let order = rows.map((_, place) => place);
    let chosen = rows.map(() => true);
    let limit = AT_ONCE;

    const keys = (column) => {
      columns[column] ??= rows.map((row) => {
        const cell = row.cells[column];
        const text = cell.dataset.sort ?? cell.textContent;
        return kinds[column] === "number" ? (text === "" ? NaN : Number(text)) : text;
      });
      return columns[column];
    };
    const draw = () => {
      const there = order.filter((place) => chosen[place]);
      body.replaceChildren(...there.slice(0, limit).map((place) => rows[place]));
      more.hidden = there.length <= limit;
      more.textContent = `Show all ${there.length.toLocaleString("en")}`;
    };
    const sort = (column, down) => {
      const key = keys(column);
      const blank = (place) => key[place] === "" || Number.isNaN(key[place]);
      const by = kinds[column] === "number" ? (a, b) => a - b : compare;
      order = rows.map((_, place) => place).sort((a, b) => {
        if (blank(a) || blank(b)) return blank(a) - blank(b) || a - b; // blanks last, both ways
        return (down ? -1 : 1) * by(key[a], key[b]) || a - b;
      });
      headings.forEach((heading, k) => {
        if (k === column) heading.setAttribute("aria-sort", down ? "descending" : "ascending");
        else heading.removeAttribute("aria-sort");
      });
      draw();
    };
    headings.forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = heading.textContent;
      button.addEventListener("click", () => {
        sort(column, heading.getAttribute("aria-sort") === "ascending");
      });
      heading.replaceChildren(button);
    });
    more.addEventListener("click", () => {
      limit = Infinity;
      draw();
    });
    return {
      rows,
      /** Places of the chosen rows, in the order shown. */
      shown: () => order.filter((place) => chosen[place]),
      show: (some) => {
        chosen = some;
        limit = AT_ONCE;
        draw();
      },
    };
  };

  belbiotech.sortable = sortable;
})();
