"""Formulas as R users write them: read with formulaic, made into a matrix of covariates."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.errors import FormulaError, nearest_names
from belbiotech.survival.rows import FloatArray

if TYPE_CHECKING:
    from formulaic import ModelSpec

__all__ = ["Formula", "Matrix", "design_matrix", "read_formula"]

# Functions that look at one row alone: their matrix can be made from the distinct rows. Anything
# else (splines, centring, scaling) needs all rows to settle its knots or means.
ROWWISE = {"C", "I", "Q", "log", "log10", "log2", "exp", "sqrt", "abs", "Treatment", "np"}
SHIFTING = {"lag", "lead", "shift", "diff", "pct_change", "cumsum", "rolling"}


@dataclass(frozen=True)
class Formula:
    """A formula taken apart.

    Attributes
    ----------
    text : str
        As the user wrote it.
    outcome : str
        The column left of the tilde.
    right : str
        What stands right of it.
    columns : tuple of str
        The data's columns that the right side needs.
    rowwise : bool
        Whether each row's covariates follow from that row alone.
    """

    text: str
    outcome: str
    right: str
    columns: tuple[str, ...]
    rowwise: bool


@dataclass(frozen=True)
class Matrix:
    """Covariates as numbers.

    Attributes
    ----------
    x : array of float, (m, p)
        One column for each coefficient.
    names : tuple of str
        Their names, as in ``C(region)[T.BE-WAL]``.
    terms : dict of str to tuple of int
        The columns of each term: a factor has one for each level but the first.
    spec : ModelSpec
        What makes the same matrix again from new rows.
    """

    x: FloatArray
    names: tuple[str, ...]
    terms: dict[str, tuple[int, ...]]
    spec: ModelSpec


def read_formula(text: str) -> Formula:
    """Take a formula apart, before any data is seen.

    Parameters
    ----------
    text : str
        Like ``"failure ~ alliances_active_lag1 + C(region)"``.

    Returns
    -------
    Formula
        Outcome, right side and the columns it needs.

    Raises
    ------
    FormulaError
        A formula that cannot be read, has no outcome, or shifts rows (``lag``).

    Examples
    --------
    >>> read_formula("failure ~ log(age) + C(region)").columns
    ('age', 'region')
    """
    left, tilde, right = (part.strip() for part in text.partition("~"))
    if not tilde or not left.isidentifier():
        msg = f"formula {text!r} must be 'outcome ~ covariates', with one column on the left"
        raise FormulaError(msg)
    factors = [str(factor) for term in _parsed(text, right) for factor in term.factors]
    called = {name for factor in factors for name in _called(factor)}
    if called & SHIFTING:
        msg = (
            f"formula {text!r} uses {sorted(called & SHIFTING)[0]}(), which shifts rows across "
            "units; make the lag inside each unit first (the panel's columns _lag1 are such)"
        )
        raise FormulaError(msg)
    columns = tuple(sorted(str(name) for name in _parsed(text, right).required_variables))
    return Formula(text, left, right, columns, rowwise=called <= ROWWISE)


def design_matrix(
    formula: Formula, table: pd.DataFrame, spec: ModelSpec | None = None, *, intercept: bool = False
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

    Returns
    -------
    Matrix
        Numbers (m, p), names and terms.

    Raises
    ------
    FormulaError
        An unknown column, or a term that cannot be computed.
    """
    _refuse_unknown(formula, table)
    source: Any = spec if spec is not None else _parsed(formula.text, formula.right)
    try:
        made = source.get_model_matrix(table, output="pandas", na_action="raise")
    except Exception as error:  # formulaic has no common class for what user code may raise
        msg = f"formula {formula.text!r} cannot be computed: {error}"
        raise FormulaError(msg) from error
    used: ModelSpec = made.model_spec
    first = 0 if intercept else 1
    terms = {
        str(term): tuple(k - first for k in positions)
        for term, positions in used.term_indices.items()
        if intercept or str(term) != "1"
    }
    x = np.ascontiguousarray(made.to_numpy(dtype=float)[:, first:])
    return Matrix(x, tuple(used.column_names)[first:], terms, used)


def _parsed(text: str, right: str) -> Any:
    from formulaic import Formula as Parser

    try:
        return Parser(f"1 + {right}")
    except Exception as error:  # as above
        msg = f"formula {text!r} cannot be read: {error}"
        raise FormulaError(msg) from error


def _called(factor: str) -> set[str]:
    """Names of the functions that a factor calls; an unknown construct counts as one."""
    try:
        nodes = list(ast.walk(ast.parse(factor, mode="eval")))
    except SyntaxError:
        return set()
    calls = {node.func for node in nodes if isinstance(node, ast.Call)}
    return {
        node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "?") for node in calls
    }


def _refuse_unknown(formula: Formula, table: pd.DataFrame) -> None:
    problems = [
        f"there is no column {name!r}; {nearest_names(name, table.columns)}"
        for name in formula.columns
        if name not in table.columns
    ]
    if problems:
        raise FormulaError("\n".join(problems))
