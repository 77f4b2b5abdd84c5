"""Models of a yes or no on counted rows: Fisher's scoring, checked for a maximum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from belbiotech.errors import FitError
from belbiotech.survival.discrete.links import LINKS, LinkName
from belbiotech.survival.inference.identification import (
    refuse_collinear,
    separating_direction,
    standardise,
)
from belbiotech.survival.rows.checks import FloatArray, IntArray

__all__ = ["Binomial", "BinomialFit", "fit_binomial", "separation_message"]

SETTLED = 1e-11  # largest last step of a coefficient, in standard deviations of its covariate
MOST_STEPS = 200
CLOSE = 1e-8  # the same, from which on steps that get no shorter are rounding
SMALLEST_SHARE = 1e-9  # of a step, when it is halved
SURE = 1e-9  # probability below which a row looks separated


@dataclass(frozen=True)
class Binomial:
    """Counted rows with a yes or no.

    Attributes
    ----------
    x : array of float, (r, p)
        Covariates, then the baseline's columns.
    names : tuple of str, (p,)
        Names of the coefficients.
    ones : array of float, (p,)
        What the columns must be multiplied with to add up to 1.
    baseline : int
        How many columns at the end are the baseline's.
    event : array of int, (r,)
        1 where it happened.
    number, weight : array of float, (r,)
        Rows that each stands for, and their case weights' sum.
    outcome, time : str
        Names of the outcome and of the start, for messages.
    offset : array of float, (r,), or None
        What is added to each row's linear predictor.
    """

    x: FloatArray
    names: tuple[str, ...]
    ones: FloatArray
    baseline: int
    event: IntArray
    number: FloatArray
    weight: FloatArray
    outcome: str
    time: str
    offset: FloatArray | None = None


@dataclass(frozen=True)
class BinomialFit:
    """Coefficients where the likelihood is highest.

    Attributes
    ----------
    beta : array of float, (p,)
        The coefficients.
    naive : array of float, (p, p)
        Inverse of the expected information, as R's ``vcov`` of a ``glm``.
    log_likelihood : float
        Bernoulli log likelihood of all rows.
    scores : array of float, (r, p)
        Each row's part of the score, not weighted.
    """

    beta: FloatArray
    naive: FloatArray
    log_likelihood: float
    scores: FloatArray


def fit_binomial(rows: Binomial, link: LinkName) -> BinomialFit:
    """Fit by iterated weighted least squares, each covariate standardised.

    Parameters
    ----------
    rows : Binomial
        Counted rows.
    link : {"cloglog", "logit"}
        From the linear predictor to the probability.

    Returns
    -------
    BinomialFit
        In the covariates' own units.

    Raises
    ------
    FitError
        Covariates that are constant or collinear, or a likelihood without a maximum.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, section 4.
    """
    used = rows.weight > 0
    standard = standardise(rows.x[used], rows.ones, rows.weight[used])
    refuse_collinear(standard.x, rows.names, rows.baseline, rows.time)
    event, weight = rows.event[used], rows.weight[used]
    every = np.zeros(len(rows.x)) if rows.offset is None else rows.offset
    offset = every[used]
    with np.errstate(all="ignore"):  # a step too far is taken back; what does not settle is told
        gamma, settled = _iterate(standard.x, event, weight, link, offset)
        separated = not settled or _looks_separated(offset + standard.x @ gamma, link)
    if separated:
        _refuse_separation(rows)
    if not settled:
        msg = f"no maximum found in {MOST_STEPS} steps of Fisher's scoring; simplify the model"
        raise FitError(msg)
    # everything at the very same coefficients: R gives the information of the step before the last
    eta = offset + standard.x @ gamma
    naive = np.linalg.inv(_information(standard.x, weight, eta, link))
    beta = standard.back @ gamma
    return BinomialFit(
        beta=beta,
        naive=standard.back @ naive @ standard.back.T,
        log_likelihood=_log_likelihood(eta, event, weight, link),
        scores=rows.x * _row_scores(every + rows.x @ beta, rows.event, link)[:, None],
    )


def _row_scores(eta: FloatArray, event: IntArray, link: LinkName) -> FloatArray:
    """Give the derivatives of each row's log likelihood by the linear predictor."""
    functions = LINKS[link]
    return np.where(event == 1, functions.event_score(eta), functions.survival_score(eta))


def _log_likelihood(eta: FloatArray, event: IntArray, weight: FloatArray, link: LinkName) -> float:
    functions = LINKS[link]
    log = np.where(event == 1, functions.event_log(eta), functions.survival_log(eta))
    return float(weight @ log)


def _information(x: FloatArray, weight: FloatArray, eta: FloatArray, link: LinkName) -> FloatArray:
    """Give the expected information: x' W x with W = h'^2 / (h (1 - h))."""
    functions = LINKS[link]
    # h' / h is the event's score, and -h' / (1 - h) the survivor's.
    curve = -functions.event_score(eta) * functions.survival_score(eta)
    information: FloatArray = (x * (weight * curve)[:, None]).T @ x
    return information


def _looks_separated(eta: FloatArray, link: LinkName) -> bool:
    """Tell whether some row is as good as sure to have the event, or not to have it."""
    hazard = LINKS[link].hazard(eta)
    return bool(np.any((hazard < SURE) | (hazard > 1 - SURE)))


