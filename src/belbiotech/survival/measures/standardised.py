"""Standardised (adjusted) survival curves: everyone with one exposure, then with another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, nearest_names, on_screen
from belbiotech.survival.cox.fit import CoxFit, finite_risk, refuse_streamed, risk_of
from belbiotech.survival.cox.partial_likelihood import score_residuals
from belbiotech.survival.cox.prediction import Baseline, baselines_of, refuse_new_rows, strata_of
from belbiotech.survival.cox.result import CoxResult
from belbiotech.survival.cox.robust import middle_of
from belbiotech.survival.formulas.paths import new_matrix
from belbiotech.survival.inference.limits import (
    check_limit_options,
    normal_quantile,
    probability_limits,
)
from belbiotech.survival.rows.checks import FloatArray, IntArray, check_rows
from belbiotech.survival.rows.column_names import as_list, check_one_name, free_name
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.plain import plain_table
from belbiotech.survival.rows.times import floats_in

__all__ = ["StandardisedSurvival", "standardised_survival"]


@dataclass(frozen=True, repr=False)
class StandardisedSurvival:
    """Standardised survival curves and their differences.

    Attributes
    ----------
    table : DataFrame
        exposure, time, estimate, std_error, lower, upper.
    differences : DataFrame
        The same columns and ``reference``: each curve less the first one.
    exposure : str
        The column that was set.
    n_rows : int
        Rows of the sample.
    """

    table: pd.DataFrame
    differences: pd.DataFrame
    exposure: str
    n_rows: int

    def __repr__(self) -> str:
        last = self.table.groupby("exposure", sort=False, observed=True).last().reset_index()
        title = f"Survival standardised over {self.n_rows:,} rows, by {self.exposure}; last times:"
        return on_screen(f"{title}\n{last.head(20).to_string(index=False)}")


def standardised_survival(
    fit: CoxResult,
    data: pd.DataFrame,
    exposure: str,
    values: Sequence[Any],
    *,
    times: float | Sequence[float] | None = None,
    weights: str | None = None,
    conf_level: float = 0.95,
) -> StandardisedSurvival:
    """Average predicted survival over a sample, with everyone's exposure set to each value.

    Parameters
    ----------
    fit : CoxResult
        A fit of `cox`, with the exposure among its covariates; rows may enter late.
    data : DataFrame
        The sample to average over, with the formula's columns and those of strata: a row for
        each member, such as each firm's first row. Its intervals do not count.
    exposure : str
        The column to set; all else in the sample stays as it is.
    values : sequence
        What to set it to.
    times : float or sequence of float, optional
        By default all times at which a row of the fit ends.
    weights : str, optional
        Column of the sample's weights.
    conf_level : float
        Of the pointwise limits (log-log for survival, plain for differences).

    Returns
    -------
    StandardisedSurvival
        ``table`` and ``differences``. Survival from the first time at which anyone is at risk.

    Raises
    ------
    FitError
        Something else than a fit of `cox`, a frailty, an exposure that is not in the model, no
        values, times after the last in the data.
    PanelError
        Missing values, a level or a stratum that was not in the data.

    Notes
    -----
    ``S(t) = sum of w_i exp(-r_i H(t))`` with r_i the risk of member i and H the baseline of its
    stratum. The errors are by the delta method, from the coefficients and the baseline, and robust
    by the fit's clusters where it has them; the sample is taken as given. If those who are exposed
    differ in what the model leaves out, the difference is no effect.

    References
    ----------
    Makuch (1982), Journal of Chronic Diseases 35:437-443. Gail and Byar (1986), Biometrical
    Journal 28:587-599. Chen and Tsiatis (2001), Biometrics 57:1030-1038.

    Examples
    --------
    >>> from belbiotech import cox, simulate_panel, standardised_survival
    >>> panel = simulate_panel(400, effect=-0.3, seed=1)
    >>> fit = cox("failure ~ alliances_active_lag1 + C(origin)", panel, cluster="firm_id")
    >>> sample = panel.drop_duplicates("firm_id")
    >>> curves = standardised_survival(fit, sample, "alliances_active_lag1", [0, 2], times=5)
    >>> curves.differences.round(3)
       exposure  reference  time  estimate  std_error  lower  upper
    0         2          0   5.0      0.05      0.022  0.007  0.093
    """
    numbers, data = _checked(fit, data, exposure, values, weights)
    check_limit_options(conf_level)
    wanted = _times(numbers, times)
    weight = np.ones(len(data)) if weights is None else data[weights].to_numpy(dtype=float)
    baselines = baselines_of(numbers)
    sample = [_sample(numbers, data, exposure, value, weight / weight.sum()) for value in values]
    influence = _Influence.of(numbers)
    estimates, variances = [], []
    for time in wanted:
        at = [_Baseline.at(baseline, time) for baseline in baselines]
        parts = [_curve(numbers, one, at) for one in sample]
        estimates.append([part[0] for part in parts])
        slopes, areas = np.array([part[1] for part in parts]), np.array([p[2] for p in parts])
        variances.append(_variance(numbers, influence, slopes, areas, at, time))
    return _result(
        exposure, values, wanted, np.array(estimates), np.array(variances), conf_level, len(data)
    )


@dataclass(frozen=True)
class _Sample:
    """The members with an exposure set: centred ``x``, (n, p), ``stratum`` and ``weight``, (n,)."""

    x: FloatArray
    stratum: IntArray
    weight: FloatArray


def _sample(
    fit: CoxFit, data: pd.DataFrame, exposure: str, value: Any, weight: FloatArray
) -> _Sample:
    """Set everyone's exposure to a value."""
    table = plain_table(data.assign(**{exposure: value}), [exposure], groups=fit.rows.strata)
    x = new_matrix(fit.rows.formula, fit.matrix, table) - fit.centre
    return _Sample(x, strata_of(fit, table), weight)


