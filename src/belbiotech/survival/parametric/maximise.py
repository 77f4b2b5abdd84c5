"""Accelerated failure time models brought to the highest maximum of their likelihood.

Newton-Raphson with step halving from several points; equal to R's ``survreg`` where that takes the
rows. lifelines' fitters are a second opinion in the tests: with late entries they stop too early.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from belbiotech.errors import FitError
from belbiotech.survival.discrete.binomial import Binomial, separation_message
from belbiotech.survival.inference.identification import (
    refuse_collinear,
    separating_direction,
    standardise,
)
from belbiotech.survival.parametric.location_scale import (
    DISTRIBUTIONS,
    AftDesign,
    AftLikelihood,
    DistributionName,
    aft_likelihood,
)
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["AftMaximum", "fit_aft"]

MAX_STEPS = 60
LEVEL = 1e-6  # standard errors from the maximum within which the slope counts as none
SMALLEST = 1e-3  # spread of log times to begin with, where they are all alike
SETTLED = 1e-9  # largest last step of a standardised coefficient: its error is the square
NO_SPREAD = -15.0  # log s below which the model says that nothing is left to chance


@dataclass(frozen=True)
class AftMaximum:
    """Coefficients where the likelihood is highest.

    Attributes
    ----------
    theta : array of float, (p + 1,)
        Coefficients, and log s.
    naive : array of float, (p + 1, p + 1)
        Inverse of the information.
    log_likelihood : float
        At the maximum.
    scores : array of float, (n, p + 1)
        Each spell's part of the score, not weighted.
    """

    theta: FloatArray
    naive: FloatArray
    log_likelihood: float
    scores: FloatArray


def fit_aft(
    design: AftDesign, distribution: DistributionName, names: Sequence[str], outcome: str
) -> AftMaximum:
    """Fit by Newton-Raphson from several points: the highest maximum of the likelihood.

    With late entries the likelihood may have more than one, and none where it rises for ever.

    Parameters
    ----------
    design : AftDesign
        Spells of positive weight; covariates, then a column of ones.
    distribution : {"weibull", "lognormal", "loglogistic"}
        Of the times.
    names : sequence of str, (p,)
        Names of the coefficients.
    outcome : str
        Name of the event, for messages.

    Returns
    -------
    AftMaximum
        In the covariates' own units.

    Raises
    ------
    FitError
        Covariates that are constant or collinear, a group without events, a distribution that
        does not fit the data at all.
    """
    ones = (np.arange(len(names)) == len(names) - 1).astype(float)
    standard = standardise(design.x, ones, design.weight)
    refuse_collinear(standard.x, names, 1, "time")
    _refuse_separation(design, names, outcome)
    inner = replace(design, x=standard.x)
    theta = _highest(inner, distribution)
    best = aft_likelihood(inner, DISTRIBUTIONS[distribution], theta)
    back = np.eye(len(theta))
    back[:-1, :-1] = standard.back
    return AftMaximum(
        theta=back @ theta,
        naive=back @ np.linalg.inv(best.information) @ back.T,
        log_likelihood=best.value,
        scores=np.asarray(np.linalg.solve(back.T, best.scores.T).T, dtype=np.float64),
    )


def _highest(design: AftDesign, distribution: DistributionName) -> FloatArray:
    """Give the best of the maxima that are reached from the starts."""
    kind = DISTRIBUTIONS[distribution]
    found: list[tuple[float, FloatArray]] = []
    failures: list[FitError] = []
    for begin in [*_starts(design), *_without_effects(design, distribution)]:
        try:
            theta = _newton(design, begin, distribution)
        except FitError as failure:
            failures.append(failure)
            continue
        there = aft_likelihood(design, kind, theta)
        if _is_maximum(there, design.weight):
            found.append((there.value, theta))
    if found:
        return max(found, key=lambda one: one[0])[1]
    if failures:
        raise failures[0]
    raise _no_fit(distribution, "the likelihood is flat in some direction, without a maximum")


def _starts(design: AftDesign) -> Iterator[FloatArray]:
    """Begin with no effects, at the mean log time and beyond, with small and large scales."""
    middle = float(np.average(design.log_exit, weights=design.weight))
    spread = float(np.sqrt(np.average((design.log_exit - middle) ** 2, weights=design.weight)))
    log_spread = np.log(max(spread, SMALLEST))
    for further in (0.0, 1.0):
        for larger in (0.0, 1.0, -1.0):
            theta = np.zeros(design.x.shape[1] + 1)
            theta[-2] = middle + further * max(spread, SMALLEST)
            theta[-1] = log_spread + larger
            yield theta


def _without_effects(design: AftDesign, distribution: DistributionName) -> Iterator[FloatArray]:
    """Begin at the maximum without covariates, so that none with them is lower."""
    if design.x.shape[1] == 1:
        return
    theta = np.zeros(design.x.shape[1] + 1)
    with contextlib.suppress(FitError):
        theta[-2:] = _highest(replace(design, x=design.x[:, -1:]), distribution)
        yield theta


def _is_maximum(there: AftLikelihood, weight: FloatArray) -> bool:
    """Check that the likelihood has no slope there, and falls to all sides.

    The slope is held against its own error, the root of its information: it is then in standard
    errors of the coefficients.
    """
    values, vectors = np.linalg.eigh(there.information)
    if values.min() <= 0:
        return False
    slope = vectors.T @ (weight @ there.scores) / np.sqrt(values)
    return bool(np.abs(slope).max() < LEVEL)


def _newton(design: AftDesign, theta: FloatArray, distribution: DistributionName) -> FloatArray:
    """Newton-Raphson with step halving, from a good start."""
    kind = DISTRIBUTIONS[distribution]
    now = aft_likelihood(design, kind, theta)
    for _ in range(MAX_STEPS):
        step = _uphill(design, now)
        for _ in range(40):
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                following = aft_likelihood(design, kind, theta + step)
            if following.value >= now.value - 1e-12 * abs(now.value):
                break
            step = step / 2
        else:
            raise _no_fit(distribution, "the likelihood does not rise along its slope")
        theta, now = theta + step, following
        if theta[-1] < NO_SPREAD:
            raise _no_fit(distribution, "the covariates tell the times without error (scale 0)")
        if np.abs(step).max() < SETTLED:
            return theta
    raise _no_fit(distribution, f"no maximum found in {MAX_STEPS} Newton-Raphson steps")


def _uphill(design: AftDesign, now: AftLikelihood) -> FloatArray:
    """Solve for the Newton step; bend it uphill where the likelihood is not concave."""
    score = design.weight @ now.scores
    values, vectors = np.linalg.eigh(now.information)
    values = np.maximum(np.abs(values), 1e-12 * np.abs(values).max())
    step: FloatArray = vectors @ ((vectors.T @ score) / values)
    return step


def _no_fit(distribution: str, reason: str) -> FitError:
    return FitError(
        f"the {distribution} distribution cannot be fitted: {reason}; try another distribution "
        "(compare_distributions shows which can be), or fewer covariates"
    )


def _refuse_separation(design: AftDesign, names: Sequence[str], outcome: str) -> None:
    """Stop where survival can be made ever longer for rows without events, and for no other."""
    scale = np.abs(design.x).max(axis=0)
    x = design.x / scale
    sides = np.vstack([x[design.event], -x[design.event], x[~design.event]])
    direction = separating_direction(sides)
    if direction is None:
        return
    rows = Binomial(
        x=design.x,
        names=tuple(names),
        ones=(np.arange(len(names)) == len(names) - 1).astype(float),
        baseline=1,
        event=design.event.astype(np.int64),
        number=np.ones(len(design.x)),
        weight=design.weight,
        outcome=outcome,
        time="time",
    )
    told = separation_message(rows, direction / scale)
    msg = f"the likelihood has no maximum: {told} (one row a unit); leave it out, or merge levels"
    raise FitError(msg)
