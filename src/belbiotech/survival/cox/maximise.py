"""The partial likelihood brought to its maximum, a fit; or a plain word why it has none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import FitError
from belbiotech.survival.cox.blocks import likelihood_function
from belbiotech.survival.cox.fit import CoxFit, RidgeFit
from belbiotech.survival.cox.partial_likelihood import Design, Likelihood, RiskSets, prepare
from belbiotech.survival.cox.rows import CoxModel
from belbiotech.survival.cox.separation import separation_in_words
from belbiotech.survival.cox.streams.climb import (
    LEAVE_OUT,
    RUNS,
    Maximum,
    Spread,
    climb,
    largest_of,
    refuse_dependent_ones,
)
from belbiotech.survival.inference.variance import symmetric_inverse
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["LEAVE_OUT", "Maximum", "fit_at", "fit_plain", "maximise", "refuse_dependent"]

ALIKE = 1e-5  # share of a covariate's information left, from which on they are made orthogonal


def fit_plain(model: CoxModel, remedy: str = LEAVE_OUT, *, ridge: float | None = None) -> CoxFit:
    """Fit a Cox model without a penalty, or with a ridge penalty.

    Parameters
    ----------
    model : CoxModel
        Counted rows and covariates.
    remedy : str
        What to do where the likelihood has no maximum.
    ridge : float, optional
        Strength of the penalty.

    Returns
    -------
    CoxFit
        With the variance from the information alone, the penalty's counted; the log likelihood is
        without the penalty.

    Raises
    ------
    FitError
        Covariates that are constant or collinear, or a likelihood without a maximum.
    """
    design, matrix = model.design, model.matrix
    sets = prepare(design, model.ties)
    references = matrix.references
    best = maximise(
        design,
        sets,
        matrix.names,
        model.centre,
        references=references,
        remedy=remedy,
        ridge=ridge or 0.0,
    )
    naive = best.naive
    if naive is None:
        naive = symmetric_inverse(best.at_maximum.information)
    if ridge is None:
        return fit_at(model, sets, best, naive)
    # Without the penalty, whose value is theta b'b / 2, and its part of the information.
    value = best.at_maximum.value + ridge * float(best.beta @ best.beta) / 2
    bare = replace(best, at_maximum=replace(best.at_maximum, value=value))
    left = RidgeFit(ridge, len(best.beta) - ridge * float(np.trace(naive)))
    return replace(fit_at(model, sets, bare, naive), ridge=left)


def fit_at(model: CoxModel, sets: RiskSets, best: Maximum, naive: FloatArray) -> CoxFit:
    """Put a maximum of a likelihood into a fit.

    Parameters
    ----------
    model : CoxModel
        What was fitted.
    sets : RiskSets
        Its risk sets.
    best : Maximum
        Where the likelihood is highest.
    naive : array of float, (p, p)
        The variance from the information alone.

    Returns
    -------
    CoxFit
        The fit.
    """
    names = list(model.matrix.names)
    table = pd.DataFrame(naive, index=names, columns=names)
    design, score, information = model.design, best.at_zero.score, best.at_zero.information
    return CoxFit(
        design=design,
        matrix=model.matrix,
        centre=model.centre,
        rows=model.rows,
        ties=model.ties,
        sets=sets,
        params=pd.Series(best.beta, index=names, name="coef", dtype=float),
        variance=table,
        naive_variance=table,
        log_likelihood=best.at_maximum.value,
        log_likelihood_null=best.at_zero.value,
        naive_score_statistic=float(score @ np.linalg.solve(information, score)),
        n_rows=_number(model),
        n_events=int(design.number[design.event].sum()),
    )


def _number(model: CoxModel) -> int:
    """Count the rows of the data; the design may hold pieces of them."""
    rows = model.rows
    return int((model.design.number if rows.pieces is None else rows.row_number).sum())


def maximise(
    design: Design,
    sets: RiskSets,
    names: Sequence[str],
    centre: FloatArray | None = None,
    *,
    references: Mapping[str, str] | None = None,
    remedy: str = LEAVE_OUT,
    ridge: float = 0.0,
) -> Maximum:
    """Newton-Raphson with step halving, each covariate in units of its standard deviation.

    Parameters
    ----------
    design : Design
        Counted rows.
    sets : RiskSets
        Their risk sets.
    names : sequence of str, (p,)
        Names of the coefficients, for messages.
    centre : array of float, (p,), optional
        What was taken off the covariates, for messages.
    references : mapping of str to str, optional
        The reference level of each factor, for messages.
    remedy : str
        What to do where the likelihood has no maximum.
    ridge : float
        Half of it times the squared coefficients is taken off.

    Returns
    -------
    Maximum
        Coefficients in the covariates' own units.

    Raises
    ------
    FitError
        Covariates that are constant or collinear, or a likelihood without a maximum.
    """
    p = design.x.shape[1]
    evaluate = _penalised(likelihood_function(design, sets), ridge)
    at_zero = evaluate(np.zeros(p))
    if p == 0:
        return Maximum(np.zeros(0), at_zero, at_zero, 0)
    spread = Spread.of(design)
    refuse_dependent_ones(at_zero.information, spread, names, lambda j: _why_the_same(design, j))
    if not ridge and _much_alike(at_zero.information):
        try:
            return _of_orthogonal(design, sets, spread.scale)
        except FitError:
            pass  # told below, in the covariates' own names

    def endless(direction: FloatArray) -> FitError:
        return _endless(design, direction, names, centre, references, remedy)

    return climb(
        evaluate,
        at_zero,
        spread,
        names,
        endless=endless,
        why=lambda j: _why_the_same(design, j),
    )


def _much_alike(information: FloatArray) -> bool:
    """Tell whether covariates leave little of each other's information: powers of a year do."""
    size = np.sqrt(np.diag(information))
    return bool(np.linalg.eigvalsh(information / np.outer(size, size))[0] < ALIKE)


