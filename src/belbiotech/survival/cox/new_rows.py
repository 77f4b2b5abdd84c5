"""Predictions row by row, for the rows of a fit or for new ones, as R's ``predict.coxph``."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, nearest_names
from belbiotech.survival.cox.fit import CoxFit, finite_risk, risk_of
from belbiotech.survival.cox.prediction import Baseline, baselines_of, refuse_new_rows, strata_of
from belbiotech.survival.cox.residuals import martingale
from belbiotech.survival.formulas.paths import new_matrix, offset_of
from belbiotech.survival.inference.limits import check_limit_options, normal_quantile
from belbiotech.survival.rows.checks import FloatArray, IntArray, check_rows
from belbiotech.survival.rows.column_names import free_name
from belbiotech.survival.rows.door import as_table

__all__ = ["Kind", "Reference", "predict"]

Kind = Literal["lp", "risk", "expected", "survival"]
Reference = Literal["strata", "sample", "zero"]
NOT_CENTRED = (-1.0, 0.0, 1.0)  # a covariate of these values alone has 0 for its mean, as in R


def predict(
    fit: CoxFit,
    kind: Kind = "lp",
    newdata: pd.DataFrame | None = None,
    *,
    reference: Reference = "strata",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Predict for rows: the linear predictor, the risk, events expected, or survival.

    Parameters
    ----------
    fit : CoxFit
        The fit.
    kind : {"lp", "risk", "expected", "survival"}
        ``"lp"``: the linear predictor less that of the reference. ``"risk"``: its exponential, the
        hazard ratio to the reference. ``"expected"``: the cumulative hazard over the row's
        interval, events to be expected in it. ``"survival"``: the probability of no event in it.
    newdata : DataFrame, optional
        Rows with the formula's columns and those of strata, and for the last two kinds the
        interval; by default the rows of the fit.
    reference : {"strata", "sample", "zero"}
        Of the first two kinds: mean covariates of the row's stratum (of the sample, without
        strata), of the sample, or zeros. As in R the mean of a covariate that is 0, 1 or -1
        everywhere counts as 0 in the sample's.
    conf_level : float
        Of the limits.

    Returns
    -------
    DataFrame
        estimate, std_error, lower, upper; a row for each row, with its index label. Limits are
        symmetric for the linear predictor and for expected events; those of risk and survival
        follow from them.

    Raises
    ------
    FitError
        An unknown kind or reference; a model with a frailty, which new rows do not have; the rows
        of a fit, or their means, that are not in memory.
    PanelError
        Missing values, unknown columns, a stratum or a level that was not in the data.

    Notes
    -----
    The estimates are those of R's ``predict(fit, newdata, type=)``. Errors of risk are by the delta
    method, risk times the error of the linear predictor (R multiplies by the root of the risk);
    those of expected events are of the row's own interval (R's, for new start-stop rows, mix two
    times and the risks of the old rows; survival 3.5).

    References
    ----------
    Therneau and Grambsch (2000), Modeling Survival Data, section 10.2.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import cox
    >>> rows = pd.DataFrame({"start": 0, "stop": [k % 7 + 1 for k in range(40)]})
    >>> rows["failure"] = [k % 2 for k in range(40)]
    >>> rows["size"] = [k * k % 11 for k in range(40)]
    >>> result = cox("failure ~ size", rows)
    >>> result.predict("risk", pd.DataFrame({"size": [2, 9]}, index=["small", "large"])).round(4)
           estimate  std_error   lower   upper
    small    0.9113     0.1512  0.6583  1.2615
    large    1.2775     0.5588  0.5421  3.0107
    """
    check_limit_options(conf_level)
    _refuse(kind, reference)
    refuse_new_rows(fit)
    _refuse_outside_memory(fit, kind, newdata, reference)
    z, index = normal_quantile(conf_level), fit.rows.index
    if newdata is not None:
        newdata = as_table(newdata, "newdata")
        index = newdata.index
        newdata = _checked(fit, newdata, interval=kind not in ("lp", "risk"))
    if kind in ("lp", "risk"):
        x = _covariates(fit, newdata, reference)
        lp = x @ fit.params.to_numpy() + _offset(fit, newdata) - _mean_offset(fit)
        error = np.sqrt(np.einsum("ij,jk,ik->i", x, fit.variance.to_numpy(), x))
        columns = {"estimate": lp, "std_error": error, "lower": lp - z * error}
        table = pd.DataFrame({**columns, "upper": lp + z * error}, index=index)
        if kind == "lp":
            return table
        risk = table.apply(np.exp)
        return risk.assign(std_error=risk["estimate"] * error)
    hazard, error = _expected(fit, newdata)
    if newdata is None:
        hazard = _expected_of_rows(fit)
    low, high = np.maximum(hazard - z * error, 0.0), hazard + z * error
    columns = {"estimate": hazard, "std_error": error, "lower": low, "upper": high}
    if kind == "survival":
        alive = np.exp(-hazard)
        columns = {"estimate": alive, "std_error": alive * error}
        columns |= {"lower": np.exp(-high), "upper": np.exp(-low)}
    return pd.DataFrame(columns, index=index)


