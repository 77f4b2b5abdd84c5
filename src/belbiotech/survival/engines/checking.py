"""Faults of an engine's rows, found by queries that bring back numbers and a few examples."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import pandas as pd

from belbiotech.errors import PanelError, stop_at
from belbiotech.survival.engines.columns import NOTHING, as_frame, kind_of, plain
from belbiotech.survival.engines.engine import FILE, Engine
from belbiotech.survival.engines.keys import Range, extremes, ranges_asked, ranges_told
from belbiotech.survival.engines.reading import Reading
from belbiotech.survival.rows.column_names import check_columns
from belbiotech.survival.rows.number_columns import LARGEST, SMALLER
from belbiotech.survival.rows.times import TOLERANCE

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["Extent", "check_held_columns", "check_held_rows", "examples"]

LARGEST_OF_ALL = sys.float_info.max
SHOWN = 3  # rows told as examples


@dataclass(frozen=True)
class Extent:
    """How many rows there are, and over which times.

    Attributes
    ----------
    rows : int
        Their number.
    first, last : float
        The earliest start and the latest stop.
    whole : bool
        Whether all times are whole numbers.
    close : float
        Times no further apart than this count as equal.
    whole_weights : bool
        Whether all case weights are whole numbers.
    ranges : dict of str to (int, int)
        Of the columns of whole numbers by which rows are counted.
    """

    rows: int
    first: float
    last: float
    whole: bool
    close: float
    whole_weights: bool
    ranges: dict[str, Range]


@dataclass(frozen=True)
class _Fault:
    """Something that no row may be: which rows are, and what is said of them."""

    bad: ir.BooleanValue
    before: str
    after: str


def check_held_columns(engine: Engine, reading: Reading) -> None:
    """Refuse a table that lacks a column, or holds one in a type that cannot be read.

    Parameters
    ----------
    engine : Engine
        Where the rows are.
    reading : Reading
        What is read of them.

    Raises
    ------
    PanelError
        With all such columns.
    """
    check_columns(
        pd.DataFrame(columns=list(engine.table.columns)),
        reading.outcomes,
        start=reading.start,
        stop=reading.stop,
        columns=[*reading.columns, *reading.beside],
        unit=reading.unit,
        weights=reading.weights,
        frequency=reading.frequency,
    )
    table = engine.table
    problems = []
    for name in reading.used:
        kind, needed = kind_of(table[name]), _needed(name, reading)
        if kind == NOTHING:
            problems.append(
                f"column {name!r} has missing values in all rows; fill them, or leave it out"
            )
        elif kind not in needed:
            what = kind if kind not in ("number", "text", "bool", "date") else table[name].type()
            problems.append(
                f"column {name!r} must hold {needed[-1]}, not {what}; change its type where the "
                f"table is made, such as {_such_as(name, kind, needed)}"
            )
    if problems:
        _refuse_no_rows(engine)
    stop_at(problems)


def _refuse_no_rows(engine: Engine) -> None:
    """Refuse a table without rows: what it says of its types is not to be trusted."""
    query = engine.table.limit(1).aggregate(n=lambda t: t.count())
    if not engine.run(query, "looking for rows").to_pylist()[0]["n"]:
        msg = "data has no rows"
        raise PanelError(msg)


def _needed(name: str, reading: Reading) -> tuple[str, ...]:
    """Give the kinds that a column may be of, and last what it must hold, in words."""
    if name in reading.outcomes:
        return "number", "bool", "0 and 1"
    if name in (reading.start, reading.stop, *reading.optional) or name in reading.binned:
        return "number", "numbers"
    return "number", "bool", "text", "date", "a number, a text or a truth value in each row"


def _such_as(name: str, kind: str, needed: tuple[str, ...]) -> str:
    """Write in SQL how a column is given in a type that can be read."""
    if kind == "date" and "bool" in needed:
        return f"CAST({name} IS NOT NULL AS INTEGER)"
    if "text" in needed:
        return f"CAST({name} AS VARCHAR)"
    if kind == "date":
        return f"date_diff('day', DATE '2000-01-01', {name})"
    return f"CAST({name} AS {'INTEGER' if 'bool' in needed else 'DOUBLE'})"


def check_held_rows(engine: Engine, reading: Reading) -> Extent:
    """Refuse rows that are no panel, naming every problem in them at once.

    Parameters
    ----------
    engine : Engine
        Where the rows are; `check_held_columns` has let them pass.
    reading : Reading
        What is read of them.

    Returns
    -------
    Extent
        Of good rows.

    Raises
    ------
    PanelError
        No rows, missing or infinite values, ``stop <= start``, outcomes that are not 0/1, bad
        weights: how many rows, and a few of them.
    """
    table = engine.table
    ranges = ranges_asked(table, reading)
    faults = _faults(table, reading)
    found = engine.run(
        table.aggregate(
            rows=table.count(),
            weighted=_most(table, reading.weights),
            repeated=_most(table, reading.frequency),
            fractions=_fractions(table, reading.weights),
            **_times(table, reading),
            **_counted(faults),
            **extremes(ranges),
        ),
        "checking rows",
    ).to_pylist()[0]
    if not found["rows"]:
        msg = "data has no rows"
        raise PanelError(msg)
    problems = [
        f"{fault.before} {_in_rows(engine, reading, fault.bad, int(found[f'f{k}']))}"
        f"{_of_files(engine, reading, k)}{fault.after}"
        for k, fault in enumerate(faults)
        if found[f"f{k}"]
    ]
    for name, most in ((reading.weights, "weighted"), (reading.frequency, "repeated")):
        if name is not None and found[most] == 0:
            problems.append(f"column {name!r} is 0 in all rows, so that no row counts")
    stop_at(problems)
    whole = found["broken"] == 0
    close = 0.0 if whole else TOLERANCE * max(1.0, float(found["mean"]))
    if not whole:
        stop_at(_no_length(engine, reading, close))
    return Extent(
        rows=int(found["rows"]),
        first=float(found["first"]),
        last=float(found["last"]),
        whole=whole,
        close=close,
        whole_weights=found["fractions"] == 0,
        ranges=ranges_told(found, ranges),
    )


def _counted(faults: Sequence[_Fault]) -> dict[str, ir.Scalar]:
    return {f"f{k}": _count(fault.bad) for k, fault in enumerate(faults)}


def _times(table: ir.Table, reading: Reading) -> dict[str, ir.Scalar]:
    """Ask for the extent of times, and how many are not whole numbers."""
    import ibis

    start, stop = plain(table[reading.start]), plain(table[reading.stop])
    asked: dict[str, ir.Scalar] = {"first": start.min(), "last": stop.max()}
    if start.type().is_integer() and stop.type().is_integer():
        return {**asked, "broken": ibis.literal(0), "mean": ibis.literal(0.0)}
    begin, end = start.cast("float64"), stop.cast("float64")
    return {
        **asked,
        "broken": _count(begin != begin.floor()) + _count(end != end.floor()),
        "mean": (begin.abs() + end.abs()).mean() / 2,
    }


def _count(bad: ir.BooleanValue) -> ir.Scalar:
    """Count rows of which something is true; of a missing value nothing is."""
    return bad.cast("int64").sum().fill_null(0)


def _most(table: ir.Table, name: str | None) -> ir.Scalar:
    import ibis

    return ibis.literal(1.0) if name is None else plain(table[name]).cast("float64").max()


def _fractions(table: ir.Table, weights: str | None) -> ir.Scalar:
    """Count case weights that are no whole numbers."""
    import ibis

    if weights is None or table[weights].type().is_integer():
        return ibis.literal(0)
    case = plain(table[weights]).cast("float64")
    return _count(case != case.floor())


def _faults(table: ir.Table, reading: Reading) -> list[_Fault]:
    faults = []
    for name in reading.used:
        column = table[name]
        missing = column.isnull()  # noqa: PD003 (a column of Ibis, which has no isna)
        if column.type().is_floating():
            missing = missing | column.isnan()  # which engines hold to be the largest number
            infinite = (column.abs() > LARGEST_OF_ALL) & ~column.isnan()
            faults.append(
                _Fault(
                    infinite,
                    f"column {name!r} has infinite values in",
                    "; replace them, or drop those rows yourself",
                )
            )
            faults.append(
                _Fault(
                    (column.abs() > LARGEST) & ~infinite & ~column.isnan(),
                    f"column {name!r} has numbers beyond {LARGEST:g} in",
                    f"; {SMALLER}",
                )
            )
        faults.insert(
            0,
            _Fault(
                missing,
                f"column {name!r} has missing values in",
                "; fill them, or drop those rows yourself",
            ),
        )
    for name in reading.outcomes:
        if not table[name].type().is_boolean():
            bad = (table[name] != 0) & (table[name] != 1)
            faults.append(_Fault(bad, f"outcome {name!r} must be 0 or 1; it is not in", ""))
    faults.append(
        _Fault(
            table[reading.stop] <= table[reading.start],
            f"{reading.stop!r} must be after {reading.start!r}; it is not in",
            "; mend their times, or drop those rows yourself",
        )
    )
    return [*faults, *_faults_of_weights(table, reading), *_faults_of_models(table, reading)]


def _faults_of_weights(table: ir.Table, reading: Reading) -> list[_Fault]:
    mend = "; make it 0 or more, or drop those rows yourself"
    faults = [
        _Fault(table[name] < 0, f"column {name!r} is negative in", mend)
        for name in reading.optional
    ]
    if reading.positive_weights and reading.weights is not None:
        zero = table[reading.weights] == 0
        before = f"weight {reading.weights!r} is 0 in"
        faults.append(_Fault(zero, before, "; it must be above 0: drop those rows"))
    if reading.frequency is not None:
        copies = plain(table[reading.frequency]).cast("float64")
        faults.append(
            _Fault(
                copies != copies.floor(),
                f"column {reading.frequency!r} must be whole numbers; not so in",
                "; round them, or give weights= instead",
            )
        )
    return faults


def _faults_of_models(table: ir.Table, reading: Reading) -> list[_Fault]:
    """Give what only some models refuse: two fates, broken times."""
    faults = []
    if reading.one_fate:
        for one, other in combinations(reading.outcomes, 2):
            both = (plain(table[one]).cast("int8") == 1) & (plain(table[other]).cast("int8") == 1)
            after = "; a row ends with one fate at most: decide which came first"
            faults.append(_Fault(both, f"{one!r} and {other!r} are both 1 in", after))
    if reading.whole_times:
        for name in (reading.start, reading.stop):
            time = plain(table[name]).cast("float64")
            faults.append(
                _Fault(
                    time != time.floor(),
                    f"column {name!r} is not a whole number in",
                    ": a hazard in discrete time needs whole periods; count time in periods, or "
                    "use cox(), which takes any times",
                )
            )
    return faults


def _no_length(engine: Engine, reading: Reading, close: float) -> list[str]:
    table = engine.table
    bad = (table[reading.stop] - table[reading.start]) <= close
    number = engine.run(table.aggregate(n=_count(bad)), "checking rows").to_pylist()[0]["n"]
    if not number:
        return []
    return [
        f"{reading.stop!r} is after {reading.start!r} by less than rounding in "
        f"{_in_rows(engine, reading, bad, number)}; such times count as equal: round them, or "
        "drop those rows yourself"
    ]


def _in_rows(engine: Engine, reading: Reading, bad: ir.BooleanValue, number: int) -> str:
    whose = [reading.unit] if reading.unit is not None else []
    shown = [*whose, *reading.beside, reading.start, reading.stop, *reading.outcomes]
    noun = "row" if number == 1 else "rows"
    return f"{number:,d} {noun} ({examples(engine, engine.table.filter(bad), shown, number)})"


def _of_files(engine: Engine, reading: Reading, k: int) -> str:
    """Name the files that have the rows of a fault, where there are many files."""
    if engine.by_file is None:
        return ""
    table = engine.by_file()
    rows = table.filter(_faults(table, reading)[k].bad).select(FILE)
    numbers = rows.group_by(FILE).aggregate(n=rows.count()).order_by(FILE)
    step = "looking for the files of these rows"
    found = engine.run(numbers.limit(SHOWN), step).to_pylist()
    files = int(engine.run(numbers.aggregate(n=numbers.count()), step).to_pylist()[0]["n"])
    if files == 1:
        return f", all in {found[0][FILE]!r}"
    told = [f"{row['n']:,d} in {row[FILE]!r}" for row in found]
    return f", {', '.join(told)}{', ...' if files > len(found) else ''}"


def examples(engine: Engine, rows: ir.Table, columns: Sequence[str], number: int) -> str:
    """Name a few rows by the values of some of their columns.

    Parameters
    ----------
    engine : Engine
        Where they are.
    rows : ibis Table
        The rows.
    columns : sequence of str
        The columns.
    number : int
        How many rows there are.

    Returns
    -------
    str
        Such as ``start=3, stop=2; start=5, stop=5; ...``.
    """
    names = list(dict.fromkeys(columns))
    found = as_frame(engine.run(rows.select(*names).limit(SHOWN), "looking for examples"))
    told = [
        ", ".join(f"{name}={value}" for name, value in zip(names, row, strict=True))
        for row in found.itertuples(index=False)
    ]
    return "; ".join([*told, *(["..."] if number > SHOWN else [])])
