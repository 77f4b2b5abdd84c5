"""Sums over intervals of times by additions alone, for where subtracting would lose the digits.

The usual way to the number at risk adds each row at its last time and takes it off before its
first. Where rows that enter late have a risk many powers of ten above that of the others, the
difference of two large sums is all that is left of the small one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from belbiotech.survival.rows.checks import FloatArray, IntArray

__all__ = ["IntervalSums"]


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
