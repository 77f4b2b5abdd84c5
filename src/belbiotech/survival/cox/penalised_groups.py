"""Coefficients and log frailties for a given variance: Newton steps on thousands of groups.

The information of b and w is ``M - B'B``: M is sparse (each row is in one group) and B has two rows
for each event time, so that systems are solved in the smaller of the two sizes, number of
times and number of groups.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

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

__all__ = ["SETTLED", "Grouped", "GroupedFit", "Slopes", "fit_groups"]

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
class Slopes:
    """Value, score and information of a likelihood at some b and w.

    ``score_b`` (p,), ``score_w`` (g,); the information's parts: ``diagonal`` (g,) and ``cross``
    (g, p) and ``square`` (p, p) of M; ``b_x`` (2 k, p), and for the groups ``b_w`` (k, g) and,
    sparse, ``tied`` (k, g), of B.
    """

    value: float
    score_b: FloatArray
    score_w: FloatArray
    diagonal: FloatArray
    cross: FloatArray
    square: FloatArray
    b_x: FloatArray
    b_w: FloatArray
    tied: Any

    def penalised(self, nu: float, w: FloatArray) -> Slopes:
        """Add the penalty ``nu sum(w - exp(w) + 1)``."""
        frailty = np.exp(w)
        return replace(
            self,
            value=self.value + nu * float(np.sum(w - frailty + 1)),
            score_w=self.score_w + nu * (1 - frailty),
            diagonal=self.diagonal + nu * frailty,
        )


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
    slopes : Slopes
        Of the partial likelihood there: where a fit with another theta begins.
    """

    beta: FloatArray
    log_frailty: FloatArray
    value: float
    variance: FloatArray
    slopes: Slopes


