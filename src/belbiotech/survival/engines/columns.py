"""The columns of an engine's table as an analysis computes with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["NOTHING", "as_frame", "cluster_name", "kind_of", "plain", "product_of", "that_count"]


NOTHING = "nothing"  # the kind of a column without a value


def kind_of(column: ir.Value) -> str:
    """Give a column's kind: "number", "bool", "text", "date", `NOTHING`, or the engine's word."""
    kind = column.type()
    if kind.is_null() or str(getattr(kind, "raw_type", "")).strip('"').upper() == "NULL":
        return NOTHING
    if kind.is_boolean():
        return "bool"
    if kind.is_numeric():
        return "number"
    if kind.is_string():
        return "text"
    if kind.is_date() or kind.is_timestamp():
        return "date"
    return str(getattr(kind, "raw_type", kind))


def plain(column: ir.Value) -> ir.Value:
    """Give a column in the type in which it comes to Python: whole numbers, doubles, texts."""
    kind = column.type()
    if kind.is_integer():
        return column.cast("int64")
    if kind.is_floating() or kind.is_decimal():
        return column.cast("float64")
    return column


def product_of(table: ir.Table, names: Sequence[str]) -> ir.Value | None:
    """Give the product of columns of weights; None of none."""
    columns = [plain(table[name]).cast("float64") for name in names]
    if not columns:
        return None
    return columns[0] if len(columns) == 1 else columns[0] * columns[1]


def that_count(table: ir.Table, frequency: str | None) -> ir.Table:
    """Leave out the rows with a frequency of 0, which are no rows of an analysis."""
    return table if frequency is None else table.filter(plain(table[frequency]) > 0)


def cluster_name(j: int) -> str:
    """Name the j-th column of clusters in a query."""
    return f"c{j}"


def as_frame(table: pa.Table) -> pd.DataFrame:
    """Make a small result a DataFrame: decimals (of sums) as numbers, codes as texts."""
    fields = [pa.field(f.name, _plain_type(f.type)) for f in table.schema]
    frame: pd.DataFrame = table.cast(pa.schema(fields)).to_pandas(date_as_object=False)
    return frame


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_decimal(kind):
        return pa.float64()
    return kind.value_type if pa.types.is_dictionary(kind) else kind
