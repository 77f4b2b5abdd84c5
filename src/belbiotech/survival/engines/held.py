"""Rows that an engine holds: what an estimator asks of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from belbiotech.errors import FitError, PanelError, in_words
from belbiotech.survival.engines.checking import Extent, check_held_columns, check_held_rows
from belbiotech.survival.engines.counting import Counted, count_held, counted
from belbiotech.survival.engines.engine import Engine
from belbiotech.survival.engines.files import OF_CSV
from belbiotech.survival.engines.keys import Keys
from belbiotech.survival.engines.overlapping import bits_of_times, overlaps
from belbiotech.survival.engines.quick_check import grouped_and_sound
from belbiotech.survival.engines.reading import CASE, ROWS, Reading
from belbiotech.survival.engines.scores import (
    ClusterSquares,
    cluster_squares,
    numbering_of,
    write_values,
)
from belbiotech.survival.engines.sources import is_held, open_engine
from belbiotech.survival.rows.times import FloatArray
from belbiotech.survival.rows.units import USUAL

__all__ = ["CountedRows", "HeldRows", "counted_rows", "held_rows", "writable"]


@dataclass(frozen=True)
class HeldRows:
    """Rows in an engine, checked.

    Attributes
    ----------
    engine : Engine
        Where they are.
    reading : Reading
        What is read of them.
    extent : Extent
        How many rows there are, and over which times.
    keys : Keys
        What makes rows distinct.
    counted : Counted or None
        The distinct rows, once they are counted.
    bits : array of float, (m, words), or None
        The bits of their times, where overlaps are looked for when scores are summed.
    """

    engine: Engine
    reading: Reading
    extent: Extent
    keys: Keys
    counted: Counted | None = None
    bits: FloatArray | None = field(default=None, repr=False, compare=False)

    def squares(
        self, scores: FloatArray, cluster: Sequence[str]
    ) -> tuple[FloatArray, tuple[int, ...]]:
        """Sum scores of the distinct rows, (m, p), by cluster; give the sum of their squares.

        Parameters
        ----------
        scores : array of float, (m, p)
            In the order of the distinct rows; each row's is weighted in the engine.
        cluster : sequence of str
            One column, or two: then it is V1 + V2 - V12 (Cameron, Gelbach and Miller 2011).

        Returns
        -------
        middle : array of float, (p, p)
            The middle of the sandwich.
        clusters : tuple of int
            How many there are, by each column.

        Raises
        ------
        FitError
            A column of clusters with one value only.
        PanelError
            Rows of a unit overlap, where these were not looked for before.
        EngineError
            The engine failed, or its rows have changed.
        """
        ways: list[tuple[str, ...]] = [(name,) for name in cluster]
        if len(cluster) == 2:
            ways.append(tuple(cluster))
        parts = [self.cluster_squares(scores, way) for way in ways]
        for name, part in zip(cluster, parts, strict=False):
            if part.clusters < 2:
                msg = (
                    f"cluster column {name!r} has one value only: errors come from how clusters "
                    "differ; give a column with more values, or no cluster"
                )
                raise FitError(msg)
        middle = parts[0].middle
        if len(parts) == 3:
            middle = parts[0].middle + parts[1].middle - parts[2].middle
        return middle, tuple(part.clusters for part in parts[: len(cluster)])

    def cluster_squares(
        self, scores: FloatArray, cluster: Sequence[str], *, diagonal: bool = False
    ) -> ClusterSquares:
        """Sum scores of the distinct rows, (m, p), by the clusters that some columns make."""
        bits = self.bits if tuple(cluster) == (self.reading.unit,) else None
        found = cluster_squares(
            self.engine,
            self.keys,
            self.distinct.keys,
            scores,
            cluster,
            self.extent,
            bits=bits,
            diagonal=diagonal,
        )
        if bits is not None and found.times != _times_covered(self.distinct.data, self.reading):
            _refuse_overlaps(self, *cluster)
        return found

    def write(
        self,
        values: Mapping[str, FloatArray],
        to: Path,
        *,
        outcome: str,
        weighted: bool = False,
        events_only: bool = False,
    ) -> None:
        """Write values of the distinct rows, (m,), for all rows to a Parquet file."""
        write_values(
            self.engine,
            self.keys,
            self.distinct.keys,
            values,
            to,
            outcome=outcome,
            weighted=weighted,
            events_only=events_only,
        )

    @property
    def distinct(self) -> Counted:
        """The distinct rows; refused where none were counted."""
        if self.counted is None:
            msg = "the rows were read in batches, not counted: there are no distinct rows"
            raise FitError(msg)
        return self.counted


@dataclass(frozen=True)
class CountedRows:
    """Rows as an estimator takes them: a table in memory, and how often each row of it counts.

    Attributes
    ----------
    data : DataFrame, (m, k)
        The rows as they came, or the distinct rows of a larger table.
    weights, frequency : str or None
        Columns of it.
    weight_squared : array of float, (m,), or None
        Of distinct rows of a larger table with case weights, the sum of their squares.
    whole_weights : bool
        Whether the case weights of a larger table are whole numbers.
    held : HeldRows or None
        The larger table, and where it is.
    reading : Reading or None
        What was read of it.
    """

    data: pd.DataFrame
    weights: str | None = None
    frequency: str | None = None
    weight_squared: FloatArray | None = None
    whole_weights: bool = True
    held: HeldRows | None = None
    reading: Reading | None = None

    @property
    def unit_of_errors(self) -> str | None:
        """Whose rows a larger table's errors are clustered by, as its case weights are broken."""
        if self.held is None or self.whole_weights or not self.held.reading.errors_by_unit:
            return None
        return self.held.reading.unit


