"""Tables as a database in one file, SQLite or DuckDB: types, keys, references, codebook."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pandas as pd

from belbiotech.dataset.exports.content import Content, codebook_table, codes_table
from belbiotech.dataset.facts.keys import KEYS, references
from belbiotech.dataset.releases.parquet import dtype_name, typed_table
from belbiotech.errors import WriteError

__all__ = ["write_duckdb", "write_sqlite"]

SQLITE_TYPES = {
    "string": "TEXT",
    "int64": "INTEGER",
    "Int64": "INTEGER",
    "float64": "REAL",
    "bool": "INTEGER",
    "boolean": "INTEGER",
}
DUCKDB_TYPES = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "Int64": "BIGINT",
    "float64": "DOUBLE",
    "bool": "BOOLEAN",
    "boolean": "BOOLEAN",
}
# Which page stands behind which firm: what `firms.source_ids` lists, one row a page.
FIRM_SOURCES = "firm_sources"
FIRM_SOURCES_LINKS = {"firm_id": "firms", "source_id": "sources"}


def write_sqlite(content: Content, path: Path) -> None:
    """Write a SQLite database with foreign keys and indexes, as Datasette wants it.

    Parameters
    ----------
    content : Content
        What is exported.
    path : Path
        A file that is not there yet.

    Raises
    ------
    WriteError
        A full disk, or tables whose keys do not hold.
    """
    try:
        _write_sqlite(_frames(content), path)
    except (sqlite3.Error, OverflowError) as error:
        raise WriteError(_could_not("SQLite", error)) from error


def _write_sqlite(frames: Mapping[str, pd.DataFrame], path: Path) -> None:
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("PRAGMA foreign_keys = ON")
        for name, frame in frames.items():
            links = _links(name, frames)
            base.execute(_create(name, frame, links, SQLITE_TYPES))
            places = ", ".join("?" * frame.shape[1])
            rows = zip(*(column.to_pylist() for column in typed_table(frame).columns), strict=True)
            insert = f"INSERT INTO {_quoted(name)} VALUES ({places})"  # nosec B608: quoted
            base.executemany(insert, rows)
            for column in links:
                index = _quoted(f"{name}_{column}")
                base.execute(f"CREATE INDEX {index} ON {_quoted(name)} ({_quoted(column)})")
        base.execute("ANALYZE")


def write_duckdb(content: Content, path: Path) -> None:
    """Write a DuckDB database with keys, references, and comments on tables and columns.

    Parameters
    ----------
    content : Content
        What is exported.
    path : Path
        A file that is not there yet.

    Raises
    ------
    WriteError
        A full disk, or tables whose keys do not hold.
    """
    import duckdb

    frames = _frames(content)
    try:
        with duckdb.connect(str(path)) as base:
            for name, frame in frames.items():
                base.execute(_create(name, frame, _links(name, frames), DUCKDB_TYPES))
                base.register("incoming", typed_table(frame))
                base.execute(f"INSERT INTO {_quoted(name)} SELECT * FROM incoming")  # nosec B608
                base.unregister("incoming")
            for comment in _comments(content):
                base.execute(comment)
    except duckdb.Error as error:
        raise WriteError(_could_not("DuckDB", error)) from error


def _could_not(program: str, error: Exception) -> str:
    return f"{program} could not write: {error}; make room, or name another place"


def _frames(content: Content) -> dict[str, pd.DataFrame]:
    """Give all tables of the database, those that others refer to first."""
    frames = dict(content.tables)
    if {"firms", "sources"} <= frames.keys():
        frames[FIRM_SOURCES] = _firm_sources(frames["firms"])
    ordered = sorted(frames, key=lambda name: len(_links(name, frames)) > 0)
    codebook = codebook_table(content).astype({"missing": "int64"})
    about = pd.DataFrame({"version": [content.version], "note": [content.note]})
    return {
        **{name: frames[name] for name in ordered},
        "codebook": codebook,
        "codes": codes_table(content),
        "about": about,
    }


def _firm_sources(firms: pd.DataFrame) -> pd.DataFrame:
    lists = firms[["firm_id", "source_ids"]].dropna()
    pages = lists.assign(source_id=lists["source_ids"].str.split(";")).explode("source_id")
    pages["source_id"] = pages["source_id"].str.strip()
    return pages[["firm_id", "source_id"]].drop_duplicates(ignore_index=True)


def _links(name: str, among: Mapping[str, object]) -> dict[str, str]:
    return FIRM_SOURCES_LINKS if name == FIRM_SOURCES else references(name, among)


def _create(
    name: str, frame: pd.DataFrame, links: Mapping[str, str], types: Mapping[str, str]
) -> str:
    lines = [
        f"{_quoted(str(column))} {types[dtype_name(values)]}"
        + ("" if values.isna().any() else " NOT NULL")
        for column, values in frame.items()
    ]
    key = ("firm_id", "source_id") if name == FIRM_SOURCES else KEYS.get(name)
    if key:
        lines.append(f"PRIMARY KEY ({', '.join(map(_quoted, key))})")
    lines += [
        f"FOREIGN KEY ({_quoted(column)}) REFERENCES {_quoted(other)} ({_quoted(column)})"
        for column, other in links.items()
    ]
    return f"CREATE TABLE {_quoted(name)} (\n  " + ",\n  ".join(lines) + "\n)"


def _comments(content: Content) -> list[str]:
    comments = []
    for name, entry in content.entries.items():
        comments.append(f"COMMENT ON TABLE {_quoted(name)} IS {_text(entry.description)}")
        comments += [
            f"COMMENT ON COLUMN {_quoted(name)}.{_quoted(column.name)} IS "
            + _text(f"{column.title}. {column.description}")
            for column in entry.columns
        ]
    return comments


def _quoted(name: str) -> str:
    """Quote a name: `end` and others are words of SQL."""
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
