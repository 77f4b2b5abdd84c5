"""Average marginal effects: what a covariate does to the hazard, in percentage points."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, FormulaError
from belbiotech.survival.discrete.fit import DiscreteFit
from belbiotech.survival.discrete.links import LINKS
from belbiotech.survival.discrete.rows import DiscreteRows, with_baseline
from belbiotech.survival.formulas.allowed import called, columns_of
from belbiotech.survival.formulas.design import design_matrix
from belbiotech.survival.formulas.formula import Formula
from belbiotech.survival.formulas.paths import offset_of
from belbiotech.survival.inference.limits import check_limit_options, normal_quantile
from belbiotech.survival.inference.variance import delta_errors
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["average_marginal_effects"]

STEP = 1e-5  # of the value, for the slope of a term: its error is about the square
PERCENT = 100.0
Effect = tuple[str, str, float, FloatArray]  # variable, change, estimate, gradient


def average_marginal_effects(fit: DiscreteFit, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Change of the hazard of a period, in percentage points, averaged over all periods.

    A number's effect is the slope of the hazard by it, through all terms in which it stands
    (squares, interactions, splines). A factor's is the hazard at each level less that at the
    first level (texts, categories, bool, and numbers inside ``C()``; a plain 0/1 number
    counts as a number, as in Stata and R). Errors by the delta method.

    Parameters
    ----------
    fit : DiscreteFit
        The numbers of a fit.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        Columns variable, change, estimate, std_error, z, p, lower, upper.

    References
    ----------
    Williams (2012), The Stata Journal 12. Karaca-Mandic, Norton and Dowd (2012), Health
    Services Research 47.
    """
    from scipy.special import ndtr

    check_limit_options(conf_level)
    effects: list[Effect] = []
    for name in _covariates(fit.rows.formula):
        if _is_factor(fit.rows.formula, fit.rows.columns[name]):
            effects += _changes(fit, name)
        else:
            effects.append(_slope(fit, name))
    estimate = PERCENT * np.array([effect[2] for effect in effects])
    gradient = np.array([effect[3] for effect in effects]).reshape(-1, len(fit.params))
    error = PERCENT * delta_errors(gradient, fit.variance.to_numpy())
    wide = normal_quantile(conf_level) * error
    return pd.DataFrame(
        {
            "variable": [effect[0] for effect in effects],
            "change": [effect[1] for effect in effects],
            "estimate": estimate,
            "std_error": error,
            "z": estimate / error,
            "p": 2 * ndtr(-np.abs(estimate / error)),
            "lower": estimate - wide,
            "upper": estimate + wide,
        }
    )


def _covariates(formula: Formula) -> list[str]:
    """Give the columns that have coefficients; refuse those that an offset reads too."""
    known = {name for factor in formula.offsets for name in columns_of(factor.tree)}
    names = {name for factor in formula.factors.values() for name in columns_of(factor.tree)}
    if known & names:
        msg = f"{sorted(known & names)[0]!r} is in a term and in the offset: its effect is of both"
        raise FitError(msg)
    return sorted(names)


def _offset(fit: DiscreteFit) -> FloatArray:
    offset = fit.rows.offset
    return np.zeros(len(fit.rows.periods.row)) if offset is None else offset


def _is_factor(formula: Formula, column: pd.Series) -> bool:
    if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
        return True
    return any(
        str(column.name) in columns_of(factor.tree)
        for factor in formula.factors.values()
        if "C" in called(factor.tree)
    )


def _slope(fit: DiscreteFit, name: str) -> Effect:
    """Mean of h'(eta) x the slope of eta, and its derivative by the coefficients."""
    link, x = LINKS[fit.link], _periods_matrix(fit, fit.rows.matrix.x)
    slopes = np.zeros_like(x)
    slopes[:, : len(fit.covariates)] = _term_slopes(fit.rows, name)[fit.rows.periods.row]
    beta = fit.params.to_numpy()
    eta, along = _offset(fit) + x @ beta, slopes @ beta
    share = _shares(fit)
    gradient = (share * link.bend(eta) * along) @ x + (share * link.slope(eta)) @ slopes
    return name, "per unit", float(share @ (link.slope(eta) * along)), gradient


