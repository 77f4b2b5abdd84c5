"""Restricted mean survival: the mean time without the event, up to a horizon."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, in_words, nearest_names, warn
from belbiotech.survival.curves.group_times import check_groups
from belbiotech.survival.curves.influence import curves_of
from belbiotech.survival.curves.risk_tables import RiskTable, risk_tables, whole_weights
from belbiotech.survival.inference.limits import check_limit_options, normal_quantile
from belbiotech.survival.rows.checks import check_rows
from belbiotech.survival.rows.column_names import as_columns
from belbiotech.survival.rows.from_zero import all_from_zero
from belbiotech.survival.rows.number_columns import LARGEST

__all__ = ["restricted_mean", "restricted_mean_difference"]


@all_from_zero
def restricted_mean(
    data: pd.DataFrame,
    outcome: str,
    horizon: float,
    *,
    by: str | Sequence[str] | None = None,
    weights: str | None = None,
    conf_level: float = 0.95,
    start: str = "start",
    stop: str = "stop",
) -> pd.DataFrame:
    """Estimate the mean time without the event up to a horizon, with delayed entry.

    The area under the Kaplan-Meier curve from 0 to the horizon, as R's
    ``print(survfit(...), rmean = horizon)``.

    Parameters
    ----------
    data : DataFrame
        One row for each interval ``(start, stop]``.
    outcome : str
        Column of 0/1 or bool: did it happen at ``stop``?
    horizon : float
        The time up to which the mean is taken, in the units of start and stop.
    by : str or list of str, optional
        Columns whose values make the groups.
    weights : str, optional
        Column of case weights. As in R the error counts a weight of w as w rows, so that it
        depends on the scale of the weights; those of `kaplan_meier` are robust to it.
    conf_level : float
        Coverage of the intervals, which are symmetric.
    start, stop : str
        Columns of the intervals.

    Returns
    -------
    DataFrame
        Columns group, estimate, std_error, lower, upper.

    Raises
    ------
    PanelError
        Rows that are no panel; arguments that are no names of columns.
    FitError
        A horizon that is no number, or before the first time of all groups.

    Warns
    -----
    BelbiotechWarning
        A horizon beyond the last time of a group whose curve has not come down to 0: it is
        drawn on, flat, as in R. A horizon before a group's first event. Weights that are not
        whole numbers.

    References
    ----------
    Royston and Parmar (2013), BMC Medical Research Methodology 13:152.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import restricted_mean
    >>> firms = pd.DataFrame(
    ...     {"start": [0, 0, 1, 2, 0], "stop": [2, 4, 3, 5, 5], "failure": [1, 0, 1, 0, 1]}
    ... )
    >>> restricted_mean(firms, "failure", 5).round(3)
      group  estimate  std_error  lower  upper
    0   all     3.875      0.631  2.638  5.112
    """
    check_limit_options(conf_level)
    means, doubts = _means(data, outcome, horizon, by, weights, start, stop)
    for doubt in doubts:
        warn(doubt)
    return _with_limits(means, conf_level)


@all_from_zero
def restricted_mean_difference(
    data: pd.DataFrame,
    outcome: str,
    horizon: float,
    by: str | Sequence[str],
    *,
    reference: Hashable = None,
    weights: str | None = None,
    conf_level: float = 0.95,
    start: str = "start",
    stop: str = "stop",
) -> pd.DataFrame:
    """Compare the groups' restricted means with that of a reference group.

    Parameters
    ----------
    data, outcome, horizon, by, weights, conf_level, start, stop
        As in `restricted_mean`.
    reference : object, optional
        The group that the others are compared with; the first in order without one.

    Returns
    -------
    DataFrame
        Columns group, reference, estimate (group less reference), std_error, lower, upper,
        statistic (z), p_value.

    Raises
    ------
    PanelError
        Rows that are no panel.
    FitError
        Fewer than two groups, an unknown reference, a horizon as in `restricted_mean`.

    Warns
    -----
    BelbiotechWarning
        As in `restricted_mean`.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import restricted_mean_difference
    >>> firms = pd.DataFrame(
    ...     {
    ...         "start": [0, 0, 1, 0, 0, 0],
    ...         "stop": [2, 4, 3, 5, 4, 5],
    ...         "failure": [1, 1, 1, 0, 0, 0],
    ...         "allied": ["no", "yes", "no", "yes", "no", "yes"],
    ...     }
    ... )
    >>> restricted_mean_difference(firms, "failure", 4, "allied").round(3)
      group reference  estimate  std_error  lower  upper  statistic  p_value
    0   yes        no       1.0      0.471  0.076  1.924      2.121    0.034
    """
    from scipy.stats import norm

    check_limit_options(conf_level)
    means, doubts = _means(data, outcome, horizon, by, weights, start, stop)
    base = _reference_row(means, reference, by)
    for doubt in doubts:
        warn(doubt)
    others = means[means["group"] != base["group"]]
    result = pd.DataFrame(
        {
            "group": others["group"],
            "reference": [base["group"]] * len(others),
            "estimate": others["estimate"] - base["estimate"],
            "std_error": np.hypot(others["std_error"], base["std_error"]),
        }
    ).reset_index(drop=True)
    result = _with_limits(result, conf_level)
    statistic = result["estimate"] / result["std_error"]
    return result.assign(statistic=statistic, p_value=2 * norm.sf(np.abs(statistic)))


def _means(
    data: pd.DataFrame,
    outcome: str,
    horizon: float,
    by: str | Sequence[str] | None,
    weights: str | None,
    start: str,
    stop: str,
) -> tuple[pd.DataFrame, list[str]]:
    """Give each group's mean and its error, and what there is to warn of."""
    data = check_rows(
        data, [outcome], start=start, stop=stop, groups=as_columns(by), weights=weights
    )
    tables = risk_tables(data, [outcome], by, start=start, stop=stop, weights=weights)
    _check_horizon(tables, horizon)
    rows = [(table.group, *_mean(table, horizon)) for table in tables]
    means = pd.DataFrame(rows, columns=["group", "estimate", "std_error"])
    doubts = [line for table in tables for line in _doubts(table, horizon, outcome)]
    return means, doubts + _broken_weights(data, weights)


