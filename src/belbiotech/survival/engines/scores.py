"""Scores of distinct rows joined back to all rows, and summed by cluster where these are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from belbiotech.errors import EngineError
from belbiotech.survival.engines.columns import cluster_name, plain
from belbiotech.survival.engines.engine import Engine
from belbiotech.survival.engines.keys import Keys
from belbiotech.survival.engines.reading import Reading
from belbiotech.survival.rows.times import FloatArray

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["ClusterSquares", "cluster_squares", "write_values"]

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
    """

    middle: FloatArray
    clusters: int


def cluster_squares(
    engine: Engine,
    keys: Keys,
    distinct: pd.DataFrame,
    scores: FloatArray,
    cluster: Sequence[str],
    rows: int,
    *,
    diagonal: bool = False,
) -> ClusterSquares:
    """Sum weighted scores by cluster in the engine, and the products of these sums.

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
    rows : int
        How many rows there were when they were counted.
    diagonal : bool
        Leave out the products of different columns.

    Returns
    -------
    ClusterSquares
        Only these numbers, p (p + 1) / 2 of them, leave the engine.

    Raises
    ------
    EngineError
        The engine failed, or its rows have changed since they were counted.
    """
    p = scores.shape[1]
    if diagonal and p > WIDE:
        parts = [
            cluster_squares(
                engine, keys, distinct, scores[:, a : a + WIDE], cluster, rows, diagonal=True
            )
            for a in range(0, p, WIDE)
        ]
        return ClusterSquares(np.concatenate([part.middle for part in parts]), parts[0].clusters)
    names = [f"s{j}" for j in range(p)]
    pairs = [(i, j) for i in range(p) for j in range(i, p) if i == j or not diagonal]
    with engine.lent(distinct.assign(**dict(zip(names, scores.T, strict=True)))) as lent:
        sums = _sums(engine.table, lent, keys, names, cluster)
        query = sums.aggregate(
            clusters=sums.count(),
            rows=sums["rows"].sum(),
            **{f"p{i}_{j}": (sums[f"s{i}"] * sums[f"s{j}"]).sum() for i, j in pairs},
        )
        step = f"summing scores by {' and '.join(cluster)}"
        found = engine.run(query, step).to_pylist()[0]
    again = int(found["rows"] or 0)
    if again != rows:
        msg = (
            f"{engine.name} had {rows:,d} rows when they were counted, and {again:,d} of these "
            "when scores were summed: the table changes while the model is fitted"
        )
        raise EngineError(msg)
    middle = np.zeros((p, p))
    for i, j in pairs:
        middle[i, j] = middle[j, i] = float(found[f"p{i}_{j}"])
    return ClusterSquares(np.diag(middle).copy() if diagonal else middle, int(found["clusters"]))


def _sums(
    table: ir.Table,
    lent: ir.Table,
    keys: Keys,
    names: Sequence[str],
    cluster: Sequence[str],
) -> ir.Table:
    """Join scores to rows and sum them by cluster, times weight and frequency."""
    made = {cluster_name(j): plain(table[name]) for j, name in enumerate(cluster)}
    weight = _weight(table, keys.reading)
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


def _weight(table: ir.Table, reading: Reading) -> ir.Value | None:
    columns = [plain(table[name]).cast("float64") for name in reading.optional]
    if not columns:
        return None
    return columns[0] if len(columns) == 1 else columns[0] * columns[1]


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
    lent_frame = distinct.assign(**{f"v{j}": value for j, value in enumerate(values.values())})
    own = {f"o{j}": table[name] for j, name in enumerate(reading.used)}
    with engine.lent(lent_frame) as lent:
        rows = table.select(**keys.columns(table), **own)
        joined = rows.inner_join(lent, [rows[key] == lent[key] for key in keys.names])
        if events_only:
            happened = joined[f"o{reading.used.index(outcome)}"]
            joined = joined.filter(plain(happened).cast("int8") == 1)
        columns = {f"o{j}": name for j, name in enumerate(reading.used)}
        columns |= {f"v{j}": name for j, name in enumerate(values)}
        case = None
        if weighted and reading.weights is not None:
            case = plain(joined[f"o{reading.used.index(reading.weights)}"]).cast("float64")
        shown = [
            (joined[old] * case if case is not None and old.startswith("v") else joined[old]).name(
                new
            )
            for old, new in columns.items()
        ]
        engine.write(joined.select(*shown), to, "writing values for all rows")
