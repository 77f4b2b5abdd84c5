"""Links of models in discrete time: from a linear predictor to the hazard of a period."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from belbiotech.survival.rows.checks import FloatArray

__all__ = ["LINKS", "Link", "LinkName"]

LinkName = Literal["cloglog", "logit"]
Function = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Link:
    """Functions of the linear predictor eta.

    Attributes
    ----------
    ratio : str
        What ``exp(coef)`` is.
    hazard, slope, bend : callable
        The hazard h and its first two derivatives by eta.
    survival_log : callable
        ``log(1 - h)``.
    event_log : callable
        ``log(h)``.
    event_score : callable
        The derivative of ``log(h)``.
    survival_score : callable
        The derivative of ``log(1 - h)``.
    """

    ratio: str
    hazard: Function
    slope: Function
    bend: Function
    survival_log: Function
    event_log: Function
    event_score: Function
    survival_score: Function


def _expit(eta: FloatArray) -> FloatArray:
    from scipy.special import expit

    share: FloatArray = expit(eta)
    return share


def _cloglog_slope(eta: FloatArray) -> FloatArray:
    return np.exp(eta - np.exp(eta))


def _cloglog_event_score(eta: FloatArray) -> FloatArray:
    rate = np.exp(eta)
    return rate * np.exp(-rate) / -np.expm1(-rate)


LINKS: dict[LinkName, Link] = {
    # h = 1 - exp(-exp(eta)): exp(eta) is the hazard of continuous time, cumulated over the period.
    "cloglog": Link(
        ratio="hazard ratio",
        hazard=lambda eta: -np.expm1(-np.exp(eta)),
        slope=_cloglog_slope,
        bend=lambda eta: _cloglog_slope(eta) * (1 - np.exp(eta)),
        survival_log=lambda eta: -np.exp(eta),
        event_log=lambda eta: np.log(-np.expm1(-np.exp(eta))),
        event_score=_cloglog_event_score,
        survival_score=lambda eta: -np.exp(eta),
    ),
    "logit": Link(
        ratio="odds ratio",
        hazard=_expit,
        slope=lambda eta: _expit(eta) * _expit(-eta),
        bend=lambda eta: _expit(eta) * _expit(-eta) * (1 - 2 * _expit(eta)),
        survival_log=lambda eta: -np.logaddexp(0, eta),
        event_log=lambda eta: -np.logaddexp(0, -eta),
        event_score=lambda eta: _expit(-eta),
        survival_score=lambda eta: -_expit(eta),
    ),
}
