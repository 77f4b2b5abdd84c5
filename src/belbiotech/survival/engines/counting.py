"""Rows counted where they are: only the distinct ones come to Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from belbiotech.errors import FitError
from belbiotech.survival.engines.columns import as_frame, plain
from belbiotech.survival.engines.engine import Engine
from belbiotech.survival.engines.keys import Keys, group_columns, group_values
from belbiotech.survival.engines.orders import Orders, in_order
from belbiotech.survival.engines.reading import CASE, ROWS, Reading
from belbiotech.survival.rows.times import FloatArray

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["MOST", "Counted", "count_held", "counted", "grouped_if_few"]

MOST = 1 << 21  # distinct rows that are brought to Python
HEAD = 1 << 17  # rows looked at before all are counted
FINE = 0.5  # share of distinct rows among them from which the engine is asked first


@dataclass(frozen=True)
class Counted:
    """Distinct rows, as they came from an engine.

    Attributes
    ----------
    data : DataFrame, (m, k)
        Times, outcomes, columns, and `ROWS` and `CASE`. Of a column that is read only binned, the
        least value of each bin stands for all.
    keys : DataFrame, (m, q)
        What made them distinct, by which scores are joined back.
    rows : int
        How many rows of the data they are, of those with a frequency above 0.
    weight_squared : array of float, (m,), or None
        With case weights, the sum of their squares.
    """

    data: pd.DataFrame
    keys: pd.DataFrame
    rows: int
    weight_squared: FloatArray | None


def grouped_if_few(engine: Engine, reading: Reading) -> pd.DataFrame | None:
    """Count equal rows before they are checked, where the first ones show that few differ.

    Parameters
    ----------
    engine : Engine
        Where the rows are.
    reading : Reading
        What is read of them.

    Returns
    -------
    DataFrame or None
        From `_query`; None where too many rows differ.

    Raises
    ------
    EngineError
        The engine failed.
    """
    if _seem_fine(engine, reading):
        return None
    found = _grouped(engine, reading)
    return found if len(found) <= MOST else None


def count_held(engine: Engine, keys: Keys) -> Counted:
    """Count equal rows in the engine.

    Parameters
    ----------
    engine : Engine
        Where the rows are; `check_held_rows` has let them pass.
    keys : Keys
        What makes them distinct.

    Returns
    -------
    Counted
        The distinct rows.

    Raises
    ------
    FitError
        Too many distinct rows: how many, and what to do.
    EngineError
        The engine failed.
    """
    reading = keys.reading
    if _seem_fine(engine, reading):
        number = _approximate(engine, reading)
        if number > MOST:
            raise _too_fine(number)
    found = _grouped(engine, reading)
    if len(found) > MOST:
        raise _too_fine(_approximate(engine, reading))
    return counted(found, keys, engine.orders)


def counted(found: pd.DataFrame, keys: Keys, orders: Orders) -> Counted:
    """Give the distinct rows that an engine grouped, (m,), which count at least once.

    Parameters
    ----------
    found : DataFrame, (m, k)
        From `grouped_if_few`, or the query of `count_held`.
    keys : Keys
        What makes them distinct.
    orders : mapping of str to CategoricalDtype
        The order of levels that the engine's table tells.
    """
    found = found[found["n"] > 0].reset_index(drop=True)
    squares = found["ww"].to_numpy(dtype=np.float64) if "ww" in found else None
    rows = in_order(_distinct_rows(found, keys.reading), orders)
    return Counted(rows, keys.of_groups(found), int(found["rows"].sum()), squares)


def _grouped(engine: Engine, reading: Reading) -> pd.DataFrame:
    query = _query(engine.table, reading)
    return as_frame(engine.run(query.limit(MOST + 1), "counting equal rows"))


def _query(table: ir.Table, reading: Reading) -> ir.Table:
    """Group by the keys: number of rows, sums of weights and of their squares."""
    made = group_columns(table, reading)
    binned = {f"m{j}": plain(table[name]) for j, name in enumerate(reading.binned)}
    weights = {}
    if reading.weights is not None:
        weights["w"] = plain(table[reading.weights]).cast("float64")
    if reading.frequency is not None:
        weights["f"] = plain(table[reading.frequency]).cast("float64")
    rows = table.select(**made, **binned, **weights)
    sums = {name: rows[name].min() for name in binned}
    copies = rows["f"] if "f" in weights else None
    sums["rows"] = rows.count() if copies is None else (copies > 0).cast("int64").sum()
    sums["n"] = rows.count().cast("float64") if copies is None else copies.sum()
    if "w" in weights:
        case = rows["w"]
        sums["w"] = case.sum() if copies is None else (case * copies).sum()
        square = case * case
        sums["ww"] = square.sum() if copies is None else (square * copies).sum()
    return rows.group_by(list(made)).aggregate(**sums)


def _distinct_rows(found: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    columns = group_values(found, reading)
    columns |= {name: found[f"m{j}"] for j, name in enumerate(reading.binned)}
    columns |= {name: columns[name].astype("int8") for name in reading.outcomes}
    number = found["n"].to_numpy(dtype=float)
    columns = {name: columns[name] for name in reading.keys} | {ROWS: pd.Series(number)}
    if reading.weights is not None:
        columns[CASE] = pd.Series(found["w"].to_numpy(dtype=float) / number)
    return pd.DataFrame(columns)


def _seem_fine(engine: Engine, reading: Reading) -> bool:
    """Tell whether nearly all of the first rows differ."""
    head = engine.table.limit(HEAD)
    rows = head.select(**group_columns(head, reading))
    seen = engine.run(
        rows.distinct().aggregate(distinct=lambda t: t.count()), "looking at the first rows"
    ).to_pylist()[0]["distinct"]
    return bool(seen > FINE * HEAD)


def _approximate(engine: Engine, reading: Reading) -> int:
    """Give the engine's approximate number of distinct rows."""
    import ibis

    rows = engine.table.select(**group_columns(engine.table, reading))
    joint = ibis.struct({name: rows[name] for name in rows.columns})
    found = engine.run(
        rows.aggregate(n=joint.approx_nunique()), "estimating the number of distinct rows"
    )
    return int(found.to_pylist()[0]["n"])


def _too_fine(number: int) -> FitError:
    return FitError(
        f"the rows are too fine to be counted: about {number:,d} of them differ, and at most "
        f"{MOST:,d} are brought to Python. Round or cut continuous columns, in a formula as "
        "round(x, 1) or cut(x, [0, 5, 10]), or, with cox() and cox_causes(), give stream=True, "
        "which reads all rows in batches"
    )
