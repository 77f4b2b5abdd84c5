"""Weights that keep rows with a competing event in the risk set, for Fine and Gray's model.

A row that ended with a competing event at T stays at risk afterwards, with the probability that
it would still have been seen: not censored before t, and already entered (Geskus 2011).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from belbiotech.errors import FitError
from belbiotech.survival.rows.checks import FloatArray, IntArray

__all__ = ["WeightedRows", "weighted_rows"]


@dataclass(frozen=True)
class WeightedRows:
    """Spells as they are in the risk sets of one cause.

    Attributes
    ----------
    spell : array of int, (m,)
        The spell that each row is a part of.
    start, stop : array of float, (m,)
        The interval ``(start, stop]``.
    event : array of int, (m,)
        1 where the cause happens at ``stop``.
    weight : array of float, (m,)
        1 until the spell's own end, less after a competing event.
    """

    spell: IntArray
    start: FloatArray
    stop: FloatArray
    event: IntArray
    weight: FloatArray


@dataclass(frozen=True)
class _SeenAt:
    """A step function of time: ``values[k]`` holds after ``breaks[k - 1]`` until ``breaks[k]``.

    ``entered`` is its part H, the probability of having entered.
    """

    breaks: FloatArray
    values: FloatArray
    entered: FloatArray

    def piece(self, times: FloatArray) -> IntArray:
        """Which value holds just before each time."""
        return np.searchsorted(self.breaks, times, side="left").astype(np.int64)


def weighted_rows(start: FloatArray, stop: FloatArray, kind: IntArray) -> WeightedRows:
    """Cut spells at the times where their weight changes.

    Parameters
    ----------
    start, stop : array of float, (n,)
        One spell for each unit.
    kind : array of int, (n,)
        How it ended: 0 censored, 1 the cause of interest, 2 a competing one.

    Returns
    -------
    WeightedRows
        All spells, and after each competing event the pieces that reach the later event times.

    Raises
    ------
    FitError
        A time at which everybody at risk has just entered: nothing links before and after it.

    References
    ----------
    Fine and Gray (1999), Journal of the American Statistical Association 94.
    Geskus (2011), Biometrics 67.
    """
    seen = _probability_seen(start, stop, kind)
    times = np.unique(stop[kind == 1])
    piece = seen.piece(times)
    last = np.flatnonzero(np.diff(piece, append=-1))  # the last event time with the same weight
    ends, values = times[last], seen.values[piece[last]]
    competing = np.flatnonzero(kind == 2)
    own = seen.values[seen.piece(stop[competing])]
    reaches = ends > stop[competing][:, None]
    _refuse_unlinked(seen, stop[competing][reaches.any(axis=1) & (own == 0)])
    reaches &= values > 0
    which, k = np.nonzero(reaches)
    before = np.concatenate([[-np.inf], ends[:-1]])
    return WeightedRows(
        spell=np.concatenate([np.arange(len(stop)), competing[which]]),
        start=np.concatenate([start, np.maximum(before[k], stop[competing[which]])]),
        stop=np.concatenate([stop, ends[k]]),
        event=np.concatenate([(kind == 1).astype(np.int64), np.zeros(len(k), dtype=np.int64)]),
        weight=np.concatenate([np.ones(len(stop)), values[k] / own[which]]),
    )


def _probability_seen(start: FloatArray, stop: FloatArray, kind: IntArray) -> _SeenAt:
    """Give G(t-) H(t-): G of not being censored, H of having entered (Geskus 2011, section 3).

    Both are Kaplan-Meier estimates, H with time running backwards. At a tie an event comes before
    a censoring, and both before an entry, as in R's ``finegray``.
    """
    censored, leaving = np.unique(stop[kind == 0], return_counts=True)
    at_risk = _number(start, censored) - _number(stop, censored) - _ties(stop[kind != 0], censored)
    staying = np.cumprod(1 - leaving / at_risk)
    entered, entering = np.unique(start, return_counts=True)
    present = _number(start, entered) + entering - _number(stop, entered) - _ties(stop, entered)
    entries = np.cumprod((1 - entering / present)[::-1])[::-1]  # of this entry and all later
    breaks = np.unique(np.concatenate([censored, entered]))
    not_censored = np.concatenate([[1.0], staying])[np.searchsorted(censored, breaks, "right")]
    already = np.concatenate([entries, [1.0]])[np.searchsorted(entered, breaks, "right")]
    entered_by = np.concatenate([[0.0], already])
    return _SeenAt(breaks, np.concatenate([[1.0], not_censored]) * entered_by, entered_by)


def _number(times: FloatArray, at: FloatArray) -> IntArray:
    """How many times are before each of ``at``."""
    return np.searchsorted(np.sort(times), at, side="left").astype(np.int64)


def _ties(times: FloatArray, at: FloatArray) -> IntArray:
    """How many times equal each of ``at``."""
    times = np.sort(times)
    return (np.searchsorted(times, at, "right") - np.searchsorted(times, at, "left")).astype(
        np.int64
    )


def _refuse_unlinked(seen: _SeenAt, lost: FloatArray) -> None:
    """Stop where a competing event happened while nobody was seen who is seen later."""
    if not len(lost):
        return
    holes = seen.breaks[(seen.entered[:-1] == 0) & (seen.entered[1:] > 0)]
    last = holes[-1]
    count = int((lost <= last).sum())
    msg = (
        f"at time {last:g} everybody at risk has just entered, so that the competing events before "
        f"it (of {count} units) cannot be weighted; keep only the rows that start at or after that "
        "time, or none that enter late"
    )
    raise FitError(msg)
