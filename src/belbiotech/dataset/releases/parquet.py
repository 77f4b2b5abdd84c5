"""One table as Parquet: typed, sorted, written the same way every time, and read back.

Parquet bytes carry the writer's version, so equal values written by another pyarrow give
another file. :func:`content_hash` is the sum of the values themselves, and survives that.
"""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from belbiotech.dataset.documents.manifest import Manifest, content_entry
from belbiotech.errors import ReleaseError

__all__ = [
    "content_hash",
    "dtype_name",
    "read_released",
    "read_table",
    "typed_table",
    "write_table",
]

ARROW_TYPES = {
    "string": pa.string(),
    "int64": pa.int64(),
    "Int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "boolean": pa.bool_(),
}
LOGICAL_TYPES = {
    pa.string(): "text",
    pa.int64(): "integer",
    pa.float64(): "number",
    pa.bool_(): "boolean",
}
NULLABLE = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


def dtype_name(column: pd.Series) -> str:
    """Name a column's type as the manifest does; ``string`` is any column of texts.

    Parameters
    ----------
    column : Series
        Texts, whole numbers, numbers or booleans.

    Returns
    -------
    str
        ``string``, ``int64``, ``Int64`` (may be missing), ``float64``, ``bool`` or ``boolean``
        (may be missing).

    Raises
    ------
    ReleaseError
        Any other type.

    Examples
    --------
    >>> dtype_name(pd.Series(["BE-VLG", None]))
    'string'
    """
    dtype = column.dtype
    name = (
        "string"
        if pd.api.types.is_object_dtype(dtype) or isinstance(dtype, pd.StringDtype)
        else str(dtype)
    )
    if name not in ARROW_TYPES:
        msg = f"column {column.name!r} has type {name}; a release holds {', '.join(ARROW_TYPES)}"
        raise ReleaseError(msg)
    return name


def typed_table(frame: pd.DataFrame) -> pa.Table:
    """Turn a DataFrame into an Arrow table of our four types, its rows sorted by all columns.

    Texts are compared by code point and missing values come last, so the order of the rows
    depends on the values alone: on no locale, and on no order in which they were found.

    Parameters
    ----------
    frame : DataFrame
        Columns of the types that :func:`dtype_name` knows; the index is left out.

    Returns
    -------
    pyarrow.Table
        The same columns, without any metadata.

    Raises
    ------
    ReleaseError
        A type that a release does not hold, or a value that is not of its column's type.
    """
    arrays = {str(name): _array(frame[name]) for name in frame.columns}
    table = pa.table(arrays)
    return table.sort_by([(name, "ascending") for name in arrays]).combine_chunks()


def _array(column: pd.Series) -> pa.Array:
    if pd.api.types.is_float_dtype(column):
        column = column + 0.0  # minus zero becomes zero: equal numbers, one order of rows
        if column.isin([math.inf, -math.inf]).any():
            msg = f"column {column.name!r} has infinite values"
            raise ReleaseError(msg)
    try:
        return pa.Array.from_pandas(column, type=ARROW_TYPES[dtype_name(column)])
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        msg = f"column {column.name!r} mixes types: {error}"
        raise ReleaseError(msg) from error


def content_hash(table: pa.Table) -> str:
    r"""Sum of a table's values, the same on any machine and with any version of any library.

    It is the SHA-256 of a text in UTF-8: for each column, in the table's order, one line that
    holds the JSON array ``[name, type, [value, value, ...]]`` without blanks, ended by a line
    feed. Rows are sorted by all columns from left to right: texts by code point, numbers by
    size, false before true, missing values last. Types are ``text``, ``integer``, ``number``
    and ``boolean``. Texts stand as they are, with JSON's shortest escapes; numbers have the
    fewest digits that give the same 64-bit number back; a missing value is ``null``.

    Parameters
    ----------
    table : pyarrow.Table
        As :func:`typed_table` or :func:`read_table` gives it.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> frame = pd.DataFrame({"firm_id": ["b", "a"], "year": [2001, 2000]})
    >>> text = '["firm_id","text",["a","b"]]\n["year","integer",[2000,2001]]\n'
    >>> content_hash(typed_table(frame)) == hashlib.sha256(text.encode()).hexdigest()
    True
    """
    ordered = table.sort_by([(name, "ascending") for name in table.column_names])
    total = hashlib.sha256()
    for field, column in zip(ordered.schema, ordered.columns, strict=True):
        content = [field.name, LOGICAL_TYPES[field.type], column.to_pylist()]
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        total.update(text.encode() + b"\n")
    return total.hexdigest()


