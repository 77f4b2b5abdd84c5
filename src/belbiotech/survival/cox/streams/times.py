"""The scale of time on which proportional hazards are tested, of rows read in batches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from belbiotech.survival.cox.streams.batch import Times
from belbiotech.survival.cox.streams.totals import StreamedModel
from belbiotech.survival.engines.batches import Part
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["stream_ranks", "stream_survival_before"]


@dataclass(frozen=True)
class _Counts:
    """How many rows of a batch are at risk, fail and end at each event time of any stratum."""

    times: Times
    pooled: FloatArray

    def __call__(self, frame: pd.DataFrame) -> Part:
        columns, k = self.times.columns, len(self.pooled)
        start, stop = (frame[name].to_numpy(dtype=float) for name in (columns.start, columns.stop))
        number = np.ones(len(frame))
        if columns.frequency is not None:
            number = frame[columns.frequency].to_numpy(dtype=float)
        low, high = self.pooled - self.times.close, self.pooled + self.times.close
        first, last = (np.searchsorted(low, values, "right") for values in (start, stop))
        change = np.bincount(first, number, k + 1) - np.bincount(last, number, k + 1)
        event = frame[columns.outcome].to_numpy(dtype=bool)
        failed = np.bincount(last[event] - 1, number[event], k)
        before = np.bincount(np.searchsorted(high, stop, "left"), number, k + 1)
        at = np.bincount(last, number, k + 1)
        return Part(np.concatenate([change, failed, before, at]))


def _counted(model: StreamedModel) -> tuple[FloatArray, list[FloatArray]]:
    pooled = np.unique(model.times.time)
    part = model.stream.batches.total(_Counts(model.times, pooled), "Counting rows by time")
    k = len(pooled)
    return pooled, np.split(part.sums, np.cumsum([k + 1, k, k + 1]))


def stream_survival_before(model: StreamedModel) -> FloatArray:
    """Give the Kaplan-Meier curve of all rows just before each event time, (k,): one pass."""
    pooled, (change, failed, _, _) = _counted(model)
    at_risk = np.cumsum(change)[:-1]
    before: FloatArray = np.r_[1.0, np.cumprod(1 - failed / at_risk)[:-1]]
    return before[np.searchsorted(pooled, model.times.time)]


def stream_ranks(model: StreamedModel) -> FloatArray:
    """Give the mean rank of each event time among all stops, (k,): one pass."""
    pooled, (_, _, before, at) = _counted(model)
    until, up_to = np.cumsum(before)[:-1], np.cumsum(at)
    ended = up_to[-1] - up_to[:-1]  # after each time or at it
    total = float(at.sum())
    here = total - ended  # before each time
    same = until - here
    ranks: FloatArray = here + (same + 1) / 2
    return ranks[np.searchsorted(pooled, model.times.time)]
