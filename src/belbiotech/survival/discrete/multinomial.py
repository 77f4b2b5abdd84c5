"""Multinomial logit on counted rows: several fates, or none, in each period.

Symbols: y is 0 (nothing) or the fate k = 1, ..., K; p_k = exp(x'b_k) / (1 + sum of exp(x'b_l)).
statsmodels' ``MNLogit`` takes neither counts nor weights, nor a fate that a period cannot have;
it is the second opinion in the tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from belbiotech.errors import FitError
from belbiotech.survival.discrete.binomial import Binomial, separation_message
from belbiotech.survival.inference.identification import (
    refuse_collinear,
    separating_direction,
    standardise,
)
from belbiotech.survival.rows.checks import FloatArray

__all__ = [
    "Multinomial",
    "MultinomialFit",
    "coefficient_names",
    "fate_probabilities",
    "fit_multinomial",
]

MAX_STEPS = 50
SETTLED = 1e-9  # largest last step of a standardised coefficient: its error is the square
SURE = 1e-9  # probability below which a row looks separated


@dataclass(frozen=True)
class Multinomial:
    """Counted rows with one of several fates.

    Attributes
    ----------
    rows : Binomial
        Covariates, baseline, numbers and weights; its event is the fate, 0, 1, ..., K.
    outcomes : tuple of str, (K,)
        Names of the fates.
    possible : array of bool, (r, K)
        Fates that can happen in the row's period; the others' probability is 0.
    active : array of bool, (K, p)
        Coefficients that are estimated; the others are those of periods without such a fate.
    """

    rows: Binomial
    outcomes: tuple[str, ...]
    possible: NDArray[np.bool_]
    active: NDArray[np.bool_]


@dataclass(frozen=True)
class MultinomialFit:
    """Coefficients where the likelihood is highest; those not estimated are left out.

    Attributes
    ----------
    beta : array of float, (q,)
        The coefficients, fate after fate.
    naive : array of float, (q, q)
        Inverse of the information.
    log_likelihood : float
        Of all rows.
    scores : array of float, (r, q)
        Each row's part of the score, not weighted.
    """

    beta: FloatArray
    naive: FloatArray
    log_likelihood: float
    scores: FloatArray


def fit_multinomial(model: Multinomial) -> MultinomialFit:
    """Fit by Newton-Raphson with step halving, each covariate standardised.

    Parameters
    ----------
    model : Multinomial
        Counted rows.

    Returns
    -------
    MultinomialFit
        In the covariates' own units.

    Raises
    ------
    FitError
        Covariates that are constant or collinear, or a likelihood without a maximum.

    References
    ----------
    Agresti (2013), Categorical Data Analysis, section 8.1.
    """
    rows = model.rows
    used = rows.weight > 0
    standard = standardise(rows.x[used], rows.ones, rows.weight[used])
    _refuse_collinear(model, standard.x, used)
    event = rows.event[used]
    inner = replace(
        model,
        rows=replace(rows, x=standard.x, event=event, weight=rows.weight[used]),
        possible=model.possible[used],
    )
    gamma, settled = _newton(inner)
    scores, information = _scores(inner, gamma), _information(inner, gamma)
    if not settled or _looks_separated(inner, gamma):
        _refuse_separation(model)
    if not settled:
        msg = f"no maximum found in {MAX_STEPS} Newton-Raphson steps; simplify the model"
        raise FitError(msg)
    back = _back(standard.back, model.active)
    everywhere = np.zeros((len(used), scores.shape[1]))
    everywhere[used] = np.linalg.solve(back.T, scores.T).T
    return MultinomialFit(
        beta=back @ gamma,
        naive=back @ np.linalg.inv(information) @ back.T,
        log_likelihood=_value(inner, gamma),
        scores=everywhere,
    )


def _refuse_collinear(model: Multinomial, x: FloatArray, used: NDArray[np.bool_]) -> None:
    """Refuse collinear covariates: of each fate by itself where fates have others."""
    rows = model.rows
    first = len(rows.names) - rows.baseline
    if model.active[:, :first].all():
        refuse_collinear(x, rows.names, rows.baseline, rows.time)
        return
    for k, active in enumerate(model.active):
        names = [name for name, own in zip(rows.names, active, strict=True) if own]
        own = x[model.possible[used, k]][:, active]
        refuse_collinear(own, names, int(active[first:].sum()), rows.time)


def fate_probabilities(x: FloatArray, beta: FloatArray, possible: NDArray[np.bool_]) -> FloatArray:
    """Give the probability of each fate.

    Parameters
    ----------
    x : array of float, (r, p)
        Covariates and baseline.
    beta : array of float, (K, p)
        Coefficients, zero where not estimated.
    possible : array of bool, (r, K)
        Fates that can happen.

    Returns
    -------
    array of float, (r, K)
        0 where a fate cannot happen.
    """
    eta = np.where(possible, x @ beta.T, -np.inf)
    top = np.maximum(eta.max(axis=1, keepdims=True), 0.0)
    odds = np.exp(eta - top)
    share: FloatArray = odds / (np.exp(-top) + odds.sum(axis=1, keepdims=True))
    return share


def _newton(model: Multinomial) -> tuple[FloatArray, bool]:
    gamma = np.zeros(int(model.active.sum()))
    value = _value(model, gamma)
    for _ in range(MAX_STEPS):
        score = model.rows.weight @ _scores(model, gamma)
        step = np.linalg.lstsq(_information(model, gamma), score, rcond=None)[0]
        for _ in range(40):
            following = _value(model, gamma + step)
            if following >= value - 1e-12 * abs(value):
                break
            step = step / 2
        gamma, value = gamma + step, following
        if np.abs(step).max() < SETTLED:
            return gamma, True
    return gamma, False


def _probabilities(model: Multinomial, gamma: FloatArray) -> FloatArray:
    beta = np.zeros(model.active.shape)
    beta[model.active] = gamma
    return fate_probabilities(model.rows.x, beta, model.possible)


def _value(model: Multinomial, gamma: FloatArray) -> float:
    p = _probabilities(model, gamma)
    all_fates = np.column_stack([1 - p.sum(axis=1), p])
    own = all_fates[np.arange(len(p)), model.rows.event]
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(model.rows.weight @ np.log(own))


def _scores(model: Multinomial, gamma: FloatArray) -> FloatArray:
    """Give each row's (y_k - p_k) x, fate after fate, where estimated: (r, q)."""
    p = _probabilities(model, gamma)
    happened = model.rows.event[:, None] == np.arange(1, p.shape[1] + 1)
    blocks = [
        model.rows.x[:, active] * (happened[:, k] - p[:, k])[:, None]
        for k, active in enumerate(model.active)
    ]
    return np.hstack(blocks)


