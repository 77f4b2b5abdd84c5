"""Newton-Raphson up a log likelihood that is evaluated in memory, or by passes over rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from belbiotech.errors import FitError
from belbiotech.survival.cox.partial_likelihood import Design, Likelihood
from belbiotech.survival.rows.checks import FloatArray, IntArray

__all__ = ["LEAVE_OUT", "RUNS", "Maximum", "Spread", "climb", "largest_of", "refuse_dependent_ones"]

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


@dataclass(frozen=True)
class Spread:
    """What must be known of the covariates to climb, if not the rows.

    Attributes
    ----------
    scale : array of float, (p,)
        Standard deviations; 1 where a covariate has none.
    largest : array of float, (p,)
        The largest size of each, its mean taken off.
    constant : array of bool, (p,)
        Which are the same in all rows.
    deaths : float
        The weight of all events.
    unit : float
        That of one, which is the unit of the likelihood.
    """

    scale: FloatArray
    largest: FloatArray
    constant: NDArray[np.bool_]
    deaths: float
    unit: float

    @classmethod
    def of(cls, design: Design) -> Spread:
        """Look at the rows."""
        constant = np.array([np.ptp(column) == 0 for column in design.x.T], dtype=bool)
        deaths = float(design.weight[design.event].sum())
        unit = deaths / float(design.number[design.event].sum())
        return cls(standard_deviations(design), largest_of(design), constant, deaths, unit)


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


def climb(
    evaluate: Callable[[FloatArray], Likelihood],
    at_zero: Likelihood,
    spread: Spread,
    names: Sequence[str],
    start: FloatArray | None = None,
    *,
    endless: Callable[[FloatArray], FitError] | None = None,
    why: Callable[[int], str] = lambda _: "",
) -> Maximum:
    """Newton-Raphson with step halving, of a likelihood that is evaluated somewhere.

    Parameters
    ----------
    evaluate : callable
        From coefficients, (p,), to value, score and information.
    at_zero : Likelihood
        The same at coefficients of zero.
    spread : Spread
        Of the covariates.
    names : sequence of str, (p,)
        Names of the coefficients, for messages.
    start : array of float, (p,), optional
        Where to begin, if the likelihood is higher there than at zero.
    endless : callable, optional
        From a direction, (p,), in which the likelihood rises for ever to what is said of it.
    why : callable
        Says why a covariate does not vary among rows at risk together.

    Returns
    -------
    Maximum
        Coefficients in the covariates' own units.

    Raises
    ------
    FitError
        Covariates that are constant or collinear, or a likelihood without a maximum.
    """
    said = endless or (lambda direction: _no_end(direction, spread, names))
    scale, largest, unit = spread.scale, spread.largest, spread.unit
    if not len(names):
        return Maximum(np.zeros(0), at_zero, at_zero, 0)
    refuse_dependent_ones(at_zero.information, spread, names, why)
    beta, now = np.zeros(len(names)), at_zero
    if start is not None and start.any():
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            there = evaluate(start)  # of a sample: the risk of other rows may have no end there
        if there.value > now.value and np.isfinite(there.information).all():
            beta, now = start, there
    for taken in range(1, MAX_STEPS + 1):
        step = _newton(now, scale)
        distance = float(step @ now.score) / unit  # squared, to the maximum, in standard errors
        found = _halved(evaluate, beta, step, now, whole=0 <= distance < CLOSE)
        after = now if found is None else found[1]
        flat = step @ after.information @ step < FLAT * (step @ at_zero.information @ step)
        runs = (np.abs(step) * largest).max() >= RUNS
        no_gain = found is None or (after.value - now.value < NO_GAIN * unit and runs)
        if flat and no_gain:
            raise said(step)
        if found is None:
            msg = (
                "the likelihood does not rise in the direction of its slope; rescale the covariates"
            )
            raise FitError(msg)
        beta, now = found
        if np.max(np.abs(step * scale)) < SETTLED or 0 <= distance < SURE:
            level, direction = _flattest(now.information, at_zero.information)
            if level < VANISHED:
                raise said(direction)
            return Maximum(beta, now, at_zero, taken)
    msg = f"no maximum found in {MAX_STEPS} Newton-Raphson steps; simplify the model"
    raise FitError(msg)


def _no_end(direction: FloatArray, spread: Spread, names: Sequence[str]) -> FitError:
    """Say along which coefficients the likelihood rises for ever, where no rows can be named."""
    moved = np.abs(direction) * spread.largest
    told = ", ".join(repr(names[j]) for j in np.flatnonzero(moved > RUNS * moved.max()).tolist())
    return FitError(
        f"the likelihood has no maximum: it rises for ever with the coefficient of {told}; "
        f"{LEAVE_OUT}"
    )


def largest_of(design: Design) -> FloatArray:
    """Give the largest size of each covariate, (p,)."""
    return np.array([max(column.max(), -column.min()) for column in design.x.T])


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
        step = np.linalg.lstsq(information, score, rcond=None)[0] / scale
    return step


def refuse_dependent_ones(
    information: FloatArray,
    spread: Spread,
    names: Sequence[str],
    why: Callable[[int], str],
) -> None:
    """Refuse covariates that are constant, or that others determine.

    Parameters
    ----------
    information : array of float, (p, p)
        Of the partial likelihood at coefficients of zero.
    spread : Spread
        Of the covariates.
    names : sequence of str, (p,)
        Names of the coefficients.
    why : callable
        Says why a covariate does not vary among rows at risk together.

    Raises
    ------
    FitError
        Naming each such covariate.
    """
    scale = spread.scale
    problems = []
    kept: list[int] = []
    for j, name in enumerate(names):
        if spread.constant[j]:
            problems.append(f"covariate {name!r} is constant; leave it out")
            continue
        own = information[j, j]
        if own <= DEPENDENT * spread.deaths * scale[j] ** 2:
            problems.append(
                f"covariate {name!r} does not vary among rows that are at risk together at an "
                f"event{why(j)}; leave it out"
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


def _loads(information: FloatArray, j: int, others: IntArray) -> FloatArray:
    if not len(others):
        return np.zeros(0)
    loads: FloatArray = np.linalg.solve(information[np.ix_(others, others)], information[others, j])
    return loads


def standard_deviations(design: Design) -> FloatArray:
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
