"""The rows and columns of the firm-year panel, counted without a loop over firms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.dataset.panel.fields import ALLIANCE_GROUPS, FIRM_YEAR
from belbiotech.dataset.panel.listings import listing_spells
from belbiotech.dataset.panel.observation import NO_END, ObservationRule
from belbiotech.dataset.panel.readings import Readings, counted_alliances
from belbiotech.errors import PanelError

__all__ = ["firm_years"]

Years = NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """The panel's rows: those of a firm stand together, one a year, from its founding on.

    ``first`` and ``last`` are each firm's years, ``offset`` the position of its first row, (k,);
    ``number`` is the number of all rows.
    """

    position: Mapping[str, int]
    first: Years
    last: Years
    offset: Years
    number: int

    def where(self, table: pd.DataFrame) -> Years:
        """Position of each row's firm, -1 if it is not in the panel."""
        position = table["firm_id"].map(self.position).fillna(-1)
        return np.asarray(position, dtype=np.int64)


def firm_years(
    tables: Mapping[str, pd.DataFrame],
    signs: pd.DataFrame,
    rule: ObservationRule,
    window: int | None,
    readings: Readings,
) -> pd.DataFrame:
    """Make the firm-year panel from the processed tables.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``firms`` (with founding, exit and number of rows), ``events``, ``alliances`` and
        ``financings``, firms sorted by id.
    signs : DataFrame
        ``firm_id`` and ``year`` of the signs of life.
    rule : ObservationRule
        How long a firm is followed after them.
    window : int or None
        How many year-ends an alliance without a known end is in force.
    readings : Readings
        How consortia are counted.

    Returns
    -------
    DataFrame
        One row a firm and year, sorted by both.

    Raises
    ------
    PanelError
        No firm has a row.
    """
    firms = tables["firms"]
    firms = firms[firms["in_panel"]].reset_index(drop=True)
    if firms.empty:
        msg = "no firm has a founding year up to the end year, so there is no panel"
        raise PanelError(msg)
    rows = _rows(firms)
    of_firm = np.repeat(np.arange(len(firms)), firms["rows"])
    year = rows.first[of_firm] + np.arange(rows.number) - rows.offset[of_firm]
    age = year - rows.first[of_firm]
    from_first_page = _from_first_page(firms, year, of_firm)
    columns: dict[str, Any] = {
        **{name: firms[name].to_numpy()[of_firm] for name in ("firm_id", "name")},
        "year": year,
        "age": age,
        "start": age,
        "stop": age + 1,
        **{name: firms[name].to_numpy()[of_firm] for name in ("region", "segment", "origin")},
        "observed": _observed(rows, signs, rule) if rule.by_follow_up else from_first_page,
        "observed_first_page": from_first_page,
        **_alliance_counts(rows, tables["alliances"], window, readings),
        **_financing_counts(rows, tables["financings"]),
        "listed_lag1": _listed(rows, tables["events"]),
        **_outcomes(rows, firms, tables["events"]),
    }
    return pd.DataFrame({name: columns[name] for name in FIRM_YEAR})


def _rows(firms: pd.DataFrame) -> Rows:
    count = firms["rows"].to_numpy()
    first = firms["founded_year"].to_numpy(dtype=np.int64)
    offset = np.concatenate([[0], np.cumsum(count)[:-1]])
    position = {name: at for at, name in enumerate(firms["firm_id"])}
    return Rows(position, first, first + count - 1, offset, int(count.sum()))


def _observed(rows: Rows, signs: pd.DataFrame, rule: ObservationRule) -> NDArray[np.bool_]:
    """Tell which years begin while the firm is followed: after a sign of life, never by one."""
    until = rule.last_followed(signs["year"]).to_numpy(dtype=np.int64)
    return _in_force(rows, rows.where(signs), signs["year"].to_numpy(), until) > 0


