"""A fitted Cox model for a person to read: tables, text, a forest plot, a test of nested models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError
from belbiotech.survival.inference.report import Report, ratio_plot
from belbiotech.survival.inference.test_result import TestResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from belbiotech.survival.cox.result import CoxResult

__all__ = [
    "cox_report",
    "forest_plot",
    "nested_test",
    "summary_table",
]

FEW_CLUSTERS = 20  # fewer: sandwich errors are too small (Cameron and Miller 2015)
SHOWN = ["coef", "exp(coef)", "se(coef)", "exp(coef) lower 95%", "exp(coef) upper 95%", "z", "p"]


def summary_table(result: CoxResult, conf_level: float = 0.95) -> pd.DataFrame:
    """Coefficients, hazard ratios, errors and intervals, under lifelines' column names.

    Parameters
    ----------
    result : CoxResult
        A fit.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        Indexed by covariate; ``naive se(coef)`` beside the error that is used.
    """
    from scipy.special import ndtr, ndtri

    coef, error = result.params, result.standard_errors
    wide = ndtri(0.5 + conf_level / 2) * error
    z = coef / error
    p = 2 * ndtr(-z.abs())
    level = f"{conf_level * 100:g}%"
    table = pd.DataFrame(
        {
            "coef": coef,
            "exp(coef)": np.exp(coef),
            "se(coef)": error,
            "naive se(coef)": result.naive_standard_errors,
            f"coef lower {level}": coef - wide,
            f"coef upper {level}": coef + wide,
            f"exp(coef) lower {level}": np.exp(coef - wide),
            f"exp(coef) upper {level}": np.exp(coef + wide),
            "cmp to": 0.0,
            "z": z,
            "p": p,
            "-log2(p)": -np.log2(p),
        }
    )
    return table.rename_axis("covariate")


def cox_report(result: CoxResult) -> Report:
    """Give what is shown of a fit."""
    return Report(_title(result), result.summary[SHOWN], tuple(_foot(result)))


def forest_plot(result: CoxResult, **options: Any) -> Figure:
    """Draw hazard ratios with their intervals, each factor's reference level at 1.

    Raises
    ------
    FitError
        A model without covariates.
    """
    if not len(result.params):
        msg = f"there is nothing to draw: {result.rows.formula.text!r} has no covariates"
        raise FitError(msg)
    options.setdefault("title", f"{result.rows.formula.outcome}: {_size(result)}")
    options.setdefault("x_label", "Hazard ratio, 95% interval")
    references = result.matrix.references
    return ratio_plot(result.summary, "exp(coef)", references=references, **options)


def nested_test(one: CoxResult, other: CoxResult) -> TestResult:
    """Likelihood-ratio test of two fits, one of which nests the other.

    Parameters
    ----------
    one, other : CoxResult
        Fits of the same rows, ties, strata and weights.

    Returns
    -------
    TestResult
        Degrees of freedom are the coefficients that the larger has more.

    Raises
    ------
    FitError
        Other rows, other settings, terms that are not nested, the same model twice; a likelihood
        that is not the one that the errors come from: clusters or weights that are not whole
        numbers, Firth's penalty or a frailty in one of the models only.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import cox
    >>> rows = pd.DataFrame({"start": 0, "stop": [k % 7 + 1 for k in range(40)]})
    >>> rows["failure"] = [k % 2 for k in range(40)]
    >>> rows["size"], rows["age"] = [k * k % 11 for k in range(40)], [k % 3 for k in range(40)]
    >>> cox("failure ~ size + age", rows).compare(cox("failure ~ size", rows))
    Likelihood-ratio test: chi-square 0.006368 on 1 df, p = 0.9364
    """
    _refuse_likelihoods(one, other)
    small, large = sorted([one, other], key=lambda result: len(result.params))
    problems = []
    same_rows = small.rows.index.equals(large.rows.index) and np.array_equal(
        small.rows.row_weight, large.rows.row_weight
    )
    if not same_rows or small.n_events != large.n_events:
        problems.append("the models are fitted to different rows")
    if not _same_setting(small, large):
        problems.append("the models have another outcome, other ties or other strata")
    if not set(small.matrix.terms) <= set(large.matrix.terms):
        extra = sorted(set(small.matrix.terms) - set(large.matrix.terms))
        problems.append(f"the smaller model has terms that the larger has not: {', '.join(extra)}")
    changed = [] if problems else _changed_covariates(small, large)
    if changed:
        problems.append(f"{', '.join(map(repr, changed))} has other values in the larger model")
    if problems:
        raise FitError("; ".join(problems) + ": a likelihood-ratio test needs nested models")
    if len(small.params) == len(large.params):
        msg = "both models have the same terms: there is nothing to test"
        raise FitError(msg)
    if large.firth is not None:
        from belbiotech.survival.cox.firth import penalised_test

        # With the penalty of the larger model on both sides: each one's own would not nest.
        missing = [term for term in large.matrix.terms if term not in small.matrix.terms]
        return penalised_test(large, [k for term in missing for k in large.matrix.terms[term]])
    gain = 2 * (large.log_likelihood - small.log_likelihood)
    more = len(large.params) - len(small.params)
    return TestResult.chi2(max(gain, 0.0), more, "Likelihood-ratio test")


def _same_setting(small: CoxResult, large: CoxResult) -> bool:
    """Tell whether two models without their covariates are one."""
    if large.firth is None:
        return bool(np.isclose(small.log_likelihood_null, large.log_likelihood_null, rtol=1e-10))
    settings = [(f.ties, f.rows.strata, f.rows.formula.outcome) for f in (small, large)]
    return settings[0] == settings[1]  # the penalty is there without covariates too


def _changed_covariates(small: CoxResult, large: CoxResult) -> list[str]:
    """Name the covariates of the smaller model whose values in the larger one are others."""
    changed = []
    for j, name in enumerate(small.params.index):
        if name in large.params.index:
            k = large.params.index.get_loc(name)
            values, others = (
                (fit.design.x[:, at] + fit.centre[at])[fit.rows.row_of]
                for fit, at in ((small, j), (large, k))
            )
            if not np.allclose(values, others, rtol=1e-9, atol=1e-9 * np.abs(values).max()):
                changed.append(name)
    return changed


def _refuse_likelihoods(one: CoxResult, other: Any) -> None:
    """Refuse fits whose log likelihoods say nothing when one is taken from the other."""
    if not hasattr(other, "log_likelihood_null"):
        msg = f"a Cox model is compared with another fit of cox(), not with {type(other).__name__}"
        raise FitError(msg)
    fits: list[CoxResult] = [one, other]
    why = None
    if any(fit.groups or fit.rows.cluster for fit in fits):
        why = (
            "a likelihood-ratio test does not go with robust errors; use anova('wald') of the "
            "larger model, or fit both without cluster"
        )
    elif len({fit.firth is None for fit in fits}) > 1:
        why = "one of the models has Firth's penalty, and the other has not"
    elif len({fit.frailty and fit.frailty.column for fit in fits}) > 1:
        why = (
            "the models differ in their frailty, whose variance cannot be below 0; its own test "
            "is in result.frailty.test"
        )
    if why is not None:
        raise FitError(why)


def _title(result: CoxResult) -> str:
    return f"Cox model: {result.rows.formula.text}"


def _size(result: CoxResult) -> str:
    rows = f"{result.n_rows:,d} {'row' if result.n_rows == 1 else 'rows'}"
    return f"N = {rows}, {result.n_events:,d} {'event' if result.n_events == 1 else 'events'}"


def _clusters(result: CoxResult) -> str:
    """Name the columns of clusters, how many there are, and what should be known of them."""
    columns = result.rows.cluster
    numbers = [int(codes.max()) + 1 for codes in result.groups] or [result.n_clusters or 0]
    told = " and ".join(columns)
    told += f" ({' and '.join(f'{number:,d}' for number in numbers)} clusters)"
    few = [name for name, number in zip(columns, numbers, strict=False) if number < FEW_CLUSTERS]
    if few:
        told += f"; by {' and '.join(few)} they are few, and the errors likely too small"
    if np.isnan(result.wald_test.statistic):
        told += ", with no test of all coefficients"
    if result.rows.of_many_units:
        verb = "hold" if len(result.rows.of_many_units) > 1 else "holds"
        told += f"; a {' and a '.join(result.rows.of_many_units)} {verb} rows that overlap in time"
    return told


def _foot(result: CoxResult) -> list[str]:
    errors = "errors from the information"
    if result.rows.cluster:
        errors = f"errors clustered by {_clusters(result)}"
    elif result.groups:
        errors = "robust errors"
    lines = [f"{_size(result)}; {result.ties.capitalize()} ties; {errors}"]
    if result.rows.strata:
        count = len(result.rows.stratum_labels)
        lines.append(f"Stratified by {', '.join(result.rows.strata)} ({count} strata)")
    lines += result.notes
    if not len(result.params):
        return [*lines, f"Log likelihood {result.log_likelihood:.4f}"]
    lines.append(
        f"Events per coefficient {result.events_per_parameter:.1f}; concordance "
        f"{result.concordance:.3f} (se {result.concordance_std_error:.3f})"
    )
    tests = {
        "likelihood ratio": result.likelihood_ratio_test,
        "Wald": result.wald_test,
        "score": result.score_test,
    }
    told = [
        f"{name} {test.statistic:.2f}" for name, test in tests.items() if np.isfinite(test.p_value)
    ]
    wald = f"; p {tests['Wald'].p_value:.3g} (Wald)" if np.isfinite(tests["Wald"].p_value) else ""
    lines.append(f"Tests on {len(result.params)} df: {', '.join(told)}{wald}")
    lines.append(f"Log likelihood {result.log_likelihood:.4f}, AIC {result.aic:.2f}")
    return lines
