"""A panel made ready for models in discrete time: checked, counted, cut into periods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import FitError, in_words, is_one_of
from belbiotech.survival.discrete.baseline import Baseline
from belbiotech.survival.discrete.periods import Periods, check_whole_times, cut_into_periods
from belbiotech.survival.engines.held import HeldRows, counted_rows
from belbiotech.survival.engines.reading import Reading
from belbiotech.survival.engines.sources import is_held
from belbiotech.survival.formulas.design import counted_matrix
from belbiotech.survival.formulas.formula import Formula
from belbiotech.survival.formulas.matrix import Matrix
from belbiotech.survival.inference.variance import clustered_variance
from belbiotech.survival.rows.checks import FloatArray, IntArray, check_rows
from belbiotech.survival.rows.clusters import (
    Overlap,
    as_cluster_columns,
    cluster_codes,
)
from belbiotech.survival.rows.column_codes import Codes
from belbiotech.survival.rows.column_names import check_text
from belbiotech.survival.rows.counts import count_rows
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.fates import check_fates
from belbiotech.survival.rows.units import refuse_overlaps, unit_to_check

__all__ = ["DiscreteRows", "read_rows", "with_baseline"]


@dataclass(frozen=True)
class DiscreteRows:
    """Distinct rows, their periods, and how they came from the data.

    Attributes
    ----------
    formula : Formula
        The covariates.
    outcomes : tuple of str
        The 0/1 columns.
    columns : DataFrame, (m, k)
        The covariates' columns in the distinct rows.
    matrix : Matrix
        Their covariates as numbers.
    periods : Periods
        The distinct rows cut into periods.
    row_of : array of int, (n,)
        The distinct row of each row of the data.
    row_weight : array of float, (n,)
        Its case weight.
    cluster : tuple of str
        Columns of the clusters.
    groups : tuple of array of int, (n,)
        The cluster of each row, for each way of clustering.
    start, stop : str
        Columns of the interval.
    number : array of float, (m,)
        How many rows of the data each distinct row stands for.
    n_rows : int
        How many rows the data has.
    held : HeldRows or None
        Where the data is an engine's: n is then the number of its distinct rows.
    """

    formula: Formula
    outcomes: tuple[str, ...]
    columns: pd.DataFrame
    matrix: Matrix
    periods: Periods
    row_of: IntArray
    row_weight: FloatArray
    cluster: tuple[str, ...]
    groups: tuple[Codes, ...]
    start: str
    stop: str
    number: FloatArray
    n_rows: int = 0
    held: HeldRows | None = None

    @property
    def offset(self) -> FloatArray | None:
        """What is added to each period's linear predictor, (r,), if anything."""
        offset = self.matrix.offset
        return None if offset is None else offset[self.periods.row]

    @property
    def without_risk(self) -> NDArray[np.bool_]:
        """Which periods are of a level without an event, (r,)."""
        offset = self.offset
        return np.zeros(len(self.periods.row), bool) if offset is None else offset == -np.inf

    @property
    def clusters(self) -> tuple[int, ...]:
        """How many clusters there are, by each column, of rows in memory."""
        return tuple(int(group.max()) + 1 for group in self.groups)

    def row_sums(self, scores: FloatArray) -> FloatArray:
        """Add up what periods give, (r, p), for each row of the data, (n, p), weighted."""
        rows = len(self.columns)
        sums = [np.bincount(self.periods.row, column, rows) for column in scores.T]
        return np.stack(sums, axis=1)[self.row_of] * self.row_weight[:, None]

    def clustered(
        self, naive: FloatArray, scores: FloatArray
    ) -> tuple[FloatArray, tuple[int, ...]]:
        """Give the sandwich variance, (p, p), from the periods' scores, (r, p), and the clusters.

        An engine weights the scores of its rows itself.
        """
        if self.held is None:
            return clustered_variance(naive, self.groups, self.row_sums(scores)), self.clusters
        rows = len(self.columns)
        by_row = [np.bincount(self.periods.row, column, rows) for column in scores.T]
        sums = np.stack(by_row, axis=1).astype(np.float64)
        middle, numbers = self.held.squares(sums[self.row_of], self.cluster)
        return naive @ middle @ naive, numbers


def read_rows(
    formula: Formula,
    data: pd.DataFrame | Any,
    outcomes: Sequence[str],
    *,
    unit: str | None,
    cluster: str | Sequence[str] | None,
    weights: str | None,
    start: str,
    stop: str,
    overlap: Overlap,
) -> DiscreteRows:
    """Check a panel and count it.

    Parameters
    ----------
    formula : Formula
        The covariates.
    data : DataFrame
        One row for each interval of whole periods.
    outcomes : sequence of str
        The 0/1 columns.
    unit : str, optional
        Column that says whose row it is.
    cluster : str or sequence of str, optional
        Columns of the clusters.
    weights : str, optional
        Column of case weights.
    start, stop : str
        Columns of the interval.
    overlap : {"refuse", "allow"}
        What to do where rows of one unit overlap in time.

    Returns
    -------
    DiscreteRows
        Ready to be fitted.

    Raises
    ------
    PanelError
        Rows that are no panel, times that are not whole, a row with two fates.
    FitError
        An outcome that never happens.
    """
    clusters = as_cluster_columns(cluster)
    check_text(overlap, "overlap", "refuse")
    if not is_one_of(overlap, get_args(Overlap)):
        msg = f"overlap must be 'refuse' or 'allow', not {in_words(overlap)}"
        raise FitError(msg)
    data = data if is_held(data) else as_table(data)
    whose = unit_to_check(data, unit, clusters)
    table = counted_rows(
        data,
        Reading(
            outcomes=tuple(outcomes),
            columns=formula.columns,
            beside=clusters,
            start=start,
            stop=stop,
            weights=weights,
            binned=formula.binned,
            whole_times=True,
            one_fate=True,
            unit=whose if overlap == "refuse" else None,
            overlap_offered=True,
        ),
    )
    data, weights, held = table.data, table.weights, table.held
    beside = [*clusters, *([] if whose is None else [whose])] if held is None else []
    columns = [*formula.columns, *beside]
    data = check_rows(data, outcomes, start=start, stop=stop, columns=columns, weights=weights)
    check_whole_times(data, start, stop)
    check_fates(data, outcomes)
    if overlap == "refuse" and held is None:
        refuse_overlaps(data, whose, start, stop, overlap_offered=True)
    counts = count_rows(
        data,
        outcomes,
        list(formula.columns),
        start=start,
        stop=stop,
        weights=weights,
        frequency=table.frequency,
    )
    weight = np.ones(len(data)) if weights is None else data[weights].to_numpy(dtype=float)
    return DiscreteRows(
        formula=formula,
        outcomes=tuple(outcomes),
        columns=counts.columns,
        matrix=counted_matrix(formula, data, counts, table.frequency, named=held is None),
        periods=cut_into_periods(counts),
        row_of=counts.row_of,
        row_weight=weight,
        cluster=clusters,
        groups=cluster_codes(data, clusters) if held is None else (),
        start=start,
        stop=stop,
        number=counts.number,
        n_rows=len(data) if held is None else held.extent.rows,
        held=held,
    )


def with_baseline(x: FloatArray, baseline: Baseline, start: FloatArray) -> FloatArray:
    """Put the baseline's columns, (r, q), after the covariates, (r, p)."""
    return np.hstack([x, baseline.columns(start)])
