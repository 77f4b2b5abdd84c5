"""Scores of rows that are read in batches, summed by cluster or written to a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from belbiotech.errors import FitError
from belbiotech.survival.cox.fit import CoxFit
from belbiotech.survival.cox.partial_likelihood import LOST, Steps
from belbiotech.survival.cox.streams.batch import Covariates, Placed, Times
from belbiotech.survival.cox.streams.totals import StreamedModel, StreamTotals
from belbiotech.survival.engines.batches import Part
from belbiotech.survival.inference.variance import chi_square_of, squares
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["deviance", "RowValues", "robust_stream", "stream_residuals", "stream_score_statistic"]

PARTS = 3  # sums whose rounding errors are summed, and so on: some 150 binary digits


@dataclass(frozen=True)
class RowValues:
    """What rows are worth at some coefficients, a batch at a time.

    Attributes
    ----------
    covariates, times
        As in `StreamedModel`.
    steps : Steps
        What happens at each event time.
    beta : array of float, (p,)
        The coefficients.
    """

    covariates: Covariates
    times: Times
    steps: Steps
    beta: FloatArray

    @classmethod
    def of(cls, model: StreamedModel, totals: StreamTotals, beta: FloatArray) -> RowValues:
        """Take the steps from a pass at the coefficients."""
        return cls(model.covariates, model.times, totals.steps, beta)

    @cached_property
    def running(self) -> list[tuple[FloatArray, FloatArray]]:
        """Sum the hazard up to each time, (k + 1,), and times the mean covariate, (k + 1, p).

        Where late entries pass little of a large hazard, the rounding errors of the sums follow
        as sums of their own, and theirs.
        """
        hazard, mean = self.steps.hazard, self.steps.hazard_mean
        parts = 1 if (np.cumsum(hazard) <= LOST * hazard).all() else PARTS
        return list(zip(_running(hazard, parts), _running(mean, parts), strict=True))

    def hazards(self, rows: Placed) -> tuple[FloatArray, FloatArray]:
        """Give the hazard that rows passed, (b,), and the same times the mean covariates, (b, p).

        With Efron's ties a row with the event passes less of that time's hazard than others.
        """
        steps, first, last = self.steps, rows.first, rows.last - rows.event
        passed = np.zeros(len(first))
        passed_mean = np.zeros((len(first), len(self.beta)))
        for hazard, mean in reversed(self.running):
            passed += hazard[last] - hazard[first]
            passed_mean += mean[last] - mean[first]
        own = rows.last[rows.event] - 1
        passed[rows.event] += steps.own_hazard[own]
        passed_mean[rows.event] += steps.own_hazard_mean[own]
        return passed, passed_mean

    def covariates_and_risks(self, frame: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
        """Give the centred covariates of rows, (b, p), and their risks, (b,)."""
        x, offset = self.covariates.of_rows(frame)
        return x.T, np.exp(self.beta @ x + (0.0 if offset is None else offset))

    def scores(self, frame: pd.DataFrame) -> tuple[FloatArray, Placed]:
        """Give the score residuals of rows, (b, p), not yet weighted, and where they stand."""
        (x, risk), rows = self.covariates_and_risks(frame), self.times.placed(frame)
        passed, passed_mean = self.hazards(rows)
        scores = risk[:, None] * (passed_mean - x * passed[:, None])
        own = rows.last[rows.event] - 1
        scores[rows.event] += x[rows.event] - self.steps.mean[own]
        return scores, rows

    def martingale(self, frame: pd.DataFrame) -> tuple[FloatArray, Placed]:
        """Give events seen minus expected, (b,), and where rows stand."""
        rows = self.times.placed(frame)
        passed, _ = self.hazards(rows)
        return rows.event - self.covariates_and_risks(frame)[1] * passed, rows


def _running(values: FloatArray, parts: int) -> list[FloatArray]:
    """Sum values up to each, (k + 1, ...), and the rounding errors of these sums (Knuth)."""
    sums = []
    for _ in range(parts):
        total = np.concatenate([np.zeros_like(values[:1]), np.cumsum(values, axis=0)])
        sums.append(total)
        seen = total[1:] - total[:-1]
        values = (total[:-1] - (total[1:] - seen)) + (values - seen)
    return sums


def robust_stream(fit: CoxFit) -> CoxFit:
    """Give a streamed fit robust errors where clusters or broken weights ask for it.

    Parameters
    ----------
    fit : CoxFit
        From `fit_stream`.

    Returns
    -------
    CoxFit
        One more pass over the rows, and memory for the sums of each cluster.

    Raises
    ------
    FitError
        A single cluster; a variance that two ways of clustering make negative.
    """
    model = _streamed(fit)
    rows = fit.rows
    if not rows.cluster and not _broken_weights(model):
        return fit
    beta, names = fit.params.to_numpy(), fit.params.index
    if model.at_best is None or not len(names):
        return fit
    values = RowValues.of(model, model.at_best, beta)
    middle, numbers = _middle(fit, values, len(rows.cluster))
    naive = fit.naive_variance.to_numpy()
    variance = naive @ middle @ naive
    negative = names[np.diag(variance) < 0].tolist()
    if negative:
        msg = (
            f"the variance clustered by {' and '.join(rows.cluster)} is negative for "
            f"{', '.join(map(repr, negative))}: too few clusters; cluster by one column"
        )
        raise FitError(msg)
    table = pd.DataFrame(variance, index=names, columns=names)
    return replace(fit, variance=table, clusters=numbers, is_robust=True)


def stream_score_statistic(fit: CoxFit) -> float:
    """Score test of all coefficients zero, robust as the variance is: one more pass.

    Parameters
    ----------
    fit : CoxFit
        A streamed fit with robust errors.

    Returns
    -------
    float
        Chi-squared; NaN where clusters are too few.
    """
    model = _streamed(fit)
    if fit.n_clusters is not None and fit.n_clusters <= len(fit.params):
        return float("nan")
    if model.at_zero is None:
        return float("nan")
    values = RowValues.of(model, model.at_zero, np.zeros(len(fit.params)))
    total = model.at_zero.likelihood().score
    return chi_square_of(total, _middle(fit, values, 1)[0])


def _write(
    model: StreamedModel,
    to: Path,
    names: list[str],
    values_of: Callable[[pd.DataFrame], FloatArray],
    *,
    events_only: bool,
) -> None:
    """Write the columns of a batch and its values, batch after batch.

    A row with a frequency of 0 is no row of the fit: its values are NaN, and it is no event.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer = None
    try:
        columns = model.times.columns
        for frame in model.stream.batches.frames("Writing", every=True):
            counts = np.ones(len(frame), dtype=bool)
            if columns.frequency is not None:
                counts = frame[columns.frequency].to_numpy() > 0
            values = np.full((len(frame), len(names)), np.nan)
            if counts.any():
                values[counts] = values_of(frame[counts])
            table = frame.assign(**dict(zip(names, values.T, strict=True)))
            if events_only:
                table = table[counts & frame[columns.outcome].to_numpy(dtype=bool)]
            if table.empty:  # which would not tell what its columns hold
                continue
            schema = None if writer is None else writer.schema
            batch = pa.Table.from_pandas(table, schema, preserve_index=False)
            if writer is None:
                writer = pq.ParquetWriter(to, batch.schema)
            writer.write_table(batch)
    except BaseException:
        if writer is not None:
            writer.close()
            writer = None
        to.unlink(missing_ok=True)
        raise
    finally:
        if writer is not None:
            writer.close()


