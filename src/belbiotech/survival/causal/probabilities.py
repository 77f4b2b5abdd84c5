"""Models of a yes or no, a grade or a number, on counted rows: for weights, trials, simulation.

Where a cell of the covariates has only yes, or only no, its coefficient is infinite: the fitted
probability there is 1 or 0, and the other rows are fitted as if the cell were not there (Albert and
Anderson 1984). R's ``glm`` comes to the same probabilities, but for 1e-9 or so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from belbiotech.errors import FitError
from belbiotech.survival.causal.ordinal import INTERCEPT, SETTLED, STEPS, fit_ordinal, ordinal_back
from belbiotech.survival.formulas.design import design_matrix
from belbiotech.survival.formulas.formula import Formula
from belbiotech.survival.inference.identification import (
    refuse_collinear,
    separating_direction,
    standardise,
)
from belbiotech.survival.inference.report import errors_of
from belbiotech.survival.rows.checks import FloatArray, IntArray
from belbiotech.survival.rows.counts import distinct_rows

__all__ = ["ChanceModel", "Family", "Prepared", "prepare_model"]

Family = Literal["logit", "cloglog", "poisson", "ordinal"]
SURE = 1e-8  # probability below which a row looks separated


@dataclass(frozen=True)
class ChanceModel:
    """Coefficients of a model, and what it says of rows.

    Attributes
    ----------
    formula : Formula
        The right side that it was fitted with.
    family : str
        "logit", "cloglog", "poisson" or "ordinal".
    params : Series
        Coefficients by name; of cells that are certain they are arbitrary.
    variance : DataFrame, (p, p)
        From the information alone.
    spec : ModelSpec
        What makes the same matrix from new rows.
    directions : tuple of array of float, (p,)
        Combinations of the covariates that are certain: yes where positive, no where negative.
    levels : array of float
        The grades of an ordinal response.
    n_rows : float
        Rows, frequencies counted.
    log_likelihood : float
        At the maximum.
    """

    formula: Formula
    family: Family
    params: pd.Series
    variance: pd.DataFrame
    spec: Any = field(repr=False)
    directions: tuple[FloatArray, ...]
    levels: FloatArray
    n_rows: float
    log_likelihood: float

    @property
    def standard_errors(self) -> pd.Series:
        """Standard errors from the information alone."""
        return errors_of(self.variance)

    @property
    def summary(self) -> pd.DataFrame:
        """Columns coef and se(coef), by covariate."""
        return pd.DataFrame({"coef": self.params, "se(coef)": self.standard_errors})

    def matrix(self, table: pd.DataFrame) -> FloatArray:
        """Make the covariates of new rows, (m, p)."""
        made = design_matrix(self.formula, table, self.spec, intercept=True)
        return made.x

    def linear(self, x: FloatArray) -> FloatArray:
        """Give the linear predictor of covariates, (m, p): infinite where they are certain."""
        eta: FloatArray = x @ self.params.to_numpy()[: x.shape[1]]
        for direction in reversed(self.directions):
            margin = x @ direction
            sure = np.abs(margin) > 1e-7
            eta = np.where(sure, np.where(margin > 0, np.inf, -np.inf), eta)
        return eta

    def mean(self, x: FloatArray) -> FloatArray:
        """Give the probability of a yes, or the expected number, (m,), at covariates, (m, p)."""
        return _mean(self.linear(x), self.family)

    def slope(self, x: FloatArray) -> FloatArray:
        """Give the derivative of `mean` by the linear predictor, (m,); 0 where it is certain."""
        eta = self.linear(x)
        mean = _mean(eta, self.family)
        if self.family == "poisson":
            return mean
        if self.family == "logit":
            return mean * (1 - mean)
        finite = np.isfinite(eta)
        safe = np.where(finite, eta, 0.0)
        return np.where(finite, np.exp(safe - np.exp(safe)), 0.0)

    def scores(self, x: FloatArray, response: FloatArray) -> FloatArray:
        """Give each row's part of the score, (m, p), not weighted."""
        mean, slope = self.mean(x), self.slope(x)
        variance = mean if self.family == "poisson" else mean * (1 - mean)
        known = variance > 0
        pull = np.where(known, slope * (response - mean) / np.where(known, variance, 1.0), 0.0)
        return x * pull[:, None]

    def chance(self, x: FloatArray, response: FloatArray) -> FloatArray:
        """Give the probability of the response that each row has, (m,)."""
        if self.family == "ordinal":
            return _grade_chances(x, self, response)
        mean = self.mean(x)
        if self.family == "poisson":
            from scipy.stats import poisson

            chances: FloatArray = poisson.pmf(response, mean)
            return chances
        return np.where(response > 0, mean, 1.0 - mean)


