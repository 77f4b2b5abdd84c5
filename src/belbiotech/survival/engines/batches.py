"""Rows read in batches, again and again: sums over all of them in bounded memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa

from belbiotech.errors import BelbiotechError
from belbiotech.survival.engines.columns import plain
from belbiotech.survival.engines.engine import PARQUET, SPARK, Engine, the_error
from belbiotech.survival.engines.exact_sums import ExactSums
from belbiotech.survival.engines.files import refuse_changed, stamp_of
from belbiotech.survival.engines.folders import PassingFolder
from belbiotech.survival.engines.reading import Reading
from belbiotech.survival.rows.times import FloatArray

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["Batches", "FrameBatches", "ParquetBatches", "Part", "batches_of", "of_frame"]

SIZE = 1 << 19  # rows of a batch
SHARE = 1 << 20  # rows that a thread reads before it looks for others
BUFFER = 1 << 16  # bytes read at once of a group of more rows than that, which is not held whole


@dataclass(frozen=True)
class Part:
    """What a batch adds to a total.

    Attributes
    ----------
    sums : array of float, (q,)
        To be added up.
    largest : array of float, (r,)
        Of which the largest of all batches is kept.
    """

    sums: FloatArray
    largest: FloatArray = field(default_factory=lambda: np.zeros(0))


Summing = Callable[[pd.DataFrame], Part]
Valuing = Callable[[pd.DataFrame], FloatArray]
Share = Callable[[], Iterator[pd.DataFrame]]


class Batches(Protocol):
    """Rows that can be read any number of times, a batch at a time."""

    def sized(self, rows: int) -> Batches:
        """Give the same rows in batches of at most so many."""

    def total(self, adding: Summing, label: str) -> Part:
        """Add up what each batch gives; the order of batches makes no difference."""

    def frames(self, label: str, *, every: bool = False) -> Iterator[pd.DataFrame]:
        """Give the batches, of rows with a frequency above 0 or, if asked, of every row."""

    def grouped(
        self, values: Valuing, ways: Sequence[tuple[str, ...]], label: str
    ) -> list[FloatArray]:
        """Sum values of rows, (b, p), by some columns, for each way of grouping: (groups, p)."""


@dataclass(frozen=True)
class _Local:
    """Batches that this process reads.

    Attributes
    ----------
    rows : int
        How many rows there are, for the progress bar.
    frequency : str or None
        Column of how often a row counts; where it is 0, it is no row.
    """

    rows: int
    frequency: str | None = field(default=None, kw_only=True)

    def frames(self, label: str, *, every: bool = False) -> Iterator[pd.DataFrame]:
        """Give the batches, and show how far it is."""
        with _progress() as progress:
            task = progress.add_task(label, total=self.rows)
            for share in self._shares():
                for frame in share():
                    wanted = frame if every else _counting(frame, self.frequency)
                    if len(wanted):
                        yield wanted
                    progress.advance(task, len(frame))

    def total(self, adding: Summing, label: str) -> Part:
        """Read and add up, in as many threads as there are processors."""
        result, stopped = _Total(), Event()
        with _progress() as progress:
            task = progress.add_task(label, total=self.rows)

            def add(share: Share) -> None:
                for frame in share():
                    if stopped.is_set():
                        return
                    wanted = _counting(frame, self.frequency)
                    if len(wanted):
                        result.add(adding(wanted))
                    progress.advance(task, len(frame))

            with ThreadPoolExecutor(max(1, min(4, os.cpu_count() or 1))) as pool:
                try:
                    for _ in pool.map(add, self._shares()):
                        pass
                except BaseException:  # nobody waits for the others
                    stopped.set()
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
        return result.part()

    def grouped(
        self, values: Valuing, ways: Sequence[tuple[str, ...]], label: str
    ) -> list[FloatArray]:
        """Sum values by some columns; memory grows with the number of groups."""
        return _by_groups(self.frames(label), values, ways)

    def _shares(self) -> Iterator[Share]:
        """Give what one thread reads after the other."""
        raise NotImplementedError


@dataclass(frozen=True)
class FrameBatches(_Local):
    """The rows of a DataFrame."""

    data: pd.DataFrame
    size: int = SIZE

    def sized(self, rows: int) -> FrameBatches:
        """Give the same rows in batches of at most so many."""
        return replace(self, size=min(self.size, rows))

    def _shares(self) -> Iterator[Share]:
        for a in range(0, len(self.data), SHARE):
            yield partial(self._read, a, min(a + SHARE, len(self.data)))

    def _read(self, a: int, z: int) -> Iterator[pd.DataFrame]:
        for start in range(a, z, self.size):
            yield self.data.iloc[start : min(start + self.size, z)]


@dataclass(frozen=True)
class ParquetBatches(_Local):
    """The rows of Parquet files.

    Attributes
    ----------
    paths : tuple of str
        The files.
    columns : tuple of str
        What is read of them.
    stamps : mapping of str to (int, int)
        Size and time of the last change of files, which must not change between passes.
    keep : object
        What must live as long as the files.
    """

    paths: tuple[str, ...]
    columns: tuple[str, ...]
    size: int = SIZE
    stamps: Mapping[str, tuple[int, int]] = field(default_factory=dict, repr=False)
    keep: Any = field(default=None, repr=False, compare=False)

    def sized(self, rows: int) -> ParquetBatches:
        """Give the same rows in batches of at most so many."""
        return replace(self, size=min(self.size, rows))

    def _shares(self) -> Iterator[Share]:
        """Give groups of rows of a file, some `SHARE` rows together."""
        import pyarrow.parquet as pq

        for path in self.paths:
            with _reading():
                refuse_changed(path, self.stamps)
                metadata = pq.read_metadata(path)
            rows, groups = 0, []
            for group in range(metadata.num_row_groups):
                groups.append(group)
                rows += metadata.row_group(group).num_rows
                if rows >= SHARE or group + 1 == metadata.num_row_groups:
                    yield partial(self._read, path, metadata, groups)
                    rows, groups = 0, []

    def _read(self, path: str, metadata: Any, groups: list[int]) -> Iterator[pd.DataFrame]:
        import pyarrow.parquet as pq

        # Nothing is read before it is needed: a scanner of all files reads ahead of what is slower
        # than reading, as much as memory holds.
        names = list(self.columns)
        buffer = BUFFER if max(metadata.row_group(k).num_rows for k in groups) > SHARE else 0
        with (
            _reading(),
            pq.ParquetFile(path, metadata=metadata, pre_buffer=False, buffer_size=buffer) as file,
        ):
            for batch in file.iter_batches(self.size, groups, names, use_threads=False):
                if len(batch):
                    yield of_frame(batch.select(names))


@contextmanager
def _reading() -> Iterator[None]:
    """Say what failed in reading files."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise the_error(PARQUET, "reading a batch", error) from error


