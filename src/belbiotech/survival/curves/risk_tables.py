"""Rows of each group -> at each time the number at risk, the events and the leavings.

All curves here (Kaplan-Meier, Nelson-Aalen, cumulative incidence, mean cumulative function) are
computed from these tables, so that they agree on who is at risk: ``start < t <= stop``.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import FitError
from belbiotech.survival.rows.checks import FloatArray, IntArray
from belbiotech.survival.rows.column_names import as_columns
from belbiotech.survival.rows.counts import Counts, count_rows

__all__ = [
    "EVERYONE",
    "RiskTable",
    "Rows",
    "at_risk_steps",
    "group_labels",
    "refuse_many_groups",
    "risk_table",
    "risk_tables",
    "whole_weights",
]

EVERYONE = "all"  # the group's name where nothing splits the rows
MOST_GROUPS = 2_000  # each has a curve of its own


@dataclass(frozen=True)
class Rows:
    """Rows of one group, counted or not.

    Attributes
    ----------
    start, stop : array of float, (m,)
        The intervals ``(start, stop]``.
    events : array of float, (m, k)
        How many events of each kind a row ends with.
    number, weight, weight_squared : array of float, (m,)
        How many rows of the data a row stands for, and their weights' sums.
    """

    start: FloatArray
    stop: FloatArray
    events: FloatArray
    number: FloatArray
    weight: FloatArray
    weight_squared: FloatArray

    def chosen(self, which: NDArray[np.bool_]) -> Rows:
        """Keep some of the rows."""
        return Rows(
            self.start[which],
            self.stop[which],
            self.events[which],
            self.number[which],
            self.weight[which],
            self.weight_squared[which],
        )


@dataclass(frozen=True)
class RiskTable:
    """One group's numbers at each time at which a row ends.

    Attributes
    ----------
    group : object
        The group's value, or a text like ``region=BE-VLG, listed=1`` for several columns.
    rows : Rows
        The group's rows.
    time : array of float, (t,)
        The times at which a row ends, in order.
    at_risk, leaving : array of float, (t,)
        Weight at risk, and weight of the rows that end there without an event.
    events : array of float, (t, k)
        Weight of the events, by outcome.
    hazard : array of float, (t, k)
        Events over number at risk.
    """

    group: Hashable
    rows: Rows
    time: FloatArray
    at_risk: FloatArray
    leaving: FloatArray
    events: FloatArray
    hazard: FloatArray

    def spans(self, rows: Rows) -> tuple[IntArray, IntArray]:
        """Give each row's first position in `time` at risk, and the one after its last."""
        first = np.searchsorted(self.time, rows.start, side="right")
        return first, np.searchsorted(self.time, rows.stop, side="right")


def risk_tables(
    data: pd.DataFrame,
    outcomes: Sequence[str],
    by: str | Sequence[str] | None = None,
    *,
    start: str = "start",
    stop: str = "stop",
    weights: str | None = None,
    frequency: str | None = None,
    squares: FloatArray | None = None,
) -> list[RiskTable]:
    """Make the risk table of each group of a checked panel.

    Parameters
    ----------
    data : DataFrame
        Rows that `check_rows` has let pass.
    outcomes : sequence of str
        The 0/1 columns; at most one of them is 1 in a row.
    by : str or sequence of str, optional
        Columns whose values make the groups.
    start, stop : str
        The interval's columns.
    weights : str, optional
        Column of case weights.
    frequency : str, optional
        Column of whole numbers: how many equal rows a row stands for.
    squares : array of float, (n,), optional
        The sum of the squares of the weights of these rows, where they are not all the same.

    Returns
    -------
    list of RiskTable
        In the order of the groups' values.

    Raises
    ------
    FitError
        Too many groups.
    """
    columns = as_columns(by)
    counts = count_rows(
        data, outcomes, columns, start=start, stop=stop, weights=weights, frequency=frequency
    )
    rows = Rows(
        start=counts.start,
        stop=counts.stop,
        events=(counts.event[:, None] == np.arange(1, len(outcomes) + 1)).astype(float),
        number=counts.number,
        weight=counts.weight,
        weight_squared=_sums_of_squares(data, counts, weights, squares),
    )
    codes, labels = group_labels(counts.columns, columns)
    refuse_many_groups(labels, columns)
    return [risk_table(label, rows.chosen(codes == k)) for k, label in enumerate(labels)]


def whole_weights(data: pd.DataFrame, weights: str | None) -> bool:
    """Tell whether weights, if there are any, can count rows: whether all are whole numbers.

    Parameters
    ----------
    data : DataFrame
        Rows that `check_rows` has let pass.
    weights : str, optional
        Column of case weights.

    Returns
    -------
    bool
        True without weights.
    """
    return weights is None or bool((data[weights] % 1 == 0).all())


