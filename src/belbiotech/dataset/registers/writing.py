"""Tables of facts from DuckDB to a folder, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.facts.texts import Problem
from belbiotech.dataset.registers.register import UNITS, Licence, RegisterFacts
from belbiotech.dataset.releases.staging import staged
from belbiotech.errors import FactsError, ReleaseError

__all__ = ["check_target", "database", "refuse", "size_of", "use_frame", "write_facts"]

MEMORY = "1GB"  # DuckDB's own; what goes over it is on the disk
SMALL = 2**24


@contextmanager
def database(folder: Path, size: int) -> Iterator[Any]:
    """Open a database in a folder, with little memory; it is closed and removed at the end.

    Parameters
    ----------
    folder : Path
        Where it, and what does not fit into memory, may lie meanwhile.
    size : int
        Bytes of the files to be read; what is made of small ones stays in memory.

    Yields
    ------
    duckdb.DuckDBPyConnection
        The connection.
    """
    import shutil
    import tempfile

    import duckdb

    work = Path(tempfile.mkdtemp(prefix=".unfinished-register-", dir=folder))
    connection = duckdb.connect(
        str(work / "work.duckdb") if size > SMALL else ":memory:",
        config={
            "memory_limit": MEMORY,
            "temp_directory": str(work),
            "preserve_insertion_order": "false",
            "autoinstall_known_extensions": "false",
        },
    )
    try:
        connection.execute("set enable_progress_bar = false")
        yield connection
    finally:
        connection.close()
        shutil.rmtree(work, ignore_errors=True)


def size_of(files: Sequence[str | Path]) -> int:
    """Add up the bytes of files, those that are there."""
    return sum(Path(file).stat().st_size for file in files if Path(file).is_file())


def use_frame(connection: Any, name: str, frame: pd.DataFrame) -> None:
    """Make a table of texts in a database from a frame; None is a blank.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        The database.
    name : str
        The table's name.
    frame : DataFrame
        Its rows.
    """
    import pyarrow as pa

    columns = {
        str(column): pa.array(
            [None if value is None or value != value else str(value) for value in frame[column]],
            pa.string(),
        )
        for column in frame.columns
    }
    connection.register("frame_in", pa.table(columns))
    connection.execute(f"create or replace table {name} as from frame_in")
    connection.unregister("frame_in")


def check_target(out: str | Path) -> Path:
    """Refuse a folder that is there already.

    Parameters
    ----------
    out : str or Path
        Where facts shall go.

    Returns
    -------
    Path
        The same; the folder above it is there.

    Raises
    ------
    FactsError
        It is there.
    """
    target = Path(out)
    if target.exists():
        raise FactsError([f"{target}: is there already; name another folder, or remove it first"])
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def refuse(problems: Sequence[Problem]) -> None:
    """Raise all problems at once, in the order of files and lines, if there are any.

    Parameters
    ----------
    problems : sequence of Problem
        What was found.

    Raises
    ------
    FactsError
        There are problems.
    """
    if problems:
        files = list(dict.fromkeys(problem.file for problem in problems))
        ordered = sorted(set(problems), key=lambda p: (files.index(p.file), p.line, p.text))
        raise FactsError([str(problem) for problem in ordered])


def write_facts(
    connection: Any,
    target: Path,
    *,
    licence: Licence,
    title: str,
    labels: Mapping[str, Mapping[str, str]],
    told: Sequence[str],
    extra: Sequence[str] = (),
) -> RegisterFacts:
    """Write the tables that a reader has left in a database as a folder of facts.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Has tables named as the facts, with a ``facts_`` before, ``facts_register`` with the
        columns of `UNITS`, and ``facts_left_out`` (reason, units).
    target : Path
        The folder, which must not be there.
    licence : Licence
        The terms of the source.
    title : str
        What was read, for LICENCE.md.
    labels : mapping
        Column (segment, origin) to the codes that are not among the usual ones, with labels.
    told : sequence of str
        What the reader of the facts should know.
    extra : sequence of str
        Further tables to write as they are.

    Returns
    -------
    RegisterFacts
        What was written.
    """
    columns = {name: list(fields) for name, fields in FACTS.items()}
    columns["register"] = list(UNITS)
    columns["left_out"] = ["reason", "units"]
    rows: dict[str, int] = {}
    try:
        with staged(target) as folder:
            for name, wanted in columns.items():
                rows[name] = _copy(connection, f"facts_{name}", wanted, folder / f"{name}.csv")
            for name in extra:
                wanted = [row[0] for row in connection.execute(f"describe {name}").fetchall()]
                rows[name] = _copy(connection, name, wanted, folder / f"{name}.csv")
            _write_labels(folder, labels)
            text = _licence_text(licence, title, told)
            (folder / "LICENCE.md").write_text(text, encoding="utf-8", newline="\n")
    except ReleaseError as error:
        raise FactsError([f"{target}: is there already; name another folder"]) from error
    left = connection.execute(
        "select reason, cast(units as bigint) from facts_left_out order by reason"
    ).fetchall()
    frame = pd.DataFrame(left, columns=["reason", "units"])
    return RegisterFacts(target, rows, frame, tuple(dict.fromkeys(told)))


def _copy(connection: Any, table: str, columns: Sequence[str], path: Path) -> int:
    """Write a table in the order of its values: the same bytes each time."""
    there = {row[0] for row in connection.execute(f"describe {table}").fetchall()}
    names = ", ".join(f'"{name}"' for name in columns if name in there)
    # a column that no register fills, such as a judgement of the compilers, is blank
    cells = ", ".join(
        f'"{name}"' if name in there else f'null::varchar as "{name}"' for name in columns
    )
    place = str(path).replace("'", "''")
    connection.execute(
        f"copy (select {cells} from {table} order by {names}) to '{place}' "
        "(format csv, header true, delimiter ',', quote '\"', escape '\"', nullstr '')"
    )
    return int(connection.execute(f"select count(*) from {table}").fetchone()[0])


def _write_labels(folder: Path, labels: Mapping[str, Mapping[str, str]]) -> None:
    rows = [
        (column, code, label)
        for column, some in sorted(labels.items())
        for code, label in sorted(some.items())
    ]
    if rows:
        table = pd.DataFrame(rows, columns=["column", "value", "label"])
        table.to_csv(folder / "values.csv", index=False, lineterminator="\n")


def _licence_text(licence: Licence, title: str, told: Sequence[str]) -> str:
    lines = [
        "# Licence of these facts",
        "",
        f"Made from: {title}.",
        "",
        f"- Licence: {licence.name}, {licence.url}",
        f"- To be said where they are used: {licence.attribution}",
        "",
        "The facts may be used under the terms of this licence, not under those of the package.",
        "No name of a person was read.",
        "",
    ]
    if told:
        lines += ["## To know", "", *(f"- {line}" for line in dict.fromkeys(told)), ""]
    return "\n".join(lines)
