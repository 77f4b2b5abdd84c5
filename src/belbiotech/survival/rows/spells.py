"""Rows of a unit joined into spells: one row where nothing but time goes on.

Models for covariates that are fixed over life (accelerated failure time, Fine and Gray) take one
row for each unit; a panel has one for each year. Joining changes no likelihood.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import FitError, PanelError
from belbiotech.survival.rows.checks import IntArray
from belbiotech.survival.rows.path_checks import plain
from belbiotech.survival.rows.times import interval_times

__all__ = ["join_rows"]

ROUNDING = 1e-9  # of a time, within which a row that is not tied follows on the one before


def join_rows(
    data: pd.DataFrame,
    unit: str | None,
    outcomes: Sequence[str],
    fixed: Sequence[str],
    *,
    why: str,
    gaps: bool,
    start: str = "start",
    stop: str = "stop",
    tied: bool = True,
) -> pd.DataFrame:
    """Join the rows of a unit that follow on each other.

    Parameters
    ----------
    data : DataFrame
        Rows that `check_rows` has let pass, with this unit.
    unit : str or None
        Column that names the unit; None where each row is a unit of its own.
    outcomes : sequence of str
        The 0/1 columns; none may be 1 before a unit's last row.
    fixed : sequence of str
        Columns that must not change within a unit.
    why : str
        End of the message where one does: why that is refused, and what to do instead.
    gaps : bool
        Whether a unit may be out of sight for a while. Its spells are then rows of their own.
    start, stop : str
        The interval's columns.
    tied : bool
        Whether times that differ by rounding alone are made one, as in risk sets; if not, they
        stay as they are.

    Returns
    -------
    DataFrame
        One row for each spell, in the order in which units and times come; the index label is
        that of the spell's first row.

    Raises
    ------
    FitError
        A column that changes over time, with an example.
    PanelError
        An event before a unit's last row, or a gap where none is allowed.
    """
    kept = list(dict.fromkeys([*([] if unit is None else [unit]), start, stop, *outcomes, *fixed]))
    data = data[kept]
    if tied:
        begin, end = interval_times(data, start, stop)
        data = data.assign(**{start: begin, stop: end})
    if unit is None:
        return data
    codes = pd.factorize(data[unit])[0]
    order = np.lexsort((data[start].to_numpy(dtype=float), codes))
    rows, codes = data.iloc[order], codes[order]
    same = codes[1:] == codes[:-1]
    _refuse_changes(rows, same, unit, [name for name in fixed if name != unit], start, why)
    _refuse_early_events(rows, same, unit, outcomes, stop)
    before, after = (rows[name].to_numpy(dtype=float) for name in (stop, start))
    follows = same & np.isclose(after[1:], before[:-1], rtol=0 if tied else ROUNDING, atol=0)
    if not gaps:
        _refuse_gaps(rows, same & ~follows, unit, start, stop)
    first = np.flatnonzero(np.concatenate([[True], ~follows]))
    last = np.concatenate([first[1:] - 1, [len(rows) - 1]])
    joined = rows.iloc[first].copy()
    for name in (stop, *outcomes):
        joined[name] = rows[name].to_numpy()[last]
    return joined


def _refuse_changes(
    rows: pd.DataFrame,
    same: NDArray[np.bool_],
    unit: str,
    fixed: Sequence[str],
    start: str,
    why: str,
) -> None:
    problems = []
    for name in fixed:
        values = rows[name].to_numpy()
        changes = same & (values[1:] != values[:-1])
        if changes.any():
            problems.append(_change(rows, changes, unit, name, start))
    if problems:
        raise FitError("\n".join([*problems, why]))


def _change(
    rows: pd.DataFrame, changes: NDArray[np.bool_], unit: str, name: str, start: str
) -> str:
    at = int(np.flatnonzero(changes)[0])
    units = rows[unit].iloc[1:][changes].nunique()
    before, after = (rows[name].iloc[k] for k in (at, at + 1))
    return (
        f"{name!r} changes over time within {units} of {rows[unit].nunique()} units: "
        f"for {unit} {plain(rows[unit].iloc[at])!r} it goes from {before} to {after} "
        f"at {start} = {rows[start].iloc[at + 1]:g}"
    )


def _refuse_early_events(
    rows: pd.DataFrame, same: NDArray[np.bool_], unit: str, outcomes: Sequence[str], stop: str
) -> None:
    problems = []
    for name in outcomes:
        early = _places(same & rows[name].to_numpy(dtype=bool)[:-1])
        if len(early):
            row = rows.iloc[early[0]]
            problems.append(
                f"{name!r} is 1 before the last row of {len(early)} units, such as {unit} "
                f"{row[unit]!r} at {stop} = {row[stop]:g}; end a unit's rows with its event"
            )
    if problems:
        raise PanelError("\n".join(problems))


def _refuse_gaps(
    rows: pd.DataFrame, gap: NDArray[np.bool_], unit: str, start: str, stop: str
) -> None:
    places = _places(gap)
    if not len(places):
        return
    row, later = rows.iloc[places[0]], rows.iloc[places[0] + 1]
    msg = (
        f"a unit's rows must follow on each other; {len(places)} do not, such as those of {unit} "
        f"{row[unit]!r} between {row[stop]:g} and {later[start]:g}: fill the gap, or keep the rows "
        "after it (cox_causes, cox and kaplan_meier take rows with gaps)"
    )
    raise PanelError(msg)


def _places(where: NDArray[np.bool_]) -> IntArray:
    return np.flatnonzero(where).astype(np.int64)
