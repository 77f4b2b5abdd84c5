"""What the columns of a batch say: its covariates, and where its rows stand among event times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.survival.cox.partial_likelihood import RiskSets
from belbiotech.survival.formulas.design import design_matrix
from belbiotech.survival.formulas.formula import Formula
from belbiotech.survival.formulas.matrix import Matrix
from belbiotech.survival.rows.checks import FloatArray, IntArray

__all__ = ["Columns", "Covariates", "Placed", "Times"]

EXACT = 1 << 53  # whole numbers below are the same as floats
ONE_AT_A_TIME = Lock()  # what a spec has settled is read, and may be filled, by all threads


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
        The covariates where each is a column by itself, and there is no offset.
    """

    formula: Formula
    matrix: Matrix
    centre: FloatArray
    numbers: tuple[str, ...] | None

    @classmethod
    def of(cls, formula: Formula, matrix: Matrix, sample: pd.DataFrame) -> Covariates:
        """Look whether all covariates are plain columns of numbers."""
        plain = not formula.offsets and set(matrix.names) <= set(formula.plain)
        plain = plain and all(sample[name].dtype.kind in "iuf" for name in matrix.names)
        names = matrix.names if plain else None
        return cls(formula, matrix, np.zeros(len(matrix.names)), names)

    def of_rows(
        self, frame: pd.DataFrame, x: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray | None]:
        """Give the covariates of rows, (p, b), centred, in an array that may be given.

        Then what the formula adds to their linear predictors, (b,), or None.
        """
        offset = None
        if self.numbers is not None:
            columns = [_numbers(frame[name]) for name in self.numbers]
        else:
            with ONE_AT_A_TIME:
                made = design_matrix(self.formula, frame, self.matrix.spec)
            columns, offset = list(made.x.T), made.offset
        x = np.empty((len(columns), len(frame))) if x is None else x
        for row, column, middle in zip(x, columns, self.centre, strict=True):
            np.subtract(column, middle, out=row)
        return x, offset


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
    """Where the rows of a batch stand among the event times.

    Rows in order of time, as in a file for each year, often stand where the row before does. Such
    a run of rows is placed once, and its sums are added up before they are sorted by time: adding
    one by one waits for each sum to be written.

    Attributes
    ----------
    event : array of bool, (b,)
        Whether a row ends with the event.
    weight, number : array of float, (b,)
        Its weight, and how many rows it stands for.
    runs : array of int, (r,)
        The first row of each run; all rows where runs would be short.
    starts, ends : array of int, (r,)
        The rows of a run are at risk at the times starts, ..., ends - 1.
    """

    event: NDArray[np.bool_]
    weight: FloatArray
    number: FloatArray
    runs: IntArray
    starts: IntArray
    ends: IntArray

    @cached_property
    def first(self) -> IntArray:
        """The first time at which each row is at risk, (b,)."""
        return np.repeat(self.starts, self._lengths)

    @cached_property
    def last(self) -> IntArray:
        """The time after the last at which each row is at risk, (b,)."""
        return np.repeat(self.ends, self._lengths)

    @property
    def _each(self) -> bool:
        """Whether each row is a run."""
        return len(self.runs) == len(self.event)

    @property
    def _lengths(self) -> IntArray:
        return np.diff(self.runs, append=len(self.event))

    def take(self, rows: IntArray) -> Placed:
        """Give some rows, in the order in which they stand."""
        run = rows if self._each else np.searchsorted(self.runs, rows, "right") - 1
        heads = np.flatnonzero(np.diff(run, prepend=-1))
        return Placed(
            self.event[rows],
            self.weight[rows],
            self.number[rows],
            heads,
            self.starts[run[heads]],
            self.ends[run[heads]],
        )

    def sums(self, values: Iterable[FloatArray]) -> Iterator[FloatArray]:
        """Sum values of rows, (b,) each, by run, (r,) each."""
        if self._each:
            return iter(values)
        return (np.add.reduceat(value, self.runs) for value in values)


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
        start, stop = _numbers(frame[columns.start]), _numbers(frame[columns.stop])
        if columns.strata:
            codes = self.codes(frame)
            first, last = np.empty(len(frame), np.int64), np.empty(len(frame), np.int64)
            for code in np.unique(codes):
                here = codes == code
                a, z = np.searchsorted(self.stratum, [code, code + 1])
                times = self.time[a:z] - self.close
                first[here] = a + np.searchsorted(times, start[here], "right")
                last[here] = a + np.searchsorted(times, stop[here], "right")
            runs = _runs(first, last)
            starts, ends = first[runs], last[runs]
        else:
            runs, times = _runs(start, stop), self.time - self.close
            heads = slice(None) if len(runs) == len(start) else runs
            starts, ends = (_up_to(times, values[heads]) for values in (start, stop))
        number = np.broadcast_to(np.ones(1), len(frame))
        if columns.frequency is not None:
            number = frame[columns.frequency].to_numpy(dtype=float)
        weight = number
        if columns.weights is not None:
            weight = number * frame[columns.weights].to_numpy(dtype=float)
        event = frame[columns.outcome].to_numpy(dtype=bool)
        return Placed(event, weight, number, runs, starts, ends)

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


def _numbers(column: pd.Series) -> NDArray[Any]:
    """Give the numbers of a column as they are, (b,), and as floats only if they must be."""
    values = column.to_numpy()
    return values if values.dtype.kind in "iuf" else column.to_numpy(dtype=float)


def _runs(start: NDArray[Any], stop: NDArray[Any]) -> IntArray:
    """Give the rows that stand elsewhere than the row before, or all rows, (r,)."""
    changes = np.flatnonzero((start[1:] != start[:-1]) | (stop[1:] != stop[:-1]))
    if 8 * len(changes) >= len(start):
        return np.arange(len(start))
    return np.concatenate([[0], changes + 1])


def _up_to(times: FloatArray, values: NDArray[Any]) -> IntArray:
    """Count the times that are not after each value; of whole numbers by looking up."""
    low, high = float(values.min()), float(values.max())
    whole = values.dtype.kind in "iu" or np.array_equal(values, np.rint(values))
    if whole and high - low < 1 << 12 and max(-low, high) < EXACT:
        table = np.searchsorted(times, low + np.arange(high - low + 1), "right")
        place: IntArray = np.subtract(values, int(low), dtype=np.intp, casting="unsafe")
        return table[place]
    return np.searchsorted(times, values, "right")
