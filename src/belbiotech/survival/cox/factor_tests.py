"""Each term of a Cox model tested as a whole: a factor is one term, as in R's ``anova``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, nearest_names
from belbiotech.survival.cox.maximise import maximise
from belbiotech.survival.inference.test_result import TestResult
from belbiotech.survival.inference.variance import chi_square_of

if TYPE_CHECKING:
    from belbiotech.survival.cox.result import CoxResult

__all__ = ["FactorTest", "anova"]

FactorTest = Literal["lr", "wald"]


def anova(result: CoxResult, test: FactorTest = "lr") -> pd.DataFrame:
    """Test each term of a Cox model as a whole.

    Parameters
    ----------
    result : CoxResult
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
    if test not in get_args(FactorTest):
        msg = f"there is no test {test!r}; {nearest_names(str(test), get_args(FactorTest))}"
        raise FitError(msg)
    if test == "wald":
        return _given_all_others(result)
    return _one_after_the_other(result) if result.firth is None else _penalised(result)


def _given_all_others(result: CoxResult) -> pd.DataFrame:
    beta, variance = result.params.to_numpy(), result.variance.to_numpy()
    tests = []
    for columns in result.matrix.terms.values():
        part = list(columns)
        statistic = chi_square_of(beta[part], variance[np.ix_(part, part)])
        tests.append(TestResult.chi2(statistic, len(part)))
    return _table(list(result.matrix.terms), tests)


def _penalised(result: CoxResult) -> pd.DataFrame:
    """Test each term given all others, by the likelihood with the penalty of all."""
    from belbiotech.survival.cox.firth import penalised_test

    terms = result.matrix.terms
    return _table(list(terms), [penalised_test(result, columns) for columns in terms.values()])


def _one_after_the_other(result: CoxResult) -> pd.DataFrame:
    _refuse_other_likelihoods(result)
    values = [result.log_likelihood_null]
    tests = []
    taken: list[int] = []
    for columns in result.matrix.terms.values():
        taken += columns
        values.append(_log_likelihood(result, sorted(taken)))
        tests.append(TestResult.chi2(2 * (values[-1] - values[-2]), len(columns)))
    table = _table(["NULL", *result.matrix.terms], [None, *tests])
    table.insert(0, "log_likelihood", values)
    return table


def _log_likelihood(result: CoxResult, columns: list[int]) -> float:
    """Maximise the likelihood with some of the columns."""
    if len(columns) == len(result.params):
        return result.log_likelihood
    design = replace(result.design, x=np.ascontiguousarray(result.design.x[:, columns]))
    names = [result.params.index[k] for k in columns]
    return maximise(design, result.sets, names).at_maximum.value


def _refuse_other_likelihoods(result: CoxResult) -> None:
    why = None
    if result.frailty is not None:
        why = "a frailty"
    elif not result.variance.equals(result.naive_variance):
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
