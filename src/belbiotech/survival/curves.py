"""Kaplan-Meier and Nelson-Aalen curves of start-stop rows, as R's ``survfit`` makes them."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.errors import BelbiotechWarning, FitError
from belbiotech.survival.influence import curves_of, risk_set_variances, row_variances
from belbiotech.survival.limits import (
    LimitKind,
    check_limit_options,
    hazard_limits,
    probability_limits,
)
from belbiotech.survival.markdown import markdown_table
from belbiotech.survival.quantiles import curve_quantiles
from belbiotech.survival.risk_tables import RiskTable, as_columns, risk_tables
from belbiotech.survival.rows import FloatArray, check_rows

if TYPE_CHECKING:
    from lifelines import KaplanMeierFitter
    from matplotlib.figure import Figure

__all__ = ["KaplanMeierResult", "kaplan_meier"]


@dataclass(frozen=True, repr=False)
class KaplanMeierResult:
    """Kaplan-Meier curves, one for each group.

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
        """Median survival by group: columns group, median, lower, upper; NaN where not reached."""
        table = self.quantiles(0.5).drop(columns="p")
        return table.rename(columns={"quantile": "median"})

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
            fall that far. Where the curve is flat at 1 - p, the middle of the flat part.

        Raises
        ------
        FitError
            A share outside 0 to 1.

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
        """
        wanted = np.atleast_1d(np.asarray(times, dtype=float))
        parts = [
            _at(table, rows, wanted)
            for table, (_, rows) in zip(
                self.risk_tables, self.table.groupby("group", sort=False), strict=True
            )
        ]
        return pd.concat(parts, ignore_index=True)

    @property
    def fitters(self) -> dict[Hashable, KaplanMeierFitter]:
        """One fitted ``lifelines.KaplanMeierFitter`` for each group, with the same risk sets."""
        from lifelines import KaplanMeierFitter
        from lifelines.exceptions import StatError

        fitters = {}
        for table in self.risk_tables:
            rows = table.rows.chosen(table.rows.weight > 0)
            fitter = KaplanMeierFitter(alpha=1 - self.conf_level, label=str(table.group))
            try:
                fitters[table.group] = fitter.fit(
                    rows.stop, rows.events[:, 0], entry=rows.start, weights=rows.weight
                )
            except StatError as error:
                msg = f"lifelines refuses the rows of group {table.group!r}: {error}"
                raise FitError(msg) from error
        return fitters

    def plot(
        self,
        *,
        at_risk_table: bool = True,
        title: str = "",
        x_label: str = "Age in years",
        y_label: str = "Share without the event",
    ) -> Figure:
        """Draw the curves with their bands.

        Parameters
        ----------
        at_risk_table : bool
            Numbers at risk under the axis.
        title, x_label, y_label : str
            What it is, and the units.

        Returns
        -------
        matplotlib Figure
            One curve for each group.
        """
        from belbiotech.plots import step_curves

        return step_curves(
            self.table,
            value="survival",
            title=title or f"Kaplan-Meier: {self.outcome}",
            x_label=x_label,
            y_label=y_label,
            at_risk=self.table if at_risk_table else None,
        )

    def to_markdown(self) -> str:
        """Write the summary as a Markdown table."""
        return markdown_table(self.summary)

    def __repr__(self) -> str:
        return f"{self._title()}\n{self.summary.to_string(index=False)}"

    def _repr_html_(self) -> str:
        return f"<p>{self._title()}</p>{self.summary.to_html(index=False)}"

    def _title(self) -> str:
        rows = sum(int(table.rows.number.sum()) for table in self.risk_tables)
        events = sum(float(table.events.sum()) for table in self.risk_tables)
        groups = f" by {', '.join(self.by)}" if self.by else ""
        return (
            f"Kaplan-Meier: {self.outcome}{groups}, {rows:,} rows, {events:,g} events, "
            f"{self.conf_level:.0%} intervals ({self.conf_type})"
        )


def kaplan_meier(
    data: pd.DataFrame,
    outcome: str,
    *,
    by: str | Sequence[str] | None = None,
    weights: str | None = None,
    conf_level: float = 0.95,
    conf_type: LimitKind = "log-log",
    start: str = "start",
    stop: str = "stop",
) -> KaplanMeierResult:
    """Estimate the share that has not yet had the event, with delayed entry.

    A row is at risk at t where ``start < t <= stop``. No unit is asked for: as in R's
    ``survfit(Surv(start, stop, event) ~ 1)``, the table has a row for each time at which a row of
    the data ends, and on yearly rows that is each year of age.

    Parameters
    ----------
    data : DataFrame
        One row for each interval ``(start, stop]``.
    outcome : str
        Column of 0/1 or bool: did it happen at ``stop``?
    by : str or list of str, optional
        Columns whose values make the groups. With several, a group's name is ``a=1, b=2``.
    weights : str, optional
        Column of case weights, not negative. Whole numbers count as that many rows; with others
        the standard errors are robust, each row a cluster, as in R.
    conf_level : float
        Coverage of the pointwise intervals.
    conf_type : {"log-log", "log", "plain", "arcsine"}
        Scale of the intervals. R's own default is "log".
    start, stop : str
        Columns of the intervals.

    Returns
    -------
    KaplanMeierResult
        With ``table``, ``median``, ``quantiles(p)``, ``nelson_aalen``, ``fitters``, ``plot()``.
        Standard errors are Greenwood's, on the scale of survival. Where R has none (NaN): the
        standard error where survival is 0, and limits where it is 0 or 1 (log: only at 0).

    Raises
    ------
    PanelError
        Rows that are no panel: unknown column, missing value, ``stop <= start``, an outcome that
        is not 0/1, a negative weight.
    FitError
        An unknown ``conf_type``, or a ``conf_level`` outside 0 to 1.

    Warns
    -----
    BelbiotechWarning
        Where a curve falls to 0 while others enter later: a few early rows decide it all.

    References
    ----------
    Kaplan and Meier (1958), Journal of the American Statistical Association 53.
    Therneau and Grambsch (2000), Modeling Survival Data, section 2.1.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import kaplan_meier
    >>> firms = pd.DataFrame(
    ...     {
    ...         "start": [0, 0, 1, 2, 0, 3],
    ...         "stop": [2, 4, 3, 5, 1, 5],
    ...         "failure": [1, 0, 1, 0, 0, 1],
    ...     }
    ... )
    >>> result = kaplan_meier(firms, "failure")
    >>> result.table.round(3)
      group  time  at_risk  events  survival  std_error  lower  upper
    0   all   1.0      3.0     0.0     1.000      0.000    NaN    NaN
    1   all   2.0      3.0     1.0     0.667      0.272  0.054  0.945
    2   all   3.0      3.0     1.0     0.444      0.257  0.038  0.818
    3   all   4.0      3.0     0.0     0.444      0.257  0.038  0.818
    4   all   5.0      2.0     1.0     0.222      0.203  0.007  0.633
    >>> result
    Kaplan-Meier: failure, 6 rows, 3 events, 95% intervals (log-log)
    group  rows  events  median  lower  upper
      all     6     3.0     3.0    2.0    NaN
    """
    check_limit_options(conf_level, conf_type)
    check_rows(data, [outcome], start=start, stop=stop, columns=as_columns(by), weights=weights)
    tables = risk_tables(data, [outcome], by, start=start, stop=stop, weights=weights)
    for table in tables:
        _warn_of_early_zero(table, start)
    whole = weights is None or bool((data[weights] % 1 == 0).all())
    curves = [_curves(table, conf_level, conf_type, robust=not whole) for table in tables]
    return KaplanMeierResult(
        table=pd.concat([survival for survival, _ in curves], ignore_index=True),
        nelson_aalen=pd.concat([hazard for _, hazard in curves], ignore_index=True),
        outcome=outcome,
        by=tuple(as_columns(by)),
        conf_level=conf_level,
        conf_type=conf_type,
        risk_tables=tuple(tables),
    )


def _curves(
    table: RiskTable, conf_level: float, conf_type: LimitKind, *, robust: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    variances = row_variances(table) if robust else risk_set_variances(table)
    survival, _ = curves_of(table)
    std_error = np.sqrt(variances.survival)
    if not robust:  # Greenwood's sum divides by the number left, which is none
        std_error = np.where(survival == 0, np.nan, std_error)
    hazard = np.cumsum(table.hazard[:, 0])
    hazard_error = np.sqrt(variances.cumulated_hazard[:, 0])
    limits = probability_limits(survival, std_error, conf_level, conf_type)
    return (
        _long(table, "survival", survival, std_error, limits),
        _long(
            table, "hazard", hazard, hazard_error, hazard_limits(hazard, hazard_error, conf_level)
        ),
    )


def _long(
    table: RiskTable,
    name: str,
    estimate: FloatArray,
    std_error: FloatArray,
    limits: tuple[FloatArray, FloatArray],
) -> pd.DataFrame:
    columns: dict[str, Any] = {
        "group": [table.group] * len(table.time),
        "time": table.time,
        "at_risk": table.at_risk,
        "events": table.events[:, 0],
        name: estimate,
        "std_error": std_error,
        "lower": limits[0],
        "upper": limits[1],
    }
    return pd.DataFrame(columns)


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


def _warn_of_early_zero(table: RiskTable, start: str) -> None:
    survival, _ = curves_of(table)
    zero = np.flatnonzero(survival == 0)
    if not len(zero) or not (table.at_risk[zero[0] + 1 :] > 0).any():
        return
    time, at_risk = table.time[zero[0]], table.at_risk[zero[0]]
    later = table.at_risk[zero[0] + 1 :].max()
    msg = (
        f"survival of group {table.group!r} falls to 0 at time {time:g}, where all {at_risk:g} at "
        f"risk had the event, while up to {later:g} are at risk later: the curve stays at 0. "
        f"To see those, start the curve later: data[data[{start!r}] >= {time:g}]"
    )
    warnings.warn(msg, BelbiotechWarning, stacklevel=3)
