"""On which exchanges a firm is listed, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

import pandas as pd

from belbiotech.dataset.panel.observation import NO_END

__all__ = ["listing_spells"]

Step = tuple[bool, str | None, int]  # whether it leaves, the exchange, the year
Spell = tuple[int, int]


def listing_spells(events: pd.DataFrame) -> pd.DataFrame:
    """Find the spells in which firms are listed, by exchange.

    A listing opens a spell on its exchange. A delisting that names an exchange closes the spell
    on it, or, if none bears that name, the oldest open one without a name; a delisting without a
    name closes all. A second listing on an exchange on which the firm is listed changes nothing.
    Events are ordered by their dates as texts, a listing before a delisting.

    Parameters
    ----------
    events : DataFrame
        As in the facts; ``counterparty`` of ``ipo`` and ``delisted`` is the exchange.

    Returns
    -------
    DataFrame
        ``firm_id``, ``begins`` and ``ends``: listed at the end of the years from ``begins`` to
        the one before ``ends``. Spells of one firm on several exchanges may overlap.
    """
    steps = events.loc[events["event"].isin(["ipo", "delisted"])]
    steps = steps.assign(leaves=steps["event"] == "delisted", place=_places(steps["counterparty"]))
    steps = steps.sort_values(["firm_id", "date", "leaves"], kind="stable")
    years = steps["date"].str[:4].astype(int)
    ordered = zip(steps["firm_id"], steps["leaves"], steps["place"], years, strict=True)
    rows = [
        (firm_id, *spell)
        for firm_id, of_firm in groupby(ordered, key=itemgetter(0))
        for spell in _spells((leaves, place, year) for _, leaves, place, year in of_firm)
    ]
    spells = pd.DataFrame(rows, columns=["firm_id", "begins", "ends"])
    return spells.astype({"begins": "int64", "ends": "int64"})


def _places(names: pd.Series) -> pd.Series:
    """Names of exchanges, alike however they are spelled in capitals; None where there is none."""
    found = [name.casefold() if isinstance(name, str) else None for name in names]
    return pd.Series(found, names.index, dtype=object)


def _spells(steps: Iterable[Step]) -> Iterator[Spell]:
    """Open and close spells in the order of the steps of one firm."""
    listed: list[tuple[str | None, int]] = []  # those open, the oldest first
    for leaves, place, year in steps:
        if not leaves:
            if place is None or place not in dict(listed):
                listed.append((place, year))
            continue
        closed = listed if place is None else _closed(listed, place)
        yield from ((begins, year) for _, begins in closed)
        listed = [spell for spell in listed if spell not in closed]
    yield from ((begins, NO_END) for _, begins in listed)


def _closed(listed: list[tuple[str | None, int]], place: str) -> list[tuple[str | None, int]]:
    named = [spell for spell in listed if spell[0] == place]
    nameless = [spell for spell in listed if spell[0] is None]
    return named or nameless[:1]
