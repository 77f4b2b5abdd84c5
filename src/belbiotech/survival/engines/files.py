"""A path or glob -> a table of its files, which must agree on the columns that are used."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from belbiotech.errors import EngineError, PanelError, in_words, stop_at
from belbiotech.survival.engines.columns import may_be_renamed, refuse_twins
from belbiotech.survival.engines.engine import (
    DUCKDB,
    FILE,
    PARQUET,
    Engine,
    IbisEngine,
    the_error,
)
from belbiotech.survival.engines.orders import orders_of_parquet

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["open_files", "read_files", "refuse_changed", "stamp_of"]

SHOWN = 5
OF_PARQUET, OF_CSV = (".parquet", ".parq", ".pq"), (".csv", ".csv.gz", ".tsv")
WHOLE, BROKEN = "int64", "float64"  # a CSV file whose numbers happen to be whole says the first
NOTHING = "null"  # the type of a column that holds nothing but missing values

Read = Callable[..., "ir.Table"]


@dataclass(frozen=True)
class _File:
    """What a file tells of itself: its path, how many rows it has, and its columns' types."""

    path: str
    rows: int
    types: Mapping[str, str]


def open_files(data: str, used: tuple[str, ...], connection: Any) -> Engine:
    """Open files where they are.

    Parameters
    ----------
    data : str
        A path or glob of Parquet or CSV files; a folder means the Parquet files in it.
    used : tuple of str
        The columns that are needed: files must have them with the same types.
    connection : Ibis backend
        A DuckDB that reads them.

    Returns
    -------
    Engine
        With the table, but for Parquet files without rows.

    Raises
    ------
    PanelError
        A path that matches nothing, files of other kinds or with different columns.
    EngineError
        A file that cannot be read.
    """
    paths = _matches(data)
    if _kind(paths, data) == "csv":
        read: Read = connection.read_csv
        options = {}
        if len(paths) > 1:
            paths, options = _alike(read, paths, used), {"union_by_name": True}
        for path in paths:
            _refuse_renamed(read, path, used)
        return IbisEngine(
            read_files(read, paths, **options),
            DUCKDB,
            by_file=_by_file(read, paths, **options),
        )
    read = connection.read_parquet
    if len(paths) > 1:
        files = list(map(_parquet_file, paths))
        files = [file for file in files if file.rows] or files[:1]
        stop_at(_differences(files, used))
        paths = [file.path for file in files]
    table = read_files(read, paths)
    for path in paths:
        _refuse_other_names(path, used)
    return IbisEngine(
        table,
        DUCKDB,
        paths=tuple(paths),
        orders=orders_of_parquet(paths, used),
        by_file=_by_file(read, paths),
    )


def read_files(read: Read, paths: list[str], **options: Any) -> ir.Table:
    """Read files as one table.

    Parameters
    ----------
    read : callable
        Of an Ibis backend.
    paths : list of str
        The files.
    **options
        Of DuckDB.

    Returns
    -------
    ibis Table
        Nothing is read yet but what the files tell of themselves.

    Raises
    ------
    EngineError
        A file that cannot be read.
    """
    try:
        return read([glob.escape(path) for path in paths], **options)  # DuckDB reads patterns
    except Exception as error:
        raise the_error(DUCKDB, "opening files", error) from error


def stamp_of(path: str) -> tuple[int, int]:
    """Give a file's size, and the time of its last change."""
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns


def refuse_changed(path: str, stamps: Mapping[str, tuple[int, int]]) -> None:
    """Refuse a file that is read again and is not the one that it was.

    Parameters
    ----------
    path : str
        The file.
    stamps : mapping of str to (int, int)
        From `stamp_of`, when it was first read; nothing is asked of a file that is not in it.

    Raises
    ------
    EngineError
        It has changed.
    OSError
        It is gone.
    """
    now = stamp_of(path)
    if stamps.get(path, now) != now:
        msg = (
            f"{path!r} has changed since the model's rows were first read: leave files alone while "
            "a model reads them, and fit it again"
        )
        raise EngineError(msg)


def _by_file(read: Read, paths: list[str], **options: Any) -> Callable[[], ir.Table] | None:
    """Give what reads many files once more, with the file of each row in a column."""
    if len(paths) < 2:
        return None
    return lambda: read_files(read, paths, filename=FILE, **options)


def _matches(pattern: str) -> list[str]:
    """Give the files that are meant; what is there by that very name is no pattern."""
    try:
        looked, is_folder = pattern, bool(pattern) and Path(pattern).is_dir()
        if is_folder:
            looked = str(Path(glob.escape(pattern)) / "**" / "*.parquet")
        elif Path(pattern).is_file():
            looked = glob.escape(pattern)
        # Whole paths: what begins with s3: or http: is fetched by the libraries that open it.
        paths = sorted(str(Path(path).absolute()) for path in glob.glob(looked, recursive=True))
    except OSError as error:
        msg = f"{in_words(pattern)} cannot be looked for: {error.strerror}"
        raise PanelError(msg) from error
    if paths:
        return paths
    msg = f"no file matches {pattern!r}; give a path or glob of Parquet or CSV files"
    if is_folder:
        msg = (
            f"no Parquet file (.parquet) is in the folder {pattern!r}; of CSV files, give a glob, "
            f"as in {str(Path(pattern) / '*.csv')!r}"
        )
    elif "://" in pattern:
        msg = (
            f"{pattern!r} is an address, and only paths are read; give a table that reads it, as "
            f"in ibis.duckdb.connect().read_parquet({pattern!r})"
        )
    raise PanelError(msg)


