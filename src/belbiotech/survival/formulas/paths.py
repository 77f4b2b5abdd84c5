"""Covariate paths for a prediction: checked, in order, and made into numbers as in the fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from belbiotech.errors import FormulaError, PanelError
from belbiotech.survival.formulas.design import design_matrix
from belbiotech.survival.formulas.formula import Formula
from belbiotech.survival.formulas.matrix import Matrix
from belbiotech.survival.rows.checks import FloatArray
from belbiotech.survival.rows.path_checks import ordered_paths, plain

__all__ = ["new_matrix", "offset_of", "path_matrix"]


def path_matrix(
    formula: Formula,
    matrix: Matrix,
    paths: pd.DataFrame,
    *,
    start: str,
    stop: str,
    groups: Sequence[str] = (),
) -> tuple[pd.DataFrame, FloatArray]:
    """Check covariate paths, put them in order, and make their covariates as in a fit.

    Parameters
    ----------
    formula : Formula
        The fit's.
    matrix : Matrix
        What the fit's covariates were made with: coding, levels, knots.
    paths : DataFrame
        Rows with the interval, the formula's columns and, where there is more than one path,
        ``id``; each row of a path starts where the one before stopped.
    start, stop : str
        Columns of the interval.
    groups : sequence of str
        Further columns that the prediction reads, whose values name groups: strata.

    Returns
    -------
    rows : DataFrame
        The paths in order, with the column ``id``.
    x : array of float, (r, p)
        Their covariates.

    Raises
    ------
    PanelError
        Missing values, ``stop <= start``, a gap or an overlap within a path, a value beyond the
        range over which a spline was fitted, a level that was not in the data.
    """
    rows = ordered_paths(paths, formula.columns, groups, start=start, stop=stop)
    return rows, new_matrix(formula, matrix, rows)


def new_matrix(formula: Formula, matrix: Matrix, rows: pd.DataFrame) -> FloatArray:
    """Make the covariates of new rows as in a fit.

    Parameters
    ----------
    formula : Formula
        The fit's.
    matrix : Matrix
        What the fit's covariates were made with.
    rows : DataFrame
        Rows with the formula's columns, without missing values.

    Returns
    -------
    array of float, (r, p)
        Their covariates.

    Raises
    ------
    PanelError
        A value beyond the range over which a spline was fitted, a level that was not in the data.
    """
    _refuse_beyond_knots(matrix, rows)
    try:
        return design_matrix(formula, rows, matrix.spec).x
    except FormulaError as error:
        msg = f"the rows have a value that was not in the data: {error}"
        raise PanelError(msg) from error


def offset_of(formula: Formula, matrix: Matrix, rows: pd.DataFrame) -> FloatArray:
    """Compute what the formula's ``offset()`` adds to new rows' linear predictors.

    Parameters
    ----------
    formula, matrix : Formula and Matrix
        The fit's.
    rows : DataFrame, (r, k)
        With the formula's columns, nothing missing.

    Returns
    -------
    array of float, (r,)
        Zeros without an offset.

    Raises
    ------
    PanelError
        An offset that is no finite number.
    """
    if not formula.offsets and not matrix.spec.dropped:
        return np.zeros(len(rows))
    try:
        offset = design_matrix(formula, rows, matrix.spec).offset
        return np.zeros(len(rows)) if offset is None else offset
    except FormulaError as error:
        msg = f"the rows have a value that was not in the data: {error}"
        raise PanelError(msg) from error


def _refuse_beyond_knots(matrix: Matrix, rows: pd.DataFrame) -> None:
    """Refuse values beyond the range over which a spline was fitted: it has no shape there."""
    lines = []
    for term, name, low, high in matrix.spec.ranges:
        outside = ~rows[name].between(low, high)
        if outside.any():
            row, value = plain(rows.index[outside][0]), rows[name][outside].iloc[0]
            lines.append(
                f"column {name!r} is {value:g} in row {row}, outside the fitted range of "
                f"{term}, {low:g} to {high:g}: predict within it, or fit another term "
                f"({int(outside.sum())} rows)"
            )
    if lines:
        raise PanelError("\n".join(lines))
