"""Rows counted: equal rows once, with their number and summed weight.

Rows that share interval, outcome and all columns that an analysis reads are interchangeable, so
every estimator here works on the few distinct rows. Exact, not an approximation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
import pandas as pd

from belbiotech.survival.rows.checks import FloatArray, IntArray
from belbiotech.survival.rows.column_codes import (
    CHUNK,
    Codes,
    ColumnCodes,
    at_a_glance,
    combine,
    encode,
    encode_given,
    taken_apart,
)
from belbiotech.survival.rows.times import interval_times

__all__ = ["Counts", "DistinctRows", "count_rows", "counting_pays", "distinct_rows"]

ALWAYS = 1 << 14  # up to this many rows counting costs so little that it is always done
SAMPLE = 1 << 12  # rows looked at to tell whether counting pays
FULL = 4  # codes for each one that occurs, up to which a table of them all costs little
PAYS = 0.25  # share of distinct rows up to which it does


@dataclass(frozen=True)
class DistinctRows:
    """The different rows among many.

    Attributes
    ----------
    number : array of int, (m,)
        How many rows are equal to each distinct one.
    codes : array of int, (n,)
        A code for each row of the data, equal for equal rows.
    present : array of int, (m,)
        The codes that occur, in order.
    """

    number: IntArray
    codes: Codes
    present: IntArray

    @classmethod
    def of(cls, codes: Codes, size: int) -> DistinctRows:
        """Find the distinct rows from codes, (n,), below a size."""
        number = np.zeros(size, dtype=np.int64)
        chunk = max(CHUNK, size)
        for a in range(0, len(codes), chunk):
            number += np.bincount(codes[a : a + chunk], minlength=size)
        present = np.flatnonzero(number)
        return cls(number[present], codes, present)

    @cached_property
    def position(self) -> IntArray:
        """A row of the data for each distinct one, (m,)."""
        place = np.empty(self.present[-1] + 1, dtype=np.int64)
        for a in range(0, len(self.codes), CHUNK):
            part = self.codes[a : a + CHUNK]
            place[part] = np.arange(a, a + len(part))
        return place[self.present]

    @cached_property
    def row_of(self) -> IntArray:
        """For each row of the data its distinct row, (n,)."""
        place = np.zeros(self.present[-1] + 1, dtype=np.int64)
        place[self.present] = np.arange(len(self.present))
        row_of: IntArray = place.take(self.codes)
        return row_of

    def by_code(self, values: FloatArray) -> tuple[FloatArray, Codes]:
        """Give values of distinct rows, (m, p), as a table, and each row's place in it, (n,).

        Where most codes occur, the table is that of all codes: they need not be looked up then.
        """
        size = int(self.present[-1]) + 1
        if size > FULL * len(values):
            return values, self.row_of
        spread = np.zeros((size, *values.shape[1:]))
        spread[self.present] = values
        return spread, self.codes

    def sums(self, values: FloatArray) -> FloatArray:
        """Sum values, (n,), over equal rows, (m,)."""
        return np.bincount(self.codes, values)[self.present].astype(np.float64)


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
    rows : DistinctRows or None
        How they were found; None where counting would not have paid, so that each row of the
        data stands for itself.
    """

    start: FloatArray
    stop: FloatArray
    event: IntArray
    number: FloatArray
    weight: FloatArray
    columns: pd.DataFrame
    rows: DistinctRows | None

    @cached_property
    def row_of(self) -> IntArray:
        """For each row of the data the distinct row that it became, (n,)."""
        return np.arange(len(self.start)) if self.rows is None else self.rows.row_of


