"""A trial from each eligible row, counted: cells of equal trial rows, never a row for each.

A trial of unit i that begins in its row k is the rows k, k + 1, ... of the unit, up to the event or
the end of the unbroken run of rows. What the model sees of them is the pattern of the covariates in
row k, the year of follow-up, and whether the event happened: as many cells as there are different
ones, however many the trials are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.survival.causal.histories import Histories
from belbiotech.survival.rows.checks import FloatArray, IntArray
from belbiotech.survival.rows.counts import distinct_rows

__all__ = ["FOLLOWUP", "TRIAL", "Cells", "TrialYear", "Trials", "trials_of"]

FOLLOWUP, TRIAL = "followup", "trial"


@dataclass(frozen=True)
class TrialYear:
    """The trials that have a row in one year of follow-up.

    Attributes
    ----------
    year : int
        From 0 on.
    trial : array of int, (m,)
        Which trials.
    row : array of int, (m,)
        Position of each trial's row among the sorted rows.
    """

    year: int
    trial: IntArray
    row: IntArray


@dataclass(frozen=True)
class Cells:
    """Equal trial rows, counted.

    Attributes
    ----------
    table : DataFrame, (c, k)
        The covariates of row k, the trial's begin and the year of follow-up of each cell.
    event : array of float, (c,)
        Whether it ends with the event.
    number, weight : array of float, (c,)
        How many trial rows it stands for, and their weights' sum.
    """

    table: pd.DataFrame
    event: FloatArray
    number: FloatArray
    weight: FloatArray


@dataclass(frozen=True)
class Trials:
    """All trials, not expanded.

    Attributes
    ----------
    row : array of int, (t,)
        Position of each trial's first row among the sorted rows.
    end : array of int, (t,)
        The position after its last.
    unit : array of int, (t,)
        Its unit.
    assigned : array of int, (t,)
        The exposure in the first row.
    pattern : array of int, (t,)
        The pattern of its covariates.
    patterns : DataFrame
        The patterns, with the exposure and ``trial``.
    event : array of bool, (n,)
        The outcome of each sorted row.
    cumulated : array of float, (n,), or None
        Running product of the weights' factors of the sorted rows.
    horizon : int
        Years of follow-up.
    begins : int
        How many different times there are at which trials begin.
    """

    row: IntArray
    end: IntArray
    unit: IntArray
    assigned: IntArray
    pattern: IntArray
    patterns: pd.DataFrame
    event: NDArray[np.bool_]
    cumulated: FloatArray | None
    horizon: int
    begins: int

    def years(self) -> Iterator[TrialYear]:
        """Give year after year of follow-up the trials that are still followed."""
        trial = np.arange(len(self.row))
        for year in range(self.horizon):
            trial = trial[self.row[trial] + year < self.end[trial]]
            if not len(trial):
                return
            yield TrialYear(year, trial, self.row[trial] + year)

    def weight(self, year: TrialYear) -> FloatArray:
        """Give the weight of each trial's row in a year: of what happened since its beginning."""
        if self.cumulated is None:
            return np.ones(len(year.trial))
        ratio: FloatArray = self.cumulated[year.row] / self.cumulated[self.row[year.trial]]
        return ratio

    def code(self, year: TrialYear) -> IntArray:
        """Give the number of each trial's cell in a year."""
        size = len(self.patterns)
        event = self.event[year.row].astype(np.int64)
        return (year.year * size + self.pattern[year.trial]) * 2 + event

    def units_with_event(self, assigned: int) -> int:
        """Count the units with the event in some trial of an arm: each once, in however many."""
        found = [
            self.unit[year.trial[self.event[year.row] & (self.assigned[year.trial] == assigned)]]
            for year in self.years()
        ]
        return len(np.unique(np.concatenate(found))) if found else 0

    def cells(self, cut: tuple[float, float] | None) -> tuple[Cells, IntArray]:
        """Count the trial rows.

        Parameters
        ----------
        cut : (float, float) or None
            Least and most weight of a trial row.

        Returns
        -------
        Cells
            The different ones.
        present : array of int, (c,)
            Their codes, in order.
        """
        size = len(self.patterns) * 2
        number, weight = [], []
        for year in self.years():
            code = self.code(year) - year.year * size
            value = self.weight(year) if cut is None else np.clip(self.weight(year), *cut)
            number.append(np.bincount(code, minlength=size).astype(float))
            weight.append(np.bincount(code, value, size).astype(float))
        counted, weighed = np.concatenate(number), np.concatenate(weight)
        present = np.flatnonzero(counted)
        pattern = (present // 2) % len(self.patterns)
        table = self.patterns.iloc[pattern].reset_index(drop=True)
        table[FOLLOWUP] = present // size
        event = (present % 2).astype(float)
        return Cells(table, event, counted[present], weighed[present]), present

    def weights_of_all(self) -> FloatArray:
        """Give the weights of all trial rows, for their quantiles and their mean."""
        return np.concatenate([self.weight(year) for year in self.years()])


def trials_of(
    data: pd.DataFrame,
    past: Histories,
    columns: list[str],
    *,
    exposure: str,
    outcome: str,
    start: str,
    stop: str,
    eligible: NDArray[np.bool_],
    per_protocol: bool,
    cumulated: FloatArray | None,
    horizon: int | None,
) -> Trials:
    """Find the trials.

    Parameters
    ----------
    data : DataFrame, (n, k)
        Checked rows of one period each.
    past : Histories
        Their order.
    columns : list of str
        Covariates as of a trial's first row.
    exposure, outcome, start, stop : str
        Columns.
    eligible : array of bool, (n,)
        Rows in which a trial begins.
    per_protocol : bool
        Whether a trial ends when the unit leaves what it was assigned to.
    cumulated : array of float, (n,), or None
        Running product of the weights' factors.
    horizon : int or None
        Years of follow-up; None as far as any trial goes.

    Returns
    -------
    Trials
        Not expanded.
    """
    order = past.order
    begins, ends = (data[name].to_numpy(dtype=float)[order] for name in (start, stop))
    event = data[outcome].to_numpy(dtype=bool)[order]
    exposed = data[exposure].to_numpy(dtype=float)[order] > 0
    # A run of rows is broken by another unit, a gap, and the event itself.
    broken = np.r_[past.first[1:], True] | event
    broken[:-1] |= begins[1:] != ends[:-1]
    run_end = _next(np.flatnonzero(broken) + 1, len(order))
    row = np.flatnonzero(eligible[order])
    end = run_end[row]
    if per_protocol:
        changes = np.flatnonzero(np.diff(exposed.astype(np.int8)) != 0) + 1
        end = np.minimum(end, _next(changes, len(order))[row])
    first_rows = data.iloc[order[row]]
    table = first_rows[[exposure, *(c for c in columns if c not in (exposure, TRIAL))]].copy()
    table[TRIAL] = begins[row]
    kept = [exposure, *(c for c in columns if c != exposure)]
    table = table[kept]
    found = distinct_rows(table)
    longest = int((end - row).max())
    return Trials(
        row=row.astype(np.int64),
        end=end.astype(np.int64),
        unit=past.unit[order][row],
        assigned=exposed[row].astype(np.int64),
        pattern=found.row_of.astype(np.int64),
        patterns=table.iloc[found.position].reset_index(drop=True),
        event=event,
        cumulated=None if cumulated is None else cumulated[order],
        horizon=longest if horizon is None else horizon,
        begins=len(np.unique(begins[row])),
    )


def _next(edges: IntArray, size: int) -> IntArray:
    """Give for each of n positions the first edge after it (or the end)."""
    place = np.searchsorted(edges, np.arange(size), side="right")
    bounded = np.append(edges, size)
    return bounded[place].astype(np.int64)
