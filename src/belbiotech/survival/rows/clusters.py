"""Clusters of rows: codes for the sandwich variance. Whose row it is, `units` says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pandas as pd

from belbiotech.errors import FitError
from belbiotech.survival.rows.column_codes import Codes, numbered
from belbiotech.survival.rows.column_names import check_names

__all__ = ["Overlap", "as_cluster_columns", "cluster_codes"]


Overlap = Literal["refuse", "allow"]


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