def _of_orthogonal(design: Design, sets: RiskSets, scale: FloatArray) -> Maximum:
    """Maximise for covariates made orthogonal, x = q r, and give coefficients of x itself."""
    size = np.sqrt(design.number / design.number.sum())
    triangle: FloatArray = np.linalg.qr((design.x / scale) * size[:, None])[1]
    back = np.linalg.inv(triangle) / scale[:, None]  # b = back c
    turned = replace(design, x=np.asfortranarray((design.x / scale) @ (back * scale[:, None])))
    names = [str(j) for j in range(len(scale))]
    found = maximise(turned, sets, names)
    forth = triangle * scale  # c = forth b
    naive = back @ symmetric_inverse(found.at_maximum.information) @ back.T

    def of_x(here: Likelihood) -> Likelihood:
        return Likelihood(here.value, forth.T @ here.score, forth.T @ here.information @ forth)

    best, zero = of_x(found.at_maximum), of_x(found.at_zero)
    return Maximum(back @ found.beta, best, zero, found.steps, (naive + naive.T) / 2)


def _penalised(
    evaluate: Callable[[FloatArray], Likelihood], ridge: float
) -> Callable[[FloatArray], Likelihood]:
    """Take theta b'b / 2 off a log likelihood."""
    if not ridge:
        return evaluate

    def penalised(beta: FloatArray) -> Likelihood:
        plain = evaluate(beta)
        return Likelihood(
            value=plain.value - ridge * float(beta @ beta) / 2,
            score=plain.score - ridge * beta,
            information=plain.information + ridge * np.eye(len(beta)),
        )

    return penalised


def _endless(
    design: Design,
    direction: FloatArray,
    names: Sequence[str],
    centre: FloatArray | None,
    references: Mapping[str, str] | None,
    remedy: str,
) -> FitError:
    """Say that the likelihood rises for ever in a direction, (p,), and which rows make it so."""
    moved = np.abs(direction) * largest_of(design)
    runaway = np.flatnonzero(moved > RUNS * moved.max()).tolist()
    told = separation_in_words(design, runaway, names, centre, references)
    lines = [f"the likelihood has no maximum: {line}" for line in told]
    return FitError("\n".join([*lines, remedy]))


def refuse_dependent(
    information: FloatArray, scale: FloatArray, design: Design, names: Sequence[str]
) -> None:
    """Refuse covariates that are constant, or that others determine, and say which.

    Parameters
    ----------
    information : array of float, (p, p)
        Of the partial likelihood at coefficients of zero: what varies among rows at risk
        together.
    scale : array of float, (p,)
        Standard deviations of the covariates.
    design : Design
        Counted rows.
    names : sequence of str, (p,)
        Names of the coefficients.

    Raises
    ------
    FitError
        Naming each such covariate.
    """
    spread = replace(Spread.of(design), scale=scale)
    refuse_dependent_ones(information, spread, names, lambda j: _why_the_same(design, j))


def _why_the_same(design: Design, j: int) -> str:
    """Say what the baseline holds already."""
    if np.ptp(design.stratum) > 0 and _follows_from(design.stratum, design.x[:, j]):
        return ": it is constant within each stratum, whose baseline holds it"
    if _follows_from(design.stop, design.x[:, j]):  # as age may
        return ": it tells the time, which the baseline holds"
    return ""


def _follows_from(key: FloatArray | NDArray[np.int64], x: FloatArray) -> bool:
    """Tell whether rows that agree in a key agree in a covariate, both (n,)."""
    at = np.unique(key, return_inverse=True)[1]
    value = np.zeros(at.max() + 1)
    value[at] = x
    return bool((value[at] == x).all())
