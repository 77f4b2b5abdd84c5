"""Confidence limits of probabilities and of cumulated hazards, as R's ``survfit`` makes them."""

from __future__ import annotations

from numbers import Real
from statistics import NormalDist
from typing import Literal, get_args

import numpy as np

from belbiotech.errors import FitError, in_words, nearest_names
from belbiotech.survival.rows.checks import FloatArray

__all__ = [
    "LimitKind",
    "check_limit_options",
    "hazard_limits",
    "normal_quantile",
    "probability_limits",
]

LimitKind = Literal["log-log", "log", "plain", "arcsine"]


def check_limit_options(conf_level: float, conf_type: str = "log-log") -> None:
    """Refuse a confidence level outside 0 to 1 and an unknown kind of limits.

    Raises
    ------
    FitError
        With what is allowed.
    """
    number = isinstance(conf_level, Real) and not isinstance(conf_level, bool)
    if not number or not 0 < conf_level < 1:
        msg = f"conf_level must be between 0 and 1, such as 0.95; it is {in_words(conf_level)}"
        raise FitError(msg)
    known = get_args(LimitKind)
    if not isinstance(conf_type, str) or conf_type not in known:
        msg = f"conf_type {in_words(conf_type)} is unknown; {nearest_names(conf_type, known)}"
        raise FitError(msg)


def normal_quantile(conf_level: float) -> float:
    """Give the standard normal quantile of a two-sided interval: 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + conf_level / 2)


def probability_limits(
    probability: FloatArray,
    std_error: FloatArray,
    conf_level: float = 0.95,
    conf_type: LimitKind = "log-log",
) -> tuple[FloatArray, FloatArray]:
    """Give pointwise limits of a probability, each on its own scale.

    Parameters
    ----------
    probability, std_error : array of float, (t,)
        The estimate and its standard error, both on the scale of probabilities.
    conf_level : float
        Coverage of the interval.
    conf_type : {"log-log", "log", "plain", "arcsine"}
        The scale on which the estimate plus or minus z standard errors is taken.

    Returns
    -------
    lower, upper : array of float, (t,)
        NaN where R gives none: at 0 and 1 for log-log and arcsine, at 0 for log.

    References
    ----------
    Borgan and Liestol (1990), Scandinavian Journal of Statistics 17.
    """
    z = normal_quantile(conf_level)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        relative = np.where(std_error == 0, 0.0, std_error / probability)
        if conf_type == "plain":
            step = z * relative * probability
            return np.maximum(probability - step, 0), np.minimum(probability + step, 1)
        p = np.where(probability == 0, np.nan, probability)
        if conf_type == "log":
            return p * np.exp(-z * relative), np.minimum(p * np.exp(z * relative), 1)
        p = np.where(p == 1, np.nan, p)
        if conf_type == "arcsine":
            angle, step = np.arcsin(np.sqrt(p)), z / 2 * relative * np.sqrt(p / (1 - p))
            lower = np.sin(np.maximum(0, angle - step)) ** 2
            return lower, np.sin(np.minimum(np.pi / 2, angle + step)) ** 2
        step = z * relative / np.log(p)
        inner = np.log(-np.log(p))
        return np.exp(-np.exp(inner - step)), np.exp(-np.exp(inner + step))


def hazard_limits(
    hazard: FloatArray, std_error: FloatArray, conf_level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Give pointwise limits of a cumulated hazard or mean number, taken on the log scale.

    Parameters
    ----------
    hazard, std_error : array of float, (t,)
        The estimate and its standard error.
    conf_level : float
        Coverage of the interval.

    Returns
    -------
    lower, upper : array of float, (t,)
        NaN where the estimate is 0.
    """
    z = normal_quantile(conf_level)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        step = z * std_error / np.where(hazard == 0, np.nan, hazard)
        return hazard * np.exp(-step), hazard * np.exp(step)