@dataclass(frozen=True)
class _Baseline:
    """One stratum at one time: cumulated hazard, its variance, and hazard times mean, (p,)."""

    hazard: float
    variance: float
    mean: FloatArray

    @classmethod
    def at(cls, baseline: Baseline, time: float) -> _Baseline:
        upto = baseline.time <= time
        return cls(
            float(baseline.hazard[upto].sum()),
            float(baseline.variance[upto].sum()),
            baseline.hazard_mean[upto].sum(axis=0),
        )


def _curve(
    fit: CoxFit, sample: _Sample, at: Sequence[_Baseline]
) -> tuple[float, FloatArray, FloatArray]:
    """Give the mean survival, its slopes by the coefficients, (p,), and by each baseline, (s,).

    A baseline moves with the coefficients too, by minus its hazard times mean.
    """
    risk = finite_risk(sample.x @ fit.params.to_numpy())
    hazard = np.array([one.hazard for one in at])[sample.stratum]
    mean = np.array([one.mean for one in at])[sample.stratum]
    survival = np.exp(-risk * hazard)
    by_hazard = -sample.weight * survival * risk
    slope: FloatArray = by_hazard @ (sample.x * hazard[:, None] - mean)
    return (
        float(sample.weight @ survival),
        slope,
        np.bincount(sample.stratum, by_hazard, len(at)).astype(np.float64),
    )


@dataclass(frozen=True)
class _Influence:
    """What one more of each distinct row, (m,), moves: coefficients, (m, p), and baselines.

    At an event time k a row at risk moves the hazard by minus r_i ``seen[k]``, one with the event
    by ``gain[k]`` less r_i ``own[k]``: the derivatives of the sum over steps of share / n.
    """

    moved: FloatArray
    risk: FloatArray
    seen: FloatArray
    own: FloatArray
    gain: FloatArray

    @classmethod
    def of(cls, fit: CoxFit) -> _Influence:
        design, sets, risk = fit.design, fit.sets, risk_of(fit)
        weighted = design.weight * risk
        at_risk = sets.total(weighted)
        exact = sets.loses_digits(weighted, at_risk)
        at_risk = sets.total(weighted, exact=True) if exact else at_risk
        k = len(sets.time)
        dead = np.bincount(sets.own, weighted[design.event], k)
        left = at_risk[sets.position] - sets.fraction * dead[sets.position]
        square = sets.share[sets.position] / left**2
        steps = np.bincount(sets.position, minlength=k)
        scores = score_residuals(design, sets, fit.params.to_numpy())
        return cls(
            moved=scores @ fit.naive_variance.to_numpy(),
            risk=risk,
            seen=np.bincount(sets.position, square, k).astype(np.float64),
            own=np.bincount(sets.position, square * (1 - sets.fraction), k).astype(np.float64),
            gain=np.bincount(sets.position, 1 / left, k) / steps,
        )

    def on_baseline(self, fit: CoxFit, time: float) -> FloatArray:
        """Tell how each distinct row moves the baseline of its stratum at a time, (m,)."""
        design, sets = fit.design, fit.sets
        seen = np.concatenate([[0.0], np.cumsum(np.where(sets.time <= time, self.seen, 0.0))])
        moved: FloatArray = -self.risk * (seen[sets.last] - seen[sets.first])
        dead = np.flatnonzero(design.event)
        change = self.gain[sets.own] - self.risk[dead] * (self.own - self.seen)[sets.own]
        moved[dead] += np.where(sets.time[sets.own] <= time, change, 0.0)
        return moved


