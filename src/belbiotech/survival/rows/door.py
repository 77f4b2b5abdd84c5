"""The door for tables: whatever holds rows comes in here, and goes on as a pandas DataFrame.

Every public function that takes a table begins with `as_table`. What the columns hold is made
plain after it, by `check_rows`, for those columns that an analysis reads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import PanelError

__all__ = ["as_table", "row_labels"]

DUCKDB = ("duckdb", "_duckdb")
REMEDIES = {  # what offers a table, and what to do with it
    "read_parquet": "give a table of it, such as data.table('rows')",
    "to_table": "give data.to_table()",
    "collect": "give data.collect()",
    "to_pandas": "give data.to_pandas()",
    "toPandas": "give data.toPandas()",
    "compute": "give data.compute()",
    "to_frame": "give data.to_frame()",
}


def as_table(data: Any, name: str = "data") -> pd.DataFrame:
    """Take a table of any library as a pandas DataFrame.

    Parameters
    ----------
    data : DataFrame or other table
        A pandas DataFrame comes back as it is. Tables with the Arrow C stream interface (polars,
        pyarrow, DuckDB relations) or the DataFrame interchange protocol are converted, by pyarrow.
    name : str
        The argument that it was given as, for messages.

    Returns
    -------
    DataFrame
        With the table's columns; numbers of fixed decimals as floats.

    Raises
    ------
    PanelError
        Something that is no table, or columns of several levels.

    Examples
    --------
    >>> import pyarrow as pa
    >>> as_table(pa.table({"start": [0, 1], "stop": [1, 2]}))
       start  stop
    0      0     1
    1      1     2
    >>> as_table([[0, 1], [1, 2]])
    Traceback (most recent call last):
    belbiotech.errors.PanelError: data must be a pandas DataFrame, not list; tables of polars,
    pyarrow and DuckDB are taken, too
    """
    table = data if isinstance(data, pd.DataFrame) else _converted(data, name)
    if table.columns.nlevels > 1:
        msg = (
            f"the data's columns have {table.columns.nlevels} levels; name each by one text: "
            "data.columns = ['_'.join(map(str, names)) for names in data.columns]"
        )
        raise PanelError(msg)
    return _in_native_order(table)


def row_labels(data: pd.DataFrame) -> pd.Index[Any]:
    """Give each row's label as one value: a tuple where the index has several levels.

    Parameters
    ----------
    data : DataFrame, (n, k)
        A table.

    Returns
    -------
    Index, (n,)
        For a column or an index of a result.
    """
    labels: Any = data.index
    flat: pd.Index[Any] = labels.to_flat_index()
    return flat


def _converted(data: Any, name: str) -> pd.DataFrame:
    """Convert through Arrow what has a way there."""
    import pyarrow as pa
    import pyarrow.interchange

    whole = not isinstance(data, pd.Series) and not isinstance(data, type)
    try:
        if whole and hasattr(data, "__arrow_c_stream__"):
            return _from_arrow(pa.table(data), own_order=_library(data) in DUCKDB)
        if whole and isinstance(data, pa.RecordBatch):
            return _from_arrow(pa.Table.from_batches([data]))
        if whole and hasattr(data, "__dataframe__"):
            return _from_arrow(pa.interchange.from_dataframe(data))
    except Exception as error:  # of any library
        column = _unreadable_column(data)
        why, told = _line(error), _remedy(data)
        if column is not None:
            why = f"column {column!r}: {why}"
            told = "; leave that column out, or make it numbers, texts or dates"
        msg = f"{_named(data)} cannot be read as a table ({why}){told}"
        raise PanelError(msg) from error
    msg = (
        f"{name} must be a pandas DataFrame, not {_named(data)}{_remedy(data)}; tables of polars, "
        "pyarrow and DuckDB are taken, too"
    )
    raise PanelError(msg)


def _unreadable_column(data: Any) -> str | None:
    """Find the first column that Arrow or pandas cannot take, if a table gives single ones."""
    import pyarrow as pa

    names = data.column_names if isinstance(data, pa.Table) else getattr(data, "columns", None)
    if not hasattr(data, "select") or not isinstance(names, list) or len(set(names)) < len(names):
        return None
    for name in names:
        try:
            _from_arrow(pa.table(data.select([name])))
        except Exception:  # of any library
            return str(name)
    return None


def _from_arrow(table: Any, *, own_order: bool = False) -> pd.DataFrame:
    """Make pandas columns: dates as dates, decimals as floats, codes without an order as texts.

    The order of such codes is that in which values came (a Categorical of polars), so that a
    reference level would depend on the order of the rows. Tables that pandas wrote tell its own,
    as an ENUM of DuckDB does.
    """
    import pyarrow as pa

    coded = []
    for k, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type) and _has_odd_codes(table.column(k)):
            column = table.column(k).cast(field.type.value_type)
            table = table.set_column(k, field.with_type(column.type), column)
        elif pa.types.is_dictionary(field.type) and _is_unsigned(field.type.index_type):
            column = _with_signed_codes(table.column(k))
            table = table.set_column(k, field.with_type(column.type), column)
        if pa.types.is_time64(field.type):  # pandas has times of a day to the microsecond
            column = table.column(k).cast(pa.time64("us"), safe=False)
            table = table.set_column(k, field.with_type(column.type), column)
        if pa.types.is_decimal(field.type):
            column = table.column(k).cast(pa.float64())
            table = table.set_column(k, field.with_type(pa.float64()), column)
        elif pa.types.is_dictionary(table.field(k).type) and not field.type.ordered:
            coded.append(k)
    own_order = own_order or bool(table.schema.pandas_metadata)
    try:
        frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    except (ValueError, TypeError):  # what pandas wrote beside the table is not read by itself
        frame, own_order = table.to_pandas(date_as_object=False, ignore_metadata=True), False
    if not own_order:
        for k in coded:
            frame.isetitem(k, frame.iloc[:, k].astype(object).array)
    return frame


def _has_odd_codes(column: Any) -> bool:
    """Tell whether one value has two codes, or a missing one has one: no categories of pandas."""
    known = [chunk.dictionary for chunk in column.chunks]
    return any(values.null_count or len(values.unique()) < len(values) for values in known)


def _is_unsigned(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_unsigned_integer(kind))


def _with_signed_codes(column: Any) -> Any:
    """Give codes that every Arrow makes categories of: polars has unsigned ones."""
    import pyarrow as pa

    return pa.chunked_array(
        [
            pa.DictionaryArray.from_arrays(
                chunk.indices.cast(pa.int64()), chunk.dictionary, ordered=chunk.type.ordered
            )
            for chunk in column.chunks
        ],
        type=pa.dictionary(pa.int64(), column.type.value_type, column.type.ordered),
    )


def _in_native_order(table: pd.DataFrame) -> pd.DataFrame:
    """Turn columns in another byte order, which pandas cannot take rows of, into the machine's."""
    kinds = list(table.dtypes)
    foreign = [
        k for k, kind in enumerate(kinds) if isinstance(kind, np.dtype) and not kind.isnative
    ]
    if not foreign:
        return table
    table = table.copy(deep=False)
    for k in foreign:
        values = table.iloc[:, k].to_numpy()
        table.isetitem(k, values.astype(values.dtype.newbyteorder("=")))
    return table


def _named(data: object) -> str:
    """Name a type with the library that it comes from."""
    kind = type(data)
    library = _library(data)
    if library in ("builtins", "__main__"):
        return kind.__name__
    return f"a {library} {kind.__name__}"


def _library(data: object) -> str:
    return type(data).__module__.partition(".")[0]


def _remedy(data: object) -> str:
    return next((f"; {told}" for name, told in REMEDIES.items() if hasattr(data, name)), "")


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
