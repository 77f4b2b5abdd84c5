"""Histories of covariates dealt anew among firms, and what that does to a sum over the events.

The scheme. A permutation of all units of a cohort is drawn. At an event time a unit carries the
covariates of the unit that follows it in the permutation's cycle; where that one is not at risk
then, those of the next in the cycle that is. The permutation of those at risk that comes of it is
uniform at every time if that of all units is (deleting elements from the cycles of a uniform
permutation leaves a uniform one; Pitman 2006, section 3.1), and changes from one time to the next
only where somebody enters or leaves: histories stay together as far as they are known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from belbiotech.survival.rows.checks import FloatArray, IntArray

__all__ = ["Dealt", "EventSets", "deal", "event_sets"]


@dataclass(frozen=True)
class EventSets:
    """Who could have had each event: those at risk at its time, of the same cohort and stratum.

    Attributes
    ----------
    row : array of int, (s,)
        The row of each member, set after set.
    of : array of int, (s,)
        Its set.
    unit : array of int, (s,)
        Whose row it is.
    event : array of bool, (s,)
        Whether it had the event.
    """

    row: IntArray
    of: IntArray
    unit: IntArray
    event: NDArray[np.bool_]

    @property
    def size(self) -> IntArray:
        """Members of each set."""
        return np.bincount(self.of)

    @property
    def events(self) -> IntArray:
        """Events of each set."""
        return np.bincount(self.of, self.event).astype(np.int64)


@dataclass(frozen=True)
class Dealt:
    """Sums of covariates over the events: as they are, as expected, and as dealt.

    Attributes
    ----------
    score : array of float, (p,)
        Sum over the events, less what is expected.
    variance : array of float, (p, p)
        Of that sum over deals, each event time by itself: hypergeometric.
    draws : array of float, (draws, p)
        The sum of each deal, less what is expected.
    """

    score: FloatArray
    variance: FloatArray
    draws: FloatArray


def event_sets(
    start: FloatArray,
    stop: FloatArray,
    event: NDArray[np.bool_],
    unit: IntArray,
    group: IntArray,
) -> EventSets:
    """Find who could have had each event.

    Parameters
    ----------
    start, stop : array of float, (n,)
        A row is at risk after start, up to and including stop.
    event : array of bool, (n,)
        Whether the event happened at stop.
    unit : array of int, (n,)
        Whose row it is.
    group : array of int, (n,)
        Cohort and stratum together.

    Returns
    -------
    EventSets
        One set for each group and time with an event.
    """
    row, of, number = [], [], 0
    for one in np.unique(group[event]):
        inside = np.flatnonzero(group == one)
        for time in np.unique(stop[inside][event[inside]]):
            members = inside[(start[inside] < time) & (time <= stop[inside])]
            row.append(members)
            of.append(np.full(len(members), number))
            number += 1
    rows, sets = np.concatenate(row), np.concatenate(of)
    times = np.repeat([stop[r[event[r]]].min() for r in row], [len(r) for r in row])
    return EventSets(rows, sets, unit[rows], event[rows] & (stop[rows] == times))


def deal(
    x: FloatArray, sets: EventSets, cohort: IntArray, draws: int, rng: np.random.Generator
) -> Dealt:
    """Deal histories many times, and add up what those with an event carry.

    Parameters
    ----------
    x : array of float, (n, p)
        Covariates by row.
    sets : EventSets
        Who could have had each event.
    cohort : array of int, (units,)
        The cohort of each unit.
    draws : int
        How many times.
    rng : numpy Generator
        Where the chance comes from.

    Returns
    -------
    Dealt
        The sums.
    """
    values = x[sets.row]
    size, events = sets.size, sets.events
    mean = np.stack([np.bincount(sets.of, column) for column in values.T], axis=1) / size[:, None]
    expected = events @ mean
    apart = values - mean[sets.of]
    # d (n - d) / (n - 1) times the variance in the set, divided by n
    share = np.where(size > 1, events * (size - events) / np.maximum(size - 1, 1) / size, 0.0)
    variance = (apart * share[sets.of, None]).T @ apart
    sums = np.stack(
        [values[_carried(sets, _cycles(cohort, rng))].sum(axis=0) for _ in range(draws)]
    )
    return Dealt(values[sets.event].sum(axis=0) - expected, variance, sums - expected)


def _cycles(cohort: IntArray, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Draw a permutation of the units of each cohort: place and cycle of each unit.

    A random order cut before each number larger than all before it is a uniform permutation in
    its cycles (Foata's correspondence).
    """
    order = np.lexsort((rng.permutation(len(cohort)), cohort))  # cohort after cohort
    label = order + cohort[order] * len(cohort)
    cut = np.r_[True, label[1:] > np.maximum.accumulate(label)[:-1]]
    place, cycle = np.empty_like(order), np.empty_like(order)
    place[order] = np.arange(len(order))
    cycle[order] = np.cumsum(cut)
    return place, cycle


def _carried(sets: EventSets, cycles: tuple[IntArray, IntArray]) -> IntArray:
    """Find whose covariates those with an event carry, by position in the sets."""
    place, cycle = cycles
    order = np.lexsort((place[sets.unit], sets.of))
    of, ring = sets.of[order], cycle[sets.unit[order]]
    begins = np.r_[True, (of[1:] != of[:-1]) | (ring[1:] != ring[:-1])]
    first = np.flatnonzero(begins)[np.cumsum(begins) - 1]
    following = np.arange(1, len(order) + 1)
    ends = np.r_[begins[1:], True]
    following[ends] = first[ends]
    found: IntArray = order[following][sets.event[order]]
    return found