def _refuse(kind: str, reference: str) -> None:
    for name, value, known in (
        ("kind", kind, get_args(Kind)),
        ("reference", reference, get_args(Reference)),
    ):
        if value not in known:
            msg = f"{name} {value!r} is unknown; {nearest_names(str(value), known)}"
            raise FitError(msg)


def _refuse_outside_memory(
    fit: CoxFit, kind: str, newdata: pd.DataFrame | None, reference: str
) -> None:
    if newdata is None and (fit.rows.held is not None or fit.streamed is not None):
        msg = "the model's rows are not in memory: give those to predict for as newdata"
        raise FitError(msg)
    if fit.streamed is not None and kind in ("lp", "risk") and reference != "zero":
        msg = (
            "the means of rows that were read in batches are not known: give reference='zero', or "
            "fit without stream=True"
        )
        raise FitError(msg)


def _covariates(fit: CoxFit, newdata: pd.DataFrame | None, reference: Reference) -> FloatArray:
    """Give covariates less those of the reference, (n, p)."""
    x, stratum = _rows(fit, newdata)
    if reference == "zero":
        return x + fit.centre
    if reference == "strata" and fit.rows.strata:
        return x - _stratum_means(fit)[stratum]
    return x - _sample_means(fit)


def _offset(fit: CoxFit, newdata: pd.DataFrame | None) -> FloatArray:
    """Give the offset of each row asked for, (n,)."""
    if newdata is not None:
        return offset_of(fit.rows.formula, fit.matrix, newdata)
    offset, of = fit.design.offset, fit.rows.row_of
    return np.zeros(len(of)) if offset is None else offset[of]


def _mean_offset(fit: CoxFit) -> float:
    """Give the mean of the rows' offsets, which R takes off whatever the reference is.

    Rows of levels without an event have minus infinity there, and are left out.
    """
    if fit.streamed is not None:
        return fit.streamed.mean_offset
    offset, number = fit.design.offset, fit.design.number
    if offset is None:
        return 0.0
    known = np.isfinite(offset)
    return float(offset[known] @ number[known] / number[known].sum())


def _sample_means(fit: CoxFit) -> FloatArray:
    """Means of the covariates, (p,), on the centred scale, by R's rule for 0, 1 and -1.

    Rows count alike there, whatever their weights; in `_stratum_means` they do not. So it is in R.
    """
    means = np.zeros(len(fit.centre))
    for j, column in enumerate(fit.design.x.T):
        if np.isin(np.round(np.unique(column) + fit.centre[j], 12), NOT_CENTRED).all():
            means[j] = -fit.centre[j]
    return means


