"""Coefficients and log frailties for a given variance: Newton steps on thousands of groups.

The information of b and w is ``M - B'B``: M is sparse (each row is in one group) and B has a row
or two for each event time, so that systems are solved in the smaller of the two sizes, number of
times and number of groups.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from belbiotech.errors import FitError
from belbiotech.survival.cox.partial_likelihood import (
    Design,
    RiskSets,
    linear_predictor,
    row_hazard,
    step_sums,
)
from belbiotech.survival.rows.checks import FloatArray, IntArray

__all__ = ["Grouped", "GroupedFit", "fit_groups"]

MAX_STEPS = 100
# Largest last step of a log frailty, or of a coefficient in standard deviations of its covariate:
# what is left after it is of the order of its square.
SETTLED = 1e-7
SMALLEST = 1e-10  # share of a step
ROUNDING = 1e-12  # relative, of the likelihood


@dataclass(frozen=True)
class Grouped:
    """Counted rows, each in one group.

    Attributes
    ----------
    design : Design
        Counted rows, covariates centred.
    sets : RiskSets
        Their risk sets.
    group : array of int, (m,)
        Groups as 0, 1, ..., g - 1.
    events : array of float, (g,)
        Weight of the events of each group.
    """

    design: Design
    sets: RiskSets
    group: IntArray
    events: FloatArray


@dataclass(frozen=True)
class GroupedFit:
    """Where the penalised partial likelihood is highest, for one theta.

    Attributes
    ----------
    beta : array of float, (p,)
        Coefficients.
    log_frailty : array of float, (g,)
        w of each group.
    value : float
        The penalised partial log likelihood.
    variance : array of float, (p, p)
        Of the coefficients: their block of the inverse of the whole information.
    """

    beta: FloatArray
    log_frailty: FloatArray
    value: float
    variance: FloatArray


@dataclass(frozen=True)
class _Slopes:
    """Value, score and information of the penalised likelihood at some b and w.

    ``score_b`` (p,), ``score_w`` (g,); the information's parts: ``diagonal`` (g,) and ``cross``
    (g, p) and ``square`` (p, p) of M, ``b_x`` (q, p) and ``b_w`` (q, g) of B.
    """

    value: float
    score_b: FloatArray
    score_w: FloatArray
    diagonal: FloatArray
    cross: FloatArray
    square: FloatArray
    b_x: FloatArray
    b_w: FloatArray


def fit_groups(
    model: Grouped, theta: float, beta: FloatArray, log_frailty: FloatArray
) -> GroupedFit:
    """Maximise the penalised partial likelihood for one theta.

    Parameters
    ----------
    model : Grouped
        Rows, risk sets and groups.
    theta : float
        Variance of the frailty, above 0.
    beta : array of float, (p,)
        Coefficients to start from.
    log_frailty : array of float, (g,)
        Log frailties to start from.

    Returns
    -------
    GroupedFit
        Estimates, penalised likelihood and the coefficients' variance given theta.

    Raises
    ------
    FitError
        No maximum found.
    """
    nu = 1 / theta
    spread = np.sqrt(np.average(model.design.x**2, axis=0, weights=model.design.number))
    now = _slopes(model, nu, beta, log_frailty)
    for _ in range(MAX_STEPS):
        step_b, step_w, _ = _newton(now)
        largest = max(np.abs(step_w).max(), np.abs(step_b * spread).max(initial=0.0))
        share = 1.0
        following = _slopes(model, nu, beta + step_b, log_frailty + step_w)
        # A step that is settled is taken whole: the value moves by less than its last digits.
        while largest > SETTLED and not following.value >= now.value - ROUNDING * abs(now.value):
            share /= 2
            if share < SMALLEST:
                msg = f"the frailty model with variance {theta:g} has no maximum; simplify it"
                raise FitError(msg)
            following = _slopes(model, nu, beta + share * step_b, log_frailty + share * step_w)
        beta, log_frailty = beta + share * step_b, log_frailty + share * step_w
        now = following
        if largest <= SETTLED:
            return GroupedFit(beta, log_frailty, now.value, _newton(now)[2])
    msg = f"no maximum of the frailty model in {MAX_STEPS} steps; simplify the model"
    raise FitError(msg)


def _slopes(model: Grouped, nu: float, beta: FloatArray, w: FloatArray) -> _Slopes:
    design, sets, group = model.design, model.sets, model.group
    linear = linear_predictor(design.x.T, beta, design.offset) + w[group]
    with np.errstate(over="ignore", invalid="ignore"):
        risk, frailty = np.exp(linear), np.exp(w)
        steps = step_sums(design, sets, risk)
        exposed = design.weight * risk * row_hazard(design, sets, steps)
    seen = design.weight * design.event
    x = design.x * exposed[:, None]
    count = len(w)
    expected = np.bincount(group, exposed, count)
    cross = np.array([np.bincount(group, column, count) for column in x.T]).reshape(-1, count).T
    b_x, b_w = _outer_factor(model, risk)
    return _Slopes(
        value=float(seen @ linear - steps.log_value + nu * np.sum(w - frailty + 1)),
        score_b=design.x.T @ (seen - exposed),
        score_w=model.events - expected + nu * (1 - frailty),
        diagonal=expected + nu * frailty,
        cross=cross,
        square=x.T @ design.x,
        b_x=b_x,
        b_w=b_w,
    )


def _outer_factor(model: Grouped, risk: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give B, whose B'B is the sum over all steps of share times mean times mean'.

    At one time the mean of step f is (S - f D) / (s0 - f d0), with the sums S over those at risk
    and D over those that fail. With c = share / (s0 - f d0)^2 and its moments c0, c1, c2 in f,
    the sum of c (S - f D)(S - f D)' is that of two squares: c0 of (S - D c1 / c0), and
    (c2 - c1^2 / c0) of D.
    """
    design, sets = model.design, model.sets
    weighted = design.weight * risk
    s_w, d_w = _by_group(model, weighted)
    s_x = sets.total(weighted[:, None] * design.x)
    d_x = np.zeros_like(s_x)
    np.add.at(d_x, sets.own, (weighted[:, None] * design.x)[design.event])
    at, f, k = sets.position, sets.fraction, len(sets.time)
    c = sets.share[at] / (s_w.sum(axis=1)[at] - f * d_w.sum(axis=1)[at]) ** 2
    c0, c1, c2 = (np.bincount(at, c * f**power, k) for power in range(3))
    tied = np.flatnonzero(np.bincount(at, minlength=k) > 1)
    first, shift = np.sqrt(c0)[:, None], (c1 / c0)[:, None]
    second = np.sqrt(np.maximum(c2 - c1**2 / c0, 0.0))[tied, None]
    b_x = np.concatenate([first * (s_x - shift * d_x), second * d_x[tied]])
    b_w = np.concatenate([first * (s_w - shift * d_w), second * d_w[tied]])
    return b_x, b_w


