"""Any table in, checked rows out: the one place that knows what a row ``(start, stop]`` is.

A row is at risk after ``start`` up to and including ``stop``; its outcome, if any, happens at
``stop``. A row that enters at time 3 is not at risk for an event at time 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import FitError, PanelError, a_type_of, stop_at
from belbiotech.survival.rows.column_codes import CHUNK, ColumnCodes, combine, encode
from belbiotech.survival.rows.column_names import check_columns, check_names
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.number_columns import missing_values, not_numbers, rows_in_words
from belbiotech.survival.rows.plain import is_single_value, plain_table
from belbiotech.survival.rows.times import FloatArray, Times, interval_arrays, interval_times

__all__ = [
    "FloatArray",
    "IntArray",
    "check_names",
    "check_rows",
    "in_order",
    "no_single_values",
    "overlapping_rows",
    "refuse_no_weight",
    "overlaps_in_words",
    "rows_in_words",
]

IntArray = NDArray[np.int64]

MUCH = 16  # cells of a table for each row, up to which filling it is faster than sorting


def check_rows(
    data: pd.DataFrame,
    outcomes: Sequence[str],
    *,
    start: str = "start",
    stop: str = "stop",
    columns: Iterable[str] = (),
    groups: Iterable[str] = (),
    weights: str | None = None,
    frequency: str | None = None,
    unit: str | None = None,
    tied: bool = True,
) -> pd.DataFrame:
    """Refuse a table that is no panel, naming every problem in it at once; make the others plain.

    Parameters
    ----------
    data : DataFrame
        One row for each interval ``(start, stop]``.
    outcomes : sequence of str
        Columns of 0/1 or bool: did it happen at ``stop``?
    start, stop : str
        Columns of numbers, with ``start < stop`` in every row.
    columns : iterable of str
        Further columns that the analysis reads (covariates, clusters).
    groups : iterable of str
        Further columns, whose values name groups (strata).
    weights : str, optional
        Column of case weights: numbers that are not negative.
    frequency : str, optional
        Column of whole numbers: how many equal rows a row stands for.
    unit : str, optional
        Column that names the unit (a firm): two rows of one unit must not overlap in time.
    tied : bool
        Whether times that differ by rounding alone are one, as in risk sets.

    Returns
    -------
    DataFrame
        The same rows, with these columns as `plain_table` makes them.

    Raises
    ------
    PanelError
        No table, arguments that are no names, two columns of one name, an unknown column, no rows,
        missing or infinite values, numbers beyond 1e100, ``stop <= start``, an outcome that is not
        0/1, a negative
        weight, a broken frequency, overlapping rows.
    """
    given, groups = as_table(data), list(groups)
    used = check_columns(
        given,
        outcomes,
        start=start,
        stop=stop,
        columns=[*columns, *groups],
        weights=weights,
        frequency=frequency,
        unit=unit,
    )
    if given.empty:
        msg = "data has no rows"
        raise PanelError(msg)
    data = plain_table(given, used, numbers=outcomes, groups=groups)
    stop_at(no_single_values(data, used))
    problems = [line for name in used for line in missing_values(data, name)]
    for name in outcomes:
        problems += _not_zero_one(data, name)
    problems += not_numbers(given, [start, stop]) or _bad_intervals(data, start, stop)
    if weights is not None:
        problems += _bad_weights(data, weights, whole=False)
    if frequency is not None:
        problems += _bad_weights(data, frequency, whole=True)
    stop_at(problems)
    if tied:
        stop_at(_no_length(data, start, stop))
    if unit is not None:
        stop_at(overlaps_in_words(data, unit, start, stop, tied=tied))
    return data


def refuse_no_weight(data: pd.DataFrame, weights: str) -> None:
    """Refuse weights of 0 in a column, with a `FitError` that names their rows."""
    none = (data[weights] == 0).to_numpy()
    if none.any():
        where = rows_in_words(data, none)
        msg = f"weight {weights!r} is 0 in {where}; it must be above 0: drop those rows"
        raise FitError(msg)


def overlapping_rows(units: pd.Series, start: Times, stop: Times) -> IntArray:
    """Positions of rows that begin before an earlier row of the same unit has ended.

    Parameters
    ----------
    units : Series
        The unit of each row, (n,).
    start, stop : array of float or int
        The intervals, (n,).

    Returns
    -------
    array of int
        Positions in the data's order.
    """
    if in_order(units, start, stop):
        return np.array([], dtype=np.int64)
    start, stop = start.astype(np.float64, copy=False), stop.astype(np.float64, copy=False)
    codes = pd.factorize(units)[0]  # by first appearance, so that rows by unit are sorted
    if _apart(codes, start, stop) or _different_years(codes, start, stop):
        return np.array([], dtype=np.int64)
    order = _sorted_by(codes, start, stop)
    codes, start, stop = codes[order], start[order], stop[order]
    if _apart(codes, start, stop):
        return np.array([], dtype=np.int64)
    ends = pd.Series(stop).groupby(codes).cummax().to_numpy()
    hit = (codes[1:] == codes[:-1]) & (start[1:] < ends[:-1])
    return np.sort(order[1:][hit])


def in_order(units: pd.Series, start: Times, stop: Times) -> bool:
    """Tell at a glance that the rows of numbered units are sorted, and that none overlap.

    Parameters
    ----------
    units : Series
        The unit of each row, (n,).
    start, stop : array of float or int
        The intervals, (n,).

    Returns
    -------
    bool
        False where it takes more than a glance.
    """
    whole = isinstance(units.dtype, np.dtype) and units.dtype.kind in "iu"
    return whole and _apart(units.to_numpy(), start, stop)


def _apart(codes: NDArray[np.integer[Any]], start: Times, stop: Times) -> bool:
    """Tell whether rows are sorted by unit and time, and none begins before the last has ended."""
    for a in range(0, len(codes), CHUNK):
        z = a + CHUNK + 1  # one row more, so that each row is seen with the one before it
        unit, begins, ends = codes[a:z], start[a:z], stop[a:z]
        follows = (unit[1:] == unit[:-1]) & (begins[1:] >= ends[:-1])
        if not (follows | (unit[1:] > unit[:-1])).all():
            return False
    return True


def _sorted_by(codes: IntArray, start: FloatArray, stop: FloatArray) -> IntArray:
    """Sort rows by unit, start and stop; by one small number where there are few of each."""
    units = ColumnCodes(codes, int(codes.min()), int(np.ptp(codes)) + 1)
    keys = [units, encode(pd.Series(start)), encode(pd.Series(stop - start))]
    if prod(key.size for key in keys) < 1 << 16:
        return np.argsort(combine(keys).codes.astype(np.uint16), kind="stable")
    return np.lexsort((stop, start, codes))


def _different_years(codes: IntArray, start: FloatArray, stop: FloatArray) -> bool:
    """Tell whether all rows are unit years, in any order, and no unit has the same one twice."""
    low, high = start.min(), start.max()
    years = int(high - low) + 1
    few = codes.min() >= 0 and (codes.max() + 1.0) * years <= MUCH * len(codes)
    if not few or not (stop - start == 1).all():
        return False
    year = (start - low).astype(np.int64)
    if not np.array_equal(year + low, start):
        return False
    return bool(np.bincount(codes * years + year).max() <= 1)


def no_single_values(data: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """Tell of columns that hold no numbers, texts or other single values.

    Parameters
    ----------
    data : DataFrame
        With these columns.
    names : iterable of str
        The columns.

    Returns
    -------
    list of str
        One sentence for each column that is at fault.
    """
    return [line for name in names for line in _no_values(data, name)]


def _no_values(data: pd.DataFrame, name: str) -> list[str]:
    column = data[name]
    if pd.api.types.is_complex_dtype(column.dtype):
        return [f"column {name!r} holds complex numbers; take their real part or their size"]
    if column.dtype != object or not pd.api.types.infer_dtype(column).startswith("mixed"):
        return []
    bad = np.array([not is_single_value(value) for value in column])
    if not bad.any():
        return _no_order(column)
    return [
        f"column {name!r} holds {a_type_of(column[bad].iloc[0])} in {rows_in_words(data, bad)}; "
        "each row must have one value: a number, a text or a truth value"
    ]


def _no_order(column: pd.Series) -> list[str]:
    """Tell of values that cannot be sorted: dates among numbers."""
    try:
        pd.factorize(column.dropna(), sort=True)
    except TypeError:
        kinds = list(dict.fromkeys(map(a_type_of, column.dropna())))
        return [
            f"column {column.name!r} holds values of kinds that have no order, such as "
            f"{kinds[0]} and {kinds[-1]}; make them of one kind"
        ]
    return []


def _not_zero_one(data: pd.DataFrame, name: str) -> list[str]:
    column = data[name]
    if pd.api.types.is_bool_dtype(column) or _certainly_zero_one(column):
        return []
    bad = ~column.isin([0, 1]).to_numpy() & column.notna().to_numpy()
    if not bad.any():
        return []
    values = ", ".join(repr(v) for v in column[bad].unique()[:3].tolist())
    return [f"outcome {name!r} must be 0 or 1; it is {values} in {rows_in_words(data, bad)}"]


def _certainly_zero_one(column: pd.Series) -> bool:
    if not isinstance(column.dtype, np.dtype) or column.dtype.kind not in "iuf":
        return False
    values = column.to_numpy()
    if column.dtype.kind == "f":
        return bool(((values == 0) | (values == 1)).all())
    # All bits that any value has: 0 and 1 are the whole numbers with none but the last.
    return bool(np.bitwise_or.reduce(values) in (0, 1))


def _bad_intervals(data: pd.DataFrame, start: str, stop: str) -> list[str]:
    if all(isinstance(data[name].dtype, np.dtype) for name in (start, stop)):
        bad = data[stop].to_numpy() <= data[start].to_numpy()
    else:
        bad = (data[stop] <= data[start]).fillna(False).to_numpy(dtype=bool)
    if not bad.any():
        return []
    return [
        f"{stop!r} must be after {start!r}; it is not in {rows_in_words(data, bad)}; mend their "
        "times, or drop those rows yourself"
    ]


def _no_length(data: pd.DataFrame, start: str, stop: str) -> list[str]:
    begins, ends = interval_times(data, start, stop)
    if begins.dtype.kind in "iu":
        return []  # whole numbers, of which stop is known to be after start
    bad = begins.to_numpy() == ends.to_numpy()
    if not bad.any():
        return []
    return [
        f"{stop!r} is after {start!r} by less than rounding in {rows_in_words(data, bad)}; "
        "such times count as equal: round them, or drop those rows yourself"
    ]


def _bad_weights(data: pd.DataFrame, name: str, *, whole: bool) -> list[str]:
    column = data[name]
    if not pd.api.types.is_numeric_dtype(column):
        return not_numbers(data, [name])
    values = column.to_numpy(dtype=float, na_value=np.nan)
    problems = []
    if (values < 0).any():
        problems.append(
            f"column {name!r} is negative in {rows_in_words(data, values < 0)}; make it 0 or more, "
            "or drop those rows yourself"
        )
    broken = np.isfinite(values) & (values != np.floor(values))
    if whole and broken.any():
        problems.append(
            f"column {name!r} must be whole numbers; not so in {rows_in_words(data, broken)}; "
            "round them, or give weights= instead"
        )
    if (values == 0).all():
        problems.append(f"column {name!r} is 0 in all rows, so that no row counts")
    return problems


def overlaps_in_words(
    data: pd.DataFrame,
    unit: str,
    start: str,
    stop: str,
    *,
    offered: bool = False,
    tied: bool = True,
) -> list[str]:
    """Say which rows of one unit overlap in time.

    Parameters
    ----------
    data : DataFrame
        Rows with good intervals.
    unit, start, stop : str
        Columns of the unit and of the interval.
    offered : bool
        Whether the caller has the argument ``overlap``, to be advised.
    tied : bool
        As in `check_rows`.

    Returns
    -------
    list of str
        One sentence, or none.
    """
    times = (
        interval_arrays(data, start, stop)
        if tied
        else (data[start].to_numpy(dtype=float), data[stop].to_numpy(dtype=float))
    )
    positions = overlapping_rows(data[unit], *times)
    if not len(positions):
        return []
    bad = np.zeros(len(data), dtype=bool)
    bad[positions] = True
    allow = "; where a unit's clock starts again, overlap='allow'" if offered else ""
    units = ", ".join(repr(u) for u in data[unit].iloc[positions].unique()[:3].tolist())
    return [
        f"rows of one {unit!r} overlap in time: {rows_in_words(data, bad)}, of {units}; "
        f"check_panel() lists them all{allow}"
    ]
