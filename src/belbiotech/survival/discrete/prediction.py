"""Hazards and survival along covariate paths, from a hazard in discrete time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from belbiotech.errors import FitError
from belbiotech.survival.discrete.baseline import Baseline
from belbiotech.survival.discrete.links import LINKS
from belbiotech.survival.discrete.periods import check_whole_times
from belbiotech.survival.discrete.rows import with_baseline
from belbiotech.survival.formulas.design import design_matrix
from belbiotech.survival.inference.limits import (
    check_limit_options,
    normal_quantile,
    probability_limits,
)
from belbiotech.survival.rows.checks import FloatArray
from belbiotech.survival.rows.path_checks import ordered_paths

if TYPE_CHECKING:
    from belbiotech.survival.discrete.result import DiscreteHazardResult

__all__ = ["baseline_hazard", "path_periods", "predict_hazard", "predict_survival"]


def baseline_hazard(result: DiscreteHazardResult, conf_level: float = 0.95) -> pd.DataFrame:
    """Give the hazard of each period of the data with all covariates zero.

    Parameters
    ----------
    result : DiscreteHazardResult
        A fit.
    conf_level : float
        Coverage of the pointwise intervals.

    Returns
    -------
    DataFrame
        Columns start, stop, at_risk, events, hazard, std_error, lower, upper.
    """
    periods = result.rows.periods
    start, place = np.unique(periods.start, return_inverse=True)
    x = with_baseline(np.zeros((len(start), len(result.covariates))), result.baseline, start)
    table = _hazards(result, x, start, conf_level)
    counted = pd.DataFrame(
        {
            "start": start,
            "stop": start + 1,
            "at_risk": np.bincount(place, periods.weight),
            "events": np.bincount(place, periods.weight * (periods.event == 1)),
        }
    )
    return pd.concat([counted, table.rename(columns={"estimate": "hazard"})], axis=1)


def predict_hazard(
    result: DiscreteHazardResult, paths: pd.DataFrame, conf_level: float = 0.95
) -> pd.DataFrame:
    """Give the hazard of each period along covariate paths.

    Parameters
    ----------
    result : DiscreteHazardResult
        A fit.
    paths : DataFrame
        Columns of the interval, of the covariates and perhaps ``id``.
    conf_level : float
        Coverage of the pointwise intervals.

    Returns
    -------
    DataFrame
        Columns id, time, estimate, std_error, lower, upper.
    """
    periods, x = _path_matrix(result, paths)
    table = _hazards(result, x, periods["start"].to_numpy(), conf_level)
    return pd.concat([periods[["id", "time"]], table], axis=1)


def predict_survival(
    result: DiscreteHazardResult, paths: pd.DataFrame, conf_level: float = 0.95
) -> pd.DataFrame:
    """Give the probability of no event since the start of each covariate path.

    Parameters
    ----------
    result : DiscreteHazardResult
        A fit.
    paths : DataFrame
        Columns of the interval, of the covariates and perhaps ``id``.
    conf_level : float
        Coverage of the pointwise intervals.

    Returns
    -------
    DataFrame
        Columns id, time, estimate, std_error, lower, upper.
    """
    check_limit_options(conf_level)
    periods, x = _path_matrix(result, paths)
    link = LINKS[result.link]
    eta = x @ result.params.to_numpy()
    sure = _certain(result.baseline, periods["start"].to_numpy())
    # -log S = sum of -log(1 - h), and its derivative by the coefficients.
    risen = np.where(np.isnan(sure), -link.survival_log(eta), np.where(sure == 1, np.inf, 0.0))
    slopes = np.where(np.isnan(sure), -link.survival_score(eta), 0.0)[:, None] * x
    path = periods["id"].to_numpy()
    total = pd.Series(risen).groupby(path, sort=False).cumsum().to_numpy()
    gradient = pd.DataFrame(slopes).groupby(path, sort=False).cumsum().to_numpy()
    survival = np.exp(-total)
    error = survival * _delta(gradient, result)
    lower, upper = probability_limits(survival, error, conf_level, "log")
    return periods[["id", "time"]].assign(
        estimate=survival, std_error=error, lower=lower, upper=upper
    )


def path_periods(
    paths: pd.DataFrame, baseline: Baseline, columns: tuple[str, ...], start: str, stop: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Check covariate paths and cut them into periods.

    Parameters
    ----------
    paths : DataFrame
        Columns of the interval, of the covariates and perhaps ``id``.
    baseline : Baseline
        What must know all periods.
    columns : tuple of str
        The covariates.
    start, stop : str
        Columns of the interval.

    Returns
    -------
    periods : DataFrame, (r, 4)
        Columns id, start, time (the end of the period), row (position in the ordered paths).
    rows : DataFrame
        The paths in order.

    Raises
    ------
    PanelError
        A path with gaps or overlaps, missing values, times that are not whole.
    FitError
        Periods of which the baseline knows nothing.
    """
    rows = ordered_paths(paths, columns, start=start, stop=stop)
    check_whole_times(rows, start, stop)
    begin, end = (rows[name].to_numpy(dtype=float) for name in (start, stop))
    length = np.rint(end - begin).astype(np.int64)
    row = np.repeat(np.arange(len(rows)), length)
    elapsed = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
    first = begin[row] + elapsed
    unknown = baseline.unknown(first)
    if len(unknown):
        told = ", ".join(f"{t:g}" for t in unknown[:5])
        msg = (
            f"the baseline {baseline.kind!r} knows nothing of the periods that start at {told}"
            f"{', ...' if len(unknown) > 5 else ''}: no row of the data is at risk there; cut the "
            "paths, or fit with baseline='log', which goes on"
        )
        raise FitError(msg)
    path = rows["id"].to_numpy()[row]
    table = pd.DataFrame({"id": path, "start": first, "time": first + 1, "row": row})
    return table, rows


