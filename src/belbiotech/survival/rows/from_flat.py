"""One flat table, a row a unit and year: intervals and lags added; calendar dates as years."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from belbiotech.errors import PanelError, in_words, nearest_names
from belbiotech.survival.rows.column_names import (
    as_columns,
    check_each_once,
    check_one_name,
    check_one_name_or_none,
)
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.plain import plain_table
from belbiotech.survival.rows.units import needed_unit

__all__ = ["calendar_years", "column_name", "from_flat", "read_table"]

DATE = re.compile(
    r"(\d{4})(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?(?:[T ].*)?|(\d{4})\.0"
)
SHOWN = 5  # rows that are told of, where many have no date


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
    check_one_name_or_none(founded=founded)
    given = read_table(table, "table")
    name = needed_unit(given, unit)
    counted, held = as_columns(counts, "counts"), as_columns(levels, "levels")
    read = [name, year, *([] if founded is None else [founded]), *counted]
    _refuse_absent(given, [*read, *held])
    labels = given[name].array
    rows = plain_table(given, read, numbers=counted, groups=[name])
    made = ["age", "start", "stop"]
    made += [*(f"{it}_cum_lag1" for it in counted), *(f"{it}_lag1" for it in held)]
    if taken := [it for it in made if it in rows.columns]:
        msg = f"table has a column {taken[0]!r}, which is to be made; rename it"
        raise PanelError(msg)
    years, problems = calendar_years(rows, year, "table", required=True)
    begun, more = (
        calendar_years(rows, founded, "table", required=True)
        if founded
        else (years.groupby(rows[name], observed=True).transform("min"), [])
    )
    problems += more + _bad_rows(rows, name, years, begun) + _bad_counts(rows, counted)
    if problems:
        raise PanelError("\n".join(problems))
    rows = rows.assign(**{year: years.astype("int64")})
    age = (years - begun).astype("int64")
    rows = rows.assign(age=age, start=age, stop=age + 1)
    rows = rows.sort_values([name, year], kind="stable")
    for it in counted:
        so_far = rows.groupby(name, sort=False, observed=True)[it].cumsum()
        rows[f"{it}_cum_lag1"] = so_far - rows[it]
    units = rows.groupby(name, sort=False, observed=True)
    follows = units[year].diff() == 1
    for it in held:
        rows[f"{it}_lag1"] = units[it].shift().where(follows)
    rows[name] = labels.take(rows.index)
    rows = rows.reset_index(drop=True)
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
        if rows[name].dtype.kind == "c":
            problems.append(f"table: column {name!r} has complex numbers; a count is a real one")
            continue
        numbers = pd.to_numeric(rows[name], errors="coerce")
        bad = ~np.isfinite(numbers.to_numpy(dtype=float)) | (numbers < 0).to_numpy()
        if bad.any() or rows[name].dtype.kind not in "iufb":
            row = rows.index[bad][0] if bad.any() else rows.index[0]
            problems.append(
                f"table, row {row}: column {name!r} is {in_words(rows[name][row])}; a count is a "
                "number of 0 or more"
            )
    return problems


def read_table(table: pd.DataFrame | str | Path, argument: str) -> pd.DataFrame:
    """Give a table with rows numbered from 0, whether it is one or a CSV file of it.

    Parameters
    ----------
    table : DataFrame, str or Path
        The table or the file.
    argument : str
        Where it was given, for the error.

    Returns
    -------
    DataFrame
        A new one.

    Raises
    ------
    PanelError
        Neither a table nor a file that can be read as one, or two columns of one name.
    """
    if isinstance(table, str | Path):
        return _file(table, argument)
    taken = as_table(table, argument)
    check_each_once(taken, argument)
    rows = taken.reset_index(drop=True)
    rows.attrs = dict(taken.attrs)
    return rows


def _file(path: str | Path, argument: str) -> pd.DataFrame:
    """Read a CSV file."""
    try:
        read = pd.read_csv(path)
    except FileNotFoundError as error:
        msg = f"{argument}: there is no file {Path(path).absolute()}"
        raise PanelError(msg) from error
    except (OSError, ValueError) as error:
        save = "; save it as UTF-8" if isinstance(error, UnicodeDecodeError) else ""
        msg = f"{argument}: {path} cannot be read as a CSV file ({error}){save}"
        raise PanelError(msg) from error
    (head, *others) = [str(name) for name in read.columns]
    if not others and any(sign in head for sign in ";\t|"):
        msg = f"{argument}: {path} has no commas between its cells; save it with commas"
        raise PanelError(msg)
    return read


def calendar_years(
    table: pd.DataFrame, column: str, what: str, *, required: bool = False
) -> tuple[pd.Series, list[str]]:
    """Read the years of a column of dates.

    Parameters
    ----------
    table : DataFrame
        The table.
    column : str
        Years, texts from the year on (2007, 2007-11, 2007-11-07), or timestamps.
    what : str
        What the table is called, for problems.
    required : bool
        Whether a blank is a problem.

    Returns
    -------
    Series of float
        The years; missing where blank or no date.
    list of str
        What is wrong.

    Examples
    --------
    >>> calendar_years(pd.DataFrame({"date": ["2007-11", "11/2007"]}), "date", "events")[1]
    ["events, column 'date': '11/2007' is no date (row 1); write 2007, 2007-11 or 2007-11-07"]
    """
    values = table[column]
    if pd.api.types.is_datetime64_any_dtype(values) or isinstance(values.dtype, pd.PeriodDtype):
        years = values.dt.year.astype(float)
        bad = pd.Series(False, values.index)
    else:
        missing = values.isna()
        texts = [None if gone else it for it, gone in zip(values, missing, strict=True)]
        found = [None if text is None else DATE.fullmatch(str(text).strip()) for text in texts]
        years = pd.Series(
            [float(hit[1] or hit[2]) if hit else float("nan") for hit in found], values.index
        )
        blank = pd.Series([text is None or not str(text).strip() for text in texts], values.index)
        bad = years.isna() & ~blank
    problems = []
    if bad.any():
        rows = ", ".join(map(str, values.index[bad][:SHOWN]))
        more = f" and {int(bad.sum()) - SHOWN} more" if bad.sum() > SHOWN else ""
        problems.append(
            f"{what}, column {column!r}: {in_words(values[bad].iloc[0])} is no date (row {rows}"
            f"{more}); write 2007, 2007-11 or 2007-11-07"
        )
    empty = years.isna() & ~bad
    if required and empty.any():
        rows = ", ".join(map(str, values.index[empty][:SHOWN]))
        problems.append(f"{what}, column {column!r}: blank in row {rows}; give the date")
    return years, problems


def column_name(text: str, taken: Container[str], what: str) -> str:
    """Make a column's name that a formula can hold from a text.

    Parameters
    ----------
    text : str
        A code, or words.
    taken : container of str
        Names that are in use.
    what : str
        What the text is, for the error.

    Returns
    -------
    str
        Letters, digits and underscores.

    Raises
    ------
    PanelError
        No name, or one that is taken.

    Examples
    --------
    >>> column_name("R&D deal", (), "kind")
    'R_D_deal'
    """
    name = re.sub(r"\W+", "_", text).strip("_")
    name = f"_{name}" if name[:1].isdigit() else name
    if not name or name in taken:
        msg = f"the {what} {text!r} would make the column {name!r}, which is taken; rename it"
        raise PanelError(msg)
    return name
