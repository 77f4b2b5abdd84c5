"""What a Cox model is fitted to: the columns of a call, its rows checked and counted."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import warn
from belbiotech.survival.cox.partial_likelihood import Design, Ties, cut_design, prepare
from belbiotech.survival.cox.streams.call import CoxCall, check_options, reading_of
from belbiotech.survival.engines.held import CountedRows, HeldRows, counted_rows
from belbiotech.survival.formulas.checks import refuse_unknown_columns
from belbiotech.survival.formulas.design import counted_matrix
from belbiotech.survival.formulas.formula import Formula
from belbiotech.survival.formulas.matrix import Matrix
from belbiotech.survival.formulas.over_time import Cut, with_over_time
from belbiotech.survival.formulas.without_events import levels_without_events
from belbiotech.survival.inference.quiet_levels import warn_of_quiet_levels
from belbiotech.survival.rows.checks import FloatArray, IntArray, check_rows, refuse_no_weight
from belbiotech.survival.rows.column_codes import numbered
from belbiotech.survival.rows.counts import Counts, DistinctRows, count_rows, distinct_rows
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.interval_sums import Pieces, cut_at_events
from belbiotech.survival.rows.plain import plain_table, plain_value
from belbiotech.survival.rows.units import refuse_overlaps, unit_of, unit_to_check

__all__ = [
    "CoxCall",
    "CoxModel",
    "CoxRows",
    "check_options",
    "counted_model",
    "reading_of",
    "stratum_keys",
    "stratum_labels",
    "warn_of_empty_strata",
]


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
    stratum_values : tuple of tuple
        The strata's values in these columns, as `stratum_keys` gives them, ``((),)`` without.
    start, stop : str
        The columns of the interval.
    empty : array of bool, or None
        Of all rows of the data, those with a frequency of 0, where there are any: n counts the
        others.
    labels : Index or None
        The labels of all rows of the data, where some have a frequency of 0.
    whose : dict of str to Series, (n,)
        The columns that say whose row it is: the unit's and the clusters', as in the data.
    pieces : Pieces or None
        Where effects vary with time, how the distinct rows were cut: the design is of pieces then.
    held : HeldRows or None
        Where the data is an engine's: the rows here are then its distinct rows, of which those of
        the fit are fewer where they differ in what the model does not read.
    weight_squared : array of float, (n,), or None
        The sum of the squares of the case weights of each of them, where weights are given.
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
    stratum_values: tuple[tuple[Hashable, ...], ...] = ((),)
    empty: NDArray[np.bool_] | None = None
    labels: pd.Index | None = None
    whose: dict[str, pd.Series] = field(default_factory=dict, repr=False, compare=False)
    pieces: Pieces | None = field(default=None, repr=False, compare=False)
    held: HeldRows | None = None
    weight_squared: FloatArray | None = None

    @property
    def ends(self) -> IntArray:
        """The row of the design that each row ends with, (n,); -1 where it says nothing."""
        return self.row_of if self.pieces is None else self.pieces.ends[self.row_of]

    def over_pieces(self, values: FloatArray) -> FloatArray:
        """Sum what rows of the design have, (q,) or (q, p), over those of each distinct row."""
        return values if self.pieces is None else self.pieces.over_rows(values)

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
    def squared_weight(self) -> FloatArray:
        """Sum of the squares of the case weights that each row stands for, (n,)."""
        if self.weight_squared is not None:
            return self.weight_squared
        return self.row_number * self.case_weight**2

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


@dataclass(frozen=True)
class CoxModel:
    """A Cox model that is yet to be fitted.

    Attributes
    ----------
    design : Design
        The distinct rows, with centred covariates.
    matrix : Matrix
        How the covariates are made: names, terms, spec.
    centre : array of float, (p,)
        The covariates' means, taken off in the design.
    rows : CoxRows
        How the distinct rows came from the data.
    ties : {"efron", "breslow"}
        What to do with events at the same time.
    """

    design: Design
    matrix: Matrix
    centre: FloatArray
    rows: CoxRows
    ties: Ties


def counted_model(data: pd.DataFrame, call: CoxCall) -> tuple[CoxModel, pd.DataFrame]:
    """Check the rows of a call, count equal ones and make the covariates of the distinct ones.

    Parameters
    ----------
    data : DataFrame, CountedRows, or what an engine holds
        A row for each interval.
    call : CoxCall
        The columns and options.

    Returns
    -------
    CoxModel
        What is to be fitted.
    DataFrame, (n, ...)
        The rows that it counts: those with a frequency above 0, or an engine's distinct rows.

    Raises
    ------
    FormulaError, PanelError, FitError
        Bad input, as in `cox`.
    """
    check_options(call)
    table = data if isinstance(data, CountedRows) else counted_rows(data, reading_of(call, data))
    data = table.data if table.held is not None else as_table(table.data)
    labels = data.index
    if table.held is None:
        data = _checked(data, call)
    else:
        data = plain_table(data, call.strata, groups=call.strata)
        call = replace(call, weights=table.weights, frequency=table.frequency)
    empty = _empty_rows(data, call.frequency)
    data = data if empty is None else data[~empty]
    counts = _counted(data, call)
    in_memory = table.held is None
    matrix = counted_matrix(call.formula, data, counts, call.frequency, named=in_memory)
    if call.leave_out:
        matrix = _without_quiet_levels(matrix, counts, data, call)
    stratum, strata = _strata(counts.columns, call.strata)
    design = Design(
        start=counts.start,
        stop=counts.stop,
        event=counts.event == 1,
        stratum=stratum,
        x=matrix.x,
        number=counts.number,
        weight=counts.weight,
        offset=matrix.offset,
    )
    pieces = None
    if call.formula.over_time and design.event.any():
        pieces, design, matrix = _over_time(call, design, counts.columns, matrix)
    x, centre = _centred(design.x, design.number)
    design = replace(design, x=x)
    rows = replace(
        _rows(data, call, counts, strata),
        index=labels if empty is None else labels[~empty],
        empty=empty,
        labels=None if empty is None else labels,
        whose={} if table.held is not None else {name: data[name] for name in _whose(data, call)},
        pieces=pieces,
        held=table.held,
        weight_squared=table.weight_squared,
    )
    bare = replace(matrix, x=x[:0])  # the numbers are in the design, centred
    return CoxModel(design, bare, centre, rows, call.ties), data


def _without_quiet_levels(
    matrix: Matrix, counts: Counts, data: pd.DataFrame, call: CoxCall
) -> Matrix:
    """Leave out the levels without an event, and tell which."""
    quiet = levels_without_events(matrix, counts.event == 1)
    if not quiet:
        return matrix
    number = counts.number
    if call.pieces is not None:  # each spell once, however many pieces it is in
        first = ~data[call.pieces].duplicated().to_numpy()
        number = np.bincount(counts.row_of, first, len(number)).astype(np.float64)
    offered = "" if call.penalty is None else f", or use {call.penalty}"
    warn_of_quiet_levels(
        quiet.counted(matrix, number),
        [(one.name, one.instead) for one in quiet.references],
        f"give the factor as strata={offered}",
        of="row" if call.pieces is None else "unit",
    )
    return quiet.taken_out(matrix)


def _over_time(
    call: CoxCall, design: Design, columns: pd.DataFrame, matrix: Matrix
) -> tuple[Pieces, Design, Matrix]:
    """Cut distinct rows at the event times, and give the pieces their covariates."""
    sets, formula = prepare(design, call.ties), call.formula
    pieces = cut_at_events(sets.first, sets.last, design.event, distinct_rows(columns).row_of)
    cut = Cut(pieces.row, sets.time, pieces.position)
    matrix = with_over_time(matrix, formula.text, formula.over_time, columns, cut)
    design = replace(cut_design(design, sets, pieces), x=matrix.x, offset=matrix.offset)
    return pieces, design, matrix


def _whose(data: pd.DataFrame, call: CoxCall) -> list[str]:
    """Name the columns of the unit and of clusters."""
    unit = unit_of(data, call.unit)
    return list(dict.fromkeys([*([] if unit is None else [unit]), *call.cluster]))


def _checked(data: pd.DataFrame, call: CoxCall) -> pd.DataFrame:
    """Refuse bad input; make its columns plain."""
    groups = [call.frailty] if call.frailty is not None else []
    unit = unit_to_check(data, call.unit, [*groups, *call.cluster])
    refuse_unknown_columns(call.formula, data)
    data = check_rows(
        data,
        [call.formula.outcome],
        start=call.start,
        stop=call.stop,
        columns=[
            *call.formula.columns,
            *call.cluster,
            *groups,
            *([] if unit is None else [unit]),
        ],
        groups=call.strata,
        weights=call.weights,
        frequency=call.frequency,
    )
    if call.weights is not None:
        refuse_no_weight(data, call.weights)
    if call.overlap == "refuse":
        refuse_overlaps(data, unit, call.start, call.stop, overlap_offered=True)
    return data


def _empty_rows(data: pd.DataFrame, frequency: str | None) -> NDArray[np.bool_] | None:
    """Find rows that stand for no row at all."""
    if frequency is None or (data[frequency] > 0).all():
        return None
    empty: NDArray[np.bool_] = (data[frequency] == 0).to_numpy(dtype=bool)
    return empty


def _centred(x: FloatArray, number: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Take the means off covariates, (m, p), in place; give both."""
    total = number.sum()
    centre = np.array([np.einsum("i,i", number, column) / total for column in x.T])
    for column, mean in zip(x.T, centre, strict=True):
        column -= mean
    return x, centre