def writable(to: str | Path, read: Sequence[str] = ()) -> Path:
    """Give the path of a file to be written, in a folder that is there.

    Parameters
    ----------
    to : str or Path
        What a caller was given.
    read : sequence of str
        Files that are read while it is written.

    Returns
    -------
    Path
        The same.

    Raises
    ------
    FitError
        Something else than a path, no folder, a file that is read, a name of CSV files.
    """
    if not isinstance(to, (str, Path)):
        msg = f"to is {in_words(to)}: give the path of a Parquet file"
        raise FitError(msg)
    path = Path(to)
    if path.is_dir() or not path.parent.is_dir():
        msg = f"{str(path)!r} cannot be written: give a file in a folder that is there"
        raise FitError(msg)
    if path.name.lower().endswith(OF_CSV):
        msg = f"{str(path)!r} would be a Parquet file: name it so, as in 'residuals.parquet'"
        raise FitError(msg)
    if path.exists() and any(Path(one).exists() and path.samefile(one) for one in read):
        msg = f"{str(path)!r} holds the model's rows, which would be lost: give another file"
        raise FitError(msg)
    return path


def held_rows(data: Any, reading: Reading) -> HeldRows:
    """Open and check rows that an engine holds.

    Parameters
    ----------
    data : str, Path, DuckDB relation, polars LazyFrame or ibis Table
        The rows.
    reading : Reading
        What is read of them.

    Returns
    -------
    HeldRows
        Not yet counted.

    Raises
    ------
    PanelError
        Rows that are no panel, all problems at once; a path that matches nothing.
    EngineError
        A missing extra, an engine that failed.
    """
    return _checked(_opened(data, reading), reading, counting=False)


def _opened(data: Any, reading: Reading) -> Engine:
    return open_engine(data, (*reading.used, USUAL) if reading.errors_by_unit else reading.used)


def _checked(engine: Engine, reading: Reading, *, counting: bool) -> HeldRows:
    check_held_columns(engine, reading)
    quick = grouped_and_sound(engine, reading) if counting else None
    extent = check_held_rows(engine, reading) if quick is None else quick[1]
    by_unit = reading.errors_by_unit and not extent.whole_weights and reading.unit is None
    if by_unit and USUAL in engine.table.columns:
        return _checked(engine, replace(reading, unit=USUAL), counting=counting)
    keys = Keys.of(engine.table, reading, extent.ranges)
    held = HeldRows(engine, reading, extent, keys)
    if quick is not None:
        held = replace(held, counted=counted(quick[0], keys, engine.orders))
        held = replace(held, bits=_bits_to_sum(held))
    if reading.unit is not None and held.bits is None:
        _refuse_overlaps(held, reading.unit)
    if counting and held.counted is None:
        held = replace(held, counted=count_held(engine, keys))
    if held.counted is not None:  # fewer than were checked, where some have a frequency of 0
        held = replace(held, extent=replace(extent, rows=held.counted.rows))
    return held


def _bits_to_sum(held: HeldRows) -> FloatArray | None:
    """Give the bits of times, where scores will be summed by unit in this process."""
    reading, extent, data = held.reading, held.extent, held.distinct.data
    if reading.unit is None or not reading.summed_by_unit:
        return None
    if numbering_of(held.engine, (reading.unit,), extent) is None:
        return None
    return bits_of_times(data[reading.start], data[reading.stop], extent)


def _times_covered(data: pd.DataFrame, reading: Reading) -> int:
    """Add up the lengths of all rows, of whole times, each row of the data many times."""
    return int(((data[reading.stop] - data[reading.start]) * data[ROWS]).sum())


def _refuse_overlaps(held: HeldRows, unit: str) -> None:
    found = overlaps(held.engine, held.reading, unit, held.extent)
    if not found.overlapping:
        return
    noun = "row" if found.rows == 1 else "rows"
    offered = "; where a unit's clock starts again, overlap='allow'"
    msg = (
        f"rows of one {unit!r} overlap in time: {found.rows:,d} {noun} of "
        f"{found.overlapping:,d} of {found.units:,d} units ({found.examples}); "
        f"check_panel() lists them all{offered if held.reading.overlap_offered else ''}"
    )
    raise PanelError(msg)


def counted_rows(data: Any, reading: Reading) -> CountedRows:
    """Give the rows of a call: a DataFrame as it is, an engine's rows checked and counted.

    Parameters
    ----------
    data : DataFrame, CountedRows, or what `is_held` knows
        The rows.
    reading : Reading
        What is read of them.

    Returns
    -------
    CountedRows
        Rows in memory, for what is written for a DataFrame.

    Raises
    ------
    PanelError, EngineError
        As `held_rows`.
    FitError
        Too many distinct rows.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"start": [0, 0, 0], "stop": [1, 1, 2], "failure": [0, 0, 1]})
    >>> counted_rows(rows, Reading(("failure",))).data is rows
    True
    """
    if isinstance(data, CountedRows):
        return data
    if not is_held(data):
        return CountedRows(data, reading.weights, reading.frequency)
    held = _checked(_opened(data, reading), reading, counting=True)
    return CountedRows(
        data=held.distinct.data,
        weights=None if reading.weights is None else CASE,
        frequency=ROWS,
        weight_squared=held.distinct.weight_squared,
        whole_weights=held.extent.whole_weights,
        held=held,
        reading=reading,
    )