def write_table(table: pa.Table, path: Path) -> None:
    """Write a Parquet file whose bytes depend on the table and on the version of pyarrow alone.

    Every setting that decides over bytes is given here, so that a changed default of pyarrow
    changes nothing. Zstandard gives the same bytes on every processor; Snappy does not.

    Parameters
    ----------
    table : pyarrow.Table
        As :func:`typed_table` gives it.
    path : Path
        The file, which is not there yet.
    """
    with path.open("xb") as file:
        pq.write_table(
            table,
            file,
            version="2.6",
            data_page_version="1.0",
            compression="zstd",
            compression_level=9,
            use_dictionary=True,
            use_byte_stream_split=False,
            write_statistics=True,
            write_page_index=False,
            row_group_size=1_048_576,
            data_page_size=1_048_576,
            dictionary_pagesize_limit=1_048_576,
            store_schema=False,
        )


def read_released(folder: Path, manifest: Manifest, name: str) -> pd.DataFrame:
    """Read a table of a release from the very bytes whose sum the manifest promises.

    Parameters
    ----------
    folder : Path
        The release.
    manifest : Manifest
        Its manifest.
    name : str
        Name of the table.

    Returns
    -------
    DataFrame
        As :func:`read_table` gives it.

    Raises
    ------
    ReleaseError
        Bytes with another sum, or a file that does not hold what the manifest says.
    """
    entry = manifest.tables[name]
    path = folder / entry.file
    try:
        content = path.read_bytes()
    except OSError as error:
        msg = f"{path} cannot be read: {error}; install or fetch the release again"
        raise ReleaseError(msg) from error
    promised, found = manifest.files[entry.file], content_entry(content)
    if found != promised:
        msg = (
            f"{path} was changed: expected SHA-256 {promised.sha256}, found {found.sha256}; "
            "install or fetch the release again"
        )
        raise ReleaseError(msg)
    try:
        return read_table(pa.BufferReader(content), entry.dtypes())
    except (pa.ArrowException, ReleaseError, KeyError, ValueError, TypeError, OSError) as error:
        msg = f"{path} does not hold the columns that its manifest names: {error}"
        raise ReleaseError(msg) from error


def read_table(source: Path | pa.NativeFile, dtypes: dict[str, str]) -> pd.DataFrame:
    """Read a Parquet file back with the types that the manifest names.

    Parameters
    ----------
    source : Path or pyarrow.NativeFile
        The file, or what was read from it.
    dtypes : dict of str to str
        Column to type, as :func:`dtype_name` names it. Texts come back as plain objects, with
        None where they are missing.

    Returns
    -------
    DataFrame
        A new one each time.

    Raises
    ------
    ReleaseError
        A column of another type than it should have.
    KeyError
        No such column.
    """
    table = pq.read_table(source, partitioning=None)
    columns = {}
    for name, dtype in dtypes.items():
        if table.schema.field(name).type != ARROW_TYPES.get(dtype):
            msg = f"column {name!r} has type {table.schema.field(name).type}, not {dtype}"
            raise ReleaseError(msg)
        if dtype == "string":
            texts = table[name].to_numpy(zero_copy_only=False)
            columns[name] = pd.Series(texts, dtype=object)
        else:
            columns[name] = table[name].to_pandas(types_mapper=NULLABLE.get).astype(dtype)
    return pd.DataFrame(columns)