def group_labels(table: pd.DataFrame, columns: Sequence[str]) -> tuple[IntArray, list[Hashable]]:
    """Give each row the number of its group, and each group its name, in the order of values.

    Parameters
    ----------
    table : DataFrame, (m, k)
        The columns whose values make the groups.
    columns : sequence of str
        Their names; none makes a single group of everyone.

    Returns
    -------
    codes : array of int, (m,)
        The group of each row.
    labels : list
        The value of a single column, a text such as ``a=1, b=2`` for several.
    """
    if not columns:
        return np.zeros(len(table), dtype=np.int64), [EVERYONE]
    grouped = table.groupby(list(columns), observed=True, sort=True)
    codes: IntArray = grouped.ngroup().to_numpy().astype(np.int64)
    values = table.iloc[np.unique(codes, return_index=True)[1]][list(columns)]
    if len(columns) == 1:
        return codes, list(values[columns[0]].tolist())
    labels: list[Hashable] = [
        ", ".join(f"{name}={value}" for name, value in zip(columns, row, strict=True))
        for row in values.itertuples(index=False)
    ]
    return codes, labels


def refuse_many_groups(
    labels: Sequence[Hashable], columns: Sequence[str], most: int = MOST_GROUPS
) -> None:
    """Refuse more groups than anybody looks at: nearly always a column of units.

    Parameters
    ----------
    labels : sequence
        The groups' names.
    columns : sequence of str
        The columns that make them.
    most : int
        How many there may be.

    Raises
    ------
    FitError
        With the number, and what to do.
    """
    if len(labels) > most:
        msg = (
            f"{' and '.join(map(repr, columns))} make {len(labels):,} groups, and {most:,} are the "
            "most: name a column with fewer values, or make one, such as "
            "data.assign(group=pandas.qcut(data['size'], 4))"
        )
        raise FitError(msg)


def risk_table(group: Hashable, rows: Rows) -> RiskTable:
    """Count at each time who is at risk, and what happens.

    Parameters
    ----------
    group : object
        The group's name.
    rows : Rows
        Its rows.

    Returns
    -------
    RiskTable
        The group's numbers.
    """
    time, last = np.unique(rows.stop, return_inverse=True)
    first = np.searchsorted(time, rows.start, side="right")
    any_event = rows.events.any(axis=1)
    events = np.column_stack([sums(last, rows.weight * kind, len(time)) for kind in rows.events.T])
    at_risk = _running(first, last, rows.weight, len(time))
    real = np.where(rows.weight > 0, rows.number, 0.0)
    left_over = _running(first, last, real, len(time))
    left_over -= sums(last, real * any_event, len(time))
    # Sums of real weights may leave 1e-16 at risk where every row has had its event.
    alone = (left_over == 0) & (rows.events.sum(axis=1).max(initial=0) <= 1)
    total = np.where(alone, events.sum(axis=1), at_risk)[:, None]
    hazard = np.divide(events, total, out=np.zeros_like(events), where=(events > 0) & (total > 0))
    return RiskTable(
        group=group,
        rows=rows,
        time=time,
        at_risk=at_risk,
        leaving=sums(last, rows.weight * ~any_event, len(time)),
        events=events,
        hazard=hazard,
    )


def at_risk_steps(table: RiskTable) -> pd.DataFrame:
    """Tell how many are at risk up to each time at which a row begins or ends.

    Parameters
    ----------
    table : RiskTable
        A group.

    Returns
    -------
    DataFrame
        group, time, at_risk: the weight of the rows with ``start < time <= stop``.
    """
    rows = table.rows
    time = np.unique(np.r_[rows.start, rows.stop])
    entered = np.bincount(np.searchsorted(time, rows.start) + 1, rows.weight, len(time) + 1)
    left = np.bincount(np.searchsorted(time, rows.stop) + 1, rows.weight, len(time) + 1)
    at_risk = np.cumsum(entered - left)[:-1]
    return pd.DataFrame({"group": table.group, "time": time, "at_risk": at_risk})


def sums(position: IntArray, values: FloatArray, length: int) -> FloatArray:
    """Add up values by position, ``numpy.bincount`` in floats."""
    return np.bincount(position, values, length).astype(float, copy=False)


def _running(first: IntArray, last: IntArray, weight: FloatArray, times: int) -> FloatArray:
    """Add up who is at risk at each time, from the first to the last position of each row."""
    change = sums(first, weight, times + 1) - sums(last + 1, weight, times + 1)
    return np.cumsum(change)[:times]


def _sums_of_squares(
    data: pd.DataFrame, counts: Counts, weights: str | None, squares: FloatArray | None
) -> FloatArray:
    if weights is None:
        return counts.number
    if squares is not None:
        return sums(counts.row_of, squares, len(counts.number))
    squares = data[weights].to_numpy(dtype=float) ** 2
    return sums(counts.row_of, squares, len(counts.number))
