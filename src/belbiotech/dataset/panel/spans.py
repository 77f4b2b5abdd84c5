"""Which facts have a part in which cells of the panel: the panel's rules, read backwards."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from belbiotech.dataset.facts.tables import Tables
from belbiotech.dataset.facts.wording import FACT_TABLES
from belbiotech.errors import PanelError, nearest_names

__all__ = ["Life", "Row", "Spans", "fact_spans", "is_first_page", "life_of", "rows_of"]

# What a fact has a part in: column of the panel -> first and last year.
Spans = dict[str, tuple[int, int]]
Row = Mapping[Hashable, Any]

TRAITS = ("firm_id", "name", "year", "age", "start", "stop", "region", "segment", "origin")


@dataclass(frozen=True)
class Life:
    """What decides on the part that a firm's facts have in its rows.

    Attributes
    ----------
    row : mapping
        The firm's row in ``firms``.
    first, last : int
        Its first and last year in the panel; the last is before the first if it has none.
    first_listing : int or None
        The year of its first listing.
    window : int or None
        How many year-ends an alliance without a known end is in force.
    """

    row: Row
    first: int
    last: int
    first_listing: int | None
    window: int | None

    @property
    def whole(self) -> tuple[int, int]:
        """All its years."""
        return self.first, self.last


def rows_of(table: pd.DataFrame, firm_id: str) -> list[dict[Hashable, Any]]:
    """Rows of one firm in a table.

    Parameters
    ----------
    table : DataFrame
        Any table with ``firm_id``.
    firm_id : str
        The firm.

    Returns
    -------
    list of dict
        The rows, by column.
    """
    return table[table["firm_id"] == firm_id].to_dict("records")


def is_first_page(page: Row, life: Life) -> bool:
    """Tell whether a page is one from whose year on the firm is observed.

    Parameters
    ----------
    page : mapping
        Its row in ``sources``.
    life : Life
        The firm's life.

    Returns
    -------
    bool
        Whether it is dated, in the year in which the firm is first documented.
    """
    year, first = page["published_year"], life.row["first_documented"]
    return bool(pd.notna(year) and pd.notna(first) and year == first)


def life_of(tables: Tables, firm_id: str) -> Life:
    """Look up a firm's life.

    Parameters
    ----------
    tables : Tables
        As built or loaded.
    firm_id : str
        The firm.

    Returns
    -------
    Life
        What its facts' parts depend on.

    Raises
    ------
    PanelError
        An unknown firm.
    """
    rows = rows_of(tables.firms, firm_id)
    if not rows:
        msg = f"there is no firm {firm_id!r}; {nearest_names(firm_id, tables.firms['firm_id'])}"
        raise PanelError(msg)
    listings = [
        int(event["date_year"])
        for event in rows_of(tables.events, firm_id)
        if event["event"] == "ipo"
    ]
    first = int(rows[0]["founded_year"]) if rows[0]["in_panel"] else 0
    return Life(
        rows[0],
        first,
        first + int(rows[0]["rows"]) - 1,
        min(listings, default=None),
        tables.parameters["alliance_window"],
    )


def fact_spans(table: str, row: Row, life: Life) -> Spans:
    """Columns of the panel in which a fact has a part, each with its first and last year.

    Parameters
    ----------
    table : str
        The fact's table.
    row : mapping
        The fact.
    life : Life
        Its firm's life.

    Returns
    -------
    dict
        Empty for a firm that is not in the panel. ``observed`` is not among them: that depends
        on the pages, see :func:`is_first_page`.
    """
    if life.last < life.first:
        return {}
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


def _alliance_spans(row: Row, year: int, life: Life) -> Spans:
    unknown = life.last if life.window is None else year + life.window
    ends: int = unknown if pd.isna(row["end_year"]) else int(row["end_year"])
    groups = [name for name in (row["partner_group"], row["purpose"]) if isinstance(name, str)]
    spans: Spans = {}
    for prefix in ("alliances", *(f"alliances_{group}" for group in groups)):
        spans[f"{prefix}_new"] = (year, year)
        spans[f"{prefix}_cum_lag1"] = (year + 1, life.last)
        spans[f"{prefix}_active_lag1"] = (year + 1, ends)
    return spans


def _financing_spans(row: Row, year: int, life: Life) -> Spans:
    return {
        "financing_rounds_new": (year, year),
        "financing_rounds_cum_lag1": (year + 1, life.last),
    }


def _event_spans(row: Row, year: int, life: Life) -> Spans:
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
