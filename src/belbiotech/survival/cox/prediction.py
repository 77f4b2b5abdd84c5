"""The baseline, and survival along a path: a firm that signs its second alliance at age 6."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, PanelError, a_type_of, nearest_names, warn
from belbiotech.survival.cox.fit import CoxFit, risk_of
from belbiotech.survival.cox.partial_likelihood import step_sums
from belbiotech.survival.cox.rows import stratum_keys, stratum_labels
from belbiotech.survival.cox.streams.totals import StreamedModel
from belbiotech.survival.formulas.paths import offset_of, path_matrix
from belbiotech.survival.inference.limits import check_limit_options, normal_quantile
from belbiotech.survival.inference.paths import cumulated_along
from belbiotech.survival.inference.prediction import Prediction
from belbiotech.survival.rows.checks import FloatArray, IntArray

__all__ = [
    "Baseline",
    "baseline_cumulative_hazard",
    "baselines_of",
    "predict_cumulative_hazard",
    "predict_survival",
    "refuse_new_rows",
    "strata_of",
]


@dataclass(frozen=True)
class Baseline:
    """The hazard of one stratum at the mean covariates, at the times at which its rows end.

    ``time`` (t,); increments of the hazard, (t,), of its variance given the coefficients, (t,),
    and of the hazard times the mean covariates of those at risk, (t, p).
    """

    label: str
    time: FloatArray
    hazard: FloatArray
    variance: FloatArray
    hazard_mean: FloatArray
    first: float


def baseline_cumulative_hazard(fit: CoxFit) -> pd.DataFrame:
    """Cumulate the hazard with all covariates zero.

    Parameters
    ----------
    fit : CoxFit
        The fit.

    Returns
    -------
    DataFrame
        stratum, time, hazard: a row for each time at which a row of the stratum ends, as R's
        ``basehaz(centered = FALSE)``.
    """
    with np.errstate(over="ignore"):  # infinite where zero is far from all covariates
        at_zero = np.exp(-(fit.centre * fit.params.to_numpy()).sum())
    parts = []
    for baseline in baselines_of(fit):
        seen = baseline.hazard > 0  # at other times there is none, however far zero is
        hazard = np.zeros(len(seen))
        hazard[seen] = baseline.hazard[seen] * at_zero
        columns = {"time": baseline.time, "hazard": np.cumsum(hazard)}
        parts.append(pd.DataFrame({"stratum": baseline.label, **columns}))
    return pd.concat(parts, ignore_index=True)


def predict_survival(fit: CoxFit, paths: pd.DataFrame, *, conf_level: float = 0.95) -> Prediction:
    """Predict the probability of no event along covariate paths.

    Parameters
    ----------
    fit : CoxFit
        The fit.
    paths : DataFrame
        Rows with the interval, the formula's columns, the strata's columns, and a column ``id``
        where there is more than one path. Each row of a path starts where the one before
        stopped.
    conf_level : float
        Of the limits.

    Returns
    -------
    Prediction
        A DataFrame with ``plot()``, plain as ``table``.
        id, time, estimate, std_error, lower, upper: a row for each time within the path at which
        a row of the stratum ended. The estimate is the probability of no event from the start of
        the path on; limits are symmetric for its logarithm.

    Raises
    ------
    PanelError
        A gap or an overlap in a path, missing values, a stratum or a level that was not in the
        data.
    FitError
        A model with a frailty: its survival depends on a frailty that the path does not have.

    Notes
    -----
    The estimate is that of R's ``survfit(fit, newdata, id=)``, of the Breslow type (with
    Efron's ties, Efron's). So are error and limits where covariates do not change along the
    path and it starts before the first event. Elsewhere they differ from R, which
    (survival 3.5) takes each row's covariates for those of the whole past. Here the error is
    that of the path itself: with the slope q(t) of the cumulative hazard in the coefficients,
    the sum of ``r_s (x_s - mean(s)) dH(s)`` over the path's times, the variance is the sum of
    ``r_s^2 dH(s) / S0(s)`` plus ``q' V q``.

    References
    ----------
    Tsiatis (1981), Annals of Statistics 9:93-108; Andersen, Borgan, Gill and Keiding (1993),
    VII.2.3; Therneau and Grambsch (2000), 10.2.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import cox
    >>> rows = pd.DataFrame({"start": 0, "stop": [k % 7 + 1 for k in range(40)]})
    >>> rows["failure"] = [k % 2 for k in range(40)]
    >>> rows["size"] = [k * k % 11 for k in range(40)]
    >>> result = cox("failure ~ size", rows)
    >>> path = pd.DataFrame({"start": [0, 3], "stop": [3, 5], "size": [2, 6]})
    >>> result.predict_survival(path).round(4)
       id  time  estimate  std_error   lower   upper
    0   1   1.0    0.9329     0.0396  0.8584  1.0000
    1   1   2.0    0.8596     0.0595  0.7505  0.9845
    2   1   3.0    0.7769     0.0765  0.6405  0.9424
    3   1   4.0    0.6622     0.0843  0.5160  0.8498
    4   1   5.0    0.5288     0.0964  0.3700  0.7558
    """
    check_limit_options(conf_level)
    table = _along(fit, paths)
    z = normal_quantile(conf_level)
    hazard, error = table["estimate"], table["std_error"]
    survival = np.exp(-hazard)
    found = table.assign(
        estimate=survival,
        std_error=survival * error,
        lower=np.exp(-hazard - z * error),
        upper=np.minimum(np.exp(-hazard + z * error), 1.0),
    )
    return Prediction.of(found, "survival")


def predict_cumulative_hazard(
    fit: CoxFit, paths: pd.DataFrame, *, conf_level: float = 0.95
) -> Prediction:
    """Predict the cumulative hazard along covariate paths.

    Parameters
    ----------
    fit : CoxFit
        The fit.
    paths : DataFrame
        As for `predict_survival`.
    conf_level : float
        Of the limits.

    Returns
    -------
    Prediction
        A DataFrame with ``plot()``, plain as ``table``.
        id, time, estimate, std_error, lower, upper; the hazard is cumulated from the start of
        the path on. Minus the logarithm of the limits of `predict_survival`.

    Raises
    ------
    PanelError, FitError
        As for `predict_survival`.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import cox
    >>> rows = pd.DataFrame({"start": 0, "stop": [k % 7 + 1 for k in range(40)]})
    >>> rows["failure"] = [k % 2 for k in range(40)]
    >>> rows["size"] = [k * k % 11 for k in range(40)]
    >>> result = cox("failure ~ size", rows)
    >>> path = pd.DataFrame({"start": [0, 3], "stop": [3, 5], "size": [2, 6]})
    >>> result.predict_cumulative_hazard(path)["estimate"].round(4).tolist()
    [0.0694, 0.1513, 0.2524, 0.4122, 0.6371]
    """
    check_limit_options(conf_level)
    table = _along(fit, paths)
    half = normal_quantile(conf_level) * table["std_error"]
    lower = np.maximum(table["estimate"] - half, 0.0)
    found = table.assign(lower=lower, upper=table["estimate"] + half)
    return Prediction.of(found, "cumulative hazard")


def refuse_new_rows(fit: CoxFit) -> None:
    """Refuse predictions where new rows lack the frailty, or the covariate over time."""
    if fit.frailty is not None:
        msg = "no prediction with a frailty: fit the model without it, with cluster= for the errors"
        raise FitError(msg)
    if fit.rows.formula.over_time:
        told = ", ".join(effect.text for effect in fit.rows.formula.over_time)
        msg = (
            f"no prediction with {told}, whose covariate changes at each event time: cut the rows "
            "with split_at() at the event times, fit with the product as a column, and predict "
            "along paths that are cut so too"
        )
        raise FitError(msg)


def _along(fit: CoxFit, paths: pd.DataFrame) -> pd.DataFrame:
    """Cumulative hazard and its error along each path: id, time, estimate, std_error."""
    refuse_new_rows(fit)
    rows = fit.rows
    ordered, x = path_matrix(
        rows.formula, fit.matrix, paths, start=rows.start, stop=rows.stop, groups=rows.strata
    )
    x = x - fit.centre
    offset = offset_of(rows.formula, fit.matrix, ordered)
    baselines = baselines_of(fit)
    stratum = strata_of(fit, ordered)
    begin, end = (ordered[name].to_numpy(dtype=float) for name in (rows.start, rows.stop))
    _warn_outside(ordered["id"], begin, end, stratum, baselines)
    pieces = [
        _piece(baselines[stratum[k]], begin[k], end[k], x[k], offset[k], fit)
        for k in range(len(ordered))
    ]
    time, hazard, variance, slope = (np.concatenate(column) for column in zip(*pieces, strict=True))
    path = ordered["id"].to_numpy().repeat([len(piece[0]) for piece in pieces])
    total, error = cumulated_along(path, hazard, slope, fit.variance.to_numpy(), variance)
    return pd.DataFrame({"id": path, "time": time, "estimate": total, "std_error": error})


def _piece(
    baseline: Baseline, begin: float, end: float, x: FloatArray, offset: float, fit: CoxFit
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Give the times, and increments of hazard, variance and slope, of one row of a path."""
    inside = (baseline.time > begin) & (baseline.time <= end)
    risk = np.exp(x @ fit.params.to_numpy() + offset)
    hazard = baseline.hazard[inside]
    slope = risk * (hazard[:, None] * x - baseline.hazard_mean[inside])
    return baseline.time[inside], risk * hazard, risk**2 * baseline.variance[inside], slope


