"""Tests of a Cox model's coefficients: of all, of each term, of what a larger model has more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, in_words, is_one_of, nearest_names
from belbiotech.survival.cox.firth import penalised_test
from belbiotech.survival.cox.fit import CoxFit, refuse_streamed
from belbiotech.survival.cox.maximise import maximise
from belbiotech.survival.cox.robust import robust_score_statistic
from belbiotech.survival.cox.streams.scores import stream_score_statistic
from belbiotech.survival.inference.test_result import TestResult
from belbiotech.survival.inference.variance import chi_square_of

__all__ = [
    "FactorTest",
    "anova",
    "likelihood_ratio_test",
    "nested_test",
    "score_test",
    "wald_test",
]

FactorTest = Literal["lr", "wald"]

NO_RIDGE = (
    "a ridge draws coefficients to 0, and tests that they are 0 do not hold; fit without ridge, or "
    "compare models by their aic"
)


def likelihood_ratio_test(fit: CoxFit) -> TestResult:
    """Test all coefficients at once: twice the gain of the log likelihood.

    Parameters
    ----------
    fit : CoxFit
        The fit.

    Returns
    -------
    TestResult
        Takes no account of clusters.
    """
    gain = 2 * (fit.log_likelihood - fit.log_likelihood_null)
    return TestResult.chi2(gain, len(fit.params), "Likelihood-ratio test")


def wald_test(fit: CoxFit) -> TestResult:
    """Test all coefficients at once: their squares by their variance.

    Parameters
    ----------
    fit : CoxFit
        The fit.

    Returns
    -------
    TestResult
        With the robust variance where there is one.
    """
    beta, variance = fit.params.to_numpy(), fit.variance.to_numpy()
    statistic = chi_square_of(beta, variance, np.diag(fit.naive_variance))
    return TestResult.chi2(statistic, len(fit.params), "Wald test")


def score_test(fit: CoxFit) -> TestResult:
    """Test all coefficients at once: the slope at zero (the log-rank test).

    Parameters
    ----------
    fit : CoxFit
        The fit.

    Returns
    -------
    TestResult
        Robust where clusters were given.
    """
    if not fit.is_robust:
        statistic = fit.naive_score_statistic
    elif fit.streamed is not None:
        statistic = stream_score_statistic(fit)
    else:
        statistic = robust_score_statistic(fit)
    return TestResult.chi2(statistic, len(fit.params), "Score test")


def anova(fit: CoxFit, test: FactorTest = "lr") -> pd.DataFrame:
    """Test each term of a Cox model as a whole.

    Parameters
    ----------
    fit : CoxFit
        The fit.
    test : {"lr", "wald"}
        "lr": likelihood-ratio tests of the terms added one after the other, as R's ``anova``;
        each is given those before it; with Firth's penalty, penalised likelihood-ratio tests of
        each term given all others. "wald": each term given all others, with the variance of
        the fit (robust where there are clusters).

    Returns
    -------
    DataFrame
        By term: statistic (chi-squared), df, p_value. With "lr" also log_likelihood, and a first
        row NULL for the model without covariates.

    Raises
    ------
    FitError
        An unknown test; "lr" where the likelihood is not the one that the errors come from:
        clusters or weights that are not whole numbers, a frailty.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import cox
    >>> rows = pd.DataFrame({"start": 0, "stop": [k % 7 + 1 for k in range(40)]})
    >>> rows["failure"] = [k % 2 for k in range(40)]
    >>> rows["size"] = [k * k % 11 for k in range(40)]
    >>> result = cox("failure ~ size", rows)
    >>> result.anova().round(4)
          log_likelihood  statistic    df  p_value
    term
    NULL        -58.1907        NaN  <NA>      NaN
    size        -58.0379     0.3058     1   0.5803
    >>> result.anova("wald").round(4)
          statistic  df  p_value
    term
    size     0.3135   1   0.5755
    """
    if not is_one_of(test, get_args(FactorTest)):
        msg = f"there is no test {in_words(test)}; {nearest_names(str(test), get_args(FactorTest))}"
        raise FitError(msg)
    if fit.ridge is not None:
        raise FitError(NO_RIDGE)
    if test == "wald":
        return _given_all_others(fit)
    return _one_after_the_other(fit) if fit.firth is None else _penalised(fit)


def nested_test(one: CoxFit, other: CoxFit) -> TestResult:
    """Likelihood-ratio test of two fits, one of which nests the other.

    Parameters
    ----------
    one, other : CoxFit
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
    small, large = sorted([one, other], key=lambda fit: len(fit.params))
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
        # With the penalty of the larger model on both sides: each one's own would not nest.
        missing = [term for term in large.matrix.terms if term not in small.matrix.terms]
        return penalised_test(large, [k for term in missing for k in large.matrix.terms[term]])
    gain = 2 * (large.log_likelihood - small.log_likelihood)
    more = len(large.params) - len(small.params)
    return TestResult.chi2(max(gain, 0.0), more, "Likelihood-ratio test")


