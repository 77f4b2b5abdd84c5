"""Variances of coefficients: from the information, and robust ones by clusters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from belbiotech.survival.rows.checks import FloatArray
from belbiotech.survival.rows.column_codes import Codes, joint_numbers

__all__ = [
    "ONE_THREAD",
    "ONE_THREAD_VECTOR",
    "chi_square_of",
    "cluster_sums",
    "clustered_variance",
    "delta_errors",
    "squares",
    "symmetric_inverse",
]

ONE_THREAD = 1 << 18  # products up to this size are not split among threads
ONE_THREAD_VECTOR = 9 << 10  # nor are those of a matrix of up to so many numbers with a vector
SINGULAR = 1e-12  # smallest eigenvalue of a correlation matrix that is not rounding


def squares(
    x: FloatArray, weight: FloatArray | None = None, y: FloatArray | None = None
) -> FloatArray:
    """Sum weight times outer product of the rows of x and of y (or x), (m, p) each, to (p, p).

    In pieces that the library does not split among threads: the same with any number of them.
    """
    p = x.shape[1]
    total = np.zeros((p, p))
    size = max(1, ONE_THREAD // max(p, 1) ** 2)
    for a in range(0, len(x), size):
        part = x[a : a + size]
        other = part if y is None else y[a : a + size]
        weighted = part if weight is None else part * weight[a : a + size, None]
        total += weighted.T @ other
    return total


def symmetric_inverse(information: FloatArray) -> FloatArray:
    """Invert an information matrix, (p, p), scaled so that units do not matter."""
    if not information.size:
        return information
    scale = 1 / np.sqrt(np.diag(information))
    inverse = np.linalg.inv(information * np.outer(scale, scale)) * np.outer(scale, scale)
    symmetric: FloatArray = (inverse + inverse.T) / 2
    return symmetric


def chi_square_of(
    estimate: FloatArray, variance: FloatArray, beside: FloatArray | None = None
) -> float:
    """Give ``b' V^-1 b`` of b, (p,), and its variance, (p, p).

    NaN where V is not positive definite, or is rounding beside other variances, (p,), of b.
    """
    if not len(estimate):
        return 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = 1 / np.sqrt(np.diag(variance))
        scaled = variance * np.outer(scale, scale)
    nothing = beside is not None and (np.diag(variance) < SINGULAR**2 * beside).any()
    if nothing or not np.isfinite(scaled).all() or np.linalg.eigvalsh(scaled).min() < SINGULAR:
        return float("nan")
    return float(estimate * scale @ np.linalg.solve(scaled, estimate * scale))


def delta_errors(slopes: FloatArray, variance: FloatArray) -> FloatArray:
    """Give the errors, (r,), of what has these slopes, (r, p), by estimates of variance (p, p)."""
    errors: FloatArray = np.sqrt(
        np.maximum(np.einsum("ij,jk,ik->i", slopes, variance, slopes), 0.0)
    )
    return errors


def clustered_variance(
    naive: FloatArray,
    sums_of: Sequence[Codes],
    scores: FloatArray,
    row_of: Codes | None = None,
    weight: FloatArray | None = None,
) -> FloatArray:
    """Sandwich variance of Lin and Wei (1989) with one way of clustering, or with two.

    With two (firm and year) it is V1 + V2 - V12, where V12 has a cluster for each pair (Cameron,
    Gelbach and Miller 2011). No small-sample factor, as in R's ``survival``.

    Parameters
    ----------
    naive : array of float, (p, p)
        Inverse of the information.
    sums_of : sequence of array of int, (n,)
        For each way of clustering the cluster of each row, as 0, 1, ...
    scores : array of float, (n, p) or (m, p)
        Score residual of each row, or of each distinct row or code.
    row_of : array of int, (n,), optional
        The position in scores of each row; without it, scores are by row.
    weight : array of float, (n,), optional
        What the rows' score residuals are multiplied by.

    Returns
    -------
    array of float, (p, p)
        With U the scores, weighted and summed by cluster: naive U'U naive.
    """
    parts = [squares(cluster_sums(way, scores, row_of, weight)) for way in sums_of]
    middle = sum(parts, np.zeros_like(naive))
    if len(sums_of) == 2:
        middle -= _squares_by_pair(sums_of[0], sums_of[1], scores, row_of, weight)
    variance: FloatArray = naive @ middle @ naive
    return variance


def _squares_by_pair(
    first: Codes,
    second: Codes,
    scores: FloatArray,
    row_of: Codes | None,
    weight: FloatArray | None,
) -> FloatArray:
    """Sum scores by pair of clusters, and the outer products of these sums, to (p, p)."""
    pairs, number = joint_numbers(first, second)
    if number < len(pairs):
        return squares(cluster_sums(pairs, scores, row_of, weight))
    # Each row has a pair of its own, as a firm's year has: nothing needs to be summed by pair.
    if row_of is None:
        return squares(scores, None if weight is None else weight**2)
    again = np.bincount(row_of, None if weight is None else weight**2, len(scores))
    return squares(scores, again.astype(np.float64))


def cluster_sums(
    cluster: Codes,
    values: FloatArray,
    row_of: Codes | None = None,
    weight: FloatArray | None = None,
) -> FloatArray:
    """Sum values of rows by cluster.

    Parameters
    ----------
    cluster : array of int, (n,)
        The cluster of each row, as 0, 1, ...
    values : array of float, (n, p) or (m, p)
        Of each row, or of each distinct row.
    row_of : array of int, (n,), optional
        The distinct row of each row.
    weight : array of float, (n,), optional
        What each row's values are multiplied by.

    Returns
    -------
    array of float, (clusters, p)
        From distinct rows, the product of a matrix that has the weight of each row in the row of
        its cluster and the column of its distinct row, nearly all of it zero, with the values.
    """
    if row_of is None:
        columns = values.T if weight is None else values.T * weight
        by_cluster = [np.bincount(cluster, column) for column in columns]
        return np.stack(by_cluster, axis=1).astype(np.float64)
    from scipy.sparse import coo_array

    entries = np.ones(len(cluster)) if weight is None else weight
    shape = (int(cluster.max()) + 1, len(values))
    sums: FloatArray = coo_array((entries, (cluster, row_of)), shape) @ np.ascontiguousarray(values)
    return sums