def stream_residuals(fit: CoxFit, model: StreamedModel, kind: str, to: Path) -> None:
    """Write the residuals of all rows to a Parquet file, a batch at a time.

    Parameters
    ----------
    fit : CoxFit
        A streamed fit.
    model : StreamedModel
        What reads its rows.
    kind : str
        As of `residuals`.
    to : Path
        The file.
    """
    if model.at_best is None:
        msg = "the model has not been fitted"
        raise FitError(msg)
    beta, naive = fit.params.to_numpy(), fit.naive_variance.to_numpy()
    values = RowValues.of(model, model.at_best, beta)
    names = [f"{name} ({kind})" for name in fit.params.index]
    if kind in ("martingale", "deviance"):
        names = [kind]

    def of_batch(frame: pd.DataFrame) -> FloatArray:
        if kind in ("martingale", "deviance"):
            one, rows = values.martingale(frame)
            one = deviance(one, rows.event.astype(float)) if kind == "deviance" else one
            return one[:, None]
        if kind in ("schoenfeld", "scaled_schoenfeld"):
            x, rows = values.covariates_and_risks(frame)[0], values.times.placed(frame)
            table = x - values.steps.mean[np.maximum(rows.last - 1, 0)]
            if kind == "scaled_schoenfeld":
                table = table @ naive * fit.n_events + beta
        else:
            table, rows = values.scores(frame)
            if kind == "dfbeta":
                case = rows.weight / np.where(rows.number > 0, rows.number, 1.0)
                table = table @ naive * case[:, None]
        return table

    _write(model, to, names, of_batch, events_only="schoenfeld" in kind)


