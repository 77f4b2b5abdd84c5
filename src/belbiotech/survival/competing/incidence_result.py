"""What an estimate of cumulative incidence gives: tables and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, nearest_names
from belbiotech.survival.curves.shown import Curves

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["CumulativeIncidenceResult"]


@dataclass(frozen=True, repr=False)
class CumulativeIncidenceResult(Curves):
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
        Column whose values were the clusters of the variance; two as ``"firm_id and year"``.
    conf_level : float
        Coverage of the intervals.
    n_rows : int
        Rows of the data.
    """

    _value: ClassVar[str] = "incidence"
    _origin: ClassVar[float] = 0.0
    _y_label: ClassVar[str] = "Cumulative incidence"

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
        y_label: str | None = None,
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
        shown = self._rows_of(outcome)
        title = title or f"Cumulative incidence: {', '.join(shown['outcome'].unique())}"
        if not stacked:
            curves = shown.assign(group=self._curve_names(shown, one=outcome is not None))
            return self._drawn(curves, at_risk_table, title, x_label, y_label)
        from belbiotech.plots import stacked_incidence

        return stacked_incidence(
            shown,
            title=title,
            x_label=x_label,
            y_label=self._y_label if y_label is None else y_label,
            at_risk=self._at_risk() if at_risk_table else None,
        )

    def _at_risk(self) -> pd.DataFrame:
        return self.event_free  # outcomes share their risk sets

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
