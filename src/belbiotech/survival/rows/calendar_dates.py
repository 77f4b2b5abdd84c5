"""Calendar dates of many kinds as years, and tables that may be files."""

from __future__ import annotations

import re
from collections.abc import Container
from pathlib import Path

import pandas as pd

from belbiotech.errors import PanelError, in_words

__all__ = ["calendar_years", "column_name", "read_table"]

DATE = re.compile(
    r"(\d{4})(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?(?:[T ].*)?|(\d{4})\.0"
)
SHOWN = 5  # rows that are told of, where many have no date


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
        Neither a table nor a file that can be read as one.
    """
    if isinstance(table, pd.DataFrame):
        rows = table.reset_index(drop=True)
        rows.attrs = dict(table.attrs)
        return rows
    if not isinstance(table, str | Path):
        msg = f"{argument} is {in_words(table)}; give a DataFrame or the path of a CSV file"
        raise PanelError(msg)
    try:
        return pd.read_csv(table)
    except (OSError, ValueError) as error:
        msg = f"{argument}: {table} cannot be read as a CSV file ({error})"
        raise PanelError(msg) from error


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
    if pd.api.types.is_datetime64_any_dtype(values):
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
