"""Rows of a Parquet file that break a rule: counted, and the first of them named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["ROW", "SHOWN", "batches_of", "first_of", "numbers_of", "place", "rows_told", "run"]

ROW = "file_row_number"  # what DuckDB calls it
SHOWN = 3  # rows, or values of a column, that are told
BATCH = 1 << 17  # values that come to Python at a time


def run(query: ir.Table) -> pd.DataFrame:
    """Run a query whose result is small: texts as objects, None where they are missing."""
    found: pd.DataFrame = query.get_backend().to_pyarrow(query).to_pandas()
    return found


def numbers_of(table: ir.Table, asked: Mapping[str, Any]) -> dict[str, int]:
    """Sum or count in one pass over a table, by name."""
    if not asked:
        return {}
    query = table.aggregate(**{f"n{k}": number for k, number in enumerate(asked.values())})
    row = query.get_backend().to_pyarrow(query).to_pylist()[0]
    return {name: int(row[f"n{k}"] or 0) for k, name in enumerate(asked)}


def batches_of(query: ir.Table) -> Iterator[pd.DataFrame]:
    """Run a query whose result may be large, and give it piece by piece."""
    import pyarrow as pa

    backend: Any = query.get_backend()
    found = backend.con.sql(str(backend.compile(query)))  # Ibis asks DuckDB for what 2.0 has not
    for batch in pa.RecordBatchReader.from_stream(found):
        for first in range(0, len(batch), BATCH):
            yield batch.slice(first, BATCH).to_pandas()


def first_of(rows: ir.Table) -> dict[str, Any]:
    """Give the first of some rows."""
    query = rows.order_by(ROW).limit(1)
    found: dict[str, Any] = query.get_backend().to_pyarrow(query).to_pylist()[0]
    return found


def rows_told(name: str, rows: ir.Table, number: int | None = None) -> str:
    """Name the file and a few of its rows, counted from 1, and say how many there are beside."""
    first = run(rows.order_by(ROW).select(ROW).limit(SHOWN))[ROW]
    if number is None:
        number = numbers_of(rows, {"n": rows.count()})["n"]
    return place(name, [int(row) for row in first], number)


def place(name: str, rows: list[int], number: int) -> str:
    """Name the file and a few rows of it, of so many."""
    told = ", ".join(f"{row + 1:d}" for row in rows)
    more = f" and {number - len(rows):,d} more" if number > len(rows) else ""
    return f"{name}.parquet, {'row' if number == 1 else 'rows'} {told}{more}"
