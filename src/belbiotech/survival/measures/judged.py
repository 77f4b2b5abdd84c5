"""Units judged at a time, those whose fate is not seen counted through the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from belbiotech.survival.rows.checks import FloatArray

__all__ = ["Judged", "Seen", "auc", "brier", "uno_c"]

CHUNK = 1 << 22  # numbers of a matrix of pairs that is held at once


@dataclass(frozen=True)
class Seen:
    """The chance to be still seen, as a curve that falls at the times of censorings.

    Attributes
    ----------
    time : array of float, (t,)
        The times, in order.
    log : array of float, (1 + t,)
        The sum of the logs of its factors before each, and at the end; factors of 0 left out.
    """

    time: FloatArray
    log: FloatArray

    def upto(self, times: FloatArray) -> FloatArray:
        """Give the log of the chance up to and with these times."""
        return self.log[np.searchsorted(self.time, times, side="right")]

    def before(self, times: FloatArray) -> FloatArray:
        """Give the log just before these times."""
        return self.log[np.searchsorted(self.time, times, side="left")]


@dataclass(frozen=True)
class Judged:
    """Units with their fates.

    Attributes
    ----------
    entry, exit : array of float, (n,)
        Seen in ``(entry, exit]``.
    event : array of bool, (n,)
        Whether the event happened at exit.
    """

    entry: FloatArray
    exit: FloatArray
    event: NDArray[np.bool_]

    def seen(self, copies: FloatArray) -> Seen:
        """Estimate the chance not to be censored: Kaplan-Meier, events first at ties.

        A factor of 0, where all at risk are censored, is left out: nobody's weight spans it.
        """
        time = np.unique(self.exit[~self.event & (copies > 0)])
        # at risk of censoring: entered before, not censored before, and not failed by then
        entered = _summed(np.searchsorted(time, self.entry, side="right"), copies, len(time))
        own = np.searchsorted(time, self.exit, side="left")
        gone = np.where(self.event, own, np.searchsorted(time, self.exit, side="right"))
        at_risk = np.cumsum(entered - _summed(gone, copies, len(time)))
        lost = _summed(own, np.where(self.event, 0.0, copies), len(time))
        left = np.where(at_risk > lost, 1 - lost / np.where(at_risk > 0, at_risk, 1.0), 1.0)
        return Seen(time, np.concatenate([[0.0], np.cumsum(np.log(left))]))

    def weights(self, seen: Seen, time: float) -> FloatArray:
        """Weigh each unit by the inverse of its chance to be seen, from its entry on, (n,)."""
        failed = self.event & (self.exit <= time)
        known = (self.entry < time) & (failed | (self.exit >= time))
        last = seen.before(np.minimum(self.exit, time))
        return np.where(known, np.exp(seen.upto(self.entry) - last), 0.0)


def _summed(place: NDArray[np.int64], values: FloatArray, length: int) -> FloatArray:
    return np.bincount(place, values, length + 1)[:length].astype(np.float64)


def brier(
    judged: Judged, chance: FloatArray, weight: FloatArray, time: float, copies: FloatArray
) -> float:
    """Give the weighted mean squared error of predicted chances of the event by a time."""
    there = judged.entry < time
    if not copies[there].sum():
        return float("nan")
    error = (judged.event & (judged.exit <= time)) - chance
    square = np.where(there & (weight > 0), error**2, 0.0)
    return float((copies * weight * square).sum() / copies[there].sum())


def auc(
    judged: Judged, predictor: FloatArray, weight: FloatArray, time: float, copies: FloatArray
) -> float:
    """Give the share of pairs, one with the event by a time and one without, in right order."""
    case = judged.event & (judged.exit <= time)
    weighted = copies * weight
    return _ordered(predictor[case], weighted[case], predictor[~case], weighted[~case])


def uno_c(
    judged: Judged, seen: Sequence[Seen], predictor: FloatArray, last: float, copies: FloatArray
) -> FloatArray:
    """Give the share of pairs in right order at the events up to a time, weighted by both chances.

    For several draws at once: ``copies``, (r, n), and what each sees; gives (r,).
    """
    failing = np.flatnonzero(judged.event & (judged.exit <= last))
    from_entry = np.array([one.upto(judged.entry) for one in seen])
    before = np.array([one.before(judged.exit[failing]) for one in seen])
    of_others = copies * np.exp(from_entry)  # their share of the pair's weight that is their own
    of_failing = copies[:, failing] * np.exp(from_entry[:, failing] - 2 * before)
    right, total = np.zeros(len(copies)), np.zeros(len(copies))
    size = max(1, CHUNK // max(len(predictor), 1))
    for a in range(0, len(failing), size):
        here = failing[a : a + size, None]
        time = judged.exit[here]
        there = (judged.entry < time) & (judged.exit >= time)
        there &= ~(judged.event & (judged.exit == time))
        order = (predictor[here] > predictor) + 0.5 * (predictor[here] == predictor)
        weight = of_failing[:, a : a + size]
        right += (weight * (of_others @ (order * there).T)).sum(axis=1)
        total += (weight * (of_others @ there.T)).sum(axis=1)
    share: FloatArray = np.divide(right, total, out=np.full(len(copies), np.nan), where=total > 0)
    return share


def _ordered(high: FloatArray, of_high: FloatArray, low: FloatArray, of_low: FloatArray) -> float:
    """Give the share of pairs in which the first is higher, ties by half; NaN without pairs."""
    order = np.argsort(low, kind="stable")
    running = np.concatenate([[0.0], np.cumsum(of_low[order])])
    below = running[np.searchsorted(low[order], high, side="left")]
    upto = running[np.searchsorted(low[order], high, side="right")]
    pairs = float(of_high.sum() * running[-1])
    right = float((of_high * (below + upto) / 2).sum())
    return right / pairs if pairs > 0 else float("nan")
