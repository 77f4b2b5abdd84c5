"""The Cox model of rows that are read in batches: each step is one pass over all of them.

What a pass adds up are the totals of the risk sets: at each event time the sums over those at risk
of w r, w r x and w r x x', and the same over those with the event. Memory is bounded by the size
of a batch and the number of event times. A row at risk at many of them is added to the blocks of
1, 2, 4, ... of them that make up its time (`IntervalSums`), so that nothing is ever subtracted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.survival.cox.partial_likelihood import (
    Likelihood,
    RiskSets,
    Steps,
    hazard_of_rows,
    sum_steps,
)
from belbiotech.survival.engines.batches import Part
from belbiotech.survival.engines.streams import Stream
from belbiotech.survival.formulas.design import design_matrix
from belbiotech.survival.formulas.formula import Formula
from belbiotech.survival.formulas.matrix import Matrix
from belbiotech.survival.rows.checks import FloatArray, IntArray
from belbiotech.survival.rows.interval_sums import IntervalSums

CACHED = 1 << 15  # rows whose sums and products fit into the processor's cache
ONE_AT_A_TIME = Lock()  # what a spec has settled is read, and may be filled, by all threads

__all__ = ["Columns", "Covariates", "Placed", "StreamTotals", "StreamedModel", "Times"]


@dataclass(frozen=True)
class Covariates:
    """What makes the covariates of a batch.

    Attributes
    ----------
    formula : Formula
        Each row's covariates must follow from that row alone.
    matrix : Matrix
        From a few rows with all levels: the same coding for all batches.
    centre : array of float, (p,)
        What is taken off.
    numbers : tuple of str or None
        The covariates where each is a column by itself.
    """

    formula: Formula
    matrix: Matrix
    centre: FloatArray
    numbers: tuple[str, ...] | None

    @classmethod
    def of(cls, formula: Formula, matrix: Matrix, sample: pd.DataFrame) -> Covariates:
        """Look whether all covariates are plain columns of numbers."""
        plain = set(matrix.names) <= set(formula.plain) and all(
            sample[name].dtype.kind in "iuf" for name in matrix.names
        )
        names = matrix.names if plain else None
        return cls(formula, matrix, np.zeros(len(matrix.names)), names)

    def raw(self, frame: pd.DataFrame) -> FloatArray:
        """Give the covariates of rows, (p, b), with nothing taken off."""
        if self.numbers is not None:
            columns = [frame[name].to_numpy(dtype=float) for name in self.numbers]
            return np.array(columns).reshape(len(columns), len(frame))
        with ONE_AT_A_TIME:
            made = design_matrix(self.formula, frame, self.matrix.spec)
        return np.ascontiguousarray(made.x.T)

    def of_rows(self, frame: pd.DataFrame) -> FloatArray:
        """Give the covariates of rows, (p, b), centred."""
        x = self.raw(frame)
        return x - self.centre[:, None]


@dataclass(frozen=True)
class Columns:
    """The columns of a batch."""

    outcome: str
    start: str
    stop: str
    strata: tuple[str, ...] = ()
    weights: str | None = None
    frequency: str | None = None


@dataclass(frozen=True)
class Placed:
    """Where the rows of a batch stand among the event times, (b,) each."""

    first: IntArray
    last: IntArray
    event: NDArray[np.bool_]
    weight: FloatArray
    number: FloatArray

    def cut(self, rows: slice) -> Placed:
        """Give some rows next to each other."""
        return Placed(
            self.first[rows],
            self.last[rows],
            self.event[rows],
            self.weight[rows],
            self.number[rows],
        )


@dataclass(frozen=True)
class Times:
    """The event times of all strata, one after the other.

    Attributes
    ----------
    columns : Columns
        The columns of a batch.
    time, stratum : array, (k,)
        Each time, and the number of its stratum.
    strata : DataFrame, (s, ...)
        The values of the strata's columns, sorted.
    deaths, death_weight : array of float, (k,)
        Events at each, and the sum of their weights.
    close : float
        Times no further apart than this count as equal.
    """

    columns: Columns
    time: FloatArray
    stratum: IntArray
    strata: pd.DataFrame
    deaths: FloatArray
    death_weight: FloatArray
    close: float

    def placed(self, frame: pd.DataFrame) -> Placed:
        """Find the positions of the times at which each row is at risk."""
        columns = self.columns
        start, stop = (frame[name].to_numpy(dtype=float) for name in (columns.start, columns.stop))
        if columns.strata:
            codes = self.codes(frame)
            first, last = np.empty(len(frame), np.int64), np.empty(len(frame), np.int64)
            for code in np.unique(codes):
                here = codes == code
                a, z = np.searchsorted(self.stratum, [code, code + 1])
                times = self.time[a:z] - self.close
                first[here] = a + np.searchsorted(times, start[here], "right")
                last[here] = a + np.searchsorted(times, stop[here], "right")
        else:
            times = self.time - self.close
            first, last = (_up_to(times, values) for values in (start, stop))
        number = np.ones(len(frame))
        if columns.frequency is not None:
            number = frame[columns.frequency].to_numpy(dtype=float)
        weight = number
        if columns.weights is not None:
            weight = number * frame[columns.weights].to_numpy(dtype=float)
        event = frame[columns.outcome].to_numpy(dtype=bool)
        return Placed(first, last, event, weight, number)

    def codes(self, frame: pd.DataFrame) -> IntArray:
        """Give each row the number of its stratum, (b,)."""
        names = list(self.columns.strata)
        known = pd.MultiIndex.from_frame(self.strata[names])
        return known.get_indexer(pd.MultiIndex.from_frame(frame[names])).astype(np.int64)

    def sets(self, ties: str) -> RiskSets:
        """Give the risk sets of two rows a time: all others at risk then, and those that fail."""
        k = len(self.time)
        steps = self.deaths.astype(np.int64) if ties == "efron" else np.ones(k, dtype=np.int64)
        position = np.repeat(np.arange(k), steps)
        step = np.arange(len(position)) - np.repeat(np.cumsum(steps) - steps, steps)
        here = np.tile(np.arange(k), 2)
        return RiskSets(
            time=self.time,
            stratum=self.stratum,
            deaths=self.deaths,
            death_weight=self.death_weight,
            first=here,
            last=here + 1,
            own=np.arange(k),
            share=self.death_weight / steps,
            position=position,
            fraction=step / steps[position],
        )


def _up_to(times: FloatArray, values: FloatArray) -> IntArray:
    """Count the times that are not after each value; of whole numbers by looking up."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        return np.full(len(values), np.searchsorted(times, low, "right"))
    if high - low < 1 << 12 and np.array_equal(values, np.rint(values)):
        table = np.searchsorted(times, low + np.arange(high - low + 1), "right")
        return table.take((values - low).astype(np.int64))
    return np.searchsorted(times, values, "right")


