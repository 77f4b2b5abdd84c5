"""Survival and quantiles of fixed covariates, from an accelerated failure time model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from belbiotech.errors import FitError
from belbiotech.survival.formulas.design import design_matrix
from belbiotech.survival.inference.limits import (
    check_limit_options,
    normal_quantile,
    probability_limits,
)
from belbiotech.survival.inference.prediction import Prediction
from belbiotech.survival.inference.report import coefficient_table
from belbiotech.survival.inference.variance import delta_errors
from belbiotech.survival.parametric.fit import AftFit
from belbiotech.survival.parametric.location_scale import DISTRIBUTIONS
from belbiotech.survival.rows.checks import FloatArray, check_rows
from belbiotech.survival.rows.column_names import free_name
from belbiotech.survival.rows.door import as_table, row_labels
from belbiotech.survival.rows.times import asked_times

__all__ = ["hazard_ratios", "predict_quantile", "predict_survival"]


def hazard_ratios(fit: AftFit) -> pd.DataFrame:
    """Give the hazard ratios of a Weibull model, which has proportional hazards: exp(-b / s).

    Parameters
    ----------
    fit : AftFit
        The numbers of a fit.

    Returns
    -------
    DataFrame
        As `coefficient_table`, indexed by covariate.

    Raises
    ------
    FitError
        Another distribution, whose hazard ratios change with time.
    """
    if fit.distribution != "weibull":
        msg = (
            f"the hazard ratios of a {fit.distribution} model change with time; "
            "distribution='weibull' has constant ones"
        )
        raise FitError(msg)
    names, scale = list(fit.covariates), fit.scale
    beta = fit.params[names]
    # Derivatives of -b exp(-log s) by b and by log s.
    slopes = np.hstack([-np.eye(len(names)) / scale, (beta.to_numpy() / scale)[:, None]])
    errors = []
    for variance in (fit.variance, fit.naive_variance):
        own = variance.loc[[*names, "log(scale)"], [*names, "log(scale)"]].to_numpy()
        errors.append(pd.Series(delta_errors(slopes, own), index=names))
    table = coefficient_table(-beta / scale, errors[0], errors[1], "hazard ratio")
    return table.rename_axis("covariate")


def predict_survival(
    fit: AftFit, rows: pd.DataFrame, times: float | Sequence[float], *, conf_level: float = 0.95
) -> Prediction:
    """Probability of no event by each time, for fixed covariates.

    Parameters
    ----------
    fit : AftFit
        The numbers of a fit.
    rows : DataFrame
        The formula's columns, one row for each prediction.
    times : float or sequence of float
        Any times from 0 on, also after the last in the data.
    conf_level : float
        Coverage of the pointwise intervals (log-log, by the delta method).

    Returns
    -------
    Prediction
        A DataFrame with ``plot()``, plain as ``table``.
        Columns id (the row's index label), time, estimate, std_error, lower, upper.

    Raises
    ------
    PanelError
        Missing or infinite values.
    FitError
        Times below 0.
    """
    check_limit_options(conf_level)
    wanted = asked_times(times)
    if not (wanted >= 0).all():
        msg = f"times must be numbers from 0 on; they are {wanted.tolist()}"
        raise FitError(msg)
    rows = as_table(rows)
    x = np.repeat(_matrix(fit, rows), len(wanted), axis=0)
    time = np.tile(wanted, len(rows))
    kind = DISTRIBUTIONS[fit.distribution]
    with np.errstate(divide="ignore"):
        z = (np.log(time) - x @ fit.params.to_numpy()[:-1]) / fit.scale
    born = np.isfinite(z)
    hazard, density, _ = kind.cumulative(np.where(born, z, 0.0))
    survival = np.where(born, np.exp(-hazard), 1.0)
    slopes = np.column_stack([-x / fit.scale, -np.where(born, z, 0.0)])
    error = np.where(born, survival * density, 0.0) * delta_errors(slopes, fit.variance.to_numpy())
    lower, upper = probability_limits(survival, error, conf_level, "log-log")
    found = pd.DataFrame(
        {
            "id": np.repeat(row_labels(rows).to_numpy(), len(wanted)),
            "time": time,
            "estimate": survival,
            "std_error": error,
            "lower": lower,
            "upper": upper,
        }
    )
    return Prediction.of(found, "survival")


def predict_quantile(
    fit: AftFit, rows: pd.DataFrame, p: float = 0.5, *, conf_level: float = 0.95
) -> pd.DataFrame:
    """Time by which a share p has had the event, for fixed covariates: the median at 0.5.

    Parameters
    ----------
    fit : AftFit
        The numbers of a fit.
    rows : DataFrame
        The formula's columns, one row for each prediction.
    p : float
        A share between 0 and 1.
    conf_level : float
        Coverage of the intervals (on the scale of log time, by the delta method).

    Returns
    -------
    DataFrame
        Columns id (the row's index label), p, estimate, std_error, lower, upper.

    Raises
    ------
    PanelError
        Missing or infinite values.
    FitError
        A share outside 0 to 1.
    """
    check_limit_options(conf_level)
    if not 0 < p < 1:
        msg = f"p must be between 0 and 1, such as 0.5 for the median; it is {p!r}"
        raise FitError(msg)
    rows = as_table(rows)
    x = _matrix(fit, rows)
    q = float(DISTRIBUTIONS[fit.distribution].quantile(np.array([p]))[0])
    log_time = x @ fit.params.to_numpy()[:-1] + fit.scale * q
    slopes = np.column_stack([x, np.full(len(x), fit.scale * q)])
    error = delta_errors(slopes, fit.variance.to_numpy())
    wide = normal_quantile(conf_level) * error
    return pd.DataFrame(
        {
            "id": row_labels(rows).to_numpy(),
            "p": p,
            "estimate": np.exp(log_time),
            "std_error": np.exp(log_time) * error,
            "lower": np.exp(log_time - wide),
            "upper": np.exp(log_time + wide),
        }
    )


def _matrix(fit: AftFit, rows: pd.DataFrame) -> FloatArray:
    """Covariates of rows to predict for, with a column of ones at the end."""
    begin, end = free_name(rows, "(from)"), free_name(rows, "(to)")
    anything = rows.assign(**{begin: 0.0, end: 1.0})
    plain = check_rows(anything, [], start=begin, stop=end, columns=fit.formula.columns)
    x = design_matrix(fit.formula, plain, fit.matrix.spec).x
    return np.hstack([x, np.ones((len(x), 1))])
