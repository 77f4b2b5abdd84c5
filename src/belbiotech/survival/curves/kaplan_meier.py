"""Kaplan-Meier and Nelson-Aalen curves of start-stop rows, as R's ``survfit`` makes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import warn
from belbiotech.survival.curves.curve_rows import curve_rows, curve_variances
from belbiotech.survival.curves.influence import Variances, curves_of
from belbiotech.survival.curves.kaplan_meier_result import KaplanMeierResult
from belbiotech.survival.curves.risk_tables import RiskTable, risk_tables
from belbiotech.survival.inference.limits import (
    LimitKind,
    check_limit_options,
    hazard_limits,
    probability_limits,
)
from belbiotech.survival.rows.checks import FloatArray
from belbiotech.survival.rows.clusters import as_cluster_columns
from belbiotech.survival.rows.column_names import as_columns
from belbiotech.survival.rows.from_zero import all_from_zero

__all__ = ["kaplan_meier"]


@all_from_zero
def kaplan_meier(
    data: pd.DataFrame | Any,
    outcome: str,
    *,
    by: str | Sequence[str] | None = None,
    weights: str | None = None,
    unit: str | None = None,
    cluster: str | Sequence[str] | None = None,
    conf_level: float = 0.95,
    conf_type: LimitKind = "log-log",
    start: str = "start",
    stop: str = "stop",
) -> KaplanMeierResult:
    """Estimate the share that has not yet had the event, with delayed entry.

    A row is at risk at t where ``start < t <= stop``. No unit is needed: as in R's
    ``survfit(Surv(start, stop, event) ~ 1)``, the table has a row for each time at which a row of
    the data ends, and on yearly rows that is each year of age.

    Parameters
    ----------
    data : DataFrame, path or glob of Parquet or CSV files, DuckDB relation, LazyFrame, Ibis table
        One row for each interval ``(start, stop]``.
    outcome : str
        Column of 0/1 or bool: did it happen at ``stop``?
    by : str or list of str, optional
        Columns whose values make the groups. With several, a group's name is ``a=1, b=2``.
    weights : str, optional
        Column of case weights, not negative; a row of weight 0 counts for nothing, as in R's
        ``survfit`` (a Cox or accelerated failure time model refuses it, as in R). Whole numbers
        count as that many rows; with others the standard errors are robust, each unit a cluster
        (each row, where nothing says whose it is), as in R.
    unit : str, optional
        Column that says whose row it is; by default the panel's own (``data.attrs["unit"]``),
        else ``firm_id``. Its rows must not overlap in time: looked at where it is given, or
        errors are clustered by it (in `cluster`, or with weights that are not whole).
    cluster : str or sequence of two str, optional
        Errors robust to dependence within clusters, as R's ``survfit(..., cluster=)``; with two
        columns V1 + V2 - V12 (Cameron, Gelbach and Miller 2011).
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
        is not 0/1, a negative weight, overlapping rows of a unit; arguments that are no names of
        columns.
    FitError
        A single cluster, more than two columns of clusters, an unknown ``conf_type``, a
        ``conf_level`` outside 0 to 1.

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
    groups, clusters = as_columns(by), as_cluster_columns(cluster)
    rows, own = curve_rows(
        data,
        [outcome],
        groups,
        cluster=clusters,
        unit=unit,
        weights=weights,
        start=start,
        stop=stop,
    )
    tables = risk_tables(
        rows.data,
        [outcome],
        by,
        start=start,
        stop=stop,
        weights=rows.weights,
        frequency=rows.frequency,
        squares=rows.weight_squared,
    )
    for table in tables:
        _warn_of_early_zero(table, start)
    variances = curve_variances(
        rows, tables, [outcome], groups, cluster=clusters, unit=own, start=start, stop=stop
    )
    robust = bool(clusters) or not rows.whole_weights
    curves = [
        _curves(table, of_table, conf_level, conf_type, robust=robust)
        for table, of_table in zip(tables, variances, strict=True)
    ]
    return KaplanMeierResult(
        table=pd.concat([survival for survival, _ in curves], ignore_index=True),
        nelson_aalen=pd.concat([hazard for _, hazard in curves], ignore_index=True),
        outcome=outcome,
        by=tuple(groups),
        conf_level=conf_level,
        conf_type=conf_type,
        risk_tables=tuple(tables),
    )


def _curves(
    table: RiskTable,
    variances: Variances,
    conf_level: float,
    conf_type: LimitKind,
    *,
    robust: bool,
) -> tuple[pd.DataFrame, pd.DataFrame]:
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


def _warn_of_early_zero(table: RiskTable, start: str) -> None:
    survival, _ = curves_of(table)
    zero = np.flatnonzero(survival == 0)
    if not len(zero) or not (table.at_risk[zero[0] + 1 :] > 0).any():
        return
    time, at_risk = table.time[zero[0]], table.at_risk[zero[0]]
    later = table.at_risk[zero[0] + 1 :].max()
    all_of_them = "the only one" if at_risk == 1 else f"all {at_risk:g}"
    msg = (
        f"survival of group {table.group!r} falls to 0 at time {time:g}, where {all_of_them} at "
        f"risk had the event, while up to {later:g} {'is' if later == 1 else 'are'} at risk later: "
        "the curve stays at 0. "
        f"To see those, start the curve later: data[data[{start!r}] >= {time:g}]"
    )
    warn(msg)
