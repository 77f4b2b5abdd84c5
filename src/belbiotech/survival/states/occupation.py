"""Aalen and Johansen's estimator of state occupation, with the influence of each cluster.

Of the n_j units at risk in state j at a time, d_jk move to k: H is the matrix with h_jk = d_jk /
n_j beside the diagonal, and rows that add up to 1. The row p of shares in the states moves as p H;
the influence U of the clusters, (c, s), as U H + p dH, where the influence of a cluster with Y_j
units at risk and D_jk moves on h_jk is (D_jk - Y_j h_jk) / n_j.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from belbiotech.survival.rows.checks import FloatArray, IntArray

__all__ = [
    "Moment",
    "Moves",
    "Occupation",
    "groups_of_moves",
    "initial_shares",
    "moments",
    "occupation",
]


@dataclass(frozen=True)
class Moves:
    """Rows of one group.

    Attributes
    ----------
    group : object
        The group's name.
    start, stop : array of float, (m,)
        The intervals.
    state, to : array of int, (m,)
        The state of each row, and the one entered at its end or -1.
    cluster : array of int, (m,)
        As 0, 1, ...
    n_states : int
        Number of states.
    """

    group: Hashable
    start: FloatArray
    stop: FloatArray
    state: IntArray
    to: IntArray
    cluster: IntArray
    n_states: int

    @property
    def times(self) -> FloatArray:
        """Times at which a row ends."""
        return np.unique(self.stop)

    @property
    def first_move(self) -> float:
        """The time of the first transition; the last time where there is none."""
        moved = self.to >= 0
        return float(self.stop[moved].min() if moved.any() else self.stop.max())


@dataclass(frozen=True)
class Moment:
    """What there is just after one of a group's times.

    Attributes
    ----------
    time : float
        When.
    at_risk : array of float, (s,)
        Units in each state just before.
    moved : array of float, (s, s)
        How many moved from where to where.
    share : array of float, (s,)
        Probability of each state.
    influence : array of float, (c, s)
        Of each cluster on it.
    hazard : array of float, (s, s)
        Cumulated hazards.
    hazard_influence : array of float, (c, h)
        Of each cluster on the cumulated hazard of each transition of the group.
    """

    time: float
    at_risk: FloatArray
    moved: FloatArray
    share: FloatArray
    influence: FloatArray
    hazard: FloatArray
    hazard_influence: FloatArray


@dataclass(frozen=True)
class Occupation:
    """State occupation of one group at its times.

    Attributes
    ----------
    group : object
        The group's name.
    initial : array of float, (s,)
        Shares before the first transition.
    initial_error : array of float, (s,)
        Their standard errors.
    time : array of float, (t,)
        Times at which a row ends.
    at_risk, share, std_error : array of float, (t, s)
        Units at risk, probabilities of the states, and their standard errors.
    pairs : list of (int, int)
        The transitions.
    moved, hazard, hazard_error : array of float, (t, h)
        Moves, and the cumulated hazard of each transition with its standard error.
    """

    group: Hashable
    initial: FloatArray
    initial_error: FloatArray
    time: FloatArray
    at_risk: FloatArray
    share: FloatArray
    std_error: FloatArray
    pairs: list[tuple[int, int]]
    moved: FloatArray
    hazard: FloatArray
    hazard_error: FloatArray


def occupation(moves: Moves, pairs: list[tuple[int, int]]) -> Occupation:
    """Estimate state occupation at all of a group's times.

    Parameters
    ----------
    moves : Moves
        The group's rows.
    pairs : list of (int, int)
        The transitions whose hazards are wanted.

    Returns
    -------
    Occupation
        Shares and hazards, with infinitesimal-jackknife errors by cluster.
    """
    begun, begun_influence = initial_shares(moves)
    found = [
        (
            m.time,
            m.at_risk,
            m.share,
            np.sqrt((m.influence**2).sum(axis=0)),
            m.moved,
            m.hazard,
            np.sqrt((m.hazard_influence**2).sum(axis=0)),
        )
        for m in moments(moves, pairs)
    ]
    time, at_risk, share, error, moved, hazard, hazard_error = (
        np.array(column) for column in zip(*found, strict=True)
    )
    rows, columns = ([pair[k] for pair in pairs] for k in (0, 1))
    return Occupation(
        group=moves.group,
        initial=begun,
        initial_error=np.sqrt((begun_influence**2).sum(axis=0)),
        time=time,
        at_risk=at_risk,
        share=share,
        std_error=error,
        pairs=pairs,
        moved=moved[:, rows, columns],
        hazard=hazard[:, rows, columns],
        hazard_error=hazard_error,
    )


def initial_shares(moves: Moves) -> tuple[FloatArray, FloatArray]:
    """Give the shares of the states among those at risk at the first transition.

    Parameters
    ----------
    moves : Moves
        A group's rows.

    Returns
    -------
    share : array of float, (s,)
        The shares.
    influence : array of float, (c, s)
        Of each cluster.
    """
    clusters, states = int(moves.cluster.max()) + 1, moves.n_states
    here = (moves.start < moves.first_move) & (moves.stop >= moves.first_move)
    number = _cells(moves.cluster[here], moves.state[here], clusters, states)
    total = number.sum()
    share = number.sum(axis=0) / total
    return share, (number - number.sum(axis=1, keepdims=True) * share) / total


def moments(moves: Moves, pairs: list[tuple[int, int]]) -> Iterator[Moment]:
    """Follow a group from time to time.

    Parameters
    ----------
    moves : Moves
        The group's rows.
    pairs : list of (int, int)
        The transitions whose hazards are wanted.

    Yields
    ------
    Moment
        At each of the group's times; to be read before the next one is asked for.
    """
    states, clusters = moves.n_states, int(moves.cluster.max()) + 1
    times = moves.times
    share, influence = initial_shares(moves)
    hazard = np.zeros((states, states))
    on_hazard = np.zeros((clusters, len(pairs)))
    first = np.searchsorted(times, moves.start, side="right")
    after = np.searchsorted(times, moves.stop, side="right")
    enters, gone = _by_place(first, len(times)), _by_place(after, len(times))
    ending = _by_place(np.where(moves.to >= 0, after - 1, len(times)), len(times))
    present = np.zeros((clusters, states))
    for j, time in enumerate(times):
        present += _cells(moves.cluster[enters[j]], moves.state[enters[j]], clusters, states)
        present -= _cells(moves.cluster[gone[j]], moves.state[gone[j]], clusters, states)
        at_risk = present.sum(axis=0)
        who = ending[j]
        moved = np.zeros((states, states))
        np.add.at(moved, (moves.state[who], moves.to[who]), 1.0)
        if len(who):
            step = _Step.of(moves, who, present, at_risk, moved)
            influence = step.carried(influence, share)
            for k, pair in enumerate(pairs):
                on_hazard[:, k] += step.influence(*pair)
            share = share + share @ step.rate
            hazard = hazard + np.where(np.eye(states, dtype=bool), 0.0, step.rate)
        yield Moment(time, at_risk, moved, share, influence, hazard, on_hazard)


@dataclass(frozen=True)
class _Step:
    """Moves of one time: rates H - 1, (s, s), and the clusters' moves D by pair and risk Y."""

    rate: FloatArray
    at_risk: FloatArray
    present: FloatArray
    by_pair: dict[tuple[int, int], FloatArray]

    @classmethod
    def of(
        cls,
        moves: Moves,
        who: IntArray,
        present: FloatArray,
        at_risk: FloatArray,
        moved: FloatArray,
    ) -> _Step:
        states, clusters = moves.n_states, len(present)
        rate = moved / np.where(at_risk > 0, at_risk, 1.0)[:, None]
        rate[np.diag_indices(states)] = -rate.sum(axis=1)
        code = moves.state[who] * states + moves.to[who]
        by_pair = {
            divmod(int(c), states): np.bincount(
                moves.cluster[who[code == c]], minlength=clusters
            ).astype(float)
            for c in np.unique(code)
        }
        return cls(rate, at_risk, present, by_pair)

    def influence(self, origin: int, target: int) -> FloatArray:
        """Give the influence of each cluster, (c,), on the hazard of one transition."""
        if (origin, target) not in self.by_pair:
            return np.zeros(len(self.present))
        expected = self.present[:, origin] * self.rate[origin, target]
        moved: FloatArray = (self.by_pair[origin, target] - expected) / self.at_risk[origin]
        return moved

    def carried(self, influence: FloatArray, share: FloatArray) -> FloatArray:
        """Carry the influence on the shares, (c, s), over the moves."""
        after = influence + influence @ self.rate
        for origin, target in self.by_pair:
            change = share[origin] * self.influence(origin, target)
            after[:, target] += change
            after[:, origin] -= change
        return after


