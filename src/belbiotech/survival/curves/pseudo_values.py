"""Pseudo-values: what each unit adds to a curve, as an outcome for a regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, in_words, is_one_of, nearest_names
from belbiotech.survival.rows.checks import FloatArray, IntArray, check_rows
from belbiotech.survival.rows.column_names import check_one_name
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.from_zero import all_from_zero
from belbiotech.survival.rows.times import floats_in, interval_times
from belbiotech.survival.rows.units import joining_unit

__all__ = ["pseudo_values"]

Kind = Literal["survival", "cumulative_hazard", "restricted_mean"]
Method = Literal["jackknife", "infinitesimal"]


@all_from_zero
def pseudo_values(
    data: pd.DataFrame,
    outcome: str,
    times: float | Sequence[float],
    *,
    kind: Kind = "survival",
    method: Method = "jackknife",
    unit: str | None = None,
    start: str = "start",
    stop: str = "stop",
) -> pd.DataFrame:
    """Compute pseudo-values of survival, one for each unit and time.

    With n units and the estimate T, that of a unit is ``n T - (n - 1) T'``, where T' is the
    estimate without the unit. Where nobody is censored it is the unit's own outcome. A regression
    on pseudo-values (generalised estimating equations) is one on survival itself.

    Parameters
    ----------
    data : DataFrame
        One row for each interval ``(start, stop]``.
    outcome : str
        Column of 0/1 (or bool): did it happen at ``stop``?
    times : float or sequence of float
        The times of the curve, or horizons of the restricted mean.
    kind : {"survival", "cumulative_hazard", "restricted_mean"}
        Kaplan-Meier, Nelson-Aalen, or the area under Kaplan-Meier from 0 to the time.
    method : {"jackknife", "infinitesimal"}
        Leave each unit out, or ``T + n`` times its influence: R's ``survival::pseudo``. They
        differ by terms of order 1/n.
    unit : str, optional
        Column that says whose row it is; by default the panel's own (``data.attrs["unit"]``),
        else ``firm_id``, else each row is a unit.
    start, stop : str
        Columns of the intervals.

    Returns
    -------
    DataFrame
        A row for each unit, in order, and a column for each time, as given.

    Raises
    ------
    PanelError
        Rows that are no panel, overlapping rows of a unit.
    FitError
        Fewer than two units; times that are not finite, or after the last time at which a row
        ends; an unknown kind or method.

    Warns
    -----
    BelbiotechWarning
        The table names a unit whose column is gone: each row counts as a unit by itself.

    Notes
    -----
    Where a unit was the only one at risk at a time, nothing happens then without it. With delayed
    entry a unit that is not yet at risk at a time moves the curve no more than one that never
    comes, so that the mean of pseudo-values given covariates is right only if entry depends on
    neither covariates nor survival (Grand, Putter, Allignol and Andersen 2019).

    References
    ----------
    Andersen, Klein and Rosthoj (2003), Biometrika 90:15-27. Grand, Putter, Allignol and Andersen
    (2019), Biometrical Journal 61:290-298.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import pseudo_values
    >>> rows = pd.DataFrame({"start": [0, 0, 1, 0], "stop": [2, 4, 3, 5], "failure": [1, 1, 0, 1]})
    >>> pseudo_values(rows, "failure", [2, 4]).round(3)
    time  2.0  4.0
    0     0.0  0.0
    1     1.0 -0.5
    2     1.0  0.5
    3     1.0  1.5
    """
    wanted = _times(times)
    _refuse_words(kind, method)
    check_one_name(outcome=outcome)
    data = as_table(data)
    labels, column = data.index, joining_unit(data, unit)
    data = check_rows(data, [outcome], start=start, stop=stop, unit=column)
    codes, units = _units(data, labels, column)
    begins, ends = (part.to_numpy(dtype=float) for part in interval_times(data, start, stop))
    if wanted.max() > ends.max():
        msg = f"time {wanted.max():g} is after {ends.max():g}, the last at which a row ends"
        raise FitError(msg)
    rows = _Rows(begins, ends, data[outcome].to_numpy(dtype=float), codes, len(units))
    made = _left_out(rows, wanted, kind) if method == "jackknife" else _moved(rows, wanted, kind)
    return pd.DataFrame(made, index=units, columns=pd.Index(wanted, name="time"))


@dataclass(frozen=True)
class _Rows:
    """Rows with the unit of each: ``start``, ``stop``, ``event``, ``unit``, (n,), of so many."""

    start: FloatArray
    stop: FloatArray
    event: FloatArray
    unit: IntArray
    units: int

    def at(self, time: float) -> tuple[FloatArray, FloatArray]:
        """Tell of each unit, (u,), whether it is at risk at a time, and has its event then."""
        here = (self.start < time) & (time <= self.stop)
        now = here & (self.stop == time)
        at_risk = np.bincount(self.unit[here], minlength=self.units)
        happened = np.bincount(self.unit[now], self.event[now], self.units)
        return at_risk.astype(np.float64), happened.astype(np.float64)


def _left_out(rows: _Rows, wanted: FloatArray, kind: Kind) -> FloatArray:
    """Give n T - (n - 1) T', (u, t), by the curves without each unit, all at once."""
    survival, hazard, area = (np.full(rows.units + 1, value) for value in (1.0, 0.0, 0.0))
    estimates, before = [], 0.0
    for time in _steps(rows, wanted):
        area = area + (time - before) * survival
        before = time
        at_risk, events = rows.at(time)
        # The last is that of all units.
        n = np.append(at_risk.sum() - at_risk, at_risk.sum())
        d = np.append(events.sum() - events, events.sum())
        step = np.divide(d, n, out=np.zeros_like(n), where=n > 0)
        survival, hazard = survival * (1 - step), hazard + step
        if time in wanted:
            chosen = {"survival": survival, "cumulative_hazard": hazard, "restricted_mean": area}
            estimates.append(chosen[kind])
    return _in_order(
        rows, wanted, [rows.units * e[-1] - (rows.units - 1) * e[:-1] for e in estimates]
    )


