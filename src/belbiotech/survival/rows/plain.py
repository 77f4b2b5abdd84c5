"""Columns in the plain types of NumPy, whatever they are stored in, so that equal is equal.

Truth values, numbers, dates and texts each have one type here. A column that is plain already is
not copied, nor is the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["is_single_value", "plain_attrs", "plain_table", "plain_value", "with_columns_of"]

NUMBERS = ("integer", "floating", "mixed-integer-float", "decimal")
DATES = ("date", "datetime", "datetime64")
MIXED = ("mixed", "mixed-integer")
LENGTHS = ("timedelta", "timedelta64")
SINGLE = (str, bytes, int, float, complex, Decimal, np.generic, date, timedelta)


def plain_table(
    data: pd.DataFrame,
    names: Iterable[str],
    *,
    numbers: Iterable[str] = (),
    groups: Iterable[str] = (),
) -> pd.DataFrame:
    """Make the columns that an analysis reads plain, and the index one without names.

    Parameters
    ----------
    data : DataFrame
        Has these columns, each once.
    names : iterable of str
        The columns.
    numbers : iterable of str
        Those of them whose categories or objects, if they are such, are numbers: 0/1 outcomes.
    groups : iterable of str
        Those of them whose values name groups: 1.0 and 1 are one name.

    Returns
    -------
    DataFrame
        The data itself where all is plain, else a new table of the same rows. Truth values are
        bool, numbers of NumPy's types, dates datetime64, texts objects; categories that no row
        has are gone. Tuples, enumerations and the like are their texts. What has a missing value
        keeps it: truth values are floats then.

    Examples
    --------
    >>> rows = pd.DataFrame({"listed": [True, False], "size": [1, 2]}, dtype=object)
    >>> plain_table(rows.astype({"size": "Int64"}), ["listed", "size"]).dtypes.astype(str).tolist()
    ['bool', 'int64']
    """
    only_numbers, naming = set(numbers), set(groups)
    changed = {}
    for name in dict.fromkeys(names):
        column = data[name]
        plain = _plain(column)
        if name in only_numbers:
            plain = _without_objects(_without_categories(plain))
        if name in naming:
            plain = _as_names(plain)
        if plain is not column:
            changed[name] = plain
    if not changed and data.index.nlevels == 1 and data.index.name is None:
        return data
    table = data.copy(deep=False)
    table.index = data.index.set_names([None] * data.index.nlevels)
    for name, column in changed.items():
        table[name] = column.array
    return table


def with_columns_of(given: pd.DataFrame, plain: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Give a user's table, with some of its columns plain: to give its rows back.

    Parameters
    ----------
    given : DataFrame, (n, k)
        As it came, with its own labels and types.
    plain : DataFrame, (n, k)
        The same rows from the door.
    names : iterable of str
        Columns to take from there.

    Returns
    -------
    DataFrame, (n, k)
        A new table; all other columns and the index as they were.

    Examples
    --------
    >>> given = pd.DataFrame({"stop": ["1", "2"], "firm": ["a", "b"]}, dtype="category")
    >>> with_columns_of(given, given.astype({"stop": int}), ["stop"]).dtypes.astype(str).tolist()
    ['int64', 'category']
    """
    return given.assign(**{name: plain[name].array for name in names})


def plain_attrs(attrs: Mapping[Any, Any]) -> dict[Any, Any]:
    """Give what is attached to a table in types that JSON has, so that the table can be written.

    Parameters
    ----------
    attrs : mapping
        A user's ``attrs``.

    Returns
    -------
    dict
        Arrays, columns, tuples and sets as lists, tables as mappings of lists, NumPy's numbers as
        Python's; anything else as its text.

    Examples
    --------
    >>> plain_attrs({"unit": "firm", "years": np.array([2001, 2002]), "day": date(2001, 2, 3)})
    {'unit': 'firm', 'years': [2001, 2002], 'day': '2001-02-03'}
    """
    return {str(name): _attached(value) for name, value in attrs.items()}


def _attached(value: Any) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, (pd.DataFrame, Mapping)):
        return plain_attrs(dict(value))
    if isinstance(value, np.ndarray) and value.ndim:
        return [_attached(one) for one in value]
    if isinstance(value, (np.ndarray, np.generic)):
        single = value.item()
        return single if type(single) in (bool, int, float, str) else str(value)
    if isinstance(value, (pd.Series, pd.Index, list, tuple, set, frozenset)):
        return [_attached(one) for one in value]
    return str(value)


