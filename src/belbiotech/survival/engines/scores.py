"""Scores of distinct rows joined back to all rows, and summed by cluster where these are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from belbiotech.errors import EngineError
from belbiotech.survival.engines.checking import Extent
from belbiotech.survival.engines.columns import cluster_name, plain, product_of, that_count
from belbiotech.survival.engines.engine import Engine
from belbiotech.survival.engines.keys import Keys
from belbiotech.survival.engines.local_sums import Numbering, Sums, sums_by_number
from belbiotech.survival.rows.times import FloatArray

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["ClusterSquares", "cluster_squares", "numbering_of", "write_values"]

WIDE = 64  # columns of scores in one query


@dataclass(frozen=True)
class ClusterSquares:
    """What is left of scores that were summed by cluster.

    Attributes
    ----------
    middle : array of float, (p, p) or (p,)
        The sum over clusters of the outer product of their sums, or of its diagonal alone.
    clusters : int
        How many there are.
    times : int or None
        How many times the clusters' rows cover, if that was asked for and is known.
    """

    middle: FloatArray
    clusters: int
    times: int | None = None


def cluster_squares(
    engine: Engine,
    keys: Keys,
    distinct: pd.DataFrame,
    scores: FloatArray,
    cluster: Sequence[str],
    extent: Extent,
    *,
    bits: FloatArray | None = None,
    diagonal: bool = False,
) -> ClusterSquares:
    """Sum weighted scores by cluster where the rows are, and the products of these sums.

    Parameters
    ----------
    engine : Engine
        Where the rows are.
    keys : Keys
        How they were counted.
    distinct : DataFrame, (m, q)
        The distinct rows' keys.
    scores : array of float, (m, p)
        The score of each distinct row, not yet weighted.
    cluster : sequence of str
        The columns whose combinations are the clusters.
    extent : Extent
        How many rows there were when they were counted, and the ranges of clusters.
    bits : array of float, (m, words), or None
        The bits of each distinct row's times, where `numbering_of` gives numbers: they are summed
        in the same pass.
    diagonal : bool
        Leave out the products of different columns.

    Returns
    -------
    ClusterSquares
        Only these numbers, p (p + 1) / 2 of them, leave the engine, or, of one in this process
        and clusters whose numbers lie close together, their sums are kept in an array.

    Raises
    ------
    EngineError
        The engine failed, or its rows have changed since they were counted.
    """
    numbering = numbering_of(engine, cluster, extent)
    if numbering is not None:
        sums = sums_by_number(
            engine, keys, distinct, scores, numbering, bits=bits, diagonal=diagonal
        )
    else:
        sums = _sums_by_query(engine, keys, distinct, scores, cluster, diagonal=diagonal)
    if sums.rows != extent.rows:
        msg = (
            f"{engine.name} had {extent.rows:,d} rows when they were counted, and {sums.rows:,d} "
            "of these when scores were summed: the table changes while the model is fitted"
        )
        raise EngineError(msg)
    return ClusterSquares(sums.middle, sums.clusters, sums.times)


def numbering_of(engine: Engine, cluster: Sequence[str], extent: Extent) -> Numbering | None:
    """Give clusters numbers, where they are summed in an array of this process."""
    return Numbering.of(cluster, extent.ranges, extent.rows) if engine.is_here else None


def _sums_by_query(
    engine: Engine,
    keys: Keys,
    distinct: pd.DataFrame,
    scores: FloatArray,
    cluster: Sequence[str],
    *,
    diagonal: bool,
) -> Sums:
    """Let the engine sum by cluster, and add up the products."""
    p = scores.shape[1]
    if diagonal and p > WIDE:
        parts = [
            _sums_by_query(engine, keys, distinct, scores[:, a : a + WIDE], cluster, diagonal=True)
            for a in range(0, p, WIDE)
        ]
        middle = np.concatenate([part.middle for part in parts])
        return replace(parts[0], middle=middle)
    names = [f"s{j}" for j in range(p)]
    pairs = [(i, j) for i in range(p) for j in range(i, p) if i == j or not diagonal]
    with engine.lent(distinct.assign(**dict(zip(names, scores.T, strict=True)))) as lent:
        table = that_count(engine.table, keys.reading.frequency)
        sums = _joined_sums(table, lent, keys, names, cluster)
        query = sums.aggregate(
            clusters=sums.count(),
            rows=sums["rows"].sum(),
            **{f"p{i}_{j}": (sums[f"s{i}"] * sums[f"s{j}"]).sum() for i, j in pairs},
        )
        step = f"summing scores by {' and '.join(cluster)}"
        found = engine.run(query, step).to_pylist()[0]
    middle = np.zeros((p, p))
    for i, j in pairs:
        middle[i, j] = middle[j, i] = float(found[f"p{i}_{j}"])
    middle = np.diag(middle).copy() if diagonal else middle
    return Sums(middle, int(found["clusters"]), int(found["rows"] or 0))


def _joined_sums(
    table: ir.Table,
    lent: ir.Table,
    keys: Keys,
    names: Sequence[str],
    cluster: Sequence[str],
) -> ir.Table:
    """Join scores to rows and sum them by cluster, times weight and frequency."""
    made = {cluster_name(j): plain(table[name]) for j, name in enumerate(cluster)}
    weight = product_of(table, keys.reading.optional)
    if weight is not None:
        made["w"] = weight
    rows = table.select(**keys.columns(table), **made)
    # A left join, although each row has its score: an inner one invites engines to group by keys
    # and cluster before they join, which is as many groups as rows.
    joined = rows.left_join(lent, [rows[key] == lent[key] for key in keys.names])
    scores = {
        name: (joined[name] if weight is None else joined[name] * joined["w"]).sum()
        for name in names
    }
    by = [cluster_name(j) for j in range(len(cluster))]
    return joined.group_by(by).aggregate(rows=joined[names[0]].count(), **scores)


def write_values(
    engine: Engine,
    keys: Keys,
    distinct: pd.DataFrame,
    values: Mapping[str, FloatArray],
    to: Path,
    *,
    outcome: str,
    weighted: bool = False,
    events_only: bool = False,
) -> None:
    """Write values of distinct rows, joined back to all rows, to a Parquet file.

    A row with a frequency of 0 is no row of the fit: it has no values, and is no event.

    Parameters
    ----------
    engine : Engine
        Where the rows are.
    keys : Keys
        How they were counted; all columns that were read are written, then the values.
    distinct : DataFrame, (m, q)
        The distinct rows' keys.
    values : mapping of str to array of float, (m,)
        The columns to write.
    to : Path
        The file.
    outcome : str
        Column of the event.
    weighted : bool
        Multiply the values by the case weight.
    events_only : bool
        Write only the rows with the event.
    """
    table, reading = engine.table, keys.reading
    counts = None  # the column that says how often a row counts, as it is called below
    if reading.frequency is not None:
        counts = f"o{reading.used.index(reading.frequency)}"
    lent_frame = distinct.assign(**{f"v{j}": value for j, value in enumerate(values.values())})
    own = {f"o{j}": table[name] for j, name in enumerate(reading.used)}
    with engine.lent(lent_frame) as lent:
        rows = table.select(**keys.columns(table), **own)
        joined = rows.left_join(lent, [rows[key] == lent[key] for key in keys.names])
        if events_only:
            joined = joined if counts is None else joined.filter(joined[counts] > 0)
            happened = joined[f"o{reading.used.index(outcome)}"]
            joined = joined.filter(plain(happened).cast("int8") == 1)
        columns = {f"o{j}": name for j, name in enumerate(reading.used)}
        columns |= {f"v{j}": name for j, name in enumerate(values)}
        factor = None if counts is None else (joined[counts] > 0).ifelse(1.0, None)
        if weighted and reading.weights is not None:
            case = plain(joined[f"o{reading.used.index(reading.weights)}"]).cast("float64")
            factor = case if factor is None else case * factor
        shown = [
            (joined[old] if factor is None or old[0] == "o" else joined[old] * factor).name(new)
            for old, new in columns.items()
        ]
        engine.write(joined.select(*shown), to, "writing values for all rows")
