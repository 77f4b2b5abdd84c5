"""The cumulative logit of a graded response, by Newton's method on counted rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from belbiotech.errors import FitError
from belbiotech.survival.rows.checks import FloatArray, IntArray

__all__ = ["INTERCEPT", "SETTLED", "STEPS", "fit_ordinal", "ordinal_back"]

STEPS = 60
SETTLED = 1e-12  # largest last step of a coefficient, of standardised covariates
INTERCEPT = "Intercept"


def fit_ordinal(
    z: FloatArray, ones: FloatArray, y: FloatArray, weight: FloatArray, levels: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """Cumulative logit, P(Y <= k) = expit(theta_k - z b): Newton's method from equal odds."""
    x = z[:, ones == 0]
    grade = np.searchsorted(levels, y)
    p, k = x.shape[1], len(levels) - 1
    share = np.cumsum(np.bincount(grade, weight))[:-1] / weight.sum()
    beta = np.r_[np.zeros(p), np.log(share / (1 - share))]
    value, score, information = _sums(x, grade, weight, beta, k)
    for _ in range(STEPS):
        step = np.linalg.solve(information, score)
        while True:
            found = _sums(x, grade, weight, beta + step, k)
            if found[0] >= value - 1e-9 * abs(value) or np.abs(step).max() < SETTLED:
                break
            step = step / 2
        beta = beta + step
        value, score, information = found
        if np.abs(step).max() <= SETTLED * max(1.0, np.abs(beta).max()):
            return beta, information, value
    msg = (
        "the ordinal model of the exposure has no maximum: a grade is known from the covariates; "
        "merge grades, or leave a covariate out"
    )
    raise FitError(msg)


def _sums(
    x: FloatArray, grade: IntArray, weight: FloatArray, beta: FloatArray, k: int
) -> tuple[float, FloatArray, FloatArray]:
    """Give the log likelihood of the cumulative logit, its score and its information (observed)."""
    from scipy.special import expit

    p = x.shape[1]
    theta = np.r_[-np.inf, beta[p:], np.inf]
    if (np.diff(theta) <= 0).any():
        return -np.inf, np.zeros(p + k), np.eye(p + k)
    linear = x @ beta[:p]
    upper, lower = expit(theta[grade + 1] - linear), expit(theta[grade] - linear)
    chance = np.maximum(upper - lower, 1e-300)
    du, dl = upper * (1 - upper), lower * (1 - lower)
    bu, bl = du * (1 - 2 * upper), dl * (1 - 2 * lower)
    at = np.arange(k)
    is_upper = (grade[:, None] == at).astype(float)
    is_lower = (grade[:, None] == at + 1).astype(float)
    by_upper = np.hstack([-x, is_upper])
    by_lower = np.hstack([-x, is_lower])
    slope = (by_upper * du[:, None] - by_lower * dl[:, None]) / chance[:, None]
    score = (slope * weight[:, None]).sum(axis=0)
    bend = (by_upper * (weight * bu / chance)[:, None]).T @ by_upper
    bend -= (by_lower * (weight * bl / chance)[:, None]).T @ by_lower
    information = (slope * weight[:, None]).T @ slope - bend
    return float(weight @ np.log(chance)), score, information


def ordinal_back(back: FloatArray, names: Sequence[str], thresholds: int) -> FloatArray:
    """Carry standardised coefficients back: the means move all thresholds."""
    here = [j for j, name in enumerate(names) if name != INTERCEPT]
    at = list(names).index(INTERCEPT)
    p = len(here)
    full = np.zeros((p + thresholds, p + thresholds))
    full[:p, :p] = back[np.ix_(here, here)]
    full[p:, :p] = -back[at, here]  # theta - (x - m) b = (theta + m b) - x b
    full[p:, p:] = np.eye(thresholds)
    return full
