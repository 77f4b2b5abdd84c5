"""Scores summed by cluster in NumPy, where an engine in this process numbers the clusters.

An engine sums eleven scores for each of two million firms in eleven times the work of counting
their rows. Where firms have numbers that lie close together, each has a row of an array instead,
and a batch of rows is added to it as a product of matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from belbiotech.errors import EngineError
from belbiotech.survival.engines.columns import plain, product_of, that_count
from belbiotech.survival.engines.engine import Engine
from belbiotech.survival.engines.keys import CODE, Keys, Range
from belbiotech.survival.engines.overlapping import bits_set
from belbiotech.survival.rows.times import FloatArray

if TYPE_CHECKING:
    import ibis.expr.types as ir

IntArray = NDArray[np.integer[Any]]

__all__ = ["Sums", "Numbering", "sums_by_number"]

SPARSE = 4  # numbers there may be for each row
HELD = 1 << 25  # sums that are held at once, 268 MB
BATCH = 1 << 17  # rows that are added at once
CODES = 1 << 25  # codes up to which a row is looked up in an array


@dataclass(frozen=True)
class Numbering:
    """Columns of whole numbers whose combinations are numbered.

    Attributes
    ----------
    names : tuple of str
        The columns.
    ranges : tuple of (int, int)
        The least and the largest value of each.
    """

    names: tuple[str, ...]
    ranges: tuple[Range, ...]

    @classmethod
    def of(cls, names: Sequence[str], ranges: Mapping[str, Range], rows: int) -> Numbering | None:
        """Give each combination a number; None where most numbers would have no row."""
        if not all(name in ranges for name in names):
            return None
        made = cls(tuple(names), tuple(ranges[name] for name in names))
        return made if made.size <= SPARSE * rows else None

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return prod(high - low + 1 for low, high in self.ranges)

    def in_engine(self, table: ir.Table) -> ir.IntegerValue:
        """Give the expression of a row's number, from 0."""
        values = [
            (plain(table[name]) - low, high - low + 1)
            for name, (low, high) in zip(self.names, self.ranges, strict=True)
        ]
        number = values[0][0]
        for value, size in values[1:]:
            number = number * size + value
        return number


@dataclass(frozen=True)
class Sums:
    """Products of sums by cluster.

    Attributes
    ----------
    middle : array of float, (p, p) or (p,)
        The sum over clusters of the outer product of their sums, or of its diagonal alone.
    clusters, rows : int
        How many there were.
    times : int or None
        How many times the rows of the clusters cover, if that was asked for and is known.
    """

    middle: FloatArray
    clusters: int
    rows: int
    times: int | None = None