def _iterate(
    x: FloatArray, event: IntArray, weight: FloatArray, link: LinkName, offset: FloatArray
) -> tuple[FloatArray, bool]:
    """Fisher's scoring from R's start, or from equal hazards where that one leads astray."""
    for begin in (_from_data, _from_equal_hazards):
        gamma, settled = _scoring(
            x, event, weight, link, offset, begin(x, event, weight, link, offset)
        )
        if settled:
            break
    return gamma, settled


def _from_equal_hazards(
    x: FloatArray, event: IntArray, weight: FloatArray, link: LinkName, offset: FloatArray
) -> FloatArray:
    """Begin with the mean hazard everywhere."""
    mean = float(np.clip(np.average(event, weights=weight), 1e-6, 1 - 1e-6))
    eta = np.log(-np.log1p(-mean)) if link == "cloglog" else np.log(mean / (1 - mean))
    gamma: FloatArray = np.linalg.lstsq(x, eta - offset, rcond=None)[0]
    return gamma


def _from_data(
    x: FloatArray, event: IntArray, weight: FloatArray, link: LinkName, offset: FloatArray
) -> FloatArray:
    """Begin as R's ``glm``: each hazard half way to what was seen."""
    functions = LINKS[link]
    start = (weight * event + 0.5) / (weight + 1)
    eta = np.log(-np.log1p(-start)) if link == "cloglog" else np.log(start / (1 - start))
    hazard, slope = functions.hazard(eta), functions.slope(eta)
    curve = weight * slope**2 / (hazard * (1 - hazard))
    toward = eta - offset + (event - hazard) / slope
    root = np.sqrt(curve)
    gamma: FloatArray = np.asarray(np.linalg.lstsq(x * root[:, None], toward * root, rcond=None)[0])
    return gamma


def _scoring(
    x: FloatArray,
    event: IntArray,
    weight: FloatArray,
    link: LinkName,
    offset: FloatArray,
    gamma: FloatArray,
) -> tuple[FloatArray, bool]:
    """Take steps, each halved until the likelihood does not fall."""
    value = _log_likelihood(offset + x @ gamma, event, weight, link)
    last = np.inf
    for _ in range(MOST_STEPS):
        eta = offset + x @ gamma
        information = _information(x, weight, eta, link)
        score = x.T @ (weight * _row_scores(eta, event, link))
        if not (np.isfinite(information).all() and np.isfinite(score).all()):
            return gamma, False
        step = np.linalg.lstsq(information, score, rcond=None)[0]
        share = 1.0
        while share > SMALLEST_SHARE:
            there = gamma + share * step
            after = _log_likelihood(offset + x @ there, event, weight, link)
            if after >= value - 1e-13 * abs(value):
                break
            share /= 2
        else:
            return gamma, False
        gamma, value = there, after
        size = float(np.abs(share * step).max(initial=0))
        if size < SETTLED or (size < CLOSE and size > last / 2):  # or down to rounding
            return gamma, bool(np.isfinite(gamma).all())
        last = size
    return gamma, False


def _refuse_separation(rows: Binomial) -> None:
    used = rows.weight > 0
    sign = np.where(rows.event[used] == 1, 1.0, -1.0)
    scale = np.abs(rows.x[used]).max(axis=0)
    direction = separating_direction(rows.x[used] / scale * sign[:, None])
    if direction is None:
        return
    told = separation_message(rows, direction / scale)
    msg = (
        f"the likelihood has no maximum: {told}; leave such a covariate out, merge levels, or use "
        "cox(..., firth=True)"
    )
    raise FitError(msg)


def separation_message(rows: Binomial, direction: FloatArray) -> str:
    """Say which rows make coefficients infinite.

    Parameters
    ----------
    rows : Binomial
        Counted rows.
    direction : array of float, (p,)
        Coefficients that separate them.

    Returns
    -------
    str
        Like "no failure among the 12 rows with spinoff = 1".
    """
    margin = rows.x @ direction
    sure = np.abs(margin) > 1e-7 * np.abs(margin).max()
    first = len(rows.names) - rows.baseline
    involved = [int(j) for j in np.flatnonzero(direction[:first])]
    where = _described(rows, sure, involved)
    count = f"{rows.number[sure].sum():,.0f} rows {where}"
    if not rows.event[sure].any():
        return f"no {rows.outcome} among the {count}"
    if rows.event[sure].all():
        return f"{rows.outcome} in all of the {count}"
    return f"{rows.outcome} can be told without error from {_listed(rows.names, involved)}"


def _described(rows: Binomial, sure: FloatArray, involved: Sequence[int]) -> str:
    if not involved:
        return f"that {rows.time!r} singles out"
    if len(involved) > 1:
        return f"that {_listed(rows.names, involved)} single out"
    values = rows.x[sure, involved[0]]
    name = rows.names[involved[0]]
    if np.ptp(values) == 0:
        return f"with {name} = {values[0]:g}"
    return f"with {name} from {values.min():g} to {values.max():g}"


def _listed(names: Sequence[str], which: Sequence[int]) -> str:
    return " and ".join(repr(names[j]) for j in which) or "time alone"
