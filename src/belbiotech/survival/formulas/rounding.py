"""Numbers rounded and cut into intervals as R does it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from belbiotech.survival.rows.checks import FloatArray, IntArray

__all__ = ["intervals", "interval_labels", "round_half_even"]

DIGITS = 15  # that a double holds for certain


def round_half_even(x: FloatArray, decimals: int = 0) -> FloatArray:
    """Round to the nearest number with so many decimals; of two as near, the even one.

    R's algorithm since 4.0.0: of the two neighbours with so many decimals, the nearer as doubles.

    Parameters
    ----------
    x : array of float
        Any numbers.
    decimals : int
        Digits after the point; negative for tens, hundreds.

    Returns
    -------
    array of float
        Rounded.

    Examples
    --------
    >>> round_half_even(np.array([0.15, 0.25, 2.5, -1.5]), 1).tolist()
    [0.1, 0.2, 2.5, -1.5]
    """
    x = np.asarray(x, dtype=float)
    if decimals > DIGITS + 308:
        return x
    ten = 10.0 ** abs(decimals)
    tens = x * ten if decimals >= 0 else x / ten
    low, high = np.floor(tens), np.ceil(tens)
    below, above = (low / ten, high / ten) if decimals >= 0 else (low * ten, high * ten)
    down, up = x - below, above - x
    first = (down < up) | ((down == up) & (low % 2 == 0))
    rounded = np.where(first, below, above)
    exact = ~np.isfinite(tens) | (np.abs(tens) >= 10.0**DIGITS)
    found: FloatArray = np.where(exact, x, rounded)
    return found


def intervals(
    x: FloatArray, breaks: Sequence[float], *, right: bool, include_lowest: bool
) -> IntArray:
    """Find the interval of each number: 0, 1, ..., or -1 where there is none.

    Parameters
    ----------
    x : array of float, (n,)
        Numbers.
    breaks : sequence of float, (k + 1,)
        Their bounds, in order.
    right : bool
        Whether intervals are closed on the right, ``(a, b]``.
    include_lowest : bool
        Whether the outermost bound on the open side belongs to its interval.

    Returns
    -------
    array of int, (n,)
        As of R's ``cut``.
    """
    bounds = np.asarray(breaks, dtype=float)
    code = np.searchsorted(bounds, x, "left" if right else "right") - 1
    if include_lowest:
        edge = 0 if right else len(bounds) - 1
        code = np.where(x == bounds[edge], min(edge, len(bounds) - 2), code)
    return np.where((code < 0) | (code > len(bounds) - 2) | np.isnan(x), -1, code)


def interval_labels(breaks: Sequence[float], *, right: bool, include_lowest: bool) -> list[str]:
    """Name intervals as R's ``cut``: three digits, or as many more as tell the bounds apart.

    Examples
    --------
    >>> interval_labels([0, 5, 10.25], right=True, include_lowest=False)
    ['(0,5]', '(5,10.2]']
    """
    bounds = np.asarray(breaks, dtype=float)
    for digits in range(3, 17):
        texts = [_number(value, digits) for value in bounds]
        if len(set(texts)) == len(texts):
            break
    k = len(bounds) - 1
    left = ["(" if right else "["] * k
    ends = ["]" if right else ")"] * k
    if include_lowest:
        if right:
            left[0] = "["
        else:
            ends[-1] = "]"
    pairs = zip(left, texts[:-1], texts[1:], ends, strict=True)
    return [f"{open_}{a},{b}{close}" for open_, a, b, close in pairs]


def _number(value: float, digits: int) -> str:
    if np.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    return f"{value + 0.0:.{digits}g}"
