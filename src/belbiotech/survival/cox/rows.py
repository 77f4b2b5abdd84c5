"""How the distinct rows of a Cox model came from the rows of the data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.survival.formulas.design import Formula
from belbiotech.survival.rows.checks import FloatArray, IntArray
from belbiotech.survival.rows.counts import DistinctRows

__all__ = ["CoxRows"]


@dataclass(frozen=True)
class CoxRows:
    """How a fit's distinct rows came from the data.

    Attributes
    ----------
    formula : Formula
        The formula, taken apart.
    index : Index, (n,)
        The data's row labels.
    counts : DistinctRows or None
        How rows were counted; None where each row stands for itself.
    case, copies : array of float, (n,), or None
        Case weight and frequency of each row, where given.
    stratum_labels : tuple of str
        Names of the strata, ``("",)`` without.
    strata, cluster : tuple of str
        The columns.
    start, stop : str
        The columns of the interval.
    of_many_units : tuple of str
        The columns of clusters that hold several units: their rows overlap in time.
    empty : array of bool, or None
        Of all rows of the data, those with a frequency of 0, where there are any: n counts the
        others.
    labels : Index or None
        The labels of all rows of the data, where some have a frequency of 0.
    """

    formula: Formula
    index: pd.Index
    counts: DistinctRows | None
    case: FloatArray | None
    copies: FloatArray | None
    stratum_labels: tuple[str, ...]
    strata: tuple[str, ...]
    cluster: tuple[str, ...]
    start: str
    stop: str
    of_many_units: tuple[str, ...] = ()
    empty: NDArray[np.bool_] | None = None
    labels: pd.Index | None = None

    @property
    def row_of(self) -> IntArray:
        """The distinct row of each row, (n,)."""
        return np.arange(len(self.index)) if self.counts is None else self.counts.row_of

    @property
    def case_weight(self) -> FloatArray:
        """Case weight of each row, (n,), without its frequency."""
        return np.ones(len(self.index)) if self.case is None else self.case

    @property
    def row_number(self) -> FloatArray:
        """Frequency of each row, (n,)."""
        return np.ones(len(self.index)) if self.copies is None else self.copies

    @property
    def row_weight(self) -> FloatArray:
        """Case weight times frequency of each row, (n,)."""
        return self.case_weight if self.copies is None else self.case_weight * self.copies

    def for_all_rows(self, values: pd.Series | pd.DataFrame) -> pd.Series | pd.DataFrame:
        """Give values by row, (n,), to all rows of the data: NaN where the frequency is 0."""
        if self.empty is None or self.labels is None:
            return values
        place = np.where(self.empty, -1, np.cumsum(~self.empty) - 1)
        numbers = values.to_numpy()[place]
        numbers[self.empty] = np.nan
        if isinstance(values, pd.Series):
            return pd.Series(numbers, index=self.labels, name=values.name)
        return pd.DataFrame(numbers, index=self.labels, columns=values.columns)
