"""Natural cubic splines with R's basis, so that coefficients are R's too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from belbiotech.errors import FormulaError
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["natural_spline"]

ORDER = 4  # of cubic pieces


def natural_spline(
    x: FloatArray,
    *,
    df: int | None = None,
    knots: Sequence[float] | None = None,
    intercept: bool = False,
    boundary_knots: Sequence[float] | None = None,
    _state: dict[str, Any],
) -> dict[int, FloatArray]:
    """Compute the basis of a natural cubic spline: R's ``splines::ns``.

    The cubic B-splines on the knots are turned so that those without a second derivative at the
    bounds are left; beyond the bounds the curve goes on as a line.

    Parameters
    ----------
    x : array of float, (n,)
        The variable.
    df : int, optional
        Columns; so many knots that there are, at quantiles of x.
    knots : sequence of float, optional
        Inner knots, instead of ``df``.
    intercept : bool
        Whether the columns hold the constant.
    boundary_knots : sequence of two float, optional
        The bounds; by default the range of x.
    _state : dict
        Takes the knots, or has them from the fit.

    Returns
    -------
    dict of int to array of float, (n,)
        The columns by number, from 1.

    Raises
    ------
    FormulaError
        Both or none of knots and df, or bounds that are none.

    References
    ----------
    Hastie (1992), Generalized additive models, in Statistical Models in S, chapter 7.
    """
    if "knots" not in _state:
        _state.update(_settled(x, df, knots, boundary_knots, intercept=intercept))
    inner, low, high = _state["knots"], _state["low"], _state["high"]
    every = np.sort(np.r_[np.repeat([low, high], ORDER), inner])
    basis = _b_splines(every, np.clip(x, low, high))
    slope = _b_splines(every, np.array([low, high]), 1)
    for side, bound, outside in ((0, low, x < low), (1, high, x > high)):
        basis[outside] += (x[outside] - bound)[:, None] * slope[side]
    bend = _b_splines(every, np.array([low, high]), 2)
    if not intercept:
        basis, bend = basis[:, 1:], bend[:, 1:]
    turned = np.linalg.qr(bend.T, mode="complete")[0]
    columns = (basis @ turned)[:, 2:]
    return {k + 1: column for k, column in enumerate(columns.T)}


def _settled(
    x: FloatArray,
    df: int | None,
    knots: Sequence[float] | None,
    boundary_knots: Sequence[float] | None,
    *,
    intercept: bool,
) -> dict[str, Any]:
    """Settle the knots on all rows."""
    if df is not None and knots is not None:
        msg = "ns() takes df or knots, not both"
        raise FormulaError(msg)
    low, high = (x.min(), x.max()) if boundary_knots is None else sorted(boundary_knots)
    if not low < high:
        msg = f"ns() needs a variable with more than one value; its bounds are {low:g} and {high:g}"
        raise FormulaError(msg)
    if knots is not None:
        inner = np.sort(np.asarray(knots, dtype=float))
    else:
        number = max((1 + intercept if df is None else df) - 1 - intercept, 0)
        inside = x[(x >= low) & (x <= high)]
        inner = np.quantile(inside, np.linspace(0, 1, number + 2)[1:-1])
    return {"knots": inner.tolist(), "low": float(low), "high": float(high)}


def _b_splines(knots: FloatArray, x: FloatArray, derivative: int = 0) -> FloatArray:
    """Evaluate the cubic B-splines on knots, or a derivative of them: (n, number of knots - 4)."""
    from scipy.interpolate import BSpline

    number = len(knots) - ORDER
    curves = BSpline(knots, np.eye(number), ORDER - 1)
    values: FloatArray = curves(x, derivative)
    return values
