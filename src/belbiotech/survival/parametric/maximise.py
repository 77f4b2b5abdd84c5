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

__all__ = ["AftMaximum", "fit_aft", "without_covariates"]

MAX_STEPS = 60
LEVEL = 1e-6  # standard errors from the maximum within which the slope counts as none
SMALLEST = 1e-3  # spread of log times to begin with, where they are all alike
SETTLED = 1e-9  # largest last step of a standardised coefficient: its error is the square
LIKE_LIMIT = 0.02  # change of log(t h(t)) by log t within a spell that counts as none
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

    With late entries the likelihood may have more than one, and none where the hazard falls faster
    than 1/t: a hazard c/t is each of these distributions in the limit only.

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


def without_covariates(design: AftDesign, distribution: DistributionName, outcome: str) -> float:
    """Give the highest log likelihood without covariates, which may be that of its limit.

    Parameters
    ----------
    design : AftDesign
        Spells of positive weight; the last covariate is the column of ones.
    distribution : {"weibull", "lognormal", "loglogistic"}
        Of the times.
    outcome : str
        Name of the event, for messages.

    Returns
    -------
    float
        The supremum: where all enter late and the hazard falls faster than 1/t, that of a hazard
        c/t, with c the events over the sum of log(exit / entry).

    Raises
    ------
    FitError
        A distribution that does not fit the data at all.
    """
    alone = replace(design, x=design.x[:, -1:])
    try:
        return fit_aft(alone, distribution, ["Intercept"], outcome).log_likelihood
    except FitError:
        if not np.isfinite(design.log_entry).all():
            raise
    dead = design.weight * design.event
    c = dead.sum() / (design.weight @ (design.log_exit - design.log_entry))
    return float(dead.sum() * (np.log(c) - 1) - dead @ design.log_exit)


def _highest(design: AftDesign, distribution: DistributionName) -> FloatArray:
    """Give the best of the maxima that are reached from the starts."""
    kind = DISTRIBUTIONS[distribution]
    found: list[tuple[float, FloatArray]] = []
    ends: list[tuple[FloatArray, str]] = []
    begins = [*_starts(design), *_without_effects(design, distribution)]
    for climb in (_newton, _newton_by_scale):
        for begin in begins:
            theta, failure = climb(design, begin, distribution)
            if not failure:
                there = aft_likelihood(design, kind, theta)
                if _is_maximum(there, design.weight):
                    found.append((there.value, theta))
                    continue
            ends.append((theta, failure or "the likelihood is flat in some direction"))
        if found:
            return max(found, key=lambda one: one[0])[1]
    for theta, _ in reversed(ends):
        _refuse_limit(design, distribution, theta)
    raise _no_fit(distribution, ends[0][1])


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


def _newton(
    design: AftDesign, theta: FloatArray, distribution: DistributionName, *, by_scale: bool = False
) -> tuple[FloatArray, str]:
    """Newton-Raphson with step halving: where it ends, and why it is no maximum, if it is none."""
    kind = DISTRIBUTIONS[distribution]
    now = aft_likelihood(design, kind, theta)
    for _ in range(MAX_STEPS):
        step = _uphill(design, now, theta if by_scale else None)
        for _ in range(40):
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                there = theta + step
                if by_scale:
                    there[:-1] = (theta[:-1] * np.exp(-theta[-1]) + step[:-1]) * np.exp(there[-1])
                following = aft_likelihood(design, kind, there)
            if following.value >= now.value - 1e-12 * abs(now.value):
                break
            step = step / 2
        else:
            return theta, "the likelihood does not rise along its slope"
        theta, now = there, following
        if theta[-1] < NO_SPREAD:
            return theta, "the covariates tell the times without error (scale 0)"
        if np.abs(step).max() < SETTLED:
            return theta, ""
    return theta, f"no maximum found in {MAX_STEPS} Newton-Raphson steps"


def _newton_by_scale(
    design: AftDesign, theta: FloatArray, distribution: DistributionName
) -> tuple[FloatArray, str]:
    """Climb by b / s and log s, with times from their middle: straight ways to far maxima."""
    middle = float(np.average(design.log_exit, weights=design.weight))
    moved = replace(design, log_entry=design.log_entry - middle, log_exit=design.log_exit - middle)
    shift = np.zeros(len(theta))
    shift[-2] = middle
    end, failure = _newton(moved, theta - shift, distribution, by_scale=True)
    return end + shift, failure


def _uphill(design: AftDesign, now: AftLikelihood, by_scale: FloatArray | None) -> FloatArray:
    """Solve for the Newton step; bend it uphill where the likelihood is not concave.

    By scale, theta given: the step is of g = b / s and log s, so that b = g exp(log s).
    """
    score, information = design.weight @ now.scores, now.information
    if by_scale is not None:
        beta, scale = by_scale[:-1], np.exp(by_scale[-1])
        turn = np.eye(len(by_scale))
        turn[:-1, :-1] *= scale
        turn[:-1, -1] = beta
        information = turn.T @ information @ turn
        information[:-1, -1] -= scale * score[:-1]
        information[-1, :-1] -= scale * score[:-1]
        information[-1, -1] -= beta @ score[:-1]
        score = turn.T @ score
    values, vectors = np.linalg.eigh(information)
    values = np.maximum(np.abs(values), 1e-12 * np.abs(values).max())
    step: FloatArray = vectors @ ((vectors.T @ score) / values)
    return step


def _refuse_limit(design: AftDesign, distribution: DistributionName, theta: FloatArray) -> None:
    """Tell a climb that ended where the hazard is c/t: t h(t) is the same at entry and exit."""
    late = np.isfinite(design.log_entry)
    hazard, scale = DISTRIBUTIONS[distribution].log_hazard, np.exp(theta[-1])
    linear = design.x[late] @ theta[:-1]
    entry, last = design.log_entry[late], design.log_exit[late]
    change = hazard((last - linear) / scale)[0] - hazard((entry - linear) / scale)[0]
    flat = int((np.abs(change) < LIKE_LIMIT * (last - entry)).sum())
    if flat:
        grows = (
            "its typical time falls to 0" if distribution == "loglogistic" else "its scale grows"
        )
        msg = (
            f"the {distribution} distribution cannot be fitted: the likelihood has no maximum; it "
            f"rises as {grows} without end, towards a hazard of c/t, which the distribution never "
            f"reaches (in {flat:,d} of {len(late):,d} spells: the hazard falls at least that "
            "fast between entry and exit). Count time from each unit's own start instead of a "
            "calendar, try another distribution (compare_distributions shows which can be), fewer "
            "covariates, or piecewise_exponential()"
        )
        raise FitError(msg)


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
