"""Groups beside each other: at each event time who is at risk in each, and what happens."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from belbiotech.errors import FitError
from belbiotech.survival.curves.risk_tables import group_labels, refuse_many_groups, sums
from belbiotech.survival.rows.checks import FloatArray, IntArray
from belbiotech.survival.rows.column_names import as_columns
from belbiotech.survival.rows.counts import Counts, count_rows

__all__ = ["GroupedStrata", "GroupTimes", "check_groups", "grouped_strata"]

MOST_COMPARED = 1_000  # groups: the variance of their comparison is a square of them
MOST_CELLS = 50_000_000  # numbers at risk, by time and group


@dataclass(frozen=True)
class GroupTimes:
    """One stratum at the times of its events.

    Attributes
    ----------
    time : array of float, (t,)
        Times at which any group has any event.
    at_risk : array of float, (t, g)
        Weight at risk in each group, ``start < t <= stop``.
    events : array of float, (k, t, g)
        Weight of the events of each kind.
    """

    time: FloatArray
    at_risk: FloatArray
    events: FloatArray

    def only(self, groups: Sequence[int]) -> GroupTimes:
        """Keep some groups, and the times at which one of them has an event."""
        events = self.events[:, :, groups]
        times = events.any(axis=(0, 2))
        return GroupTimes(self.time[times], self.at_risk[times][:, groups], events[:, times])


@dataclass(frozen=True)
class GroupedStrata:
    """All strata, with the groups' names and their number of rows."""

    strata: list[GroupTimes]
    labels: list[Hashable]
    rows: FloatArray

    def only(self, groups: Sequence[int]) -> GroupedStrata:
        """Keep some groups."""
        strata = [stratum.only(groups) for stratum in self.strata]
        return GroupedStrata(strata, [self.labels[k] for k in groups], self.rows[list(groups)])


def grouped_strata(
    data: pd.DataFrame,
    outcomes: Sequence[str],
    by: str | Sequence[str],
    strata: str | Sequence[str] | None,
    *,
    weights: str | None = None,
    start: str = "start",
    stop: str = "stop",
    frequency: str | None = None,
) -> GroupedStrata:
    """Count a checked panel by stratum, event time and group.

    Parameters
    ----------
    data : DataFrame
        Rows that `check_rows` has let pass.
    outcomes : sequence of str
        The 0/1 columns; at most one of them is 1 in a row.
    by, strata : str or sequence of str
        Columns that make the groups, and those within which groups are compared.
    weights : str, optional
        Column of case weights: what is at risk, and happens, is their sum.
    start, stop : str
        The interval's columns.
    frequency : str, optional
        Column of whole numbers: how many equal rows a row stands for.

    Returns
    -------
    GroupedStrata
        Groups in the order of their values.

    Raises
    ------
    FitError
        Fewer than two groups, or too many.
    """
    groups, within = as_columns(by), as_columns(strata, "strata")
    columns = list(dict.fromkeys([*groups, *within]))
    counts = count_rows(
        data, outcomes, columns, start=start, stop=stop, weights=weights, frequency=frequency
    )
    codes, labels = group_labels(counts.columns, groups)
    check_groups(labels, groups)
    of_stratum, names = group_labels(counts.columns, within)
    size = (len(outcomes), len(labels))
    in_order = np.argsort(of_stratum, kind="stable")
    bounds = np.searchsorted(of_stratum[in_order], np.arange(1, len(names)))
    made = [_group_times(counts, rows, codes, size) for rows in np.split(in_order, bounds)]
    return GroupedStrata(made, labels, sums(codes, counts.number, len(labels)))


def check_groups(labels: Sequence[Hashable], columns: Sequence[str]) -> None:
    """Refuse fewer than two groups where groups are to be compared, and very many.

    Parameters
    ----------
    labels : sequence
        The groups' names.
    columns : sequence of str
        The columns that make them.

    Raises
    ------
    FitError
        With what makes groups.
    """
    if not columns:
        msg = "by= must name a column whose values make the groups: a comparison needs two of them"
        raise FitError(msg)
    if len(labels) < 2:
        msg = (
            f"there is only one group, {labels[0]!r}, in {' and '.join(columns)}; "
            "a comparison needs two"
        )
        raise FitError(msg)
    refuse_many_groups(labels, columns, MOST_COMPARED)


def _group_times(
    counts: Counts, chosen: IntArray, codes: IntArray, size: tuple[int, int]
) -> GroupTimes:
    """Count the chosen distinct rows at each of their event times."""
    kinds, groups = size
    start, stop, event = counts.start[chosen], counts.stop[chosen], counts.event[chosen]
    number, group = counts.weight[chosen], codes[chosen]
    times = np.unique(stop[(event > 0) & (number > 0)])
    shape = (len(times) + 1, groups)
    if shape[0] * groups > MOST_CELLS:
        msg = (
            f"{len(times):,} times of events in {groups:,} groups are more than "
            f"{MOST_CELLS:,} numbers: compare fewer groups, or round the times"
        )
        raise FitError(msg)
    first = np.searchsorted(times, start, side="right")
    after = np.searchsorted(times, stop, side="right")
    entering = sums(first * groups + group, number, shape[0] * groups)
    ended = sums(after * groups + group, number, shape[0] * groups)
    at_risk = np.cumsum((entering - ended).reshape(shape), axis=0)[:-1]
    events = [
        sums(
            (after[counted] - 1) * groups + group[counted],
            number[counted],
            len(times) * groups,
        ).reshape(-1, groups)
        for k in range(1, kinds + 1)
        for counted in [(event == k) & (number > 0)]
    ]
    return GroupTimes(times, at_risk, np.stack(events))
