"""What makes rows distinct, in an engine: columns by which it groups, or one number to join by.

Where rows are found again, whole numbers are packed into one, the code, and the rest stands beside
it: engines join by one whole number faster than by seven columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.survival.engines.columns import kind_of, plain
from belbiotech.survival.engines.reading import Reading

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = [
    "CODE",
    "LENGTH",
    "Keys",
    "Range",
    "extremes",
    "group_columns",
    "group_values",
    "ranges_asked",
    "ranges_of_groups",
    "ranges_told",
]

CODE = "code"  # the column of the packed number
LARGEST = 1 << 62  # packed numbers stay below
NARROW = 1 << 30  # below this they fit into half the width
LENGTH = "(length)"  # of the interval, packed in place of its end

Range = tuple[int, int]  # the least and the largest of whole numbers
Asked = dict[str, tuple["ir.Scalar", "ir.Scalar"]]  # expressions of them, by column


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
    """

    reading: Reading
    packed: tuple[_Part, ...]
    loose: tuple[tuple[str, int], ...]

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
        return cls(reading, tuple(packed), tuple(loose))

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
        width = "int32" if self.codes < NARROW and most < NARROW else "int64"
        for part in self.packed:
            value = self._whole(table, part, width)
            value = value - part.low if part.low else value
            code = value if code is None else code * part.size + value
        if code is not None:
            made[CODE] = code
        for j, (name, way) in enumerate(self.loose):
            made[f"l{j}"] = _value(table, self.reading, name, way)
        return made

    @property
    def codes(self) -> int:
        """How many codes there may be."""
        return prod(part.size for part in self.packed)

    def of_groups(self, found: pd.DataFrame) -> pd.DataFrame:
        """Give the keys, as in `columns`, of rows that were grouped by `group_columns`."""
        given = {key: found[f"k{j}"] for j, key in enumerate(_all_keys(self.reading))}
        made: dict[str, pd.Series] = {}
        if self.packed:
            code = np.zeros(len(found), dtype=np.int64)
            for part in self.packed:
                if part.name == LENGTH:
                    end, begin = (
                        given[name, 0] for name in (self.reading.stop, self.reading.start)
                    )
                    value = (end - begin).to_numpy(dtype=np.int64)
                else:
                    value = given[part.name, part.way].to_numpy(dtype=np.int64)
                code = code * part.size + (value - part.low)
            made[CODE] = pd.Series(code)
        for j, key in enumerate(self.loose):
            made[f"l{j}"] = given[key]
        return pd.DataFrame(made)

    def _whole(self, table: ir.Table, part: _Part, width: str) -> ir.NumericValue:
        """Give a column, or the interval's length, as whole numbers of a width."""
        reading = self.reading
        if part.name == LENGTH:
            return table[reading.stop].cast(width) - table[reading.start].cast(width)
        if part.name in reading.binned:
            return _value(table, reading, part.name, part.way).cast(width)
        if kind_of(table[part.name]) == "bool":  # DuckDB would read a CSV file's "True" as a number
            return table[part.name].ifelse(1, 0).cast(width)
        return table[part.name].cast(width)


def _value(table: ir.Table, reading: Reading, name: str, way: int) -> ir.Value:
    if name in reading.binned:
        return reading.binned[name][way].in_engine(table[name])
    return plain(table[name])


def _all_keys(reading: Reading) -> list[tuple[str, int]]:
    """List the keys by column and way of binning."""
    return [(name, way) for name in reading.keys for way in range(_ways(reading, name))]


def _ways(reading: Reading, name: str) -> int:
    return len(reading.binned[name]) if name in reading.binned else 1


def group_columns(table: ir.Table, reading: Reading) -> dict[str, ir.Value]:
    """Give the columns by which an engine groups equal rows: k0, k1, ...

    Parameters
    ----------
    table : ibis Table
        The rows.
    reading : Reading
        What is read of them.

    Returns
    -------
    dict of str to ibis Value
        One for each column of keys, of a binned one for each way of binning.
    """
    keys = _all_keys(reading)
    return {f"k{j}": _value(table, reading, name, way) for j, (name, way) in enumerate(keys)}


def group_values(found: pd.DataFrame, reading: Reading) -> dict[str, pd.Series]:
    """Give the columns that rows grouped by `group_columns`, (m,), tell: all but binned ones."""
    keys = _all_keys(reading)
    return {name: found[f"k{j}"] for j, (name, _) in enumerate(keys) if name not in reading.binned}


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


def ranges_asked(table: ir.Table, reading: Reading) -> Asked:
    """Give the least and the largest value of each column of whole numbers, to be asked for.

    Of outcomes and binned columns they are known; of the interval it is its length's.
    """
    asked = {
        name: (plain(table[name]).min(), plain(table[name]).max())
        for name in reading.used
        if table[name].type().is_integer()
        and name not in (*reading.outcomes, *reading.binned, *reading.optional)
    }
    if reading.start in asked and reading.stop in asked:
        length = plain(table[reading.stop]) - plain(table[reading.start])
        del asked[reading.stop]
        asked[LENGTH] = (length.min(), length.max())
    return asked


def extremes(asked: Asked) -> dict[str, ir.Scalar]:
    """Give the expressions of ranges names, under which a query brings them: a0, z0, ..."""
    least = {f"a{k}": low for k, (low, _) in enumerate(asked.values())}
    return {**least, **{f"z{k}": high for k, (_, high) in enumerate(asked.values())}}


def ranges_told(found: Mapping[str, Any], asked: Asked) -> dict[str, Range]:
    """Give the ranges that a query has brought by the names of `extremes`."""
    return {name: (int(found[f"a{k}"]), int(found[f"z{k}"])) for k, name in enumerate(asked)}


def ranges_of_groups(found: pd.DataFrame, table: ir.Table, reading: Reading) -> dict[str, Range]:
    """Give the ranges, as by `ranges_asked`, of rows grouped by `group_columns`."""
    values = group_values(found, reading)
    whole = {
        name: column
        for name, column in values.items()
        if table[name].type().is_integer() and name not in reading.outcomes
    }
    if reading.start in whole and reading.stop in whole:
        whole[LENGTH] = whole.pop(reading.stop) - whole[reading.start]
    return {name: (int(column.min()), int(column.max())) for name, column in whole.items()}
