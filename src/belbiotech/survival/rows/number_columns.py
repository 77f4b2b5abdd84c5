"""Columns that must hold numbers and do not: each told, with how to make it some."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

__all__ = ["not_numbers"]


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
    ]


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
