"""Variances of curves: from the risk sets alone, or robust, from the influence of each cluster.

With the hazard of each outcome at each time, ``h_k = d_k / n``, the curves move as
``S = S_ (1 - sum h)`` and ``F_k = F_k_ + S_ h_k``, where ``_`` is the time before (Aalen and
Johansen 1978). Both kinds of variance follow these two lines.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from belbiotech.survival.curves.risk_tables import RiskTable, Rows
from belbiotech.survival.rows.checks import FloatArray, IntArray

__all__ = [
    "Variances",
    "clustered_variances",
    "curves_of",
    "risk_set_variances",
    "row_influences",
    "row_variances",
    "variances_of",
]


@dataclass(frozen=True)
class Variances:
    """Variances of a group's curves at its times.

    Attributes
    ----------
    survival : array of float, (t,)
        Of the probability that nothing has happened yet.
    incidence : array of float, (t, k)
        Of the probability that the k-th outcome has happened.
    cumulated_hazard : array of float, (t, k)
        Of the cumulated hazards.
    """

    survival: FloatArray
    incidence: FloatArray
    cumulated_hazard: FloatArray


def curves_of(table: RiskTable) -> tuple[FloatArray, FloatArray]:
    """Give survival, (t,), and cumulative incidences, (t, k), of a risk table."""
    survival = np.cumprod(np.clip(1.0 - table.hazard.sum(axis=1), 0.0, None))
    before = np.concatenate([[1.0], survival[:-1]])
    return survival, np.cumsum(before[:, None] * table.hazard, axis=0)


def risk_set_variances(table: RiskTable) -> Variances:
    """Give variances in the manner of Greenwood: the events of a time are multinomial.

    Cutting rows changes nothing. Where nobody enters late, these equal the robust variances
    with the units as clusters; then the influences of different times are uncorrelated.

    Parameters
    ----------
    table : RiskTable
        A group's numbers.

    Returns
    -------
    Variances
        Of the cumulated hazards, Aalen's ``sum d / n**2``.

    References
    ----------
    Andersen, Borgan, Gill and Keiding (1993), sections IV.1, IV.3 and IV.4.
    """
    survival, _ = curves_of(table)
    times, outcomes = table.hazard.shape
    of_survival, of_incidence = np.zeros(times), np.zeros((times, outcomes))
    before, ss, sf, ff = 1.0, 0.0, np.zeros(outcomes), np.zeros(outcomes)
    for j in range(times):
        h = table.hazard[j]
        if h.any():
            total = min(h.sum(), 1.0)
            # Var h_k = h_k (1 - h_k) / n, Cov(h_k, sum h) = h_k (1 - sum h) / n
            unit = before**2 / table.at_risk[j]
            ff = ff + 2 * h * sf + h**2 * ss + unit * h * (1 - h)
            sf = (1 - total) * (sf + h * ss) - unit * h * (1 - total)
            ss = (1 - total) ** 2 * ss + unit * total * (1 - total)
        before = survival[j]
        # where all have had a fate, rounding may leave the zero below zero
        of_survival[j], of_incidence[j] = max(ss, 0.0), np.maximum(ff, 0.0)
    n = np.where(table.at_risk > 0, table.at_risk, 1.0)[:, None]
    return Variances(of_survival, of_incidence, np.cumsum(table.events / n**2, axis=0))


def row_variances(table: RiskTable) -> Variances:
    """Give robust variances with each row of the data as a cluster of its own.

    This is what R's ``survfit`` does with weights that are not whole numbers.

    Parameters
    ----------
    table : RiskTable
        A group's numbers.

    Returns
    -------
    Variances
        Sums over the rows of their squared weighted influence.
    """
    rows = table.rows
    alone = np.arange(len(rows.weight), dtype=np.int64)
    single = replace(rows, weight=np.ones_like(rows.weight))
    return _squared_influences(table, single, alone, rows.weight_squared)


def clustered_variances(table: RiskTable, rows: Rows, cluster: IntArray) -> Variances:
    """Give robust variances (infinitesimal jackknife) by cluster, as R's ``survfit(id=)``.

    Parameters
    ----------
    table : RiskTable
        A group's numbers.
    rows : Rows
        The same group's rows, not pooled over clusters, (m,).
    cluster : array of int, (m,)
        Each row's cluster, from 0 on.

    Returns
    -------
    Variances
        Sums over the clusters of their squared influence.

    References
    ----------
    Lawless and Nadeau (1995), Technometrics 37. Therneau and Grambsch (2000), section 2.3.
    """
    return _squared_influences(table, rows, cluster, np.ones(int(cluster.max()) + 1))


def row_influences(table: RiskTable, rows: Rows) -> FloatArray:
    """Give what one more of each row would do to the curves, by time.

    Parameters
    ----------
    table : RiskTable
        A group's numbers, with k outcomes at t times.
    rows : Rows
        Distinct rows of the group, (m,).

    Returns
    -------
    array of float, (m, t * (1 + 2 k))
        The influence on survival, on each incidence and on each cumulated hazard, as the squares
        that `variances_of` takes apart. Sums over a cluster's rows are the cluster's influence.
    """
    times, outcomes = table.hazard.shape
    m = len(rows.start)
    survival, _ = curves_of(table)
    first, after = table.spans(rows)
    on_survival = np.zeros((times, m))
    on_incidence, on_hazards = np.zeros((outcomes, times, m)), np.zeros((outcomes, times, m))
    of_s, of_f, of_h = np.zeros(m), np.zeros((outcomes, m)), np.zeros((outcomes, m))
    before = 1.0
    for j in range(times):
        if table.hazard[j].any():
            present, ending = (first <= j) & (j < after), after - 1 == j
            of_s_before, of_s = of_s, of_s * max(0.0, 1.0 - table.hazard[j].sum())
            for k in np.flatnonzero(table.hazard[j]):
                deaths = ending * rows.events[:, k]
                on_hazard = (deaths - present * table.hazard[j, k]) / table.at_risk[j]
                of_h[k] += on_hazard
                of_f[k] += of_s_before * table.hazard[j, k] + before * on_hazard
                of_s = of_s - before * on_hazard
        on_survival[j], on_incidence[:, j], on_hazards[:, j] = of_s, of_f, of_h
        before = survival[j]
    parts = [on_survival, *on_incidence, *on_hazards]
    return np.concatenate(parts).T


def variances_of(table: RiskTable, squares: FloatArray) -> Variances:
    """Take apart the sums of squares over clusters of what `row_influences` gives.

    Parameters
    ----------
    table : RiskTable
        The group's numbers.
    squares : array of float, (t * (1 + 2 k),)
        Summed by cluster, squared and summed.

    Returns
    -------
    Variances
        As of `clustered_variances`.
    """
    times, outcomes = table.hazard.shape
    parts = squares.reshape(1 + 2 * outcomes, times)
    return Variances(parts[0], parts[1 : 1 + outcomes].T, parts[1 + outcomes :].T)


def _squared_influences(
    table: RiskTable, rows: Rows, cluster: IntArray, times_counted: FloatArray
) -> Variances:
    """Follow each cluster's influence on S, F_k and the cumulated hazards from time to time."""
    times, outcomes = table.hazard.shape
    survival, _ = curves_of(table)
    first, after = table.spans(rows)
    enters, ends = _by_time(first, times + 1), _by_time(after - 1, times + 1)
    n_clusters = len(times_counted)
    present = np.zeros(n_clusters)
    of_s = np.zeros(n_clusters)
    of_f, of_h = np.zeros((outcomes, n_clusters)), np.zeros((outcomes, n_clusters))
    result = Variances(np.zeros(times), np.zeros((times, outcomes)), np.zeros((times, outcomes)))
    before = 1.0
    for j in range(times):
        came, went = enters[j], ends[j]
        present += np.bincount(cluster[came], rows.weight[came], n_clusters)
        if table.hazard[j].any():
            happened = rows.weight[went] * rows.events[went].T
            of_s_before, of_s = of_s, of_s * max(0.0, 1.0 - table.hazard[j].sum())
            for k in np.flatnonzero(table.hazard[j]):
                # Influence on h_k = d_k / n of one more of each cluster: (dN - Y h_k) / n
                deaths = np.bincount(cluster[went], happened[k], n_clusters)
                on_hazard = (deaths - present * table.hazard[j, k]) / table.at_risk[j]
                of_h[k] += on_hazard
                of_f[k] += of_s_before * table.hazard[j, k] + before * on_hazard
                of_s -= before * on_hazard
        result.survival[j] = (of_s**2 * times_counted).sum()
        result.incidence[j] = (of_f**2 * times_counted).sum(axis=1)
        result.cumulated_hazard[j] = (of_h**2 * times_counted).sum(axis=1)
        present -= np.bincount(cluster[went], rows.weight[went], n_clusters)
        before = survival[j]
    return result


def _by_time(position: IntArray, times: int) -> list[IntArray]:
    """List for each time the rows at that position."""
    order = np.argsort(position, kind="stable")
    return np.split(order, np.searchsorted(position[order], np.arange(1, times)))
