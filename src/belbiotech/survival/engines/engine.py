"""An engine that holds a table: queries are run on it, and small tables lent to it.

Queries are expressions of Ibis, which speaks the engine's dialect. What the engine says when it
fails is told with the step at which it did, and nothing half-done is left in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import dropwhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from belbiotech.errors import EngineError

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = [
    "DUCKDB",
    "FILE",
    "PARQUET",
    "POLARS",
    "SPARK",
    "Engine",
    "IbisEngine",
    "RelationEngine",
    "the_error",
]

DUCKDB, PARQUET, POLARS, SPARK = "DuckDB", "Parquet", "polars", "Spark"  # as messages call them

FILE = "belbiotech_file"  # the column of a row's file, where one is asked for
LINES = 3  # of an engine's message that are shown
LONG = 400  # letters of it
QUOTED = ("LINE ", "== SQL", "JVM stacktrace", "Resolved plan")  # from here an engine shows a query
CALLS = "Traceback (most recent call last):"  # with indented lines, and then what went wrong
WORKERS = (
    "the workers need this package in their Python, which os.environ['PYSPARK_PYTHON'] names "
    "before the session begins (sys.executable, if they are on this machine)"
)
STOPPED = "Query interrupted"  # what DuckDB makes of a user's interrupt
LENT = "belbiotech_lent"  # the name of a variable below, by which DuckDB finds it


def the_error(name: str, step: str, error: BaseException) -> EngineError:
    """Say what an engine said, and what it was doing; a user who stopped it has stopped it all."""
    if isinstance(error, RuntimeError) and str(error) == STOPPED:
        raise KeyboardInterrupt from error
    lines = [line.strip() for line in _without_calls(str(error)) if line.strip()]
    first = next((k for k, line in enumerate(lines) if line.startswith(QUOTED)), len(lines))
    said = " ".join(lines[: min(first, LINES)]) or type(error).__name__
    said = said if len(said) <= LONG else f"{said[:LONG]}..."
    if name == SPARK and "ModuleNotFoundError" in said:
        said = f"{said}; {WORKERS}"
    return EngineError(f"{name} failed while {step}: {said}")


def _without_calls(text: str) -> list[str]:
    """Give the lines of a message; of one that lists Python's calls, those that follow them."""
    _, calls, rest = text.rpartition(CALLS)
    lines = rest.splitlines()
    return list(dropwhile(lambda line: line[:1] in ("", " "), lines)) if calls else lines


@dataclass(frozen=True)
class Engine:
    """Where a table is.

    Attributes
    ----------
    table : ibis Table
        The rows.
    name : str
        What the engine is called in messages.
    keep : object
        What must live as long as the table: a folder that is removed with it.
    paths : tuple of str
        The Parquet files that are the table, where it is files.
    orders : mapping of str to CategoricalDtype
        The order of levels that the table tells of its columns.
    by_file : callable or None
        Gives the table once more, with each row's file in the column `FILE`; None of one file, and
        of what is no files.
    """

    table: ir.Table
    name: str
    keep: Any = field(default=None, repr=False, compare=False)
    paths: tuple[str, ...] = ()
    orders: Mapping[str, pd.CategoricalDtype] = field(
        default_factory=dict, repr=False, compare=False
    )
    by_file: Callable[[], ir.Table] | None = field(default=None, repr=False, compare=False)

    @property
    def counts_bits(self) -> bool:
        """Whether the engine can take the union of the bits of numbers."""
        return True

    @property
    def is_here(self) -> bool:
        """Whether it works in this process, so that rows reach Python without being sent."""
        return True

    def batches(self, expression: ir.Table, step: str) -> Iterator[pa.RecordBatch]:
        """Run a query whose result is large, and give it batch by batch as it comes.

        Of engines in this process. No other query may be run before the last batch. Raises as
        `run`.
        """
        raise NotImplementedError

    def run(self, expression: ir.Table, step: str) -> pa.Table:
        """Run a query whose result is small.

        Parameters
        ----------
        expression : ibis Table
            The query.
        step : str
            What it is for, as in "counting rows".

        Returns
        -------
        pyarrow Table
            The result.

        Raises
        ------
        EngineError
            With the engine's own message.
        """
        raise NotImplementedError

    def write(self, expression: ir.Table, to: Path, step: str) -> None:
        """Run a query whose result is written to a Parquet file, and stays out of memory."""
        raise NotImplementedError

    @contextmanager
    def lent(self, frame: pd.DataFrame) -> Iterator[ir.Table]:
        """Lend a small table to the engine for the queries inside the ``with``."""
        raise NotImplementedError
        yield


