"""The hazard of models in discrete time as a function of time alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, nearest_names
from belbiotech.survival.formulas.design import design_matrix
from belbiotech.survival.formulas.formula import Formula, read_formula
from belbiotech.survival.formulas.matrix import Matrix
from belbiotech.survival.rows.checks import FloatArray
from belbiotech.survival.rows.column_names import check_text

__all__ = ["Baseline", "BaselineName", "make_baseline"]

BaselineName = Literal["dummies", "spline", "log"]
SPLINE_COLUMNS = 4


@dataclass(frozen=True)
class Baseline:
    """Columns that take up time.

    Attributes
    ----------
    kind : {"dummies", "spline", "log"}
        A coefficient for each period, a cubic B-spline with four degrees of freedom, or the
        logarithm of the period's number.
    names : tuple of str, (q,)
        Names of the coefficients.
    ones : array of float, (q,)
        What the columns must be multiplied with to add up to 1.
    periods : array of float
        Starts of the periods that have a coefficient (dummies).
    certain : dict of float to float
        Starts of periods in which nobody, or everybody, had the event: their hazard is 0 or 1
        and their coefficient infinite, whatever the covariates are (dummies).
    first, last : float
        The first and last start in the data.
    formula, matrix : Formula and Matrix, optional
        What makes the columns (spline, log).
    """

    kind: BaselineName
    names: tuple[str, ...]
    ones: FloatArray
    periods: FloatArray
    certain: dict[float, float]
    first: float
    last: float
    formula: Formula | None = None
    matrix: Matrix | None = None

    def columns(self, start: FloatArray) -> FloatArray:
        """Make the baseline's columns, (r, q), for periods with these starts.

        Periods whose hazard is certain have zeros.
        """
        if self.formula is None or self.matrix is None:
            dummies: FloatArray = (start[:, None] == self.periods).astype(float)
            return dummies
        table = pd.DataFrame({"start": start, "stop": start + 1})
        return design_matrix(self.formula, table, self.matrix.spec, intercept=True).x

    def unknown(self, start: FloatArray) -> FloatArray:
        """Give the starts, once each, of which the baseline knows nothing."""
        asked = np.unique(start)
        if self.kind == "dummies":
            return asked[~np.isin(asked, [*self.periods, *self.certain])]
        if self.kind == "spline":
            return asked[(asked < self.first) | (asked > self.last)]
        return asked[asked < 0]


def make_baseline(
    kind: str, start: FloatArray, events: FloatArray, weight: FloatArray, number: FloatArray
) -> Baseline:
    """Settle a baseline on the periods of the data.

    Parameters
    ----------
    kind : {"dummies", "spline", "log"}
        Which one.
    start : array of float, (r,)
        Starts of the periods.
    events, weight : array of float, (r,)
        Weight of the events, and of all rows, in each.
    number : array of float, (r,)
        How many periods of the data each stands for: a spline's knots are quantiles of these.

    Returns
    -------
    Baseline
        Its columns and their names.

    Raises
    ------
    FitError
        An unknown kind, too few different periods for it, or times before 0 for a logarithm.
    """
    check_text(kind, "baseline", "dummies")
    if kind == "dummies":
        return _dummies(start, events, weight)
    if kind == "spline":
        _refuse_few_periods(kind, start, SPLINE_COLUMNS + 1)
        return _computed("spline", f"bs(start, df={SPLINE_COLUMNS})", start, number)
    if kind == "log":
        _refuse_few_periods(kind, start, 2)
        if start.min() < 0:
            msg = (
                f"baseline='log' takes the logarithm of stop, and a row starts at {start.min():g}; "
                "let time begin at 0, or take baseline='dummies'"
            )
            raise FitError(msg)
        return _computed("log", "log(stop)", start, number)
    msg = f"baseline {kind!r} is unknown; {nearest_names(kind, get_args(BaselineName))}"
    raise FitError(msg)


def _dummies(start: FloatArray, events: FloatArray, weight: FloatArray) -> Baseline:
    periods, place = np.unique(start, return_inverse=True)
    happened = np.bincount(place, events * weight)
    without = np.bincount(place, (1 - events) * weight)
    certain = {float(t): 0.0 for t in periods[happened == 0]}
    certain |= {float(t): 1.0 for t in periods[(without == 0) & (happened > 0)]}
    kept = periods[(happened > 0) & (without > 0)]
    return Baseline(
        kind="dummies",
        names=tuple(f"C(start)[{t:g}]" for t in kept),
        ones=np.ones(len(kept)),
        periods=kept,
        certain=certain,
        first=float(periods[0]),
        last=float(periods[-1]),
    )


def _computed(kind: BaselineName, right: str, start: FloatArray, number: FloatArray) -> Baseline:
    formula = read_formula(f"event ~ {right}")
    everyone = np.repeat(start, np.rint(number).astype(np.int64))
    table = pd.DataFrame({"start": everyone, "stop": everyone + 1})
    matrix = design_matrix(formula, table, intercept=True)
    return Baseline(
        kind=kind,
        names=matrix.names,
        ones=(np.arange(len(matrix.names)) == 0).astype(float),
        periods=np.array([]),
        certain={},
        first=float(start.min()),
        last=float(start.max()),
        formula=formula,
        matrix=matrix,
    )


def _refuse_few_periods(kind: str, start: FloatArray, needed: int) -> None:
    periods = len(np.unique(start))
    if periods < needed:
        msg = (
            f"baseline={kind!r} needs {needed} different periods at least, and the data has "
            f"{periods}; take baseline='dummies'"
        )
        raise FitError(msg)
