"""One table of units with start, end and fate, and one of dated events: yearly rows with lags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import PanelError, in_words, nearest_names
from belbiotech.survival.rows.column_names import as_columns, check_one_name, check_one_name_or_none
from belbiotech.survival.rows.from_flat import calendar_years, column_name, read_table
from belbiotech.survival.rows.plain import plain_table
from belbiotech.survival.rows.units import needed_unit

__all__ = ["from_spells"]

Years = NDArray[np.int64]
NEVER = 10**6  # a year after all years
MADE = ("year", "age", "start", "stop", "exit")


def from_spells(
    table: pd.DataFrame | str | Path,
    events: pd.DataFrame | str | Path | None = None,
    *,
    unit: str | None = None,
    start: str = "start",
    end: str = "end",
    fate: str = "fate",
    entry: str | None = None,
    censored: str | Sequence[str] = (),
    date: str = "date",
    kind: str = "kind",
    window: int | None = 5,
    end_year: int | None = None,
) -> pd.DataFrame:
    """Make a panel from units with start, end and fate, and from dated events, for the fits here.

    One row a unit and calendar year, from its start to its end; counts of events are as of the
    end of the year before, so that nothing is explained by what came after it.

    Parameters
    ----------
    table : DataFrame, str or Path
        One row a unit, or a CSV file of that: its name, `start`, `end` and `fate`. Dates are
        years (2007), texts as precise as known (2007-11, 2007-11-07) or timestamps; a blank end
        means that the unit was there to the last. All other columns are fixed traits.
    events : DataFrame, str or Path, optional
        One row a dated event, or a CSV file of that: the unit, `date`, and, where there are
        several kinds, `kind`. A column ``end`` says how long it was in force.
    unit : str, optional
        Column that says whose row it is, in both tables; by default ``data.attrs["unit"]``, else
        ``firm_id``.
    start, end, fate : str
        Columns of `table`: when the unit began (its age counts from there), when it ended, how.
        An end with a blank fate is a unit that was lost from sight.
    entry : str, optional
        Column of `table`: when the unit came under observation. Earlier years get no row, which
        is delayed entry; a blank is the start.
    censored : str or list of str
        Fates that are no end, such as ``"alive"``.
    date, kind : str
        Columns of `events`.
    window : int or None
        How many year-ends an event without an end is in force; None for all that follow.
    end_year : int, optional
        The last calendar year; by default the latest year of any date in both tables.

    Returns
    -------
    DataFrame
        The unit, ``year``, ``age`` (years since the start), ``start`` and ``stop`` (the age at
        which the row begins and ends), the traits, a column of 0/1 for each fate, ``exit`` (any
        of them) and, for all events and for each kind, ``events_new`` (of the year itself, for
        description alone), ``events_cum_lag1`` (so far) and ``events_active_lag1`` (in force),
        both at the end of the year before. ``attrs["unit"]`` names the unit. Events after a
        unit's end count in no row.

    Raises
    ------
    PanelError
        Unknown columns, dates that are none, an end before the start, a fate without an end, a
        unit twice, events of unknown units or from before their start: all of them at once.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import from_spells
    >>> firms = pd.DataFrame({"firm_id": ["a", "b"], "start": [2001, 2002], "end": [2003, None],
    ...                       "fate": ["failed", None]})
    >>> deals = pd.DataFrame({"firm_id": ["a", "b"], "date": ["2001-05", "2002-11-30"]})
    >>> rows = from_spells(firms, deals, end_year=2004)
    >>> rows[["firm_id", "year", "start", "stop", "failed", "events_cum_lag1"]]
      firm_id  year  start  stop  failed  events_cum_lag1
    0       a  2001      0     1       0                0
    1       a  2002      1     2       0                1
    2       a  2003      2     3       1                1
    3       b  2002      0     1       0                0
    4       b  2003      1     2       0                1
    5       b  2004      2     3       0                1
    """
    check_one_name(start=start, end=end, fate=fate, date=date, kind=kind)
    check_one_name_or_none(entry=entry)
    units = read_table(table, "table")
    name = needed_unit(units, unit)
    spells = _spells(units, name, _Columns(start, end, fate, entry), as_columns(censored))
    dated = None if events is None else read_table(events, "events")
    happened = _events(dated, spells, name, date, kind, window)
    rows = _rows(spells, happened, end_year)
    columns = {**_times(rows, spells, name), **_traits(units, rows, (start, end, fate, entry))}
    columns |= _fates(rows, spells, columns) | _counts(rows, happened)
    panel = pd.DataFrame(columns)
    panel.attrs["unit"] = name
    return panel


@dataclass(frozen=True)
class _Columns:
    start: str
    end: str
    fate: str
    entry: str | None


@dataclass(frozen=True)
class _Spells:
    """Units in the order of the table: first year, last year (NEVER: open), fate, entry."""

    names: pd.Series
    first: Years
    last: Years
    fate: list[str | None]
    entry: Years


@dataclass(frozen=True)
class _Events:
    """Events: position of the unit, year, first year in which it is out of force, kind."""

    unit: Years
    year: Years
    over: Years
    kind: list[str]


@dataclass(frozen=True)
class _Rows:
    """The rows: those of a unit stand together, one a year from its start on, all of them."""

    unit: Years
    year: Years
    first: Years
    last: Years
    offset: Years
    shown: NDArray[np.bool_]


def _spells(table: pd.DataFrame, unit: str, names: _Columns, censored: Sequence[str]) -> _Spells:
    wanted = [unit, names.start, names.end, names.fate, *([names.entry] if names.entry else [])]
    if problems := _absent(table, "table", wanted):
        raise PanelError("\n".join(problems))
    table = plain_table(table, wanted, groups=[unit, names.fate])
    first, problems = calendar_years(table, names.start, "table", required=True)
    last, more = calendar_years(table, names.end, "table")
    entry, others = (
        calendar_years(table, names.entry, "table") if names.entry else (pd.Series(first), [])
    )
    problems += more + others
    fates = [None if _is_blank(value) else str(value) for value in table[names.fate]]
    fates = [None if value in censored else value for value in fates]
    for at, (row, value) in enumerate(zip(table.index, fates, strict=True)):
        if value is not None and pd.isna(last.iloc[at]):
            problems.append(
                f"table, row {row}: the fate is {value!r}, and column {names.end!r} is blank; "
                "give the end, or name the fate in censored=[...]"
            )
        elif last.iloc[at] < first.iloc[at]:
            problems.append(
                f"table, row {row}: the end, {last.iloc[at]:.0f}, is before the start, "
                f"{first.iloc[at]:.0f}; correct one of them"
            )
    again = table[unit].duplicated() | table[unit].isna()
    problems += [
        f"table, row {row}: column {unit!r} is {in_words(value)}; "
        "each unit needs a name and one row: give its events in the other table"
        for row, value in table.loc[again, unit].items()
    ]
    if len(table) == 0:
        problems.append("table has no rows; give a row for each unit")
    if problems:
        raise PanelError("\n".join(problems))
    begins = first.to_numpy(dtype=np.int64)
    since = np.maximum(entry.fillna(first).to_numpy(dtype=np.int64), begins)
    ends = last.fillna(NEVER).to_numpy(dtype=np.int64)
    return _Spells(table[unit].reset_index(drop=True), begins, ends, fates, since)


def _absent(table: pd.DataFrame, what: str, names: Sequence[str]) -> list[str]:
    return [
        f"{what} has no column {name!r}; {nearest_names(name, table.columns)}"
        for name in names
        if name not in table.columns
    ]


def _nearest(name: object, places: Mapping[object, int]) -> str:
    """Say which unit may be meant: first of all the same name with other blanks around it."""
    for known in places:
        if isinstance(known, str) and isinstance(name, str) and known.strip() == name.strip():
            return f"the table has {in_words(known)}: take the blanks at the ends away"
    return nearest_names(name, places)


def _is_blank(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or value != value  # noqa: PLR0124


def _events(
    table: pd.DataFrame | None,
    spells: _Spells,
    unit: str,
    date: str,
    kind: str,
    window: int | None,
) -> _Events | None:
    if window is not None and (
        isinstance(window, bool) or not isinstance(window, int | np.integer) or window < 1
    ):
        msg = f"window is {window!r}; it must be a whole number of years from 1, or None"
        raise PanelError(msg)
    if table is None:
        return None
    if problems := _absent(table, "events", [unit, date]):
        raise PanelError("\n".join(problems))
    read = [it for it in (unit, date, kind, "end") if it in table.columns]
    table = plain_table(table, read, groups={unit, kind} & set(read))
    years, problems = calendar_years(table, date, "events", required=True)
    ends = pd.Series(np.nan, table.index)
    if "end" in table.columns:
        ends, more = calendar_years(table, "end", "events")
        problems += more
    places = {name: at for at, name in enumerate(spells.names)}
    position = table[unit].map(places)
    problems += [
        f"events, row {row}: {unit} {in_words(value)} is not in the table; "
        f"{_nearest(value, places)}"
        for row, value in table.loc[position.isna(), unit].items()
    ]
    begun = position.map(dict(enumerate(spells.first)))
    problems += [
        f"events, row {row}: {date} {years[row]:.0f} is before the unit's start, {begun[row]:.0f}; "
        "correct one of them"
        for row in table.index[years < begun]
    ]
    if kind in table.columns and table[kind].isna().any():
        rows = ", ".join(map(str, table.index[table[kind].isna()][:3]))
        problems.append(f"events, column {kind!r}: blank in row {rows}; give each event its kind")
    if problems:
        raise PanelError("\n".join(problems))
    year: Years = years.to_numpy(dtype=np.int64)
    usual = np.full_like(year, NEVER) if window is None else year + window
    known = ends.notna().to_numpy()
    over = np.where(known, ends.fillna(0).to_numpy(), usual).astype(np.int64)
    kinds = [str(value) for value in table[kind]] if kind in table.columns else []
    return _Events(position.to_numpy(dtype=np.int64), year, over, kinds)


def _rows(spells: _Spells, events: _Events | None, end_year: int | None) -> _Rows:
    dated = [spells.first, spells.last[spells.last < NEVER]]
    if events is not None:
        dated.append(events.year)
    latest = int(np.concatenate(dated).max()) if end_year is None else end_year
    if isinstance(latest, bool) or not isinstance(latest, int | np.integer):
        msg = f"end_year is {in_words(end_year)}; it must be a whole year, like 2025"
        raise PanelError(msg)
    last = np.minimum(spells.last, min(max(latest, -NEVER), NEVER))
    count = np.maximum(last - spells.first + 1, 0)
    offset = np.concatenate([[0], np.cumsum(count)[:-1]]).astype(np.int64)
    unit = np.repeat(np.arange(len(count)), count)
    year = spells.first[unit] + np.arange(len(unit)) - offset[unit]
    shown = year >= spells.entry[unit]
    if not shown.any():
        msg = f"no unit has a year under observation up to {latest}; look at start, entry, end_year"
        raise PanelError(msg)
    return _Rows(unit, year, spells.first, last, offset, shown)


def _times(rows: _Rows, spells: _Spells, unit: str) -> dict[str, Any]:
    of_unit, year = rows.unit[rows.shown], rows.year[rows.shown]
    age = year - rows.first[of_unit]
    names = spells.names.to_numpy()[of_unit]
    return {unit: names, "year": year, "age": age, "start": age, "stop": age + 1}


def _traits(table: pd.DataFrame, rows: _Rows, used: Sequence[str | None]) -> dict[str, Any]:
    own = [name for name in table.columns if name not in used]
    taken = [name for name in own if name in MADE]
    if taken:
        msg = f"table has a column {taken[0]!r}, which the panel makes; rename it"
        raise PanelError(msg)
    return {name: table[name].array.take(rows.unit[rows.shown]) for name in own}


def _fates(rows: _Rows, spells: _Spells, taken: Mapping[str, object]) -> dict[str, Any]:
    of_unit, year = rows.unit[rows.shown], rows.year[rows.shown]
    at_end = year == spells.last[of_unit]
    columns: dict[str, Any] = {}
    for fate in sorted({name for name in spells.fate if name is not None}):
        name = column_name(fate, {*taken, *columns, "exit"}, "fate")
        own = np.array([it == fate for it in spells.fate])
        columns[name] = (at_end & own[of_unit]).astype(np.int64)
    columns["exit"] = np.sum(list(columns.values()), axis=0) if columns else 0 * year
    return columns


def _counts(rows: _Rows, events: _Events | None) -> dict[str, Any]:
    if events is None:
        return {}
    kinds = np.array(events.kind)
    chosen = {"events": np.ones(len(events.year), dtype=bool)}
    for kind in sorted(set(events.kind)):
        chosen[column_name(kind, chosen, "kind of event")] = kinds == kind
    columns: dict[str, Any] = {}
    for name, some in chosen.items():
        unit, year, over = events.unit[some], events.year[some], events.over[some]
        columns[f"{name}_new"] = _in_force(rows, unit, year - 1, year)
        columns[f"{name}_cum_lag1"] = _in_force(rows, unit, year, np.full_like(year, NEVER))
        columns[f"{name}_active_lag1"] = _in_force(rows, unit, year, over)
    return columns


def _in_force(rows: _Rows, unit: Years, begins: Years, ends: Years) -> Years:
    """Count, for each row, what began before its year and had not ended when it began.

    Each adds one at the first row after ``begins`` and takes it away after row ``ends``, within
    its unit: the running sum is the count.
    """
    enters = np.maximum(begins + 1, rows.first[unit])
    leaves = np.minimum(ends, rows.last[unit]) + 1
    inside = enters < leaves
    base = (rows.offset - rows.first)[unit[inside]]
    size = len(rows.year) + 1
    more = np.bincount(base + enters[inside], minlength=size)
    less = np.bincount(base + leaves[inside], minlength=size)
    count: Years = np.cumsum(more - less)[:-1].astype(np.int64)
    return count[rows.shown]
