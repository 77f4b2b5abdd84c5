"""What a model asks of rows that are read in batches, beside the batches themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import pandas as pd

from belbiotech.survival.engines.batches import SIZE, Batches, FrameBatches, batches_of
from belbiotech.survival.engines.columns import as_frame, kind_of, plain, that_count
from belbiotech.survival.engines.held import HeldRows, held_rows
from belbiotech.survival.engines.orders import in_order
from belbiotech.survival.engines.reading import Reading
from belbiotech.survival.engines.sources import is_held
from belbiotech.survival.rows.checks import check_rows, refuse_no_weight
from belbiotech.survival.rows.times import TOLERANCE

__all__ = ["Stream", "open_stream"]

NUMBER, WEIGHT = "(number)", "(weight)"


class Stream(Protocol):
    """Checked rows that are read in batches.

    Attributes
    ----------
    reading : Reading
        What is read of them.
    batches : Batches
        The rows.
    rows : int
        How many there are.
    close : float
        Times no further apart than this count as equal.
    held : HeldRows or None
        Where they are, unless in memory.
    """

    @property
    def reading(self) -> Reading:
        """What is read."""

    @property
    def batches(self) -> Batches:
        """The rows."""

    @property
    def rows(self) -> int:
        """How many."""

    @property
    def close(self) -> float:
        """How close times may be."""

    @property
    def held(self) -> HeldRows | None:
        """Where the rows are."""

    def sized(self, rows: int) -> Stream:
        """Give the same rows in batches of at most so many."""

    def events(self, strata: tuple[str, ...]) -> pd.DataFrame:
        """Count events by stratum and stop: these columns, `NUMBER` and `WEIGHT`."""

    def groups(self, names: tuple[str, ...]) -> pd.DataFrame:
        """Give the different values of some columns together, in their order."""

    def cells(self, names: tuple[str, ...], most: int) -> pd.DataFrame | None:
        """Count rows by some columns and the outcome: these and `NUMBER`; None of too many."""

    def levels(self, name: str, most: int) -> pd.Series:
        """Give the different values of a column, or so many of them."""

    def is_factor(self, name: str) -> bool:
        """Tell whether a column holds something else than numbers."""

    def sample(self, size: int) -> pd.DataFrame:
        """Give about so many rows at random."""


@dataclass(frozen=True)
class _FrameStream:
    """Rows of a DataFrame."""

    data: pd.DataFrame
    reading: Reading
    close: float
    size: int = SIZE
    held: None = None

    @property
    def batches(self) -> Batches:
        """The rows."""
        used, frequency = list(self.reading.used), self.reading.frequency
        return FrameBatches(len(self.data), self.data[used], self.size, frequency=frequency)

    @property
    def rows(self) -> int:
        """How many."""
        return len(self.data)

    def sized(self, rows: int) -> _FrameStream:
        """Give the same rows in batches of at most so many."""
        return replace(self, size=min(self.size, rows))

    def events(self, strata: tuple[str, ...]) -> pd.DataFrame:
        """Count events by stratum and stop."""
        reading = self.reading
        happened = self.data[self.data[reading.outcomes[0]].astype(bool)]
        number = 1.0 if reading.frequency is None else happened[reading.frequency].astype(float)
        weight = number if reading.weights is None else number * happened[reading.weights]
        by = [*strata, reading.stop]
        counted = happened[by].assign(**{NUMBER: number, WEIGHT: weight})
        return counted.groupby(by, observed=True)[[NUMBER, WEIGHT]].sum().reset_index()

    def groups(self, names: tuple[str, ...]) -> pd.DataFrame:
        """Give the different values of some columns together, in their order."""
        return _sorted(self._counting[list(names)].drop_duplicates())

    def cells(self, names: tuple[str, ...], most: int) -> pd.DataFrame | None:
        """Count rows by some columns and the outcome."""
        rows, reading = self._counting, self.reading
        by = list(dict.fromkeys([*names, reading.outcomes[0]]))
        number = 1.0 if reading.frequency is None else rows[reading.frequency].astype(float)
        groups = rows[by].assign(**{NUMBER: number}).groupby(by, observed=True, sort=False)
        counted = groups[[NUMBER]].sum().reset_index()
        return counted if len(counted) <= most else None

    def levels(self, name: str, most: int) -> pd.Series:
        """Give the different values of a column, or so many of them."""
        return self._counting[name].drop_duplicates().head(most)

    def is_factor(self, name: str) -> bool:
        """Tell whether a column holds no numbers."""
        return not pd.api.types.is_numeric_dtype(self.data[name]) or bool(
            pd.api.types.is_bool_dtype(self.data[name])
        )

    def sample(self, size: int) -> pd.DataFrame:
        """Give rows at random, always the same."""
        rows = self._counting
        return rows.sample(min(size, len(rows)), random_state=0)

    @property
    def _counting(self) -> pd.DataFrame:
        """The rows but those with a frequency of 0."""
        frequency = self.reading.frequency
        return self.data if frequency is None else self.data[self.data[frequency] > 0]


@dataclass(frozen=True)
class _HeldStream:
    """Rows that an engine holds."""

    held: HeldRows
    batches: Batches

    @property
    def reading(self) -> Reading:
        """What is read."""
        return self.held.reading

    @property
    def rows(self) -> int:
        """How many."""
        return self.held.extent.rows

    @property
    def close(self) -> float:
        """How close times may be."""
        return self.held.extent.close

    def sized(self, rows: int) -> _HeldStream:
        """Give the same rows in batches of at most so many."""
        return replace(self, batches=self.batches.sized(rows))

    def events(self, strata: tuple[str, ...]) -> pd.DataFrame:
        """Count events by stratum and stop, in the engine."""
        import ibis

        reading, table = self.reading, self.held.engine.table
        number = ibis.literal(1.0)
        if reading.frequency is not None:
            number = plain(table[reading.frequency]).cast("float64")
        weight = number
        if reading.weights is not None:
            weight = number * plain(table[reading.weights]).cast("float64")
        by = [*strata, reading.stop]
        columns = {f"k{j}": plain(table[name]) for j, name in enumerate(by)}
        happened = plain(table[reading.outcomes[0]]).cast("int8") == 1
        rows = table.filter(happened).select(**columns, number=number, weight=weight)
        counted = rows.group_by(list(columns)).aggregate(
            number=rows["number"].sum(), weight=rows["weight"].sum()
        )
        found = as_frame(self.held.engine.run(counted, "counting events by time"))
        return in_order(found.set_axis([*by, NUMBER, WEIGHT], axis=1), self.held.engine.orders)

    def groups(self, names: tuple[str, ...]) -> pd.DataFrame:
        """Give the different values of some columns together, in their order."""
        table = that_count(self.held.engine.table, self.reading.frequency)
        columns = {f"k{j}": plain(table[name]) for j, name in enumerate(names)}
        query = table.select(**columns).distinct()
        found = as_frame(self.held.engine.run(query, "listing strata")).set_axis(names, axis=1)
        return _sorted(in_order(found, self.held.engine.orders))

    def cells(self, names: tuple[str, ...], most: int) -> pd.DataFrame | None:
        """Count rows by some columns and the outcome, in the engine."""
        import ibis

        reading, table = self.reading, self.held.engine.table
        by = list(dict.fromkeys([*names, reading.outcomes[0]]))
        columns = {f"k{j}": plain(table[name]) for j, name in enumerate(by)}
        number = ibis.literal(1.0)
        if reading.frequency is not None:
            number = plain(table[reading.frequency]).cast("float64")
        rows = that_count(table, reading.frequency).select(**columns, number=number)
        counted = rows.group_by(list(columns)).aggregate(number=rows["number"].sum())
        found = as_frame(self.held.engine.run(counted.limit(most + 1), "counting rows by level"))
        found = in_order(found.set_axis([*by, NUMBER], axis=1), self.held.engine.orders)
        return found if len(found) <= most else None

    def levels(self, name: str, most: int) -> pd.Series:
        """Give the different values of a column, or so many of them."""
        table = that_count(self.held.engine.table, self.reading.frequency)
        chosen = table.select(value=plain(table[name])).distinct().limit(most)
        found = as_frame(self.held.engine.run(chosen, f"listing the values of {name!r}"))
        return in_order(found.set_axis([name], axis=1), self.held.engine.orders)[name]

    def is_factor(self, name: str) -> bool:
        """Tell whether a column holds no numbers."""
        return kind_of(self.held.engine.table[name]) != "number"

    def sample(self, size: int) -> pd.DataFrame:
        """Give about so many rows at random."""
        table = that_count(self.held.engine.table, self.reading.frequency)
        columns = {name: plain(table[name]) for name in self.reading.used}
        rows = table.select(**columns)
        if self.rows > size:
            rows = rows.sample(size / self.rows)
        drawn = as_frame(self.held.engine.run(rows.limit(2 * size), "drawing a sample"))
        return in_order(drawn, self.held.engine.orders)


def _sorted(groups: pd.DataFrame) -> pd.DataFrame:
    """Put rows in the order of their values, of several types as well."""
    place = groups.groupby(list(groups.columns), sort=True, observed=True).ngroup()
    return groups.iloc[place.to_numpy().argsort()]


def open_stream(data: Any, reading: Reading) -> Stream:
    """Check rows that are to be read in batches.

    Parameters
    ----------
    data : DataFrame, or what an engine holds
        The rows.
    reading : Reading
        What is read of them.

    Returns
    -------
    Stream
        The rows, checked.

    Raises
    ------
    PanelError, EngineError
        As `held_rows`.
    """
    if is_held(data):
        held = held_rows(data, reading)
        return _HeldStream(held, batches_of(held.engine, reading, held.extent.rows))
    data = check_rows(
        data,
        reading.outcomes,
        start=reading.start,
        stop=reading.stop,
        columns=[*reading.columns, *reading.beside],
        weights=reading.weights,
        frequency=reading.frequency,
    )
    if reading.weights is not None and reading.positive_weights:
        refuse_no_weight(data, reading.weights)
    times = data[[reading.start, reading.stop]].to_numpy(dtype=float)
    whole = bool((times % 1 == 0).all())
    close = 0.0 if whole else TOLERANCE * max(1.0, float(abs(times).mean()))
    return _FrameStream(data, reading, close)
