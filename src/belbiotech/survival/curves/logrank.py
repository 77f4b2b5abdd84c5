"""Log-rank tests with delayed entry: the weighted kin, strata, trend and pairs."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, warn
from belbiotech.survival.curves.curve_rows import curve_rows
from belbiotech.survival.curves.group_times import GroupedStrata, grouped_strata
from belbiotech.survival.curves.risk_tables import refuse_many_groups
from belbiotech.survival.curves.score_variance import score_residuals, score_variance
from belbiotech.survival.curves.trend import trend_scores
from belbiotech.survival.curves.weightings import Weighting, check_weighting, stratum_weights
from belbiotech.survival.engines.held import CountedRows, counted_rows
from belbiotech.survival.engines.reading import Reading
from belbiotech.survival.inference.test_result import TestResult
from belbiotech.survival.inference.variance import squares
from belbiotech.survival.rows.checks import FloatArray, check_rows
from belbiotech.survival.rows.clusters import as_cluster_columns, cluster_codes
from belbiotech.survival.rows.column_names import as_columns, check_names
from belbiotech.survival.rows.from_zero import all_from_zero

__all__ = ["chi_square", "logrank_test", "pairwise_logrank"]

MANY = 20  # groups
MOST_IN_PAIRS = 100  # groups: 4,950 pairs
SHOWN = 5  # pairs or groups named in a message
NO_TEST = (float("nan"), 0, float("nan"))  # of a pair that has nothing to compare
NO_VARIANCE = 1e-10  # directions of less than this share of the largest variance have none


@all_from_zero
def logrank_test(
    data: pd.DataFrame | Any,
    outcome: str,
    by: str | Sequence[str],
    *,
    weighting: Weighting = "logrank",
    rho: float = 0.0,
    gamma: float = 0.0,
    strata: str | Sequence[str] | None = None,
    trend: bool | Mapping[Hashable, float] | pd.Series[float] = False,
    weights: str | None = None,
    unit: str | None = None,
    cluster: str | Sequence[str] | None = None,
    start: str = "start",
    stop: str = "stop",
) -> TestResult:
    """Test whether groups have the same hazard, with delayed entry.

    At each event time the events of a group are compared with those expected if all at risk then
    (``start < t <= stop``) had the same chance. The variance is the hypergeometric one, so that
    ties are right; without weights this is the score test of R's ``coxph(ties = "exact")``, and
    where nobody enters late it is R's ``survdiff``.

    Parameters
    ----------
    data : DataFrame, path or glob of Parquet or CSV files, DuckDB relation, LazyFrame, Ibis table
        One row for each interval ``(start, stop]``.
    outcome : str
        Column of 0/1 or bool: did it happen at ``stop``?
    by : str or list of str
        Columns whose values make the groups.
    weighting : {"logrank", "gehan-breslow", "tarone-ware", "peto", "fleming-harrington"}
        Weight of an event time with n at risk: 1; n; the root of n; Peto and Peto's survival
        ``prod(1 - d / (n + 1))`` up to that time, as in lifelines and Stata; or
        ``S**rho * (1 - S)**gamma`` with S the pooled Kaplan-Meier curve just before it.
        (R's ``survdiff(rho=)`` is "fleming-harrington" with that rho.)
    rho, gamma : float
        Of "fleming-harrington" only.
    strata : str or list of str, optional
        Columns within whose values groups are compared; the comparisons are added up.
    trend : bool, mapping or Series
        Test for trend, on 1 degree of freedom: over the groups' order (True), or over scores, a
        mapping of each group to a number, or a Series of numbers with the groups as its index.
    weights : str, optional
        Column of case weights, not negative. Whole numbers count as that many rows; with others
        the variance is robust, each unit a cluster, as in `kaplan_meier`.
    unit : str, optional
        Column that says whose row it is; by default the panel's own (``data.attrs["unit"]``),
        else ``firm_id``.
    cluster : str or sequence of two str, optional
        A variance robust to dependence within clusters: that of the score residuals of R's
        ``coxph`` with the groups as covariate and no effects (Lin and Wei 1989).
    start, stop : str
        Columns of the intervals.

    Returns
    -------
    TestResult
        With ``statistic``, ``df``, ``p_value`` and ``table``.

    Raises
    ------
    PanelError
        Rows that are no panel; arguments that are no names of columns.
    FitError
        Fewer than two groups; a single cluster; no event while two groups are at risk; an unknown
        weighting; a rho or gamma that is negative or no number; scores that do not fit the groups.

    References
    ----------
    Klein and Moeschberger (2003), Survival Analysis, sections 7.3 to 7.5. Lin and Wei (1989),
    Journal of the American Statistical Association 84.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import logrank_test
    >>> firms = pd.DataFrame(
    ...     {
    ...         "start": [0, 0, 1, 2, 0, 3, 0, 1],
    ...         "stop": [2, 4, 3, 5, 1, 5, 6, 4],
    ...         "failure": [1, 0, 1, 0, 0, 1, 0, 1],
    ...         "allied": ["no", "yes", "no", "yes", "no", "no", "yes", "yes"],
    ...     }
    ... )
    >>> logrank_test(firms, "failure", "allied")
    Log-rank test of failure by allied: chi-square 4.455 on 1 df, p = 0.0348
    group  rows  observed  expected
       no     4       3.0  1.133333
      yes     4       1.0  2.866667
    """
    check_weighting(weighting, rho, gamma)
    groups, within = as_columns(by), as_columns(strata, "strata")
    clusters = as_cluster_columns(cluster)
    check_names(outcome=outcome, start=start, stop=stop)
    rows, own = curve_rows(
        data,
        [outcome],
        [*groups, *within],
        cluster=clusters,
        unit=unit,
        weights=weights,
        start=start,
        stop=stop,
    )
    grouped = grouped_strata(
        rows.data,
        [outcome],
        by,
        strata,
        weights=rows.weights,
        start=start,
        stop=stop,
        frequency=rows.frequency,
    )
    contrast = trend_scores(trend, grouped.labels)
    observed, expected, variance = _add_up(grouped, weighting, rho, gamma)
    if clusters or not rows.whole_weights:
        variance = _robust_variance(
            rows,
            outcome,
            grouped,
            [stratum_weights(stratum, weighting, rho, gamma) for stratum in grouped.strata],
            clusters or ([own] if own else []),
            by=groups,
            strata=within,
            start=start,
            stop=stop,
        )
    _warn_of_many(by, len(grouped.labels), observed.sum())
    statistic, df, p_value = chi_square(observed - expected, variance, contrast)
    table = pd.DataFrame(
        {
            "group": grouped.labels,
            "rows": grouped.rows.astype(int),
            "observed": observed,
            "expected": expected,
        }
    )
    title = _title(outcome, by, strata, weighting, contrast is not None)
    return TestResult(statistic, df, p_value, title, table)


def _robust_variance(
    rows: CountedRows,
    outcome: str,
    grouped: GroupedStrata,
    time_weights: Sequence[FloatArray],
    cluster: Sequence[str],
    *,
    by: Sequence[str],
    strata: Sequence[str],
    start: str,
    stop: str,
) -> FloatArray:
    """Give the variance by clusters, or by row without any, wherever the rows are."""
    data = rows.data
    if rows.held is None:
        return score_variance(
            data,
            outcome,
            grouped,
            time_weights,
            cluster_codes(data, cluster) or (np.arange(len(data)),),
            by=by,
            strata=strata,
            weights=rows.weights,
            start=start,
            stop=stop,
        )
    residuals = score_residuals(
        data, outcome, grouped, time_weights, by=by, strata=strata, start=start, stop=stop
    )
    if cluster:
        return rows.held.squares(residuals, cluster)[0]
    return squares(residuals, rows.weight_squared)


@all_from_zero
def pairwise_logrank(
    data: pd.DataFrame | Any,
    outcome: str,
    by: str | Sequence[str],
    *,
    weighting: Weighting = "logrank",
    rho: float = 0.0,
    gamma: float = 0.0,
    strata: str | Sequence[str] | None = None,
    start: str = "start",
    stop: str = "stop",
) -> pd.DataFrame:
    """Test each pair of groups, with Holm's correction for the number of pairs.

    Parameters
    ----------
    data, outcome, by, weighting, rho, gamma, strata, start, stop
        As in `logrank_test`.

    Returns
    -------
    DataFrame
        Columns group_1, group_2, statistic, df, p_value, p_holm; one row for each pair. A pair
        without an event while both are at risk has 0 degrees of freedom and NaN, and does not
        count in Holm's correction.

    Raises
    ------
    PanelError
        As in `logrank_test`.
    FitError
        As in `logrank_test`; no event while any two groups are at risk.

    Warns
    -----
    BelbiotechWarning
        Pairs that cannot be compared, by name.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import pairwise_logrank
    >>> firms = pd.DataFrame(
    ...     {
    ...         "start": [0, 0, 1, 0, 0, 0],
    ...         "stop": [2, 4, 3, 5, 1, 5],
    ...         "failure": [1, 1, 1, 0, 1, 1],
    ...         "region": ["BRU", "VLG", "BRU", "VLG", "WAL", "WAL"],
    ...     }
    ... )
    >>> pairwise_logrank(firms, "failure", "region").round(3)
      group_1 group_2  statistic  df  p_value  p_holm
    0     BRU     VLG      2.882   1    0.090   0.269
    1     BRU     WAL      0.360   1    0.549   0.866
    2     VLG     WAL      0.615   1    0.433   0.866
    """
    from statsmodels.stats.multitest import multipletests

    check_weighting(weighting, rho, gamma)
    grouped = _grouped(data, outcome, by, strata, start, stop)
    refuse_many_groups(grouped.labels, as_columns(by), MOST_IN_PAIRS)
    tests = []
    for pair in combinations(range(len(grouped.labels)), 2):
        observed, expected, variance = _add_up(grouped.only(pair), weighting, rho, gamma)
        found = chi_square(observed - expected, variance, None) if variance.any() else NO_TEST
        tests.append([*(grouped.labels[k] for k in pair), *found])
    table = pd.DataFrame(tests, columns=["group_1", "group_2", "statistic", "df", "p_value"])
    tested = table["df"] > 0
    _tell_of_pairs(table[~tested], bool(tested.any()), grouped.labels)
    holm = multipletests(table.loc[tested, "p_value"], method="holm")[1]
    return table.assign(p_holm=pd.Series(holm, index=table.index[tested]))


def _warn_of_many(by: str | Sequence[str], groups: int, events: float) -> None:
    """Warn where groups are many: the chi-square is no good guide to so few events in each."""
    if groups > MANY:
        msg = (
            f"{by!r} makes {groups} groups of {events:.0f} events: the chi-square distribution is "
            "no good guide to a test of so many; test by a column of few values, or put this one "
            "into strata="
        )
        warn(msg)


def _tell_of_pairs(untested: pd.DataFrame, others: bool, labels: Sequence[Hashable]) -> None:
    """Warn of pairs that cannot be compared; refuse where none can."""
    if not others:
        shown = ", ".join(map(repr, labels[:SHOWN])) + (", ..." if len(labels) > SHOWN else "")
        msg = (
            f"there is no event while two of the {len(labels)} groups ({shown}) are at risk: "
            "nothing to compare"
        )
        raise FitError(msg)
    if untested.empty:
        return
    names = (untested[column].tolist() for column in ("group_1", "group_2"))
    pairs = [f"{one!r} and {two!r}" for one, two in zip(*names, strict=True)]
    more = f", and {len(pairs) - SHOWN} more" if len(pairs) > SHOWN else ""
    msg = (
        "there is no event while both groups of a pair are at risk, and nothing to compare (NaN, "
        f"0 df), for {', '.join(pairs[:SHOWN])}{more}; Holm's correction is that of the other pairs"
    )
    warn(msg)


def chi_square(
    difference: FloatArray,
    variance: FloatArray,
    contrast: FloatArray | None,
) -> tuple[float, int, float]:
    """Make a chi-square test of differences that add up to zero over the groups.

    Parameters
    ----------
    difference : array of float, (g,)
        Observed minus expected by group.
    variance : array of float, (g, g)
        Its variance.
    contrast : array of float, (g,), optional
        Scores of the groups, for a test on 1 degree of freedom.

    Returns
    -------
    statistic, df, p_value : float, int, float
        The degrees of freedom are the rank of the variance: a group that is never at risk beside
        another counts for nothing.

    Raises
    ------
    FitError
        No variance at all.
    """
    from scipy.stats import chi2

    if contrast is not None:
        difference = np.atleast_1d(contrast @ difference)
        variance = np.atleast_2d(contrast @ variance @ contrast)
    values, vectors = np.linalg.eigh(variance)
    kept = values > NO_VARIANCE * max(values.max(), np.finfo(float).tiny)
    if not kept.any():
        msg = "there is no event while two of the groups are at risk: nothing to compare"
        raise FitError(msg)
    statistic = float(((vectors.T @ difference)[kept] ** 2 / values[kept]).sum())
    df = int(kept.sum())
    return statistic, df, float(chi2.sf(statistic, df))


def _grouped(
    data: pd.DataFrame,
    outcome: str,
    by: str | Sequence[str],
    strata: str | Sequence[str] | None,
    start: str,
    stop: str,
) -> GroupedStrata:
    columns = [*as_columns(by), *as_columns(strata, "strata")]
    check_names(outcome=outcome, start=start, stop=stop)
    reading = Reading((outcome,), tuple(dict.fromkeys(columns)), start=start, stop=stop)
    rows = counted_rows(data, reading)
    table = rows.data
    if rows.held is None:
        table = check_rows(table, [outcome], start=start, stop=stop, groups=columns)
    return grouped_strata(
        table, [outcome], by, strata, start=start, stop=stop, frequency=rows.frequency
    )


def _add_up(
    grouped: GroupedStrata, weighting: Weighting, rho: float, gamma: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Add observed, expected and variance over event times and strata."""
    groups = len(grouped.labels)
    observed, expected = np.zeros(groups), np.zeros(groups)
    variance = np.zeros((groups, groups))
    for stratum in grouped.strata:
        events = stratum.events[0]
        n, d = stratum.at_risk.sum(axis=1), events.sum(axis=1)
        weight = stratum_weights(stratum, weighting, rho, gamma)
        share = stratum.at_risk / n[:, None]
        observed += weight @ events
        expected += (weight * d) @ share
        # Var(d_g) = d (n - d) / (n - 1) * (p_g (g = h) - p_g p_h), the multiple hypergeometric
        spread = weight**2 * d * (n - d) / np.maximum(n - 1, 1)
        spread[share.max(axis=1) == 1] = 0  # one group alone: none, and none by rounding
        variance += np.diag(spread @ share) - share.T @ (spread[:, None] * share)
    return observed, expected, variance


def _title(
    outcome: str,
    by: str | Sequence[str],
    strata: str | Sequence[str] | None,
    weighting: Weighting,
    trend: bool,
) -> str:
    kind = "Log-rank" if weighting == "logrank" else weighting.title()
    within = f" within {', '.join(as_columns(strata, 'strata'))}" if strata else ""
    what = "test for trend" if trend else "test"
    return f"{kind} {what} of {outcome} by {', '.join(as_columns(by))}{within}"
