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
    cluster_sums,
    clustered_variance,
    squares,
)
from belbiotech.survival.rows.checks import FloatArray
from belbiotech.survival.rows.column_codes import Codes

__all__ = ["robust_score_statistic", "robust_variance", "with_clusters"]


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
    number = int(groups[0].max()) + 1 if fit.rows.cluster else None
    if not len(fit.params):
        return replace(fit, n_clusters=number)
    variance = robust_variance(fit, groups)
    names = fit.params.index
    return replace(
        fit,
        variance=pd.DataFrame(variance, index=names, columns=names),
        n_clusters=number,
        groups=tuple(groups),
    )


def robust_variance(fit: CoxFit, groups: Sequence[Codes]) -> FloatArray:
    """Sandwich variance of the coefficients (Lin and Wei 1989), by cluster or by row.

    Parameters
    ----------
    fit : CoxFit
        A fit.
    groups : sequence of array of int, (n,)
        The cluster of each row, for one or two ways of clustering; not used where the fit has
        no cluster columns: then each row is a cluster, and a row with a frequency so many.

    Returns
    -------
    array of float, (p, p)
        The variance.

    Raises
    ------
    FitError
        A variance that two ways of clustering make negative.

    References
    ----------
    Lin and Wei (1989), Journal of the American Statistical Association 84:1074-1078; Cameron,
    Gelbach and Miller (2011), Journal of Business and Economic Statistics 29:238-249.
    """
    naive, rows = fit.naive_variance.to_numpy(), fit.rows
    scores = rows.over_pieces(score_residuals(fit.design, fit.sets, fit.params.to_numpy()))
    if not rows.cluster:
        by_row: FloatArray = naive @ _by_row(fit, scores) @ naive
        return by_row
    weight = None if rows.case is None and rows.copies is None else rows.row_weight
    by_code, codes = (scores, None) if rows.counts is None else rows.counts.by_code(scores)
    variance = clustered_variance(naive, groups, by_code, codes, weight)
    negative = fit.params.index[np.diag(variance) < 0].tolist()
    if negative:
        msg = (
            f"the variance clustered by {' and '.join(rows.cluster)} is negative for "
            f"{', '.join(map(repr, negative))}: too few clusters; cluster by one column"
        )
        raise FitError(msg)
    return variance


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
    design, rows = fit.design, fit.rows
    scores = score_residuals(design, fit.sets, np.zeros(len(fit.params)))
    total = (design.weight[:, None] * scores).sum(axis=0)
    scores = rows.over_pieces(scores)
    if rows.cluster:
        if int(fit.groups[0].max()) < len(fit.params):
            return float("nan")  # of as many clusters as coefficients it is their number, always
        sums = cluster_sums(fit.groups[0], scores, rows.row_of, rows.row_weight)
        middle = squares(sums)
    else:
        middle = _by_row(fit, scores)
    return chi_square_of(total, middle)


def _by_row(fit: CoxFit, scores: FloatArray) -> FloatArray:
    """Sum the squares of the rows' weighted scores, (p, p), each as often as its frequency."""
    rows = fit.rows
    again = rows.row_number * rows.case_weight**2
    total = np.bincount(rows.row_of, again, len(scores))
    return squares(scores, total.astype(np.float64))
