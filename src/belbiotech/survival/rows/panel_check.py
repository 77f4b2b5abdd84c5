"""Faults of a panel, in the words of R's ``survcheck``: listed, not refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from belbiotech.errors import PanelError
from belbiotech.survival.rows.checks import no_single_values
from belbiotech.survival.rows.column_names import as_columns, check_columns
from belbiotech.survival.rows.door import as_table, row_labels
from belbiotech.survival.rows.from_zero import all_from_zero
from belbiotech.survival.rows.number_columns import not_numbers
from belbiotech.survival.rows.plain import plain_table
from belbiotech.survival.rows.times import tie_times
from belbiotech.survival.rows.units import needed_unit

__all__ = ["check_panel"]

COLUMNS = ["unit", "row", "start", "stop", "fault", "text"]
Fault = tuple[int, str, str]  # position of the row, the fault's name, what was found


@all_from_zero
def check_panel(
    data: pd.DataFrame,
    *,
    unit: str | None = None,
    outcome: str | Sequence[str] | None = None,
    start: str = "start",
    stop: str = "stop",
) -> pd.DataFrame:
    """List the faults of a panel of units over time, each with its row.

    The faults, as R's ``survcheck`` names them where it has them:

    * *missing value*: of the unit, the times or an outcome; an infinite time counts as missing
    * *zero length* and *negative length*: ``stop`` equal to ``start``, or before it
    * *bad outcome*: not 0 or 1; *two outcomes*: more than one of them in a row
    * *duplicate*: same unit, start and stop as an earlier row
    * *overlap*: begins before an earlier row of the unit has ended
    * *gap*: begins after the unit's row before has ended, the unit unseen in between; no error in
      itself, since a unit out of sight is not at risk. A gap after an event is one, too: a *jump*
      is for R a unit that comes back in another state than it was left in, which rows without a
      column of states cannot tell
    * *event before the last row*: the unit has rows after its event; right only for an outcome
      that does not end the unit (a first listing)

    Rows without a valid interval are left out of the comparisons between rows.

    Parameters
    ----------
    data : DataFrame
        One row for each interval ``(start, stop]``.
    unit : str, optional
        Column that says whose row it is; by default the panel's own (``data.attrs["unit"]``),
        else ``firm_id``.
    outcome : str or list of str, optional
        0/1 columns of events that end a unit.
    start, stop : str
        Columns of the intervals.

    Returns
    -------
    DataFrame
        Columns unit, row (the data's index), start, stop, fault, text (what was found and the
        remedy), in the order of the data's rows. Empty where the panel is clean.

    Raises
    ------
    PanelError
        No table, arguments that are no names of columns, two columns of one name, an unknown
        column, a column of lists, or times that are no numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import check_panel
    >>> panel = pd.DataFrame(
    ...     {
    ...         "firm_id": ["a", "a", "a", "b", "b"],
    ...         "start": [0, 1, 1, 0, 3],
    ...         "stop": [1, 2, 3, 1, 4],
    ...         "failure": [0, 0, 0, 1, 0],
    ...     }
    ... )
    >>> check_panel(panel, outcome="failure")[["unit", "row", "fault"]]
      unit  row                      fault
    0    a    2                    overlap
    1    b    3  event before the last row
    2    b    4                        gap
    """
    data = as_table(data)
    unit = needed_unit(data, unit)
    outcomes = as_columns(outcome, "outcome")
    used = check_columns(data, outcomes, start=start, stop=stop, unit=unit)
    problems = not_numbers(data, [start, stop])
    data = plain_table(data, used, numbers=outcomes)
    problems = no_single_values(data, used) or problems
    if problems:
        raise PanelError("\n".join(problems))
    times = data[[start, stop]].astype(float).set_axis(["begin", "end"], axis=1)
    if np.isfinite(times.to_numpy()).all():
        begins, ends = tie_times(times["begin"].to_numpy(), times["end"].to_numpy())
        times = times.assign(begin=begins, end=ends)
    times = times.reset_index(drop=True).assign(unit=data[unit].to_numpy())
    times["event"] = data[outcomes].isin([1]).any(axis=1).to_numpy()
    faults = [
        *_faults_of_rows(data, unit, outcomes, times),
        *_faults_between_rows(_beside_the_row_before(times)),
    ]
    faults.sort(key=lambda fault: fault[0])
    at = np.array([position for position, _, _ in faults], dtype=np.int64)
    found = pd.DataFrame(
        {
            "unit": data[unit].iloc[at].to_numpy(),
            "row": row_labels(data)[at],
            "start": times["begin"].iloc[at].to_numpy(),
            "stop": times["end"].iloc[at].to_numpy(),
            "fault": [fault for _, fault, _ in faults],
            "text": [text for _, _, text in faults],
        }
    )
    return found[COLUMNS]


def _faults_of_rows(
    data: pd.DataFrame, unit: str, outcomes: list[str], times: pd.DataFrame
) -> Iterator[Fault]:
    """Look at each row by itself."""
    begin, end = times["begin"].to_numpy(), times["end"].to_numpy()
    for name in [unit, *outcomes]:
        for k in np.flatnonzero(data[name].isna()):
            yield int(k), "missing value", f"{name!r} is missing"
    for name, values in (("start", begin), ("stop", end)):
        for k in np.flatnonzero(~np.isfinite(values)):
            yield int(k), "missing value", f"the {name} is {values[k]}"
    for k in np.flatnonzero(end == begin):
        text = f"starts and stops at {begin[k]:g}, so that nothing is at risk; drop or lengthen it"
        yield int(k), "zero length", text
    for k in np.flatnonzero(end < begin):
        text = f"stops at {end[k]:g}, before it starts at {begin[k]:g}"
        yield int(k), "negative length", text
    for name in outcomes:
        bad = np.flatnonzero(~data[name].isin([0, 1]) & data[name].notna())
        for k, value in zip(bad, data[name].iloc[bad].tolist(), strict=True):
            yield int(k), "bad outcome", f"{name!r} is {value!r}, not 0 or 1"
    for k in np.flatnonzero(data[outcomes].isin([1]).sum(axis=1) > 1):
        names = ", ".join(map(repr, outcomes))
        yield int(k), "two outcomes", f"more than one of {names} is 1; a unit has one fate"


def _beside_the_row_before(times: pd.DataFrame) -> pd.DataFrame:
    """Put beside each valid row how far its unit had come before it, and whether with an event."""
    valid = np.isfinite(times["end"] - times["begin"]) & times["unit"].notna()
    rows = times[valid & (times["begin"] < times["end"])].assign(position=lambda t: t.index)
    rows = rows.sort_values(["begin", "end", "position"])
    of_unit = rows.groupby("unit", sort=False, observed=True)
    ends = of_unit["end"].cummax().groupby(rows["unit"], observed=True).shift()
    events = of_unit["event"].cumsum() - rows["event"]
    return rows.assign(
        reached=ends,
        happened=events > 0,
        copy=rows.duplicated(["unit", "begin", "end"]),
        last=~rows.duplicated("unit", keep="last"),
    )


def _faults_between_rows(rows: pd.DataFrame) -> Iterator[Fault]:
    """Look at each row beside those of its unit before it."""
    for row in rows[rows["copy"]].to_dict("records"):
        text = f"a second row from {row['begin']:g} to {row['end']:g}; drop one of them"
        yield row["position"], "duplicate", text
    for row in rows[(rows["begin"] < rows["reached"]) & ~rows["copy"]].to_dict("records"):
        text = f"begins at {row['begin']:g}, before an earlier row has ended at {row['reached']:g}"
        yield row["position"], "overlap", text
    for row in rows[rows["begin"] > rows["reached"]].to_dict("records"):
        unseen = f"unseen from {row['reached']:g} to {row['begin']:g}"
        text = f"back at risk after its event, {unseen}" if row["happened"] else unseen
        yield row["position"], "gap", text
    for row in rows[rows["event"] & ~rows["last"]].to_dict("records"):
        text = f"has its event at {row['end']:g} and rows after it; drop those if the event ends it"
        yield row["position"], "event before the last row", text
