"""What an analysis reads of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from belbiotech.survival.engines.binning import Binning

__all__ = ["CASE", "ROWS", "Reading"]

ROWS = "(rows)"  # how many rows of the data a distinct row stands for
CASE = "(mean case weight)"  # their mean case weight


@dataclass(frozen=True)
class Reading:
    """The columns that an analysis reads.

    Attributes
    ----------
    outcomes : tuple of str
        Columns of 0/1 or bool.
    columns : tuple of str
        Columns by which rows are counted: covariates, strata, groups.
    beside : tuple of str
        Columns that are read and not counted by: clusters.
    start, stop : str
        Columns of the interval.
    weights, frequency : str or None
        Columns of case weights, and of whole numbers of equal rows.
    binned : mapping of str to tuple of Binning
        Of the columns, those that the formula reads only rounded or cut, and how.
    whole_times : bool
        Whether times must be whole numbers.
    one_fate : bool
        Whether at most one of the outcomes may be 1 in a row.
    positive_weights : bool
        Whether case weights must be above 0.
    unit : str or None
        Column whose rows must not overlap in time.
    summed_by_unit : bool
        Whether scores are summed by unit after the fit in any case: an engine in this process
        then looks for overlaps in the same pass over the rows.
    overlap_offered : bool
        Whether the caller has the argument ``overlap``, for messages.
    errors_by_unit : bool
        Whether errors are clustered by unit where case weights are no whole numbers.
    """

    outcomes: tuple[str, ...]
    columns: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    start: str = "start"
    stop: str = "stop"
    weights: str | None = None
    frequency: str | None = None
    binned: Mapping[str, tuple[Binning, ...]] = field(default_factory=dict)
    whole_times: bool = False
    one_fate: bool = False
    positive_weights: bool = False
    unit: str | None = None
    summed_by_unit: bool = False
    overlap_offered: bool = False
    errors_by_unit: bool = False

    @property
    def optional(self) -> tuple[str, ...]:
        """The columns of weights and frequencies that are given."""
        return tuple(name for name in (self.weights, self.frequency) if name is not None)

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns whose values make a row distinct."""
        return tuple(dict.fromkeys([self.stop, self.start, *self.outcomes, *self.columns]))

    @property
    def used(self) -> tuple[str, ...]:
        """All columns, each once."""
        whose = [self.unit] if self.unit is not None else []
        return tuple(dict.fromkeys([*self.keys, *self.beside, *whose, *self.optional]))
