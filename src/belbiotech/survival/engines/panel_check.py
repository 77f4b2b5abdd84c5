"""Faults of a panel, wherever its rows are: `check_panel`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

import pandas as pd

from belbiotech.errors import warn
from belbiotech.survival.engines.checking import check_held_columns
from belbiotech.survival.engines.columns import as_frame, plain
from belbiotech.survival.engines.engine import Engine
from belbiotech.survival.engines.overlapping import rows_beside_earlier
from belbiotech.survival.engines.reading import Reading
from belbiotech.survival.engines.sources import is_held, open_engine
from belbiotech.survival.rows.column_names import as_columns, check_one_name
from belbiotech.survival.rows.panel_check import check_panel as check_frame
from belbiotech.survival.rows.times import TOLERANCE
from belbiotech.survival.rows.units import USUAL

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["check_panel"]

MOST = 100_000  # rows, of units with faults, that are brought to Python


@wraps(check_frame)
def check_panel(
    data: pd.DataFrame | Any,
    *,
    unit: str | None = None,
    outcome: str | Sequence[str] | None = None,
    start: str = "start",
    stop: str = "stop",
) -> pd.DataFrame:
    """List the faults of a panel, as `rows.panel_check.check_panel`, or of an engine's rows.

    An engine finds the units with any fault; their rows alone are brought in and looked at.
    """
    if not is_held(data):
        return check_frame(data, unit=unit, outcome=outcome, start=start, stop=stop)
    whose = USUAL if unit is None else unit
    check_one_name(unit=whose, start=start, stop=stop)
    outcomes = as_columns(outcome, "outcome")
    reading = Reading(tuple(outcomes), beside=(whose,), start=start, stop=stop)
    engine = open_engine(data, reading.used)
    check_held_columns(engine, reading)
    rows = _rows_of_faulty_units(engine, reading, whose)
    found = check_frame(rows, unit=whose, outcome=outcomes, start=start, stop=stop)
    return found.assign(row=pd.array([pd.NA] * len(found), dtype="Int64"))


def _rows_of_faulty_units(engine: Engine, reading: Reading, unit: str) -> pd.DataFrame:
    """Bring in all rows of each unit that has a fault, and the rows without a unit."""
    table = engine.table
    columns = {name: plain(table[name]) for name in reading.used}
    rows = table.select(**columns)
    faulty = _faulty_units(table, reading, unit)
    of_them = rows.semi_join(faulty, rows[unit] == faulty["unit"])
    nobody = rows.filter(rows[unit].isnull())  # noqa: PD003
    wanted = of_them.union(nobody).order_by([unit, reading.start, reading.stop])
    found = as_frame(engine.run(wanted.limit(MOST + 1), "listing the rows of units with faults"))
    if len(found) > MOST:
        warn(
            f"more than {MOST:,d} rows belong to units with faults; these are the faults of the "
            "first units, as sorted by their name"
        )
        found = found[found[unit] != found[unit].iloc[-1]]
    return found.reset_index(drop=True)


def _faulty_units(table: ir.Table, reading: Reading, unit: str) -> ir.Table:
    """Give the units with a fault of a row, or between rows."""
    start, stop = (plain(table[name]).cast("float64") for name in (reading.start, reading.stop))
    outcomes = [plain(table[name]).cast("float64") for name in reading.outcomes]
    bad = start.isnull() | stop.isnull() | (stop <= start)  # noqa: PD003
    for time in (start, stop):
        bad = bad | time.isnan() | time.isinf()
    for value in outcomes:
        bad = bad | value.isnull() | ~value.isin([0.0, 1.0])  # noqa: PD003
    event = sum((value.fill_null(0.0) for value in outcomes), start * 0.0)
    rows = table.select(unit=table[unit], bad=bad, event=event, end=stop)
    of_rows = rows.group_by("unit").aggregate(
        bad=rows["bad"].cast("int64").sum(),
        events=(rows["event"] > 0).cast("int64").sum(),
        last=rows["end"].max(),
        happened=(rows["event"] > 0).ifelse(rows["end"], None).min(),
        two=(rows["event"] > 1).cast("int64").sum(),
    )
    one = of_rows.filter(
        (of_rows["bad"] > 0)
        | (of_rows["two"] > 0)
        | (of_rows["events"] > 1)
        | (of_rows["happened"] < of_rows["last"])
    ).select("unit")
    beside = rows_beside_earlier(table, reading, unit)
    apart = (beside["begin"] - beside["reached"]).abs() > TOLERANCE
    two = beside.filter(apart).select("unit")
    return one.union(two).distinct()
