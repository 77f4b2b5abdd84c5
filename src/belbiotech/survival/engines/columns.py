"""The columns of an engine's table as an analysis computes with them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from belbiotech.errors import stop_at

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = [
    "NOTHING",
    "as_frame",
    "cluster_name",
    "kind_of",
    "may_be_renamed",
    "plain",
    "product_of",
    "refuse_twins",
    "that_count",
]

NOTHING = "nothing"  # the kind of a column without a value
RENAMED = re.compile(r"(.+?)(?:_\d+)+")  # what DuckDB makes of the second: Size_1


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


def refuse_twins(names: Sequence[str], used: Sequence[str], where: str, engine: str) -> None:
    """Refuse a used column that the engine may take for another one, or give another's name.

    Parameters
    ----------
    names : sequence of str
        All columns, as their file or table calls them.
    used : sequence of str
        The columns that are needed.
    where : str
        What has them, for the message.
    engine : str
        What reads it, for the message.

    Raises
    ------
    PanelError
        Each such column, and those that it is taken for.

    Examples
    --------
    >>> from belbiotech import PanelError
    >>> try:
    ...     refuse_twins(["size", "Size", "age"], ["size"], "'a.parquet'", "DuckDB")
    ... except PanelError as error:
    ...     print(error)
    'a.parquet' has the columns 'size' and 'Size': DuckDB does not tell their names apart and would
    call one otherwise, or read it for the other; rename one of them
    """
    alike: dict[bytes, list[str]] = {}
    for name in names:
        alike.setdefault(_folded(name), []).append(name)
    problems = []
    for folded in dict.fromkeys(_stem(name, alike) for name in used):
        twins = alike.get(folded, [])
        if len(twins) > 1:
            problems.append(
                f"{where} has the columns {' and '.join(map(repr, twins))}: {engine} does not tell "
                "their names apart and would call one otherwise, or read it for the other; rename "
                "one of them"
            )
    stop_at(problems)


def may_be_renamed(names: Sequence[str]) -> bool:
    """Tell whether a column may have another name in its file: Size_1 beside size."""
    known = {_folded(name) for name in names}
    stems = [RENAMED.fullmatch(name) for name in names]
    return any(found is not None and _folded(found[1]) in known for found in stems)


def _folded(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass").lower()  # as DuckDB: of ASCII alone


def _stem(name: str, alike: dict[bytes, list[str]]) -> bytes:
    """Give the name that a column goes by; of Size_1 that of the twins which it may stand for."""
    found = RENAMED.fullmatch(name)
    stem = _folded(found[1]) if found else b""
    return stem if len(alike.get(stem, [])) > 1 else _folded(name)
