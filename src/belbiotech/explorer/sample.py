"""The sample: a row a firm, what it can be filtered by, and what each row adds to the counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from belbiotech.explorer.states import State
from belbiotech.explorer.words import Words, file_stem, shown

__all__ = ["COHORT", "NOT_STATED", "Filter", "Sample", "cohort", "sample"]

COHORT = "cohort"
NOT_STATED = "Not stated"
NO_EXIT = "none"
TRAITS = ("region", "segment", "origin", COHORT, "exit_kind", "frame", "in_panel")
TITLES = {COHORT: "Founded in", "exit_kind": "Fate", "in_panel": "In the panel"}
COUNTED = {"firm_years": "firm-years", "alliances": "alliances", "financings": "rounds"}


@dataclass(frozen=True)
class Filter:
    """A trait by which firms can be chosen: code to label, in order."""

    name: str
    title: str
    codes: dict[str, str]


@dataclass(frozen=True)
class Sample:
    """What the first page shows.

    ``rows`` are the lines of the table; ``data`` is what the page's script filters, sorts and
    offers as a file: the table of firms as released, and beside it the traits and counts.
    """

    filters: tuple[Filter, ...]
    rows: tuple[dict[str, Any], ...]
    data: dict[str, Any]


def cohort(founded_year: object) -> str:
    """Give the decade of founding.

    Parameters
    ----------
    founded_year : int or missing
        The year.

    Returns
    -------
    str
        The decade.

    Examples
    --------
    >>> cohort(2001), cohort(pd.NA)
    ('2000s', 'Not stated')
    """
    return NOT_STATED if pd.isna(founded_year) else f"{int(founded_year) // 10 * 10}s"  # type: ignore[call-overload]


def sample(state: State, words: Words) -> Sample:
    """Make the table of firms and its filters.

    Parameters
    ----------
    state : State
        The release.
    words : Words
        Its labels.

    Returns
    -------
    Sample
        Filters only by those traits that the release has, with more than one value.
    """
    tables = state.tables
    traits = traits_of(tables.firms)
    counts = {
        name: tables.firms["firm_id"].map(table["firm_id"].value_counts()).fillna(0).astype(int)
        for name, table in {
            "firm_years": tables.firm_year,
            "alliances": tables.alliances,
            "financings": tables.financings,
        }.items()
    }
    rows = [
        {
            "name": firm["name"],
            "file": file_stem(firm["firm_id"]),
            "region": words.label("firms", "region", firm["region"]),
            "segment": words.label("firms", "segment", firm["segment"]),
            "origin": words.label("firms", "origin", firm["origin"]),
            "founded": shown(firm["founded_year"]),
            "fate": words.fate(firm),
            "exit_kind": firm["exit_kind"] if isinstance(firm["exit_kind"], str) else NO_EXIT,
            **{name: int(column.iloc[place]) for name, column in counts.items()},
        }
        for place, firm in enumerate(tables.firms.to_dict("records"))
    ]
    filters = [_filter(name, traits[name], words) for name in traits]
    released = tables.firms.drop(columns="source_ids")
    data = {
        "version": state.version,
        "columns": list(released.columns),
        "firms": [[_plain(value) for value in row] for row in released.itertuples(index=False)],
        "files": [row["file"] for row in rows],
        "traits": {name: column.tolist() for name, column in traits.items()},
        "counts": {name: column.tolist() for name, column in counts.items()},
    }
    return Sample(tuple(found for found in filters if len(found.codes) > 1), tuple(rows), data)


def traits_of(firms: pd.DataFrame) -> dict[str, pd.Series]:
    """Give the traits by which firms are chosen, of those that the table has, as codes.

    Parameters
    ----------
    firms : DataFrame
        The table of firms.

    Returns
    -------
    dict of str to Series
        Texts; a missing value is ``Not stated``, no exit ``none``.
    """
    made = firms.assign(**{COHORT: [cohort(year) for year in firms["founded_year"]]})
    blank = {"exit_kind": NO_EXIT}
    return {
        name: pd.Series(
            [shown(value) or blank.get(name, NOT_STATED) for value in made[name]], dtype=object
        )
        for name in TRAITS
        if name in made
    }


def _filter(name: str, column: pd.Series, words: Words) -> Filter:
    known = words.codes("firms", name)
    there = set(column)
    order = [code for code in known if code in there]
    order += sorted(there - set(order), key=lambda code: (code in (NOT_STATED, NO_EXIT), code))
    labels = {NO_EXIT: "No exit recorded"} if name == "exit_kind" else {}
    title = TITLES.get(name) or words.title("firms", name)
    return Filter(name, title, {code: labels.get(code) or known.get(code, code) for code in order})


def _plain(value: object) -> object:
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return None
    return value if isinstance(value, (str, bool, int, float)) else getattr(value, "item", str)()
