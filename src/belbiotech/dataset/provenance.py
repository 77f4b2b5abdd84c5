"""From a firm, a firm-year or a cell of the panel back to the facts and the pages behind it."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from belbiotech.dataset.panel_fields import FIRM_YEAR
from belbiotech.dataset.tables import Tables
from belbiotech.dataset.wording import FACT_TABLES, fact_date, fact_text
from belbiotech.errors import PanelError, nearest_names

__all__ = ["PAGE_IN_NOTE", "sources_of"]

# What a fact has a part in: column of the panel -> first and last year.
Spans = dict[str, tuple[int, int]]
Row = Mapping[Hashable, Any]

TRAITS = ("firm_id", "name", "year", "age", "start", "stop", "region", "segment", "origin")
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
    version: str | None = None,
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
    version : str, optional
        The data version; the newest if not given.
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
    >>> from belbiotech.dataset.facts import read_facts
    >>> from belbiotech.dataset.panel import build
    >>> tables = build(read_facts("data/raw"))
    >>> found = sources_of("movetis", 2010, "acquisition", tables=tables)
    >>> found[["fact", "publisher", "confidence"]].to_numpy().tolist()
    [['acquired, Shire (IE), 428 million EUR', 'Movetis via FierceBiotech', 'A'],
     ['acquired, Shire (IE), 428 million EUR', 'Shire prospectus via Law Insider', 'A']]
    """
    tables = _loaded(version) if tables is None else tables
    life = _life(tables, firm_id)
    _check_cell(life, year, column)
    pages = tables.sources.set_index("source_id")
    rows = [
        line
        for name in FACT_TABLES
        for row in _rows_of(getattr(tables, name), firm_id)
        for line in _lines(name, row, life, pages)
    ]
    kept = [row for row in (_cell(row, year, column) for row in rows) if row is not None]
    found = pd.DataFrame(kept, columns=COLUMNS)
    return found.sort_values("date", kind="stable", ignore_index=True)


@dataclass(frozen=True)
class _Life:
    """What decides on the part that a firm's facts have in its rows."""

    row: Row
    first: int
    last: int
    first_listing: int | None
    window: int | None

    @property
    def whole(self) -> tuple[int, int]:
        """All its years."""
        return self.first, self.last


def _loaded(version: str | None) -> Tables:
    from belbiotech.dataset.catalog import load_tables

    return load_tables(version)


def _rows_of(table: pd.DataFrame, firm_id: str) -> list[dict[Hashable, Any]]:
    return table[table["firm_id"] == firm_id].to_dict("records")


def _life(tables: Tables, firm_id: str) -> _Life:
    rows = _rows_of(tables.firms, firm_id)
    if not rows:
        msg = f"there is no firm {firm_id!r}; {nearest_names(firm_id, tables.firms['firm_id'])}"
        raise PanelError(msg)
    listings = [
        int(event["date_year"])
        for event in _rows_of(tables.events, firm_id)
        if event["event"] == "ipo"
    ]
    first = int(rows[0]["founded_year"]) if rows[0]["in_panel"] else 0
    return _Life(
        rows[0],
        first,
        first + int(rows[0]["rows"]) - 1,
        min(listings, default=None),
        tables.parameters["alliance_window"],
    )


def _check_cell(life: _Life, year: int | None, column: str | None) -> None:
    if column is not None and column not in FIRM_YEAR:
        msg = f"the panel has no column {column!r}; {nearest_names(column, FIRM_YEAR)}"
        raise PanelError(msg)
    if year is None:
        return
    name = life.row["firm_id"]
    if not life.row["in_panel"]:
        msg = f"{name} has no rows in the panel: {life.row['out_reason']}; leave out the year"
        raise PanelError(msg)
    if not life.first <= year <= life.last:
        msg = f"{name} has rows from {life.first} to {life.last}, and none for {year}"
        raise PanelError(msg)


def _lines(table: str, row: Row, life: _Life, pages: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """One line for each page of a fact, with the spans of years in which it has a part."""
    in_panel = life.row["in_panel"]
    spans = _spans(table, row, life) if in_panel else {}
    stated = row["source_ids"].split(";") if table == "firms" else [row["source_id"]]
    named = [name for name in PAGE_IN_NOTE.findall(row["note"] or "") if name in pages.index]
    for name in dict.fromkeys([*stated, *named]):
        page = pages.loc[name]
        year = page["published_year"]
        decides = in_panel and name in stated and pd.notna(year)
        first_page = decides and year == life.row["first_documented"]
        yield {
            "table": table,
            "fact": fact_text(table, row),
            "date": fact_date(table, row),
            "spans": {**spans, "observed": life.whole} if first_page else spans,
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


def _spans(table: str, row: Row, life: _Life) -> Spans:
    """Columns of the panel in which a fact has a part, each with its years."""
    if table == "firms":
        return dict.fromkeys(TRAITS, life.whole)
    year = int(row[f"{FACT_TABLES[table]}_year"])
    spans = {
        "alliances": _alliance_spans,
        "financings": _financing_spans,
        "events": _event_spans,
    }[table](row, year, life)
    if life.row["exit_kind"] is None and year == life.row["last_seen_year"]:
        spans["year"] = life.whole  # the sighting without which the rows would end earlier
    return {
        name: (max(since, life.first), min(to, life.last)) for name, (since, to) in spans.items()
    }


def _alliance_spans(row: Row, year: int, life: _Life) -> Spans:
    unknown = life.last if life.window is None else year + life.window
    ends: int = unknown if pd.isna(row["end_year"]) else int(row["end_year"])
    groups = [name for name in (row["partner_group"], row["purpose"]) if isinstance(name, str)]
    spans: Spans = {}
    for prefix in ("alliances", *(f"alliances_{group}" for group in groups)):
        spans[f"{prefix}_new"] = (year, year)
        spans[f"{prefix}_cum_lag1"] = (year + 1, life.last)
        spans[f"{prefix}_active_lag1"] = (year + 1, ends)
    return spans


def _financing_spans(row: Row, year: int, life: _Life) -> Spans:
    return {
        "financing_rounds_new": (year, year),
        "financing_rounds_cum_lag1": (year + 1, life.last),
    }


def _event_spans(row: Row, year: int, life: _Life) -> Spans:
    spans: Spans = {}
    kind, fate = row["event"], life.row["exit_kind"]
    if kind in ("ipo", "delisted"):
        spans["listed_lag1"] = (year + 1, life.last)
    if kind == "ipo" and year == life.first_listing:
        spans["ipo"] = (year, year)
    if kind == life.row["exit_event"] and year == life.row["exit_year"]:
        spans["year"] = life.whole
        if fate != "relocation":
            spans |= {fate: (year, year), "exit": (year, year)}
    return spans
