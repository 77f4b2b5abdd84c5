"""Hazards and survival along covariate paths, from a hazard in discrete time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from belbiotech.errors import FitError
from belbiotech.survival.discrete.baseline import Baseline
from belbiotech.survival.discrete.fit import DiscreteFit
from belbiotech.survival.discrete.links import LINKS
from belbiotech.survival.discrete.periods import check_whole_times
from belbiotech.survival.discrete.rows import DiscreteRows, with_baseline
from belbiotech.survival.formulas.paths import offset_of, path_matrix
from belbiotech.survival.inference.limits import (
    check_limit_options,
    normal_quantile,
    probability_limits,
)
from belbiotech.survival.inference.paths import cumulated_along
from belbiotech.survival.inference.prediction import Prediction
from belbiotech.survival.inference.variance import delta_errors
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["baseline_hazard", "path_periods", "predict_hazard", "predict_survival"]


def baseline_hazard(fit: DiscreteFit, conf_level: float = 0.95) -> pd.DataFrame:
    """Give the hazard of each period of the data with all covariates zero.

    Parameters
    ----------
    fit : DiscreteFit
        The numbers of a fit.
    conf_level : float
        Coverage of the pointwise intervals.

    Returns
    -------
    DataFrame
        Columns start, stop, at_risk, events, hazard, std_error, lower, upper.
    """
    periods = fit.rows.periods
    start, place = np.unique(periods.start, return_inverse=True)
    x = with_baseline(np.zeros((len(start), len(fit.covariates))), fit.baseline, start)
    at_zero = pd.DataFrame({"start": start, "offset": 0.0})
    table = _hazards(fit, x, at_zero, conf_level)
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
    fit: DiscreteFit, paths: pd.DataFrame, *, conf_level: float = 0.95
) -> pd.DataFrame:
    """Hazard of each period along covariate paths.

    Parameters
    ----------
    fit : DiscreteFit
        The numbers of a fit.
    paths : DataFrame
        Columns of the interval and of the covariates, and ``id`` where there are several
        paths; each row starts where the one before stopped.
    conf_level : float
        Coverage of the pointwise intervals.

    Returns
    -------
    DataFrame
        Columns id, time (the end of the period), estimate, std_error, lower, upper.

    Raises
    ------
    PanelError
        A path with gaps or overlaps, missing values, times that are not whole.
    FitError
        Periods of which the baseline knows nothing.
    """
    periods, x = path_periods(fit.rows, fit.baseline, paths)
    table = _hazards(fit, x, periods, conf_level)
    return pd.concat([periods[["id", "time"]], table], axis=1)


def predict_survival(
    fit: DiscreteFit, paths: pd.DataFrame, *, conf_level: float = 0.95
) -> Prediction:
    """Probability of no event since the start of each covariate path.

    Parameters
    ----------
    fit : DiscreteFit
        The numbers of a fit.
    paths : DataFrame
        As for `predict_hazard`.
    conf_level : float
        Coverage of the pointwise intervals, which are taken on the scale of log survival.

    Returns
    -------
    Prediction
        A DataFrame with ``plot()``, plain as ``table``.
        Columns id, time, estimate, std_error, lower, upper.

    Raises
    ------
    PanelError, FitError
        As `predict_hazard`.
    """
    check_limit_options(conf_level)
    periods, x = path_periods(fit.rows, fit.baseline, paths)
    link = LINKS[fit.link]
    eta = periods["offset"].to_numpy() + x @ fit.params.to_numpy()
    sure = _certain(fit.baseline, periods)
    # -log S = sum of -log(1 - h), and its derivative by the coefficients.
    risen = np.where(np.isnan(sure), -link.survival_log(eta), np.where(sure == 1, np.inf, 0.0))
    slopes = np.where(np.isnan(sure), -link.survival_score(eta), 0.0)[:, None] * x
    path, variance = periods["id"].to_numpy(), fit.variance.to_numpy()
    total, spread = cumulated_along(path, risen, slopes, variance)
    survival = np.exp(-total)
    error = survival * spread
    lower, upper = probability_limits(survival, error, conf_level, "log")
    found = periods[["id", "time"]].assign(
        estimate=survival, std_error=error, lower=lower, upper=upper
    )
    return Prediction.of(found, "survival")


def path_periods(
    rows: DiscreteRows, baseline: Baseline, paths: pd.DataFrame
) -> tuple[pd.DataFrame, FloatArray]:
    """Check covariate paths and cut them into periods.

    Parameters
    ----------
    rows : DiscreteRows
        What the model was fitted to.
    baseline : Baseline
        What must know all periods.
    paths : DataFrame
        Columns of the interval, of the covariates and perhaps ``id``.

    Returns
    -------
    periods : DataFrame, (r, 4)
        Columns id, start, time (the end of the period), offset.
    x : array of float, (r, p)
        The covariates in each, then the baseline's columns.

    Raises
    ------
    PanelError
        A path with gaps or overlaps, missing values, times that are not whole.
    FitError
        Periods of which the baseline knows nothing.
    """
    start, stop = rows.start, rows.stop
    ordered, x = path_matrix(rows.formula, rows.matrix, paths, start=start, stop=stop)
    check_whole_times(ordered, start, stop)
    begin, end = (ordered[name].to_numpy(dtype=float) for name in (start, stop))
    length = np.rint(end - begin).astype(np.int64)
    row = np.repeat(np.arange(len(ordered)), length)
    elapsed = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
    first = begin[row] + elapsed
    _refuse_unknown(baseline, first)
    path = ordered["id"].to_numpy()[row]
    offset = offset_of(rows.formula, rows.matrix, ordered)[row]
    table = pd.DataFrame({"id": path, "start": first, "time": first + 1, "offset": offset})
    return table, with_baseline(x[row], baseline, first)


def _refuse_unknown(baseline: Baseline, start: FloatArray) -> None:
    unknown = baseline.unknown(start)
    if len(unknown):
        told = ", ".join(f"{t:g}" for t in unknown[:5])
        msg = (
            f"the baseline {baseline.kind!r} knows nothing of the periods that start at {told}"
            f"{', ...' if len(unknown) > 5 else ''}: no row of the data is at risk there; cut the "
            "paths, or fit with baseline='log', which goes on"
        )
        raise FitError(msg)


def _certain(baseline: Baseline, periods: pd.DataFrame) -> FloatArray:
    """Hazards that are certain, 0 or 1; NaN where the model tells."""
    sure = np.array([baseline.certain.get(float(t), np.nan) for t in periods["start"]])
    return np.where(periods["offset"] == -np.inf, 0.0, sure)  # of a level without an event


def _hazards(
    fit: DiscreteFit, x: FloatArray, periods: pd.DataFrame, conf_level: float
) -> pd.DataFrame:
    """Hazards with intervals taken on the scale of the linear predictor."""
    check_limit_options(conf_level)
    link = LINKS[fit.link]
    eta = periods["offset"].to_numpy() + x @ fit.params.to_numpy()
    error = delta_errors(x, fit.variance.to_numpy())
    wide = normal_quantile(conf_level) * error
    sure = _certain(fit.baseline, periods)
    told = np.isnan(sure)
    return pd.DataFrame(
        {
            "estimate": np.where(told, link.hazard(eta), sure),
            "std_error": np.where(told, link.slope(eta) * error, np.nan),
            "lower": np.where(told, link.hazard(eta - wide), np.nan),
            "upper": np.where(told, link.hazard(eta + wide), np.nan),
        }
    )
