// Tables that are in the page already, made sortable and searchable.
"use strict";
globalThis.belbiotech ??= {};
(() => {
  const AT_ONCE = 250; // rows in the page at a time: more make the browser's layout slow
  const compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;

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

  Object.assign(belbiotech, { csv, nearest, plain, save, sortable });
})();
