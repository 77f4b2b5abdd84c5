"""Rows checked by what they were counted to be: where few differ, that costs no further query."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from belbiotech.survival.engines.checking import Extent
from belbiotech.survival.engines.counting import grouped_if_few
from belbiotech.survival.engines.engine import Engine
from belbiotech.survival.engines.keys import (
    Range,
    extremes,
    group_values,
    ranges_asked,
    ranges_of_groups,
    ranges_told,
)
from belbiotech.survival.engines.reading import Reading
from belbiotech.survival.rows.number_columns import LARGEST
from belbiotech.survival.rows.times import TOLERANCE

__all__ = ["grouped_and_sound"]


def grouped_and_sound(engine: Engine, reading: Reading) -> tuple[pd.DataFrame, Extent] | None:
    """Count equal rows, and see in the distinct ones that all are sound.

    Parameters
    ----------
    engine : Engine
        Where the rows are; `check_held_columns` has let them pass.
    reading : Reading
        What is read of them.

    Returns
    -------
    tuple of (DataFrame, Extent), or None
        The groups of equal rows and over which times they are. None where groups cannot tell
        (weights, binned columns), where too many rows differ, and where anything is amiss:
        `check_held_rows` says what.

    Raises
    ------
    EngineError
        The engine failed.
    """
    table = engine.table
    fractions = any(table[name].type().is_floating() for name in _others(reading))
    if reading.optional or reading.binned or fractions:
        return None
    found = grouped_if_few(engine, reading)
    if found is None or found.empty:
        return None
    values = group_values(found, reading)
    if any(column.isna().any() for column in values.values()) or not _are_sound(values, reading):
        return None
    rows = int(found["rows"].sum())
    beside = _ranges_of_others(engine, reading, rows)
    if beside is None:
        return None
    start, stop = values[reading.start], values[reading.stop]
    whole = bool((start % 1 == 0).all() and (stop % 1 == 0).all())
    # Times no further apart than rounding count as equal, as in `check_held_rows`.
    share = found["rows"].to_numpy(dtype=float) / rows
    mean = float(((start.abs() + stop.abs()) / 2 * share).sum())
    close = 0.0 if whole else TOLERANCE * max(1.0, mean)
    if not (stop - start > close).all():
        return None
    ranges = ranges_of_groups(found, table, reading) | beside
    return found, Extent(rows, float(start.min()), float(stop.max()), whole, close, True, ranges)


def _others(reading: Reading) -> list[str]:
    """List the columns that are read and not counted by: clusters, units."""
    return [name for name in reading.used if name not in reading.keys]


def _are_sound(values: dict[str, pd.Series], reading: Reading) -> bool:
    """Tell whether values of groups, none missing, are such as a panel may hold."""
    numbers = [column for column in values.values() if column.dtype.kind in "iuf"]
    if any((np.abs(column) > LARGEST).any() for column in numbers):
        return False
    outcomes = [values[name].astype(float) for name in reading.outcomes]
    if not all(column.isin([0, 1]).all() for column in outcomes):
        return False
    if reading.one_fate and any(((a == 1) & (b == 1)).any() for a, b in combinations(outcomes, 2)):
        return False
    times = [values[reading.start], values[reading.stop]]
    return not reading.whole_times or all((time % 1 == 0).all() for time in times)


def _ranges_of_others(engine: Engine, reading: Reading, rows: int) -> dict[str, Range] | None:
    """Give the ranges of the columns not counted by; None where one has missing values."""
    others, table = _others(reading), engine.table
    if not others:
        return {}
    asked = ranges_asked(table, reading)
    asked = {name: asked[name] for name in others if name in asked}
    numbers = {f"n{k}": table[name].count() for k, name in enumerate(others)}
    query = table.aggregate(**numbers, **extremes(asked))
    found = engine.run(query, "looking at clusters").to_pylist()[0]
    if any(found[f"n{k}"] != rows for k in range(len(others))):
        return None
    return ranges_told(found, asked)
