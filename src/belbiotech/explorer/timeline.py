"""The time line of a firm: what the chart on its page is drawn from, for the page's script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from belbiotech.explorer.words import Row, Words, shown

__all__ = ["timeline"]


def timeline(
    firm: Row, own: Mapping[str, list[Row]], words: Words, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Give what the chart of a firm's life is drawn from.

    Parameters
    ----------
    firm : mapping
        Its row in ``firms``.
    own : mapping of str to list
        Its rows in the other tables, by table.
    words : Words
        The labels of the release.
    parameters : mapping
        What the release was built with.

    Returns
    -------
    dict
        Years as numbers; an alliance without a known end lasts as long as the window says.
    """
    window, last = parameters["alliance_window"], parameters["end_year"]
    panel = own["firm_year"]
    return {
        "first": int(panel[0]["year"]) if panel else None,
        "last": int(panel[-1]["year"]) if panel else None,
        "endYear": last,
        "window": window,
        "observed": [int(row["year"]) for row in panel if row["observed"]],
        "listed": _listed(panel, own["events"]),
        "fate": None
        if pd.isna(firm["exit_year"])
        else {"year": int(firm["exit_year"]), "text": words.fate(firm)},
        "alliances": [
            {
                "from": int(row["start_year"]),
                "to": _alliance_end(row, window, last),
                "known": bool(pd.notna(row["end_year"])),
                "partner": shown(row["partner"]),
                "group": words.label("alliances", "partner_group", row["partner_group"]),
                "type": words.label("alliances", "alliance_type", row["alliance_type"]),
            }
            for row in sorted(own["alliances"], key=lambda row: row["start"])
        ],
        "events": [
            {
                "year": int(row["date_year"]),
                "event": row["event"],
                "text": words.fact("events", row),
            }
            for row in own["events"]
            if row["event"] != "observed_active"
        ],
        "financings": [
            {
                "year": int(row["date_year"]),
                "text": words.fact("financings", row),
                "amount": None if pd.isna(row["amount_million"]) else float(row["amount_million"]),
                "currency": shown(row["currency"]),
            }
            for row in own["financings"]
        ],
    }


def _listed(panel: list[Row], events: list[Row]) -> list[int]:
    """Give the years at whose end the firm was listed, by the panel's own rule for that."""
    found = [int(row["year"]) - 1 for row in panel if row["listed_lag1"]]
    left = {int(row["date_year"]) for row in events if row["event"] == "delisted"}
    if panel and panel[-1]["listed_lag1"] and panel[-1]["year"] not in left:
        found.append(int(panel[-1]["year"]))  # no row after it could tell
    return found


def _alliance_end(row: Row, window: int | None, end_year: int) -> int:
    if pd.notna(row["end_year"]):
        return int(row["end_year"])
    return int(end_year) + 1 if window is None else int(row["start_year"]) + window
