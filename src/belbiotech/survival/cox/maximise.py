"""The partial likelihood brought to its maximum, a fit; or a plain word why it has none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from belbiotech.errors import FitError
from belbiotech.survival.cox.blocks import likelihood_function
from belbiotech.survival.cox.fit import CoxFit, RidgeFit
from belbiotech.survival.cox.partial_likelihood import Design, Likelihood, RiskSets, prepare
from belbiotech.survival.cox.rows import CoxModel
from belbiotech.survival.cox.separation import separation_in_words
from belbiotech.survival.inference.variance import symmetric_inverse
from belbiotech.survival.rows.checks import FloatArray, IntArray

__all__ = ["LEAVE_OUT", "Maximum", "fit_at", "fit_plain", "maximise", "refuse_dependent"]

MAX_STEPS = 60
SETTLED = 1e-7  # largest last step, in standard deviations of a covariate: its error is the square
CLOSE = 1e-6  # the same distance, from which on the slope alone is to be trusted
SURE = 1e-12  # squared distance to the maximum, in standard errors, that makes no difference
NO_GAIN = 1e-6  # gain of the log likelihood below which a large step means: no maximum
FLAT = 1e-3  # share of its curvature at zero that the likelihood has left where it has no maximum
VANISHED = 1e-10  # such a share, where steps have come to an end with it
RUNS = 0.5  # how far a linear predictor moves in a step, at least, if it has no end
LEAVE_OUT = "leave such a covariate out, or merge levels"
# Share of a covariate's information that the others leave: R's toler.chol.
DEPENDENT = float(np.finfo(float).eps ** 0.75)
ALIKE = 1e-5  # such a share, from which on covariates are made orthogonal first


@dataclass(frozen=True)
class Maximum:
    """Where the log likelihood is highest.

    Attributes
    ----------
    beta : array of float, (p,)
        The coefficients.
    at_maximum, at_zero : Likelihood
        Value, score and information there and at coefficients of zero.
    steps : int
        Newton-Raphson steps taken.
    naive : array of float, (p, p), or None
        The inverse of the information, where covariates are so much alike that inverting it
        would lose digits.
    """

    beta: FloatArray
    at_maximum: Likelihood
    at_zero: Likelihood
    steps: int
    naive: FloatArray | None = None


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
    scale = _standard_deviations(design)
    refuse_dependent(at_zero.information, scale, design, names)
    if not ridge and _much_alike(at_zero.information):
        try:
            return _of_orthogonal(design, sets, scale)
        except FitError:
            pass  # told below, in the covariates' own names
    largest = _largest(design)
    dead = design.event
    unit = design.weight[dead].sum() / design.number[dead].sum()  # of the likelihood: an event's
    beta, now = np.zeros(p), at_zero
    for taken in range(1, MAX_STEPS + 1):
        step = _newton(now, scale)
        distance = float(step @ now.score) / unit  # squared, to the maximum, in standard errors
        found = _halved(evaluate, beta, step, now, whole=0 <= distance < CLOSE)
        after = now if found is None else found[1]
        flat = step @ after.information @ step < FLAT * (step @ at_zero.information @ step)
        runs = (np.abs(step) * largest).max() >= RUNS
        no_gain = found is None or (after.value - now.value < NO_GAIN * unit and runs)
        if flat and no_gain:
            raise _endless(design, step, names, centre, references, remedy)
        if found is None:
            msg = (
                "the likelihood does not rise in the direction of its slope; rescale the covariates"
            )
            raise FitError(msg)
        beta, now = found
        if np.max(np.abs(step * scale)) < SETTLED or 0 <= distance < SURE:
            level, direction = _flattest(now.information, at_zero.information)
            if level < VANISHED:
                raise _endless(design, direction, names, centre, references, remedy)
            return Maximum(beta, now, at_zero, taken)
    msg = f"no maximum found in {MAX_STEPS} Newton-Raphson steps; simplify the model"
    raise FitError(msg)


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


def _largest(design: Design) -> FloatArray:
    """Give the largest size of each covariate, (p,)."""
    return np.array([max(column.max(), -column.min()) for column in design.x.T])


def _endless(
    design: Design,
    direction: FloatArray,
    names: Sequence[str],
    centre: FloatArray | None,
    references: Mapping[str, str] | None,
    remedy: str,
) -> FitError:
    """Say that the likelihood rises for ever in a direction, (p,), and which rows make it so."""
    moved = np.abs(direction) * _largest(design)
    runaway = np.flatnonzero(moved > RUNS * moved.max()).tolist()
    told = separation_in_words(design, runaway, names, centre, references)
    lines = [f"the likelihood has no maximum: {line}" for line in told]
    return FitError("\n".join([*lines, remedy]))


def _flattest(here: FloatArray, at_zero: FloatArray) -> tuple[float, FloatArray]:
    """Give the least share of the curvature at zero that is left, and its direction, (p,)."""
    root = np.linalg.inv(np.linalg.cholesky(at_zero))
    shares, vectors = np.linalg.eigh(root @ here @ root.T)
    return float(shares[0]), root.T @ vectors[:, 0]


def _newton(now: Likelihood, scale: FloatArray) -> FloatArray:
    """Give the step to the maximum of the parabola, (p,).

    Along directions in which the information has come down to rounding the step is the shortest
    that there is: there the likelihood is flat, and says so by its value.
    """
    information, score = now.information / np.outer(scale, scale), now.score / scale
    try:
        step: FloatArray = np.linalg.solve(information, score) / scale
    except np.linalg.LinAlgError:
        step = np.linalg.lstsq(information, score)[0] / scale
    return step


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
    problems = []
    kept: list[int] = []
    for j, name in enumerate(names):
        if np.ptp(design.x[:, j]) == 0:
            problems.append(f"covariate {name!r} is constant; leave it out")
            continue
        own = information[j, j]
        if own <= DEPENDENT * design.weight[design.event].sum() * scale[j] ** 2:
            why = _why_the_same(design, j)
            problems.append(
                f"covariate {name!r} does not vary among rows that are at risk together at an "
                f"event{why}; leave it out"
            )
            continue
        others = np.array(kept, dtype=int)
        loads = _loads(information, j, others)
        if own - information[j, others] @ loads <= DEPENDENT * own:
            shares = np.abs(loads) * scale[others]
            partners = [names[k] for k in others[shares > 1e-6 * max(scale[j], shares.max())]]
            problems.append(
                f"covariate {name!r} is collinear with {', '.join(map(repr, partners))}; "
                "leave one of them out"
            )
            continue
        kept.append(j)
    if problems:
        raise FitError("\n".join(problems))


def _why_the_same(design: Design, j: int) -> str:
    """Say what the baseline holds already."""
    strata = np.unique(design.stratum)
    if len(strata) > 1 and all(np.ptp(design.x[design.stratum == s, j]) == 0 for s in strata):
        return ": it is constant within each stratum, whose baseline holds it"
    return ": it tells the time, which the baseline holds" if _is_time(design, j) else ""


def _is_time(design: Design, j: int) -> bool:
    """Tell whether a covariate follows from the time at which a row ends, as age may."""
    x, at = design.x[:, j], np.unique(design.stop, return_inverse=True)[1]
    value = np.zeros(at.max() + 1)
    value[at] = x
    return bool((value[at] == x).all())


def _loads(information: FloatArray, j: int, others: IntArray) -> FloatArray:
    if not len(others):
        return np.zeros(0)
    loads: FloatArray = np.linalg.solve(information[np.ix_(others, others)], information[others, j])
    return loads


def _standard_deviations(design: Design) -> FloatArray:
    squares = [np.einsum("i,i,i", design.number, column, column) for column in design.x.T]
    spread: FloatArray = np.sqrt(np.array(squares) / design.number.sum())
    return np.where(spread > 0, spread, 1.0)


def _halved(
    evaluate: Callable[[FloatArray], Likelihood],
    beta: FloatArray,
    step: FloatArray,
    now: Likelihood,
    *,
    whole: bool,
) -> tuple[FloatArray, Likelihood] | None:
    """Take the step, or half of it, a quarter, ... until the likelihood does not fall.

    A last step is taken whole: it gains less than the rounding of the likelihood's value.
    """
    share = 1.0
    slack = 1e-12 * abs(now.value)
    for _ in range(40):
        there = beta + share * step
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            following = evaluate(there)
        finite = np.isfinite(following.value) and np.isfinite(following.information).all()
        if finite and (whole or following.value >= now.value - slack):
            return there, following
        share /= 2
    return None
