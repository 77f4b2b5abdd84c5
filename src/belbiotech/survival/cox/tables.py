"""A fitted Cox model for a person to read: its table, what stands below, a forest plot."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError
from belbiotech.survival.cox.coefficient_tests import (
    likelihood_ratio_test,
    score_test,
    wald_test,
)
from belbiotech.survival.cox.concordance import concordance
from belbiotech.survival.cox.fit import CoxFit, FirthFit
from belbiotech.survival.formulas import without_events
from belbiotech.survival.inference.fitted import clusters_counted
from belbiotech.survival.inference.levels import level_in_words
from belbiotech.survival.inference.model_column import (
    ModelColumn,
    clusters_in_words,
    estimates_of,
)
from belbiotech.survival.inference.report import Report, coefficient_table, errors_of

__all__ = [
    "aic",
    "cox_report",
    "events_per_parameter",
    "model_column",
    "notes",
    "summary_table",
    "with_limits",
]

FEW_CLUSTERS = 20  # fewer: sandwich errors are too small (Cameron and Miller 2015)
SHOWN = ["coef", "exp(coef)", "se(coef)", "exp(coef) lower 95%", "exp(coef) upper 95%", "z", "p"]


def summary_table(fit: CoxFit, conf_level: float = 0.95) -> pd.DataFrame:
    """Coefficients, hazard ratios, errors and intervals, under lifelines' column names.

    Parameters
    ----------
    fit : CoxFit
        A fit.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        Indexed by covariate; ``naive se(coef)`` beside the error that is used. With Firth's
        penalty, intervals and p-values are those of the profile.

    Raises
    ------
    FitError
        Another level than 95% with Firth's penalty.
    """
    _refuse_level(fit, conf_level)
    naive = errors_of(fit.naive_variance)
    table = coefficient_table(fit.params, errors_of(fit.variance), naive, "exp(coef)", conf_level)
    table = table.rename_axis("covariate")
    table.insert(list(table.columns).index("z"), "cmp to", 0.0)
    with np.errstate(divide="ignore"):  # infinite where p is below the smallest number
        table["-log2(p)"] = -np.log2(table["p"])
    if fit.matrix.spec.limits:
        table = with_limits(fit, table)
        table["exp(coef)"] = np.exp(table["coef"])
    return table if fit.firth is None else _of_profile(table, fit.firth)


def with_limits(fit: CoxFit, values: Any) -> Any:
    """Put the coefficients that are not estimable in their places.

    Parameters
    ----------
    fit : CoxFit
        A fit.
    values : Series or DataFrame, (p, ...)
        Of the estimated ones: coefficients, or a table with the column ``coef``.

    Returns
    -------
    Series or DataFrame, (all, ...)
        With minus infinity for a level without an event, and NaN where nothing is known.
    """
    spec = fit.matrix.spec
    return without_events.with_limits(values, spec.limits, spec.every)


def _of_profile(table: pd.DataFrame, firth: FirthFit) -> pd.DataFrame:
    """Put the profile's intervals and tests into a table of coefficients.

    z is the signed root of the likelihood ratio, so that it belongs to p.
    """
    lower, upper = firth.intervals["lower"], firth.intervals["upper"]
    return table.assign(
        **{
            "coef lower 95%": lower,
            "coef upper 95%": upper,
            "exp(coef) lower 95%": np.exp(lower),
            "exp(coef) upper 95%": np.exp(upper),
            "z": np.sign(table["coef"]) * np.sqrt(firth.tests["statistic"]),
            "p": firth.tests["p_value"],
            "-log2(p)": -np.log2(firth.tests["p_value"]),
        }
    )


def events_per_parameter(fit: CoxFit) -> float:
    """Divide the events by the coefficients: infinite without any."""
    return fit.n_events / len(fit.params) if len(fit.params) else np.inf


def aic(fit: CoxFit) -> float:
    """Compute Akaike's criterion; the variance of a frailty counts as a parameter."""
    return -2 * fit.log_likelihood + 2 * _parameters(fit)


def _parameters(fit: CoxFit) -> float:
    """Count the parameters: those that a ridge leaves, and the variance of a frailty."""
    if fit.ridge is not None:
        return fit.ridge.df
    return len(fit.params) + (fit.frailty is not None)


def notes(fit: CoxFit) -> list[str]:
    """Say what is special about the likelihood: a penalty, a frailty."""
    lines = [extra.note() for extra in (fit.frailty, fit.firth, fit.ridge) if extra is not None]
    quiet = [level_in_words(n) for n, limit in fit.matrix.spec.limits.items() if np.isinf(limit)]
    if quiet:
        lines.append(
            f"No event with {', '.join(map(str, quiet))}: not estimable, and those rows are out "
            "of the likelihood"
        )
    return lines


