"""Robust variance of log-rank scores: from what each cluster adds to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from belbiotech.survival.curves.group_times import GroupedStrata
from belbiotech.survival.curves.risk_tables import group_labels
from belbiotech.survival.inference.variance import clustered_variance
from belbiotech.survival.rows.checks import FloatArray
from belbiotech.survival.rows.column_codes import Codes
from belbiotech.survival.rows.times import interval_times

__all__ = ["score_residuals", "score_variance"]


def score_residuals(
    data: pd.DataFrame,
    outcome: str,
    grouped: GroupedStrata,
    time_weights: Sequence[FloatArray],
    *,
    by: Sequence[str],
    strata: Sequence[str],
    start: str,
    stop: str,
) -> FloatArray:
    """Give what each row, with a weight of one, adds to observed less expected events.

    A row of group g adds ``(e_g - p(t)) (dN - Y dH(t))`` at each time, with p the groups' shares
    of those at risk and H the hazard of all together: the score residual of a Cox model of the
    groups without effects (Lin and Wei 1989), times the weight of the event time.

    Parameters
    ----------
    data : DataFrame, (n, k)
        Rows that `check_rows` has let pass.
    outcome : str
        Column of 0/1.
    grouped : GroupedStrata
        The same rows counted.
    time_weights : sequence of array of float, (t,)
        For each stratum the weight of its event times.
    by, strata : sequence of str
        Columns of the groups and strata.
    start, stop : str
        Columns of the intervals.

    Returns
    -------
    array of float, (n, g)
        By row and group.
    """
    begins, ends = (times.to_numpy(dtype=float) for times in interval_times(data, start, stop))
    event = data[outcome].to_numpy(dtype=float)
    group, labels = group_labels(data, by)
    of_stratum, _ = group_labels(data, strata)
    added = np.zeros((len(data), len(labels)))
    for k, (stratum, weight) in enumerate(zip(grouped.strata, time_weights, strict=True)):
        rows = np.flatnonzero(of_stratum == k)
        first = np.searchsorted(stratum.time, begins[rows], side="right")
        after = np.searchsorted(stratum.time, ends[rows], side="right")
        n = stratum.at_risk.sum(axis=1)
        share = stratum.at_risk / n[:, None]
        hazard = weight * stratum.events[0].sum(axis=1) / n
        own = np.eye(len(labels))[group[rows]]
        # the sums of hazard, and of hazard times share, up to each event time
        upto = np.concatenate([[0.0], np.cumsum(hazard)])
        shared = np.vstack([np.zeros(len(labels)), np.cumsum(hazard[:, None] * share, axis=0)])
        added[rows] -= own * (upto[after] - upto[first])[:, None] - (shared[after] - shared[first])
        happened = (event[rows] > 0) & (after > 0)
        last = after[happened] - 1
        jump = weight[last][:, None] * (own[happened] - share[last])
        added[rows[happened]] += jump * event[rows[happened]][:, None]
    return added


def score_variance(
    data: pd.DataFrame,
    outcome: str,
    grouped: GroupedStrata,
    time_weights: Sequence[FloatArray],
    ways: Sequence[Codes],
    *,
    by: Sequence[str],
    strata: Sequence[str],
    weights: str | None,
    start: str,
    stop: str,
) -> FloatArray:
    """Give the variance of observed less expected events, robust to dependence within clusters.

    The rows' score residuals, times their case weights, are summed by cluster (Lin and Wei 1989).

    Parameters
    ----------
    data : DataFrame, (n, k)
        Rows that `check_rows` has let pass.
    outcome : str
        Column of 0/1.
    grouped : GroupedStrata
        The same rows counted.
    time_weights : sequence of array of float, (t,)
        For each stratum the weight of its event times.
    ways : sequence of array of int, (n,)
        The cluster of each row, for one or two ways of clustering.
    by, strata : sequence of str
        Columns of the groups and strata.
    weights : str or None
        Column of case weights.
    start, stop : str
        Columns of the intervals.

    Returns
    -------
    array of float, (g, g)
        The sum over clusters of their products; V1 + V2 - V12 with two ways.
    """
    added = score_residuals(
        data, outcome, grouped, time_weights, by=by, strata=strata, start=start, stop=stop
    )
    if weights is not None:
        added *= data[weights].to_numpy(dtype=float)[:, None]
    return clustered_variance(np.eye(len(grouped.labels)), ways, added)