@dataclass(frozen=True)
class Prepared:
    """Distinct rows of a model, ready to be fitted with any frequencies.

    Attributes
    ----------
    formula : Formula
        The right side.
    family : str
        As of `ChanceModel`.
    response_name : str
        What is modelled, for messages.
    x : array of float, (m, p)
        Covariates of the distinct rows, with the intercept.
    names : tuple of str
        Names of the coefficients.
    spec : ModelSpec
        What makes the matrix again.
    response : array of float, (m,)
        The response of each distinct row.
    row_of : array of int, (n,)
        The distinct row of each row.
    """

    formula: Formula
    family: Family
    response_name: str
    x: FloatArray
    names: tuple[str, ...]
    spec: Any = field(repr=False)
    response: FloatArray
    row_of: IntArray

    def fit(self, frequency: FloatArray | None = None, *, check: bool = False) -> ChanceModel:
        """Fit the model.

        Parameters
        ----------
        frequency : array of float, (n,), optional
            How often each row counts.
        check : bool
            Whether to refuse collinear covariates even so: not in a draw of the units, which may
            lack a level, whose column is then of no use, as in R's ``glm``.

        Returns
        -------
        ChanceModel
            At the maximum of the likelihood.

        Raises
        ------
        FitError
            A response that is the same in all rows, or known from the covariates; covariates that
            are collinear.
        """
        weight = np.bincount(self.row_of, frequency, len(self.x)).astype(float)
        used = weight > 0
        x, response, weight = self.x[used], self.response[used], weight[used]
        if len(response) == 0 or np.ptp(response) == 0:
            value = f"{response[0]:g}" if len(response) else "missing"
            msg = (
                f"{self.response_name!r} is {value} in all {weight.sum():,.0f} rows that could "
                "differ: a constant exposure has no effect that could be seen"
            )
            raise FitError(msg)
        ones = np.zeros(len(self.names))
        ones[self.names.index(INTERCEPT)] = 1.0
        if frequency is None or check:
            self._refuse_collinear(x, ones, weight)
        return self._fitted(x, response, weight, ones)

    def chances(self, fitted: ChanceModel) -> FloatArray:
        """Give the fitted probability of each row's own response, (n,)."""
        return fitted.chance(self.x, self.response)[self.row_of]

    def means(self, fitted: ChanceModel) -> FloatArray:
        """Give each row's expected response, (n,)."""
        return fitted.mean(self.x)[self.row_of]

    def _refuse_collinear(self, x: FloatArray, ones: FloatArray, weight: FloatArray) -> None:
        last = [j for j in range(x.shape[1]) if ones[j]]
        order = [j for j in range(x.shape[1]) if not ones[j]] + last
        standard = standardise(x[:, order], ones[order], weight)
        try:
            refuse_collinear(standard.x, [self.names[j] for j in order], len(last), "the intercept")
        except FitError as error:
            msg = f"model of {self.response_name!r} given {self.formula.right!r}: {error}"
            raise FitError(msg) from error

    def _fitted(
        self, x: FloatArray, response: FloatArray, weight: FloatArray, ones: FloatArray
    ) -> ChanceModel:
        standard = standardise(x, ones, weight)
        levels = np.unique(response)
        directions: list[FloatArray] = []
        if self.family == "ordinal":
            gamma, information, value = fit_ordinal(standard.x, ones, response, weight, levels)
            return self._result(standard.back, gamma, information, value, [], levels, weight)
        kept = np.ones(len(x), dtype=bool)
        while True:
            z, y, w = standard.x[kept], response[kept], weight[kept]
            gamma, information, value, settled = _iterate(z, y, w, self.family)
            if settled or self.family == "poisson":
                break
            sign = np.where(y > 0, 1.0, -1.0)
            direction = separating_direction(z * sign[:, None])
            if direction is None:
                break
            directions.append(direction)
            kept[kept] = np.abs(z @ direction) <= 1e-7 * np.abs(z @ direction).max()
            if not kept.any() or np.ptp(response[kept]) == 0:
                self._refuse_known(direction, ones)
        back = standard.back
        # margins of the original covariates: z d = x (back d)
        certain = [back @ d / np.abs(standard.x @ d).max() for d in directions]
        return self._result(back, gamma, information, value, certain, levels, weight)

    def _refuse_known(self, direction: FloatArray, ones: FloatArray) -> None:
        told = [n for n, d, o in zip(self.names, direction, ones, strict=True) if d and not o]
        msg = (
            f"{self.response_name!r} is known without error from "
            f"{' and '.join(map(repr, told)) or 'the covariates'}: nobody with the same covariates "
            "has another exposure, so that no weights can make the exposed and the others alike; "
            "leave such a covariate out, or ask a question that the data can answer"
        )
        raise FitError(msg)

    def _result(
        self,
        back: FloatArray,
        gamma: FloatArray,
        information: FloatArray,
        value: float,
        directions: list[FloatArray],
        levels: FloatArray,
        weight: FloatArray,
    ) -> ChanceModel:
        names = list(self.names)
        if self.family == "ordinal":
            names = [n for n in names if n != INTERCEPT]
            thresholds = [f"{a:g}|{b:g}" for a, b in zip(levels[:-1], levels[1:], strict=True)]
            names += thresholds
            back = ordinal_back(back, self.names, len(thresholds))
        inverse = np.linalg.pinv(information, hermitian=True)
        return ChanceModel(
            formula=self.formula,
            family=self.family,
            params=pd.Series(back @ gamma, index=names, name="coef"),
            variance=pd.DataFrame(back @ inverse @ back.T, index=names, columns=names),
            spec=self.spec,
            directions=tuple(directions),
            levels=levels,
            n_rows=float(weight.sum()),
            log_likelihood=value,
        )


