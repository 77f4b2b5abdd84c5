"""Poisson regression on time at risk: Newton's steps on a likelihood with a single top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from belbiotech.errors import FitError
from belbiotech.survival.inference.identification import (
    refuse_collinear,
    separating_direction,
    standardise,
)
from belbiotech.survival.inference.variance import squares, symmetric_inverse
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["Exposure", "PoissonMaximum", "fit_poisson"]

MOST_STEPS, HALVINGS = 100, 40
SETTLED = 1e-20  # gain of the last step, relative to the events; one more step follows
ROUNDING = 1e-13  # of a log likelihood, relative
WIDE = 20.0  # range of the log hazard from which a ratio may be infinite


@dataclass(frozen=True)
class Exposure:
    """Pieces of rows with their time at risk.

    Attributes
    ----------
    x : array of float, (r, p)
        Covariates, then one column of 0/1 for each interval of time.
    names : tuple of str, (p,)
        Names of the coefficients.
    intervals : int
        How many columns at the end are those of time.
    time : array of float, (r,)
        How long a piece is.
    events, weight : array of float, (r,)
        Whether the event ends it (0 or 1), and the weight of the rows that it stands for.
    outcome, clock : str
        Names of the outcome and of the time, for messages.
    """

    x: FloatArray
    names: tuple[str, ...]
    intervals: int
    time: FloatArray
    events: FloatArray
    weight: FloatArray
    outcome: str
    clock: str


@dataclass(frozen=True)
class PoissonMaximum:
    """Coefficients where the likelihood is highest.

    Attributes
    ----------
    beta : array of float, (p,)
        The coefficients.
    naive : array of float, (p, p)
        Inverse of the information.
    log_likelihood : float
        That of Poisson numbers of events, with the logarithms of the times.
    scores : array of float, (r, p)
        Each piece's part of the score, not weighted.
    """

    beta: FloatArray
    naive: FloatArray
    log_likelihood: float
    scores: FloatArray


def fit_poisson(pieces: Exposure) -> PoissonMaximum:
    """Maximise the likelihood of a hazard that is constant in each interval.

    Parameters
    ----------
    pieces : Exposure
        All intervals with events.

    Returns
    -------
    PoissonMaximum
        In the covariates' own units.

    Raises
    ------
    FitError
        Covariates that are constant or collinear, or a likelihood without a maximum.

    References
    ----------
    Holford (1980), Biometrics 36:299-305. Laird and Olivier (1981), Journal of the American
    Statistical Association 76:231-240.
    """
    first = len(pieces.names) - pieces.intervals
    ones = np.r_[np.zeros(first), np.ones(pieces.intervals)]
    used = pieces.weight > 0
    standard = standardise(pieces.x[used], ones, pieces.weight[used])
    refuse_collinear(standard.x, pieces.names, pieces.intervals, pieces.clock)
    time, events, weight = pieces.time[used], pieces.events[used], pieces.weight[used]
    start = np.zeros(len(pieces.names))
    at = standard.x[:, first:]
    start[first:] = np.log((weight * events) @ at / ((weight * time) @ at))
    gamma = _climb(standard.x, time, events, weight, start)
    if gamma is None or np.ptp(standard.x @ gamma) > WIDE:
        _refuse_separation(pieces, standard.x, events)
    if gamma is None:
        msg = "no maximum found by Newton's steps; simplify the model"
        raise FitError(msg)
    expected = time * np.exp(standard.x @ gamma)
    naive = symmetric_inverse(squares(standard.x, weight * expected))
    beta = standard.back @ gamma
    residual = pieces.events - pieces.time * np.exp(pieces.x @ beta)
    return PoissonMaximum(
        beta=beta,
        naive=standard.back @ naive @ standard.back.T,
        log_likelihood=_log_likelihood(standard.x, time, events, weight, gamma),
        scores=pieces.x * residual[:, None],
    )


def _climb(
    x: FloatArray, time: FloatArray, events: FloatArray, weight: FloatArray, gamma: FloatArray
) -> FloatArray | None:
    """Take Newton's steps, each halved until the likelihood does not fall; None: no end."""
    height, total = _log_likelihood(x, time, events, weight, gamma), weight @ events
    for _ in range(MOST_STEPS):
        expected = time * np.exp(x @ gamma)
        score = x.T @ (weight * (events - expected))
        try:
            with np.errstate(divide="ignore", invalid="ignore"):
                step = symmetric_inverse(squares(x, weight * expected)) @ score
        except np.linalg.LinAlgError:
            return None
        if not np.isfinite(step).all():
            return None
        gain = score @ step
        for _ in range(HALVINGS):
            with np.errstate(over="ignore"):
                higher = _log_likelihood(x, time, events, weight, gamma + step)
            if higher >= height - ROUNDING * abs(height):
                break
            step = step / 2
        gamma, height = gamma + step, higher
        if gain <= SETTLED * total:
            return gamma
    return None


def _log_likelihood(
    x: FloatArray, time: FloatArray, events: FloatArray, weight: FloatArray, gamma: FloatArray
) -> float:
    """Sum ``d (x b + log T) - T exp(x b)``; the factorials of 0 and 1 are 1."""
    eta = x @ gamma
    return float(weight @ (events * (eta + np.log(time)) - time * np.exp(eta)))


def _refuse_separation(pieces: Exposure, x: FloatArray, events: FloatArray) -> None:
    """Refuse a direction in which the hazard of rows without events falls for ever."""
    some = events > 0
    direction = separating_direction(np.vstack([-x[~some], x[some], -x[some]]))
    if direction is None:
        return
    first = len(pieces.names) - pieces.intervals
    named = _listed([pieces.names[j] for j in np.flatnonzero(direction[:first])])
    msg = (
        f"no {pieces.outcome} among rows that {named} single out: the hazard ratio is 0 or "
        "infinite, and the likelihood has no maximum; join the level to another, leave the "
        "covariate out, or use cox(..., firth=True)"
    )
    raise FitError(msg)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(map(repr, names)) or "time alone"