def _kind(paths: list[str], data: str) -> str:
    """Tell whether files are Parquet or CSV; refuse any others, and both together."""
    kinds = {_suffix(path) for path in paths}
    if len(kinds) == 1 and kinds <= {"parquet", "csv"}:
        return kinds.pop()
    other = [path for path in paths if _suffix(path) != "parquet"][:SHOWN]
    msg = (
        f"{data!r} matches files that are not all Parquet (.parquet) or all CSV (.csv), "
        f"such as {', '.join(map(repr, other))}"
    )
    raise PanelError(msg)


def _suffix(path: str) -> str:
    if path.endswith(OF_PARQUET):
        return "parquet"
    return "csv" if path.endswith(OF_CSV) else "other"


def _alike(read: Read, paths: list[str], used: tuple[str, ...]) -> list[str]:
    """Refuse CSV files that differ; give those with rows."""
    files = [_csv_file(read, path) for path in paths]
    if _differences(files, used):  # which have nothing in them is asked for now only
        files = [_looked_into(read, file, used) for file in files]
        files = [file for file in files if file.rows] or files[:1]
        stop_at(_differences(files, used))
    return [file.path for file in files]


def _csv_file(read: Read, path: str) -> _File:
    schema = read_files(read, [path]).schema()
    return _File(path, 0, {name: str(kind) for name, kind in schema.items()})


def _looked_into(read: Read, file: _File, used: tuple[str, ...]) -> _File:
    """Count the rows of a CSV file, and see which columns have no value in any."""
    table = read_files(read, [file.path])
    names = [name for name in used if name in file.types]
    values = {f"n{k}": table[name].count() for k, name in enumerate(names)}
    query = table.aggregate(rows=table.count(), **values)
    found = IbisEngine(table, DUCKDB).run(query, f"reading {file.path!r}").to_pylist()[0]
    empty = {name: NOTHING for k, name in enumerate(names) if not found[f"n{k}"]}
    return replace(file, rows=found["rows"], types={**file.types, **empty})


def _parquet_file(path: str) -> _File:
    import pyarrow.parquet as pq

    try:
        told = pq.read_metadata(path)
        # The same texts, whether their places are counted in four bytes or eight.
        types = {
            field.name: str(field.type).removeprefix("large_")
            for field in told.schema.to_arrow_schema()
        }
    except Exception as error:
        raise the_error(PARQUET, f"opening {path!r}", error) from error
    return _File(path, told.num_rows, types)


def _differences(files: Sequence[_File], used: tuple[str, ...]) -> list[str]:
    """Tell which files lack a used column that others have, or hold it in another type."""
    problems = []
    for name in used:
        whole = next((file for file in files if file.types.get(name, NOTHING) != NOTHING), files[0])
        for file in files:
            one, two = whole.types.get(name), file.types.get(name)
            if two == NOTHING != one:
                problems.append(
                    f"column {name!r} has missing values in all {file.rows:,d} rows of "
                    f"{file.path!r}; fill them, or leave that file out"
                )
            elif one != two and {one, two} != {WHOLE, BROKEN}:
                problems.append(
                    f"column {name!r} is {one or 'missing'} in {whole.path!r} and "
                    f"{two or 'missing'} in {file.path!r}; all files must have the same columns"
                )
    more = [f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
    return [*problems[:SHOWN], *more]


def _refuse_other_names(path: str, used: tuple[str, ...]) -> None:
    """Refuse columns that a folder names too, as ``size=3``, or that differ in capitals only."""
    import pyarrow.parquet as pq

    try:
        own = pq.read_schema(path).names
    except Exception as error:
        raise the_error(PARQUET, f"opening {path!r}", error) from error
    folders = {part.partition("=")[0] for part in Path(path).parts[:-1] if "=" in part}
    if doubled := sorted(folders.intersection(used, own)):  # DuckDB reads the folder's
        msg = (
            f"{path!r} has the column {doubled[0]!r} and lies in a folder that gives it "
            "another value: rename the folder, or leave the column out"
        )
        raise PanelError(msg)
    refuse_twins([*own, *sorted(folders.difference(own))], used, repr(path), DUCKDB)


def _refuse_renamed(read: Read, path: str, used: tuple[str, ...]) -> None:
    """Look at the first line of a CSV file where DuckDB may have given columns other names."""
    known = read_files(read, [path]).columns
    if not may_be_renamed(known):
        return
    line = read_files(read, [path], header=False, all_varchar=True).limit(1)
    names = IbisEngine(line, DUCKDB).run(line, f"reading {path!r}").to_pylist()[0]
    refuse_twins([str(name) for name in names.values()], used, repr(path), DUCKDB)