@dataclass(frozen=True)
class IbisEngine(Engine):
    """An engine that Ibis is connected to."""

    @property
    def counts_bits(self) -> bool:
        """Whether Ibis can ask the engine for the union of bits."""
        from ibis.expr.operations import BitOr

        return bool(self.table.get_backend().has_operation(BitOr))

    @property
    def is_here(self) -> bool:
        """Whether it is DuckDB."""
        return str(self.table.get_backend().name) == "duckdb"

    def batches(self, expression: ir.Table, step: str) -> Iterator[pa.RecordBatch]:
        """Run a query, as `Engine.batches`."""
        backend = self.table.get_backend()
        try:
            backend._run_pre_execute_hooks(expression)  # tables that were lent
            query = str(backend.compile(expression))
            yield from pa.RecordBatchReader.from_stream(backend.con.sql(query))
        except Exception as error:
            raise the_error(self.name, step, error) from error

    def run(self, expression: ir.Table, step: str) -> pa.Table:
        """Run a query, as `Engine.run`."""
        try:
            return self.table.get_backend().to_pyarrow(expression)
        except Exception as error:  # every engine has classes of its own
            raise the_error(self.name, step, error) from error

    def write(self, expression: ir.Table, to: Path, step: str) -> None:
        """Write a query's result, as `Engine.write`."""
        backend = self.table.get_backend()
        try:
            if backend.name == "duckdb":  # elsewhere a path is one of the cluster's
                backend.to_parquet(expression, str(to))
            else:
                _write_batches(backend.to_pyarrow_batches(expression), to)
        except Exception as error:
            to.unlink(missing_ok=True)
            raise the_error(self.name, step, error) from error

    @contextmanager
    def lent(self, frame: pd.DataFrame) -> Iterator[ir.Table]:
        """Lend a small table, as `Engine.lent`."""
        import ibis

        lent = ibis.memtable(pa.Table.from_pandas(frame, preserve_index=False))
        try:
            yield lent
        finally:
            with suppress(Exception):  # not there where the engine failed before it was lent
                self._drop(lent.get_name())

    def _drop(self, name: str) -> None:
        backend = self.table.get_backend()
        if self.name == SPARK:
            backend._session.catalog.dropTempView(name)
        elif self.name == DUCKDB:
            backend.con.unregister(name)
        else:
            backend.drop_view(name, force=True)


@dataclass(frozen=True)
class RelationEngine(Engine):
    """A DuckDB relation: Ibis writes the query, the relation's own connection runs it.

    Attributes
    ----------
    relation : DuckDB relation
        The rows.
    """

    relation: Any = None
    _lent: list[pa.Table] = field(default_factory=list, repr=False, compare=False)

    def batches(self, expression: ir.Table, step: str) -> Iterator[pa.RecordBatch]:
        """Run a query, as `Engine.batches`."""
        try:
            yield from pa.RecordBatchReader.from_stream(self._result(expression))
        except Exception as error:
            raise the_error(self.name, step, error) from error
        finally:
            self._forget()

    def run(self, expression: ir.Table, step: str) -> pa.Table:
        """Run a query, as `Engine.run`."""
        try:
            return self._result(expression).to_arrow_table()
        except Exception as error:  # DuckDB's classes, and those of the files below it
            raise the_error(self.name, step, error) from error
        finally:
            self._forget()

    def write(self, expression: ir.Table, to: Path, step: str) -> None:
        """Write a query's result, as `Engine.write`."""
        try:
            self._result(expression).write_parquet(str(to))
        except Exception as error:
            to.unlink(missing_ok=True)
            raise the_error(self.name, step, error) from error
        finally:
            self._forget()

    @contextmanager
    def lent(self, frame: pd.DataFrame) -> Iterator[ir.Table]:
        """Lend a small table, as `Engine.lent`."""
        import ibis

        table = pa.Table.from_pandas(frame, preserve_index=False)
        self._lent.append(table)
        try:
            yield ibis.table(ibis.Schema.from_pyarrow(table.schema), name=LENT)
        finally:
            self._lent.pop()

    def _forget(self) -> None:
        """Drop the view by which queries name the rows, which DuckDB before 2.0 leaves behind."""
        name = self.table.get_name()
        with suppress(Exception):
            self.relation.query(name, f"drop view if exists {name}")

    def _result(self, expression: ir.Table) -> Any:
        import ibis

        # DuckDB finds a lent table by the name of the variable that holds it here.
        belbiotech_lent = self._lent[-1] if self._lent else None  # noqa: F841
        query = str(ibis.to_sql(expression, dialect="duckdb"))
        return self.relation.query(self.table.get_name(), query)


def _write_batches(batches: pa.RecordBatchReader, to: Path) -> None:
    import pyarrow.parquet as pq

    with pq.ParquetWriter(to, batches.schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