def cox_report(fit: CoxFit) -> Report:
    """Give what is shown of a fit."""
    return Report(_title(fit), summary_table(fit)[SHOWN], tuple(_foot(fit)))


def model_column(fit: CoxFit, conf_level: float) -> ModelColumn:
    """Give the numbers of a printed table's column.

    Parameters
    ----------
    fit : CoxFit
        A fit.
    conf_level : float
        Of the limits.

    Returns
    -------
    ModelColumn
        With Firth's penalty, limits and p-values are those of the profile.

    Raises
    ------
    FitError
        Another level than 95% with Firth's penalty.
    """
    profile = None
    errors = clusters_in_words(
        fit.rows.cluster, "robust" if fit.is_robust else "from the information"
    )
    if fit.firth is not None:
        _refuse_level(fit, conf_level)
        profile = fit.firth.intervals.join(fit.firth.tests["p_value"])
        errors = "of the model, intervals from the profile of Firth's penalised likelihood"
    params = with_limits(fit, fit.params)
    standard = errors_of(fit.variance).reindex(params.index)
    return ModelColumn(
        name=fit.rows.formula.outcome,
        ratio="hazard ratio",
        estimates=estimates_of(params, standard, conf_level, profile),
        references=dict(fit.matrix.references),
        events=fit.n_events,
        rows=fit.n_rows,
        clusters=fit.n_clusters,
        log_likelihood=fit.log_likelihood,
        aic=aic(fit),
        errors=errors,
    )


def _refuse_level(fit: CoxFit, conf_level: float) -> None:
    if fit.firth is not None and conf_level != 0.95:
        msg = "the profile intervals of firth=True are of 95%; leave conf_level at 0.95"
        raise FitError(msg)


def _title(fit: CoxFit) -> str:
    return f"Cox model: {fit.rows.formula.text}"


def _size(fit: CoxFit) -> str:
    rows = f"{fit.n_rows:,d} {'row' if fit.n_rows == 1 else 'rows'}"
    return f"N = {rows}, {fit.n_events:,d} {'event' if fit.n_events == 1 else 'events'}"


def _clusters(fit: CoxFit) -> str:
    """Name the columns of clusters, how many there are, and what should be known of them."""
    columns = fit.rows.cluster
    told = " and ".join(columns)
    told += f" ({clusters_counted(fit.clusters)})"
    few = [
        name for name, number in zip(columns, fit.clusters, strict=True) if number < FEW_CLUSTERS
    ]
    if few:
        told += f"; by {' and '.join(few)} they are few, and the errors likely too small"
    if np.isnan(wald_test(fit).statistic):
        told += ", with no test of all coefficients"
    return told


def _concordance(fit: CoxFit) -> str:
    """Say how well events are ordered, where the rows are at hand."""
    if fit.streamed is not None:
        return ""
    ordered = concordance(fit)
    return f"; concordance {ordered.estimate:.3f} (se {ordered.std_error:.3f})"


def _foot(fit: CoxFit) -> list[str]:
    errors = "errors from the information"
    if fit.rows.cluster:
        errors = f"errors clustered by {_clusters(fit)}"
    elif fit.is_robust:
        errors = "robust errors"
    lines = [f"{_size(fit)}; {fit.ties.capitalize()} ties; {errors}"]
    if fit.rows.strata:
        count = len(fit.rows.stratum_labels)
        lines.append(f"Stratified by {', '.join(fit.rows.strata)} ({count} strata)")
    lines += notes(fit)
    if not len(fit.params):
        return [*lines, f"Log likelihood {fit.log_likelihood:.4f}"]
    lines.append(f"Events per coefficient {events_per_parameter(fit):.1f}{_concordance(fit)}")
    if fit.ridge is not None:  # the usual tests do not hold for what is drawn to 0
        return [*lines, f"Log likelihood {fit.log_likelihood:.4f}, AIC {aic(fit):.2f}"]
    tests = {
        "likelihood ratio": likelihood_ratio_test(fit),
        "Wald": wald_test(fit),
        "score": score_test(fit),
    }
    told = [
        f"{name} {test.statistic:.2f}" for name, test in tests.items() if np.isfinite(test.p_value)
    ]
    wald = f"; p {tests['Wald'].p_value:.3g} (Wald)" if np.isfinite(tests["Wald"].p_value) else ""
    lines.append(f"Tests on {len(fit.params)} df: {', '.join(told)}{wald}")
    lines.append(f"Log likelihood {fit.log_likelihood:.4f}, AIC {aic(fit):.2f}")
    return lines
