"""Log likelihood of accelerated failure time models: log T = x'b + s Z, with delayed entry.

Symbols as in Kalbfleisch and Prentice (2002), section 3.3 and 3.6: z = (log t - x'b) / s, with
log h(z) the log hazard of Z and H(z) its cumulative hazard. A row that entered at t0 > 0 is
conditioned on having survived to t0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from belbiotech.survival.rows.checks import FloatArray

__all__ = [
    "DISTRIBUTIONS",
    "AftDesign",
    "AftLikelihood",
    "Distribution",
    "DistributionName",
    "aft_likelihood",
]

DistributionName = Literal["weibull", "lognormal", "loglogistic"]


@dataclass(frozen=True)
class Distribution:
    """What a distribution of Z is, as functions of z.

    Attributes
    ----------
    log_hazard : callable
        log h(z) and its first and second derivative.
    cumulative : callable
        H(z) and its first and second derivative (h and h').
    quantile : callable
        z at which a share p has had the event.
    """

    log_hazard: Callable[[FloatArray], tuple[FloatArray, FloatArray, FloatArray]]
    cumulative: Callable[[FloatArray], tuple[FloatArray, FloatArray, FloatArray]]
    quantile: Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class AftDesign:
    """Spells as numbers.

    Attributes
    ----------
    log_entry, log_exit : array of float, (n,)
        Logarithms of entry and exit; minus infinity for an entry at 0.
    event : array of bool, (n,)
        Whether the spell ended with the event.
    x : array of float, (n, p)
        Covariates, with a column of ones.
    weight : array of float, (n,)
        Case weights.
    """

    log_entry: FloatArray
    log_exit: FloatArray
    event: np.ndarray[tuple[int], np.dtype[np.bool_]]
    x: FloatArray
    weight: FloatArray


@dataclass(frozen=True)
class AftLikelihood:
    """The log likelihood at some coefficients and some log s.

    Attributes
    ----------
    value : float
        The log likelihood on the scale of t.
    scores : array of float, (n, p + 1)
        Each spell's first derivatives by b and log s, not weighted.
    information : array of float, (p + 1, p + 1)
        Minus the second derivative.
    """

    value: float
    scores: FloatArray
    information: FloatArray


def aft_likelihood(
    design: AftDesign, distribution: Distribution, theta: FloatArray
) -> AftLikelihood:
    """Compute value, scores and information.

    Parameters
    ----------
    design : AftDesign
        The spells.
    distribution : Distribution
        Of Z.
    theta : array of float, (p + 1,)
        The coefficients b, and log s.

    Returns
    -------
    AftLikelihood
        At theta.
    """
    beta, log_scale = theta[:-1], theta[-1]
    scale = np.exp(log_scale)
    linear = design.x @ beta
    dead = design.event.astype(float)
    z = (design.log_exit - linear) / scale
    late = np.isfinite(design.log_entry)
    z0 = np.where(late, (np.where(late, design.log_entry, 0.0) - linear) / scale, 0.0)
    g, g1, g2 = distribution.log_hazard(z)
    h, h1, h2 = distribution.cumulative(z)
    e, e1, e2 = (np.where(late, part, 0.0) for part in distribution.cumulative(z0))
    value = design.weight @ (dead * (g - log_scale - design.log_exit) - h + e)
    # First and second derivatives of a spell's part by z, and by z0.
    a, b = dead * g1 - h1, e1
    a2, b2 = dead * g2 - h2, e2
    by_scale = -dead - a * z - b * z0
    scores = np.column_stack([-design.x * ((a + b) / scale)[:, None], by_scale])
    w, x = design.weight, design.x
    both = -(x.T * (w * (a2 + b2) / scale**2)) @ x
    mixed = -x.T @ (w * (a2 * z + a + b2 * z0 + b)) / scale
    own = -w @ (a2 * z**2 + a * z + b2 * z0**2 + b * z0)
    information = np.block([[both, mixed[:, None]], [mixed[None, :], np.array([[own]])]])
    return AftLikelihood(float(value), scores, information)


def _weibull_log_hazard(z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    return z, np.ones_like(z), np.zeros_like(z)


def _weibull_cumulative(z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    h = np.exp(z)
    return h, h, h


def _logistic_log_hazard(z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    from scipy.special import expit

    p = expit(z)
    return -np.logaddexp(0, -z), 1 - p, -p * (1 - p)


def _logistic_cumulative(z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    from scipy.special import expit

    p = expit(z)
    return np.logaddexp(0, z), p, p * (1 - p)


def _normal_log_hazard(z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    log_m = _log_mills(z)
    m = np.exp(log_m)
    return log_m, m - z, m * (m - z) - 1


def _normal_cumulative(z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    from scipy.special import log_ndtr

    m = np.exp(_log_mills(z))
    return -log_ndtr(-z), m, m * (m - z)


def _log_mills(z: FloatArray) -> FloatArray:
    """Log of density over upper tail of the standard normal."""
    from scipy.special import log_ndtr

    logs: FloatArray = -(z**2) / 2 - np.log(2 * np.pi) / 2 - log_ndtr(-z)
    return logs


def _normal_quantile(p: FloatArray) -> FloatArray:
    from scipy.special import ndtri

    quantile: FloatArray = ndtri(p)
    return quantile


DISTRIBUTIONS: dict[DistributionName, Distribution] = {
    "weibull": Distribution(
        _weibull_log_hazard, _weibull_cumulative, lambda p: np.log(-np.log1p(-p))
    ),
    "lognormal": Distribution(_normal_log_hazard, _normal_cumulative, _normal_quantile),
    "loglogistic": Distribution(
        _logistic_log_hazard, _logistic_cumulative, lambda p: np.log(p / (1 - p))
    ),
}
