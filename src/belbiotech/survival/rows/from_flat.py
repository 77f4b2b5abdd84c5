"""One flat table, a row a unit and year: intervals and lags added."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from belbiotech.errors import PanelError, in_words, nearest_names
from belbiotech.survival.rows.calendar_dates import calendar_years, read_table
from belbiotech.survival.rows.column_names import as_columns, check_one_name
from belbiotech.survival.rows.units import needed_unit

__all__ = ["from_flat"]


def from_flat(
    table: pd.DataFrame | str | Path,
    *,
    unit: str | None = None,
    year: str = "year",
    founded: str | None = None,
    counts: str | Sequence[str] = (),
    levels: str | Sequence[str] = (),
) -> pd.DataFrame:
    """Add intervals and lags to a flat table of one row a unit and year.

    Parameters
    ----------
    table : DataFrame, str or Path
        One row a unit and calendar year, or a CSV file of that, with outcomes of 0/1 and
        whatever else is known of the year.
    unit : str, optional
        Column that says whose row it is; by default ``data.attrs["unit"]``, else ``firm_id``.
    year : str
        Column of calendar years.
    founded : str, optional
        Column of when the unit began, from which its age counts; by default its first row's
        year. Rows that begin later are delayed entry.
    counts : str or list of str
        Columns that count what happened in the year: each gets ``..._cum_lag1``, the sum of the
        unit's rows of all years before.
    levels : str or list of str
        Columns of what was so in the year (staff, a rating): each gets ``..._lag1``, its value
        in the year before, missing where the unit has no row of that year.

    Returns
    -------
    DataFrame
        The rows, sorted by unit and year, with ``age``, ``start`` and ``stop`` and the lags.
        ``attrs["unit"]`` names the unit.

    Raises
    ------
    PanelError
        Unknown columns, years that are none, two rows of one unit and year, a row from before
        the unit was founded, a missing count, or a column of a name that is to be made.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import from_flat
    >>> rows = pd.DataFrame({"firm_id": ["a"] * 3, "year": [2003, 2004, 2005], "founded": 2001,
    ...                      "deals": [1, 0, 2], "staff": [5, 7, 9], "failed": [0, 0, 1]})
    >>> made = from_flat(rows, founded="founded", counts="deals", levels="staff")
    >>> made[["year", "start", "stop", "failed", "deals_cum_lag1", "staff_lag1"]]
       year  start  stop  failed  deals_cum_lag1  staff_lag1
    0  2003      2     3       0               0         NaN
    1  2004      3     4       0               1         5.0
    2  2005      4     5       1               1         7.0
    """
    check_one_name(year=year)
    rows = read_table(table, "table")
    name = needed_unit(rows, unit)
    counted, held = as_columns(counts, "counts"), as_columns(levels, "levels")
    _refuse_absent(rows, [name, year, *([founded] if founded else []), *counted, *held])
    made = ["age", "start", "stop"]
    made += [*(f"{it}_cum_lag1" for it in counted), *(f"{it}_lag1" for it in held)]
    if taken := [it for it in made if it in rows.columns]:
        msg = f"table has a column {taken[0]!r}, which is to be made; rename it"
        raise PanelError(msg)
    years, problems = calendar_years(rows, year, "table", required=True)
    begun, more = (
        calendar_years(rows, founded, "table", required=True)
        if founded
        else (years.groupby(rows[name]).transform("min"), [])
    )
    problems += more + _bad_rows(rows, name, years, begun) + _bad_counts(rows, counted)
    if problems:
        raise PanelError("\n".join(problems))
    rows = rows.assign(**{year: years.astype("int64")})
    age = (years - begun).astype("int64")
    rows = rows.assign(age=age, start=age, stop=age + 1)
    rows = rows.sort_values([name, year], kind="stable", ignore_index=True)
    for it in counted:
        so_far = rows.groupby(name, sort=False)[it].cumsum()
        rows[f"{it}_cum_lag1"] = so_far - rows[it]
    follows = rows.groupby(name, sort=False)[year].diff() == 1
    for it in held:
        rows[f"{it}_lag1"] = rows.groupby(name, sort=False)[it].shift().where(follows)
    rows.attrs = {"unit": name}
    return rows


def _refuse_absent(rows: pd.DataFrame, names: Sequence[str]) -> None:
    problems = [
        f"table has no column {name!r}; {nearest_names(name, rows.columns)}"
        for name in dict.fromkeys(names)
        if name not in rows.columns
    ]
    if len(rows) == 0:
        problems.append("table has no rows; give a row for each unit and year")
    if problems:
        raise PanelError("\n".join(problems))


def _bad_rows(rows: pd.DataFrame, unit: str, years: pd.Series, begun: pd.Series) -> list[str]:
    problems = []
    again = pd.DataFrame({"unit": rows[unit], "year": years}).duplicated()
    if again.any():
        row = rows.index[again][0]
        problems.append(
            f"table, row {row}: {unit} {in_words(rows[unit][row])} has a row of "
            f"{years[row]:.0f} already ({int(again.sum())} such rows); keep one"
        )
    if rows[unit].isna().any():
        problems.append(f"table, row {rows.index[rows[unit].isna()][0]}: column {unit!r} is blank")
    problems += [
        f"table, row {row}: {years[row]:.0f} is before the unit was founded, {begun[row]:.0f}"
        for row in rows.index[years < begun][:1]
    ]
    return problems


def _bad_counts(rows: pd.DataFrame, names: Sequence[str]) -> list[str]:
    problems = []
    for name in names:
        numbers = pd.to_numeric(rows[name], errors="coerce")
        bad = ~np.isfinite(numbers.to_numpy(dtype=float)) | (numbers < 0).to_numpy()
        if bad.any() or rows[name].dtype.kind not in "iufb":
            row = rows.index[bad][0] if bad.any() else rows.index[0]
            problems.append(
                f"table, row {row}: column {name!r} is {in_words(rows[name][row])}; a count is a "
                "number of 0 or more"
            )
    return problems
