"""The partial likelihood of very many rows, of which many are at risk over the same times.

A panel of firm-years with a continuous covariate has as many distinct rows as rows, but they are
at risk at one of a few event times each. Rows that share their times are summed up first, in
blocks that fit into the processor's cache: one pass over the covariates for a likelihood.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from belbiotech.survival.cox.partial_likelihood import (
    Design,
    Likelihood,
    RiskSets,
    hazard_of_rows,
    likelihood,
    sum_steps,
)
from belbiotech.survival.inference.variance import ONE_THREAD, ONE_THREAD_VECTOR
from belbiotech.survival.rows.checks import FloatArray, IntArray
from belbiotech.survival.rows.column_codes import ColumnCodes, combine

__all__ = ["likelihood_function"]

FROM_ROWS = 1 << 15  # fewer rows are faster all at once
SHARED = 256  # rows that share their times, on average, from which blocks are faster
IN_CACHE = 1 << 13  # rows of a block


@dataclass(frozen=True)
class _Blocks:
    """Rows sorted by the times at which they are at risk, cut into blocks that share these.

    Attributes
    ----------
    x : array of float, (p, m)
        Covariates of the sorted rows.
    weight : array of float, (m,)
        Their weights.
    bounds : array of int, (b + 1,)
        Where the blocks begin and end.
    event : array of bool, (b,)
        Whether the rows of a block end with the event.
    sets : RiskSets
        The risk sets, with blocks for rows.
    offset : array of float, (m,), or None
        What is added to the sorted rows' linear predictors.
    """

    x: FloatArray
    weight: FloatArray
    bounds: IntArray
    event: NDArray[np.bool_]
    sets: RiskSets
    offset: FloatArray | None = None


def likelihood_function(design: Design, sets: RiskSets) -> Callable[[FloatArray], Likelihood]:
    """Give the quickest way to `likelihood` for these rows, when it is needed again and again.

    Parameters
    ----------
    design : Design
        Counted rows.
    sets : RiskSets
        Their risk sets.

    Returns
    -------
    callable
        From coefficients, (p,), to value, score and information.
    """
    m, p = design.x.shape
    if m < FROM_ROWS or p == 0:
        return partial(likelihood, design, sets)
    times = len(sets.time) + 1
    spans = combine(
        [
            ColumnCodes(sets.first, 0, times),
            ColumnCodes(sets.last - sets.first, 0, int((sets.last - sets.first).max()) + 1),
            ColumnCodes(design.event.view(np.uint8), 0, 2),
        ]
    )
    number = np.bincount(spans.codes)
    if np.count_nonzero(number) * SHARED > m:
        return partial(likelihood, design, sets)
    return partial(_likelihood, _blocks(design, sets, spans.codes, number))


def _blocks(
    design: Design, sets: RiskSets, span: NDArray[np.integer[Any]], number: IntArray
) -> _Blocks:
    narrow = span.astype(np.uint16) if len(number) < 1 << 16 else span
    order = np.argsort(narrow, kind="stable")
    size = max(1, min(IN_CACHE, ONE_THREAD // design.x.shape[1] ** 2))
    starts = np.cumsum(number) - number
    bounds = np.r_[
        *(np.arange(a, a + c, size) for a, c in zip(starts, number, strict=True) if c), len(span)
    ]
    one = order[bounds[:-1]]  # a row of each block
    event = design.event[one]
    position = np.zeros(len(design.event), dtype=np.int64)
    position[design.event] = sets.own
    x = np.empty(design.x.shape[::-1])
    for column, ordered in zip(design.x.T, x, strict=True):
        np.take(column, order, out=ordered, mode="clip")  # "clip" needs no buffer
    return _Blocks(
        x=x,
        weight=design.weight[order] if np.ptp(design.weight) else design.weight,
        bounds=bounds,
        event=event,
        offset=None if design.offset is None else design.offset[order],
        sets=replace(sets, first=sets.first[one], last=sets.last[one], own=position[one[event]]),
    )


def _likelihood(blocks: _Blocks, beta: FloatArray) -> Likelihood:
    """As `likelihood`: the rows' sums are made by block, and the blocks' sums by time."""
    p, count = len(blocks.x), len(blocks.event)
    linear, first = np.zeros(count), np.zeros((count, p))
    risk, risk_x, risk_xx = np.zeros(count), np.zeros((count, p)), np.zeros((count, p, p))
    for b, (a, z) in enumerate(zip(blocks.bounds[:-1], blocks.bounds[1:], strict=True)):
        x, weight = blocks.x[:, a:z], blocks.weight[a:z]
        predictor = _predictor(beta, x)
        if blocks.offset is not None:
            predictor += blocks.offset[a:z]
        if blocks.event[b]:
            linear[b] = (weight * predictor).sum()
            first[b] = (weight * x).sum(axis=1)
        weighted = np.exp(predictor, out=predictor)
        weighted *= weight
        exposed = x * weighted
        risk[b], risk_x[b], risk_xx[b] = weighted.sum(), exposed.sum(axis=1), exposed @ x.T
    steps = sum_steps(blocks.sets, blocks.event, risk, risk_x)
    passed = hazard_of_rows(blocks.sets, blocks.event, steps)
    score = first.sum(axis=0) - (blocks.sets.death_weight[:, None] * steps.mean).sum(axis=0)
    information = (passed[:, None, None] * risk_xx).sum(axis=0) - steps.outer
    return Likelihood(float(linear.sum() - steps.log_value), score, information)


def _predictor(beta: FloatArray, x: FloatArray) -> FloatArray:
    """Compute b x, (m,), for b, (p,), and x, (p, m): in pieces, the same with any threads."""
    size = max(1, ONE_THREAD_VECTOR // len(beta) - 1)
    predictor = np.empty(x.shape[1])
    for a in range(0, len(predictor), size):
        np.matmul(beta, x[:, a : a + size], out=predictor[a : a + size])
    return predictor
