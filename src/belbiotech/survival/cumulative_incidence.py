"""Cumulative incidence of competing fates: Aalen-Johansen with delayed entry and ties."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from belbiotech.errors import BelbiotechWarning, FitError, nearest_names
from belbiotech.survival.clusters import check_units
from belbiotech.survival.fates import check_fates, check_outcome_names
from belbiotech.survival.influence import (
    Variances,
    clustered_variances,
    curves_of,
    risk_set_variances,
)
from belbiotech.survival.limits import check_limit_options, probability_limits
from belbiotech.survival.markdown import markdown_table
from belbiotech.survival.risk_tables import RiskTable, Rows, as_columns, group_labels, risk_tables
from belbiotech.survival.rows import FloatArray, check_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["CumulativeIncidenceResult", "cumulative_incidence"]


@dataclass(frozen=True, repr=False)
class CumulativeIncidenceResult:
    """Cumulative incidences, one for each group and outcome.

    Attributes
    ----------
    table : DataFrame
        Columns group, outcome, time, at_risk, events, incidence, std_error, lower, upper: one row
        for each group, outcome and time at which a row of the group ends.
    event_free : DataFrame
        Columns group, time, at_risk, events, survival, std_error, lower, upper: the share without
        any of the outcomes. With the incidences it adds up to 1.
    outcomes, by : tuple of str
        Columns of the outcomes, and those that make the groups.
    cluster : str or None
        Column whose values were the clusters of the variance.
    conf_level : float
        Coverage of the intervals.
    n_rows : int
        Rows of the data.
    """

    table: pd.DataFrame
    event_free: pd.DataFrame
    outcomes: tuple[str, ...]
    by: tuple[str, ...]
    cluster: str | None
    conf_level: float
    n_rows: int

    @property
    def summary(self) -> pd.DataFrame:
        """One row for each group and outcome: events, and the incidence at the last time."""
        rows = self.table.groupby(["group", "outcome"], sort=False, observed=True)
        last = rows.last().drop(columns=["at_risk", "events"])
        return last.assign(events=rows["events"].sum()).reset_index()[
            ["group", "outcome", "events", "time", "incidence", "std_error", "lower", "upper"]
        ]

    def incidence_at(self, times: float | Sequence[float]) -> pd.DataFrame:
        """Give the incidences at chosen times.

        Parameters
        ----------
        times : float or sequence of float
            In any order.

        Returns
        -------
        DataFrame
            Columns group, outcome, time, incidence, std_error, lower, upper: 0 before the first
            time, NaN after the group's last time.
        """
        wanted = np.atleast_1d(np.asarray(times, dtype=float))
        columns = ["incidence", "std_error", "lower", "upper"]
        parts = []
        for key, rows in self.table.groupby(["group", "outcome"], sort=False, observed=True):
            known = rows["time"].to_numpy()
            position = np.searchsorted(known, wanted, side="right") - 1
            found = rows[columns].iloc[np.maximum(position, 0)].reset_index(drop=True)
            found.loc[position < 0, columns] = [0.0, 0.0, np.nan, np.nan]
            found.loc[wanted > known[-1], columns] = np.nan
            names = {"group": [key[0]] * len(wanted), "outcome": key[1], "time": wanted}
            parts.append(pd.concat([pd.DataFrame(names), found], axis=1))
        return pd.concat(parts, ignore_index=True)

    def plot(
        self,
        *,
        outcome: str | None = None,
        stacked: bool = False,
        at_risk_table: bool = True,
        title: str = "",
        x_label: str = "Age in years",
        y_label: str = "Cumulative incidence",
    ) -> Figure:
        """Draw the curves, each with its band, or stacked.

        Parameters
        ----------
        outcome : str, optional
            Only this one, by group.
        stacked : bool
            One panel for each group, outcomes on top of each other.
        at_risk_table : bool
            Numbers at risk under the axis.
        title, x_label, y_label : str
            What it is, and the units.

        Returns
        -------
        matplotlib Figure
            Curves by group and outcome.

        Raises
        ------
        FitError
            An outcome that was not estimated.
        """
        from belbiotech.plots import stacked_incidence, step_curves

        shown = self._rows_of(outcome)
        title = title or f"Cumulative incidence: {', '.join(shown['outcome'].unique())}"
        if stacked:
            at_risk = self.event_free if at_risk_table else None
            return stacked_incidence(
                shown, title=title, x_label=x_label, y_label=y_label, at_risk=at_risk
            )
        curves = shown.assign(group=self._curve_names(shown, one=outcome is not None))
        return step_curves(
            curves,
            value="incidence",
            origin=0.0,
            title=title,
            x_label=x_label,
            y_label=y_label,
            at_risk=curves if at_risk_table else None,
        )

    def to_markdown(self) -> str:
        """Write the summary as a Markdown table."""
        return markdown_table(self.summary)

    def __repr__(self) -> str:
        return f"{self._title()}\n{self.summary.to_string(index=False)}"

    def _repr_html_(self) -> str:
        return f"<p>{self._title()}</p>{self.summary.to_html(index=False)}"

    def _rows_of(self, outcome: str | None) -> pd.DataFrame:
        if outcome is None:
            return self.table
        if outcome not in self.outcomes:
            msg = f"no outcome {outcome!r} here; {nearest_names(outcome, self.outcomes)}"
            raise FitError(msg)
        return self.table[self.table["outcome"] == outcome]

    def _curve_names(self, shown: pd.DataFrame, *, one: bool) -> pd.Series[str]:
        groups = shown["group"].astype(str)
        if one:
            return groups
        return shown["outcome"] + ", " + groups if self.by else shown["outcome"]

    def _title(self) -> str:
        groups = f" by {', '.join(self.by)}" if self.by else ""
        clusters = f", clustered by {self.cluster}" if self.cluster else ""
        return (
            f"Cumulative incidence: {', '.join(self.outcomes)}{groups}, {self.n_rows:,} rows, "
            f"{self.event_free['events'].sum():,g} events, {self.conf_level:.0%} intervals"
            f"{clusters}"
        )


def cumulative_incidence(
    data: pd.DataFrame,
    outcomes: Sequence[str],
    *,
    by: str | Sequence[str] | None = None,
    cluster: str | None = None,
    conf_level: float = 0.95,
    start: str = "start",
    stop: str = "stop",
) -> CumulativeIncidenceResult:
    """Estimate the share that each of several fates has taken by each age, with delayed entry.

    Aalen and Johansen's estimator. A row is at risk at t where ``start < t <= stop``; events of
    one time are taken together, whatever the order of the rows.

    Parameters
    ----------
    data : DataFrame
        One row for each interval ``(start, stop]``.
    outcomes : list of str
        Columns of 0/1 or bool, one for each fate; at most one of them is 1 in a row.
    by : str or list of str, optional
        Columns whose values make the groups.
    cluster : str, optional
        Column that names the unit. Then the standard errors are those of R's
        ``survfit(Surv(start, stop, fate) ~ 1, id = unit)``, the infinitesimal jackknife by unit.
        Without one they come from the risk sets in the manner of Greenwood: the same number where
        nobody enters late, and right without knowing the units where some do.
    conf_level : float
        Coverage of the pointwise intervals, on R's log-log scale.
    start, stop : str
        Columns of the intervals.

    Returns
    -------
    CumulativeIncidenceResult
        With ``table``, ``event_free``, ``incidence_at(times)``, ``plot(stacked=False)``. Limits
        are NaN where the incidence is 0, as in R.

    Raises
    ------
    PanelError
        Rows that are no panel; a row with two fates; a cluster with missing values.
    FitError
        A ``conf_level`` outside 0 to 1.

    Warns
    -----
    BelbiotechWarning
        An outcome that a group never has.

    References
    ----------
    Aalen and Johansen (1978), Scandinavian Journal of Statistics 5.
    Andersen, Borgan, Gill and Keiding (1993), section IV.4.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import cumulative_incidence
    >>> firms = pd.DataFrame(
    ...     {
    ...         "start": [0, 0, 1, 2, 0, 3],
    ...         "stop": [2, 4, 3, 5, 1, 5],
    ...         "failure": [1, 0, 0, 0, 0, 1],
    ...         "acquisition": [0, 0, 1, 0, 0, 0],
    ...     }
    ... )
    >>> result = cumulative_incidence(firms, ["failure", "acquisition"])
    >>> result.incidence_at([2, 5]).round(3)
      group      outcome  time  incidence  std_error  lower  upper
    0   all      failure   2.0      0.333      0.272  0.009  0.774
    1   all      failure   5.0      0.556      0.257  0.064  0.882
    2   all  acquisition   2.0      0.000      0.000    NaN    NaN
    3   all  acquisition   5.0      0.222      0.203  0.007  0.633
    """
    check_limit_options(conf_level)
    names, groups = check_outcome_names(outcomes, at_least=1), as_columns(by)
    units = [] if cluster is None else [cluster]
    check_rows(data, names, start=start, stop=stop, columns=[*groups, *units])
    check_units(data, units, names[0], start, stop)
    check_fates(data, [name for name in names if data[name].any()])
    tables = risk_tables(data, names, groups, start=start, stop=stop)
    for table in tables:
        _warn_of_unseen(table, names)
    if cluster is None:
        variances = [risk_set_variances(table) for table in tables]
    else:
        variances = _by_cluster(data, names, groups, cluster, start, stop, tables)
    pairs = list(zip(tables, variances, strict=True))
    return CumulativeIncidenceResult(
        table=pd.concat([_long(*pair, names, conf_level) for pair in pairs], ignore_index=True),
        event_free=pd.concat([_event_free(*pair, conf_level) for pair in pairs], ignore_index=True),
        outcomes=tuple(names),
        by=tuple(groups),
        cluster=cluster,
        conf_level=conf_level,
        n_rows=len(data),
    )


def _by_cluster(
    data: pd.DataFrame,
    outcomes: list[str],
    groups: list[str],
    cluster: str,
    start: str,
    stop: str,
    tables: list[RiskTable],
) -> list[Variances]:
    """Give the robust variances of each group, from the rows of the data."""
    ones = np.ones(len(data))
    rows = Rows(
        start=data[start].to_numpy(dtype=float),
        stop=data[stop].to_numpy(dtype=float),
        events=data[outcomes].to_numpy(dtype=float),
        number=ones,
        weight=ones,
        weight_squared=ones,
    )
    codes, _ = group_labels(data, groups)
    units = data[cluster]
    return [
        clustered_variances(table, rows.chosen(codes == k), pd.factorize(units[codes == k])[0])
        for k, table in enumerate(tables)
    ]


def _long(
    table: RiskTable, variances: Variances, outcomes: list[str], conf_level: float
) -> pd.DataFrame:
    _, incidence = curves_of(table)
    errors = np.sqrt(variances.incidence)
    parts = []
    for k, name in enumerate(outcomes):
        columns = (table.events[:, k], incidence[:, k], errors[:, k])
        frame = _numbers(table, "incidence", *columns, conf_level)
        frame.insert(1, "outcome", name)
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)


def _event_free(table: RiskTable, variances: Variances, conf_level: float) -> pd.DataFrame:
    survival, _ = curves_of(table)
    columns = (table.events.sum(axis=1), survival, np.sqrt(variances.survival))
    return _numbers(table, "survival", *columns, conf_level)


def _numbers(
    table: RiskTable,
    name: str,
    events: FloatArray,
    estimate: FloatArray,
    std_error: FloatArray,
    conf_level: float,
) -> pd.DataFrame:
    lower, upper = probability_limits(estimate, std_error, conf_level)
    return pd.DataFrame(
        {
            "group": [table.group] * len(estimate),
            "time": table.time,
            "at_risk": table.at_risk,
            "events": events,
            name: estimate,
            "std_error": std_error,
            "lower": lower,
            "upper": upper,
        }
    )


def _warn_of_unseen(table: RiskTable, outcomes: list[str]) -> None:
    unseen = [name for name, k in zip(outcomes, table.events.sum(axis=0), strict=True) if k == 0]
    if unseen:
        msg = (
            f"group {table.group!r} never has {' or '.join(map(repr, unseen))}: "
            "that incidence is 0, without a standard error"
        )
        warnings.warn(msg, BelbiotechWarning, stacklevel=3)