def prepare_model(
    formula: Formula,
    table: pd.DataFrame,
    response: FloatArray,
    family: Family,
    response_name: str,
) -> Prepared:
    """Count equal rows and make their covariates.

    Parameters
    ----------
    formula : Formula
        The right side.
    table : DataFrame, (n, k)
        The rows.
    response : array of float, (n,)
        0 and 1, grades, or numbers.
    family : {"logit", "cloglog", "poisson", "ordinal"}
        The model.
    response_name : str
        What is modelled, for messages.

    Returns
    -------
    Prepared
        To be fitted.

    Raises
    ------
    FitError
        No rows.
    FormulaError
        As of `design_matrix`.
    """
    if not len(table):
        msg = (
            f"there is no row to fit a model of {response_name!r} to: no row is left in which it "
            "may still happen; take longer histories, or leave that model out"
        )
        raise FitError(msg)
    matrix = design_matrix(formula, table, intercept=True)
    numbers = pd.DataFrame(matrix.x, columns=[f"x{j}" for j in range(matrix.x.shape[1])])
    numbers["response"] = response
    rows = distinct_rows(numbers)
    return Prepared(
        formula=formula,
        family=family,
        response_name=response_name,
        x=np.ascontiguousarray(matrix.x[rows.position]),
        names=tuple(matrix.names),
        spec=matrix.spec,
        response=response[rows.position],
        row_of=rows.row_of,
    )