def _cells(cluster: IntArray, state: IntArray, clusters: int, states: int) -> FloatArray:
    """Count rows by cluster and state, (c, s)."""
    flat = np.bincount(cluster * states + state, minlength=clusters * states)
    return flat.reshape(clusters, states).astype(np.float64)


def _by_place(place: IntArray, number: int) -> list[IntArray]:
    """List the rows at each place below a number."""
    order = np.argsort(place, kind="stable")
    return np.split(order, np.searchsorted(place[order], np.arange(1, number + 1)))


def groups_of_moves(codes: IntArray, moves: Moves, labels: list[Hashable]) -> list[Moves]:
    """Split rows into groups, clusters numbered anew in each.

    Parameters
    ----------
    codes : array of int, (n,)
        The group of each row.
    moves : Moves
        All rows.
    labels : list
        Names of the groups.

    Returns
    -------
    list of Moves
        One for each group.
    """
    parts = []
    for k, label in enumerate(labels):
        here = codes == k
        parts.append(
            Moves(
                group=label,
                start=moves.start[here],
                stop=moves.stop[here],
                state=moves.state[here],
                to=moves.to[here],
                cluster=pd.factorize(moves.cluster[here])[0].astype(np.int64),
                n_states=moves.n_states,
            )
        )
    return parts
