"""What an estimate of cumulative incidence gives: tables and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, nearest_names
from belbiotech.survival.curves.risk_tables import RiskTable
from belbiotech.survival.curves.shown import Curves
from belbiotech.survival.inference.words import words_with
from belbiotech.survival.rows.times import asked_times

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from belbiotech.plots.palette import Palette

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
    risk_tables : tuple of RiskTable
        Who was at risk, by group.
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
    risk_tables: tuple[RiskTable, ...]

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
        wanted = asked_times(times)
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
        labels: Mapping[str, str] | None = None,
        ax: Axes | Sequence[Axes] | None = None,
        title: str | None = None,
        palette: Palette = None,
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
            Numbers at risk under the axis, as in `kaplan_meier`.
        labels : mapping of str to str, optional
            What is written for an outcome, a group, or the column that makes the groups; by
            default what the codebook has.
        ax : matplotlib Axes, optional
            Where to draw (stacked: as many as groups); by default a figure is made.
        title : str, optional
            What it is.
        palette : str, list or mapping of curve to colour, optional
            Colours of the curves (stacked: of the outcomes), or the name of a colormap.
        x_label, y_label : str
            The units.

        Returns
        -------
        matplotlib Figure
            Curves by group and outcome.

        Raises
        ------
        FitError
            An outcome that was not estimated.
        BelbiotechError
            More groups than a figure holds; axes or colours that are none.
        """
        shown = self._rows_of(outcome)
        words = words_with(labels)
        groups = words.groups(self.by, list(dict.fromkeys(shown["group"])))
        fates = {name: words.level("outcome", name) for name in dict.fromkeys(shown["outcome"])}
        title = title or f"Cumulative incidence: {', '.join(fates.values())}"
        options: dict[str, Any] = {"ax": ax, "title": title, "palette": palette}
        if not stacked:
            names = self._curve_names(shown, groups, fates, one=outcome is not None)
            options["labels"] = groups
            return self._drawn(
                shown.assign(group=names), at_risk_table, x_label, y_label, **options
            )
        from belbiotech.plots import stacked_incidence

        return stacked_incidence(
            shown,
            x_label=x_label,
            y_label=self._y_label if y_label is None else y_label,
            at_risk=self.at_risk if at_risk_table else None,
            labels={**groups, **fates},
            **options,
        )

    def _rows_of(self, outcome: str | None) -> pd.DataFrame:
        if outcome is None:
            return self.table
        if outcome not in self.outcomes:
            msg = f"no outcome {outcome!r} here; {nearest_names(outcome, self.outcomes)}"
            raise FitError(msg)
        return self.table[self.table["outcome"] == outcome]

    def _curve_names(
        self, shown: pd.DataFrame, groups: dict[Any, str], fates: dict[str, str], *, one: bool
    ) -> pd.Series:
        if one:
            return shown["group"]
        outcomes = shown["outcome"].map(fates)
        return outcomes + ", " + shown["group"].map(groups) if self.by else outcomes

    def _title(self) -> str:
        groups = f" by {', '.join(self.by)}" if self.by else ""
        clusters = f", clustered by {self.cluster}" if self.cluster else ""
        return (
            f"Cumulative incidence: {', '.join(self.outcomes)}{groups}, {self.n_rows:,} rows, "
            f"{self.event_free['events'].sum():,g} events, {self.conf_level:.0%} intervals"
            f"{clusters}"
        )
