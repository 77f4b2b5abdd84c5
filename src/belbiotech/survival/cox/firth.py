"""Firth's penalised partial likelihood: finite estimates where events are few or separated.

The penalised log likelihood is ``l*(b) = l(b) + log|I(b)| / 2`` (Firth 1993; for the Cox model
Heinze and Schemper 2001). Everything is computed from the risk sets of start-stop rows, so that
delayed entry, strata and both kinds of ties are as in the plain model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import FitError
from belbiotech.survival.cox.fit import CoxFit, FirthFit
from belbiotech.survival.cox.maximise import Maximum, fit_at, refuse_dependent
from belbiotech.survival.cox.partial_likelihood import (
    Design,
    Likelihood,
    RiskSets,
    Steps,
    likelihood,
    likelihood_of,
    linear_predictor,
    prepare,
    row_hazard,
    step_sums,
)
from belbiotech.survival.cox.rows import CoxModel
from belbiotech.survival.inference.test_result import TestResult
from belbiotech.survival.inference.variance import symmetric_inverse
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["fit_firth", "penalised_likelihood", "penalised_test"]

MAX_STEPS = 500
SETTLED = 1e-11  # largest last step, in standard deviations of a covariate
OVERSHOT = 0.5  # share of the slope that may be left, with the other sign, at the end of a step
CLOSE = 1e-8  # squared distance to the maximum at which a value that rises no more is the highest
LARGEST = 2.0  # of a step, in the same unit: far steps leave the region where I(b) is known
NEAR = 1e-8  # a step of the search for a limit after which no other is needed, in standard errors
FAR = 60  # standard errors within which the limits of an interval are sought


@dataclass(frozen=True)
class _Scaled:
    """Counted rows with covariates of unit size, and their risk sets."""

    design: Design
    sets: RiskSets


def fit_firth(model: CoxModel) -> CoxFit:
    """Fit a Cox model with Firth's penalty.

    Parameters
    ----------
    model : CoxModel
        Counted rows and covariates.

    Returns
    -------
    CoxFit
        Its log likelihoods are the penalised ones, its variance is the inverse of the
        information at the estimates; ``firth`` has the profile intervals and tests.

    Raises
    ------
    FitError
        Constant or collinear covariates, no covariates, no maximum.

    Notes
    -----
    Case weights are scaled to a mean of 1: the penalty does not grow with them, so that their
    scale would decide how much it counts. Rows that stand for several are a matter of frequencies.

    References
    ----------
    Firth (1993), Biometrika 80:27-38; Heinze and Schemper (2001), Biometrics 57:114-119.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import cox
    >>> rows = pd.DataFrame({"start": 0, "stop": [k % 7 + 1 for k in range(40)]})
    >>> rows["failure"] = [k % 2 for k in range(40)]
    >>> rows["size"] = [k * k % 11 for k in range(40)]
    >>> result = cox("failure ~ size", rows, firth=True)
    >>> result.firth.intervals.round(4)
           lower   upper
    size -0.1213  0.2145
    """
    names = list(model.matrix.names)
    if not names:
        msg = "firth=True needs covariates: there is nothing to penalise in 'outcome ~ 1'"
        raise FitError(msg)
    model = replace(model, design=_of_mean_weight_one(model.design))
    design = model.design
    sets, p = prepare(design, model.ties), len(names)
    size = _sizes(design)
    at_zero = likelihood(design, sets, np.zeros(p))
    refuse_dependent(at_zero.information, np.where(size > 0, size, 1.0), design, names)
    scaled = _Scaled(replace(design, x=design.x / size), sets)
    best, top = _maximise(scaled, np.zeros(p), np.ones(p, dtype=bool))
    # log|I| in the covariates' own units.
    units = float(np.log(size).sum())
    null = penalised_likelihood(scaled.design, sets, np.zeros(p))
    here = likelihood(design, sets, best / size)
    maximum = Maximum(
        best / size,
        replace(here, value=top.value + units),
        replace(at_zero, value=null.value + units, score=null.score * size),
        0,
    )
    fit = fit_at(model, sets, maximum, symmetric_inverse(here.information))
    errors = np.sqrt(np.diag(symmetric_inverse(top.information)))
    intervals = np.array(
        [[_limit(scaled, best, top, errors, j, side) for side in (-1, 1)] for j in range(p)]
    )
    firth = FirthFit(
        log_likelihood=here.value,
        intervals=pd.DataFrame(intervals / size[:, None], index=names, columns=["lower", "upper"]),
        tests=_tests(scaled, best, top.value, names),
    )
    return replace(fit, firth=firth)


def _of_mean_weight_one(design: Design) -> Design:
    scale = design.weight.sum() / design.number.sum()
    return design if scale == 1 else replace(design, weight=design.weight / scale)


def penalised_test(fit: CoxFit, columns: Sequence[int]) -> TestResult:
    """Test some coefficients at once, by the likelihood with the penalty of all.

    Parameters
    ----------
    fit : CoxFit
        A fit with ``firth=True``.
    columns : sequence of int
        The coefficients that are zero under the hypothesis; the others are free.

    Returns
    -------
    TestResult
        Twice the fall of the penalised log likelihood, as ``coxphftest`` of R's coxphf.

    References
    ----------
    Heinze and Schemper (2001), Biometrics 57:114-119.
    """
    size = _sizes(fit.design)
    scaled = _Scaled(replace(fit.design, x=fit.design.x / size), fit.sets)
    best = fit.params.to_numpy() * size
    top = penalised_likelihood(scaled.design, scaled.sets, best).value
    return _without(scaled, best, top, columns)


def _sizes(design: Design) -> FloatArray:
    """Root mean square of each covariate, (p,)."""
    sizes: FloatArray = np.sqrt(np.average(design.x**2, axis=0, weights=design.number))
    return sizes


def _without(scaled: _Scaled, best: FloatArray, top: float, columns: Sequence[int]) -> TestResult:
    """Test that some coefficients are zero: how far the penalised likelihood falls without."""
    free = ~np.isin(np.arange(len(best)), columns)
    _, there = _maximise(scaled, np.where(free, best, 0.0), free)
    fall = top - there.value
    return TestResult.chi2(max(2 * fall, 0.0), len(columns), "Penalised likelihood ratio")


def penalised_likelihood(design: Design, sets: RiskSets, beta: FloatArray) -> Likelihood:
    """Compute Firth's penalised log likelihood, its score, and the information without penalty.

    Parameters
    ----------
    design : Design
        Counted rows.
    sets : RiskSets
        Their risk sets.
    beta : array of float, (p,)
        The coefficients.

    Returns
    -------
    Likelihood
        Value and score of ``l(b) + log|I(b)| / 2``; the information is I(b).
    """
    linear = linear_predictor(design.x.T, beta, design.offset)
    risk = np.exp(linear)
    steps = step_sums(design, sets, risk)
    plain = likelihood_of(design, sets, linear, risk, steps)
    sign, log_determinant = np.linalg.slogdet(plain.information)
    if sign <= 0:
        return replace(plain, value=-np.inf)
    inverse = symmetric_inverse(plain.information)
    slope = _penalty_slope(design, sets, risk, steps, inverse)
    return Likelihood(plain.value + log_determinant / 2, plain.score + slope, plain.information)


def _penalty_slope(
    design: Design, sets: RiskSets, risk: FloatArray, steps: Steps, inverse: FloatArray
) -> FloatArray:
    """Slope of log|I(b)| / 2: half the trace of I^-1 dI/db_j, (p,).

    dI/db_j is the third central moment of x in the risk sets, summed with the share of each
    step s. With A = I^-1, a = x'Ax, m the mean of x, E the mean in the risk set, the trace is
    the sum of share (E[x a] - 2 E[x x'] A m - m E[a] + 2 m m'Am); the first three are summed
    by row, over the times a row was at risk.
    """
    passed = row_hazard(design, sets, steps)
    passed_mean = _passed_mean(design, sets, steps)
    turned = design.x @ inverse
    square = np.einsum("ij,ij->i", turned, design.x)
    across = np.einsum("ij,ij->i", turned, passed_mean)
    exposed = design.weight * risk
    by_row = design.x.T @ (exposed * (passed * square - 2 * across))
    by_row -= passed_mean.T @ (exposed * square)
    mean = _step_means(design, sets, risk, exact=steps.exact)
    length = np.einsum("sj,jk,sk->s", mean, inverse, mean)
    slope: FloatArray = by_row / 2 + mean.T @ (sets.share[sets.position] * length)
    return slope


def _passed_mean(design: Design, sets: RiskSets, steps: Steps) -> FloatArray:
    """Sum of hazard times mean covariate over the times at which each row was at risk, (m, p)."""
    passed = sets.collect(steps.hazard_mean, exact=steps.exact)
    passed[design.event] += (steps.own_hazard_mean - steps.hazard_mean)[sets.own]
    return passed


def _step_means(design: Design, sets: RiskSets, risk: FloatArray, *, exact: bool) -> FloatArray:
    """Mean covariates of those at risk at each step of the ties, (steps, p)."""
    weighted = np.column_stack([design.x, np.ones(len(risk))]) * (design.weight * risk)[:, None]
    dead = np.zeros((len(sets.time), weighted.shape[1]))
    np.add.at(dead, sets.own, weighted[design.event])
    at_risk = sets.total(weighted, exact=exact)
    left = at_risk[sets.position] - sets.fraction[:, None] * dead[sets.position]
    return left[:, :-1] / left[:, -1:]


def _maximise(
    scaled: _Scaled, beta: FloatArray, free: NDArray[np.bool_]
) -> tuple[FloatArray, Likelihood]:
    """Bring the penalised likelihood to its maximum over the free coefficients.

    I(b) is not the curvature of the penalised likelihood: that is learnt from the slopes on the
    way, which saves half of the steps (BFGS; Nocedal and Wright 2006, Numerical Optimization, 6.1).
    """
    now = penalised_likelihood(scaled.design, scaled.sets, beta)
    if not free.any():
        return beta, now
    curvature = now.information[np.ix_(free, free)]
    for _ in range(MAX_STEPS):
        step = np.zeros(len(beta))
        step[free] = np.linalg.solve(curvature, now.score[free])
        step *= min(1.0, LARGEST / max(np.abs(step).max(), LARGEST))
        distance = float(step @ now.score)  # squared, to the maximum, in standard errors
        before, slope = beta, now.score
        beta, now = _uphill(scaled, beta, step, now)
        stays = np.abs(beta - before).max() < SETTLED and distance < CLOSE
        if np.abs(step).max() < SETTLED or stays:
            return beta, now
        curvature = _learnt(curvature, (beta - before)[free], (slope - now.score)[free])
    msg = f"no maximum of the penalised likelihood in {MAX_STEPS} steps; simplify the model"
    raise FitError(msg)


def _learnt(curvature: FloatArray, moved: FloatArray, fell: FloatArray) -> FloatArray:
    """Give the curvature under which the slope falls as it was seen to fall, (p, p)."""
    turned = curvature @ moved
    if not moved @ fell > 0.1 * (moved @ turned):  # keeps it positive definite, and far from flat
        return curvature
    return (
        curvature
        - np.outer(turned, turned) / (moved @ turned)
        + np.outer(fell, fell) / (moved @ fell)
    )


def _uphill(
    scaled: _Scaled, beta: FloatArray, step: FloatArray, now: Likelihood
) -> tuple[FloatArray, Likelihood]:
    """Take the step, or less of it, until the likelihood does not fall.

    I(b) is not the curvature of the penalised likelihood, so that a step may pass the maximum by
    far: the slope at its end then tells where on the way it was.
    """
    slack = 1e-12 * abs(now.value)
    slope = step @ now.score
    for _ in range(40):
        following = penalised_likelihood(scaled.design, scaled.sets, beta + step)
        ahead = step @ following.score if np.isfinite(following.value) else -np.inf
        beyond = ahead < -OVERSHOT * slope  # the maximum on the way has been passed by far
        if following.value >= now.value - slack and not beyond:
            return beta + step, following
        share = slope / (slope - ahead) if beyond and np.isfinite(ahead) else 0.5
        step, slope = step * share, slope * share
    msg = "the penalised likelihood does not rise in the direction of its slope; simplify the model"
    raise FitError(msg)


def _tests(scaled: _Scaled, best: FloatArray, top: float, names: list[str]) -> pd.DataFrame:
    tests = [_without(scaled, best, top, [j]) for j in range(len(names))]
    lines = [(test.statistic, test.df, test.p_value) for test in tests]
    return pd.DataFrame(lines, index=names, columns=["statistic", "df", "p_value"])


def _limit(
    scaled: _Scaled, best: FloatArray, top: Likelihood, errors: FloatArray, j: int, side: int
) -> float:
    """Find where twice the fall of the profile is the 95% point of chi-squared with 1 df.

    The root of twice the fall is nearly a straight line, on which Newton's steps are few. Its
    slope is known: where the other coefficients are at their best, the profile's is the score.
    """
    from scipy.special import ndtri

    z, free = float(ndtri(0.975)), np.arange(len(best)) != j
    error = float(errors[j])
    beta, now = best, top
    inside, outside, far = 0.0, np.inf, z  # standard errors from the estimate
    while inside < FAR and outside - inside > SETTLED:
        at = best[j] + side * far * error
        ahead = beta + (at - beta[j]) * _along(now, free, j)
        beta, now = _highest(scaled, (ahead, np.where(free, best, at)), free)
        root = float(np.sqrt(2 * max(top.value - now.value, 0.0)))
        slope = -side * error * float(now.score[j]) / root if root else 0.0
        step = (z - root) / slope if slope > 0 else np.inf
        if abs(step) < NEAR:  # its square is less than what is told of the likelihood
            return float(best[j] + side * (far + step) * error)
        inside, outside = (far, outside) if root < z else (inside, far)
        far = min(far + step, 1.3 * far)
        if not inside < far < outside:
            far = (inside + outside) / 2
    return float(best[j] + side * inside * error) if inside < FAR else side * np.inf


def _highest(
    scaled: _Scaled, starts: Sequence[FloatArray], free: NDArray[np.bool_]
) -> tuple[FloatArray, Likelihood]:
    """Maximise from several starts: with few events there may be several maxima.

    A start from which none is reached is passed over, as long as another reaches one.
    """
    found, failed = [], FitError()
    for begin in starts:
        try:
            found.append(_maximise(scaled, begin, free))
        except FitError as error:
            failed = error
    if not found:
        raise failed
    return max(found, key=lambda reached: reached[1].value)


def _along(now: Likelihood, free: NDArray[np.bool_], j: int) -> FloatArray:
    """Say how the other coefficients move, about, where coefficient j moves by one, (p,)."""
    direction = np.ones(len(free))
    direction[free] = -np.linalg.solve(
        now.information[np.ix_(free, free)], now.information[free, j]
    )
    return direction
