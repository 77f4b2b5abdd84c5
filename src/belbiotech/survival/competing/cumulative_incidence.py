"""Cumulative incidence of competing fates: Aalen-Johansen with delayed entry and ties."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import warn
from belbiotech.survival.competing.incidence_result import CumulativeIncidenceResult
from belbiotech.survival.curves.curve_rows import curve_rows, curve_variances
from belbiotech.survival.curves.influence import Variances, curves_of
from belbiotech.survival.curves.risk_tables import RiskTable, risk_tables
from belbiotech.survival.inference.limits import check_limit_options, probability_limits
from belbiotech.survival.rows.checks import FloatArray
from belbiotech.survival.rows.clusters import as_cluster_columns
from belbiotech.survival.rows.column_names import as_columns
from belbiotech.survival.rows.fates import check_fates, check_outcome_names
from belbiotech.survival.rows.from_zero import all_from_zero

__all__ = ["cumulative_incidence"]


@all_from_zero
def cumulative_incidence(
    data: pd.DataFrame | Any,
    outcomes: Sequence[str],
    *,
    by: str | Sequence[str] | None = None,
    weights: str | None = None,
    unit: str | None = None,
    cluster: str | Sequence[str] | None = None,
    conf_level: float = 0.95,
    start: str = "start",
    stop: str = "stop",
) -> CumulativeIncidenceResult:
    """Estimate the share that each of several fates has taken by each age, with delayed entry.

    Aalen and Johansen's estimator. A row is at risk at t where ``start < t <= stop``; events of
    one time are taken together, whatever the order of the rows.

    Parameters
    ----------
    data : DataFrame, path or glob of Parquet or CSV files, DuckDB relation, LazyFrame, Ibis table
        One row for each interval ``(start, stop]``.
    outcomes : list of str
        Columns of 0/1 or bool, one for each fate; at most one of them is 1 in a row.
    by : str or list of str, optional
        Columns whose values make the groups.
    weights : str, optional
        Column of case weights, not negative. Whole numbers count as that many rows; with others
        the errors are robust, by unit, as R's ``survfit(..., weights=, id=)``.
    unit : str, optional
        Column that says whose row it is; by default the panel's own (``data.attrs["unit"]``),
        else ``firm_id``. Its rows must not overlap in time: looked at where it
        is given, or errors are clustered by it.
    cluster : str or sequence of two str, optional
        Column that names the unit. Then the standard errors are those of R's
        ``survfit(Surv(start, stop, fate) ~ 1, id = unit)``, the infinitesimal jackknife by unit.
        Without one they come from the risk sets in the manner of Greenwood: the same number where
        nobody enters late, and right without knowing the units where some do.
        With two columns the variance is V1 + V2 - V12, where V12 has a cluster for each pair
        (Cameron, Gelbach and Miller 2011).
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
        Rows that are no panel; a row with two fates; a cluster with missing values; arguments
        that are no names of columns.
    FitError
        A ``conf_level`` outside 0 to 1, more than two clusters, outcomes that are no list of
        different columns.

    Warns
    -----
    BelbiotechWarning
        Two clusters whose variance is negative at some times; an outcome that a group never has.

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
    if not isinstance(outcomes, str):  # which is refused as no list
        outcomes = as_columns(outcomes, "outcomes")
    names, groups = check_outcome_names(outcomes, at_least=1), as_columns(by)
    clusters = list(as_cluster_columns(cluster))
    rows, own = curve_rows(
        data,
        names,
        groups,
        cluster=clusters,
        unit=unit,
        weights=weights,
        start=start,
        stop=stop,
        one_fate=True,
    )
    data = rows.data
    check_fates(data, [name for name in names if data[name].any()])
    tables = risk_tables(
        data,
        names,
        groups,
        start=start,
        stop=stop,
        weights=rows.weights,
        frequency=rows.frequency,
        squares=rows.weight_squared,
    )
    for table in tables:
        _warn_of_unseen(table, names)
    variances = curve_variances(
        rows, tables, names, groups, cluster=clusters, unit=own, start=start, stop=stop
    )
    pairs = list(zip(tables, variances, strict=True))
    return CumulativeIncidenceResult(
        table=pd.concat([_long(*pair, names, conf_level) for pair in pairs], ignore_index=True),
        event_free=pd.concat([_event_free(*pair, conf_level) for pair in pairs], ignore_index=True),
        outcomes=tuple(names),
        by=tuple(groups),
        cluster=" and ".join(clusters) or None,
        conf_level=conf_level,
        n_rows=len(data) if rows.held is None else rows.held.extent.rows,
        risk_tables=tuple(tables),
    )


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
        warn(msg)
