"""Whatever holds a user's rows -> a table of Ibis, and the engine that it is in."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from belbiotech.errors import EngineError, PanelError
from belbiotech.survival.engines.columns import refuse_twins
from belbiotech.survival.engines.engine import (
    DUCKDB,
    POLARS,
    SPARK,
    Engine,
    IbisEngine,
    RelationEngine,
    the_error,
)
from belbiotech.survival.engines.files import open_files, read_files
from belbiotech.survival.engines.folders import PassingFolder
from belbiotech.survival.engines.orders import (
    orders_of_lazy_frame,
    orders_of_relation,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["is_held", "open_engine"]

INSTALL = "pip install 'belbiotech[scale]'"
ROWS = "belbiotech_rows"  # what a relation is called in queries


def is_held(data: object) -> bool:
    """Tell whether rows are in files or in an engine: a path, a relation, a LazyFrame, Ibis.

    Parameters
    ----------
    data : object
        What a caller was given for rows.

    Returns
    -------
    bool
        False for a DataFrame, and for what is no table at all.
    """
    return isinstance(data, (str, Path)) or _kind(data) is not None


def open_engine(data: Any, used: tuple[str, ...]) -> Engine:
    """Open rows where they are.

    Parameters
    ----------
    data : str, Path, DuckDB relation, polars LazyFrame or ibis Table
        A path or glob of Parquet or CSV files (a folder means the Parquet files in it), or a
        table that an engine holds.
    used : tuple of str
        The columns that are needed: files must have them with the same types.

    Returns
    -------
    Engine
        With the table; a LazyFrame's columns are first written to a temporary Parquet file,
        which is gone when the engine is.

    Raises
    ------
    EngineError
        A missing extra, or an engine that fails.
    PanelError
        A path that matches nothing, files of other kinds or with different columns.
    """
    _refuse_without_ibis()
    if isinstance(data, (str, Path)):
        return open_files(str(data), used, _connected("opening files"))
    kind = _kind(data)
    if kind == "relation":
        return _relation(data, used)
    if kind == "polars":
        return _lazy_frame(data, used)
    return _ibis_table(data, used)


def _kind(data: object) -> str | None:
    """Tell by the names of its classes what a table is, so that no library is imported for it."""
    for cls in type(data).__mro__:
        place = cls.__module__.split(".")[0]
        if place == "ibis" and cls.__name__ == "Table":
            return "ibis"
        if place in ("duckdb", "_duckdb") and cls.__name__ == "DuckDBPyRelation":
            return "relation"
        if place == "polars" and cls.__name__ == "LazyFrame":
            return "polars"
    return None


def _refuse_without_ibis() -> None:
    try:
        import ibis  # noqa: F401
    except ImportError as error:
        msg = f"rows outside of memory need Ibis: {INSTALL}"
        raise EngineError(msg) from error


def _connected(step: str) -> Any:
    import ibis

    try:
        connection = ibis.duckdb.connect()
        # What it would read beforehand of a file is a whole group of rows, however large.
        connection.con.execute("SET disable_parquet_prefetching = true")
        # Ibis asks DuckDB in a way that warns, and to silence a warning is to silence all threads.
        connection.get_schema = partial(_columns_of, connection)
    except Exception as error:
        said = str(error).strip().partition("\n")[0].rstrip(".")
        msg = f"DuckDB did not start while {step}: {said}; {INSTALL}"
        raise EngineError(msg) from error
    return connection


def _columns_of(connection: Any, table_name: str, **_: Any) -> Any:
    """Give the types of the columns of a table or view of this connection."""
    import ibis

    found = connection.con.table(table_name)
    read = connection.compiler.type_mapper.from_string
    columns = zip(found.columns, found.types, strict=True)
    return ibis.Schema({name: read(str(kind)) for name, kind in columns})


def _relation(data: Any, used: tuple[str, ...]) -> Engine:
    import ibis

    try:
        fields = data.limit(0).to_arrow_table().schema
        orders = orders_of_relation(data, used)
    except Exception as error:
        raise the_error(DUCKDB, "looking at the relation's columns", error) from error
    refuse_twins(data.columns, used, "the relation", DUCKDB)
    types = zip(fields, data.types, strict=True)
    table = ibis.table({field.name: _kind_in_ibis(field, own) for field, own in types}, name=ROWS)
    return RelationEngine(table, DUCKDB, relation=data, orders=orders)


def _kind_in_ibis(field: Any, own: object) -> Any:
    """Give a column's type, or DuckDB's own word for one that Ibis does not have: an interval."""
    import ibis
    import pyarrow as pa
    from ibis.expr.datatypes import Unknown

    try:
        return ibis.Schema.from_pyarrow(pa.schema([field]))[field.name]
    except Exception:  # of many classes; no analysis reads such a column
        return Unknown(raw_type=str(own))


def _lazy_frame(data: Any, used: tuple[str, ...]) -> Engine:
    """Let polars write the columns that are needed, in its own streaming way."""
    folder = PassingFolder()
    path = folder.path / "rows.parquet"
    try:
        names = [name for name in data.collect_schema().names() if name in used]
        refuse_twins(names, used, "the LazyFrame", DUCKDB)
        data.select(names).sink_parquet(path)
        orders = orders_of_lazy_frame(data, used)
    except PanelError:
        folder.remove()
        raise
    except Exception as error:
        folder.remove()
        raise the_error(POLARS, "writing the rows that are needed", error) from error
    connection = _connected("opening what polars wrote")
    table = read_files(connection.read_parquet, [str(path)])
    return IbisEngine(table, DUCKDB, keep=folder, paths=(str(path),), orders=orders)


def _ibis_table(data: ir.Table, used: tuple[str, ...]) -> Engine:
    try:
        backend = data.get_backend()
    except Exception as error:
        msg = f"the Ibis table is not connected to an engine: {error}"
        raise EngineError(msg) from error
    name = {"duckdb": DUCKDB, "pyspark": SPARK}.get(backend.name, backend.name)
    if name in (DUCKDB, SPARK):
        refuse_twins(data.columns, used, "the table", name)
    return IbisEngine(data, name)
