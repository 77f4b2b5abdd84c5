"""What a Kaplan-Meier fit gives: tables, quantiles, lifelines' fitters, a figure."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, in_words, warn
from belbiotech.survival.curves.quantiles import as_floats, curve_quantiles, first_medians
from belbiotech.survival.curves.risk_tables import RiskTable
from belbiotech.survival.curves.shown import Curves
from belbiotech.survival.inference.limits import LimitKind
from belbiotech.survival.rows.checks import FloatArray

if TYPE_CHECKING:
    from lifelines import KaplanMeierFitter

__all__ = ["KaplanMeierResult"]


@dataclass(frozen=True, repr=False)
class KaplanMeierResult(Curves):
    """Kaplan-Meier curves, one for each group.

    Under the figure of ``plot()`` stand, at a tick t, the rows with ``start < t <= stop``, at 0
    those that begin there. `survival_at` tells, as R does, who is at risk at the next time of
    `table`, which with delayed entry may be others.

    Attributes
    ----------
    table : DataFrame
        Columns group, time, at_risk, events, survival, std_error, lower, upper: one row for each
        group and each time at which a row ends.
    nelson_aalen : DataFrame
        Columns group, time, at_risk, events, hazard, std_error, lower, upper.
    outcome : str
        The column of the event.
    by : tuple of str
        The columns that make the groups.
    conf_level : float
        Coverage of the intervals.
    conf_type : str
        Their scale.
    risk_tables : tuple of RiskTable
        Who was at risk, by group.
    """

    _value: ClassVar[str] = "survival"
    _origin: ClassVar[float] = 1.0
    _y_label: ClassVar[str] = "Share without the event"

    table: pd.DataFrame
    nelson_aalen: pd.DataFrame
    outcome: str
    by: tuple[str, ...]
    conf_level: float
    conf_type: LimitKind
    risk_tables: tuple[RiskTable, ...]

    @property
    def summary(self) -> pd.DataFrame:
        """One row for each group: rows, events, median survival with its interval."""
        counted = pd.DataFrame(
            {
                "group": [table.group for table in self.risk_tables],
                "rows": [int(table.rows.number.sum()) for table in self.risk_tables],
                "events": [float(table.events.sum()) for table in self.risk_tables],
            }
        )
        return counted.merge(self.median, on="group")

    @property
    def median(self) -> pd.DataFrame:
        """Median survival by group: columns group, median, lower, upper; NaN where not reached.

        As R's ``print(survfit(...))``: the first times at which the curve and its limits are at or
        below 1/2, so that the interval holds the median.
        """
        lines = [
            {"group": group, **first_medians(rows)}
            for group, rows in self.table.groupby("group", sort=False)
        ]
        return pd.DataFrame(lines)

    def quantiles(self, p: float | Sequence[float] = (0.25, 0.5, 0.75)) -> pd.DataFrame:
        """Give the times by which shares of a group have had the event.

        Parameters
        ----------
        p : float or sequence of float
            Shares between 0 and 1: 0.25 asks when a quarter has had the event.

        Returns
        -------
        DataFrame
            Columns group, p, quantile, lower, upper; NaN where the curve, or its limit, does not
            fall that far. Where the curve is flat at 1 - p, the middle of the flat part. As R's
            ``quantile()``, but where a limit that rises again would leave the quantile outside
            its interval: there the limit's first time at or below 1 - p.

        Raises
        ------
        FitError
            A share outside 0 to 1, or what is no number; none at all.

        References
        ----------
        Brookmeyer and Crowley (1982), Biometrics 38.
        """
        parts = [
            curve_quantiles(rows, p).assign(group=group)
            for group, rows in self.table.groupby("group", sort=False)
        ]
        columns = ["group", "p", "quantile", "lower", "upper"]
        return pd.concat(parts, ignore_index=True)[columns]

    def survival_at(self, times: float | Sequence[float]) -> pd.DataFrame:
        """Give the curves at chosen times.

        Parameters
        ----------
        times : float or sequence of float
            In any order.

        Returns
        -------
        DataFrame
            Columns as in `table`, without events: 1 before the first time, and NaN after the last
            unless the curve has come down to 0. ``at_risk`` is that of the next time in the
            table, as in R.

        Raises
        ------
        FitError
            A missing time, or what is no number.
        """
        wanted = as_floats(times)
        if np.isnan(wanted).any():
            msg = f"times must be numbers, such as 5 or [1, 5, 10]; it is {in_words(times)}"
            raise FitError(msg)
        parts = [
            _at(table, rows, wanted)
            for table, (_, rows) in zip(
                self.risk_tables, self.table.groupby("group", sort=False), strict=True
            )
        ]
        return pd.concat(parts, ignore_index=True)

    @property
    def fitters(self) -> dict[Hashable, KaplanMeierFitter]:
        """One fitted ``lifelines.KaplanMeierFitter`` for each group, with the same risk sets.

        With weights that are not whole numbers lifelines warns too, in its own words.

        Raises
        ------
        FitError
            lifelines takes none of the groups.

        Warns
        -----
        BelbiotechWarning
            lifelines takes no group in which for some time nobody is at risk before others enter,
            as between late entries; such a group is left out. `table` and ``plot()`` have it.
        """
        from lifelines import KaplanMeierFitter
        from lifelines.exceptions import StatError

        fitters, refused = {}, []
        for table in self.risk_tables:
            rows = table.rows.chosen(table.rows.weight > 0)
            fitter = KaplanMeierFitter(alpha=1 - self.conf_level, label=str(table.group))
            if (rows.weight % 1 != 0).any():
                msg = (
                    f"lifelines on group {table.group!r}: its errors suppose weights that count "
                    "rows, and these are not whole numbers"
                )
                warn(msg)
            try:
                fitters[table.group] = fitter.fit(
                    rows.stop, rows.events[:, 0], entry=rows.start, weights=rows.weight
                )
            except StatError as error:
                refused.append(_refusal(table.group, rows.start, rows.stop, str(error)))
        if refused and not fitters:
            raise FitError("\n".join(refused))
        for line in refused:
            warn(f"{line}; it is left out here")
        return fitters

    def _title(self) -> str:
        rows = sum(int(table.rows.number.sum()) for table in self.risk_tables)
        events = sum(float(table.events.sum()) for table in self.risk_tables)
        groups = f" by {', '.join(self.by)}" if self.by else ""
        return (
            f"Kaplan-Meier: {self.outcome}{groups}, {rows:,} rows, {events:,g} events, "
            f"{self.conf_level:.0%} intervals ({self.conf_type})"
        )


def _refusal(group: Hashable, start: FloatArray, stop: FloatArray, told: str) -> str:
    """Say in plain words why lifelines refuses a group."""
    times = np.unique(stop)
    left = np.array([np.sum(start <= time) - np.sum(stop <= time) for time in times])
    gaps = [time for time in times[left == 0] if (start > time).any()]
    head = f"lifelines refuses the rows of group {group!r}"
    if not gaps:
        return f"{head}: {told}"
    again = start[start > gaps[0]].min()
    return (
        f"{head}: nobody of it is at risk from {gaps[0]:g} to {again:g}, which lifelines takes for "
        "the end of the curve; the numbers of .table and .plot() go on rightly"
    )


def _at(table: RiskTable, rows: pd.DataFrame, times: FloatArray) -> pd.DataFrame:
    """Read a group's step curve off at some times."""
    position = np.searchsorted(table.time, times, side="right") - 1
    columns = ["survival", "std_error", "lower", "upper"]
    found = rows[columns].iloc[np.maximum(position, 0)].reset_index(drop=True)
    found.loc[position < 0, columns] = [1.0, 0.0, np.nan, np.nan]
    unknown = (times > table.time[-1]) & (found["survival"] > 0).to_numpy()
    found.loc[unknown, columns] = np.nan
    at_risk = np.append(table.at_risk, 0.0)[np.searchsorted(table.time, times)]
    known = pd.DataFrame({"group": [table.group] * len(times), "time": times, "at_risk": at_risk})
    return pd.concat([known, found], axis=1)
