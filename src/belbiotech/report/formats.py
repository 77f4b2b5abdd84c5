"""How numbers are written for people: digits by what a number is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

__all__ = ["count", "interval", "number", "p_value", "percent", "ratio", "tenths"]

NOTHING = "-"
FAR = 1000.0  # ratios beyond say only that the data set no limit


def ratio(value: float) -> str:
    """Write a hazard ratio or an odds ratio.

    Parameters
    ----------
    value : float
        Positive; infinite where the data set no limit.

    Returns
    -------
    str
        Two digits after the point, fewer for large ones, a dash for none.

    Examples
    --------
    >>> [ratio(value) for value in (0.8412, 0.004, 12.34, 234.5, float("inf"), float("nan"))]
    ['0.84', '0.004', '12.3', '234', 'over 1,000', '-']
    """
    if np.isnan(value):
        return NOTHING
    if value > FAR:
        return f"over {FAR:,.0f}"
    if value < 0.001:
        return "under 0.001"
    if value < 0.01:
        return f"{value:.3f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def number(value: float) -> str:
    """Write a measure, such as years or a statistic, with two digits after the point."""
    return NOTHING if np.isnan(value) else f"{value:,.2f}"


def tenths(value: float) -> str:
    """Write a measure with one digit after the point."""
    return NOTHING if np.isnan(value) else f"{value:,.1f}"


def percent(value: float) -> str:
    """Write a share as percent."""
    return NOTHING if np.isnan(value) else f"{100 * value:.1f}%"


def count(value: float) -> str:
    """Write a number of things."""
    return NOTHING if pd.isna(value) else f"{value:,.0f}"


def p_value(value: float) -> str:
    """Write a p-value.

    Parameters
    ----------
    value : float
        From 0 to 1.

    Returns
    -------
    str
        Three digits, or that it is smaller.
    """
    if np.isnan(value):
        return NOTHING
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def interval(lower: float, upper: float, write: Callable[[float], str] = ratio) -> str:
    """Write the limits of an interval.

    Parameters
    ----------
    lower, upper : float
        The limits.
    write : callable
        How each is written.

    Returns
    -------
    str
        ``0.50 to 1.41``; a dash if there is none.

    Examples
    --------
    >>> interval(0.5, 1.414)
    '0.50 to 1.41'
    """
    if np.isnan(lower) and np.isnan(upper):
        return NOTHING
    return f"{write(lower)} to {write(upper)}"
