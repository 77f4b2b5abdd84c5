"""Variances of curves whose rows an engine holds: influences summed by cluster where these are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from belbiotech.survival.curves.group_variances import combined
from belbiotech.survival.curves.influence import (
    Variances,
    row_influences,
    variances_of,
)
from belbiotech.survival.curves.risk_tables import RiskTable, Rows, group_labels
from belbiotech.survival.engines.held import CountedRows, HeldRows
from belbiotech.survival.rows.times import interval_times

__all__ = ["held_variances"]


def held_variances(
    rows: CountedRows,
    held: HeldRows,
    tables: Sequence[RiskTable],
    by: Sequence[str],
    *,
    cluster: Sequence[str],
    unit: str | None,
) -> list[Variances]:
    """Give each group's variances, as `group_variances` does for rows in memory.

    Parameters
    ----------
    rows : CountedRows
        The distinct rows.
    held : HeldRows
        Where all rows are.
    tables : sequence of RiskTable
        The groups' numbers.
    by : sequence of str
        Columns whose values make the groups.
    cluster : sequence of str
        Columns of clusters, none, one or two.
    unit : str or None
        The cluster where none is given.

    Returns
    -------
    list of Variances
        One for each group.
    """
    ways: list[tuple[str, ...]] = [(name,) for name in cluster or (unit,) if name is not None]
    if len(ways) == 2:
        ways.append(tuple(cluster))
    codes, _ = group_labels(rows.data, by)
    alone, made = _one_each(rows, held), []
    for k, table in enumerate(tables):
        here = codes == k
        each = row_influences(table, alone.chosen(here))
        influence = np.zeros((len(rows.data), each.shape[1]))
        influence[here] = each
        parts = [held.cluster_squares(influence, way, diagonal=True).middle for way in ways]
        made.append(combined([variances_of(table, part) for part in parts]))
    return made


def _one_each(rows: CountedRows, held: HeldRows) -> Rows:
    """Give the distinct rows, each once and with a weight of one: the engine weights theirs."""
    reading, data = held.reading, rows.data
    begins, ends = interval_times(data, reading.start, reading.stop)
    ones = np.ones(len(data))
    return Rows(
        start=begins.to_numpy(dtype=float),
        stop=ends.to_numpy(dtype=float),
        events=data[list(reading.outcomes)].to_numpy(dtype=float),
        number=ones,
        weight=ones,
        weight_squared=ones,
    )
