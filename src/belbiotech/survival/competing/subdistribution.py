"""Weights that keep rows with a competing event in the risk set, for Fine and Gray's model.

A row that ended with a competing event at T stays at risk afterwards, with the probability that
it would still have been seen: not censored before t, and already entered (Geskus 2011).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
    unlinked : array of float, (k,)
        The times of competing events that are not in later risk sets, since from some time on
        nobody was seen who had been seen before, and they cannot be weighted.
    """

    spell: IntArray
    start: FloatArray
    stop: FloatArray
    event: IntArray
    weight: FloatArray
    unlinked: FloatArray


@dataclass(frozen=True)
class _Seen:
    """A step function of time: ``values[k]`` holds after ``breaks[k - 1]`` until ``breaks[k]``.

    Values can be held against each other within one ``stretch`` of time only: from one to the next
    nobody stays in sight.
    """

    breaks: FloatArray
    values: FloatArray
    stretch: IntArray

    def piece(self, times: FloatArray) -> IntArray:
        """Which value holds just before each time."""
        return np.searchsorted(self.breaks, times, side="left").astype(np.int64)


def weighted_rows(
    start: FloatArray, stop: FloatArray, kind: IntArray, times: FloatArray | None = None
) -> WeightedRows:
    """Cut spells at the times where their weight changes.

    Parameters
    ----------
    start, stop : array of float, (n,)
        One spell for each unit.
    kind : array of int, (n,)
        How it ended: 0 censored, 1 the cause of interest, 2 a competing one.
    times : array of float, (k,), optional
        The event times whose risk sets are asked for, in order; by default those of these spells.

    Returns
    -------
    WeightedRows
        All spells, and after each competing event the pieces that reach the later event times.

    References
    ----------
    Fine and Gray (1999), Journal of the American Statistical Association 94.
    Geskus (2011), Biometrics 67.
    """
    seen = _seen(start, stop, kind)
    times = np.unique(stop[kind == 1]) if times is None else times
    piece = seen.piece(times)
    last = np.flatnonzero(np.diff(piece, append=-1))  # the last event time with the same weight
    ends, values, stretch = times[last], seen.values[piece[last]], seen.stretch[piece[last]]
    competing = np.flatnonzero(kind == 2)
    own = seen.piece(stop[competing])
    later = ends > stop[competing][:, None]
    linked = stretch == seen.stretch[own][:, None]
    which, k = np.nonzero(later & linked & (values > 0))
    before = np.concatenate([[-np.inf], ends[:-1]])
    return WeightedRows(
        spell=np.concatenate([np.arange(len(stop)), competing[which]]),
        start=np.concatenate([start, np.maximum(before[k], stop[competing[which]])]),
        stop=np.concatenate([stop, ends[k]]),
        event=np.concatenate([(kind == 1).astype(np.int64), np.zeros(len(k), dtype=np.int64)]),
        weight=np.concatenate([np.ones(len(stop)), values[k] / seen.values[own[which]]]),
        unlinked=stop[competing[(later & ~linked).any(axis=1)]],
    )


def _seen(start: FloatArray, stop: FloatArray, kind: IntArray) -> _Seen:
    """Give G(t-) H(t-): G of not being censored, H of having entered (Geskus 2011, section 3).

    Both are products over time, G of 1 - censored / at risk, H of 1 / (1 - entering / present). At
    a tie an event comes before a censoring, and both before an entry, as in R's ``finegray``.
    Where all that are present have just entered, nothing is known of H before against H after: a
    new stretch begins.
    """
    censored, leaving = np.unique(stop[kind == 0], return_counts=True)
    at_risk = _number(start, censored) - _number(stop, censored) - _ties(stop[kind != 0], censored)
    entered, entering = np.unique(start, return_counts=True)
    present = _number(start, entered) + entering - _number(stop, entered) - _ties(stop, entered)
    breaks = np.unique(np.concatenate([censored, entered]))
    stays, was_there = np.ones(len(breaks)), np.ones(len(breaks))
    stays[np.searchsorted(breaks, censored)] = 1 - leaving / at_risk
    was_there[np.searchsorted(breaks, entered)] = 1 - entering / present
    stretch = np.concatenate([[0], np.cumsum(was_there == 0)])
    values = np.ones(len(breaks) + 1)
    for k, (staying, before) in enumerate(zip(stays, was_there, strict=True)):
        values[k + 1] = values[k] * staying / before if before else 1.0
    return _Seen(breaks, values, stretch)


def _number(times: FloatArray, at: FloatArray) -> IntArray:
    """How many times are before each of ``at``."""
    return np.searchsorted(np.sort(times), at, side="left").astype(np.int64)


def _ties(times: FloatArray, at: FloatArray) -> IntArray:
    """How many times equal each of ``at``."""
    times = np.sort(times)
    return (np.searchsorted(times, at, "right") - np.searchsorted(times, at, "left")).astype(
        np.int64
    )
