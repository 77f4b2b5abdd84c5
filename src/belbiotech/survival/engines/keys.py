"""What makes rows distinct, in an engine: whole numbers packed into one, the rest beside it.

Engines group and join by one whole number several times as fast as by seven columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from belbiotech.survival.engines.columns import kind_of, plain
from belbiotech.survival.engines.reading import Reading

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["CODE", "LENGTH", "Keys", "Range", "key_ranges"]

CODE = "code"  # the column of the packed number
LARGEST = 1 << 62  # packed numbers stay below
NARROW = 1 << 30  # below this they fit into half the width
LENGTH = "(length)"  # of the interval, packed in place of its end

Range = tuple[int, int]  # the least and the largest of whole numbers


@dataclass(frozen=True)
class _Part:
    """One whole number of a packed one: which, its least value, and how many it may have."""

    name: str
    way: int
    low: int
    size: int


@dataclass(frozen=True)
class Keys:
    """How rows are told apart.

    Attributes
    ----------
    reading : Reading
        What is read.
    packed : tuple
        The whole numbers in the code, the last one running fastest.
    loose : tuple of (str, int)
        Other keys, by column and way of binning, with columns of their own: l0, l1, ...
    truths : tuple of str
        Columns of truth values among the packed ones.
    """

    reading: Reading
    packed: tuple[_Part, ...]
    loose: tuple[tuple[str, int], ...]
    truths: tuple[str, ...]

    @classmethod
    def of(cls, table: ir.Table, reading: Reading, ranges: Mapping[str, Range]) -> Keys:
        """Pack what has a known range.

        Parameters
        ----------
        table : ibis Table
            The rows.
        reading : Reading
            What is read of them.
        ranges : mapping of str to (int, int)
            Of columns of whole numbers, and of the interval's length, under `LENGTH`.
        """
        packed: list[_Part] = []
        loose: list[tuple[str, int]] = []
        total = 1
        for name, way, known in _wanted(table, reading, ranges):
            size = 0 if known is None else known[1] - known[0] + 1
            if known is None or total * size >= LARGEST:
                loose.append((name, way))
                continue
            total *= size
            packed.append(_Part(name, way, known[0], size))
        truths = tuple(n for n in reading.columns if kind_of(table[n]) == "bool")
        return cls(reading, tuple(packed), tuple(loose), truths)

    @property
    def names(self) -> list[str]:
        """The columns of the keys in a query."""
        code = [CODE] if self.packed else []
        return [*code, *(f"l{j}" for j in range(len(self.loose)))]

    def columns(self, table: ir.Table) -> dict[str, ir.Value]:
        """Give the keys of an engine's rows."""
        made: dict[str, ir.Value] = {}
        code: ir.Value | None = None
        # Half the width is quicker, where the numbers themselves and their code fit into it.
        most = max((abs(part.low) + part.size for part in self.packed), default=0)
        narrow = prod(part.size for part in self.packed) < NARROW and most < NARROW
        width = "int32" if narrow else "int64"
        for part in self.packed:
            value = self._value(table, part.name, part.way).cast(width)
            value = value - part.low if part.low else value
            code = value if code is None else code * part.size + value
        if code is not None:
            made[CODE] = code
        for j, (name, way) in enumerate(self.loose):
            made[f"l{j}"] = self._value(table, name, way)
        return made

    def values(self, found: pd.DataFrame) -> dict[str, pd.Series]:
        """Give the columns that the keys of distinct rows, (m,), tell: all but binned ones."""
        values: dict[str, pd.Series] = {}
        if self.packed:
            rest = found[CODE].to_numpy(dtype=np.int64)
            for part in reversed(self.packed):
                values[part.name] = pd.Series(rest % part.size + part.low)
                rest = rest // part.size
        values |= {name: found[f"l{j}"] for j, (name, _) in enumerate(self.loose)}
        if LENGTH in values:
            values[self.reading.stop] = values[self.reading.start] + values.pop(LENGTH)
        for name in self.truths:
            values[name] = values[name].astype(bool)
        return {name: values[name] for name in self.reading.keys if name not in self.reading.binned}

    def _value(self, table: ir.Table, name: str, way: int) -> ir.Value:
        reading = self.reading
        if name == LENGTH:
            return plain(table[reading.stop]) - plain(table[reading.start])
        if name in reading.binned:
            return reading.binned[name][way].in_engine(table[name])
        column = plain(table[name])
        return column.cast("int8") if name in reading.outcomes else column


def _wanted(
    table: ir.Table, reading: Reading, ranges: Mapping[str, Range]
) -> list[tuple[str, int, Range | None]]:
    """List the keys, each with its way of binning and its range, where that is known."""
    wanted: list[tuple[str, int, Range | None]] = []
    lengths = ranges.get(LENGTH)
    for name in reading.keys:
        if name == reading.stop and lengths is not None:
            wanted.append((LENGTH, 0, lengths))
        elif name in reading.outcomes:
            wanted.append((name, 0, (0, 1)))
        elif name in reading.binned:
            for way, binning in enumerate(reading.binned[name]):
                known = None if binning.bins is None else (0, binning.bins - 1)
                wanted.append((name, way, known))
        elif kind_of(table[name]) == "bool":
            wanted.append((name, 0, (0, 1)))
        else:
            wanted.append((name, 0, ranges.get(name)))
    return wanted


def key_ranges(table: ir.Table, reading: Reading) -> dict[str, tuple[ir.Scalar, ir.Scalar]]:
    """Give the least and the largest value of each key of whole numbers, to be asked for."""
    whole = [
        name
        for name in reading.keys
        if table[name].type().is_integer() and name not in (*reading.outcomes, *reading.binned)
    ]
    asked = {name: (plain(table[name]).min(), plain(table[name]).max()) for name in whole}
    if reading.start in whole and reading.stop in whole:
        length = plain(table[reading.stop]) - plain(table[reading.start])
        del asked[reading.stop]
        asked[LENGTH] = (length.min(), length.max())
    return asked