def _counted(data: pd.DataFrame, call: CoxCall) -> Counts:
    """Count equal rows."""
    return count_rows(
        data,
        [call.formula.outcome],
        list(dict.fromkeys([*call.formula.columns, *call.strata])),
        start=call.start,
        stop=call.stop,
        weights=call.weights,
        frequency=call.frequency,
    )


def _rows(data: pd.DataFrame, call: CoxCall, counts: Counts, strata: _Strata) -> CoxRows:
    case, copies = (
        None if name is None else data[name].to_numpy(dtype=float)
        for name in (call.weights, call.frequency)
    )
    return CoxRows(
        formula=call.formula,
        index=data.index,
        counts=counts.rows,
        case=case,
        copies=copies,
        stratum_labels=strata.labels,
        strata=call.strata,
        stratum_values=strata.values,
        cluster=call.cluster,
        start=call.start,
        stop=call.stop,
    )


class _Strata(NamedTuple):
    labels: tuple[str, ...]
    values: tuple[tuple[Hashable, ...], ...]


def _strata(columns: pd.DataFrame, names: tuple[str, ...]) -> tuple[IntArray, _Strata]:
    if not names:
        return np.zeros(len(columns), dtype=np.int64), _Strata(("",), ((),))
    codes, number = numbered([columns[name] for name in names])
    one = np.zeros(number, dtype=np.int64)  # a row of each stratum
    one[codes] = np.arange(len(codes))
    rows = columns.iloc[one]
    strata = _Strata(stratum_labels(rows, names), tuple(stratum_keys(rows, names)))
    return codes.astype(np.int64), strata