def _from_first_page(firms: pd.DataFrame, year: Years, of_firm: Years) -> NDArray[np.bool_]:
    """Tell the years of data versions 0.x: from the first page to the exit or last sighting."""
    first = firms["first_documented"].fillna(NO_END).to_numpy(dtype=np.int64)
    last = firms["last_seen_year"].to_numpy(dtype=np.int64)
    return (year >= first[of_firm]) & (year <= last[of_firm])


def _happened(rows: Rows, firm: Years, year: Years) -> Years:
    """Count, for each row, the things that happened in its year."""
    known = firm >= 0
    firm, year = firm[known], year[known]
    inside = (year >= rows.first[firm]) & (year <= rows.last[firm])
    firm, year = firm[inside], year[inside]
    at = rows.offset[firm] + year - rows.first[firm]
    count: Years = np.bincount(at, minlength=rows.number).astype(np.int64)
    return count


def _in_force(rows: Rows, firm: Years, begins: Years, ends: Years) -> Years:
    """Count, for each row, the things in force at the end of the year before.

    A thing is in force at the ends of the years from ``begins`` to the one before ``ends``, and
    so counts in the rows of the years after these. Each adds one at the first of these rows and
    takes it away after the last, within its firm: the running sum is the count.
    """
    known = firm >= 0
    firm, begins, ends = firm[known], begins[known], ends[known]
    enters = np.maximum(begins + 1, rows.first[firm])
    leaves = np.minimum(ends, rows.last[firm]) + 1
    inside = enters < leaves
    firm, enters, leaves = firm[inside], enters[inside], leaves[inside]
    base = rows.offset[firm] - rows.first[firm]
    more = np.bincount(base + enters, minlength=rows.number + 1)
    less = np.bincount(base + leaves, minlength=rows.number + 1)
    count: Years = np.cumsum(more - less)[:-1].astype(np.int64)
    return count


def _alliance_counts(
    rows: Rows, alliances: pd.DataFrame, window: int | None, readings: Readings
) -> dict[str, Years]:
    groups = {"alliances": alliances}
    for group, (column, _) in ALLIANCE_GROUPS.items():
        groups[f"alliances_{group}"] = alliances[alliances[column] == group]
    counts = {}
    for prefix, of_group in groups.items():
        some = counted_alliances(of_group, readings)
        firm, start = rows.where(some), some["start_year"].to_numpy()
        over = NO_END if window is None else start + window
        ends = some["end_year"].fillna(pd.Series(over, some.index)).to_numpy(dtype=np.int64)
        counts[f"{prefix}_new"] = _happened(rows, firm, start)
        counts[f"{prefix}_cum_lag1"] = _in_force(rows, firm, start, np.full_like(start, NO_END))
        counts[f"{prefix}_active_lag1"] = _in_force(rows, firm, start, ends)
    return counts


def _financing_counts(rows: Rows, financings: pd.DataFrame) -> dict[str, Years]:
    firm, year = rows.where(financings), financings["date_year"].to_numpy()
    return {
        "financing_rounds_new": _happened(rows, firm, year),
        "financing_rounds_cum_lag1": _in_force(rows, firm, year, np.full_like(year, NO_END)),
    }


def _listed(rows: Rows, events: pd.DataFrame) -> Years:
    spells = listing_spells(events)
    begins, ends = spells["begins"].to_numpy(), spells["ends"].to_numpy()
    return np.minimum(_in_force(rows, rows.where(spells), begins, ends), 1)


def _outcomes(rows: Rows, firms: pd.DataFrame, events: pd.DataFrame) -> dict[str, Years]:
    kinds = {}
    for kind in ("failure", "acquisition"):
        some = firms[firms["exit_kind"] == kind]
        kinds[kind] = _happened(rows, rows.where(some), some["exit_year"].to_numpy(dtype=np.int64))
    listed = events[events["event"] == "ipo"].sort_values("date_year").drop_duplicates("firm_id")
    return {
        **kinds,
        "exit": kinds["failure"] + kinds["acquisition"],
        "ipo": _happened(rows, rows.where(listed), listed["date_year"].to_numpy()),
    }
