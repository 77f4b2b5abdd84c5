"""The Cox model of rows that are read in batches: each step is one pass over all of them.

What a pass adds up are the totals of the risk sets: at each event time the sums over those at risk
of w r, w r x and w r x x', and the same over those with the event. Memory is bounded by the size
of a batch and the number of event times.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from belbiotech.survival.cox.partial_likelihood import (
    Likelihood,
    RiskSets,
    Steps,
    hazard_of_rows,
    sum_steps,
)
from belbiotech.survival.cox.streams.adding import Adding, at_leaves, leaves_of, products_of
from belbiotech.survival.cox.streams.batch import Covariates, Times
from belbiotech.survival.engines.batches import Part
from belbiotech.survival.engines.streams import Stream
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["StreamTotals", "StreamedModel", "totals_at"]


@dataclass(frozen=True)
class StreamTotals:
    """What a pass has added up, and what follows from it.

    Attributes
    ----------
    sets : RiskSets
        With two rows a time.
    event : array of bool, (2k,)
        Whether these stand for the rows that fail then.
    risk, risk_x, risk_xx : array of float, (2k,), (2k, p), (2k, p, p)
        Sums of w r, w r x, w r x x'.
    first : array of float, (k, p)
        Sums of w x over the events of each time.
    linear : float
        Sum of w x b over all events.
    """

    sets: RiskSets
    event: NDArray[np.bool_]
    risk: FloatArray
    risk_x: FloatArray
    risk_xx: FloatArray
    first: FloatArray
    linear: float

    @property
    def steps(self) -> Steps:
        """What happens at each event time."""
        return sum_steps(self.sets, self.event, self.risk, self.risk_x)

    def likelihood(self, share: FloatArray | None = None) -> Likelihood:
        """Give value, score and information; each time's share of events may be another, (k,)."""
        sets = self.sets if share is None else replace(self.sets, share=self.sets.share * share)
        steps = sum_steps(sets, self.event, self.risk, self.risk_x)
        passed = hazard_of_rows(sets, self.event, steps)
        mean = (sets.death_weight[:, None] * steps.mean).sum(axis=0)
        information = (passed[:, None, None] * self.risk_xx).sum(axis=0) - steps.outer
        return Likelihood(self.linear - steps.log_value, self.first.sum(axis=0) - mean, information)


@dataclass(frozen=True)
class StreamedModel:
    """A Cox model whose rows are read in batches.

    Attributes
    ----------
    stream : Stream
        The rows.
    covariates : Covariates
        What makes the covariates of a batch.
    times : Times
        The event times.
    sets : RiskSets
        Their risk sets, of two sums a time.
    at_zero, at_best : StreamTotals or None
        What passes have added up at coefficients of zero and, once fitted, at the estimates.
    mean_offset : float
        Of what the formula adds to the rows' linear predictors.
    """

    stream: Stream
    covariates: Covariates
    times: Times
    sets: RiskSets
    at_zero: StreamTotals | None = None
    at_best: StreamTotals | None = None
    mean_offset: float = 0.0


def totals_at(
    model: StreamedModel, beta: FloatArray, label: str, *, describe: bool = False
) -> tuple[StreamTotals, Part]:
    """Pass over all rows once, at some coefficients.

    Parameters
    ----------
    model : StreamedModel
        The rows, and how they are read.
    beta : array of float, (p,)
        The coefficients.
    label : str
        Of the progress bar.
    describe : bool
        Also add up the rows, moments of covariates and offsets.

    Returns
    -------
    StreamTotals
        The totals of the risk sets.
    Part
        With ``describe``: rows, the sum of each covariate, and of its squares, rows with a finite
        offset, and the sum of these; and the largest value of each covariate, and of its negative.
    """
    times, sets = model.times, model.sets
    adding = Adding(model.covariates, times, beta, describe)
    part = model.stream.batches.total(adding, label)
    k, p = len(times.time), len(beta)
    q = products_of(p)
    bounds = np.cumsum([q * 2 * leaves_of(times), q * k, p * k, 1])
    tree, dying, first, linear, rest = np.split(part.sums, bounds)
    waiting = at_leaves(tree.reshape(q, -1))[:, :k]
    both = np.concatenate([waiting, dying.reshape(q, k)], axis=1)  # (q, 2k)
    xx = np.zeros((2 * k, p, p))
    pairs = [(i, j) for i in range(p) for j in range(i, p)]
    for place, (i, j) in enumerate(pairs, start=1 + p):
        xx[:, i, j] = xx[:, j, i] = both[place]
    event = np.repeat([False, True], k)
    totals = StreamTotals(
        sets, event, both[0], both[1 : 1 + p].T.copy(), xx, first.reshape(p, k).T, float(linear[0])
    )
    return totals, Part(rest, part.largest)