def baselines_of(fit: CoxFit) -> list[Baseline]:
    """Give the baseline of each stratum, in the strata's order."""
    if fit.streamed is not None:
        return _streamed_baselines(fit, fit.streamed)
    design, sets = fit.design, fit.sets
    steps = step_sums(design, sets, risk_of(fit))
    made = []
    for k, label in enumerate(fit.rows.stratum_labels):
        here, mine = design.stratum == k, sets.stratum == k
        time = np.unique(design.stop[here])
        at = np.searchsorted(time, sets.time[mine])
        hazard, spread = np.zeros(len(time)), np.zeros(len(time))
        mean = np.zeros((len(time), design.x.shape[1]))
        hazard[at], spread[at] = steps.hazard[mine], steps.hazard_variance[mine]
        mean[at] = steps.hazard_mean[mine]
        made.append(Baseline(label, time, hazard, spread, mean, design.start[here].min()))
    return made


def _streamed_baselines(fit: CoxFit, model: StreamedModel) -> list[Baseline]:
    """Give the baselines at the event times, the only ones that passes over rows look at."""
    totals = model.at_best
    if totals is None:
        msg = "the model has not been fitted"
        raise FitError(msg)
    steps, held = totals.steps, model.stream.held
    first = -np.inf if held is None else held.extent.first
    return [
        Baseline(
            label,
            model.times.time[mine],
            steps.hazard[mine],
            steps.hazard_variance[mine],
            steps.hazard_mean[mine],
            first,
        )
        for label, mine in (
            (label, model.times.stratum == k) for k, label in enumerate(fit.rows.stratum_labels)
        )
    ]


