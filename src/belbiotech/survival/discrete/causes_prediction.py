"""Cumulative incidence of competing fates along covariate paths, in discrete time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.survival.discrete.multinomial import fate_probabilities
from belbiotech.survival.discrete.prediction import path_periods
from belbiotech.survival.discrete.rows import with_baseline
from belbiotech.survival.formulas.design import design_matrix
from belbiotech.survival.inference.limits import check_limit_options, probability_limits
from belbiotech.survival.rows.checks import FloatArray

if TYPE_CHECKING:
    from belbiotech.survival.discrete.causes_result import DiscreteCausesResult

__all__ = ["predict_incidence"]


def predict_incidence(
    result: DiscreteCausesResult, paths: pd.DataFrame, conf_level: float = 0.95
) -> pd.DataFrame:
    """Add up, period by period, survival so far times the probability of each fate.

    Parameters
    ----------
    result : DiscreteCausesResult
        A fit.
    paths : DataFrame
        Columns of the interval, of the covariates and perhaps ``id``.
    conf_level : float
        Coverage of the pointwise intervals.

    Returns
    -------
    DataFrame
        Columns id, outcome, time, estimate, std_error, lower, upper.
    """
    check_limit_options(conf_level)
    kept = result.rows
    periods, rows = path_periods(
        paths, result.baseline, kept.formula.columns, kept.start, kept.stop
    )
    covariates = design_matrix(kept.formula, rows, kept.matrix.spec).x
    start = periods["start"].to_numpy()
    x = with_baseline(covariates[periods["row"].to_numpy()], result.baseline, start)
    chances, slopes = _chances(result, x, start)
    tables = [
        _path(result, part[["id", "time"]], chances[at], slopes[at], conf_level)
        for part, at in (
            (part, part.index.to_numpy()) for _, part in periods.groupby("id", sort=False)
        )
    ]
    return pd.concat(tables, ignore_index=True)


def _chances(
    result: DiscreteCausesResult, x: FloatArray, start: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Probability of each fate, (r, K), and its derivatives by the coefficients, (r, K, q)."""
    possible = _possible(result, x)
    beta = np.zeros(result.active.shape)
    beta[result.active] = result.params.to_numpy()
    chance = fate_probabilities(x, beta, possible)
    fates = chance.shape[1]
    # dp_k / db_l = p_k (1[k = l] - p_l) x
    curve = chance[:, :, None] * (np.eye(fates) - chance[:, None, :])
    slopes = curve[:, :, :, None] * x[:, None, None, :]
    told = slopes.reshape(len(x), fates, -1)[:, :, result.active.ravel()]
    for r, t in enumerate(start):
        if float(t) in result.certain:
            chance[r], told[r] = result.certain[float(t)], 0.0
    return chance, told


def _possible(result: DiscreteCausesResult, x: FloatArray) -> NDArray[np.bool_]:
    if result.baseline.kind != "dummies":
        return np.ones((len(x), len(result.outcomes)), dtype=bool)
    first = len(result.covariates)
    possible: NDArray[np.bool_] = (x[:, first:] @ result.active[:, first:].T) > 0
    return possible


def _path(
    result: DiscreteCausesResult,
    periods: pd.DataFrame,
    chance: FloatArray,
    slopes: FloatArray,
    conf_level: float,
) -> pd.DataFrame:
    """Incidence along one path: I_k(t) = sum of S(t - 1) p_k(t), S falling by all p."""
    survival, survival_slope = 1.0, np.zeros(slopes.shape[2])
    incidence, gradient = np.zeros(chance.shape[1]), np.zeros(slopes.shape[1:])
    estimates, errors = [], []
    variance = result.variance.to_numpy()
    for p, dp in zip(chance, slopes, strict=True):
        incidence = incidence + survival * p
        gradient = gradient + np.outer(p, survival_slope) + survival * dp
        survival_slope = survival_slope * (1 - p.sum()) - survival * dp.sum(axis=0)
        survival = survival * (1 - p.sum())
        estimates.append(incidence)
        squares = np.einsum("kq,qr,kr->k", gradient, variance, gradient)
        errors.append(np.sqrt(np.maximum(squares, 0.0)))
    estimate, error = np.concatenate(np.array(estimates).T), np.concatenate(np.array(errors).T)
    lower, upper = probability_limits(estimate, error, conf_level, "log-log")
    fates = len(result.outcomes)
    return pd.DataFrame(
        {
            "id": np.tile(periods["id"].to_numpy(), fates),
            "outcome": np.repeat(result.outcomes, len(periods)),
            "time": np.tile(periods["time"].to_numpy(), fates),
            "estimate": estimate,
            "std_error": error,
            "lower": lower,
            "upper": upper,
        }
    )
