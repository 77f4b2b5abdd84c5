"""A formula and a table in, the matrix of covariates out: made with formulaic."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.errors import FormulaError
from belbiotech.survival.formulas.checks import (
    refuse_infinite,
    refuse_single_levels,
    refuse_unknown_columns,
)
from belbiotech.survival.formulas.columns import (
    plain_columns,
    refuse_levels,
    refuse_names,
    refuse_other_types,
)
from belbiotech.survival.formulas.formula import Formula, read_formula
from belbiotech.survival.formulas.matrix import Matrix
from belbiotech.survival.formulas.words import computing_in_words
from belbiotech.survival.rows.checks import IntArray
from belbiotech.survival.rows.counts import Counts, counting_pays, distinct_rows

if TYPE_CHECKING:
    from formulaic import ModelSpec

__all__ = ["Formula", "Matrix", "counted_matrix", "design_matrix", "read_formula"]

FUNCTIONS = {"sqrt": np.sqrt, "abs": np.abs}  # of R's, what formulaic does not know by itself
LARGE = 1 << 16  # rows from which terms are made on the distinct values of their columns


def counted_matrix(
    formula: Formula, data: pd.DataFrame, counts: Counts, frequency: str | None = None
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
        return design_matrix(formula, counts.columns, named=data)
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
            f"{names} in formula {formula.text!r} differs among equal rows, so that it depends on "
            "the order of the rows; compute it in a column of its own first"
        )
        raise FormulaError(msg)
    return replace(matrix, x=x)


def design_matrix(
    formula: Formula,
    table: pd.DataFrame,
    spec: ModelSpec | None = None,
    *,
    intercept: bool = False,
    named: pd.DataFrame | None = None,
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
    spec : ModelSpec, optional
        From an earlier matrix: the same coding, knots and levels.
    intercept : bool
        Keep the column of ones.
    named : DataFrame, optional
        The user's data, of which the table holds the distinct rows: messages name its rows.

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
    table = plain_columns(
        table, formula.columns, formula.plain, formula.kinds, known=spec is not None
    )
    if spec is None:
        table = _without_unused_levels(table, formula.columns)
    else:
        refuse_other_types(formula.text, table, spec)
    source: Any = formula.parsed if spec is None else spec
    make = _from_distinct_values if formula.rowwise and len(table) > LARGE else _made
    matrix, known = _with_known_levels(make, formula, table, source, intercept)
    if not known:
        whose = table if named is None else named
        own = spec is not None or named is not None
        refuse_levels(formula.text, whose, matrix.levels, fitted=spec is not None, rows=own)
    if spec is None:
        refuse_single_levels(formula, matrix)
    refuse_infinite(formula, table, matrix, named)
    return matrix


def _with_known_levels(
    make: Callable[[Formula, pd.DataFrame, Any, bool], Matrix],
    formula: Formula,
    table: pd.DataFrame,
    source: Any,
    intercept: bool,
) -> tuple[Matrix, bool]:
    """Make a matrix, and tell whether all values of factors are among their levels.

    Formulaic only warns of others, and codes them as the reference level.
    """
    from formulaic.errors import DataMismatchWarning

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        matrix = make(formula, table, source, intercept)
    known = True
    for warning in told:
        if issubclass(warning.category, DataMismatchWarning):
            known = False
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    return matrix, known


def _made(formula: Formula, table: pd.DataFrame, source: Any, intercept: bool) -> Matrix:
    try:
        with np.errstate(all="ignore"):  # what is not finite is refused, and named, afterwards
            made = source.get_model_matrix(
                table[list(formula.columns)],
                context=FUNCTIONS,
                output="pandas",
                na_action="ignore",
            )
    except Exception as error:  # formulaic has no common class for what user code may raise
        msg = f"formula {formula.text!r} cannot be computed: {computing_in_words(error)}"
        raise FormulaError(msg) from error
    spec: ModelSpec = made.model_spec
    terms = {str(term): tuple(columns) for term, columns in spec.term_indices.items()}
    x = made.to_numpy(dtype=float) if len(made.columns) else np.zeros((len(table), 0))
    matrix = Matrix(np.asfortranarray(x), tuple(spec.column_names), terms, spec)
    return matrix if intercept else _without_intercept(matrix)


def _from_distinct_values(
    formula: Formula, table: pd.DataFrame, source: Any, intercept: bool
) -> Matrix:
    """Make the matrix of many rows from few.

    A numeric column that stands by itself multiplies what the rest of its term gives. So the
    rest is made with such columns at 1, on the distinct values of the other columns.
    """
    numeric = [name for name in formula.plain if pd.api.types.is_numeric_dtype(table[name])]
    others = [name for name in formula.columns if name not in numeric]
    if others and not counting_pays([table[name] for name in others]):
        return _made(formula, table, source, intercept)
    row_of: IntArray | None = None
    small = pd.DataFrame(index=range(1))
    if others:
        distinct = distinct_rows(table[others])
        row_of = distinct.row_of
        small = table[others].iloc[distinct.position].reset_index(drop=True)
    matrix = _made(formula, small.assign(**dict.fromkeys(numeric, 1.0)), source, intercept)
    x = np.empty((len(table), len(matrix.names)), order="F")
    for term in matrix.spec.terms:
        columns = [str(factor) for factor in term.factors if str(factor) in numeric]
        alone = bool(columns) and len(columns) == len(term.factors)
        for j in matrix.terms.get(str(term), ()):
            if alone:  # the rest is 1
                x[:, j] = table[columns[0]].to_numpy()
            else:
                x[:, j] = matrix.x[0, j] if row_of is None else matrix.x[row_of, j]
            for name in columns[alone:]:
                x[:, j] *= table[name].to_numpy(dtype=float)
    return replace(matrix, x=x)


def _without_intercept(matrix: Matrix) -> Matrix:
    kept = [j for j in range(len(matrix.names)) if j not in matrix.terms["1"]]
    place = {j: k for k, j in enumerate(kept)}
    terms = {
        term: tuple(place[j] for j in columns)
        for term, columns in matrix.terms.items()
        if term != "1"
    }
    x = matrix.x[:, 1:] if kept == [*range(1, len(matrix.names))] else matrix.x[:, kept]
    return replace(matrix, x=x, names=tuple(matrix.names[j] for j in kept), terms=terms)


def _without_unused_levels(table: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """Leave out the categories that no row has: their covariates would be constant."""
    unused = {
        name: table[name].cat.remove_unused_categories()
        for name in columns
        if isinstance(table[name].dtype, pd.CategoricalDtype)
    }
    return table.assign(**unused) if unused else table
