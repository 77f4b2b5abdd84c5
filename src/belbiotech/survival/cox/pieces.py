"""Rows cut at the event times, and pieces that are equal counted once.

Where an effect varies with time a row has other covariates at each event time at which it is at
risk. Between event times nothing is asked of it. So a model needs, at each event time, one piece
for each set of covariates that is at risk there, however many rows are such.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import FitError
from belbiotech.survival.cox.partial_likelihood import Design, RiskSets
from belbiotech.survival.formulas.formula import Formula
from belbiotech.survival.formulas.matrix import Matrix
from belbiotech.survival.formulas.over_time import (
    covariates_over_time,
    functions_of_time,
    with_over_time,
)
from belbiotech.survival.formulas.texts import shown
from belbiotech.survival.rows.checks import FloatArray, IntArray
from belbiotech.survival.rows.counts import distinct_rows
from belbiotech.survival.rows.interval_sums import IntervalSums

__all__ = ["Pieces", "cut_at_events", "pieces_with_covariates"]

MOST_PIECES = 1 << 24


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
    sets: RiskSets, event: NDArray[np.bool_], pattern: IntArray, formula: str = ""
) -> Pieces:
    """Cut distinct rows at the event times.

    Parameters
    ----------
    sets : RiskSets
        Of the m distinct rows.
    event : array of bool, (m,)
        Those with the event.
    pattern : array of int, (m,)
        0, 1, ...: equal where covariates and stratum are.
    formula : str
        For the message.

    Returns
    -------
    Pieces
        Without their numbers and covariates.

    Raises
    ------
    FitError
        More pieces than fit in memory.
    """
    first, last = sets.first, sets.last
    there = first < last
    low = np.full(int(pattern.max(initial=-1)) + 1, len(sets.time))
    high = np.zeros(len(low), dtype=np.int64)
    np.minimum.at(low, pattern[there], first[there])
    np.maximum.at(high, pattern[there], last[there])
    width = np.maximum(high - low, 0)
    cells = int(width.sum())
    if cells > MOST_PIECES:
        msg = (
            f"formula {shown(formula)}: tt() needs the covariates of each row anew at each event "
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
    ended, place = np.unique(cell[happened] + sets.own, return_inverse=True)
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


def pieces_with_covariates(
    formula: Formula, design: Design, sets: RiskSets, table: pd.DataFrame, matrix: Matrix
) -> tuple[Pieces, Design, Matrix]:
    """Cut distinct rows at the event times, and give the pieces their covariates.

    Parameters
    ----------
    formula : Formula
        With effects that vary with time.
    design : Design
        The m distinct rows.
    sets : RiskSets
        Their risk sets.
    table : DataFrame, (m, k)
        The columns of the formula and of strata.
    matrix : Matrix
        Of the distinct rows, of the other terms.

    Returns
    -------
    Pieces, Design, Matrix
        The pieces, and what a model of them is fitted to; a piece is at risk at one event time.

    Raises
    ------
    FormulaError
        A factor, a function that is not defined at an event time, products that are infinite.
    FitError
        More pieces than fit in memory.
    """
    covariates = covariates_over_time(formula.text, formula.over_time, table)
    functions = functions_of_time(formula.text, formula.over_time, sets.time)
    pieces = cut_at_events(sets, design.event, distinct_rows(table).row_of, formula.text)
    row, position = pieces.row, pieces.position
    with np.errstate(over="ignore"):
        products = [x[row] * functions[position, k] for k, x in enumerate(covariates)]
    values = np.stack(products, axis=1)
    if not np.isfinite(values).all():
        bad = np.flatnonzero(~np.isfinite(values).all(axis=0))
        told = ", ".join(formula.over_time[k].text for k in bad)
        msg = f"formula {shown(formula.text)}: {told} is infinite; rescale the covariate or time"
        raise FitError(msg)
    wide = with_over_time(matrix, formula.over_time, row, values)
    before = np.roll(sets.time, 1)
    before[np.diff(sets.stratum, prepend=-1) != 0] = design.start.min()
    cut = Design(
        start=before[position],
        stop=sets.time[position],
        event=pieces.event,
        stratum=design.stratum[row],
        x=wide.x,
        number=pieces.of_rows(design.number),
        weight=pieces.of_rows(design.weight),
        offset=wide.offset,
    )
    return pieces, cut, wide
