"""Counted rows -> the partial likelihood of the Cox model: value, score, information.

Symbols follow Therneau and Grambsch (2000), chapter 3: r_i = exp(x_i b) is the risk of row i,
w_i its weight; at an event time, S0, S1 are the sums over all at risk of w r and w r x, and D0, D1
the same sums over the d rows with the event.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from belbiotech.survival.inference.variance import squares
from belbiotech.survival.rows.checks import FloatArray, IntArray
from belbiotech.survival.rows.column_codes import CHUNK
from belbiotech.survival.rows.interval_sums import IntervalSums, Pieces

__all__ = [
    "LOST",
    "Design",
    "Likelihood",
    "RiskSets",
    "Steps",
    "Ties",
    "cut_design",
    "hazard_of_rows",
    "likelihood",
    "likelihood_of",
    "linear_predictor",
    "prepare",
    "row_hazard",
    "score_residuals",
    "step_sums",
    "sum_steps",
]

Ties = Literal["efron", "breslow"]

FEW_ROWS = 1 << 13
LOST = 1e5  # how much larger than a sum at risk that may be from which it is left by subtraction


@dataclass(frozen=True)
class Design:
    """Counted rows as numbers.

    Attributes
    ----------
    start, stop : array of float, (m,)
        At risk after start up to and including stop.
    event : array of bool, (m,)
        Whether the event happened at stop.
    stratum : array of int, (m,)
        Strata as 0, 1, ...
    x : array of float, (m, p)
        Covariates.
    number, weight : array of float, (m,)
        How many rows of the data this one stands for, and the sum of their case weights.
    offset : array of float, (m,), or None
        What is added to each linear predictor, with a coefficient of 1.
    """

    start: FloatArray
    stop: FloatArray
    event: NDArray[np.bool_]
    stratum: IntArray
    x: FloatArray
    number: FloatArray
    weight: FloatArray
    offset: FloatArray | None = None


@dataclass(frozen=True)
class RiskSets:
    """Which rows are at risk at which event time; nothing here depends on the coefficients.

    Attributes
    ----------
    time : array of float, (k,)
        The event times, stratum after stratum.
    stratum : array of int, (k,)
        The stratum of each.
    deaths, death_weight : array of float, (k,)
        d, the number of rows with the event, and the sum of their weights.
    first, last : array of int, (m,)
        A row is at risk at the positions first, ..., last - 1 of these times.
    own : array of int, (e,)
        For the rows with an event, in the design's order, the position of their time.
    share : array of float, (k,)
        The events' weight that each step of a time counts for.
    position, fraction : array, (number of steps,)
        The steps of the ties: d steps with fractions 0, 1/d, ... for Efron, one for Breslow.
    """

    time: FloatArray
    stratum: IntArray
    deaths: FloatArray
    death_weight: FloatArray
    first: IntArray
    last: IntArray
    own: IntArray
    share: FloatArray
    position: IntArray
    fraction: FloatArray

    @cached_property
    def step_starts(self) -> IntArray:
        """Where the steps of each event time begin, (k,)."""
        return np.flatnonzero(np.diff(self.position, prepend=-1))

    @cached_property
    def steps(self) -> IntArray:
        """How many steps each event time has, (k,)."""
        return np.diff(self.step_starts, append=len(self.position))

    @cached_property
    def at_most_once(self) -> NDArray[np.bool_] | None:
        """Which rows are at risk at an event time, (m,), where none is at risk at two."""
        spans = self.last - self.first
        return spans == 1 if spans.max(initial=0) <= 1 else None

    @cached_property
    def late(self) -> bool:
        """Whether any row enters after an event time."""
        return bool(self.first.max(initial=0) > 0)

    @cached_property
    def by_additions(self) -> IntervalSums:
        """Slower sums, for where the usual ones lose their digits."""
        return IntervalSums.of(self.first, self.last, len(self.time))

    def loses_digits(self, weighted: FloatArray, at_risk: FloatArray) -> bool:
        """Tell whether what late entries take off may leave too little of a sum at risk, (k,).

        Of few rows it is not asked: sums by additions cost next to nothing there.
        """
        if self.at_most_once is not None or not self.late:
            return False
        if len(self.first) <= FEW_ROWS:
            return True
        gross = np.cumsum(_sum_at(self.last, weighted, len(self.time) + 1)[::-1])[::-1][1:]
        return bool((gross > LOST * at_risk).any())

    @cached_property
    def entries(self) -> IntArray:
        """Positions from which on some row is at risk."""
        return np.unique(self.first[self.first < self.last])

    def loses_hazard(self, hazard: FloatArray) -> bool:
        """Tell whether the hazard before a row enters drowns what it passes through, (k,)."""
        if self.at_most_once is not None or not self.late:
            return False
        before = np.cumsum(hazard) - hazard
        return bool((before > LOST * hazard)[self.entries].any())

    def total(self, values: FloatArray, *, exact: bool = False) -> FloatArray:
        """Sum over all rows at risk at each event time; values are (m,) or (m, q)."""
        k = len(self.time)
        if self.at_most_once is not None:
            inside = slice(None) if self.at_most_once.all() else self.at_most_once
            return _sum_at(self.first[inside], values[inside], k)
        if exact:
            return _by_column(self.by_additions.total, values, k)
        # Backwards in time, as R: without late entries nothing is ever subtracted.
        change = _sum_at(self.last, values, k + 1) - _sum_at(self.first, values, k + 1)
        at_risk: FloatArray = np.cumsum(change[::-1], axis=0)[::-1][1:]
        return at_risk

    def over_steps(self, values: FloatArray) -> FloatArray:
        """Sum over the steps of each event time, (k,); values are (number of steps,)."""
        return np.add.reduceat(values, self.step_starts) if len(values) else values

    def collect(self, values: FloatArray, *, exact: bool = False) -> FloatArray:
        """Sum values by event time, (k,) or (k, q), over the times at which each row is at risk."""
        if self.at_most_once is not None:
            passed = np.zeros((len(self.first), *values.shape[1:]))
            passed[self.at_most_once] = values[self.first[self.at_most_once]]
            return passed
        if exact:
            return _by_column(self.by_additions.collect, values, len(self.first))
        zero = np.zeros((1, *values.shape[1:]))
        running = np.concatenate([zero, np.cumsum(values, axis=0)])
        between: FloatArray = running[self.last] - running[self.first]
        return between


@dataclass(frozen=True)
class Likelihood:
    """The partial log likelihood at some coefficients.

    Attributes
    ----------
    value : float
        The log likelihood.
    score : array of float, (p,)
        Its first derivative.
    information : array of float, (p, p)
        Minus its second derivative.
    """

    value: float
    score: FloatArray
    information: FloatArray


@dataclass(frozen=True)
class Steps:
    """What the estimators need at each event time, summed over the steps of its ties.

    Attributes
    ----------
    hazard : array of float, (k,)
        The increment of the baseline cumulative hazard.
    hazard_variance : array of float, (k,)
        The increment of its variance, for coefficients taken as known.
    hazard_mean : array of float, (k, p)
        The same increments times the mean covariate of those at risk.
    own_hazard, own_hazard_mean : array
        The same for a row with the event at this time: with Efron's ties such a row counts
        less in the later steps.
    mean : array of float, (k, p)
        The mean covariate over the steps.
    log_value : float
        Sum of share times the log of the denominator.
    outer : array of float, (p, p)
        Sum of share times the outer product of the mean covariate.
    exact : bool
        Whether the usual sums over risk sets lose digits here, so that slower ones are used.
    """

    hazard: FloatArray
    hazard_variance: FloatArray
    hazard_mean: FloatArray
    own_hazard: FloatArray
    own_hazard_mean: FloatArray
    mean: FloatArray
    log_value: float
    outer: FloatArray
    exact: bool = False


def prepare(design: Design, ties: Ties) -> RiskSets:
    """Find the event times, and where in them each row is at risk."""
    times = np.unique(design.stop[design.event])
    width = len(times) + 1
    first, last = _times_up_to(times, design.start), _times_up_to(times, design.stop)
    keys = np.arange(1, width)
    if design.stratum.any():
        begin, end = design.stratum * width + first, design.stratum * width + last
        keys = np.unique(end[design.event])
        first, last = _times_up_to(keys, begin), _times_up_to(keys, end)
    own = last[design.event] - 1  # its time is the last at which such a row is at risk
    deaths = _sum_at(own, design.number[design.event], len(keys))
    death_weight = _sum_at(own, design.weight[design.event], len(keys))
    steps = deaths.astype(np.int64) if ties == "efron" else np.ones(len(keys), dtype=np.int64)
    position = np.repeat(np.arange(len(keys)), steps)
    step = np.arange(len(position)) - np.repeat(np.cumsum(steps) - steps, steps)
    return RiskSets(
        time=times[keys % width - 1],
        stratum=keys // width,
        deaths=deaths,
        death_weight=death_weight,
        first=first,
        last=last,
        own=own,
        share=death_weight / steps,
        position=position,
        fraction=step / steps[position],
    )


def cut_design(design: Design, sets: RiskSets, pieces: Pieces) -> Design:
    """Make counted pieces of counted rows, each at risk at one event time; without covariates."""
    row, position = pieces.row, pieces.position
    before = np.roll(sets.time, 1)
    before[np.diff(sets.stratum, prepend=-1) != 0] = design.start.min()
    return Design(
        start=before[position],
        stop=sets.time[position],
        event=pieces.event,
        stratum=design.stratum[row],
        x=design.x[row, :0],
        number=pieces.of_rows(design.number),
        weight=pieces.of_rows(design.weight),
    )


def likelihood(design: Design, sets: RiskSets, beta: FloatArray) -> Likelihood:
    """Value, score and information of the partial likelihood, with the ties of the risk sets."""
    linear = linear_predictor(design.x.T, beta, design.offset)
    risk = np.exp(linear)
    return likelihood_of(design, sets, linear, risk, step_sums(design, sets, risk))


def likelihood_of(
    design: Design, sets: RiskSets, linear: FloatArray, risk: FloatArray, steps: Steps
) -> Likelihood:
    """As `likelihood`, of linear predictors x b and risks exp(x b), (m,), and their sums."""
    dead = design.event
    weight = design.weight[dead]
    first = (weight[:, None] * design.x[dead]).sum(axis=0)
    exposed = design.weight * risk * row_hazard(design, sets, steps)
    return Likelihood(
        value=float((weight * linear[dead]).sum() - steps.log_value),
        score=first - (sets.death_weight[:, None] * steps.mean).sum(axis=0),
        information=squares(design.x, exposed) - steps.outer,
    )


def linear_predictor(
    x: FloatArray, beta: FloatArray, offset: FloatArray | None = None
) -> FloatArray:
    """Compute x b, (m,), for covariates (p, m): one after the other, the same on any machine."""
    total = np.zeros(x.shape[1]) if offset is None else offset.copy()
    for column, coefficient in zip(x, beta, strict=True):
        total += column * coefficient
    return total


def step_sums(design: Design, sets: RiskSets, risk: FloatArray) -> Steps:
    """Compute what happens at each event time, for rows with risks r, (m,)."""
    weighted = design.weight * risk
    return sum_steps(sets, design.event, weighted, weighted[:, None] * design.x)


def sum_steps(
    sets: RiskSets, event: NDArray[np.bool_], weighted: FloatArray, weighted_x: FloatArray
) -> Steps:
    """Compute what happens at each event time, for rows with w r, (m,), and w r x, (m, p).

    With f the fraction of a step and n = S0 - f D0 its denominator, the mean covariate of the step
    is (S1 - f D1) / n; so that all sums over steps need S1 and D1 only once a time. All are divided
    by S0 here: risks may differ by many powers of ten between times, and squares by twice as many.
    """
    k = len(sets.time)
    s0 = sets.total(weighted)
    exact = sets.loses_digits(weighted, s0)
    if exact:
        s0 = sets.total(weighted, exact=True)
    s1 = sets.total(weighted_x, exact=exact) / s0[:, None]
    dead = np.flatnonzero(event)
    d0, d1 = (
        _by_column(lambda column: _sum_at(sets.own, column.take(dead), k), values, k)
        for values in (weighted, weighted_x)
    )
    d0, d1 = d0 / s0, d1 / s0[:, None]
    fraction, share, over_steps = sets.fraction, sets.share, sets.over_steps
    denominator = 1 - fraction * np.repeat(d0, sets.steps)
    inverse = 1 / denominator
    square = inverse * inverse
    # sums over the steps of a time of share f^i / n (a) and of share f^i / n^2 (b)
    a0, a1 = share * over_steps(inverse), share * over_steps(fraction * inverse)
    b0, b1 = share * over_steps(square), share * over_steps(fraction * square)
    b2 = share * over_steps(fraction * fraction * square)
    cross = squares(s1, b1, d1)
    hazard, log_risk = a0 / s0, (sets.death_weight * np.log(s0)).sum()
    with np.errstate(over="ignore"):  # infinite where nobody's risk is more than 1e-154
        hazard_variance = b0 / s0 / s0
    return Steps(
        hazard=hazard,
        hazard_variance=hazard_variance,
        hazard_mean=(s1 * b0[:, None] - d1 * b1[:, None]) / s0[:, None],
        own_hazard=(a0 - a1) / s0,
        own_hazard_mean=(s1 * (b0 - b1)[:, None] - d1 * (b1 - b2)[:, None]) / s0[:, None],
        mean=(s1 * a0[:, None] - d1 * a1[:, None]) / sets.death_weight[:, None],
        log_value=float((share * over_steps(np.log(denominator))).sum() + log_risk),
        outer=squares(s1, b0) - cross - cross.T + squares(d1, b2),
        exact=exact or sets.loses_hazard(hazard),
    )


def row_hazard(design: Design, sets: RiskSets, steps: Steps) -> FloatArray:
    """Cumulative baseline hazard that each row passed through while at risk, (m,)."""
    return hazard_of_rows(sets, design.event, steps)


def hazard_of_rows(sets: RiskSets, event: NDArray[np.bool_], steps: Steps) -> FloatArray:
    """As `row_hazard`, told only which rows have the event, (m,)."""
    passed = sets.collect(steps.hazard, exact=steps.exact)
    passed[event] += (steps.own_hazard - steps.hazard)[sets.own]
    return passed


def score_residuals(design: Design, sets: RiskSets, beta: FloatArray) -> FloatArray:
    """Each row's part of the score, (m, p), not yet weighted (R's type "score").

    Therneau and Grambsch (2000), section 4.6: the integral of (x_i - mean(t)) dM_i(t).
    """
    risk = np.exp(linear_predictor(design.x.T, beta, design.offset))
    steps = step_sums(design, sets, risk)
    passed = row_hazard(design, sets, steps)
    own_mean = steps.own_hazard_mean - steps.hazard_mean
    dead = design.event
    residual = np.empty_like(design.x)
    for j, x in enumerate(design.x.T):
        passed_mean = sets.collect(steps.hazard_mean[:, j], exact=steps.exact)
        passed_mean[dead] += own_mean[sets.own, j]
        column = risk * (passed_mean - x * passed)
        column[dead] += x[dead] - steps.mean[sets.own, j]
        residual[:, j] = column
    return residual


def _times_up_to(times: FloatArray | IntArray, values: FloatArray | IntArray) -> IntArray:
    """Count for each value, (m,), the sorted times that are not after it.

    Of many whole numbers in a small range, by looking up.
    """
    low, high = values.min(), values.max()
    if len(values) > 1 << 14 and high - low < 1 << 14:
        table = np.searchsorted(times, low + np.arange(high - low + 1), "right")
        up_to = np.empty(len(values), dtype=np.int64)
        for a in range(0, len(values), CHUNK):
            part = values[a : a + CHUNK]
            whole = (part - low).astype(np.int64)
            if not np.array_equal(low + whole, part):  # to the last bit, as in the table
                break
            up_to[a : a + CHUNK] = table.take(whole)
        else:
            return up_to
    return np.searchsorted(times, values, "right")


def _by_column(
    summed: Callable[[FloatArray], FloatArray], values: FloatArray, length: int
) -> FloatArray:
    """Sum values, (n,) or (n, q), column by column."""
    if values.ndim == 1:
        return summed(values)
    columns = [summed(column) for column in values.T]
    return np.stack(columns, axis=1) if columns else np.zeros((length, 0))


def _sum_at(position: IntArray, values: FloatArray, length: int) -> FloatArray:
    """Sum values, (n,) or (n, q), that share a position."""
    return _by_column(
        lambda column: np.bincount(position, column, length).astype(np.float64), values, length
    )