@dataclass(frozen=True)
class StreamTotals:
    """What a pass has added up, and what follows from it.

    Attributes
    ----------
    sets : RiskSets
        With two rows a time.
    event : array of bool, (2k,)
        Whether these stand for the rows that fail then.
    risk, risk_x, risk_xx : array of float, (2k,), (2k, p), (2k, p, p)
        Sums of w r, w r x, w r x x'.
    first : array of float, (k, p)
        Sums of w x over the events of each time.
    linear : float
        Sum of w x b over all events.
    """

    sets: RiskSets
    event: NDArray[np.bool_]
    risk: FloatArray
    risk_x: FloatArray
    risk_xx: FloatArray
    first: FloatArray
    linear: float

    @property
    def steps(self) -> Steps:
        """What happens at each event time."""
        return sum_steps(self.sets, self.event, self.risk, self.risk_x)

    def likelihood(self, share: FloatArray | None = None) -> Likelihood:
        """Give value, score and information; each time's share of events may be another, (k,)."""
        sets = self.sets if share is None else replace(self.sets, share=self.sets.share * share)
        steps = sum_steps(sets, self.event, self.risk, self.risk_x)
        passed = hazard_of_rows(sets, self.event, steps)
        mean = (sets.death_weight[:, None] * steps.mean).sum(axis=0)
        information = (passed[:, None, None] * self.risk_xx).sum(axis=0) - steps.outer
        return Likelihood(self.linear - steps.log_value, self.first.sum(axis=0) - mean, information)


@dataclass(frozen=True)
class _Adding:
    """What a batch adds to the totals at some coefficients."""

    covariates: Covariates
    times: Times
    beta: FloatArray
    describe: bool

    def __call__(self, frame: pd.DataFrame) -> Part:
        x, rows = self.covariates.of_rows(frame), self.times.placed(frame)
        cuts = [slice(a, a + CACHED) for a in range(0, len(frame), CACHED)]
        pieces = [self._piece(x[:, cut], rows.cut(cut)) for cut in cuts]
        return Part(
            np.sum([piece.sums for piece in pieces], axis=0),
            np.max([piece.largest for piece in pieces], axis=0),
        )

    def _piece(self, x: FloatArray, rows: Placed) -> Part:
        # Sums by einsum: several threads add batches, and BLAS would start threads in each.
        predictor = np.einsum("j,ji->i", self.beta, x)
        with np.errstate(over="ignore"):
            risk = rows.weight * np.exp(predictor)
        k = len(self.times.time)
        leaves = 1 << max(k - 1, 0).bit_length()
        tree = _over_time(rows, risk, x, leaves)
        events = np.flatnonzero(rows.event)
        at, x_events = rows.last[events] - 1, x[:, events]
        dying = _sums_at(at, _products(risk[events], x_events), k)
        weight = rows.weight[events]
        first = _sums_at(at, weight * x_events, k)
        sums: list[Any] = [
            tree.ravel(),
            dying.ravel(),
            first.ravel(),
            [(weight * predictor[events]).sum()],
        ]
        if not self.describe:
            return Part(np.concatenate(sums))
        moments = [
            [rows.number.sum()],
            *(
                (
                    np.einsum("i,i->", rows.number, column),
                    np.einsum("i,i,i->", rows.number, column, column),
                )
                for column in x
            ),
        ]
        largest = [[column.max(), -column.min()] for column in x]
        return Part(
            np.concatenate([*sums, *moments]), np.concatenate(largest) if largest else np.zeros(0)
        )