def of_frame(batch: pa.RecordBatch) -> pd.DataFrame:
    """Make a batch a DataFrame: without copying its numbers, texts as such."""
    columns = [
        column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for column in batch.columns
    ]
    table = pa.Table.from_arrays(columns, names=batch.schema.names)
    frame: pd.DataFrame = table.to_pandas(
        split_blocks=True, self_destruct=True, date_as_object=False
    )
    return frame


class _Total:
    """Parts added up, by any number of threads."""

    def __init__(self) -> None:
        self._one_at_a_time = Lock()
        self._sums: ExactSums | None = None
        self._largest: FloatArray | None = None

    def add(self, part: Part) -> None:
        """Add one."""
        with self._one_at_a_time:
            if self._sums is None or self._largest is None:
                self._sums, self._largest = ExactSums(len(part.sums)), part.largest
            self._sums.add(part.sums)
            self._largest = np.maximum(self._largest, part.largest)

    def part(self) -> Part:
        """Give the total."""
        if self._sums is None or self._largest is None:
            msg = "data has no rows"
            raise BelbiotechError(msg)
        return Part(self._sums.total(), self._largest)


class _GroupSums:
    """Values summed by columns, in tables that are merged when they have grown."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self._columns = list(columns)
        self._tables: list[pd.DataFrame] = []
        self._waiting = 0

    def add(self, frame: pd.DataFrame, values: FloatArray) -> None:
        """Add a batch."""
        table = pd.DataFrame(values).set_axis([f"v{j}" for j in range(values.shape[1])], axis=1)
        keys = [frame[name].reset_index(drop=True) for name in self._columns]
        summed = table.groupby(keys, sort=False, observed=True).sum()
        self._tables.append(summed)
        self._waiting += len(summed)
        if len(self._tables) > 1 and self._waiting > 2 * len(self._tables[0]) + SIZE:
            self._merge()

    def total(self) -> FloatArray:
        """Give the sums, (groups, p)."""
        self._merge()
        return self._tables[0].to_numpy(dtype=float)

    def _merge(self) -> None:
        levels = list(range(len(self._columns)))
        merged = pd.concat(self._tables).groupby(level=levels, sort=False, observed=True).sum()
        self._tables, self._waiting = [merged], 0


def _by_groups(
    frames: Iterator[pd.DataFrame], values: Valuing, ways: Sequence[tuple[str, ...]]
) -> list[FloatArray]:
    """Sum values of rows by some columns, for each way of grouping."""
    sums = [_GroupSums(way) for way in ways]
    for frame in frames:
        given = values(frame)
        for group in sums:
            group.add(frame, given)
    return [group.total() for group in sums]


@dataclass(frozen=True)
class SparkBatches:
    """The rows of a Spark table: each pass is a job that adds up by partition.

    Attributes
    ----------
    frame : Spark DataFrame
        The rows, only the columns that are read.
    frequency : str or None
        Column of how often a row counts; where it is 0, it is no row.
    """

    frame: Any
    frequency: str | None

    def sized(self, rows: int) -> SparkBatches:
        """Give the same: Spark says how large a batch is."""
        return self

    def total(self, adding: Summing, label: str) -> Part:
        """Add up in the cluster; a row of numbers for each partition comes back."""
        frequency = self.frequency

        def by_partition(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            result = _Total()
            some = False
            for batch in batches:
                frame = _counting(of_frame(batch), frequency)
                if len(frame):
                    result.add(adding(frame))
                    some = True
            if some:
                part = result.part()
                numbers = [[part.sums.tobytes()], [part.largest.tobytes()]]
                yield pa.RecordBatch.from_arrays(
                    [pa.array(n, pa.binary()) for n in numbers], names=["sums", "largest"]
                )

        try:
            rows = self.frame.mapInArrow(by_partition, "sums binary, largest binary").collect()
        except Exception as error:
            raise the_error(SPARK, f"passing over the rows ({label})", error) from error
        result = _Total()
        for row in rows:
            result.add(Part(np.frombuffer(row["sums"]), np.frombuffer(row["largest"])))
        return result.part()

    def grouped(
        self, values: Valuing, ways: Sequence[tuple[str, ...]], label: str
    ) -> list[FloatArray]:
        """Sum values by some columns, in this process."""
        return _by_groups(self.frames(label), values, ways)

    def frames(self, label: str, *, every: bool = False) -> Iterator[pd.DataFrame]:
        """Give the partitions' rows one partition after the other."""
        batch: list[tuple[Any, ...]] = []
        try:
            for row in self.frame.toLocalIterator():
                batch.append(tuple(row))
                if len(batch) == SIZE:
                    yield from self._wanted(batch, every=every)
                    batch = []
        except Exception as error:
            raise the_error(SPARK, f"passing over the rows ({label})", error) from error
        if batch:
            yield from self._wanted(batch, every=every)

    def _wanted(self, rows: list[tuple[Any, ...]], *, every: bool) -> Iterator[pd.DataFrame]:
        frame = pd.DataFrame(rows, columns=self.frame.columns)
        wanted = frame if every else _counting(frame, self.frequency)
        if len(wanted):
            yield wanted


