"""Columns that must hold numbers: what is none, missing, infinite or too large, each told."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["LARGEST", "SMALLER", "missing_values", "not_numbers", "rows_in_words", "too_large"]

LARGEST = 1e100  # sizes of numbers: sums of their squares, and third powers, are still finite
SMALLER = "count in larger units (divide the column), or drop those rows yourself"
SHOWN = 5  # rows named in a message; their number is always told in full


def not_numbers(data: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """Tell of columns that must hold numbers and do not, each with how to make it some.

    Parameters
    ----------
    data : DataFrame
        With these columns.
    names : iterable of str
        The columns.

    Returns
    -------
    list of str
        One sentence for each column that is at fault.
    """
    return [
        f"column {name!r} must hold numbers, not {data[name].dtype}; {_as_numbers(data[name])}"
        for name in names
        if not pd.api.types.is_numeric_dtype(data[name])
        or pd.api.types.is_complex_dtype(data[name])
    ]


def rows_in_words(data: pd.DataFrame, bad: NDArray[np.bool_]) -> str:
    """Say how many rows of the data are bad, (n,), and which: the first few by their label."""
    labels = data.index[bad][:SHOWN].tolist()
    count = int(bad.sum())
    more = ", ..." if count > SHOWN else ""
    noun = "row" if count == 1 else "rows"
    return f"{count} {noun} ({', '.join(map(str, labels))}{more})"


def missing_values(data: pd.DataFrame, name: str) -> list[str]:
    """Tell of missing and infinite values of a column, and of numbers that are too large.

    Parameters
    ----------
    data : DataFrame
        With this column.
    name : str
        The column.

    Returns
    -------
    list of str
        A sentence for each kind.
    """
    column = data[name]
    if _certainly_finite(column):
        return []
    bad = column.isna().to_numpy()
    problems = []
    if bad.any():
        problems.append(
            f"column {name!r} has missing values in {rows_in_words(data, bad)}; "
            "fill them, or drop those rows yourself"
        )
    if pd.api.types.is_float_dtype(column):
        values = column.to_numpy(dtype=float, na_value=np.nan)
        infinite = np.isinf(values)
        if infinite.any():
            problems.append(
                f"column {name!r} has infinite values in {rows_in_words(data, infinite)}; "
                "replace them, or drop those rows yourself"
            )
        problems += too_large(data, [name])
    return problems


def too_large(data: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """Tell of columns with numbers whose squares and sums are no numbers any more.

    Parameters
    ----------
    data : DataFrame
        With these columns; missing and infinite values are not looked at.
    names : iterable of str
        The columns.

    Returns
    -------
    list of str
        One sentence for each column that is at fault.
    """
    problems = []
    for name in names:
        if pd.api.types.is_float_dtype(data[name]):
            values = data[name].to_numpy(dtype=float, na_value=np.nan)
            large = (np.abs(values) > LARGEST) & ~np.isinf(values)
            if large.any():
                problems.append(
                    f"column {name!r} has numbers beyond {LARGEST:g}, such as "
                    f"{values[large][0]:g}, in {rows_in_words(data, large)}; {SMALLER}"
                )
    return problems


def _as_numbers(column: pd.Series) -> str:
    """Say how to make numbers of a column of texts, dates or lengths of time."""
    shown, kind = f"data[{column.name!r}]", pd.api.types.infer_dtype(column)
    if kind in ("datetime64", "datetime", "date"):
        if column.dtype == object:
            shown = f"pd.to_datetime({shown})"
        return f"make it numbers, such as years since founding: ({shown} - origin).dt.days / 365.25"
    if kind == "period":
        return f"make it numbers: ({shown}.dt.to_timestamp() - origin).dt.days / 365.25"
    if kind in ("timedelta64", "timedelta"):
        return f"make it numbers, such as years: {shown}.dt.days / 365.25"
    return f"make it numbers: pd.to_numeric({shown})"


def _certainly_finite(column: pd.Series) -> bool:
    """Tell at a glance that nothing is missing, infinite or too large, as in nearly all columns."""
    if not isinstance(column.dtype, np.dtype):
        return False
    if column.dtype.kind == "O":
        return pd.api.types.infer_dtype(column, skipna=False) == "string"
    if column.dtype.kind in "iub":
        return True
    if column.dtype.kind != "f":
        return False
    values = column.to_numpy()
    return float(values.min()) >= -LARGEST and float(values.max()) <= LARGEST