def _products(risk: FloatArray, x: FloatArray) -> FloatArray:
    """Give w r, w r x and w r x x' of each row, (q, b), the last for one of each two columns."""
    p, rows = x.shape
    values = np.empty((1 + p + p * (p + 1) // 2, rows))
    values[0] = risk
    np.multiply(risk, x, out=values[1 : 1 + p])
    place = 1 + p
    for i in range(p):
        np.multiply(values[1 + i], x[i:], out=values[place : place + p - i])
        place += p - i
    return values


def _over_time(rows: Placed, risk: FloatArray, x: FloatArray, leaves: int) -> FloatArray:
    """Add up products over the blocks of times at which rows wait without failing, (q, 2 leaves).

    A row that fails is at risk like any other until the time before.
    """
    span = rows.last - rows.first
    once = span == 1
    waiting = np.where(rows.event & once, 0.0, risk)
    values = _products(waiting, x)
    # Block 0 is none of the tree: rows at risk at no time, or at many, are put there and left out.
    block = np.where(once, rows.first + leaves, 0)
    tree = _sums_at(block, values, 2 * leaves)
    tree[:, 0] = 0.0
    often = np.flatnonzero(span > 1)
    if len(often):
        last = rows.last[often] - rows.event[often]
        cut = IntervalSums.of(rows.first[often], last, leaves)
        for total, value in zip(tree, values[:, often], strict=True):
            total += np.bincount(cut.block, value[cut.row], 2 * leaves)
    return tree


def _sums_at(place: IntArray, values: FloatArray, places: int) -> FloatArray:
    """Sum values by place, (q, places).

    Rows in order of time, as in a file for each year, have few changes of place. What stands
    between two is summed at once, as adding one by one waits for each sum to be written.
    """
    changes = np.flatnonzero(place[1:] != place[:-1])
    if 8 * len(changes) < len(place):
        runs = np.concatenate([[0], changes + 1])
        place, values = place[runs], np.add.reduceat(values, runs, axis=1)
    return np.array([np.bincount(place, value, places) for value in values]).reshape(-1, places)


@dataclass(frozen=True)
class StreamedModel:
    """A Cox model whose rows are read in batches.

    Attributes
    ----------
    stream : Stream
        The rows.
    covariates : Covariates
        What makes the covariates of a batch.
    times : Times
        The event times.
    sets : RiskSets
        Their risk sets, of two sums a time.
    at_zero, at_best : StreamTotals or None
        What passes have added up at coefficients of zero and, once fitted, at the estimates.
    """

    stream: Stream
    covariates: Covariates
    times: Times
    sets: RiskSets
    at_zero: StreamTotals | None = None
    at_best: StreamTotals | None = None


def totals_at(
    model: StreamedModel, beta: FloatArray, label: str, *, describe: bool = False
) -> tuple[StreamTotals, Part]:
    """Pass over all rows once, at some coefficients.

    Parameters
    ----------
    model : StreamedModel
        The rows, and how they are read.
    beta : array of float, (p,)
        The coefficients.
    label : str
        Of the progress bar.
    describe : bool
        Also add up the rows and moments of covariates.

    Returns
    -------
    StreamTotals
        The totals of the risk sets.
    Part
        With ``describe``: rows, then sum and sum of squares of each covariate; and the largest
        value of each, and the largest of its negative.
    """
    times, sets = model.times, model.sets
    adding = _Adding(model.covariates, times, beta, describe)
    part = model.stream.batches.total(adding, label)
    k, p = len(times.time), len(beta)
    q = 1 + p + p * (p + 1) // 2
    leaves = 1 << max(k - 1, 0).bit_length()
    bounds = np.cumsum([q * 2 * leaves, q * k, p * k, 1])
    tree, dying, first, linear, rest = np.split(part.sums, bounds)
    waiting = _at_leaves(tree.reshape(q, -1), leaves)[:, :k]
    both = np.concatenate([waiting, dying.reshape(q, k)], axis=1)  # (q, 2k)
    xx = np.zeros((2 * k, p, p))
    pairs = [(i, j) for i in range(p) for j in range(i, p)]
    for place, (i, j) in enumerate(pairs, start=1 + p):
        xx[:, i, j] = xx[:, j, i] = both[place]
    event = np.repeat([False, True], k)
    totals = StreamTotals(
        sets, event, both[0], both[1 : 1 + p].T.copy(), xx, first.reshape(p, k).T, float(linear[0])
    )
    return totals, Part(rest, part.largest)


def _at_leaves(tree: FloatArray, leaves: int) -> FloatArray:
    """Add each block's sum to the times that it holds, (q, leaves)."""
    size = 1
    while size < leaves:
        tree[:, 2 * size : 4 * size] += np.repeat(tree[:, size : 2 * size], 2, axis=1)
        size *= 2
    return tree[:, leaves:]
