"""Robust errors and tests of a Cox model: what its rows or clusters did to the coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from belbiotech.errors import FitError
from belbiotech.survival.cox.fit import CoxFit
from belbiotech.survival.cox.partial_likelihood import score_residuals
from belbiotech.survival.inference.variance import (
    chi_square_of,
    clustered_variance,
    squares,
)
from belbiotech.survival.rows.checks import FloatArray
from belbiotech.survival.rows.column_codes import Codes

__all__ = ["middle_of", "robust_score_statistic", "with_clusters", "with_held_clusters"]


def with_clusters(fit: CoxFit, groups: Sequence[Codes]) -> CoxFit:
    """Give the same fit robust errors.

    Parameters
    ----------
    fit : CoxFit
        A fit.
    groups : sequence of array of int, (n,)
        The cluster of each row, as 0, 1, ..., for one or two ways of clustering.

    Returns
    -------
    CoxFit
        With the robust variance in place of the naive one.

    Raises
    ------
    FitError
        A variance that two ways of clustering make negative.
    """
    numbers = tuple(int(codes.max()) + 1 for codes in groups) if fit.rows.cluster else ()
    fit = replace(fit, clusters=numbers)
    if not len(fit.params):
        return fit
    fit = replace(fit, groups=tuple(groups), is_robust=True)
    return _with_variance(fit, middle_of(fit, _scores(fit)))


def with_held_clusters(fit: CoxFit) -> CoxFit:
    """Give a fit of an engine's rows robust errors, by clusters that are summed in the engine.

    Parameters
    ----------
    fit : CoxFit
        A fit to rows that an engine holds; without cluster columns each row is a cluster.

    Returns
    -------
    CoxFit
        With the robust variance in place of the naive one.

    Raises
    ------
    FitError
        A variance that two ways of clustering make negative; a single cluster.
    EngineError
        The engine failed, or its rows have changed.
    """
    rows, held, scores = fit.rows, fit.rows.held, _scores(fit)
    if held is None or not rows.cluster:
        return _with_variance(replace(fit, is_robust=True), _by_row(fit, scores))
    each = scores if len(fit.params) else np.zeros((len(scores), 1))
    middle, numbers = held.squares(each[rows.row_of], rows.cluster)
    fit = replace(fit, clusters=numbers)
    return _with_variance(replace(fit, is_robust=True), middle) if len(fit.params) else fit


def _scores(fit: CoxFit) -> FloatArray:
    """Score residual of each distinct row, (m, p)."""
    return fit.rows.over_pieces(score_residuals(fit.design, fit.sets, fit.params.to_numpy()))


def _with_variance(fit: CoxFit, middle: FloatArray) -> CoxFit:
    """Replace the variance by the sandwich around the sum of squared scores, (p, p)."""
    naive, names = fit.naive_variance.to_numpy(), fit.params.index
    variance = naive @ middle @ naive
    negative = names[np.diag(variance) < 0].tolist()
    if negative:
        msg = (
            f"the variance clustered by {' and '.join(fit.rows.cluster)} is negative for "
            f"{', '.join(map(repr, negative))}: too few clusters; cluster by one column"
        )
        raise FitError(msg)
    return replace(fit, variance=pd.DataFrame(variance, index=names, columns=names))


def middle_of(fit: CoxFit, scores: FloatArray, *, ways: int = 2) -> FloatArray:
    """Sum the weighted scores of distinct rows by cluster, and their squares, in or out of memory.

    Parameters
    ----------
    fit : CoxFit
        A fit with robust errors.
    scores : array of float, (m, q)
        Of each distinct row, not yet weighted.
    ways : int
        How many of the ways of clustering to use.

    Returns
    -------
    array of float, (q, q)
        The middle of the sandwich of Lin and Wei (1989); without clusters each row is one.
    """
    rows = fit.rows
    if not rows.cluster:
        return _by_row(fit, scores)
    if rows.held is not None:
        return rows.held.squares(scores[rows.row_of], rows.cluster[:ways])[0]
    weight = None if rows.case is None and rows.copies is None else rows.row_weight
    by_code, codes = (scores, None) if rows.counts is None else rows.counts.by_code(scores)
    one = np.eye(scores.shape[1])
    return clustered_variance(one, fit.groups[:ways], by_code, codes, weight)


def robust_score_statistic(fit: CoxFit) -> float:
    """Score test of all coefficients zero, robust as the variance is (by the first clusters).

    Parameters
    ----------
    fit : CoxFit
        A fit with clusters, or with weights that are not whole numbers.

    Returns
    -------
    float
        Chi-squared, with as many degrees of freedom as coefficients, as R's ``rscore``; NaN
        where clusters are too few.
    """
    design = fit.design
    scores = score_residuals(design, fit.sets, np.zeros(len(fit.params)))
    total = (design.weight[:, None] * scores).sum(axis=0)
    if fit.n_clusters is not None and fit.n_clusters <= len(fit.params):
        return float("nan")  # of as many clusters as coefficients it is their number, always
    middle = middle_of(fit, fit.rows.over_pieces(scores), ways=1)
    return chi_square_of(total, middle)


def _by_row(fit: CoxFit, scores: FloatArray) -> FloatArray:
    """Sum the squares of the rows' weighted scores, (p, p), each as often as its frequency."""
    rows = fit.rows
    total = np.bincount(rows.row_of, rows.squared_weight, len(scores))
    return squares(scores, total.astype(np.float64))
