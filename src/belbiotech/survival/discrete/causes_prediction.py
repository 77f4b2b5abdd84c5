"""Cumulative incidence of competing fates along covariate paths, in discrete time."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.survival.discrete.fit import DiscreteCausesFit, at_risk_of
from belbiotech.survival.discrete.multinomial import fate_probabilities
from belbiotech.survival.discrete.prediction import path_periods
from belbiotech.survival.inference.limits import check_limit_options, probability_limits
from belbiotech.survival.inference.prediction import Prediction
from belbiotech.survival.inference.variance import delta_errors
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["predict_incidence"]


def predict_incidence(
    fit: DiscreteCausesFit, paths: pd.DataFrame, *, conf_level: float = 0.95
) -> Prediction:
    """Probability of each fate by each time, since the start of each covariate path.

    Parameters
    ----------
    fit : DiscreteCausesFit
        The numbers of a fit.
    paths : DataFrame
        Columns of the interval and of the covariates, and ``id`` where there are several
        paths; each row starts where the one before stopped.
    conf_level : float
        Coverage of the pointwise intervals (log-log, by the delta method).

    Returns
    -------
    Prediction
        A DataFrame with ``plot()``, plain as ``table``.
        Columns id, outcome, time, estimate, std_error, lower, upper.

    Raises
    ------
    PanelError
        A path with gaps or overlaps, missing values, times that are not whole.
    FitError
        Periods of which the baseline knows nothing.
    """
    check_limit_options(conf_level)
    periods, x = path_periods(fit.rows, fit.baseline, paths)
    start = periods["start"].to_numpy()
    chances, slopes = _chances(fit, x, start)
    tables = [
        _path(fit, part[["id", "time"]], chances[at], slopes[at], conf_level)
        for part, at in (
            (part, part.index.to_numpy()) for _, part in periods.groupby("id", sort=False)
        )
    ]
    found = pd.concat(tables, ignore_index=True)
    return Prediction.of(found, "incidence")


def _chances(
    fit: DiscreteCausesFit, x: FloatArray, start: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Probability of each fate, (r, K), and its derivatives by the coefficients, (r, K, q)."""
    at_risk = at_risk_of(x[:, : len(fit.covariates)], fit.quiet)
    possible = _possible(fit, x) & at_risk
    beta = np.zeros(fit.active.shape)
    beta[fit.active] = fit.params.to_numpy()
    chance = fate_probabilities(x, beta, possible)
    fates = chance.shape[1]
    # dp_k / db_l = p_k (1[k = l] - p_l) x
    curve = chance[:, :, None] * (np.eye(fates) - chance[:, None, :])
    slopes = curve[:, :, :, None] * x[:, None, None, :]
    told = slopes.reshape(len(x), fates, -1)[:, :, fit.active.ravel()]
    for r, t in enumerate(start):
        if float(t) in fit.certain:
            chance[r], told[r] = np.where(at_risk[r], fit.certain[float(t)], 0.0), 0.0
    return chance, told


def _possible(fit: DiscreteCausesFit, x: FloatArray) -> NDArray[np.bool_]:
    if fit.baseline.kind != "dummies":
        return np.ones((len(x), len(fit.rows.outcomes)), dtype=bool)
    first = len(fit.covariates)
    possible: NDArray[np.bool_] = (x[:, first:] @ fit.active[:, first:].T) > 0
    return possible


def _path(
    fit: DiscreteCausesFit,
    periods: pd.DataFrame,
    chance: FloatArray,
    slopes: FloatArray,
    conf_level: float,
) -> pd.DataFrame:
    """Incidence along one path: I_k(t) = sum of S(t - 1) p_k(t), S falling by all p."""
    survival, survival_slope = 1.0, np.zeros(slopes.shape[2])
    incidence, gradient = np.zeros(chance.shape[1]), np.zeros(slopes.shape[1:])
    estimates, errors = [], []
    variance = fit.variance.to_numpy()
    for p, dp in zip(chance, slopes, strict=True):
        incidence = incidence + survival * p
        gradient = gradient + np.outer(p, survival_slope) + survival * dp
        survival_slope = survival_slope * (1 - p.sum()) - survival * dp.sum(axis=0)
        survival = survival * (1 - p.sum())
        estimates.append(incidence)
        errors.append(delta_errors(gradient, variance))
    estimate, error = np.concatenate(np.array(estimates).T), np.concatenate(np.array(errors).T)
    lower, upper = probability_limits(estimate, error, conf_level, "log-log")
    fates = len(fit.rows.outcomes)
    return pd.DataFrame(
        {
            "id": np.tile(periods["id"].to_numpy(), fates),
            "outcome": np.repeat(fit.rows.outcomes, len(periods)),
            "time": np.tile(periods["time"].to_numpy(), fates),
            "estimate": estimate,
            "std_error": error,
            "lower": lower,
            "upper": upper,
        }
    )