def _term_slopes(rows: DiscreteRows, name: str) -> FloatArray:
    """Slopes of the matrix's columns by one variable, by central differences, (m, q)."""
    values = rows.columns[name].to_numpy(dtype=float)
    step = STEP * np.where(values == 0, values.std() or 1.0, np.abs(values))
    try:
        return _difference(rows, name, values - step, values + step)
    except FormulaError:  # a spline, or a logarithm, that ends where the data ends
        low, high = values.min(), values.max()
        return _difference(
            rows, name, np.maximum(values - step, low), np.minimum(values + step, high)
        )


def _difference(rows: DiscreteRows, name: str, below: FloatArray, above: FloatArray) -> FloatArray:
    spec = rows.matrix.spec
    low, high = (
        design_matrix(rows.formula, rows.columns.assign(**{name: moved}), spec).x
        for moved in (below, above)
    )
    slopes: FloatArray = (high - low) / (above - below)[:, None]
    if not np.isfinite(slopes).all():
        msg = f"a term with {name!r} has no slope at some rows; leave them out, or change the term"
        raise FitError(msg)
    return slopes


def _changes(fit: DiscreteFit, name: str) -> list[Effect]:
    """Mean hazard with each level in all rows, less that with the first level."""
    levels = _levels(fit.rows, name)
    means = [_mean_at(fit, name, level) for level in levels]
    base, base_gradient = means[0]
    return [
        (name, f"{level} against {levels[0]}", mean - base, gradient - base_gradient)
        for level, (mean, gradient) in zip(levels[1:], means[1:], strict=True)
    ]


def _mean_at(fit: DiscreteFit, name: str, level: Any) -> tuple[float, FloatArray]:
    rows, link = fit.rows, LINKS[fit.link]
    table = rows.columns.copy()
    table[name] = pd.Series([level] * len(table), index=table.index, dtype=table[name].dtype)
    x = _periods_matrix(fit, design_matrix(rows.formula, table, rows.matrix.spec).x)
    offset = offset_of(rows.formula, rows.matrix, table)[rows.periods.row]
    eta, share = offset + x @ fit.params.to_numpy(), _shares(fit)
    return float(share @ link.hazard(eta)), (share * link.slope(eta)) @ x


def _levels(rows: DiscreteRows, name: str) -> list[Any]:
    """Levels of a factor, the one that the coding compares with at the front."""
    column = rows.columns[name]
    known = column.cat.categories if hasattr(column, "cat") else sorted(column.unique())
    levels = [level for level in known if (column == level).any()]
    table = pd.concat([rows.columns.iloc[[0]]] * len(levels), ignore_index=True)
    table = table.assign(**{name: pd.Series(levels, dtype=column.dtype)})
    x = design_matrix(rows.formula, table, rows.matrix.spec).x
    moving = np.ptp(x, axis=0) > 0
    at_risk = offset_of(rows.formula, rows.matrix, table) > -np.inf  # not of a quiet level
    zeros = np.flatnonzero((x[:, moving] == 0).all(axis=1) & at_risk)
    first = int(zeros[0]) if len(zeros) else 0
    return [levels[first], *levels[:first], *levels[first + 1 :]]


def _periods_matrix(fit: DiscreteFit, x: FloatArray) -> FloatArray:
    periods = fit.rows.periods
    return with_baseline(x[periods.row], fit.baseline, periods.start)


def _shares(fit: DiscreteFit) -> FloatArray:
    """Each period's share of the weight; 0 where the hazard is certain, and nothing moves it."""
    periods = fit.rows.periods
    moves = ~np.isin(periods.start, list(fit.baseline.certain))
    shares: FloatArray = np.where(moves, periods.weight, 0.0) / periods.weight.sum()
    return shares
