"""Rows cut into periods of one unit of time, for models in discrete time.

A row ``(start, stop]`` that is longer than a period stands for one row a period, with its outcome
in the last: the same facts, since its covariates hold over all of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from belbiotech.errors import PanelError
from belbiotech.survival.rows.checks import FloatArray, IntArray, rows_in_words
from belbiotech.survival.rows.counts import Counts

__all__ = ["Periods", "check_whole_times", "cut_into_periods"]

MOST_PERIODS = 100_000_000  # each is a row of the computation


@dataclass(frozen=True)
class Periods:
    """Distinct rows cut into periods.

    Attributes
    ----------
    row : array of int, (r,)
        The distinct row that a period is a part of.
    start : array of float, (r,)
        The period is ``(start, start + 1]``.
    event : array of int, (r,)
        0 where nothing happened, k where the k-th outcome did.
    number : array of float, (r,)
        How many periods of the data this one stands for.
    weight : array of float, (r,)
        The sum of their case weights.
    """

    row: IntArray
    start: FloatArray
    event: IntArray
    number: FloatArray
    weight: FloatArray


def check_whole_times(data: pd.DataFrame, start: str, stop: str) -> None:
    """Refuse times that are not whole numbers.

    Parameters
    ----------
    data : DataFrame
        Rows that `check_rows` has let pass.
    start, stop : str
        The interval's columns.

    Raises
    ------
    PanelError
        With the rows, and what to do.
    """
    problems = []
    for name in (start, stop):
        times = data[name].to_numpy(dtype=float)
        broken = times != np.round(times)
        if broken.any():
            problems.append(
                f"column {name!r} is not a whole number in {rows_in_words(data, broken)}, "
                f"such as {times[broken][0]:g}"
            )
    if problems:
        problems.append(
            "a hazard in discrete time needs whole periods: count time in periods (years: "
            "numpy.floor of start, numpy.ceil of stop), or use cox(), which takes any times"
        )
        raise PanelError("\n".join(problems))
    with np.errstate(over="ignore"):
        periods = float(
            (data[stop].to_numpy(dtype=float) - data[start].to_numpy(dtype=float)).sum()
        )
    if not periods <= MOST_PERIODS:
        msg = (
            f"the rows have {periods:.3g} periods from {start!r} to {stop!r}, and "
            f"{MOST_PERIODS:,} are the most: count time in longer ones"
        )
        raise PanelError(msg)


def cut_into_periods(counts: Counts) -> Periods:
    """Give each period of each distinct row.

    Parameters
    ----------
    counts : Counts
        Distinct rows with whole times.

    Returns
    -------
    Periods
        In the order of the rows.
    """
    length = np.rint(counts.stop - counts.start).astype(np.int64)
    row = np.repeat(np.arange(len(length)), length)
    first = np.repeat(np.cumsum(length) - length, length)
    elapsed = np.arange(len(row)) - first
    last = elapsed == length[row] - 1
    return Periods(
        row=row,
        start=counts.start[row] + elapsed,
        event=np.where(last, counts.event[row], 0),
        number=counts.number[row],
        weight=counts.weight[row],
    )