def _information(model: Multinomial, gamma: FloatArray) -> FloatArray:
    """Give x' (p_k (1[k = l] - p_l)) x in blocks, where estimated: (q, q)."""
    p, x = _probabilities(model, gamma), model.rows.x
    blocks = []
    for k, one in enumerate(model.active):
        row = []
        for m, other in enumerate(model.active):
            curve = model.rows.weight * p[:, k] * (float(k == m) - p[:, m])
            row.append((x[:, one] * curve[:, None]).T @ x[:, other])
        blocks.append(row)
    return np.asarray(np.block(blocks), dtype=np.float64)


def _back(back: FloatArray, active: NDArray[np.bool_]) -> FloatArray:
    """Give the way back to the covariates' units for the coefficients of all fates."""
    whole = np.kron(np.eye(len(active)), back)
    kept = active.ravel()
    return np.asarray(whole[np.ix_(kept, kept)], dtype=np.float64)


def _looks_separated(model: Multinomial, gamma: FloatArray) -> bool:
    """Tell whether some row is as good as sure to have a fate, or not to have it."""
    p = _probabilities(model, gamma)
    return bool(np.any((p < SURE) & model.possible) or np.any(p.sum(axis=1) > 1 - SURE))


def _refuse_separation(model: Multinomial) -> None:
    used = model.rows.weight > 0
    scale = np.abs(model.rows.x[used]).max(axis=0)
    sides = _sides(model, model.rows.x / scale)
    direction = separating_direction(sides)
    if direction is None:
        return
    blocks = np.zeros(model.active.shape)
    blocks[model.active] = direction
    told = [
        _told(model, k, blocks[k] / scale) for k in range(len(model.outcomes)) if blocks[k].any()
    ]
    msg = (
        f"the likelihood has no maximum: {'; '.join(told)}; leave such a covariate out, merge "
        "levels, or use cox(..., firth=True) for each fate"
    )
    raise FitError(msg)


def _sides(model: Multinomial, x: FloatArray) -> FloatArray:
    """Give x times (own fate - other fate), for each other fate that was possible."""
    fates = len(model.outcomes)
    parts = []
    for other in range(fates + 1):
        can = np.ones(len(x), dtype=bool) if other == 0 else model.possible[:, other - 1]
        chosen = can & (model.rows.event != other) & (model.rows.weight > 0)
        own = model.rows.event[chosen][:, None] == np.arange(1, fates + 1)
        sign = own.astype(float) - (other == np.arange(1, fates + 1))
        blocks = [sign[:, [k]] * x[chosen][:, active] for k, active in enumerate(model.active)]
        parts.append(np.hstack(blocks))
    return np.vstack(parts)


def _told(model: Multinomial, k: int, direction: FloatArray) -> str:
    one = replace(
        model.rows,
        event=(model.rows.event == k + 1).astype(np.int64),
        outcome=model.outcomes[k],
    )
    return separation_message(one, direction)


def coefficient_names(
    names: Sequence[str], outcomes: Sequence[str], active: NDArray[np.bool_]
) -> list[tuple[str, str]]:
    """Name the coefficients that are estimated: outcome and column."""
    return [
        (outcome, name)
        for outcome, row in zip(outcomes, active, strict=True)
        for name, estimated in zip(names, row, strict=True)
        if estimated
    ]
