"""Times that differ by rounding alone are the same time, as in R's ``survival``.

0.1 + 0.2 is not 0.3 for a computer. A row that enters at one of them would be at risk for an
event at the other, and two events at the same time would not be tied.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import FitError, in_words
from belbiotech.survival.rows.column_codes import CHUNK

__all__ = [
    "FloatArray",
    "Times",
    "asked_times",
    "floats_in",
    "interval_arrays",
    "interval_times",
    "tie_times",
]

FloatArray = NDArray[np.float64]
Times = NDArray[np.float64] | NDArray[np.integer[Any]]

TOLERANCE = float(np.sqrt(np.finfo(float).eps))  # that of R's all.equal


def floats_in(values: object) -> FloatArray:
    """Give one number or several as an array, (n,): a single NaN where they are no numbers.

    Examples
    --------
    >>> floats_in(5), floats_in([1, "x"]), floats_in(10**400)
    (array([5.]), array([nan]), array([nan]))
    """
    try:
        return np.atleast_1d(np.asarray(values, dtype=np.float64)).ravel()
    except (TypeError, ValueError, OverflowError):
        return np.array([np.nan])


def asked_times(times: object) -> FloatArray:
    """Give times at which a curve is asked for, (m,).

    Parameters
    ----------
    times : float or sequence of float
        In any order.

    Returns
    -------
    array of float, (m,)
        As they are given.

    Raises
    ------
    FitError
        What holds no numbers.

    Examples
    --------
    >>> asked_times(5), asked_times([1, 2.5])
    (array([5.]), array([1. , 2.5]))
    """
    wanted = floats_in(times)
    if np.isnan(wanted).any():
        msg = f"times must be numbers, such as [1, 5]; they are {in_words(times)}"
        raise FitError(msg)
    return wanted


def interval_times(data: pd.DataFrame, start: str, stop: str) -> tuple[pd.Series, pd.Series]:
    """Give the two columns of the intervals, with times tied that differ by rounding alone.

    Parameters
    ----------
    data : DataFrame
        Rows.
    start, stop : str
        Columns of finite numbers.

    Returns
    -------
    start, stop : Series
        As they are where all times are whole numbers.
    """
    begins, ends = data[start], data[stop]
    if begins.dtype.kind in "iu" and ends.dtype.kind in "iu":
        return begins, ends
    tied = tie_times(begins.to_numpy(dtype=float), ends.to_numpy(dtype=float))
    return pd.Series(tied[0], index=data.index), pd.Series(tied[1], index=data.index)


def interval_arrays(data: pd.DataFrame, start: str, stop: str) -> tuple[Times, Times]:
    """Give the times of `interval_times` as arrays: numpy's integers as they are, others as floats.

    Parameters
    ----------
    data : DataFrame
        Rows.
    start, stop : str
        Columns of finite numbers.

    Returns
    -------
    start, stop : array, (n,)
        Of one type each.
    """
    times = interval_times(data, start, stop)
    begins, ends = (
        column.to_numpy() if isinstance(column.dtype, np.dtype) else column.to_numpy(dtype=float)
        for column in times
    )
    return begins, ends


def tie_times(start: FloatArray, stop: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Replace each time by the smallest of those that it differs from by rounding alone.

    Sorted times are tied to the one before where they are no further apart than the tolerance,
    absolutely or relative to the mean of all times: the rule of R's ``aeqSurv``. Whole numbers are
    as they are, however large.

    Parameters
    ----------
    start, stop : array of float, (n,)
        The intervals.

    Returns
    -------
    start, stop : array of float, (n,)
        The same arrays where there is nothing to tie.

    Examples
    --------
    >>> tie_times(np.array([0.0, 0.1 + 0.2]), np.array([0.3, 0.6]))
    (array([0. , 0.3]), array([0.3, 0.6]))
    """
    if _whole(start) and _whole(stop):
        return start, stop
    both = np.concatenate([start, stop])
    times = np.unique(both)
    gaps = np.diff(times)
    tied = (gaps <= TOLERANCE) | (gaps <= TOLERANCE * np.abs(times).mean())
    if not tied.any():
        return start, stop
    kept = times[np.r_[True, ~tied]]
    of = np.searchsorted(kept, both, "right") - 1
    settled = kept[of]
    return settled[: len(start)], settled[len(start) :]


def _whole(times: FloatArray) -> bool:
    """Tell whether all are whole numbers, chunk by chunk, so that each stays in the cache."""
    parts = (times[a : a + CHUNK] for a in range(0, len(times), CHUNK))
    return all(np.array_equal(part, np.rint(part)) for part in parts)
