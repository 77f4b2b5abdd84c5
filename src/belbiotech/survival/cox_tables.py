"""A fitted Cox model for a person to read: tables, text, a forest plot, a test of nested models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError
from belbiotech.survival.markdown import markdown_table
from belbiotech.survival.report import ratio_plot, report_as_latex
from belbiotech.survival.test_result import TestResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from belbiotech.survival.cox_result import CoxResult

__all__ = [
    "as_html",
    "as_latex",
    "as_markdown",
    "as_text",
    "forest_plot",
    "nested_test",
    "summary_table",
]

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


def as_text(result: CoxResult) -> str:
    """Write the fit as plain text."""
    shown = result.summary[SHOWN].to_string(float_format=lambda value: f"{value:.4g}")
    body = shown if len(result.params) else "(no covariates)"
    return "\n".join([_title(result), "", body, "", *_foot(result)])


def as_html(result: CoxResult) -> str:
    """Write the fit as HTML, for notebooks."""
    table = result.summary[SHOWN].to_html(float_format=lambda value: f"{value:.4g}")
    foot = "<br>".join(_foot(result))
    return f"<p><b>{_title(result)}</b></p>{table}<p>{foot}</p>"


def as_markdown(result: CoxResult) -> str:
    """Write the fit as a Markdown table with its notes."""
    table = markdown_table(result.summary[SHOWN].reset_index())
    return "\n\n".join([f"**{_title(result)}**", table, *_foot(result)])


def as_latex(result: CoxResult) -> str:
    """Write the fit as a LaTeX table with booktabs rules."""
    return report_as_latex(result.summary[SHOWN], _title(result), _foot(result))


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
        numbers, Firth's penalty, a frailty in one of the models only.
    """
    _refuse_likelihoods(one, other)
    small, large = sorted([one, other], key=lambda result: len(result.params))
    problems = []
    same_rows = small.rows.index.equals(large.rows.index) and np.array_equal(
        small.rows.row_weight, large.rows.row_weight
    )
    if not same_rows or small.n_events != large.n_events:
        problems.append("the models are fitted to different rows")
    if not np.isclose(small.log_likelihood_null, large.log_likelihood_null, rtol=1e-10):
        problems.append("the models have another outcome, other ties or other strata")
    if not set(small.matrix.terms) <= set(large.matrix.terms):
        extra = sorted(set(small.matrix.terms) - set(large.matrix.terms))
        problems.append(f"the smaller model has terms that the larger has not: {', '.join(extra)}")
    if problems:
        raise FitError("; ".join(problems) + ": a likelihood-ratio test needs nested models")
    if len(small.params) == len(large.params):
        msg = "both models have the same terms: there is nothing to test"
        raise FitError(msg)
    gain = 2 * (large.log_likelihood - small.log_likelihood)
    more = len(large.params) - len(small.params)
    return TestResult.chi2(max(gain, 0.0), more, "Likelihood-ratio test")


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
    elif any(fit.firth is not None for fit in fits):
        why = (
            "each model's likelihood is penalised by its own information, so that the two cannot "
            "be compared; each coefficient's penalised test is in result.firth.tests"
        )
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


def _foot(result: CoxResult) -> list[str]:
    errors = "errors from the information"
    if result.rows.cluster:
        errors = f"errors clustered by {' and '.join(result.rows.cluster)}"
        errors += f" ({result.n_clusters:,d} clusters)"
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
    told = ", ".join(f"{name} {test.statistic:.2f}" for name, test in tests.items())
    lines.append(
        f"Tests on {len(result.params)} df: {told}; p {result.wald_test.p_value:.3g} (Wald)"
    )
    lines.append(f"Log likelihood {result.log_likelihood:.4f}, AIC {result.aic:.2f}")
    return lines