def _by_group(model: Grouped, weighted: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sum by event time and group, (k, g): over those at risk, and over those that fail."""
    sets, group = model.sets, model.group
    k, g = len(sets.time), len(model.events)
    entering = np.bincount(sets.first * g + group, weighted, (k + 1) * g)
    leaving = np.bincount(sets.last * g + group, weighted, (k + 1) * g)
    at_risk = np.cumsum((entering - leaving).reshape(k + 1, g), axis=0)[:k]
    dead = model.design.event
    failing = np.bincount(sets.own * g + group[dead], weighted[dead], k * g)
    return at_risk, failing.reshape(k, g).astype(np.float64)


def _newton(now: _Slopes) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Newton step of b and of w, and the variance of b, by way of the block of w."""
    solve = _solver(now.diagonal, now.b_w)
    link = now.cross - now.b_w.T @ now.b_x
    solved = solve(np.column_stack([link, now.score_w]))
    inner, outer = solved[:, :-1], solved[:, -1]
    information = now.square - now.b_x.T @ now.b_x - link.T @ inner
    variance = np.linalg.inv(information)
    variance = (variance + variance.T) / 2
    step_b = variance @ (now.score_b - link.T @ outer)
    return step_b, outer - inner @ step_b, variance


def _solver(diagonal: FloatArray, b: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Give the function that solves (diag - b'b) y = r, in the smaller of the two sizes."""
    from scipy.linalg import cho_factor, cho_solve

    if len(b) >= len(diagonal):
        whole = cho_factor(np.diag(diagonal) - b.T @ b)
        return lambda right: cho_solve(whole, right)
    # Woodbury: (D - b'b)^-1 = D^-1 + D^-1 b' (1 - b D^-1 b')^-1 b D^-1
    scaled = b / diagonal
    small = cho_factor(np.eye(len(b)) - scaled @ b.T)
    return lambda right: right / diagonal[:, None] + scaled.T @ cho_solve(small, scaled @ right)
