"""What a batch of rows adds to the totals of the risk sets at some coefficients.

A row at risk at many event times is added to the blocks of 1, 2, 4, ... of them that make up its
time (`IntervalSums`), so that nothing is ever subtracted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from belbiotech.survival.cox.streams.batch import Covariates, Times
from belbiotech.survival.engines.batches import Part
from belbiotech.survival.rows.checks import FloatArray, IntArray
from belbiotech.survival.rows.interval_sums import IntervalSums

__all__ = ["Adding", "at_leaves", "leaves_of", "products_of", "rows_of_batch"]

PIECE = 1 << 17  # rows whose products are written at once
ROOM = 1 << 22  # numbers that the covariates and products of a batch may take
LEAST = 1 << 12  # rows of a batch


@dataclass(frozen=True)
class Adding:
    """What a batch adds to the totals.

    Attributes
    ----------
    covariates, times
        As in `StreamedModel`.
    beta : array of float, (p,)
        The coefficients.
    describe : bool
        Also add up the rows, moments of covariates and offsets.
    """

    covariates: Covariates
    times: Times
    beta: FloatArray
    describe: bool

    def __call__(self, frame: pd.DataFrame) -> Part:
        """Give the sums of a batch, and the largest of its covariates if these are described."""
        # Each piece is written over the one before, as asking the system for memory takes longer
        # than adding up.
        room = np.empty((2 + 2 * len(self.beta), min(PIECE, len(frame))))
        pieces = (frame.iloc[a : a + PIECE] for a in range(0, len(frame), PIECE))
        # Risks without end, of a step that is too long, are seen in the total.
        with np.errstate(over="ignore", invalid="ignore"):
            total = self._piece(next(pieces), room)
            for piece in pieces:  # one after the other: of many event times a part is large
                part = self._piece(piece, room)
                np.add(total.sums, part.sums, out=total.sums)
                np.maximum(total.largest, part.largest, out=total.largest)
        return total

    def _piece(self, frame: pd.DataFrame, room: FloatArray) -> Part:
        rows, p = self.times.placed(frame), len(self.beta)
        room = room[:, : len(frame)]
        x, offset = self.covariates.of_rows(frame, room[:p])
        failing = np.flatnonzero(rows.event)
        here, x_failing = rows.take(failing), x.take(failing, axis=1)
        # Sums by einsum: several threads add batches, and BLAS would start threads in each.
        predictor = np.einsum("j,ji->i", self.beta, x, out=room[p])
        if offset is not None:
            predictor += offset
        linear = np.einsum("i,i->", here.weight, predictor[failing])
        risk = np.exp(predictor, out=predictor)
        risk *= rows.weight
        # A row with the event is at risk like any other until the time before.
        values = _products(risk[failing], x_failing, np.empty((1 + p, len(failing))))
        products = [row.copy() for row in here.sums(values)]
        before = _over_times(here.starts, here.ends - 1, products, leaves_of(self.times))
        risk[failing] = 0.0
        waiting = rows.sums(_products(risk, x, room[1 + p :]))
        sums = [
            _over_times(rows.starts, rows.ends, waiting, leaves_of(self.times)) + before,
            self._at(here.ends - 1, products),
            self._at(here.ends - 1, here.sums(here.weight * x_failing)),
            np.array([linear]),
        ]
        largest = np.zeros(0)
        if self.describe:
            sums += [_moments(rows.number, x, room[1 + p : -1]), _of_offsets(rows.number, offset)]
            largest = np.concatenate([x.max(axis=1), -x.min(axis=1)])
        return Part(np.concatenate([each.ravel() for each in sums]), largest)

    def _at(self, time: IntArray, values: Iterable[FloatArray]) -> FloatArray:
        """Sum values by time, (q, k)."""
        return np.array([np.bincount(time, value, len(self.times.time)) for value in values])


def rows_of_batch(p: int) -> int:
    """Give how many rows a batch of p covariates may have."""
    return max(LEAST, ROOM // (2 + 2 * p))


def products_of(p: int) -> int:
    """Give how many products of p covariates there are: w r, w r x, and w r x x' of each two."""
    return 1 + p + p * (p + 1) // 2


def leaves_of(times: Times) -> int:
    """Give the power of two that holds all times."""
    return 1 << max(len(times.time) - 1, 0).bit_length()


def at_leaves(tree: FloatArray) -> FloatArray:
    """Add each block's sum to the times that it holds: (q, 2 leaves) to (q, leaves)."""
    leaves, size = tree.shape[1] // 2, 1
    while size < leaves:
        tree[:, 2 * size : 4 * size] += np.repeat(tree[:, size : 2 * size], 2, axis=1)
        size *= 2
    return tree[:, leaves:]


def _products(risk: FloatArray, x: FloatArray, room: FloatArray) -> Iterator[FloatArray]:
    """Give w r, w r x and w r x x' of rows, (b,) each, the last for one of each two columns.

    Each stands in the room, (1 + p, b), until the next is asked for.
    """
    yield risk
    scaled, value = room[:-1], room[-1]
    for row, column in zip(scaled, x, strict=True):
        yield np.multiply(risk, column, out=row)
    for i, row in enumerate(scaled):
        for column in x[i:]:
            yield np.multiply(row, column, out=value)


def _over_times(
    starts: IntArray, ends: IntArray, values: Iterable[FloatArray], leaves: int
) -> FloatArray:
    """Add up values over the blocks of the times starts, ..., ends - 1, (q, 2 leaves)."""
    span = ends - starts
    # Block 0 is none of the tree: rows at risk at no time, or at many, are put there and left out.
    block, others = starts + leaves, np.flatnonzero(span != 1)
    block[others] = 0
    often = others[span[others] > 1]
    cut = IntervalSums.of(starts[often], ends[often], leaves)
    sums = []
    for value in values:
        tree = np.bincount(block, value, 2 * leaves)
        tree[0] = 0.0
        if len(often):
            tree += np.bincount(cut.block, value[often[cut.row]], 2 * leaves)
        sums.append(tree)
    return np.array(sums)


def _of_offsets(number: FloatArray, offset: FloatArray | None) -> FloatArray:
    """Count the rows that may have the event, and sum their offsets, (2,)."""
    if offset is None:
        return np.array([number.sum(), 0.0])
    known = np.isfinite(offset)
    return np.array([number[known].sum(), number[known] @ offset[known]])


def _moments(number: FloatArray, x: FloatArray, room: FloatArray) -> FloatArray:
    """Count rows, and sum each covariate and its square, (1 + 2p,); the room is written to."""
    scaled = np.multiply(number, x, out=room)
    squares = np.einsum("ji,ji->j", scaled, x)
    return np.concatenate([[number.sum()], scaled.sum(axis=1), squares])