def _mean(table: RiskTable, horizon: float) -> tuple[float, float]:
    """Add up the area under a curve, and its variance.

    Var = sum over event times t of (area from t to the horizon)^2 d / (n (n - d))
    (Klein and Moeschberger 2003, formula 4.5.2).
    """
    kept = table.time <= horizon
    survival = curves_of(table)[0][kept]
    begin = min(0.0, float(table.time[0]))
    times = np.concatenate([[begin], table.time[kept], [horizon]])
    areas = np.diff(times) * np.concatenate([[1.0], survival])
    left = np.cumsum(areas[::-1])[::-1][1:]
    hazard, at_risk = table.hazard[kept, 0], table.at_risk[kept]
    spread = at_risk * (1 - hazard)
    terms = np.divide(hazard, spread, out=np.zeros_like(hazard), where=spread > 0)
    return float(areas.sum()) + begin, float(np.sqrt(left**2 @ terms))


def _with_limits(means: pd.DataFrame, conf_level: float) -> pd.DataFrame:
    step = normal_quantile(conf_level) * means["std_error"]
    return means.assign(lower=means["estimate"] - step, upper=means["estimate"] + step)


def _check_horizon(tables: list[RiskTable], horizon: float) -> None:
    first = min(float(table.time[0]) for table in tables)
    if not isinstance(horizon, int | float | np.number) or not abs(horizon) <= LARGEST:
        msg = f"horizon must be a time, such as 10; it is {in_words(horizon)}"
        raise FitError(msg)
    if horizon < first:
        msg = f"horizon {horizon:g} is before the first time at which a row ends, {first:g}"
        raise FitError(msg)


def _doubts(table: RiskTable, horizon: float, outcome: str) -> list[str]:
    """Say, in one sentence, what makes a group's mean doubtful."""
    last = float(table.time[-1])
    short = horizon > last and curves_of(table)[0][-1] > 0
    followed = (
        f"was followed up to {last:g} only, and its curve has not come down to 0: it is held flat "
        f"up to the horizon {horizon:g}"
    )
    none = f"has no {outcome!r} by the horizon {horizon:g}: its standard error is 0"
    seen = table.events[table.time <= horizon].any()
    found = [text for text, true in ((followed, short), (none, not seen)) if true]
    return [f"group {table.group!r} {', and '.join(found)}"] if found else []


def _broken_weights(data: pd.DataFrame, weights: str | None) -> list[str]:
    """Say that the error counts weights as rows, where they are not whole numbers."""
    if whole_weights(data, weights):
        return []
    return [
        f"weights {weights!r} are not whole numbers, and the standard error counts a weight of w "
        "as w rows, as R does: it changes with the scale of the weights. Scale them so that they "
        "add up to the rows they stand for, or take the error from a bootstrap of the firms"
    ]


def _reference_row(
    means: pd.DataFrame, reference: Hashable, by: str | Sequence[str]
) -> pd.Series[float]:
    groups = means["group"].tolist()
    check_groups(groups, as_columns(by))
    if reference is None:
        reference = groups[0]
    if not isinstance(reference, Hashable) or reference not in groups:
        msg = f"there is no group {in_words(reference)}; {nearest_names(reference, groups)}"
        raise FitError(msg)
    return means.iloc[groups.index(reference)]