def _path_matrix(
    result: DiscreteHazardResult, paths: pd.DataFrame
) -> tuple[pd.DataFrame, FloatArray]:
    kept = result.rows
    periods, rows = path_periods(
        paths, result.baseline, kept.formula.columns, kept.start, kept.stop
    )
    x = design_matrix(kept.formula, rows, kept.matrix.spec).x[periods["row"].to_numpy()]
    return periods, with_baseline(x, result.baseline, periods["start"].to_numpy())


def _certain(baseline: Baseline, start: FloatArray) -> FloatArray:
    """Hazards that are certain, 0 or 1; NaN where the model tells."""
    return np.array([baseline.certain.get(float(t), np.nan) for t in start])


def _delta(gradient: FloatArray, result: DiscreteHazardResult) -> FloatArray:
    """Give standard errors from derivatives by the coefficients, (r, p)."""
    variance = result.variance.to_numpy()
    squares = np.einsum("ij,jk,ik->i", gradient, variance, gradient)
    errors: FloatArray = np.sqrt(np.maximum(squares, 0.0))
    return errors


def _hazards(
    result: DiscreteHazardResult, x: FloatArray, start: FloatArray, conf_level: float
) -> pd.DataFrame:
    """Hazards with intervals taken on the scale of the linear predictor."""
    check_limit_options(conf_level)
    link = LINKS[result.link]
    eta, error = x @ result.params.to_numpy(), _delta(x, result)
    wide = normal_quantile(conf_level) * error
    sure = _certain(result.baseline, start)
    told = np.isnan(sure)
    return pd.DataFrame(
        {
            "estimate": np.where(told, link.hazard(eta), sure),
            "std_error": np.where(told, link.slope(eta) * error, np.nan),
            "lower": np.where(told, link.hazard(eta - wide), np.nan),
            "upper": np.where(told, link.hazard(eta + wide), np.nan),
        }
    )