def _given_all_others(fit: CoxFit) -> pd.DataFrame:
    beta, variance = fit.params.to_numpy(), fit.variance.to_numpy()
    tests = []
    for columns in fit.matrix.terms.values():
        part = list(columns)
        statistic = chi_square_of(beta[part], variance[np.ix_(part, part)])
        tests.append(TestResult.chi2(statistic, len(part)))
    return _table(list(fit.matrix.terms), tests)


def _penalised(fit: CoxFit) -> pd.DataFrame:
    """Test each term given all others, by the likelihood with the penalty of all."""
    terms = fit.matrix.terms
    return _table(list(terms), [penalised_test(fit, columns) for columns in terms.values()])


def _one_after_the_other(fit: CoxFit) -> pd.DataFrame:
    _refuse_other_likelihoods(fit)
    values = [fit.log_likelihood_null]
    tests = []
    taken: list[int] = []
    for columns in fit.matrix.terms.values():
        taken += columns
        values.append(_log_likelihood(fit, sorted(taken)))
        tests.append(TestResult.chi2(2 * (values[-1] - values[-2]), len(columns)))
    table = _table(["NULL", *fit.matrix.terms], [None, *tests])
    table.insert(0, "log_likelihood", values)
    return table


def _log_likelihood(fit: CoxFit, columns: list[int]) -> float:
    """Maximise the likelihood with some of the columns."""
    if len(columns) == len(fit.params):
        return fit.log_likelihood
    refuse_streamed(fit, "there is no likelihood-ratio test of a term, only test='wald',")
    design = replace(fit.design, x=np.ascontiguousarray(fit.design.x[:, columns]))
    names = [fit.params.index[k] for k in columns]
    return maximise(design, fit.sets, names).at_maximum.value


def _refuse_other_likelihoods(fit: CoxFit) -> None:
    why = None
    if fit.frailty is not None:
        why = "a frailty"
    elif not fit.variance.equals(fit.naive_variance):
        why = "robust errors"
    if why is not None:
        msg = f"likelihood-ratio tests do not go with {why}; use test='wald'"
        raise FitError(msg)


def _table(names: Sequence[str], tests: Sequence[TestResult | None]) -> pd.DataFrame:
    columns = {
        "statistic": [np.nan if test is None else test.statistic for test in tests],
        "df": pd.array([None if test is None else test.df for test in tests], dtype="Int64"),
        "p_value": [np.nan if test is None else test.p_value for test in tests],
    }
    return pd.DataFrame(columns, index=pd.Index(names, name="term"))


def _same_setting(small: CoxFit, large: CoxFit) -> bool:
    """Tell whether two models without their covariates are one."""
    if large.firth is None:
        return bool(np.isclose(small.log_likelihood_null, large.log_likelihood_null, rtol=1e-10))
    settings = [(f.ties, f.rows.strata, f.rows.formula.outcome) for f in (small, large)]
    return settings[0] == settings[1]  # the penalty is there without covariates too


def _changed_covariates(small: CoxFit, large: CoxFit) -> list[str]:
    """Name the covariates of the smaller model whose values in the larger one are others."""
    changed: list[str] = []
    if any(fit.rows.held is not None for fit in (small, large)):
        return changed  # their distinct rows are not the same ones
    for j, name in enumerate(small.params.index):
        if name in large.params.index:
            k = large.params.index.get_loc(name)
            said = (small.rows.ends >= 0) & (large.rows.ends >= 0)
            values, others = (
                (fit.design.x[:, at] + fit.centre[at])[fit.rows.ends[said]]
                for fit, at in ((small, j), (large, k))
            )
            if not np.allclose(values, others, rtol=1e-9, atol=1e-9 * np.abs(values).max()):
                changed.append(name)
    return changed


def _refuse_likelihoods(one: CoxFit, other: CoxFit) -> None:
    """Refuse fits whose log likelihoods say nothing when one is taken from the other."""
    fits, why = (one, other), None
    if any(fit.is_robust or fit.rows.cluster for fit in fits):
        why = (
            "a likelihood-ratio test does not go with robust errors; use anova('wald') of the "
            "larger model, or fit both without cluster"
        )
    elif any(fit.ridge is not None for fit in fits):
        why = NO_RIDGE
    elif len({fit.firth is None for fit in fits}) > 1:
        why = "one of the models has Firth's penalty, and the other has not"
    elif len({fit.frailty and fit.frailty.column for fit in fits}) > 1:
        why = (
            "the models differ in their frailty, whose variance cannot be below 0; its own test "
            "is in result.frailty.test"
        )
    if why is not None:
        raise FitError(why)
