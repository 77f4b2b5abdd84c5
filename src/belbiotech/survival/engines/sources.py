"""Whatever holds a user's rows -> a table of Ibis, and the engine that it is in."""

from __future__ import annotations

import glob
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from belbiotech.errors import EngineError, PanelError, in_words
from belbiotech.survival.engines.engine import (
    DUCKDB,
    PARQUET,
    POLARS,
    Engine,
    IbisEngine,
    RelationEngine,
    the_error,
)
from belbiotech.survival.engines.folders import PassingFolder
from belbiotech.survival.engines.orders import (
    orders_of_lazy_frame,
    orders_of_parquet,
    orders_of_relation,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["is_held", "open_engine"]

INSTALL = "pip install 'belbiotech[scale]'"
SHOWN = 5
ROWS = "belbiotech_rows"  # what a relation is called in queries
OF_PARQUET, OF_CSV = (".parquet", ".parq", ".pq"), (".csv", ".csv.gz", ".tsv")


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
        return _files(data, used)
    kind = _kind(data)
    if kind == "relation":
        return _relation(data, used)
    if kind == "polars":
        return _lazy_frame(data, used)
    return _ibis_table(data)


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
        # Ibis asks DuckDB in a way that warns, and to silence a warning is to silence all threads.
        connection.get_schema = partial(_columns_of, connection)
    except Exception as error:
        msg = f"DuckDB did not start while {step}: {error}; {INSTALL}"
        raise EngineError(msg) from error
    return connection


def _columns_of(connection: Any, table_name: str, **_: Any) -> Any:
    """Give the types of the columns of a table or view of this connection."""
    import ibis

    found = connection.con.table(table_name)
    read = connection.compiler.type_mapper.from_string
    columns = zip(found.columns, found.types, strict=True)
    return ibis.Schema({name: read(str(kind)) for name, kind in columns})


def _files(data: str | Path, used: tuple[str, ...]) -> Engine:
    paths = _matches(str(data))
    kinds = {_suffix(path) for path in paths}
    if len(kinds) > 1 or not kinds <= {"parquet", "csv"}:
        other = [path for path in paths if _suffix(path) != "parquet"][:SHOWN]
        msg = (
            f"{str(data)!r} matches files that are not all Parquet (.parquet) or all CSV (.csv), "
            f"such as {', '.join(map(repr, other))}"
        )
        raise PanelError(msg)
    connection = _connected("opening files")
    read = connection.read_parquet if kinds == {"parquet"} else connection.read_csv
    _refuse_different_files(paths, used, lambda path: _schema_of(read, path, kinds))
    parquet = tuple(paths) if kinds == {"parquet"} else ()
    _refuse_columns_of_folders(list(parquet), used)
    table = _read(read, paths)
    orders = orders_of_parquet(parquet, used) if parquet else {}
    return IbisEngine(table, DUCKDB, paths=parquet, orders=orders)


def _matches(pattern: str) -> list[str]:
    """Give the files that are meant; what is there by that very name is no pattern."""
    try:
        looked = pattern
        if pattern and Path(pattern).is_dir():
            looked = str(Path(glob.escape(pattern)) / "**" / "*.parquet")
        elif Path(pattern).is_file():
            looked = glob.escape(pattern)
        # Whole paths: what begins with s3: or http: is fetched by the libraries that open it.
        paths = sorted(str(Path(path).absolute()) for path in glob.glob(looked, recursive=True))
    except OSError as error:
        msg = f"{in_words(pattern)} cannot be looked for: {error.strerror}"
        raise PanelError(msg) from error
    if not paths:
        msg = f"no file matches {pattern!r}; give a path or glob of Parquet or CSV files"
        raise PanelError(msg)
    return paths


def _suffix(path: str) -> str:
    if path.endswith(OF_PARQUET):
        return "parquet"
    return "csv" if path.endswith(OF_CSV) else "other"


def _read(read: Callable[..., ir.Table], paths: list[str]) -> ir.Table:
    try:
        return read([glob.escape(path) for path in paths])  # which DuckDB reads as patterns
    except Exception as error:
        raise the_error(DUCKDB, "opening files", error) from error


def _schema_of(read: Callable[..., ir.Table], path: str, kinds: set[str]) -> dict[str, str]:
    if kinds == {"csv"}:
        return {name: str(kind) for name, kind in _read(read, [path]).schema().items()}
    import pyarrow.parquet as pq

    try:
        return {field.name: str(field.type) for field in pq.read_schema(path)}
    except Exception as error:
        raise the_error(PARQUET, f"opening {path!r}", error) from error


def _refuse_different_files(
    paths: list[str], used: tuple[str, ...], schema_of: Callable[[str], dict[str, str]]
) -> None:
    """Refuse files that lack a used column that others have, or hold it in another type."""
    if len(paths) < 2:
        return
    first, problems = schema_of(paths[0]), []
    for path in paths[1:]:
        other = schema_of(path)
        for name in used:
            one, two = first.get(name), other.get(name)
            if one != two:
                problems.append(
                    f"column {name!r} is {one or 'missing'} in {paths[0]!r} and "
                    f"{two or 'missing'} in {path!r}"
                )
    if problems:
        more = f"\nand {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        msg = "\n".join(problems[:SHOWN]) + more + "\nall files must have the same columns"
        raise PanelError(msg)


def _refuse_columns_of_folders(paths: list[str], used: tuple[str, ...]) -> None:
    """Refuse files with a column that a folder names too, as ``size=3``: DuckDB reads the 3."""
    import pyarrow.parquet as pq

    for path in paths:
        folders = {part.partition("=")[0] for part in Path(path).parts[:-1] if "=" in part}
        if doubled := sorted(folders.intersection(used)):
            try:
                own = set(pq.read_schema(path).names)
            except Exception as error:
                raise the_error(PARQUET, f"opening {path!r}", error) from error
            if doubled := [name for name in doubled if name in own]:
                msg = (
                    f"{path!r} has the column {doubled[0]!r} and lies in a folder that gives it "
                    "another value: rename the folder, or leave the column out"
                )
                raise PanelError(msg)


def _relation(data: Any, used: tuple[str, ...]) -> Engine:
    import ibis

    try:
        fields = data.limit(0).to_arrow_table().schema
        orders = orders_of_relation(data, used)
    except Exception as error:
        raise the_error(DUCKDB, "looking at the relation's columns", error) from error
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
        names = data.collect_schema().names()
        data.select([name for name in names if name in used]).sink_parquet(path)
        orders = orders_of_lazy_frame(data, used)
    except Exception as error:
        folder.remove()
        raise the_error(POLARS, "writing the rows that are needed", error) from error
    connection = _connected("opening what polars wrote")
    table = _read(connection.read_parquet, [str(path)])
    return IbisEngine(table, DUCKDB, keep=folder, paths=(str(path),), orders=orders)


def _ibis_table(data: ir.Table) -> Engine:
    try:
        backend = data.get_backend()
    except Exception as error:
        msg = f"the Ibis table is not connected to an engine: {error}"
        raise EngineError(msg) from error
    return IbisEngine(
        data, {"duckdb": "DuckDB", "pyspark": "Spark"}.get(backend.name, backend.name)
    )
