"""The result that users hold of a piecewise exponential model, and what it predicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from belbiotech.errors import FitError
from belbiotech.survival.formulas.paths import path_matrix
from belbiotech.survival.inference.fitted import FittedOfOne, errors_in_words, of_fit
from belbiotech.survival.inference.limits import (
    check_limit_options,
    normal_quantile,
    probability_limits,
)
from belbiotech.survival.inference.paths import cumulated_along
from belbiotech.survival.inference.prediction import Prediction
from belbiotech.survival.inference.report import Report
from belbiotech.survival.parametric.piecewise_fit import PiecewiseFit
from belbiotech.survival.rows.checks import FloatArray, IntArray
from belbiotech.survival.rows.timeline import split_at

__all__ = ["PiecewiseResult", "predict_survival"]

RATIO = "hazard ratio"


def predict_survival(
    fit: PiecewiseFit, paths: pd.DataFrame, *, conf_level: float = 0.95
) -> Prediction:
    """Probability of no event since the start of each covariate path.

    Parameters
    ----------
    fit : PiecewiseFit
        The numbers of a fit.
    paths : DataFrame
        Columns of the interval and of the covariates, and ``id`` where there are several paths;
        each row starts where the one before stopped.
    conf_level : float
        Coverage of the pointwise intervals, which are taken on the scale of log survival.

    Returns
    -------
    Prediction
        A DataFrame with ``plot()``, plain as ``table``.
        Columns id, time, estimate, std_error, lower, upper: a row for each end of a path's row
        and each time at which the hazard changes.

    Raises
    ------
    PanelError
        A path with gaps or overlaps, missing values.
    FitError
        An interval in which no row of the data is at risk.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import piecewise_exponential, simulate_panel
    >>> panel = simulate_panel(400, effect=-0.3, seed=1)
    >>> result = piecewise_exponential("failure ~ alliances_active_lag1", panel, [2, 5])
    >>> path = pd.DataFrame({"start": [0, 1], "stop": [1, 3], "alliances_active_lag1": [0, 2]})
    >>> result.predict_survival(path)["estimate"].round(3).tolist()
    [0.961, 0.936, 0.916]
    """
    check_limit_options(conf_level)
    ordered, x = path_matrix(fit.formula, fit.matrix, paths, start=fit.start, stop=fit.stop)
    rows = pd.DataFrame({"row": np.arange(len(ordered)), "last": 0})
    rows["start"], rows["stop"] = (ordered[c].to_numpy(dtype=float) for c in (fit.start, fit.stop))
    pieces = split_at(rows, fit.cuts, outcomes="last", episode="interval")
    _refuse_unknown(fit, pieces["interval"].to_numpy())
    columns = np.column_stack([x[pieces["row"]], _columns(fit, pieces["interval"].to_numpy())])
    length = (pieces["stop"] - pieces["start"]).to_numpy()
    known = columns[:, len(fit.covariates) :].any(axis=1)
    risen = np.where(known, length * np.exp(columns @ fit.params.to_numpy()), 0.0)
    path = ordered["id"].to_numpy()[pieces["row"]]
    total, spread = cumulated_along(path, risen, risen[:, None] * columns, fit.variance.to_numpy())
    survival = np.exp(-total)
    lower, upper = probability_limits(survival, survival * spread, conf_level, "log")
    times = pd.DataFrame({"id": path, "time": pieces["stop"].to_numpy(), "estimate": survival})
    found = times.assign(std_error=survival * spread, lower=lower, upper=upper)
    return Prediction.of(found, "survival")


def baseline_rates(fit: PiecewiseFit, conf_level: float = 0.95) -> pd.DataFrame:
    """Give the rate of each interval with all covariates zero.

    Parameters
    ----------
    fit : PiecewiseFit
        The numbers of a fit.
    conf_level : float
        Coverage of the intervals, which are symmetric for the log of the rate.

    Returns
    -------
    DataFrame
        after, up_to, person_time, events, rate, std_error, lower, upper.
    """
    check_limit_options(conf_level)
    log_rate = fit.params.reindex(fit.intervals["name"]).to_numpy()
    errors = pd.Series(np.sqrt(np.diag(fit.variance)), index=fit.params.index)
    error = errors.reindex(fit.intervals["name"]).to_numpy()
    wide = normal_quantile(conf_level) * error
    rate = np.where(np.isnan(log_rate), 0.0, np.exp(log_rate))
    counted = fit.intervals[["after", "up_to", "person_time", "events"]].reset_index(drop=True)
    limits = {"lower": np.exp(log_rate - wide), "upper": np.exp(log_rate + wide)}
    return counted.assign(rate=rate, std_error=rate * error, **limits)


@dataclass(frozen=True, repr=False)
class PiecewiseResult(FittedOfOne):
    """A fitted hazard that is constant between given times.

    Attributes
    ----------
    fit : PiecewiseFit
        The numbers of the fit, from which all others are computed.
    """

    fit: PiecewiseFit

    @property
    def n_pieces(self) -> int:
        """Rows after cutting."""
        return self.fit.n_pieces

    @property
    def aic(self) -> float:
        """Akaike's criterion. Intervals without an event count as coefficients, as in R."""
        return -2 * self.log_likelihood + 2 * (len(self.covariates) + len(self.fit.intervals))

    def _summary(self, conf_level: float) -> pd.DataFrame:
        return self._covariate_table(RATIO, conf_level)

    @property
    def baseline_rates(self) -> pd.DataFrame:
        """Rate of each interval with all covariates zero.

        Columns after, up_to, person_time, events, rate, std_error, lower, upper.
        """
        return baseline_rates(self.fit)

    predict_survival = of_fit(predict_survival)

    def _kind(self) -> tuple[str, str, Mapping[str, str]]:
        return self.fit.formula.outcome, RATIO, self.fit.matrix.references

    def _report(self) -> Report:
        shown = ["coef", RATIO, "se(coef)", f"{RATIO} lower 95%", f"{RATIO} upper 95%", "z", "p"]
        title = f"Piecewise exponential: {self.fit.formula.text}"
        return Report(title, self.summary[shown], tuple(self._notes()))

    def _notes(self) -> list[str]:
        errors = errors_in_words(self.fit.cluster, self.fit.clusters)
        lines = [
            f"N = {self.n_rows:,d} rows cut into {self.n_pieces:,d}, {self.n_events:,d} events; "
            f"{errors}",
            f"Hazard constant within {len(self.fit.intervals)} intervals of time",
        ]
        if self.covariates:
            test = self.likelihood_ratio_test
            lines.append(f"Likelihood ratio {test.statistic:.2f} on {len(self.covariates)} df")
        return [*lines, f"Log likelihood {self.log_likelihood:.4f}, AIC {self.aic:.2f}"]


def _columns(fit: PiecewiseFit, interval: IntArray) -> FloatArray:
    """Columns of 0/1 for the intervals that have a coefficient, (r, q)."""
    with_events = fit.intervals.index[fit.intervals["events"] > 0].to_numpy()
    columns: FloatArray = (interval[:, None] == with_events).astype(np.float64)
    return columns


def _refuse_unknown(fit: PiecewiseFit, interval: IntArray) -> None:
    unknown = np.unique(interval[~np.isin(interval, fit.intervals.index)])
    if len(unknown):
        bounds = np.r_[-np.inf, fit.cuts, np.inf]
        told = ", ".join(f"{bounds[k]:g} to {bounds[k + 1]:g}" for k in unknown)
        msg = (
            f"no row of the data is at risk in the interval {told}, where a path goes; cut the "
            "paths, or fit with fewer cuts"
        )
        raise FitError(msg)