def _moved(rows: _Rows, wanted: FloatArray, kind: Kind) -> FloatArray:
    """Give T + n times the influence of each unit, (u, t).

    One more of a unit moves the hazard d / n of a time by ``(dN - Y d / n) / n``, and survival
    ``S = S_ (1 - d / n)`` and the area below it by what follows.
    """
    survival, hazard, area, before = 1.0, 0.0, 0.0, 0.0
    of_survival, of_hazard, of_area = (np.zeros(rows.units) for _ in range(3))
    made = []
    for time in _steps(rows, wanted):
        area, of_area = area + (time - before) * survival, of_area + (time - before) * of_survival
        before = time
        at_risk, events = rows.at(time)
        n, d = at_risk.sum(), events.sum()
        if d > 0:
            moved = (events - at_risk * d / n) / n
            of_survival = of_survival * (1 - d / n) - survival * moved
            survival, hazard, of_hazard = survival * (1 - d / n), hazard + d / n, of_hazard + moved
        if time in wanted:
            chosen = {
                "survival": (survival, of_survival),
                "cumulative_hazard": (hazard, of_hazard),
                "restricted_mean": (area, of_area),
            }
            estimate, influence = chosen[kind]
            made.append(estimate + rows.units * influence)
    return _in_order(rows, wanted, made)


def _steps(rows: _Rows, wanted: FloatArray) -> FloatArray:
    """List the times of events up to the last one wanted, and those wanted, in order."""
    events = rows.stop[rows.event == 1]
    return np.unique(np.r_[events[events <= wanted.max()], wanted])


def _in_order(rows: _Rows, wanted: FloatArray, made: list[FloatArray]) -> FloatArray:
    """Put what was made for the sorted times into the columns of those wanted, (u, t)."""
    return np.column_stack(made)[:, np.searchsorted(np.unique(wanted), wanted)]


def _units(data: pd.DataFrame, labels: pd.Index, column: str | None) -> tuple[IntArray, pd.Index]:
    if column is None:
        codes, units = np.arange(len(data)), labels
    else:
        codes, values = pd.factorize(data[column], sort=True)
        units = pd.Index(values, name=column)
    if len(units) < 2:
        msg = f"pseudo-values compare units, and there is only one, {units[0]!r}"
        raise FitError(msg)
    return codes.astype(np.int64), units


def _times(times: float | Sequence[float]) -> FloatArray:
    wanted = floats_in(times)
    if not wanted.size or not (np.isfinite(wanted) & (wanted > 0)).all():
        msg = f"times must be finite numbers above 0, such as [1, 5]; they are {times!r}"
        raise FitError(msg)
    return wanted


def _refuse_words(kind: str, method: str) -> None:
    for name, value, known in (
        ("kind", kind, get_args(Kind)),
        ("method", method, get_args(Method)),
    ):
        if not is_one_of(value, known):
            msg = f"{name} {in_words(value)} is unknown; {nearest_names(str(value), known)}"
            raise FitError(msg)
