"""The order of levels that a table outside of memory tells of itself, as a DataFrame of it would.

An engine reads a categorical of pandas, an Enum of polars and an ENUM of DuckDB as texts; the order
stands in what is told of the table: in the file's schema and dictionaries, or in the column's type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from belbiotech.survival.engines.engine import PARQUET, the_error

__all__ = ["Orders", "in_order", "orders_of_lazy_frame", "orders_of_parquet", "orders_of_relation"]

Orders = Mapping[str, pd.CategoricalDtype]


def orders_of_parquet(paths: Sequence[str], used: Sequence[str]) -> Orders:
    """Give the levels of dictionaries whose order means something: set so, or pandas wrote them.

    Parameters
    ----------
    paths : sequence of str
        Files with the same columns.
    used : sequence of str
        The columns that are needed.

    Returns
    -------
    dict of str to CategoricalDtype
        Of those columns that are such; the dictionaries of all groups of rows are joined, as they
        come.

    Raises
    ------
    EngineError
        A file that cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(paths[0])
        by_pandas = schema.pandas_metadata is not None
        return {
            field.name: pd.CategoricalDtype(_levels(paths, field.name), field.type.ordered)
            for field in schema
            if field.name in used
            and pa.types.is_dictionary(field.type)
            and (field.type.ordered or by_pandas)
        }
    except (pa.ArrowException, OSError) as error:
        raise the_error(PARQUET, "reading the order of levels", error) from error


def orders_of_lazy_frame(data: Any, used: Sequence[str]) -> Orders:
    """Give the levels of a polars LazyFrame's Enums.

    Parameters
    ----------
    data : polars LazyFrame
        The rows.
    used : sequence of str
        The columns that are needed.

    Returns
    -------
    dict of str to CategoricalDtype
        Of those that are such.
    """
    import polars as pl

    return {
        name: pd.CategoricalDtype(kind.categories.to_list(), ordered=True)
        for name, kind in data.collect_schema().items()
        if name in used and isinstance(kind, pl.Enum)
    }


def orders_of_relation(data: Any, used: Sequence[str]) -> Orders:
    """Give the levels of a DuckDB relation's ENUMs.

    Parameters
    ----------
    data : DuckDB relation
        The rows.
    used : sequence of str
        The columns that are needed.

    Returns
    -------
    dict of str to CategoricalDtype
        Of those that are such.
    """
    return {
        name: pd.CategoricalDtype(kind.children[0][1])
        for name, kind in zip(data.columns, data.types, strict=True)
        if name in used and kind.id == "enum"
    }


def in_order(table: pd.DataFrame, orders: Orders) -> pd.DataFrame:
    """Make texts categoricals in the order of their table's levels.

    Parameters
    ----------
    table : DataFrame, (m, k)
        Some of the table's columns, as an engine gave them.
    orders : mapping of str to CategoricalDtype
        The order, by column.

    Returns
    -------
    DataFrame, (m, k)
        With those levels that occur; one that is not in the order stands at the end.

    Examples
    --------
    >>> size = pd.CategoricalDtype(["small", "middle", "large"])
    >>> in_order(pd.DataFrame({"size": ["large", "small"]}), {"size": size})["size"].cat.categories
    Index(['small', 'large'], dtype='object')
    """
    changed = {}
    for name in orders.keys() & set(table.columns):
        values = table[name].astype(object)
        found = set(values.dropna())
        known = [level for level in orders[name].categories if level in found]
        kind = pd.CategoricalDtype([*known, *sorted(found - set(known))], orders[name].ordered)
        changed[name] = values.astype(kind)
    return table.assign(**changed)


def _levels(paths: Sequence[str], name: str) -> list[Any]:
    """Read a column's dictionaries, and with each no more than a row."""
    import pyarrow.parquet as pq

    found: dict[Any, None] = {}
    for path in paths:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                rows = 1 if _has_dictionary(file, group, name) else file.metadata.num_rows
                for batch in file.iter_batches(rows, row_groups=[group], columns=[name]):
                    found |= dict.fromkeys(batch.column(0).dictionary.to_pylist())
                    break
    return [level for level in found if level is not None]


def _has_dictionary(file: Any, group: int, name: str) -> bool:
    columns = file.metadata.row_group(group)
    return any(
        column.path_in_schema == name and column.has_dictionary_page
        for column in map(columns.column, range(columns.num_columns))
    )
