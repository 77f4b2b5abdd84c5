"""A formula and a table in, the matrix of covariates out: made with formulaic."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import FormulaError
from belbiotech.survival.formulas.allowed import columns_of
from belbiotech.survival.formulas.checks import (
    refuse_infinite,
    refuse_single_levels,
    refuse_unknown_columns,
)
from belbiotech.survival.formulas.coding import CONSTANT, Coded, code_terms
from belbiotech.survival.formulas.columns import (
    factor_values,
    plain_columns,
    refuse_levels,
    refuse_names,
    refuse_other_types,
)
from belbiotech.survival.formulas.computing import States, compute
from belbiotech.survival.formulas.formula import Factor, Formula
from belbiotech.survival.formulas.levels import coded, levels_in, named_levels
from belbiotech.survival.formulas.matrix import Matrix, Spec, reduced
from belbiotech.survival.formulas.texts import shown
from belbiotech.survival.formulas.weighted import settled_states
from belbiotech.survival.rows.checks import FloatArray, IntArray
from belbiotech.survival.rows.counts import Counts, counting_pays, distinct_rows

__all__ = ["counted_matrix", "design_matrix", "offset_sum"]

LARGE = 1 << 16  # rows from which terms are made on the distinct values of their columns


def counted_matrix(
    formula: Formula,
    data: pd.DataFrame,
    counts: Counts,
    frequency: str | None = None,
    *,
    named: bool = True,
) -> Matrix:
    """Make the matrix of covariates of distinct rows.

    Where a term looks at other rows too (the knots of a spline), it is made from all rows of the
    data, each as often as its frequency says.

    Parameters
    ----------
    formula : Formula
        From `read_formula`.
    data : DataFrame, (n, k)
        All rows.
    counts : Counts
        Their distinct rows, counted by the formula's columns at least.
    frequency : str, optional
        Column of whole numbers: how many equal rows a row stands for.
    named : bool
        Whether messages may name rows of the data: not those that stand for an engine's.

    Returns
    -------
    Matrix
        Numbers (m, p), names and terms.

    Raises
    ------
    FormulaError
        As `design_matrix`; also a term that depends on the order of the rows.
    """
    if formula.rowwise:
        return design_matrix(formula, counts.columns, named=data if named else None)
    if not named:
        states = settled_states(formula, counts.columns, counts.number)
        return design_matrix(formula, counts.columns, states=states)
    rows = np.arange(len(data))
    copies = np.ones(len(data), dtype=np.int64)
    if frequency is not None:
        copies = data[frequency].to_numpy(dtype=np.int64)
    matrix = design_matrix(formula, data.iloc[rows.repeat(copies)])
    one = np.zeros(len(counts.start), dtype=np.int64)
    row_of = counts.row_of.repeat(copies)
    one[row_of] = np.arange(len(row_of))
    x = matrix.x[one]
    differs = ~np.isclose(x[row_of], matrix.x, rtol=1e-9, atol=0).all(axis=0)
    if differs.any():
        names = ", ".join(repr(name) for name in np.array(matrix.names)[differs])
        msg = (
            f"{names} in formula {shown(formula.text)} differs among equal rows, so that it "
            "depends on the order of the rows; compute it in a column of its own first"
        )
        raise FormulaError(msg)
    offset = None if matrix.offset is None else matrix.offset[one]
    return replace(matrix, x=x, offset=offset)


def design_matrix(
    formula: Formula,
    table: pd.DataFrame,
    spec: Spec | None = None,
    *,
    intercept: bool = False,
    named: pd.DataFrame | None = None,
    states: States | None = None,
) -> Matrix:
    """Make the matrix of covariates.

    Factors are coded as in R: one column for each level but the first. Without ``intercept`` the
    coding is the same and the column of ones is left out, as in R's ``coxph``.

    Parameters
    ----------
    formula : Formula
        From `read_formula`.
    table : DataFrame
        The formula's columns, m rows, nothing missing.
    spec : Spec, optional
        From an earlier matrix: the same coding, knots and levels.
    intercept : bool
        Keep the column of ones.
    named : DataFrame, optional
        The user's data, of which the table holds the distinct rows: messages name its rows.
    states : dict of str to dict, optional
        What functions have settled already, by the call's text.

    Returns
    -------
    Matrix
        Numbers (m, p), names and terms.

    Raises
    ------
    FormulaError
        An unknown column, a term that cannot be computed, a value outside ``C(x, levels=...)``.
    PanelError
        With ``spec``: a factor's value that is none of its levels.
    """
    refuse_unknown_columns(formula, table)
    refuse_names(formula.columns, table)
    table = plain_columns(table, formula.columns, formula.plain, known=spec is not None)
    if spec is not None:
        refuse_other_types(formula.text, table, spec.numbers)
    own = spec is not None or named is not None
    call = _Call(formula, spec, named if named is not None else table, own, states or {})
    make = _from_distinct_values if formula.rowwise and len(table) > LARGE else _made
    matrix = make(call, table)
    if formula.offsets:
        matrix = replace(matrix, offset=offset_sum(formula, table, matrix.spec))
    matrix = matrix if intercept else _without_intercept(matrix)
    if spec is None:
        refuse_single_levels(formula, matrix)
    refuse_infinite(formula, table, matrix, named)
    return matrix if spec is None else reduced(matrix)


@dataclass(frozen=True)
class _Call:
    """What a matrix is made with: the formula, the fit's record, and the table to name rows of."""

    formula: Formula
    spec: Spec | None
    whose: pd.DataFrame
    own: bool
    settled: States


