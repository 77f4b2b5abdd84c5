"""Facts to firm-years: what a firm had at the end of the year before, and what happened next.

A row is one firm in one calendar year, the interval ``(start, stop]`` of its age. Covariates
that can change are as of the end of the year before (``_lag1``), so that nothing is explained by
what came after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.dataset import codes
from belbiotech.dataset.confidence import filter_confidence
from belbiotech.dataset.dates import FIRST_YEAR, LAST_YEAR, date_precision, date_year
from belbiotech.dataset.facts import Facts
from belbiotech.dataset.fields import DERIVED
from belbiotech.dataset.lives import NO_END, firm_lives, listing_spells
from belbiotech.dataset.panel_fields import ALLIANCE_GROUPS, FIRM_YEAR
from belbiotech.dataset.schemas import PROCESSED, validate_tables
from belbiotech.dataset.tables import Tables
from belbiotech.errors import PanelError

__all__ = ["Tables", "build", "default_end_year", "filter_confidence"]

Years = NDArray[np.int64]
DATES = {
    "firms": ("founded",),
    "events": ("date",),
    "alliances": ("start", "end"),
    "financings": ("date",),
    "sources": ("published",),
}


def build(facts: Facts, *, end_year: int | None = None, alliance_window: int | None = 5) -> Tables:
    """Build the firm-year panel and the processed tables from facts.

    Parameters
    ----------
    facts : Facts
        As :func:`~belbiotech.dataset.facts.read_facts` gives them.
    end_year : int, optional
        The panel's last calendar year. By default the last year that was complete when the facts
        were compiled: the year before the latest date in them, of an event or of a page.
    alliance_window : int or None
        How many year-ends an alliance without a known end is in force, counted from the one of
        its start; None for all that follow.

    Returns
    -------
    Tables
        The panel and the tables beside it, sorted, checked against their schemas.

    Raises
    ------
    PanelError
        A window below one year, an end year that is no year, or no firm with a row.

    Examples
    --------
    >>> from belbiotech.dataset.facts import read_facts
    >>> panel = build(read_facts("data/raw")).firm_year
    >>> life = panel[panel["firm_id"] == "movetis"]
    >>> shown = life[["year", "start", "stop", "listed_lag1", "ipo", "acquisition"]]
    >>> print(shown.to_string(index=False))
    year  start  stop  listed_lag1  ipo  acquisition
    2006      0     1            0    0            0
    2007      1     2            0    0            0
    2008      2     3            0    0            0
    2009      3     4            0    1            0
    2010      4     5            1    0            1
    """
    _check_window(alliance_window)
    last = default_end_year(facts) if end_year is None else _checked_year(end_year)
    lives = firm_lives(facts, last)
    tables = {name: _with_dates(name, table) for name, table in facts.items()}
    tables["firms"] = tables["firms"].join(lives.drop(columns="founded_year"), on="firm_id")
    tables["alliances"] = _with_groups(tables["alliances"])
    processed = {name: _sorted(name, table) for name, table in tables.items()}
    panel = _firm_year(processed, alliance_window)
    everything = {"firm_year": panel, **processed}
    validate_tables(everything)
    return Tables(**everything, parameters={"end_year": last, "alliance_window": alliance_window})


def default_end_year(facts: Facts) -> int:
    """Last calendar year that was complete when the facts were compiled.

    Parameters
    ----------
    facts : Facts
        The facts.

    Returns
    -------
    int
        The year before the latest date in the facts, dates of publication included.

    Raises
    ------
    PanelError
        There is no date at all.
    """
    years = pd.concat(
        [
            date_year(getattr(facts, name)[column])
            for name, dates in DATES.items()
            for column in dates
        ]
    )
    if years.isna().all():
        msg = "the facts have no date, so there is no last year; give end_year"
        raise PanelError(msg)
    return int(years.max()) - 1


@dataclass(frozen=True)
class _Rows:
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


def _firm_year(tables: Mapping[str, pd.DataFrame], window: int | None) -> pd.DataFrame:
    firms = tables["firms"]
    firms = firms[firms["in_panel"]].reset_index(drop=True)
    if firms.empty:
        msg = "no firm has a founding year up to the end year, so there is no panel"
        raise PanelError(msg)
    rows = _rows(firms)
    of_firm = np.repeat(np.arange(len(firms)), firms["rows"])
    year = rows.first[of_firm] + np.arange(rows.number) - rows.offset[of_firm]
    age = year - rows.first[of_firm]
    documented = firms["first_documented"].fillna(NO_END).to_numpy(dtype=np.int64)
    columns: dict[str, Any] = {
        **{name: firms[name].to_numpy()[of_firm] for name in ("firm_id", "name")},
        "year": year,
        "age": age,
        "start": age,
        "stop": age + 1,
        **{name: firms[name].to_numpy()[of_firm] for name in ("region", "segment", "origin")},
        "observed": year >= documented[of_firm],
        **_alliance_counts(rows, tables["alliances"], window),
        **_financing_counts(rows, tables["financings"]),
        "listed_lag1": _listed(rows, tables["events"]),
        **_outcomes(rows, firms, tables["events"]),
    }
    return pd.DataFrame({name: columns[name] for name in FIRM_YEAR})


def _rows(firms: pd.DataFrame) -> _Rows:
    count = firms["rows"].to_numpy()
    first = firms["founded_year"].to_numpy(dtype=np.int64)
    offset = np.concatenate([[0], np.cumsum(count)[:-1]])
    position = {name: at for at, name in enumerate(firms["firm_id"])}
    return _Rows(position, first, first + count - 1, offset, int(count.sum()))


def _happened(rows: _Rows, firm: Years, year: Years) -> Years:
    """Count, for each row, the things that happened in its year."""
    known = firm >= 0
    firm, year = firm[known], year[known]
    inside = (year >= rows.first[firm]) & (year <= rows.last[firm])
    firm, year = firm[inside], year[inside]
    at = rows.offset[firm] + year - rows.first[firm]
    count: Years = np.bincount(at, minlength=rows.number).astype(np.int64)
    return count


def _in_force(rows: _Rows, firm: Years, begins: Years, ends: Years) -> Years:
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


def _alliance_counts(rows: _Rows, alliances: pd.DataFrame, window: int | None) -> dict[str, Years]:
    groups = {"alliances": alliances}
    for group, (column, _) in ALLIANCE_GROUPS.items():
        groups[f"alliances_{group}"] = alliances[alliances[column] == group]
    counts = {}
    for prefix, some in groups.items():
        firm, start = rows.where(some), some["start_year"].to_numpy()
        over = NO_END if window is None else start + window
        ends = some["end_year"].fillna(pd.Series(over, some.index)).to_numpy(dtype=np.int64)
        counts[f"{prefix}_new"] = _happened(rows, firm, start)
        counts[f"{prefix}_cum_lag1"] = _in_force(rows, firm, start, np.full_like(start, NO_END))
        counts[f"{prefix}_active_lag1"] = _in_force(rows, firm, start, ends)
    return counts


def _financing_counts(rows: _Rows, financings: pd.DataFrame) -> dict[str, Years]:
    firm, year = rows.where(financings), financings["date_year"].to_numpy()
    return {
        "financing_rounds_new": _happened(rows, firm, year),
        "financing_rounds_cum_lag1": _in_force(rows, firm, year, np.full_like(year, NO_END)),
    }


def _listed(rows: _Rows, events: pd.DataFrame) -> Years:
    spells = listing_spells(events)
    begins, ends = spells["begins"].to_numpy(), spells["ends"].to_numpy()
    return np.minimum(_in_force(rows, rows.where(spells), begins, ends), 1)


def _outcomes(rows: _Rows, firms: pd.DataFrame, events: pd.DataFrame) -> dict[str, Years]:
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


def _with_dates(name: str, facts: pd.DataFrame) -> pd.DataFrame:
    """Add precision and year of each date, with the types that the schema wants."""
    added: dict[str, pd.Series] = {}
    for column in DATES[name]:
        added[f"{column}_precision"] = date_precision(facts[column])
        years = date_year(facts[column])
        always = DERIVED[name][f"{column}_year"].required
        added[f"{column}_year"] = years.astype("int64") if always else years
    return facts.assign(**added)


def _with_groups(alliances: pd.DataFrame) -> pd.DataFrame:
    """Add the position of the partner and the purpose."""
    position = {kind: group for group, kinds in codes.PARTNER_GROUPS.items() for kind in kinds}
    purpose = {kind: group for group, kinds in codes.PURPOSES.items() for kind in kinds}
    return alliances.assign(
        partner_group=alliances["partner_type"].map(position).astype(object),
        purpose=pd.Series(
            [purpose.get(kind) for kind in alliances["alliance_type"]], alliances.index, object
        ),
    )


def _sorted(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Put columns in the schema's order and rows in the order of their values."""
    columns = list(PROCESSED[name].columns)
    return table[columns].sort_values(columns, ignore_index=True)


def _check_window(window: int | None) -> None:
    if window is None:
        return
    if isinstance(window, bool) or not isinstance(window, int | np.integer) or window < 1:
        msg = f"alliance_window is {window!r}; it must be a whole number of years from 1, or None"
        raise PanelError(msg)


def _checked_year(year: int) -> int:
    whole = isinstance(year, int | np.integer) and not isinstance(year, bool)
    if whole and FIRST_YEAR <= year <= LAST_YEAR:
        return int(year)
    msg = f"end_year is {year!r}; it must be a year from {FIRST_YEAR} to {LAST_YEAR}"
    raise PanelError(msg)
