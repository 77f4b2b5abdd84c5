"""Rows for events that come again: Andersen-Gill and Prentice-Williams-Peterson."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, PanelError, in_words, is_one_of, nearest_names
from belbiotech.survival.rows.checks import check_rows
from belbiotech.survival.rows.column_names import check_text, check_whole_number
from belbiotech.survival.rows.door import as_table, row_labels
from belbiotech.survival.rows.from_zero import all_from_zero
from belbiotech.survival.rows.plain import plain_attrs
from belbiotech.survival.rows.units import needed_unit

__all__ = ["check_event_counts", "recurrent_rows"]

NEW = ("row", "event", "events_before", "order", "gap_start", "gap_stop")
Later = Literal["pool", "drop"]
MOST_ROWS = 100_000_000
LARGEST_COUNT = 2.0**53  # whole numbers above are not all different
DECIMALS = 9  # of gap times: 4/3 - 1 and 1/3 are one time, and tie


@all_from_zero
def recurrent_rows(
    data: pd.DataFrame,
    count: str,
    *,
    unit: str | None = None,
    max_order: int | None = None,
    later: Later = "pool",
    start: str = "start",
    stop: str = "stop",
) -> pd.DataFrame:
    """Cut rows at recurrent events, so that each row ends with one event or none.

    A row with c events becomes c rows. When in the row they happened is not known, so that they
    are spread evenly, the last at its end: with yearly rows all of a year's events keep the same
    covariates and the same firms at risk. Then fit, always with the unit as cluster:

    * Andersen-Gill, one baseline for all events:
      ``cox("event ~ x", rows, cluster=unit)``
    * Prentice-Williams-Peterson in total time, a baseline for each event in turn:
      ``cox("event ~ x", rows, strata="order", cluster=unit)``
    * Prentice-Williams-Peterson in gap time, the clock set back by each event:
      ``cox("event ~ x", rows, strata="order", cluster=unit, start="gap_start",
      stop="gap_stop", overlap="allow")``

    Parameters
    ----------
    data : DataFrame
        One row for each unit and interval ``(start, stop]``.
    count : str
        Column of whole numbers (or 0/1, or bool): how many events in the row.
    unit : str, optional
        Column that says whose row it is; by default the panel's own (``data.attrs["unit"]``),
        else ``firm_id``.
    max_order : int, optional
        The last stratum of its own. Few units have many events, and a stratum needs events.
    later : {"pool", "drop"}
        What becomes of the rows at risk of a later event than `max_order`: they share its
        stratum, or are left out (in gap time a unit is then in a stratum once at most).
    start, stop : str
        Columns of the intervals.

    Returns
    -------
    DataFrame
        The data's columns with start and stop cut, and: row (the data's index), event (0/1),
        events_before (of the unit since its first row), order (events_before + 1, at most
        max_order), gap_start and gap_stop (time since the event before; before the first, since
        time 0). Sorted by unit and time. Events before a unit's first row are not known, and
        not counted.

    Raises
    ------
    PanelError
        Rows that are no panel; overlapping rows of a unit; a count that is negative or no whole
        number; a column of the data with one of the new names.
    FitError
        A `max_order` below 1, or an unknown `later`.

    References
    ----------
    Andersen and Gill (1982), Annals of Statistics 10. Prentice, Williams and Peterson (1981),
    Biometrika 68. Therneau and Grambsch (2000), section 8.5.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import recurrent_rows
    >>> panel = pd.DataFrame(
    ...     {"firm_id": ["a", "a", "a"], "start": [0, 1, 2], "stop": [1, 2, 3], "rounds": [0, 2, 1]}
    ... )
    >>> rows = recurrent_rows(panel, "rounds")
    >>> rows[["start", "stop", "event", "order", "gap_start", "gap_stop"]]
       start  stop  event  order  gap_start  gap_stop
    0    0.0   1.0      0      1        0.0       1.0
    1    1.0   1.5      1      1        1.0       1.5
    2    1.5   2.0      1      2        0.0       0.5
    3    2.0   3.0      1      3        0.0       1.0
    """
    _check_options(max_order, later)
    data = as_table(data)
    unit, labels = needed_unit(data, unit), row_labels(data)
    data = check_rows(data, [], start=start, stop=stop, columns=[count], unit=unit)
    check_event_counts(data, count)
    _refuse_many_events(data, count)
    _refuse_taken_names(data)
    rows = _cut(data.assign(row=labels), count, unit, start, stop)
    rows.attrs = plain_attrs(data.attrs)
    before = rows.groupby(unit, sort=False, observed=True)["event"].cumsum() - rows["event"]
    order = before + 1 if max_order is None else np.minimum(before + 1, min(max_order, MOST_ROWS))
    since = _time_of_event_before(rows, unit, stop)
    rows = rows.assign(
        events_before=before,
        order=order,
        gap_start=(rows[start] - since).round(DECIMALS),
        gap_stop=(rows[stop] - since).round(DECIMALS),
    )
    if max_order is not None and later == "drop":
        rows = rows[rows["events_before"] < max_order].reset_index(drop=True)
    return rows


def check_event_counts(data: pd.DataFrame, count: str) -> None:
    """Refuse a column that does not count events.

    Parameters
    ----------
    data : DataFrame
        Rows that `check_rows` has let pass.
    count : str
        The column.

    Raises
    ------
    PanelError
        Texts, negative or broken numbers, with their rows.
    """
    column = data[count]
    if not pd.api.types.is_numeric_dtype(column):
        msg = f"column {count!r} must hold numbers of events, not {column.dtype}"
        raise PanelError(msg)
    values = column.to_numpy(dtype=float)
    bad = (values < 0) | (values != np.floor(values)) | (values > LARGEST_COUNT)
    if bad.any():
        labels = ", ".join(map(str, data.index[bad][:5].tolist()))
        more = ", ..." if bad.sum() > 5 else ""
        msg = (
            f"column {count!r} must hold whole numbers of events, 0 or more; it does not in "
            f"{bad.sum()} row(s) ({labels}{more}), such as {values[bad][0]:g}"
            f"{f'; {LARGEST_COUNT:.2g} is the most' if values.max() > LARGEST_COUNT else ''}"
        )
        raise PanelError(msg)


def _refuse_many_events(data: pd.DataFrame, count: str) -> None:
    total = data[count].to_numpy(dtype=float).sum()
    if total > MOST_ROWS:
        msg = (
            f"column {count!r} counts {total:,.6g} events, and each becomes a row; {MOST_ROWS:,} "
            "are the most: mean_cumulative_function() takes the counts as they are"
        )
        raise PanelError(msg)


def _check_options(max_order: int | None, later: str) -> None:
    check_whole_number(max_order, "max_order")
    if max_order is not None and max_order < 1:
        msg = f"max_order must be 1 or more; it is {max_order}"
        raise FitError(msg)
    check_text(later, "later", "pool")
    if not is_one_of(later, get_args(Later)):
        msg = f"later {in_words(later)} is unknown; {nearest_names(str(later), get_args(Later))}"
        raise FitError(msg)


def _refuse_taken_names(data: pd.DataFrame) -> None:
    taken = [name for name in NEW if name in data.columns]
    if taken:
        msg = (
            f"the data already has a column {' and '.join(map(repr, taken))}, which "
            "recurrent_rows() makes; rename it"
        )
        raise PanelError(msg)


def _cut(data: pd.DataFrame, count: str, unit: str, start: str, stop: str) -> pd.DataFrame:
    """Cut each row into as many equal pieces as it has events; each piece ends with one."""
    ordered = data.sort_values([unit, start], kind="stable")
    happened = ordered[count].to_numpy(dtype=np.int64)
    pieces = np.maximum(happened, 1)
    rows = ordered.iloc[np.repeat(np.arange(len(ordered)), pieces)].reset_index(drop=True)
    of = np.repeat(pieces, pieces)
    piece = np.arange(len(rows)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    begin, end = (rows[name].to_numpy(dtype=float) for name in (start, stop))
    length = end - begin
    return rows.assign(
        **{
            start: begin + length * piece / of,
            stop: np.where(piece + 1 == of, end, begin + length * (piece + 1) / of),
        },
        event=np.repeat((happened > 0).astype(np.int64), pieces),
    )


def _time_of_event_before(rows: pd.DataFrame, unit: str, stop: str) -> pd.Series[float]:
    """Give the time of the unit's event before each row, 0 before its first."""
    times = rows[stop].where(rows["event"] == 1)
    units = rows[unit]
    until_now = times.groupby(units, sort=False, observed=True).ffill()
    return until_now.groupby(units, sort=False, observed=True).shift().fillna(0.0)
