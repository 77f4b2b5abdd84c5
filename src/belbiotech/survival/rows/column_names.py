"""What a caller gives: names of columns, or texts, lists and mappings; what is none of these.

Columns are asked for by name: what is no name, and what is no column of the data, is refused.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any, TypeGuard

import numpy as np
import pandas as pd

from belbiotech.errors import PanelError, a_type_of, in_words, nearest_names, stop_at

TIMES = {
    "start": "name the column in which rows begin with start='...', or give start=0 if all begin "
    "at 0; ",
    "stop": "name the column in which rows end with stop='...', or make one (data.assign(stop="
    "data['age'] + 1) for yearly rows); ",
}

__all__ = [
    "as_columns",
    "as_list",
    "check_columns",
    "check_each_once",
    "check_mapping",
    "check_names",
    "check_one_name",
    "check_one_name_or_none",
    "check_text",
    "check_truth_values",
    "check_whole_number",
    "free_name",
    "is_finite_number",
    "is_whole_number",
]

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
    stop_at([line for argument, name in named for line in _no_name(argument, name)])
    used = list(dict.fromkeys(name for _, name in named))
    stop_at(_unknown_columns(data, used, named) + _same_columns(data, used, start, stop))
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
    stop_at([line for argument, value in arguments.items() for line in _no_name(argument, value)])


def check_one_name_or_none(**arguments: object) -> None:
    """Refuse what is neither the name of one column nor None.

    Parameters
    ----------
    **arguments
        Each argument's value: a name, or None where there is none.

    Raises
    ------
    PanelError
        Naming each argument that is something else.

    Examples
    --------
    >>> check_one_name_or_none(by=None, unit="firm_id")
    >>> check_one_name_or_none(by=("region", "segment"))
    Traceback (most recent call last):
    belbiotech.errors.PanelError: by is a tuple: give one column's name, such as by='name'
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    check_one_name(**given)


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
    stop_at(problems)


def check_each_once(data: pd.DataFrame, argument: str) -> None:
    """Refuse a table in which two columns have one name.

    Parameters
    ----------
    data : DataFrame
        What the caller was given.
    argument : str
        Where it was given.

    Raises
    ------
    PanelError
        Naming the first of them.
    """
    twice = data.columns[data.columns.duplicated()]
    if len(twice):
        msg = f"{argument} has several columns {twice[0]!r}; rename all but one"
        raise PanelError(msg)


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


def check_text(value: object, argument: str, example: str) -> None:
    """Refuse what is no text.

    Parameters
    ----------
    value : object
        What the caller was given.
    argument, example : str
        Where it was given, and what could have been.

    Raises
    ------
    PanelError
        Naming the argument.
    """
    if not isinstance(value, str):
        msg = f"{argument} is {a_type_of(value)}: give a text, such as {example!r}"
        raise PanelError(msg)


def as_list(value: Any, argument: str, example: object) -> list[Any]:
    """Give several values as a list; refuse one by itself.

    Parameters
    ----------
    value : iterable
        What the caller was given.
    argument : str
        Where it was given.
    example : object
        What could have been.

    Returns
    -------
    list
        The values.

    Raises
    ------
    PanelError
        Naming the argument.

    Examples
    --------
    >>> as_list((2, 3), "lags", [2, 3])
    [2, 3]
    >>> as_list(2, "lags", [2, 3])
    Traceback (most recent call last):
    belbiotech.errors.PanelError: lags is 2: give a list, such as [2, 3]
    """
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        msg = f"{argument} is {in_words(value)}: give a list, such as {example!r}"
        raise PanelError(msg)
    return list(value)


def check_mapping(value: object, argument: str, example: object) -> None:
    """Refuse what is no mapping; None is one that is not given.

    Parameters
    ----------
    value : object
        What the caller was given.
    argument : str
        Where it was given.
    example : object
        What could have been.

    Raises
    ------
    PanelError
        Naming the argument.
    """
    if value is not None and not isinstance(value, Mapping):
        msg = f"{argument} is {in_words(value)}: give a mapping, such as {example!r}"
        raise PanelError(msg)


def check_whole_number(value: object, argument: str) -> None:
    """Refuse what is no whole number; None is one that is not given.

    Parameters
    ----------
    value : object
        What the caller was given.
    argument : str
        Where it was given.

    Raises
    ------
    PanelError
        Naming the argument.
    """
    if value is not None and not is_whole_number(value):
        msg = f"{argument} is {in_words(value)}: it must be a whole number"
        raise PanelError(msg)


def check_truth_values(**arguments: object) -> None:
    """Refuse what is neither True nor False.

    Parameters
    ----------
    **arguments
        Each argument's value; 0 and 1 do as well.

    Raises
    ------
    PanelError
        Naming each argument that is something else.

    Examples
    --------
    >>> check_truth_values(firth="yes")
    Traceback (most recent call last):
    belbiotech.errors.PanelError: firth is 'yes': it must be True or False
    """
    stop_at(
        [
            f"{argument} is {in_words(value)}: it must be True or False"
            for argument, value in arguments.items()
            if not isinstance(value, (bool, np.bool_))
            and not (is_whole_number(value) and value in (0, 1))
        ]
    )


def is_finite_number(value: object) -> TypeGuard[float]:
    """Tell whether a value is one number that a float can hold; True and False are such.

    Examples
    --------
    >>> is_finite_number(2), is_finite_number([2]), is_finite_number(10**400)
    (True, False, False)
    """
    plain = value.item() if isinstance(value, np.generic) else value
    largest = sys.float_info.max  # a whole number beyond it has no float to be compared as
    return isinstance(plain, Real) and bool(-largest <= plain <= largest)  # type: ignore[operator]


def is_whole_number(value: object) -> bool:
    """Tell whether a value is a whole number of any type; True and False are none.

    Parameters
    ----------
    value : object
        What the caller was given.

    Returns
    -------
    bool
        Whether it is.
    """
    if isinstance(value, (bool, np.bool_)):
        return False
    if isinstance(value, np.ndarray):
        return False
    return hasattr(value, "__index__") or (isinstance(value, float) and value == value // 1)


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


def free_name(data: pd.DataFrame, name: str) -> str:
    """Give a name that no column of a user has, for a column made beside theirs.

    Parameters
    ----------
    data : DataFrame
        The user's columns.
    name : str
        What it would be called.

    Returns
    -------
    str
        The name, in as many brackets as it takes.

    Examples
    --------
    >>> free_name(pd.DataFrame(columns=["(stop)", "age"]), "(stop)")
    '((stop))'
    """
    while name in data.columns:
        name = f"({name})"
    return name
