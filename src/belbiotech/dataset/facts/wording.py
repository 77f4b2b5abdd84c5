"""Facts as short texts, for people: one sentence part each."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

__all__ = ["FACT_TABLES", "fact_date", "fact_text"]

# The column that dates a fact, by table.
FACT_TABLES = {"firms": "founded", "events": "date", "alliances": "start", "financings": "date"}


def fact_date(table: str, row: Mapping[Hashable, Any]) -> str | None:
    """Date of a fact as its page gives it.

    Parameters
    ----------
    table : str
        Name of the table.
    row : mapping
        The row, by column.

    Returns
    -------
    str or None
        None if no page states it.
    """
    date = row[FACT_TABLES[table]]
    return date if isinstance(date, str) else None


def fact_text(table: str, row: Mapping[Hashable, Any]) -> str:
    """Say what a fact states.

    Parameters
    ----------
    table : str
        Name of the table.
    row : mapping
        The row, by column.

    Returns
    -------
    str
        Without firm, date and page.

    Examples
    --------
    >>> row = {"round": "series_a", "amount_million": 20.0, "currency": "EUR"}
    >>> fact_text("financings", row | {"lead_investor": "Gimv"})
    'series_a, 20 million EUR, led by Gimv'
    """
    return ", ".join(part for part in WRITERS[table](row) if part)


def _text(value: object, before: str = "") -> str:
    return f"{before}{value}" if isinstance(value, str) else ""


def _amount(row: Mapping[Hashable, Any], column: str, before: str = "") -> str:
    return "" if pd.isna(row[column]) else f"{before}{row[column]:g} million {row['currency']}"


def _firm(row: Mapping[Hashable, Any]) -> list[str]:
    parts = [str(row[name]) for name in ("region", "origin", "segment")]
    return [_text(row["founded"], "founded ") or "founding not stated", *parts]


def _event(row: Mapping[Hashable, Any]) -> list[str]:
    country = _text(row["counterparty_country"])
    place = f" ({country})" if country and _text(row["counterparty"]) else country
    return [row["event"], _text(row["counterparty"]) + place, _amount(row, "amount_million")]


def _alliance(row: Mapping[Hashable, Any]) -> list[str]:
    return [
        f"{row['alliance_type']} with {row['partner']} ({row['partner_type']})",
        _text(row["end"], "to "),
        _amount(row, "upfront_million", "upfront "),
        _amount(row, "total_million", "total "),
        _text(row["subject"]),
    ]


def _financing(row: Mapping[Hashable, Any]) -> list[str]:
    return [
        row["round"],
        _amount(row, "amount_million"),
        _text(row["lead_investor"], "led by "),
    ]


WRITERS = {"firms": _firm, "events": _event, "alliances": _alliance, "financings": _financing}
