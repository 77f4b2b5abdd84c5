"""How often the higher hazard fails first: the concordance of a Cox model, and its error.

At each event the one that fails is compared with all others then at risk: the pair agrees with
the model when the one that fails had the higher linear predictor. Pairs are counted by sorting,
never one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from belbiotech.survival.cox.fit import CoxFit, linear_predictor_of, refuse_streamed
from belbiotech.survival.cox.partial_likelihood import Design
from belbiotech.survival.cox.robust import middle_of
from belbiotech.survival.rows.checks import FloatArray, IntArray

__all__ = ["Concordance", "Pairs", "concordance", "count_pairs"]


@dataclass(frozen=True)
class Concordance:
    """How well a Cox model orders its events.

    Attributes
    ----------
    estimate, std_error : float
        The share of comparable pairs that the model orders rightly, and its error.
    pairs : Pairs
        What it was counted from.
    """

    estimate: float
    std_error: float
    pairs: Pairs


@dataclass(frozen=True)
class Pairs:
    """The pairs of a Cox model, by whether they agree with it.

    Attributes
    ----------
    concordant, discordant, tied : float
        Summed weight of the pairs in which the one that failed had the higher, the lower, the
        same linear predictor.
    share : float
        ``(concordant + tied / 2) / (concordant + discordant + tied)``; NaN without pairs.
    influence : array of float, (m,)
        What one more row (of weight 1) like each distinct row would add to the share.
    """

    concordant: float
    discordant: float
    tied: float
    share: float
    influence: FloatArray


@dataclass(frozen=True)
class _Points:
    """Rows in the order of a key, with the rank of their linear predictor and their weight."""

    key: IntArray
    rank: IntArray
    weight: FloatArray


def concordance(fit: CoxFit) -> Concordance:
    """Compute the concordance of a fitted Cox model, with the error of the infinitesimal jackknife.

    Parameters
    ----------
    fit : CoxFit
        The fit. Its clusters, if any, are those of the error too.

    Returns
    -------
    Concordance
        Estimate, error and pairs, as R's ``concordance`` of a ``coxph`` fit.

    References
    ----------
    Therneau and Watson (2015), The concordance statistic and the Cox model, Mayo Clinic
    technical report 85.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import cox
    >>> rows = pd.DataFrame({"start": 0, "stop": [k % 7 + 1 for k in range(40)]})
    >>> rows["failure"] = [k % 2 for k in range(40)]
    >>> rows["size"] = [k * k % 11 for k in range(40)]
    >>> result = cox("failure ~ size", rows)
    >>> round(result.concordance, 4), round(result.concordance_std_error, 4)
    (0.5398, 0.0668)
    """
    refuse_streamed(fit, "no concordance")
    pairs = count_pairs(fit.design, linear_predictor_of(fit))
    rows = fit.rows
    influence = rows.over_pieces(pairs.influence)
    if rows.cluster:
        variance = float(middle_of(fit, influence[:, None])[0, 0])
    else:
        squares = influence[rows.row_of] ** 2
        variance = float((rows.squared_weight * squares).sum())
    return Concordance(pairs.share, float(np.sqrt(variance)), pairs)


def count_pairs(design: Design, linear_predictor: FloatArray) -> Pairs:
    """Count the concordant, discordant and tied pairs of a Cox model.

    Parameters
    ----------
    design : Design
        Counted rows; pairs are only made within a stratum.
    linear_predictor : array of float, (m,)
        Of each distinct row.

    Returns
    -------
    Pairs
        Their weights, the concordant share and each distinct row's influence on it.

    Notes
    -----
    Two that fail at the same time are no pair. As R's ``concordance`` for a Cox model, with
    its default weights (all pairs count alike).

    References
    ----------
    Harrell, Lee and Mark (1996), Statistics in Medicine 15:361-387.

    Examples
    --------
    >>> import numpy as np
    >>> from belbiotech.survival.cox.partial_likelihood import Design
    >>> design = Design(
    ...     start=np.zeros(3),
    ...     stop=np.array([1.0, 2.0, 3.0]),
    ...     event=np.array([True, True, False]),
    ...     stratum=np.zeros(3, dtype=int),
    ...     x=np.array([[2.0], [0.0], [1.0]]),
    ...     number=np.ones(3),
    ...     weight=np.ones(3),
    ... )
    >>> round(count_pairs(design, design.x[:, 0]).share, 4)
    0.6667
    """
    rank = np.unique(linear_predictor, return_inverse=True)[1]
    start, stop = _time_keys(design)
    below, above, level = _others_at_events(design, rank, start, stop)
    # By row: pairs in which it was at risk, then also those in which it failed.
    disagree, agree, tie = _events_seen_by_rows(design, rank, start, stop)
    event, weight = design.event, design.weight[design.event]
    concordant, discordant, tied = ((weight * pairs).sum() for pairs in (below, above, level))
    agree[event] += below
    disagree[event] += above
    tie[event] += level
    with np.errstate(invalid="ignore", divide="ignore"):
        pairs = concordant + discordant + tied
        somers = (concordant - discordant) / pairs
        influence = (agree - disagree - somers * (agree + disagree + tie)) / (2 * pairs)
    return Pairs(
        float(concordant), float(discordant), float(tied), float((somers + 1) / 2), influence
    )


def _time_keys(design: Design) -> tuple[IntArray, IntArray]:
    """Rank start and stop, (m,) each, such that all of one stratum is before the next."""
    times, both = np.unique(np.r_[design.start, design.stop], return_inverse=True)
    m = len(design.start)
    offset = design.stratum * len(times)
    return both[:m] + offset, both[m:] + offset


def _sorted(key: IntArray, rank: IntArray, weight: FloatArray) -> _Points:
    order = np.argsort(key, kind="stable")
    return _Points(key[order], rank[order], weight[order])


def _others_at_events(
    design: Design, rank: IntArray, start: IntArray, stop: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weight of the others at risk below, above and level with each event, (events,) each.

    At risk at t are all with stop >= t, without those with start >= t; the others are these
    without those that fail at t.
    """
    event = design.event
    at, mine = stop[event], rank[event]
    end = np.searchsorted(np.sort(design.stratum), design.stratum[event], "right")
    leaving = _sorted(stop, rank, design.weight)
    entering = _sorted(start, rank, design.weight)
    failing = _sorted(at, mine, design.weight[event])
    total = _compare(leaving, np.searchsorted(leaving.key, at), end, mine)
    total -= _compare(entering, np.searchsorted(entering.key, at), end, mine)
    first, last = np.searchsorted(failing.key, at), np.searchsorted(failing.key, at, "right")
    total -= _compare(failing, first, last, mine)
    return total[0], total[1], total[2]