def sums_by_number(
    engine: Engine,
    keys: Keys,
    distinct: pd.DataFrame,
    scores: FloatArray,
    numbering: Numbering,
    *,
    bits: FloatArray | None = None,
    diagonal: bool = False,
) -> Sums:
    """Sum weighted scores by cluster, and the products of these sums.

    Parameters
    ----------
    engine : Engine
        Where the rows are, in this process.
    keys : Keys
        How they were counted.
    distinct : DataFrame, (m, q)
        The distinct rows' keys.
    scores : array of float, (m, p)
        The score of each distinct row, not yet weighted.
    numbering : Numbering
        The clusters' numbers.
    bits : array of float, (m, words), or None
        The bits of each distinct row's times, to be summed as the scores are.
    diagonal : bool
        Leave out the products of different columns.

    Returns
    -------
    Sums
        Rows are read once for each 2**25 sums, so that no more are held.

    Raises
    ------
    EngineError
        The engine failed, or has rows that it had not when they were counted.
    """
    p = scores.shape[1]
    added = scores if bits is None else np.hstack([scores, bits])
    most = max(1, HELD // added.shape[1])
    middle = np.zeros(p) if diagonal else np.zeros((p, p))
    clusters = rows = 0
    times: list[int | None] = []
    for first in range(0, numbering.size, most):
        size = min(most, numbering.size - first)
        sums, seen = np.zeros((size, added.shape[1])), np.zeros(size, dtype=bool)
        for cluster, row, weight in _rows(engine, keys, distinct, numbering, first, size):
            places, place = _places(cluster)
            shape = (int(place.max()) + 1, len(added))
            # Each row of the data adds weight times the score of its distinct row to its cluster.
            sums[places] += sparse.coo_matrix((weight, (place, row)), shape=shape) @ added
            seen[cluster] = True
            rows += len(cluster)
        ours = sums[:, :p]
        middle += np.einsum("ij,ij->j", ours, ours) if diagonal else ours.T @ ours
        clusters += int(seen.sum())
        times.append(None if bits is None else bits_set(sums[:, p:]))
    known = [number for number in times if number is not None]
    return Sums(middle, clusters, rows, sum(known) if len(known) == len(times) else None)


def _places(cluster: IntArray) -> tuple[slice | IntArray, IntArray]:
    """Give the part of the sums that a batch adds to, and the place of each row in it."""
    low, high = int(cluster.min()), int(cluster.max())
    if high - low < SPARSE * len(cluster):
        return slice(low, high + 1), cluster - low
    return np.unique(cluster, return_inverse=True)


def _rows(
    engine: Engine, keys: Keys, distinct: pd.DataFrame, numbering: Numbering, first: int, size: int
) -> Iterator[tuple[IntArray, IntArray, FloatArray]]:
    """Give batches of rows: their cluster, from `first`, their distinct row, and their weight."""
    table = that_count(engine.table, keys.reading.frequency)
    number = numbering.in_engine(table)
    chosen = table
    if size < numbering.size:
        chosen = table.filter((number >= first) & (number < first + size))
        number = numbering.in_engine(chosen)
    weight = product_of(chosen, keys.reading.optional)
    made = {"cluster": (number - first).cast("int32"), **keys.columns(chosen)}
    if weight is not None:
        made["weight"] = weight
    rows = chosen.select(**made)
    if keys.loose:
        with engine.lent(distinct.assign(row=np.arange(len(distinct)))) as lent:
            joined = rows.left_join(lent, [rows[key] == lent[key] for key in keys.names])
            wanted = joined.select("cluster", "row", *(["weight"] if weight is not None else []))
            yield from _batches(engine, wanted, None)
    else:
        yield from _batches(engine, rows, _row_of_code(keys, distinct))


def _batches(
    engine: Engine, rows: ir.Table, row_of_code: Callable[[IntArray], IntArray] | None
) -> Iterator[tuple[IntArray, IntArray, FloatArray]]:
    """Give clusters, distinct rows and weights as they come; refuse a row that is no known one."""
    for batch in _cut(engine.batches(rows, "reading the rows of clusters")):
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        unknown = any(column.null_count for column in columns.values())
        if not unknown:
            arrays = {
                name: column.to_numpy(zero_copy_only=False) for name, column in columns.items()
            }
            row = arrays["row"] if row_of_code is None else row_of_code(arrays[CODE])
            unknown = bool((row < 0).any())
        if unknown:
            msg = (
                f"{engine.name} has rows that it had not when they were counted: the table "
                "changes while the model is fitted"
            )
            raise EngineError(msg)
        yield arrays["cluster"], row, arrays.get("weight", np.ones(len(row)))


def _cut(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Cut batches into smaller ones, whose sums fit into the processor's cache."""
    for batch in batches:
        for first in range(0, len(batch), BATCH):
            yield batch.slice(first, BATCH)


def _row_of_code(keys: Keys, distinct: pd.DataFrame) -> Callable[[IntArray], IntArray]:
    """Give the function that finds distinct rows by their codes: -1 for none."""
    if keys.codes > CODES:
        index = pd.Index(distinct[CODE])
        return lambda code: index.get_indexer(code)
    places = np.full(keys.codes, -1, dtype=np.int32)
    places[distinct[CODE].to_numpy()] = np.arange(len(distinct))

    def look_up(code: IntArray) -> IntArray:
        inside = (code >= 0) & (code < len(places))
        return places[code] if inside.all() else np.where(inside, places[code * inside], -1)

    return look_up
