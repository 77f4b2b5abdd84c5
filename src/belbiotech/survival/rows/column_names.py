"""Columns are asked for by name: what is no name, and what is no column of the data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from belbiotech.errors import PanelError, a_type_of, nearest_names

TIMES = {
    "start": "name the column in which rows begin with start='...', or give start=0 if all begin "
    "at 0; ",
    "stop": "name the column in which rows end with stop='...', or make one (data.assign(stop="
    "data['age'] + 1) for yearly rows); ",
}

__all__ = ["as_columns", "check_columns", "check_names", "check_one_name"]

COLUMN = "a column"  # what is said of a name that came with no argument of its own


def check_columns(
    data: pd.DataFrame,
    outcomes: Sequence[str] = (),
    *,
    start: str = "start",
    stop: str = "stop",
    columns: Iterable[str] = (),
    weights: str | None = None,
    frequency: str | None = None,
    unit: str | None = None,
) -> list[str]:
    """Refuse a table that lacks the columns an analysis reads, whatever they hold.

    Parameters
    ----------
    data, outcomes, start, stop, columns, weights, frequency, unit
        As in `check_rows`.

    Returns
    -------
    list of str
        The columns, each once.

    Raises
    ------
    PanelError
        Arguments that are no names, two columns of one name, an unknown column.
    """
    optional = [("weights", weights), ("frequency", frequency), ("unit", unit)]
    named = [
        ("start", start),
        ("stop", stop),
        *(("outcome", name) for name in outcomes),
        *((COLUMN, name) for name in columns),
        *((argument, name) for argument, name in optional if name is not None),
    ]
    _stop_at([line for argument, name in named for line in _no_name(argument, name)])
    used = list(dict.fromkeys(name for _, name in named))
    _stop_at(_unknown_columns(data, used, named) + _same_columns(data, used, start, stop))
    return used


def check_one_name(**arguments: object) -> None:
    """Refuse what is not the name of one column.

    Parameters
    ----------
    **arguments
        Each argument's value: a name.

    Raises
    ------
    PanelError
        Naming each argument that is something else.

    Examples
    --------
    >>> check_one_name(unit="firm_id")
    >>> check_one_name(outcome=None, unit=["firm_id", "region"])
    Traceback (most recent call last):
    belbiotech.errors.PanelError: outcome is None: give the column's name, such as outcome='name'
    unit is a list: give one column's name, such as unit='name'
    """
    _stop_at([line for argument, value in arguments.items() for line in _no_name(argument, value)])


def check_names(**arguments: object) -> None:
    """Refuse columns where their names are asked for.

    Parameters
    ----------
    **arguments
        Each argument's value: a name, several names, or None.

    Raises
    ------
    PanelError
        Naming each argument that is something else.

    Examples
    --------
    >>> check_names(start="start", strata=["region", "segment"], weights=None)
    >>> check_names(unit=[3])
    Traceback (most recent call last):
    belbiotech.errors.PanelError: unit is an int: give the column's name, such as unit='name'
    """
    problems = []
    for argument, value in arguments.items():
        if value is None or isinstance(value, str):
            continue
        names = value if isinstance(value, (list, tuple)) else [value]
        strange = [name for name in names if not isinstance(name, str)]
        if strange:
            problems += _no_name(argument, strange[0])
    _stop_at(problems)


def as_columns(by: str | Sequence[str] | None, argument: str = "by") -> list[str]:
    """Give the columns that split the rows, none, one or several, as a list.

    Parameters
    ----------
    by : str or list of str, optional
        What the caller was given.
    argument : str
        Where it was given, for the error.

    Returns
    -------
    list of str
        The names.

    Raises
    ------
    PanelError
        Something else than names of columns.
    """
    check_names(**{argument: by})
    if by is None:
        return []
    return [by] if isinstance(by, str) else list(by)


def _no_name(argument: str, value: object) -> list[str]:
    """Tell of a value that is not one column's name."""
    if isinstance(value, str):
        return []
    what = "None" if value is None else a_type_of(value)
    one = "one" if isinstance(value, (list, tuple)) else "the"
    example = "" if argument == COLUMN else f", such as {argument}='name'"
    remedy = f"give {one} column's name{example}"
    if isinstance(value, (pd.Series, pd.Index, np.ndarray)):
        remedy += "; if it is not in the data yet, data.assign(name=...) puts it there"
    return [f"{argument} is {what}: {remedy}"]


def _unknown_columns(
    data: pd.DataFrame, names: list[str], named: list[tuple[str, str]]
) -> list[str]:
    told = {name: TIMES[argument] for argument, name in named if argument in TIMES}
    return [
        f"there is no column {name!r}; {told.get(name, '')}{nearest_names(name, data.columns)}"
        for name in names
        if name not in data.columns
    ]


def _same_columns(data: pd.DataFrame, names: list[str], start: str, stop: str) -> list[str]:
    twice = set(data.columns[data.columns.duplicated()])
    problems = [
        f"{int((data.columns == name).sum())} columns are called {name!r}; rename all but one"
        for name in names
        if name in twice
    ]
    if start == stop:
        problems.append(f"start and stop are both {start!r}: they must be two columns")
    return problems


def _stop_at(problems: list[str]) -> None:
    if problems:
        raise PanelError("\n".join(problems))