def _events_seen_by_rows(
    design: Design, rank: IntArray, start: IntArray, stop: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weight of the events below, above and level with each row while it was at risk, (m,) each.

    A row that fails is no pair with the events of its own time.
    """
    event = design.event
    failing = _sorted(stop[event], rank[event], design.weight[event])
    first = np.searchsorted(failing.key, start, "right")
    last = np.searchsorted(failing.key, stop - event, "right")
    below, above, level = _compare(failing, first, last, rank)
    return below, above, level


def _compare(points: _Points, first: IntArray, last: IntArray, rank: IntArray) -> FloatArray:
    """Weight of points first, ..., last - 1 below, above and level with each rank, (3, q)."""
    last = np.maximum(first, last)
    below = _weight_below(points, first, last, rank)
    up_to = _weight_below(points, first, last, rank + 1)
    running = np.concatenate([[0.0], np.cumsum(points.weight)])
    return np.array([below, running[last] - running[first] - up_to, up_to - below])


def _weight_below(points: _Points, low: IntArray, high: IntArray, bound: IntArray) -> FloatArray:
    """Weight of points low, ..., high - 1 with a rank under the bound, (q,).

    The wavelet matrix of Claude, Navarro and Ordonez (2015): points are sorted bit by bit, from
    the highest; where the bound's bit is 1, all points of the range with a 0 there are under it.
    """
    rank, weight = points.rank, points.weight
    total = np.zeros(len(low))
    largest = int(max(rank.max(initial=0), bound.max(initial=0)))
    for bit in reversed(range(largest.bit_length())):
        zero = (rank >> bit & 1) == 0
        zeros = np.concatenate([[0], np.cumsum(zero)])
        mass = np.concatenate([[0.0], np.cumsum(np.where(zero, weight, 0.0))])
        one = (bound >> bit & 1) == 1
        total += np.where(one, mass[high] - mass[low], 0.0)
        low = np.where(one, zeros[-1] + low - zeros[low], zeros[low])
        high = np.where(one, zeros[-1] + high - zeros[high], zeros[high])
        order = np.argsort(~zero, kind="stable")
        rank, weight = rank[order], weight[order]
    return total
