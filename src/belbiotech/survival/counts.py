"""Rows counted: equal rows once, with their number and summed weight.

Rows that share interval, outcome and all columns that an analysis reads are interchangeable, so
every estimator here works on the few distinct rows. Exact, not an approximation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from belbiotech.survival.rows import FloatArray, IntArray

__all__ = ["Counts", "count_rows"]


@dataclass(frozen=True)
class Counts:
    """The distinct rows of a panel.

    Attributes
    ----------
    start, stop : array of float, (m,)
        The interval ``(start, stop]`` of each distinct row.
    event : array of int, (m,)
        0 where nothing happened, k where the k-th outcome did.
    number : array of float, (m,)
        How many rows of the data (times their frequency) this one stands for.
    weight : array of float, (m,)
        The sum of their case weights (equal to ``number`` without weights).
    columns : DataFrame, (m, k)
        The distinct rows' values of the counted columns, with the data's dtypes.
    row_of : array of int, (n,)
        For each row of the data the distinct row that it became.
    """

    start: FloatArray
    stop: FloatArray
    event: IntArray
    number: FloatArray
    weight: FloatArray
    columns: pd.DataFrame
    row_of: IntArray


def count_rows(
    data: pd.DataFrame,
    outcomes: Sequence[str],
    columns: Sequence[str] = (),
    *,
    start: str = "start",
    stop: str = "stop",
    weights: str | None = None,
    frequency: str | None = None,
) -> Counts:
    """Count equal rows of a checked panel.

    Parameters
    ----------
    data : DataFrame
        Rows that `check_rows` has let pass.
    outcomes : sequence of str
        The 0/1 columns; at most one of them is 1 in a row.
    columns : sequence of str
        The other columns that must be equal for rows to be counted together.
    start, stop : str
        The interval's columns.
    weights, frequency : str, optional
        Columns of case weights and of whole numbers of equal rows.

    Returns
    -------
    Counts
        Sorted by stop, start, event and columns: the same for any order of the data's rows.
    """
    event = np.zeros(len(data), dtype=np.int64)
    for k, name in enumerate(outcomes, start=1):
        event[data[name].to_numpy(dtype=bool)] = k
    keys = data[[*columns]].assign(
        __start=data[start].to_numpy(dtype=float),
        __stop=data[stop].to_numpy(dtype=float),
        __event=event,
    )
    groups = keys.groupby(["__stop", "__start", "__event", *columns], observed=True, sort=True)
    row_of = groups.ngroup().to_numpy()
    distinct = keys.iloc[np.unique(row_of, return_index=True)[1]].reset_index(drop=True)
    times = np.ones(len(data)) if frequency is None else data[frequency].to_numpy(dtype=float)
    case = times if weights is None else times * data[weights].to_numpy(dtype=float)
    return Counts(
        start=distinct["__start"].to_numpy(),
        stop=distinct["__stop"].to_numpy(),
        event=distinct["__event"].to_numpy(),
        number=np.bincount(row_of, times),
        weight=np.bincount(row_of, case),
        columns=distinct[[*columns]],
        row_of=row_of,
    )
