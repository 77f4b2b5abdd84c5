"""Rows of one unit that overlap in time, found in the engine."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from belbiotech.survival.engines.checking import Extent, examples
from belbiotech.survival.engines.columns import plain
from belbiotech.survival.engines.engine import Engine
from belbiotech.survival.engines.reading import Reading
from belbiotech.survival.rows.times import FloatArray

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["Overlaps", "bits_of_times", "bits_set", "overlaps", "rows_beside_earlier"]

BITS = 50  # years in a word: sums of such numbers are exact in double precision, or too large
WORDS = 8  # words up to which counting bits is quicker than sorting


@dataclass(frozen=True)
class Overlaps:
    """Rows that begin before an earlier row of the same unit has ended.

    Attributes
    ----------
    units, overlapping : int
        How many units there are, and how many of them have such rows.
    rows : int
        How many such rows.
    examples : str
        A few of them.
    """

    units: int
    overlapping: int
    rows: int = 0
    examples: str = ""


def overlaps(engine: Engine, reading: Reading, unit: str, extent: Extent) -> Overlaps:
    """Look for rows of one unit that overlap in time.

    Parameters
    ----------
    engine : Engine
        Where the rows are.
    reading : Reading
        The columns of the interval.
    unit : str
        Column of the unit.
    extent : Extent
        From `check_held_rows`.

    Returns
    -------
    Overlaps
        With how many units and rows there are at fault.
    """
    words = ceil((extent.last - extent.first) / BITS)
    if extent.whole and words <= WORDS and engine.counts_bits:
        found = _by_bits(engine, reading, unit, extent.first, words)
        if not found.overlapping:
            return found
    rows = rows_beside_earlier(engine.table, reading, unit)
    late = rows.filter(rows["begin"] < rows["reached"] - extent.close)
    by_unit = late.group_by("unit").aggregate(n=lambda t: t.count())
    found = engine.run(
        by_unit.aggregate(units=lambda t: t.count(), rows=by_unit["n"].sum().fill_null(0)),
        "looking for rows that overlap",
    ).to_pylist()[0]
    units = engine.run(
        engine.table.aggregate(n=engine.table[unit].nunique()), "counting units"
    ).to_pylist()[0]["n"]
    shown = ""
    if found["rows"]:
        named = late.select(late["unit"].name(unit), late["begin"], late["end"])
        named = named.rename({reading.start: "begin", reading.stop: "end"})
        shown = examples(
            engine, named, [unit, reading.start, reading.stop], number=int(found["rows"])
        )
    return Overlaps(int(units), int(found["units"]), int(found["rows"]), shown)


def bits_of_times(start: pd.Series, stop: pd.Series, extent: Extent) -> FloatArray | None:
    """Give each whole time of an interval a bit, in words of fifty.

    Where a unit's rows are apart, the bits of the sum of their words are as many as the times that
    they cover; where two overlap, a carry makes them fewer.

    Parameters
    ----------
    start, stop : Series, (m,)
        Of intervals.
    extent : Extent
        Of all rows.

    Returns
    -------
    array of float, (m, words), or None
        Whole numbers; None of broken or of many times.
    """
    words = ceil((extent.last - extent.first) / BITS)
    if not extent.whole or words > WORDS:
        return None
    ends = [(time - extent.first).to_numpy(dtype=np.int64) for time in (start, stop)]
    made = [[np.clip(end - k * BITS, 0, BITS) for end in ends] for k in range(words)]
    return np.column_stack([(1 << high) - (1 << low) for low, high in made]).astype(float)


def bits_set(words: FloatArray) -> int | None:
    """Count the bits of words, (n, words); None where one has more than `bits_of_times` gives."""
    if (words >= 1 << BITS).any():
        return None
    chunk = 1 << 18
    return sum(
        int(np.unpackbits(words[a : a + chunk].astype(np.int64).view(np.uint8)).sum())
        for a in range(0, len(words), chunk)
    )


def rows_beside_earlier(table: ir.Table, reading: Reading, unit: str) -> ir.Table:
    """Put beside each row how far its unit had come before it: unit, begin, end, reached."""
    import ibis

    rows = table.select(
        unit=table[unit],
        begin=plain(table[reading.start]).cast("float64"),
        end=plain(table[reading.stop]).cast("float64"),
    )
    before = ibis.window(group_by="unit", order_by=["begin", "end"], preceding=(None, 1))
    return rows.mutate(reached=rows["end"].max().over(before))


def _by_bits(engine: Engine, reading: Reading, unit: str, first: float, words: int) -> Overlaps:
    """Give each unit year a bit: rows are apart where their numbers add up to their union.

    Of whole years only, in one pass that neither sorts nor keeps rows.
    """
    import ibis

    table = engine.table
    start, stop = (
        (plain(table[name]).cast("float64") - first).cast("int64")
        for name in (reading.start, reading.stop)
    )
    one = ibis.literal(1, "int64")
    masks = {}
    for k in range(words):
        low, high = (
            (time - k * BITS).clip(0, BITS) if words > 1 else time for time in (start, stop)
        )
        masks[f"w{k}"] = (one << high) - (one << low)
    rows = table.select(unit=table[unit], **masks)
    sums = {f"s{k}": rows[f"w{k}"].cast("float64").sum() for k in range(words)}
    unions = {f"u{k}": rows[f"w{k}"].bit_or() for k in range(words)}
    by_unit = rows.group_by("unit").aggregate(**sums, **unions)
    apart = [by_unit[f"s{k}"] == by_unit[f"u{k}"].cast("float64") for k in range(words)]
    together = apart[0]
    for other in apart[1:]:
        together = together & other
    found = engine.run(
        by_unit.aggregate(n=by_unit.count(), bad=(~together).cast("int64").sum()),
        "looking for rows that overlap",
    ).to_pylist()[0]
    return Overlaps(int(found["n"]), int(found["bad"] or 0))
