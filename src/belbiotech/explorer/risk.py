"""The panel's rows, counted: what the page of survival curves is computed from."""

from __future__ import annotations

from typing import Any

import pandas as pd

from belbiotech.explorer.sample import COHORT, traits_of
from belbiotech.explorer.states import State
from belbiotech.explorer.words import Words
from belbiotech.survival.inference.limits import normal_quantile

__all__ = ["CONF_LEVEL", "OUTCOMES", "counted_rows", "traits_and_flags"]

CONF_LEVEL = 0.95
OUTCOMES = ("exit", "failure", "acquisition")
FATES = ("failure", "acquisition")
FIXED = ("region", "segment", "origin", COHORT, "frame")
YEARS = ("observed", "observed_first_page")
LAGGED = {
    "alliances_active_lag1": ("allied", "Allied at the end of the year before"),
    "alliances_exploration_active_lag1": ("exploring", "Alliance to explore, year before"),
    "alliances_exploitation_active_lag1": ("exploiting", "Alliance to exploit, year before"),
    "listed_lag1": ("listed", "Listed at the end of the year before"),
}


def counted_rows(state: State, words: Words) -> dict[str, Any]:
    """Count the panel's equal rows: age, fate, and all by which they can be grouped or chosen.

    Parameters
    ----------
    state : State
        The release.
    words : Words
        Its labels.

    Returns
    -------
    dict
        ``traits`` (name, title, codes with labels), ``years`` (which firm-years count),
        ``columns`` (each as a list with an entry a distinct row), ``n`` (rows counted),
        ``z`` (normal quantile of the intervals), ``outcomes`` and ``fates``.
    """
    rows, traits, years = traits_and_flags(state, words)
    outcomes = [name for name in OUTCOMES if name in rows]
    keys = [*(trait["name"] for trait in traits), *(year["name"] for year in years)]
    keys += ["start", "stop", *outcomes]
    counted = rows.groupby(keys, sort=True, dropna=False).size().reset_index(name="n")
    columns = {name: counted[name].tolist() for name in keys}
    for trait in traits:  # as places among the codes: short, and no text twice
        places = {code: place for place, (code, _) in enumerate(trait["values"])}
        columns[trait["name"]] = [places[code] for code in columns[trait["name"]]]
    for name in (*(year["name"] for year in years), *outcomes):
        columns[name] = [int(value) for value in columns[name]]
    return {
        "version": state.version,
        "traits": traits,
        "years": years,
        "outcomes": [{"name": name, "title": words.title("firm_year", name)} for name in outcomes],
        "fates": [name for name in FATES if name in outcomes],
        "z": normal_quantile(CONF_LEVEL),
        "columns": columns,
        "n": counted["n"].tolist(),
    }


def traits_and_flags(
    state: State, words: Words
) -> tuple[pd.DataFrame, list[dict[str, Any]], list[dict[str, str]]]:
    """Put beside each firm-year the traits of its firm, of those that the release has.

    Parameters
    ----------
    state : State
        The release.
    words : Words
        Its labels.

    Returns
    -------
    rows : DataFrame
        The panel with a column a trait, as codes.
    traits : list of dict
        ``name``, ``title``, ``values`` (pairs of code and label), ``fixed``.
    years : list of dict
        ``name`` and ``title`` of the columns that tell which firm-years count.
    """
    tables = state.tables
    made = traits_of(tables.firms)
    firm = pd.DataFrame({"firm_id": tables.firms["firm_id"], **made}).set_index("firm_id")
    rows = tables.firm_year.copy()
    traits: list[dict[str, Any]] = []
    for name in FIXED:
        if name in firm:
            rows[name] = rows["firm_id"].map(firm[name])
            title = "Founded in" if name == COHORT else words.title("firms", name)
            traits.append(_trait(name, title, rows[name], words.codes("firms", name), fixed=True))
    for column, (name, title) in LAGGED.items():
        if column in rows:
            rows[name] = (rows[column] > 0).map({True: "1", False: "0"})
            codes = {"1": "Yes", "0": "No"}
            traits.append(_trait(name, title, rows[name], codes, fixed=False))
    years = [
        {"name": name, "title": words.title("firm_year", name)} for name in YEARS if name in rows
    ]
    return rows, traits, years


def _trait(
    name: str, title: str, column: pd.Series, codes: dict[str, str], *, fixed: bool
) -> dict[str, Any]:
    there = set(column)
    order = [code for code in codes if code in there]
    order += sorted(there - set(order))
    values = [[code, codes.get(code, code)] for code in order]
    return {"name": name, "title": title, "values": values, "fixed": fixed}