def fit_groups(
    model: Grouped,
    theta: float,
    beta: FloatArray,
    log_frailty: FloatArray,
    slopes: Slopes | None = None,
    *,
    settled: float = SETTLED,
    errors: bool = True,
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
    slopes : Slopes, optional
        Those of the partial likelihood there, where they are known.
    settled : float
        The largest last step: larger while theta is only looked for.
    errors : bool
        Whether the variance is asked for; it is NaN if not.

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
    bare = _slopes(model, beta, log_frailty) if slopes is None else slopes
    now = bare.penalised(nu, log_frailty)
    for _ in range(MAX_STEPS):
        step_b, step_w, _ = _newton(now)
        largest = max(np.abs(step_w).max(), np.abs(step_b * spread).max(initial=0.0))
        share = 1.0
        bare = _slopes(model, beta + step_b, log_frailty + step_w)
        following = bare.penalised(nu, log_frailty + step_w)
        # A step that is settled is taken whole: the value moves by less than its last digits.
        while largest > settled and not following.value >= now.value - ROUNDING * abs(now.value):
            share /= 2
            if share < SMALLEST:
                msg = f"the frailty model with variance {theta:g} has no maximum; simplify it"
                raise FitError(msg)
            bare = _slopes(model, beta + share * step_b, log_frailty + share * step_w)
            following = bare.penalised(nu, log_frailty + share * step_w)
        beta, log_frailty = beta + share * step_b, log_frailty + share * step_w
        now = following
        if largest <= settled:
            variance = _newton(now)[2] if errors else np.full((len(beta),) * 2, np.nan)
            return GroupedFit(beta, log_frailty, now.value, variance, bare)
    msg = f"no maximum of the frailty model in {MAX_STEPS} steps; simplify the model"
    raise FitError(msg)


def _slopes(model: Grouped, beta: FloatArray, w: FloatArray) -> Slopes:
    """Give those of the partial likelihood, without a penalty."""
    design, sets, group = model.design, model.sets, model.group
    linear = linear_predictor(design.x.T, beta, design.offset) + w[group]
    with np.errstate(over="ignore", invalid="ignore"):
        risk = np.exp(linear)
        steps = step_sums(design, sets, risk)
        exposed = design.weight * risk * row_hazard(design, sets, steps)
    seen = design.weight * design.event
    x = design.x * exposed[:, None]
    count = len(w)
    expected = np.bincount(group, exposed, count).astype(np.float64, copy=False)
    cross = np.array([np.bincount(group, column, count) for column in x.T]).reshape(-1, count).T
    b_x, b_w, tied = _outer_factor(model, risk)
    return Slopes(
        value=float(seen @ linear - steps.log_value),
        score_b=design.x.T @ (seen - exposed),
        score_w=model.events - expected,
        diagonal=expected,
        cross=cross,
        square=x.T @ design.x,
        b_x=b_x,
        b_w=b_w,
        tied=tied,
    )


def _outer_factor(model: Grouped, risk: FloatArray) -> tuple[FloatArray, FloatArray, Any]:
    """Give B, whose B'B is the sum over all steps of share times mean times mean'.

    At one time the mean of step f is (S - f D) / (s0 - f d0), with the sums S over those at risk
    and D over those that fail. With c = share / (s0 - f d0)^2 and its moments c0, c1, c2 in f,
    the sum of c (S - f D)(S - f D)' is that of two squares: c0 of (S - D c1 / c0), and
    (c2 - c1^2 / c0) of D.
    """
    from scipy.sparse import csr_array

    design, sets, groups = model.design, model.sets, len(model.events)
    weighted, dead = design.weight * risk, design.event
    k, own, failing = len(sets.time), sets.own, weighted[design.event]
    s_w = _at_risk_by_group(model, weighted)
    s_x = sets.total(weighted[:, None] * design.x)
    d_x = np.zeros_like(s_x)
    np.add.at(d_x, own, failing[:, None] * design.x[dead])
    at, f = sets.position, sets.fraction
    c = sets.share[at] / (s_w.sum(axis=1)[at] - f * np.bincount(own, failing, k)[at]) ** 2
    c0, c1, c2 = (np.bincount(at, c * f**power, k) for power in range(3))
    first, shift = np.sqrt(c0), c1 / c0
    second = np.sqrt(np.maximum(c2 - c1**2 / c0, 0.0))
    b_x = np.concatenate([first[:, None] * (s_x - shift[:, None] * d_x), second[:, None] * d_x])
    b_w = s_w
    b_w *= first[:, None]
    np.subtract.at(b_w, (own, model.group[dead]), (first * shift)[own] * failing)
    tied = csr_array((second[own] * failing, (own, model.group[dead])), shape=(k, groups))
    return b_x, b_w, tied


def _at_risk_by_group(model: Grouped, weighted: FloatArray) -> FloatArray:
    """Sum over those at risk by event time and group, (k, g)."""
    sets, k, g = model.sets, len(model.sets.time), len(model.events)
    change: FloatArray = np.bincount(sets.first * g + model.group, weighted, (k + 1) * g).astype(
        np.float64, copy=False
    )
    change -= np.bincount(sets.last * g + model.group, weighted, (k + 1) * g)
    by_time = change.reshape(k + 1, g)[:k]
    at_risk: FloatArray = np.cumsum(by_time, axis=0, out=by_time)
    return at_risk


def _newton(now: Slopes) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Newton step of b and of w, and the variance of b, by way of the block of w."""
    solve = _solver(now.diagonal, now.b_w, now.tied)
    k = len(now.b_w)
    link = now.cross - now.b_w.T @ now.b_x[:k] - now.tied.T @ now.b_x[k:]
    solved = solve(np.column_stack([link, now.score_w]))
    inner, outer = solved[:, :-1], solved[:, -1]
    information = now.square - now.b_x.T @ now.b_x - link.T @ inner
    variance = np.linalg.inv(information)
    variance = (variance + variance.T) / 2
    step_b = variance @ (now.score_b - link.T @ outer)
    return step_b, outer - inner @ step_b, variance


def _solver(diagonal: FloatArray, b: FloatArray, tied: Any) -> Callable[[FloatArray], FloatArray]:
    """Give the function that solves (diag - b'b - t't) y = r, in the smaller of the two sizes."""
    from scipy.linalg import cho_factor, cho_solve

    k = len(b)
    if 2 * k >= len(diagonal):
        whole = cho_factor(np.diag(diagonal) - b.T @ b - (tied.T @ tied).toarray())
        return lambda right: cho_solve(whole, right)
    # Woodbury: (D - b'b)^-1 = D^-1 + D^-1 b' (1 - b D^-1 b')^-1 b D^-1, with b and t as one
    scaled, scaled_tied = b / diagonal, tied * (1 / diagonal)
    inner = np.eye(2 * k)
    inner[:k, :k] -= scaled @ b.T
    inner[k:, :k] = -(scaled_tied @ b.T)
    inner[:k, k:] = inner[k:, :k].T
    inner[k:, k:] -= (scaled_tied @ tied.T).toarray()
    small = cho_factor(inner)

    def solve(right: FloatArray) -> FloatArray:
        found = cho_solve(small, np.concatenate([scaled @ right, scaled_tied @ right]))
        moved = right / diagonal[:, None] + scaled.T @ found[:k]
        moved += scaled_tied.T @ found[k:]
        return np.asarray(moved, dtype=np.float64)

    return solve