def _variance(
    fit: CoxFit,
    influence: _Influence,
    slopes: FloatArray,
    areas: FloatArray,
    at: Sequence[_Baseline],
    time: float,
) -> FloatArray:
    """Give the variance of the curves at a time, (v, v), from slopes (v, p) and areas (v, s)."""
    if not fit.is_robust:
        own = areas * np.array([one.variance for one in at])
        total: FloatArray = slopes @ fit.variance.to_numpy() @ slopes.T + own @ areas.T
        return total
    on_baseline = influence.on_baseline(fit, time)
    moved = influence.moved @ slopes.T + on_baseline[:, None] * areas.T[fit.design.stratum]
    return middle_of(fit, moved)


def _result(
    exposure: str,
    values: Sequence[Any],
    times: FloatArray,
    estimates: FloatArray,
    variances: FloatArray,
    conf_level: float,
    n_rows: int,
) -> StandardisedSurvival:
    """Put together tables from estimates (t, v) and their variances (t, v, v)."""
    curves, differences = [], []
    z = normal_quantile(conf_level)
    for k, value in enumerate(values):
        error = np.sqrt(np.maximum(variances[:, k, k], 0.0))
        lower, upper = probability_limits(estimates[:, k], error, conf_level, "log-log")
        known = {"exposure": value, "time": times, "estimate": estimates[:, k]}
        curves.append(pd.DataFrame({**known, "std_error": error, "lower": lower, "upper": upper}))
        if k:
            square = variances[:, k, k] + variances[:, 0, 0] - 2 * variances[:, 0, k]
            error, gap = np.sqrt(np.maximum(square, 0.0)), estimates[:, k] - estimates[:, 0]
            known = {"exposure": value, "reference": values[0], "time": times, "estimate": gap}
            limits = {"lower": gap - z * error, "upper": gap + z * error}
            differences.append(pd.DataFrame({**known, "std_error": error, **limits}))
    columns = ["exposure", "reference", "time", "estimate", "std_error", "lower", "upper"]
    nothing = pd.DataFrame(columns=columns)
    return StandardisedSurvival(
        table=pd.concat(curves, ignore_index=True),
        differences=pd.concat(differences, ignore_index=True) if differences else nothing,
        exposure=exposure,
        n_rows=n_rows,
    )


def _checked(
    fit: CoxResult, data: pd.DataFrame, exposure: str, values: Sequence[Any], weights: str | None
) -> tuple[CoxFit, pd.DataFrame]:
    """Give the numbers of the fit, and the sample with plain columns."""
    if not isinstance(fit, CoxResult):
        msg = f"standardised survival takes a fit of cox(), not {type(fit).__name__}"
        raise FitError(msg)
    refuse_new_rows(fit.fit)
    refuse_streamed(fit.fit, "no standardised survival")
    check_one_name(exposure=exposure)
    rows = fit.fit.rows
    known = [*rows.formula.columns, *rows.strata]
    if exposure not in known:
        msg = f"exposure {exposure!r} is not in the model; {nearest_names(exposure, known)}"
        raise FitError(msg)
    given = as_list(values, "values", [0, 1])
    if not given or not all(pd.api.types.is_hashable(value) for value in given):
        msg = f"values must be a list of what to set {exposure!r} to, such as [0, 1]"
        raise FitError(msg)
    columns, strata = ([n for n in some if n != exposure] for some in (known, rows.strata))
    data = as_table(data)
    begin, end = free_name(data, "(from)"), free_name(data, "(to)")
    anyone = data.assign(**{begin: 0.0, end: 1.0})
    data = check_rows(
        anyone, [], start=begin, stop=end, columns=columns, groups=strata, weights=weights
    )
    return fit.fit, data


def _times(fit: CoxFit, times: float | Sequence[float] | None) -> FloatArray:
    if times is None:
        return np.unique(fit.design.stop)
    wanted = floats_in(times)
    if not wanted.size or not (wanted <= fit.design.stop.max()).all():
        msg = f"times must be numbers up to {fit.design.stop.max():g}, the last; they are {times!r}"
        raise FitError(msg)
    return wanted
