"""Rows of units in the order of time: what was before, and what adds or multiplies up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.survival.rows.checks import FloatArray, IntArray

__all__ = ["Deal", "Histories", "histories"]


@dataclass(frozen=True)
class Histories:
    """Rows sorted by unit and time.

    Attributes
    ----------
    unit : array of int, (n,)
        The unit of each row of the data, as 0, 1, ..., by first appearance.
    order : array of int, (n,)
        Positions of the data's rows, unit after unit, from early to late.
    first : array of bool, (n,)
        Which of the sorted rows are the first of their unit.
    labels : array, (units,)
        Names of the units.
    """

    unit: IntArray
    order: IntArray
    first: NDArray[np.bool_]
    labels: NDArray[np.object_]

    @property
    def n_units(self) -> int:
        """Number of units."""
        return len(self.labels)

    def before(self, values: FloatArray, at_first: float = 0.0) -> FloatArray:
        """Give each row of the data, (n,), the value of the unit's row before."""
        ordered = values[self.order]
        shifted = np.r_[at_first, ordered[:-1]]
        shifted[self.first] = at_first
        return self._back(shifted)

    def running_sum(self, values: FloatArray) -> FloatArray:
        """Add up values, (n,), within each unit up to each row."""
        ordered = values[self.order]
        total = np.cumsum(ordered)
        starts = np.flatnonzero(self.first)
        offset = (total - ordered)[starts]
        return self._back(total - np.repeat(offset, np.diff(np.r_[starts, len(ordered)])))

    def running_product(self, values: FloatArray) -> FloatArray:
        """Multiply positive values, (n,), within each unit up to each row."""
        # Row after row of all units at once: a sum of logarithms over all units would lose digits.
        ordered, starts = values[self.order].copy(), np.flatnonzero(self.first)
        size = np.diff(np.r_[starts, len(ordered)])
        step = np.arange(len(ordered)) - np.repeat(starts, size)
        by_step = np.argsort(step, kind="stable")
        edges = np.searchsorted(step[by_step], np.arange(1, int(size.max()) + 1))
        for rows in np.split(by_step, edges)[1:]:
            ordered[rows] *= ordered[rows - 1]
        return self._back(ordered)

    def number_of_row(self) -> IntArray:
        """Give each unit's rows numbers from 0 on, (n,), in the data's order."""
        starts = np.flatnonzero(self.first)
        size = np.diff(np.r_[starts, len(self.order)])
        return self._back(np.arange(len(self.order)) - np.repeat(starts, size)).astype(np.int64)

    def first_rows(self) -> IntArray:
        """Give the position of each unit's first row in the data, (units,), by unit."""
        rows = self.order[self.first]
        by_unit = np.empty(self.n_units, dtype=np.int64)
        by_unit[self.unit[rows]] = rows
        return by_unit

    def _back(self, ordered: FloatArray | IntArray) -> FloatArray:
        values = np.empty(len(ordered))
        values[self.order] = ordered
        return values


def histories(data: pd.DataFrame, unit: str, start: str) -> Histories:
    """Sort checked rows by unit and time.

    Parameters
    ----------
    data : DataFrame
        Rows of one unit do not overlap.
    unit, start : str
        Columns of the unit and of the beginning of the interval.

    Returns
    -------
    Histories
        The order, and where each unit begins.

    Examples
    --------
    >>> rows = pd.DataFrame({"firm_id": ["a", "b", "a"], "start": [1, 0, 0]})
    >>> past = histories(rows, "firm_id", "start")
    >>> past.before(np.array([5.0, 6.0, 7.0]))
    array([7., 0., 0.])
    >>> past.running_product(np.array([5.0, 6.0, 7.0]))
    array([35.,  6.,  7.])
    """
    codes, labels = pd.factorize(data[unit])
    order = np.lexsort((data[start].to_numpy(dtype=float), codes))
    first = np.diff(codes[order], prepend=-1) != 0
    return Histories(
        codes.astype(np.int64), order.astype(np.int64), first, np.asarray(labels, dtype=object)
    )


@dataclass(frozen=True)
class Deal:
    """Rows by calendar year, and how many begin in each.

    ``rows``, ``starts`` and ``entered`` are by year: positions of its rows, the number of units
    that begin in it, and of those that enter with the exposure; ``starts`` is None for an exposure
    that comes and goes.
    """

    rows: list[np.ndarray]
    starts: list[int] | None
    entered: list[int]
    unit: np.ndarray
    value: FloatArray

    @classmethod
    def of(cls, data: pd.DataFrame, exposure: str, unit: str, year: str, start: str) -> Deal:
        """Count those who begin in each year."""
        past = histories(data, unit, start)
        value = data[exposure].to_numpy(dtype=float)
        before = past.before(value)
        codes = pd.factorize(data[year], sort=True)[0]
        rows = [np.flatnonzero(codes == k) for k in range(codes.max() + 1)]
        enters = past.number_of_row() == 0
        begins = value > before
        starts = [int((begins & ~enters)[here].sum()) for here in rows]
        entered = [int((begins & enters)[here].sum()) for here in rows]
        grows = bool((value >= before).all())
        return cls(rows, starts if grows else None, entered, past.unit, value)

    def anew(self, rng: np.random.Generator) -> np.ndarray:
        """Deal the exposure, (n,)."""
        dealt = np.zeros(len(self.value), dtype=np.int64)
        if self.starts is None:
            for here in self.rows:
                dealt[here] = rng.permutation(self.value[here])
            return dealt
        exposed, seen = np.zeros((2, int(self.unit.max()) + 1), dtype=bool)
        for here, number, entered in zip(self.rows, self.starts, self.entered, strict=True):
            units = np.unique(self.unit[here])
            new, free = units[~seen[units]], units[seen[units] & ~exposed[units]]
            exposed[rng.choice(new, min(entered, len(new)), replace=False)] = True
            exposed[rng.choice(free, min(number, len(free)), replace=False)] = True
            seen[units] = True
            dealt[here] = exposed[self.unit[here]]
        return dealt
