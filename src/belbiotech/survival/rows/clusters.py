"""Clusters of rows: codes for the sandwich variance, and the check of what is a unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, PanelError
from belbiotech.survival.rows.checks import in_order, overlapping_rows, overlaps_in_words
from belbiotech.survival.rows.column_codes import Codes, numbered
from belbiotech.survival.rows.column_names import check_names
from belbiotech.survival.rows.times import Times, interval_arrays

__all__ = ["Overlap", "as_cluster_columns", "check_units", "cluster_codes"]


Overlap = Literal["refuse", "allow"]
UNIT = "firm_id"
ROUNDING = 1e-9  # of a sum of lengths


def as_cluster_columns(cluster: str | Sequence[str] | None) -> tuple[str, ...]:
    """Give the columns of clusters, none, one or two, as a tuple.

    Raises
    ------
    FitError
        More than two.
    PanelError
        Something else than names of columns.
    """
    check_names(cluster=cluster)
    if cluster is None:
        return ()
    columns = (cluster,) if isinstance(cluster, str) else tuple(cluster)
    if len(columns) > 2:
        msg = f"cluster takes one column or two, not {len(columns)}"
        raise FitError(msg)
    return columns


def check_units(
    data: pd.DataFrame,
    cluster: Sequence[str],
    start: str,
    stop: str,
    *,
    overlap_offered: bool = False,
) -> tuple[str, ...]:
    """Refuse rows of one unit that overlap in time, where clusters are units.

    The column ``firm_id``, the unit's name all over this package, is always taken for one. Another
    is unless more than half of its clusters hold rows that overlap: a region holds many firms, a
    pair two.

    Parameters
    ----------
    data : DataFrame
        Rows that `check_rows` has let pass.
    cluster : sequence of str
        The columns of clusters.
    start, stop : str
        Columns of the interval.
    overlap_offered : bool
        Whether the caller has the argument ``overlap``, for messages.

    Returns
    -------
    tuple of str
        The columns whose clusters are taken for groups of units.

    Raises
    ------
    PanelError
        With the rows.
    """
    if not cluster:
        return ()
    begins, ends = interval_arrays(data, start, stop)
    problems, groups = [], []
    for name in cluster:
        if in_order(data[name], begins, ends):
            continue
        if name != UNIT and _surely_many_units(data[name], begins, ends):
            groups.append(name)
            continue
        overlapping = overlapping_rows(data[name], begins, ends)
        if not len(overlapping):
            continue
        codes = pd.factorize(data[name])[0]
        rare = len(np.unique(codes[overlapping])) <= (codes.max() + 1) / 2
        if name == UNIT or rare:
            problems += overlaps_in_words(data, name, start, stop, offered=overlap_offered)
        else:
            groups.append(name)
    if problems:
        raise PanelError("\n".join(problems))
    return tuple(groups)


def _surely_many_units(cluster: pd.Series, start: Times, stop: Times) -> bool:
    """Tell whether more than half of the clusters are at risk for longer than there is time.

    Their rows must then overlap, and nobody needs to look which: a year, or a region.
    """
    codes, number = numbered([cluster])
    length = stop.astype(np.float64) - start
    time = float(stop.max()) - float(start.min())
    full = np.bincount(codes, length) > (1 + ROUNDING) * time
    return bool(full.sum() > number / 2)


def cluster_codes(data: pd.DataFrame, cluster: Sequence[str]) -> tuple[Codes, ...]:
    """Give each row the number of its cluster, for each way of clustering.

    Parameters
    ----------
    data : DataFrame, (n, k)
        The rows.
    cluster : sequence of str
        The columns of clusters.

    Returns
    -------
    tuple of array of int, (n,)
        Codes 0, 1, ...; each of them occurs.

    Raises
    ------
    FitError
        A column with one value only.
    """
    ways = {name: numbered([data[name]]) for name in cluster}
    single = [name for name, (_, number) in ways.items() if number < 2]
    if single:
        msg = "\n".join(
            f"cluster column {name!r} has one value only, {data[name].unique().tolist()[0]!r}: "
            "errors come from how clusters differ; give a column with more values, or no cluster"
            for name in single
        )
        raise FitError(msg)
    return tuple(codes for codes, _ in ways.values())
