"""Quantiles of survival curves, as R's ``quantile.survfit`` finds them."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, in_words
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["as_floats", "curve_quantiles", "first_medians"]

TOLERANCE = float(np.sqrt(np.finfo(float).eps))  # a curve this near to 1 - p is at it


def curve_quantiles(curve: pd.DataFrame, p: float | Sequence[float]) -> pd.DataFrame:
    """Find the times at which a curve and its limits fall to 1 - p.

    A limit may rise again: where few are at risk at the first events, it is far from the curve
    there, and nearer later. Of its steps at or below 1 - p the highest counts, as in R's
    ``quantile.survfit``; but where that lies after the quantile itself, the first, as in R's
    ``print``: an interval holds its estimate.

    Parameters
    ----------
    curve : DataFrame
        One group's rows: columns time, survival, lower, upper.
    p : float or sequence of float
        Shares between 0 and 1.

    Returns
    -------
    DataFrame
        Columns p, quantile, lower, upper; NaN where a curve does not fall that far.

    Raises
    ------
    FitError
        A share outside 0 to 1, or what is no number; none at all.
    """
    shares = as_floats(p)
    if not len(shares) or not ((shares >= 0) & (shares <= 1)).all():
        msg = f"p must be shares between 0 and 1, such as 0.5 for the median; it is {in_words(p)}"
        raise FitError(msg)
    times = curve["time"].to_numpy(dtype=float)
    times = np.concatenate([[min(0.0, times[0])], times])
    found = {
        name: _first_times(times, curve[column].to_numpy(dtype=float), shares)
        for name, column in (("quantile", "survival"), ("lower", "lower"), ("upper", "upper"))
    }
    limit = curve["lower"].to_numpy(dtype=float)
    for place in np.flatnonzero(found["lower"] > found["quantile"]):
        found["lower"][place] = _first_below(times[1:], limit, 1 - shares[place])
    return pd.DataFrame({"p": shares, **found})


def first_medians(curve: pd.DataFrame) -> dict[str, float]:
    """Find the first times at which a curve and its limits are at or below 1/2.

    Parameters
    ----------
    curve : DataFrame
        One group's rows: columns time, survival, lower, upper.

    Returns
    -------
    dict of str to float
        median, lower, upper, as R's ``print.survfit`` shows them: NaN where a curve does not fall
        to 1/2; where it is flat at 1/2, and falls later, the middle of the flat part.
    """
    times = curve["time"].to_numpy(dtype=float)
    return {
        name: _first_below(times, curve[column].to_numpy(dtype=float), 0.5)
        for name, column in (("median", "survival"), ("lower", "lower"), ("upper", "upper"))
    }


def as_floats(values: object) -> FloatArray:
    """Give one number or several as an array, (n,); NaN for what is no number.

    Parameters
    ----------
    values : object
        What was given.

    Returns
    -------
    array of float, (n,)
        A single NaN where one of several is no number, or they are no plain list.

    Examples
    --------
    >>> as_floats(3), as_floats([1, 2]), as_floats("5")
    (array([3.]), array([1., 2.]), array([nan]))
    """
    several = isinstance(values, (list, tuple, range, np.ndarray, pd.Series, pd.Index))
    numbers = list(values) if several else [values]  # type: ignore[call-overload]
    if not all(isinstance(number, Real) for number in numbers):
        return np.array([np.nan])
    try:
        return np.array(numbers, dtype=np.float64)
    except OverflowError:  # a whole number beyond all floats
        return np.array([np.nan])


def _first_below(times: FloatArray, values: FloatArray, level: float) -> float:
    """Find the first time at or below a level (NaN: none), as ``minmin`` of R's ``survmean``."""
    below = values < level + TOLERANCE  # not NaN
    if not below.any():
        return float("nan")
    time, value = times[below], values[below]
    later = np.flatnonzero(value < value[0])
    if abs(value[0] - level) < TOLERANCE and len(later):
        return float((time[0] + time[later[0]]) / 2)
    return float(time[0])


def _first_times(times: FloatArray, survival: FloatArray, shares: FloatArray) -> FloatArray:
    """Find the least step of 1 - survival at or above each share; in a flat part, its middle.

    ``survival[i]`` is the curve from ``times[i + 1]`` on; NaN limits are passed over.
    """
    failed = np.concatenate([[0.0], 1 - survival])
    first = np.sort(np.unique(failed, return_index=True)[1])
    failed, begins = failed[first], times[first]
    order = np.argsort(failed, kind="stable")[: np.count_nonzero(~np.isnan(failed))]
    values, starts = failed[order], begins[order]
    if values[-1] < shares.min():
        return np.full(len(shares), np.nan)
    reached = _reading(values + TOLERANCE, starts, shares)
    passed = _reading(values - TOLERANCE, starts, shares)
    found = (reached + passed) / 2
    found[shares == 0] = times[0]
    at_end = np.abs(shares - failed[-1]) < TOLERANCE
    found[at_end] = (reached[at_end] + times[-1]) / 2
    return found


def _reading(values: FloatArray, starts: FloatArray, shares: FloatArray) -> FloatArray:
    """Read the start of the first step at or above each share; NaN outside the steps."""
    position = np.searchsorted(values, shares, side="left")
    inside = (position < len(values)) & (shares >= values[0])
    return np.where(inside, starts[np.minimum(position, len(values) - 1)], np.nan)