def strata_of(fit: CoxFit, paths: pd.DataFrame) -> IntArray:
    """Find the stratum of each row of the paths."""
    names = fit.rows.strata
    if not names:
        return np.zeros(len(paths), dtype=np.int64)
    place = {values: k for k, values in enumerate(fit.rows.stratum_values)}
    found = [place.get(values, -1) for values in stratum_keys(paths, names)]
    if -1 in found:
        k = found.index(-1)
        unknown = stratum_labels(paths.iloc[[k]], names)[0]
        known = nearest_names(unknown, fit.rows.stratum_labels)
        if unknown in fit.rows.stratum_labels:  # a text for a number, or the other way round
            kinds = ", ".join(f"{name!r} holds {a_type_of(paths[name].iloc[k])}" for name in names)
            known = f"{known} In the paths {kinds}; make it of the type that it had in the fit"
        msg = f"there is no stratum {unknown!r}; {known}"
        raise PanelError(msg)
    return np.array(found, dtype=np.int64)


def _warn_outside(
    ids: pd.Series,
    begin: FloatArray,
    end: FloatArray,
    stratum: IntArray,
    baselines: list[Baseline],
) -> None:
    """Warn of paths that go where nobody was at risk: no hazard can be known there."""
    first = np.array([baseline.first for baseline in baselines])[stratum]
    last = np.array([baseline.time[-1] for baseline in baselines])[stratum]
    lines = []
    for when, outside, bound in (("before", begin < first, first), ("after", end > last, last)):
        if outside.any():
            k = int(np.flatnonzero(outside)[0])
            name = ids.tolist()[k]
            lines.append(
                f"path {name!r} runs {when} {bound[k]:g}, where no row of the data is at "
                "risk: no hazard is counted there"
            )
    if lines:
        warn("\n".join(lines))