def _streamed(fit: CoxFit) -> StreamedModel:
    if fit.streamed is None:
        msg = "the model's rows were not read in batches"
        raise FitError(msg)
    return fit.streamed


def _broken_weights(model: StreamedModel) -> bool:
    weights, held = model.times.columns.weights, model.stream.held
    if weights is None:
        return False
    if held is not None:
        return not held.extent.whole_weights
    frames = model.stream.batches.frames("Looking at weights")
    return any(bool((frame[weights] % 1 != 0).any()) for frame in frames)


def _middle(fit: CoxFit, values: RowValues, ways: int) -> tuple[FloatArray, tuple[int, ...]]:
    """Sum squared scores by cluster, or by row; give also the number of clusters by each column."""
    cluster, batches = fit.rows.cluster[:ways], _streamed(fit).stream.batches
    if not cluster:
        part = batches.total(_SquaresByRow(values), "Summing scores")
        p = len(values.beta)
        return part.sums.reshape(p, p), ()
    wanted: list[tuple[str, ...]] = [(name,) for name in cluster]
    if len(cluster) == 2:
        wanted.append(tuple(cluster))
    sums = batches.grouped(_WeightedScores(values), wanted, "Summing scores by cluster")
    for name, table in zip(cluster, sums, strict=False):
        if len(table) < 2:
            msg = (
                f"cluster column {name!r} has one value only: errors come from how clusters "
                "differ; give a column with more values, or no cluster"
            )
            raise FitError(msg)
    parts = [squares(table) for table in sums]
    middle = parts[0] if len(parts) == 1 else parts[0] + parts[1] - parts[2]
    return middle, tuple(len(table) for table in sums[: len(cluster)])


@dataclass(frozen=True)
class _WeightedScores:
    """The weighted scores of a batch, (b, p)."""

    values: RowValues

    def __call__(self, frame: pd.DataFrame) -> FloatArray:
        scores, rows = self.values.scores(frame)
        return scores * rows.weight[:, None]


@dataclass(frozen=True)
class _SquaresByRow:
    """The sum of squared scores of a batch, each row a cluster and as often as its frequency."""

    values: RowValues

    def __call__(self, frame: pd.DataFrame) -> Part:
        scores, rows = self.values.scores(frame)
        number = np.where(rows.number > 0, rows.number, 1.0)
        return Part(squares(scores, rows.weight**2 / number).ravel())


def deviance(martingale: FloatArray, events: FloatArray) -> FloatArray:
    """Make martingale residuals more symmetric.

    Parameters
    ----------
    martingale : array of float, (m,)
        Martingale residuals M.
    events : array of float, (m,)
        How many events happened, N.

    Returns
    -------
    array of float, (m,)
        ``sign(M) sqrt(-2 (M + N log((N - M) / N)))`` (Therneau and Grambsch 2000, 4.3).
        R has no N below the line: the same for units with one event or none.
    """
    # N - M is the expected number; without an event its logarithm is not needed.
    share = (events - martingale) / np.where(events > 0, events, 1.0)
    square = -2 * (martingale + events * np.log(np.where(events > 0, share, 1.0)))
    return np.sign(martingale) * np.sqrt(np.maximum(square, 0.0))