def _stratum_means(fit: CoxFit) -> FloatArray:
    """Means of the covariates by stratum, (s, p), on the centred scale."""
    design = fit.design
    total = np.bincount(design.stratum, design.weight)
    sums = [np.bincount(design.stratum, design.weight * column) for column in design.x.T]
    return np.column_stack(sums) / total[:, None] if sums else np.zeros((len(total), 0))


def _expected(fit: CoxFit, newdata: pd.DataFrame | None) -> tuple[FloatArray, FloatArray]:
    """Give the cumulative hazard over each row's interval, (n,), and its error.

    With r the risk, x the covariates less the mean and m(s) their mean at risk, over the row's
    times s: hazard r sum dH(s), slope q = r sum (x - m(s)) dH(s), variance
    r^2 sum dH(s) / S0(s) + q'Vq (Tsiatis 1981).
    """
    (x, stratum), (begin, end) = _rows(fit, newdata), _intervals(fit, newdata)
    hazard, spread = np.zeros(len(x)), np.zeros(len(x))
    mean = np.zeros_like(x)
    for k, baseline in enumerate(baselines_of(fit)):
        here = stratum == k
        hazard[here], spread[here], mean[here] = _between(baseline, begin[here], end[here])
    risk = finite_risk(x @ fit.params.to_numpy() + _offset(fit, newdata))
    slope = risk[:, None] * (hazard[:, None] * x - mean)
    variance = risk**2 * spread + np.einsum("ij,jk,ik->i", slope, fit.variance.to_numpy(), slope)
    return risk * hazard, np.sqrt(np.maximum(variance, 0.0))


def _expected_of_rows(fit: CoxFit) -> FloatArray:
    """Events expected of the rows of the fit, (n,): events less martingale residuals, as in R.

    With Efron's ties a row with the event is at risk for a part of its own time only.
    """
    residual = martingale(fit.design, fit.sets, risk_of(fit))
    return (fit.design.event - residual)[fit.rows.row_of]


def _between(
    baseline: Baseline, begin: FloatArray, end: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Sum the baseline's increments at times after ``begin`` up to ``end``."""
    first = np.searchsorted(baseline.time, begin, "right")
    last = np.searchsorted(baseline.time, end, "right")

    def over(increments: FloatArray) -> FloatArray:
        running = np.concatenate([np.zeros((1, *increments.shape[1:])), increments.cumsum(axis=0)])
        return np.asarray(running[last] - running[first], dtype=np.float64)

    return over(baseline.hazard), over(baseline.variance), over(baseline.hazard_mean)


def _checked(fit: CoxFit, newdata: pd.DataFrame, *, interval: bool) -> pd.DataFrame:
    """Refuse bad rows; make their columns plain."""
    rows = fit.rows
    start, stop = rows.start, rows.stop
    if not interval:
        start, stop = free_name(newdata, "(start)"), free_name(newdata, "(stop)")
        newdata = newdata.assign(**{start: 0.0, stop: 1.0})
    used = rows.formula.columns
    return check_rows(newdata, [], start=start, stop=stop, columns=used, groups=rows.strata)


def _rows(fit: CoxFit, newdata: pd.DataFrame | None) -> tuple[FloatArray, IntArray]:
    """Give centred covariates, (n, p), and strata of the rows asked for."""
    rows, design = fit.rows, fit.design
    if newdata is None:
        return design.x[rows.row_of], design.stratum[rows.row_of]
    x = new_matrix(rows.formula, fit.matrix, newdata) - fit.centre
    return x, strata_of(fit, newdata)


def _intervals(fit: CoxFit, newdata: pd.DataFrame | None) -> tuple[FloatArray, FloatArray]:
    """Give start and stop of the rows asked for, (n,)."""
    rows, design = fit.rows, fit.design
    if newdata is None:
        return design.start[rows.row_of], design.stop[rows.row_of]
    begin, end = (newdata[name].to_numpy(dtype=float) for name in (rows.start, rows.stop))
    return begin, end
