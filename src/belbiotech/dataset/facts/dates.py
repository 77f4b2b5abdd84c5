"""Dates as precise as a page states them: ``2019``, ``2019-05`` or ``2019-05-31``, as texts."""

from __future__ import annotations

import pandas as pd

__all__ = [
    "FIRST_YEAR",
    "FORMS",
    "LAST_YEAR",
    "date_precision",
    "date_year",
    "is_before",
    "is_date",
]

FIRST_YEAR, LAST_YEAR = 1800, 2100
FORMS = r"[0-9]{4}|[0-9]{4}-(?:0[1-9]|1[0-2])|[0-9]{4}-[0-9]{2}-[0-9]{2}"
PRECISION = {4: "year", 7: "month", 10: "day"}


def is_date(texts: pd.Series) -> pd.Series:
    """Tell which texts are dates that exist, of any precision.

    Parameters
    ----------
    texts : Series of str
        No missing values.

    Returns
    -------
    Series of bool
        False also for years before 1800 or after 2100.

    Examples
    --------
    >>> is_date(pd.Series(["2019", "2019-13", "19", "2019-02-30"])).tolist()
    [True, False, False, False]
    """
    texts = texts.astype(str)
    shaped = texts.str.fullmatch(FORMS)
    days = shaped & (texts.str.len() == 10)
    exists = pd.to_datetime(texts.where(days), format="%Y-%m-%d", errors="coerce").notna()
    years = pd.to_numeric(texts.str[:4].where(shaped), errors="coerce")
    return shaped & (exists | ~days) & years.between(FIRST_YEAR, LAST_YEAR)


def date_year(texts: pd.Series) -> pd.Series:
    """Year of each date.

    Parameters
    ----------
    texts : Series of str
        Dates, or missing.

    Returns
    -------
    Series of Int64
        Missing where the date is.

    Examples
    --------
    >>> date_year(pd.Series(["2019-05", None])).tolist()
    [2019, <NA>]
    """
    return pd.to_numeric(texts.str[:4]).astype("Int64")


def date_precision(texts: pd.Series) -> pd.Series:
    """How precise each date is.

    Parameters
    ----------
    texts : Series of str
        Dates, or missing.

    Returns
    -------
    Series of object
        ``year``, ``month``, ``day``, or None where the date is missing.

    Examples
    --------
    >>> date_precision(pd.Series(["2019-05", "2019", None])).tolist()
    ['month', 'year', None]
    """
    words = [PRECISION.get(len(text)) if isinstance(text, str) else None for text in texts]
    return pd.Series(words, index=texts.index, dtype=object)


def is_before(first: pd.Series, second: pd.Series) -> pd.Series:
    """Tell where a date is before another for certain: as far as both are known.

    Parameters
    ----------
    first, second : Series of str
        Dates, or missing, on the same index.

    Returns
    -------
    Series of bool
        False where either is missing.

    Examples
    --------
    >>> dates = pd.Series(["2019", "2019-04", "2018-12-31"])
    >>> is_before(dates, pd.Series(["2019-05", "2019-05-02", "2019"])).tolist()
    [False, True, True]
    """
    pairs = zip(first, second, strict=True)
    before = [
        isinstance(one, str) and isinstance(two, str) and one[: len(two)] < two[: len(one)]
        for one, two in pairs
    ]
    return pd.Series(before, index=first.index, dtype=bool)
