"""Sums that are the same whatever the order of their terms."""

from __future__ import annotations

import numpy as np

from belbiotech.survival.rows.times import FloatArray

__all__ = ["ExactSums"]

PARTS = 4  # numbers in which a sum is held: some 200 binary digits


class ExactSums:
    """Arrays added up without rounding, until the end.

    Each addition's rounding error is itself a number (Knuth's two-sum), which is added to the next
    part of the sum; what the last part loses is some 200 binary digits below the first.

    References
    ----------
    Shewchuk (1997), Discrete and Computational Geometry 18:305-363.

    Examples
    --------
    >>> sums = ExactSums(1)
    >>> for value in (1e16, 1.0, -1e16):
    ...     sums.add(np.array([value]))
    >>> sums.total()
    array([1.])
    """

    def __init__(self, length: int) -> None:
        self._parts = [np.zeros(length) for _ in range(PARTS)]

    def add(self, values: FloatArray) -> None:
        """Add an array, (length,)."""
        rest = values
        for k, part in enumerate(self._parts):
            self._parts[k], rest = _two_sum(part, rest)

    def total(self) -> FloatArray:
        """Give the sum, (length,), rounded once, to the even number where two are as near."""
        parts = list(self._parts)
        if not np.isfinite(parts[0]).all():
            return parts[0]
        for _ in range(PARTS):  # until each part is the rounding error of those before it
            for k in reversed(range(PARTS - 1)):
                parts[k], parts[k + 1] = _two_sum(parts[k], parts[k + 1])
        total, half, *beyond = parts
        side = np.zeros(len(total))
        for part in beyond:
            side = np.where(side == 0, np.sign(part), side)
        # Halfway by the first two parts alone, and a later part says on which side of it.
        up = total + 2 * half
        return np.where((side * half > 0) & (up - total == 2 * half), up, total)


def _two_sum(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give a sum and its rounding error (Knuth)."""
    with np.errstate(over="ignore", invalid="ignore"):  # infinite sums have no rounding error
        total = a + b
        seen = total - a
        return total, (a - (total - seen)) + (b - seen)
