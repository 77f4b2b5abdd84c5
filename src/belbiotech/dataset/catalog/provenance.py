"""From a firm, a firm-year or a cell of the panel back to the facts and the pages behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.dataset.facts.tables import Tables
from belbiotech.dataset.facts.wording import FACT_TABLES, fact_date, fact_text
from belbiotech.dataset.panel.fields import FIRM_YEAR
from belbiotech.dataset.panel.spans import (
    Life,
    Row,
    Spans,
    fact_spans,
    life_of,
    page_spans,
    rows_of,
    together,
)
from belbiotech.errors import PanelError, in_words, nearest_names

__all__ = ["PAGE_IN_NOTE", "sources_of"]

PAGE_IN_NOTE = re.compile(r"\bs[0-9a-f]{8}\b")
STATES, NAMED = "states the fact", "named in the note"
COLUMNS = [
    "table",
    "fact",
    "date",
    "columns",
    "source_id",
    "role",
    "title",
    "url",
    "publisher",
    "published",
    "confidence",
    "date_quality",
    "note",
]


def sources_of(
    firm_id: str,
    year: int | None = None,
    column: str | None = None,
    version: str | Path | None = None,
    *,
    tables: Tables | None = None,
) -> pd.DataFrame:
    """Find the facts behind a firm, one of its years or one cell, and the pages that state them.

    Parameters
    ----------
    firm_id : str
        The firm.
    year : int, optional
        One of its years in the panel: the facts that have a part in that row, and those of the
        firm dated in the year.
    column : str, optional
        One column of the panel: only the facts that have a part in it. A count of 0 has none.
    version : str or Path, optional
        The data version, or the folder of one that was built; the newest if not given.
    tables : Tables, optional
        Tables of one's own, as :func:`belbiotech.build` gives them, in place of a version.

    Returns
    -------
    DataFrame
        A row for each fact and page, in order of date: ``table``, ``fact`` (in words), ``date``
        (as precise as the page), ``columns`` (of the panel, in which the fact has a part),
        ``source_id``, ``role`` (the page states the fact, or is named in its note), ``title``,
        ``url``, ``publisher``, ``published``, ``confidence``, ``date_quality``, ``note``.

    Raises
    ------
    PanelError
        An unknown firm or column, or a year that is none of the firm's rows.

    Examples
    --------
    >>> from belbiotech.dataset.facts.read import read_facts
    >>> from belbiotech.dataset.panel.build import build
    >>> tables = build(read_facts("data/raw"))
    >>> found = sources_of("movetis", 2010, "acquisition", tables=tables)
    >>> found[["fact", "publisher", "confidence"]].to_numpy().tolist()
    [['acquired, Shire (IE), 428 million EUR', 'Movetis via FierceBiotech', 'A'],
     ['acquired, Shire (IE), 428 million EUR', 'Shire prospectus via Law Insider', 'A']]
    """
    if tables is None:
        tables = _loaded(version)
    elif not isinstance(tables, Tables):
        msg = f"tables is {in_words(tables)}; give what build or load_tables gives"
        raise PanelError(msg)
    if not isinstance(firm_id, str):
        msg = f"firm_id is {in_words(firm_id)}; it must be a text, such as 'ablynx'"
        raise PanelError(msg)
    life = life_of(tables, firm_id)
    _check_cell(life, year, column)
    pages = tables.sources.set_index("source_id")
    rows = [
        line
        for name in FACT_TABLES
        for row in rows_of(getattr(tables, name), firm_id)
        for line in _lines(name, row, life, pages)
    ]
    kept = [row for row in (_cell(row, year, column) for row in rows) if row is not None]
    found = pd.DataFrame(kept, columns=COLUMNS)
    return found.sort_values("date", kind="stable", ignore_index=True)


def _loaded(version: str | Path | None) -> Tables:
    from belbiotech.dataset.catalog.load import load_tables

    return load_tables(version)


def _check_cell(life: Life, year: int | None, column: str | None) -> None:
    if column is not None and (not isinstance(column, str) or column not in FIRM_YEAR):
        msg = f"the panel has no column {in_words(column)}; {nearest_names(column, FIRM_YEAR)}"
        raise PanelError(msg)
    if year is None:
        return
    if isinstance(year, bool) or not isinstance(year, int | np.integer):
        msg = f"year is {in_words(year)}; it must be a whole number, like 2007"
        raise PanelError(msg)
    name = life.row["firm_id"]
    if not life.row["in_panel"]:
        msg = f"{name} has no rows in the panel: {life.row['out_reason']}; leave out the year"
        raise PanelError(msg)
    if not life.first <= year <= life.last:
        msg = f"{name} has rows from {life.first} to {life.last}, and none for {year}"
        raise PanelError(msg)


def _lines(table: str, row: Row, life: Life, pages: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """One line for each page of a fact, with the spans of years in which it has a part."""
    spans = fact_spans(table, row, life)
    stated = row["source_ids"].split(";") if table == "firms" else [row["source_id"]]
    named = [name for name in PAGE_IN_NOTE.findall(row["note"] or "") if name in pages.index]
    for name in dict.fromkeys([*stated, *named]):
        page = pages.loc[name].to_dict()
        of_page = page_spans({**page, "source_id": name}, life) if name in stated else {}
        yield {
            "table": table,
            "fact": fact_text(table, row),
            "date": fact_date(table, row),
            "spans": together(spans, of_page),
            "source_id": name,
            "role": STATES if name in stated else NAMED,
            **{column: page[column] for column in ("title", "url", "publisher", "published")},
            **{column: row[column] for column in ("confidence", "date_quality", "note")},
        }


def _cell(line: dict[str, Any], year: int | None, column: str | None) -> dict[str, Any] | None:
    """Keep a line if its fact has a part in the cell that is asked for."""
    spans: Spans = line["spans"]
    of_year = [
        name
        for name, (first, last) in spans.items()
        if first <= last and (year is None or first <= year <= last)
    ]
    dated = year is None or (line["date"] or "")[:4] == str(year)
    if (column is not None and column not in of_year) or not (of_year or dated):
        return None
    columns = ", ".join(name for name in FIRM_YEAR if name in of_year)
    return {**line, "columns": columns}