def plain_value(value: Any) -> Any:
    """Give a value that names a group in its one form: 1.0, True and numpy's 1 are all 1.

    Parameters
    ----------
    value : object
        A value of a column.

    Returns
    -------
    object
        Equal, and of one type, for values that are one.

    Examples
    --------
    >>> plain_value(np.True_), plain_value(1.0), plain_value("1"), plain_value(0.5)
    (1, 1, '1', 0.5)
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Enum) and isinstance(value, SINGLE):
        value = value.value
    if not is_single_value(value):
        return _text(value)
    if isinstance(value, (bool, Decimal, float)) and value == value // 1:
        return int(value)
    return value


def is_single_value(value: object) -> bool:
    """Tell whether a value is a number, a text, a truth value, a date, or missing.

    Parameters
    ----------
    value : object
        A value of a column.

    Returns
    -------
    bool
        False for tuples, lists, members of an enumeration, and other objects.

    Examples
    --------
    >>> is_single_value("a"), is_single_value(None), is_single_value(("a", 1))
    (True, True, False)
    """
    if isinstance(value, Enum):
        return False
    return isinstance(value, SINGLE) or bool(pd.api.types.is_scalar(value))


def _plain(column: pd.Series) -> pd.Series:
    kind: Any = column.dtype
    if isinstance(kind, np.dtype):
        odd = kind.kind == "f" and kind.itemsize not in (4, 8)
        return _of_objects(column) if kind.kind == "O" else _floats(column) if odd else column
    if isinstance(kind, pd.CategoricalDtype):
        return _of_categories(column)
    if isinstance(kind, pd.SparseDtype):
        return _plain(pd.Series(column.to_numpy(), index=column.index))
    if pd.api.types.is_bool_dtype(kind):
        return _truth(column)
    if pd.api.types.is_numeric_dtype(kind):
        return _numbers(column)
    if isinstance(kind, pd.StringDtype):
        return column.astype(object)
    if isinstance(kind, pd.ArrowDtype):
        import pyarrow as pa

        taken = pa.array(column).to_pandas(date_as_object=False)
        stored = kind.pyarrow_dtype
        if pa.types.is_dictionary(stored) and not stored.ordered:  # in the order values came
            taken = taken.astype(object)
        return _plain(pd.Series(taken.array, index=column.index, name=column.name))
    return column  # periods, intervals, dates with a time zone


def _truth(column: pd.Series) -> pd.Series:
    return column.astype(bool) if column.notna().all() else _floats(column)


def _numbers(column: pd.Series) -> pd.Series:
    kind: Any = column.dtype
    if pd.api.types.is_integer_dtype(kind) and column.notna().all():
        return column.astype(kind.numpy_dtype)
    return _floats(column)


def _floats(column: pd.Series) -> pd.Series:
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return pd.Series(values, index=column.index, name=column.name)


def _of_categories(column: pd.Series) -> pd.Series:
    """Drop unused categories; truth values and dates are no categories, but what they are."""
    column = column.cat.remove_unused_categories()
    known = pd.Series(column.cat.categories)
    plain = _plain(known)
    if plain.dtype.kind in "bmM" or isinstance(plain.dtype, pd.PeriodDtype):
        return _plain(column.astype(object))
    return column if plain is known else column.cat.rename_categories(plain.array)


def _of_objects(column: pd.Series) -> pd.Series:
    first = _first(column)
    if first is None or type(first) is str:  # as nearly all are, and no look at every row
        return column
    if isinstance(first, Enum) and isinstance(first, SINGLE):
        return _plain(column.map(plain_value, na_action="ignore").infer_objects())
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind == "boolean" or (kind in MIXED and _of_truths(column)):
        return _truth(column)
    try:
        if kind in DATES:
            return pd.to_datetime(column)
        if kind in LENGTHS:
            return pd.to_timedelta(column)
    except (ValueError, OverflowError, TypeError):  # the year 9999, or time zones that differ
        return column
    return column if is_single_value(first) else _texts(column)


def _first(column: pd.Series) -> Any:
    """Give the first value that is not missing."""
    return next((value for value in column.to_numpy() if _is_there(value)), None)


def _is_there(value: Any) -> bool:
    return not pd.api.types.is_scalar(value) or not pd.isna(value)


def _texts(column: pd.Series) -> pd.Series:
    """Put texts for tuples, enumerations and the like, if each has one of its own."""
    try:
        known = list(dict.fromkeys(value for value in column.to_numpy() if _is_there(value)))
    except TypeError:  # lists
        return column
    text_of = {value: _text(value) for value in known if not is_single_value(value)}
    if len(text_of) < len(known) or len(set(text_of.values())) < len(known):
        return column
    texts = [text_of.get(value, value) if _is_there(value) else None for value in column.to_numpy()]
    return pd.Series(texts, index=column.index, name=column.name, dtype=object)


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(_text(part) for part in value)
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    return str(value)


def _without_categories(column: pd.Series) -> pd.Series:
    kind: Any = column.dtype
    if not isinstance(kind, pd.CategoricalDtype):
        return column
    if not pd.api.types.is_numeric_dtype(kind.categories.dtype):
        return column
    return column.astype(kind.categories.dtype) if column.notna().all() else _floats(column)


def _without_objects(column: pd.Series) -> pd.Series:
    """Make numbers that are stored as objects numbers, integers where all are whole."""
    stored = pd.api.types.is_object_dtype(column.dtype) and type(_first(column)) is not str
    return _as_names(column) if stored and _of_numbers(column) else column


def _of_truths(column: pd.Series) -> bool:
    """Tell of a mixed column whether it is of truth values, some of which are 0 or 1."""
    there = [value for value in column.to_numpy() if _is_there(value)]
    kinds = (bool, np.bool_, int, float, np.number)
    return (
        all(isinstance(value, kinds) for value in there)
        and any(isinstance(value, (bool, np.bool_)) for value in there)
        and all(value in (0, 1) for value in there)
    )


def _of_numbers(column: pd.Series) -> bool:
    return pd.api.types.infer_dtype(column, skipna=True) in NUMBERS


def _as_names(column: pd.Series) -> pd.Series:
    """Make whole numbers integers."""
    kind: Any = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        known = pd.Series(kind.categories)
        names = _as_names(known)
        return column if names is known else column.cat.rename_categories(names.array)
    if kind.kind == "O" and type(_first(column)) is not str and _of_numbers(column):
        column, kind = _floats(column), np.dtype(np.float64)
    if kind.kind != "f":
        return column
    values = column.to_numpy()
    whole = bool((np.abs(values) < 2**53).all() and (values == np.rint(values)).all())
    return column.astype(np.int64) if whole else column