def _mean(eta: FloatArray, family: Family) -> FloatArray:
    from scipy.special import expit

    if family == "poisson":
        return np.exp(eta)
    if family == "cloglog":
        with np.errstate(over="ignore"):
            return -np.expm1(-np.exp(eta))
    share: FloatArray = expit(eta)
    return share


def _iterate(
    x: FloatArray, y: FloatArray, weight: FloatArray, family: Family
) -> tuple[FloatArray, FloatArray, float, bool]:
    """Fisher's scoring: coefficients, information, log likelihood, and whether it has settled."""
    beta = _beginning(x, y, weight, family)
    settled = False
    value = _log_likelihood(x @ beta, y, weight, family)
    for _ in range(STEPS):
        information, score = _information(x, y, weight, beta, family)
        step = np.linalg.lstsq(information, score, rcond=1e-13)[0]
        after = _log_likelihood(x @ (beta + step), y, weight, family)
        while not after >= value - 1e-9 * abs(value) and np.abs(step).max() > SETTLED:
            step = step / 2
            after = _log_likelihood(x @ (beta + step), y, weight, family)
        beta, value = beta + step, after
        if np.abs(step).max() <= SETTLED * max(1.0, np.abs(beta).max()):
            settled = True
            break
    mean = _mean(x @ beta, family)
    sure = family != "poisson" and bool(((mean < SURE) | (mean > 1 - SURE)).any())
    information, _ = _information(x, y, weight, beta, family)
    return beta, information, value, settled and not sure


def _beginning(x: FloatArray, y: FloatArray, weight: FloatArray, family: Family) -> FloatArray:
    """Start from the overall share or mean."""
    mean = np.average(y, weights=weight)
    if family == "poisson":
        level = np.log(mean)
    elif family == "logit":
        level = np.log(mean / (1 - mean))
    else:
        level = np.log(-np.log1p(-mean))
    start: FloatArray = np.linalg.lstsq(x, np.full(len(x), level), rcond=None)[0]
    return start


def _information(
    x: FloatArray, y: FloatArray, weight: FloatArray, beta: FloatArray, family: Family
) -> tuple[FloatArray, FloatArray]:
    """Give the expected information, (p, p), and the score, (p,)."""
    eta = x @ beta
    mean = _mean(eta, family)
    if family == "poisson":
        slope, variance = mean, mean
    elif family == "logit":
        slope = variance = mean * (1 - mean)
    else:
        slope, variance = np.exp(eta - np.exp(eta)), mean * (1 - mean)
    safe = np.where(variance > 1e-300, variance, 1.0)
    curve = np.where(variance > 1e-300, slope * slope / safe, 0.0)
    pull = np.where(variance > 1e-300, slope * (y - mean) / safe, 0.0)
    return (x * (weight * curve)[:, None]).T @ x, x.T @ (weight * pull)


def _log_likelihood(eta: FloatArray, y: FloatArray, weight: FloatArray, family: Family) -> float:
    from scipy.special import gammaln

    if family == "poisson":
        return float(weight @ (y * eta - np.exp(eta) - gammaln(y + 1)))
    if family == "logit":
        return float(-(weight @ np.logaddexp(0, np.where(y > 0, -eta, eta))))
    with np.errstate(divide="ignore", over="ignore"):
        event = np.log(-np.expm1(-np.exp(eta)))
    return float(weight @ np.where(y > 0, event, -np.exp(eta)))


def _grade_chances(x: FloatArray, fitted: ChanceModel, response: FloatArray) -> FloatArray:
    from scipy.special import expit

    names = list(fitted.params.index)
    k = len(fitted.levels) - 1
    beta = fitted.params.to_numpy()
    theta = np.r_[-np.inf, beta[len(names) - k :], np.inf]
    without = np.delete(x, 0, axis=1)  # the intercept comes first
    linear = without @ beta[: len(names) - k]
    grade = np.searchsorted(fitted.levels, response)
    chances: FloatArray = expit(theta[grade + 1] - linear) - expit(theta[grade] - linear)
    return chances