def _counting(frame: pd.DataFrame, frequency: str | None) -> pd.DataFrame:
    """Leave out the rows of a batch with a frequency of 0."""
    if frequency is None:
        return frame
    wanted = frame[frequency] > 0
    return frame if wanted.all() else frame[wanted]


def batches_of(engine: Engine, reading: Reading, rows: int) -> Batches:
    """Give the batches of an engine's rows.

    Parameters
    ----------
    engine : Engine
        Where they are. Parquet files are read as they are; Spark adds up by itself; what others
        hold, what stands in the names of folders (``sector=C/part.parquet``), and decimals, which
        the engine makes floats, are first written to a temporary Parquet file, once for all passes.
    reading : Reading
        What is read of them.
    rows : int
        How many there are.

    Returns
    -------
    Batches
        To be read any number of times.

    Raises
    ------
    EngineError
        The engine failed.
    """
    columns, frequency = reading.used, reading.frequency
    if engine.paths and _as_they_are(engine.paths, columns):
        with _reading():
            stamps = {path: stamp_of(path) for path in engine.paths}
        return ParquetBatches(
            rows, engine.paths, columns, stamps=stamps, keep=engine.keep, frequency=frequency
        )
    chosen = engine.table.select(**{name: plain(engine.table[name]) for name in columns})
    if engine.name == SPARK:
        backend = engine.table.get_backend()
        frame = backend._session.sql(str(backend.compile(chosen)))
        return SparkBatches(frame, frequency)
    folder = PassingFolder()
    path = folder.path / "rows.parquet"
    engine.write(chosen, path, "writing the columns that are read in batches")
    return ParquetBatches(rows, (str(path),), columns, keep=folder, frequency=frequency)


def _as_they_are(paths: Sequence[str], columns: Sequence[str]) -> bool:
    """Tell whether columns are in the files, not in the names of their folders, and no decimals.

    A decimal becomes the nearest float in an engine, 0.3; in Arrow it may become the one beside it,
    which is another stratum or level.
    """
    import pyarrow.parquet as pq

    try:
        types = {field.name: field.type for field in pq.read_schema(paths[0])}
        return all(name in types and not pa.types.is_decimal(types[name]) for name in columns)
    except (pa.ArrowException, OSError) as error:
        raise the_error(PARQUET, "looking at the columns of files", error) from error


def _progress() -> Progress:
    from rich.console import Console
    from rich.progress import Progress

    return Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
