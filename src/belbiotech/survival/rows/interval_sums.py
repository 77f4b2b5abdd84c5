"""Sums over intervals of times by additions alone, and rows cut into pieces at event times.

The usual way to the number at risk adds each row at its last time and takes it off before its
first. Where rows that enter late have a risk many powers of ten above that of the others, the
difference of two large sums is all that is left of the small one.

Where an effect varies with time a row has other covariates at each event time at which it is at
risk. Between event times nothing is asked of it. So a model needs, at each event time, one piece
for each set of covariates that is at risk there, however many rows are such.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from belbiotech.errors import FitError
from belbiotech.survival.rows.checks import FloatArray, IntArray

__all__ = ["IntervalSums", "Pieces", "cut_at_events"]

MOST_PIECES = 1 << 24


@dataclass(frozen=True)
class IntervalSums:
    """Intervals of positions cut into blocks of 1, 2, 4, ... positions: a segment tree.

    Attributes
    ----------
    rows, times, leaves : int
        Number of intervals, of positions, and the power of two that holds these.
    row, block : array of int
        The blocks of each interval, two of a size at most. Block 1 holds all positions; the halves
        of block b are 2 b and 2 b + 1.

    References
    ----------
    de Berg et al. (2008), Computational Geometry, section 10.3.
    """

    rows: int
    times: int
    leaves: int
    row: IntArray
    block: IntArray

    @classmethod
    def of(cls, first: IntArray, last: IntArray, times: int) -> IntervalSums:
        """Cut the intervals first, ..., last - 1, (m,), of the positions 0, ..., times - 1.

        Examples
        --------
        >>> sums = IntervalSums.of(np.array([0, 1]), np.array([3, 2]), 3)
        >>> sums.total(np.array([1.0, 10.0])), sums.collect(np.array([0.5, 2.0, 3.0]))
        (array([ 1., 11.,  1.]), array([5.5, 2. ]))
        """
        leaves = 1 << max(times - 1, 0).bit_length()
        going = first < last
        row = np.flatnonzero(going)
        left, right = first[going] + leaves, last[going] + leaves
        rows, blocks = [], []
        while len(row):
            odd = left % 2 == 1  # the left end is no block's first half: it stands alone
            rows.append(row[odd])
            blocks.append(left[odd])
            left = (left + odd) // 2
            odd = right % 2 == 1
            rows.append(row[odd])
            blocks.append(right[odd] - 1)
            right = (right - odd) // 2
            going = left < right
            row, left, right = row[going], left[going], right[going]
        none = [np.zeros(0, dtype=np.int64)]
        return cls(
            len(first), times, leaves, np.concatenate(rows or none), np.concatenate(blocks or none)
        )

    def total(self, values: FloatArray) -> FloatArray:
        """Sum values of intervals, (m,), at each position that they hold, (times,)."""
        tree = np.bincount(self.block, values[self.row], 2 * self.leaves).astype(np.float64)
        size = 1
        while size < self.leaves:
            tree[2 * size : 4 * size] += np.repeat(tree[size : 2 * size], 2)
            size *= 2
        return tree[self.leaves :][: self.times]

    def collect(self, values: FloatArray) -> FloatArray:
        """Sum values of positions, (times,), over each interval, (m,)."""
        tree = np.zeros(2 * self.leaves)
        tree[self.leaves :][: self.times] = values
        size = self.leaves
        while size > 1:
            tree[size // 2 : size] = tree[size : 2 * size : 2] + tree[size + 1 : 2 * size : 2]
            size //= 2
        return np.bincount(self.row, tree[self.block], self.rows).astype(np.float64)


@dataclass(frozen=True)
class Pieces:
    """Where the pieces of m distinct rows are: first those without the event, then those with it.

    A set of covariates has a cell for each event time from the first to the last at which such
    a row is at risk.

    Attributes
    ----------
    row : array of int, (q,)
        A distinct row that each piece is of.
    position : array of int, (q,)
        The event time at whose end each piece is.
    sums : IntervalSums
        The cells that each distinct row passes through without the event.
    quiet : array of int
        The cells of the pieces without the event.
    happened : array of int
        The distinct rows with the event.
    with_event : array of int
        The pieces that these end with.
    ends : array of int, (m,)
        The last piece of each distinct row; -1 where it is at risk at no event time.
    """

    row: IntArray
    position: IntArray
    sums: IntervalSums
    quiet: IntArray
    happened: IntArray
    with_event: IntArray
    ends: IntArray

    @property
    def event(self) -> NDArray[np.bool_]:
        """Which pieces end with the event, (q,)."""
        found: NDArray[np.bool_] = np.arange(len(self.row)) >= len(self.quiet)
        return found

    def over_rows(self, values: FloatArray) -> FloatArray:
        """Sum values of pieces, (q,) or (q, p), over those of each distinct row."""
        if values.ndim > 1:
            columns = [self.over_rows(column) for column in values.T]
            return np.stack(columns, axis=1) if columns else np.zeros((len(self.ends), 0))
        cells = np.zeros(self.sums.times)
        cells[self.quiet] = values[: len(self.quiet)]
        total = self.sums.collect(cells)
        total[self.happened] += values[self.with_event]
        return total

    def of_rows(self, values: FloatArray) -> FloatArray:
        """Sum values of distinct rows, (m,), over those that each piece stands for, (q,)."""
        place, number = self.with_event - len(self.quiet), len(self.row) - len(self.quiet)
        ending = np.bincount(place, values[self.happened], number).astype(np.float64)
        return np.concatenate([self.sums.total(values)[self.quiet], ending])


def cut_at_events(
    first: IntArray, last: IntArray, event: NDArray[np.bool_], pattern: IntArray
) -> Pieces:
    """Cut distinct rows at the event times.

    Parameters
    ----------
    first, last : array of int, (m,)
        A row is at risk at the event times first, ..., last - 1.
    event : array of bool, (m,)
        Those that have the event, at their last time.
    pattern : array of int, (m,)
        0, 1, ...: equal where covariates and stratum are.

    Returns
    -------
    Pieces
        Without their numbers and covariates.

    Raises
    ------
    FitError
        More pieces than fit in memory.

    Examples
    --------
    >>> ends = np.array([False, True, True])
    >>> cut = cut_at_events(np.array([0, 0, 1]), np.array([2, 1, 2]), ends, np.array([0, 0, 1]))
    >>> cut.position, cut.event, cut.of_rows(np.array([5.0, 1.0, 1.0]))
    (array([0, 1, 0, 1]), array([False, False,  True,  True]), array([5., 5., 1., 1.]))
    """
    there = first < last
    low = np.full(int(pattern.max(initial=-1)) + 1, int(last.max(initial=0)))
    high = np.zeros(len(low), dtype=np.int64)
    np.minimum.at(low, pattern[there], first[there])
    np.maximum.at(high, pattern[there], last[there])
    width = np.maximum(high - low, 0)
    cells = int(width.sum())
    if cells > MOST_PIECES:
        msg = (
            f"tt() needs the covariates of each row anew at each event "
            f"time, {cells:,} of them here; {MOST_PIECES:,} are the most. Round the covariates, "
            "or the times, so that fewer differ; or cut the rows with split_at() at a few times, "
            "and write the product with the function of each piece's middle as a column"
        )
        raise FitError(msg)
    begin = np.cumsum(width) - width - low  # of each pattern, such that its cells begin at low
    cell = begin[pattern]
    sums = IntervalSums.of(
        np.where(there, cell + first, 0), np.where(there, cell + last - event, 0), cells
    )
    quiet = np.flatnonzero(sums.total(np.ones(len(pattern))))
    happened = np.flatnonzero(event)
    ended, place = np.unique(cell[happened] + last[happened] - 1, return_inverse=True)
    every = np.concatenate([quiet, ended])
    of = np.repeat(np.arange(len(low)), width)[every]
    one = np.zeros(len(low), dtype=np.int64)  # a row of each pattern
    one[pattern] = np.arange(len(pattern))
    ends = np.full(len(pattern), -1)
    going = there & ~event
    ends[going] = np.searchsorted(quiet, cell[going] + last[going] - 1)
    ends[happened] = len(quiet) + place
    return Pieces(
        row=one[of],
        position=every - begin[of],
        sums=sums,
        quiet=quiet,
        happened=happened,
        with_event=ends[happened],
        ends=ends,
    )
