"""Variances of coefficients: from the information, and robust ones by clusters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from belbiotech.survival.rows import FloatArray, IntArray

__all__ = ["clustered_variance", "symmetric_inverse"]


def symmetric_inverse(information: FloatArray) -> FloatArray:
    """Invert an information matrix, (p, p), scaled so that units do not matter."""
    if not information.size:
        return information
    scale = 1 / np.sqrt(np.diag(information))
    inverse = np.linalg.inv(information * np.outer(scale, scale)) * np.outer(scale, scale)
    symmetric: FloatArray = (inverse + inverse.T) / 2
    return symmetric


def clustered_variance(
    naive: FloatArray, sums_of: Sequence[IntArray], scores: FloatArray
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
    scores : array of float, (n, p)
        Weighted score residual of each row.

    Returns
    -------
    array of float, (p, p)
        With D = scores times naive, summed by cluster: D'D.
    """
    influence = scores @ naive
    first = _outer(influence, sums_of[0])
    if len(sums_of) == 1:
        return first
    pairs = np.unique(np.stack(sums_of, axis=1), axis=0, return_inverse=True)[1].ravel()
    return first + _outer(influence, sums_of[1]) - _outer(influence, pairs)


def _outer(influence: FloatArray, cluster: IntArray) -> FloatArray:
    sums = [np.bincount(cluster, column).astype(np.float64) for column in influence.T]
    stacked = np.stack(sums, axis=1)
    return stacked.T @ stacked