def _made(call: _Call, table: pd.DataFrame) -> Matrix:
    """Make the matrix of all rows, with the constant."""
    formula, spec = call.formula, call.spec
    states: States = dict(call.settled) if spec is None else spec.states
    values: dict[str, Any] = {}
    levels: dict[str, list[Any]] = {}
    numbers: set[str] = set()
    for key, factor in formula.factors.items():
        found, are_levels = _values(call, factor, table, states)
        if are_levels or (spec is not None and key in spec.levels):
            known = _levels(factor, found) if spec is None else spec.levels[key]
            codes = coded(found, known)
            if (codes < 0).any():
                _refuse_unknown(call, factor, found, known)
            values[key], levels[key] = Coded(codes, known), known
        else:
            values[key] = found
            numbers |= {factor.column} if factor.column is not None else set()
    coding = None if spec is None else spec.coding
    x, coding = code_terms(formula.text, formula.terms, formula.factors, values, len(table), coding)
    kept = Spec(coding, levels, states, frozenset(numbers)) if spec is None else spec
    return Matrix(x, coding.names, coding.terms, kept)


def _values(call: _Call, factor: Factor, table: pd.DataFrame, states: States) -> tuple[Any, bool]:
    """Compute a factor; what cannot be is told with the formula."""
    try:
        return factor_values(factor, table, states)
    except FormulaError as error:
        msg = f"formula {shown(call.formula.text)} cannot be computed: {error}"
        raise FormulaError(msg) from error


def _levels(factor: Factor, found: Any) -> list[Any]:
    return named_levels(factor.tree) or levels_in(found)


def _refuse_unknown(call: _Call, factor: Factor, found: Any, known: list[Any]) -> None:
    """Refuse values that are none of the levels, in the user's own rows where they are at hand."""
    fitted = call.spec is not None
    states: States = {} if call.spec is None else call.spec.states
    if len(call.whose) != len(found) or call.own:
        found = _values(call, factor, call.whose, states)[0]
    whose = call.whose if call.own else None
    refuse_levels(call.formula.text, factor, found, known, fitted=fitted, table=whose)


def offset_sum(formula: Formula, table: pd.DataFrame, spec: Spec) -> FloatArray:
    """Add up the formula's offsets.

    Parameters
    ----------
    formula : Formula
        With ``offset()`` in it.
    table : DataFrame, (n, k)
        The formula's columns, nothing missing.
    spec : Spec
        Takes what the offsets' functions settle, or has it from the fit.

    Returns
    -------
    array of float, (n,)
        What is added to each row's linear predictor.

    Raises
    ------
    FormulaError
        An offset that is no finite number.
    """
    total = np.zeros(len(table))
    for factor in formula.offsets:
        try:
            total = total + compute(factor.tree, table, spec.states)
        except FormulaError as error:
            msg = f"formula {shown(formula.text)} cannot be computed: {error}"
            raise FormulaError(msg) from error
    if not np.isfinite(total).all():
        row = int(np.flatnonzero(~np.isfinite(total))[0])
        values = ", ".join(f"{name} = {table[name].iloc[row]}" for name in formula.columns)
        msg = f"formula {shown(formula.text)}: the offset is missing or infinite where {values}"
        raise FormulaError(msg)
    return total


def _from_distinct_values(call: _Call, table: pd.DataFrame) -> Matrix:
    """Make the matrix of many rows from few.

    A numeric column that stands by itself multiplies what the rest of its term gives. So the
    rest is made with such columns at 1, on the distinct values of the other columns.
    """
    formula = call.formula
    used = {name for f in formula.factors.values() for name in columns_of(f.tree)}
    numeric = [
        name
        for name in formula.plain
        if name in used and pd.api.types.is_numeric_dtype(table[name])
    ]
    others = [name for name in formula.columns if name in used and name not in numeric]
    if others and not counting_pays([table[name] for name in others]):
        return _made(call, table)
    row_of: IntArray | None = None
    small = pd.DataFrame(index=range(1))
    if others:
        distinct = distinct_rows(table[others])
        row_of = distinct.row_of
        small = table[others].iloc[distinct.position].reset_index(drop=True)
    matrix = _made(call, small.assign(**dict.fromkeys(numeric, 1.0)))
    x = np.empty((len(table), len(matrix.names)), order="F")
    for term, places in matrix.terms.items():
        parts = [formula.factors[key].column for key in matrix.spec.coding.factors.get(term, ())]
        columns = [name for name in parts if name in numeric]
        alone = bool(columns) and len(columns) == len(parts)
        for j in places:
            if alone:  # the rest is 1
                x[:, j] = table[columns[0]].to_numpy()
            else:
                x[:, j] = matrix.x[0, j] if row_of is None else matrix.x[row_of, j]
            for name in columns[alone:]:
                x[:, j] *= table[name].to_numpy(dtype=float)
    return replace(matrix, x=x)


def _without_intercept(matrix: Matrix) -> Matrix:
    kept = [j for j in range(len(matrix.names)) if j not in matrix.terms[CONSTANT]]
    place = {j: k for k, j in enumerate(kept)}
    terms = {
        term: tuple(place[j] for j in columns)
        for term, columns in matrix.terms.items()
        if term != CONSTANT
    }
    x = matrix.x[:, 1:] if kept == [*range(1, len(matrix.names))] else matrix.x[:, kept]
    return replace(matrix, x=x, names=tuple(matrix.names[j] for j in kept), terms=terms)
