"""The mean cumulative function: how many events a unit has had by each age, on average."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from belbiotech.survival.curves.influence import clustered_variances
from belbiotech.survival.curves.risk_tables import (
    RiskTable,
    Rows,
    group_labels,
    refuse_many_groups,
    risk_table,
)
from belbiotech.survival.curves.shown import Curves
from belbiotech.survival.inference.limits import check_limit_options, hazard_limits
from belbiotech.survival.rows.checks import check_rows
from belbiotech.survival.rows.column_names import as_columns, check_one_name
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.from_zero import all_from_zero
from belbiotech.survival.rows.recurrent import check_event_counts
from belbiotech.survival.rows.times import interval_times
from belbiotech.survival.rows.units import needed_unit

__all__ = ["MeanCumulativeResult", "mean_cumulative_function"]


@dataclass(frozen=True, repr=False)
class MeanCumulativeResult(Curves):
    """Mean cumulative functions, one for each group.

    Attributes
    ----------
    table : DataFrame
        Columns group, time, at_risk, events, mean, std_error, lower, upper: one row for each
        group and time at which a row ends.
    count, unit : str
        Columns of the number of events and of the unit.
    by : tuple of str
        The columns that make the groups.
    n_units : int
        Units in the data.
    conf_level : float
        Coverage of the intervals.
    risk_tables : tuple of RiskTable
        Who was at risk, by group.
    """

    _value: ClassVar[str] = "mean"
    _origin: ClassVar[float] = 0.0
    _y_label: ClassVar[str] = "Mean number of events"

    table: pd.DataFrame
    count: str
    unit: str
    by: tuple[str, ...]
    n_units: int
    conf_level: float
    risk_tables: tuple[RiskTable, ...]

    @property
    def summary(self) -> pd.DataFrame:
        """One row for each group: its events, and the mean at its last time."""
        rows = self.table.groupby("group", sort=False, observed=True)
        last = rows.last().assign(events=rows["events"].sum()).reset_index()
        return last[["group", "events", "time", "mean", "std_error", "lower", "upper"]]

    def _title(self) -> str:
        groups = f" by {', '.join(self.by)}" if self.by else ""
        return (
            f"Mean cumulative function: {self.count}{groups}, {self.n_units:,} units, "
            f"{self.table['events'].sum():,g} events, {self.conf_level:.0%} intervals"
        )


@all_from_zero
def mean_cumulative_function(
    data: pd.DataFrame,
    count: str,
    unit: str | None = None,
    *,
    by: str | Sequence[str] | None = None,
    weights: str | None = None,
    conf_level: float = 0.95,
    start: str = "start",
    stop: str = "stop",
) -> MeanCumulativeResult:
    """Estimate the mean number of recurrent events by each age, with delayed entry.

    The sum over times of events per unit at risk, ``start < t <= stop``. A row's events are
    taken at its end. Units need no common process: the errors are robust (Lawless and Nadeau
    1995), each unit a cluster, as R's ``survfit(Surv(start, stop, event) ~ 1, id = unit)`` gives
    them for the cumulated hazard.

    Parameters
    ----------
    data : DataFrame
        One row for each unit and interval ``(start, stop]``.
    count : str
        Column of whole numbers (or 0/1, or bool): how many events in the row.
    unit : str, optional
        Column that says whose row it is; by default the panel's own (``data.attrs["unit"]``),
        else ``firm_id``.
    by : str or list of str, optional
        Columns whose values make the groups.
    weights : str, optional
        Column of case weights, not negative. A unit is one cluster whatever its weight, as in R's
        ``survfit(id=, weights=)``: 2 gives what its rows twice in the same unit would.
    conf_level : float
        Coverage of the pointwise intervals, which are symmetric on the log scale.
    start, stop : str
        Columns of the intervals.

    Returns
    -------
    MeanCumulativeResult
        With ``table`` and ``plot()``. Limits are NaN where the mean is 0.

    Raises
    ------
    PanelError
        Rows that are no panel; overlapping rows of a unit; a count that is negative or no whole
        number; a negative weight; arguments that are no names of columns.
    FitError
        A ``conf_level`` outside 0 to 1.

    References
    ----------
    Lawless and Nadeau (1995), Technometrics 37. Cook and Lawless (2007), The Statistical Analysis
    of Recurrent Events, section 3.4.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import mean_cumulative_function
    >>> panel = pd.DataFrame(
    ...     {
    ...         "firm_id": ["a", "a", "b", "b", "c"],
    ...         "start": [0, 1, 0, 1, 1],
    ...         "stop": [1, 2, 1, 2, 2],
    ...         "rounds": [1, 2, 0, 1, 0],
    ...     }
    ... )
    >>> mean_cumulative_function(panel, "rounds").table.round(3)
      group  time  at_risk  events  mean  std_error  lower  upper
    0   all   1.0      2.0     1.0   0.5      0.354  0.125  1.999
    1   all   2.0      3.0     3.0   1.5      0.717  0.588  3.827
    """
    check_limit_options(conf_level)
    check_one_name(count=count)
    data = as_table(data)
    unit = needed_unit(data, unit)
    groups = as_columns(by)
    data = check_rows(
        data,
        [],
        start=start,
        stop=stop,
        columns=[count],
        groups=groups,
        weights=weights,
        unit=unit,
    )
    check_event_counts(data, count)
    ones = np.ones(len(data))
    weight = ones if weights is None else data[weights].to_numpy(dtype=float)
    begins, ends = interval_times(data, start, stop)
    rows = Rows(
        start=begins.to_numpy(dtype=float),
        stop=ends.to_numpy(dtype=float),
        events=data[[count]].to_numpy(dtype=float),
        number=ones,
        weight=weight,
        weight_squared=weight**2,
    )
    codes, labels = group_labels(data, groups)
    refuse_many_groups(labels, groups)
    tables = [risk_table(label, rows.chosen(codes == k)) for k, label in enumerate(labels)]
    parts = [_group(table, data[unit][codes == k], conf_level) for k, table in enumerate(tables)]
    return MeanCumulativeResult(
        table=pd.concat(parts, ignore_index=True),
        count=count,
        unit=unit,
        by=tuple(groups),
        n_units=int(data[unit].nunique()),
        conf_level=conf_level,
        risk_tables=tuple(tables),
    )


def _group(table: RiskTable, units: pd.Series, conf_level: float) -> pd.DataFrame:
    mean = np.cumsum(table.hazard[:, 0])
    variances = clustered_variances(table, table.rows, pd.factorize(units)[0])
    std_error = np.sqrt(variances.cumulated_hazard[:, 0])
    lower, upper = hazard_limits(mean, std_error, conf_level)
    return pd.DataFrame(
        {
            "group": [table.group] * len(mean),
            "time": table.time,
            "at_risk": table.at_risk,
            "events": table.events[:, 0],
            "mean": mean,
            "std_error": std_error,
            "lower": lower,
            "upper": upper,
        }
    )
