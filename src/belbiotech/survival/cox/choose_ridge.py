"""The strength of a ridge penalty, chosen by how well fits predict other units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import FitError, in_words, warn
from belbiotech.survival.cox.blocks import likelihood_function
from belbiotech.survival.cox.maximise import maximise
from belbiotech.survival.cox.partial_likelihood import Design, Ties, prepare
from belbiotech.survival.cox.rows import CoxCall, CoxModel, counted_model
from belbiotech.survival.curves.risk_tables import sums
from belbiotech.survival.formulas.formula import read_formula
from belbiotech.survival.rows.checks import FloatArray, IntArray
from belbiotech.survival.rows.column_codes import numbered
from belbiotech.survival.rows.column_names import as_columns
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.units import unit_of

__all__ = ["RidgeChoice", "choose_ridge", "chosen_ridge"]

GRID = 10.0 ** np.linspace(-3.0, 3.0, 19)  # of a coefficient's mean information
FOLDS = 10


@dataclass(frozen=True, repr=False)
class RidgeChoice:
    """A ridge penalty's strength, chosen by cross-validation.

    Attributes
    ----------
    strength : float
        theta of the penalty, for ``cox(..., ridge=)``.
    curve : DataFrame
        Columns strength and log_likelihood (cross-validated, the higher the better), in the order
        of the strengths.
    n_folds : int
        Into how many parts the units were dealt.
    """

    strength: float
    curve: pd.DataFrame
    n_folds: int

    def __repr__(self) -> str:
        best = self.curve["log_likelihood"].max()
        return (
            f"Ridge penalty {self.strength:g}, the best of {len(self.curve)} strengths in "
            f"{self.n_folds} folds: cross-validated log likelihood {best:.4f}"
        )


def choose_ridge(
    formula: str,
    data: pd.DataFrame,
    *,
    strengths: Sequence[float] | None = None,
    folds: int | str = FOLDS,
    seed: int = 0,
    ties: Ties = "efron",
    strata: str | Sequence[str] | None = None,
    weights: str | None = None,
    frequency: str | None = None,
    unit: str | None = None,
    start: str = "start",
    stop: str = "stop",
) -> RidgeChoice:
    """Choose the strength of a Cox model's ridge penalty by cross-validation over units.

    The units are dealt into folds. For each strength the model is fitted without each fold, and
    what the fold adds to the partial log likelihood at that fit is summed up: the
    cross-validated log likelihood of Verweij and van Houwelingen. ``cox(..., ridge="cv")`` does
    this with ten folds and fits with the strength that comes out.

    Parameters
    ----------
    formula : str
        As in `cox`. Bring the covariates to one scale first: the penalty is one for all.
    data : DataFrame
        One row for each interval ``(start, stop]``.
    strengths : sequence of float, optional
        What to choose from, above 0. By default six powers of ten around the covariates' mean
        information, and then whatever is best near the best of them.
    folds : int or str
        How many folds, or the column that says the fold of each row.
    seed : int
        Of the chance that deals the units.
    ties, strata, weights, frequency, start, stop
        As in `cox`.
    unit : str, optional
        Column that says whose row it is; by default the panel's own (``data.attrs["unit"]``),
        else ``firm_id``; else each row is dealt by itself. Rows of a unit are in one fold.

    Returns
    -------
    RidgeChoice
        ``strength`` and ``curve``.

    Raises
    ------
    FormulaError, PanelError
        As `cox`.
    FitError
        As `cox`; strengths or folds that are none, fewer units than folds, a fold's fit that
        fails.

    Warns
    -----
    BelbiotechWarning
        The best strength is the least or the largest: the curve has no top between.

    References
    ----------
    Verweij and van Houwelingen (1993), Statistics in Medicine 12:2305-2314.

    Examples
    --------
    >>> from belbiotech import choose_ridge, simulate_panel
    >>> panel = simulate_panel(300, effect=-0.3, seed=1)
    >>> choose_ridge("failure ~ alliances_active_lag1 + C(origin)", panel, strengths=[1, 10, 100])
    Ridge penalty 10, the best of 3 strengths in 10 folds: cross-validated log likelihood -670.3969
    """
    call = CoxCall(
        formula=read_formula(formula, over_time=True),
        ties=ties,
        strata=tuple(as_columns(strata, "strata")),
        weights=weights,
        frequency=frequency,
        unit=unit,
        ridge=0.0,
        start=start,
        stop=stop,
    )
    return chosen_ridge(as_table(data), call, strengths=strengths, folds=folds, seed=seed)


def chosen_ridge(
    data: pd.DataFrame,
    call: CoxCall,
    *,
    strengths: Sequence[float] | None = None,
    folds: int | str = FOLDS,
    seed: int = 0,
) -> RidgeChoice:
    """Choose as `choose_ridge`, for callers who have read the arguments already.

    Parameters
    ----------
    data : DataFrame
        A row for each interval.
    call : CoxCall
        The arguments of `cox`.
    strengths, folds, seed
        As in `choose_ridge`.

    Returns
    -------
    RidgeChoice
        The strength, and the curve that it was chosen from.

    Raises
    ------
    FormulaError, PanelError, FitError
        As `choose_ridge`.
    """
    given = _strengths(strengths)
    _refuse_folds(data, folds, seed)
    model, rows = counted_model(data, call)
    if not len(model.matrix.names):
        msg = f"formula {call.formula.text!r} has no covariates: there is nothing to penalise"
        raise FitError(msg)
    if not model.design.event.any():
        msg = f"outcome {call.formula.outcome!r} never happens: there is nothing to fit"
        raise FitError(msg)
    fold, number = _folds(rows, call, folds, seed)
    parts = _Parts.of(model, fold, number)
    tried = _grid(model).tolist() if given is None else given
    found = {theta: parts.value(theta) for theta in tried}
    best = max(found, key=lambda theta: found[theta])
    _tell_of_ends(best, found)
    if given is None:
        found |= _refined(parts, best, found)
        best = max(found, key=lambda theta: found[theta])
    curve = pd.DataFrame(sorted(found.items()), columns=["strength", "log_likelihood"])
    return RidgeChoice(best, curve, number)


@dataclass(frozen=True)
class _Parts:
    """A model, and its rows without each fold."""

    model: CoxModel
    without: list[Design]

    @classmethod
    def of(cls, model: CoxModel, fold: IntArray, number: int) -> _Parts:
        design, rows = model.design, model.rows
        parts = []
        for k in range(number):
            kept = fold != k
            copies, weight = (
                _of_design(model, values[kept], kept)
                for values in (rows.row_number, rows.row_weight)
            )
            there = copies > 0
            parts.append(
                Design(
                    start=design.start[there],
                    stop=design.stop[there],
                    event=design.event[there],
                    stratum=design.stratum[there],
                    x=np.asfortranarray(design.x[there]),
                    number=copies[there],
                    weight=weight[there],
                    offset=None if design.offset is None else design.offset[there],
                )
            )
        empty = [k for k, one in enumerate(parts, start=1) if not one.event.any()]
        if empty:
            msg = (
                f"fold {empty[0]} of {number} holds all events: nothing is left to fit the others "
                "to; take more folds, another seed, or more units"
            )
            raise FitError(msg)
        return cls(model, parts)

    def value(self, theta: float) -> float:
        """Sum l(b) - l_k(b) over folds, with b the fit without fold k and l_k its likelihood."""
        ties = self.model.ties
        whole = likelihood_function(self.model.design, prepare(self.model.design, ties))
        total = 0.0
        for k, design in enumerate(self.without):
            sets = prepare(design, ties)
            try:
                beta = maximise(design, sets, self.model.matrix.names, ridge=theta).beta
            except FitError as error:
                msg = f"the fit without fold {k + 1} of {len(self.without)} fails: {error}"
                raise FitError(msg) from error
            total += whole(beta).value - likelihood_function(design, sets)(beta).value
        return float(total)


def _of_design(model: CoxModel, values: FloatArray, kept: NDArray[np.bool_]) -> FloatArray:
    """Sum values of the kept rows of the data over those that each row of the design stands for."""
    of, pieces = model.rows.row_of[kept], model.rows.pieces
    if pieces is None:
        return sums(of, values, len(model.design.start))
    return pieces.of_rows(sums(of, values, len(pieces.ends)))


def _grid(model: CoxModel) -> FloatArray:
    """Give strengths around the mean information of a coefficient without effects."""
    evaluate = likelihood_function(model.design, prepare(model.design, model.ties))
    information = evaluate(np.zeros(len(model.matrix.names))).information
    return GRID * float(np.trace(information)) / len(information)


def _refined(parts: _Parts, best: float, found: dict[float, float]) -> dict[float, float]:
    """Look between the neighbours of the best strength of the grid."""
    from scipy.optimize import minimize_scalar

    grid = sorted(found)
    place = grid.index(best)
    near = (grid[max(place - 1, 0)], grid[min(place + 1, len(grid) - 1)])
    tried: dict[float, float] = {}

    def loss(log_theta: float) -> float:
        theta = float(np.exp(log_theta))
        tried[theta] = parts.value(theta)
        return -tried[theta]

    minimize_scalar(loss, bounds=np.log(near), method="bounded", options={"xatol": 1e-3})
    return tried


def _tell_of_ends(best: float, found: dict[float, float]) -> None:
    ends = {min(found): ("least", "without a penalty"), max(found): ("largest", "no effects")}
    if len(found) > 1 and best in ends:
        which, limit = ends[best]
        warn(
            f"the best ridge penalty is the {which} of those tried, {best:g}: as far as the "
            f"folds tell, {limit} would do as well",
        )


def _strengths(strengths: Sequence[float] | None) -> list[float] | None:
    if strengths is None:
        return None
    if isinstance(strengths, str) or not isinstance(strengths, (Sequence, np.ndarray)):
        msg = f"strengths must be a list of numbers above 0, not {in_words(strengths)}"
        raise FitError(msg)
    bad = [
        theta
        for theta in strengths
        if not isinstance(theta, Real) or isinstance(theta, bool) or not 0 < float(theta) < np.inf
    ]
    if bad or not len(strengths):
        what = in_words(bad[0]) if bad else "an empty list"
        msg = f"strengths must be numbers above 0, such as [0.1, 1, 10], not {what}"
        raise FitError(msg)
    return [float(theta) for theta in strengths]


def _refuse_folds(data: pd.DataFrame, folds: object, seed: object) -> None:
    problems = []
    if isinstance(folds, str):
        if folds not in data.columns:
            problems.append(f"folds names no column: {folds!r}; give a column or a number")
        elif data[folds].isna().any():
            problems.append(f"column {folds!r}, the folds, has missing values")
        elif data[folds].nunique() < 2:
            problems.append(f"column {folds!r} has one fold only; two are the least")
    elif not isinstance(folds, Integral) or isinstance(folds, bool) or int(folds) < 2:
        problems.append(f"folds must be 2 or more, or a column's name, not {in_words(folds)}")
    if not isinstance(seed, Integral) or isinstance(seed, bool) or int(seed) < 0:
        problems.append(f"seed must be a whole number, 0 or more, not {in_words(seed)}")
    if problems:
        raise FitError("\n".join(problems))


def _folds(rows: pd.DataFrame, call: CoxCall, folds: int | str, seed: int) -> tuple[IntArray, int]:
    """Deal the units, whatever the order of their rows."""
    if isinstance(folds, str):
        codes, number = numbered([rows[folds]])
        return codes.astype(np.int64), number
    unit = unit_of(rows, call.unit)
    codes, units = (np.arange(len(rows)), len(rows)) if unit is None else numbered([rows[unit]])
    if units < folds:
        msg = f"there are {units} units for {folds} folds; take fewer folds"
        raise FitError(msg)
    dealt = np.random.default_rng(seed).permutation(units) % folds
    return dealt[codes].astype(np.int64), int(folds)
