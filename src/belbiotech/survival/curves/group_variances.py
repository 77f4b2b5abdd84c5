"""Variances of the curves of several groups: from the risk sets, or robust by row or by cluster."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from belbiotech.errors import warn
from belbiotech.survival.curves.influence import (
    Variances,
    clustered_variances,
)
from belbiotech.survival.curves.risk_tables import RiskTable, Rows, group_labels, whole_weights
from belbiotech.survival.rows.checks import check_rows
from belbiotech.survival.rows.clusters import cluster_codes
from belbiotech.survival.rows.times import interval_times
from belbiotech.survival.rows.units import unit_of

__all__ = ["combined", "group_variances", "unit_of_errors"]


def unit_of_errors(
    data: pd.DataFrame,
    unit: str | None = None,
    *,
    cluster: Sequence[str] = (),
    weights: str | None = None,
    start: str = "start",
    stop: str = "stop",
) -> tuple[pd.DataFrame, str | None]:
    """Find the unit by which errors are clustered, and check that its rows do not overlap.

    Parameters
    ----------
    data : DataFrame
        Rows that `check_rows` has let pass.
    unit : str, optional
        What the caller was given.
    cluster : sequence of str
        Columns of clusters, which come first.
    weights : str, optional
        Column of case weights.
    start, stop : str
        Columns of the intervals.

    Returns
    -------
    DataFrame
        The rows, with the unit plain.
    str or None
        The column; None where clusters are given, weights are whole numbers, or each row is a
        unit by itself.

    Raises
    ------
    PanelError
        A missing value in the unit's column, or rows of a unit that overlap.
    """
    if cluster or whole_weights(data, weights):
        return data, None
    found = unit_of(data, unit)
    if found is not None:
        data = check_rows(data, [], start=start, stop=stop, unit=found)
    return data, found


def group_variances(
    data: pd.DataFrame,
    tables: Sequence[RiskTable],
    outcomes: Sequence[str],
    by: Sequence[str],
    *,
    cluster: Sequence[str],
    unit: str | None,
    weights: str | None,
    start: str,
    stop: str,
) -> list[Variances]:
    """Give each group's variances, robust to dependence within clusters.

    Parameters
    ----------
    data : DataFrame
        Rows that `check_rows` has let pass.
    tables : sequence of RiskTable
        The groups' numbers, from `risk_tables`.
    outcomes : sequence of str
        The 0/1 columns.
    by : sequence of str
        Columns whose values make the groups.
    cluster : sequence of str
        Columns of clusters, none, one or two.
    unit : str or None
        The column that says whose row it is: the cluster where none is given.
    weights : str or None
        Column of case weights.
    start, stop : str
        Columns of the intervals.

    Returns
    -------
    list of Variances
        One for each group.

    Warns
    -----
    BelbiotechWarning
        Two clusters whose variance is negative at some times.
    """
    if cluster:
        codes = [np.asarray(way) for way in cluster_codes(data, cluster)]
    else:
        codes = [pd.factorize(data[unit])[0]]
    if len(codes) == 2:
        codes.append(pd.factorize(codes[0].astype(np.int64) * (codes[1].max() + 1) + codes[1])[0])
    rows = _rows(data, outcomes, weights, start, stop)
    group, _ = group_labels(data, by)
    variances = []
    for k, table in enumerate(tables):
        here = group == k
        kept = rows.chosen(here)
        parts = [clustered_variances(table, kept, pd.factorize(way[here])[0]) for way in codes]
        variances.append(combined(parts))
    return variances


def _rows(
    data: pd.DataFrame, outcomes: Sequence[str], weights: str | None, start: str, stop: str
) -> Rows:
    """Give all rows of the data, not counted."""
    begins, ends = interval_times(data, start, stop)
    ones = np.ones(len(data))
    weight = ones if weights is None else data[weights].to_numpy(dtype=float)
    return Rows(
        start=begins.to_numpy(dtype=float),
        stop=ends.to_numpy(dtype=float),
        events=data[list(outcomes)].to_numpy(dtype=float),
        number=ones,
        weight=weight,
        weight_squared=weight**2,
    )


def combined(parts: list[Variances]) -> Variances:
    """Give the variance of one way of clustering, or V1 + V2 - V12 of two.

    Parameters
    ----------
    parts : list of Variances
        Of one way; or of two, and of both together.

    Returns
    -------
    Variances
        NaN where it is negative, with a warning.
    """
    if len(parts) == 1:
        return parts[0]
    names = ("survival", "incidence", "cumulated_hazard")
    one, two, both = ([getattr(part, name) for name in names] for part in parts)
    sums = [a + b - c for a, b, c in zip(one, two, both, strict=True)]
    rounding = [1e-12 * (a + b) for a, b in zip(one, two, strict=True)]
    sums = [np.where(abs(v) <= small, 0.0, v) for v, small in zip(sums, rounding, strict=True)]
    if any((v < 0).any() for v in sums):
        msg = (
            "the variance V1 + V2 - V12 of the two clusters is negative at some times: no standard "
            "error there (NaN); cluster by one of them"
        )
        warn(msg)
    return Variances(*(np.where(v < 0, np.nan, v) for v in sums))