def stratum_labels(table: pd.DataFrame, names: Sequence[str]) -> tuple[str, ...]:
    """Name the stratum of each row: ``region=BE-WAL, size=2``.

    Parameters
    ----------
    table : DataFrame, (m, ...)
        With the strata's columns.
    names : sequence of str
        These columns.

    Returns
    -------
    tuple of str, (m,)
        The labels.
    """
    return tuple(
        ", ".join(f"{name}={value}" for name, value in zip(names, values, strict=True))
        for values in table[list(names)].itertuples(index=False)
    )


def warn_of_empty_strata(labels: Sequence[str]) -> None:
    """Warn of strata without an event.

    Parameters
    ----------
    labels : sequence of str
        Their labels; of none there is no warning.

    Warns
    -----
    BelbiotechWarning
        With all of them.
    """
    if labels:
        warn(f"no event in stratum {'; '.join(labels)}: its rows contribute nothing")


def stratum_keys(table: pd.DataFrame, names: Sequence[str]) -> list[tuple[Hashable, ...]]:
    """Give the stratum of each row as values that are equal where they are one: 1, 1.0 and True.

    Parameters
    ----------
    table : DataFrame, (m, ...)
        With the strata's columns.
    names : sequence of str
        These columns.

    Returns
    -------
    list of tuple, (m,)
        Each row's values.
    """
    rows = table[list(names)].itertuples(index=False)
    return [tuple(plain_value(value) for value in values) for values in rows]