def count_rows(
    data: pd.DataFrame,
    outcomes: Sequence[str],
    columns: Sequence[str] = (),
    *,
    start: str = "start",
    stop: str = "stop",
    weights: str | None = None,
    frequency: str | None = None,
    always: bool = False,
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
    always : bool
        Count also where a sample shows that nearly all rows differ (a continuous covariate in
        a large panel), where else each row is left to stand for itself.

    Returns
    -------
    Counts
        Sorted by stop, start, event and columns, whatever the order of the data's rows; in
        the data's order where rows were not counted.

    Examples
    --------
    >>> rows = pd.DataFrame({"start": [0, 0, 1, 0], "stop": [1, 1, 2, 1], "failure": [0, 0, 1, 1]})
    >>> counts = count_rows(rows, ["failure"])
    >>> counts.number, counts.row_of
    (array([2., 1., 1.]), array([0, 0, 2, 1]))
    """
    event = _which_outcome(data, outcomes)
    starts, stops = interval_times(data, start, stop)
    read = [stops, starts, pd.Series(event), *(data[name] for name in columns)]
    happened = ColumnCodes(event, 0, len(outcomes) + 1, whole=True)
    keys = [*_interval_keys(starts, stops), happened, *map(at_a_glance, read[3:])]
    rows = None
    if always or _few_codes(keys, len(data)) or counting_pays(read):
        found = [encode(c) if key is None else key for key, c in zip(keys, read, strict=True)]
        codes = combine(found)
        rows = DistinctRows.of(codes.codes, codes.size)
        read = _distinct_values(rows, found, read)
    stops, starts, events, *others = read
    times = None if frequency is None else data[frequency].to_numpy(dtype=float)
    number = _sums(rows, times, len(data))
    if weights is None:
        weight = number
    else:
        case = data[weights].to_numpy(dtype=float)
        weight = _sums(rows, case if times is None else times * case, len(data))
    return Counts(
        start=starts.to_numpy(dtype=float),
        stop=stops.to_numpy(dtype=float),
        event=events.to_numpy(dtype=np.int64),
        number=number,
        weight=weight,
        columns=_table(columns, others, len(events)),
        rows=rows,
    )


def distinct_rows(table: pd.DataFrame) -> DistinctRows:
    """Find the different rows of a table without missing values.

    Parameters
    ----------
    table : DataFrame, (n, k)
        One column at least.

    Returns
    -------
    DistinctRows
        In the order of the columns' values.
    """
    codes = combine([encode(table[name]) for name in table.columns])
    return DistinctRows.of(codes.codes, codes.size)


def _interval_keys(starts: pd.Series, stops: pd.Series) -> list[ColumnCodes | None]:
    """Code stop, and start given stop, as far as that takes no hashing."""
    ends = at_a_glance(stops)
    return [ends, at_a_glance(starts) if ends is None else encode_given(starts, ends)]


def _distinct_values(
    rows: DistinctRows, keys: Sequence[ColumnCodes], read: Sequence[pd.Series]
) -> list[pd.Series]:
    """Give the distinct rows' values of each column: from the codes, where these tell them."""
    parts = taken_apart(rows.present, keys)
    if parts is None:
        return [_at(column, rows.position) for column in read]
    return [
        pd.Series(part).astype(column.dtype)
        if key.whole or key.difference
        else _at(column, rows.position)
        for key, part, column in zip(keys, parts, read, strict=True)
    ]


def _at(column: pd.Series, position: IntArray) -> pd.Series:
    return column.take(position).reset_index(drop=True)


def _table(names: Sequence[str], columns: Sequence[pd.Series], rows: int) -> pd.DataFrame:
    table = dict(zip(names, columns, strict=True))
    return pd.DataFrame(table, index=None if table else range(rows), copy=False)


def _few_codes(keys: Sequence[ColumnCodes | None], n: int) -> bool:
    """Tell whether only few rows can differ, so that no sample needs to be looked at."""
    sizes = [key.size for key in keys if key is not None]
    return len(sizes) == len(keys) and prod(sizes) <= PAYS * n


def _which_outcome(data: pd.DataFrame, outcomes: Sequence[str]) -> Codes:
    """Give each row the number of the outcome that happened to it, 0 for none."""
    kind = data[outcomes[0]].dtype
    if len(outcomes) == 1 and isinstance(kind, np.dtype) and kind.kind == "i":
        return data[outcomes[0]].to_numpy()  # 0 and 1, as they are
    event = np.zeros(len(data), dtype=np.int8)
    for k, name in enumerate(outcomes, start=1):
        np.putmask(event, data[name].to_numpy(dtype=bool), k)
    return event


def counting_pays(columns: Sequence[pd.Series]) -> bool:
    """Tell from a sample whether few rows differ.

    Of u different rows in the sample, f once and g twice there, the data has u + f (f - 1) /
    (2 g + 2) or more (Chao 1984, Scandinavian Journal of Statistics 11:265-270).

    Parameters
    ----------
    columns : sequence of Series, (n,)
        One at least, without missing values.

    Returns
    -------
    bool
        Whether counting is worth its while; always for few rows.
    """
    n = len(columns[0])
    if n <= ALWAYS:
        return True
    chosen = np.unique(np.random.default_rng(0).integers(0, n, SAMPLE))
    sample = combine([encode(column.take(chosen)) for column in columns])
    times = np.unique(sample.codes, return_counts=True)[1]
    once, twice = int((times == 1).sum()), int((times == 2).sum())
    return bool(len(times) + once * (once - 1) / (2 * twice + 2) <= PAYS * n)


def _sums(rows: DistinctRows | None, values: FloatArray | None, n: int) -> FloatArray:
    if values is None:
        return np.ones(n) if rows is None else rows.number.astype(np.float64)
    return values if rows is None else rows.sums(values)
