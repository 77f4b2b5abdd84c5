"""Formulas as R users write them: read with formulaic, made into a matrix of covariates."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
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
from belbiotech.survival.formulas.words import (
    computing_in_words,
    reading_in_words,
    refuse_words_of_r,
)
from belbiotech.survival.rows.checks import FloatArray, IntArray
from belbiotech.survival.rows.counts import Counts, counting_pays, distinct_rows

if TYPE_CHECKING:
    from formulaic import ModelSpec

__all__ = [
    "Formula",
    "Matrix",
    "counted_matrix",
    "design_matrix",
    "read_formula",
]

# Functions that look at one row alone: their matrix can be made from the distinct rows. Anything
# else (splines, centring, scaling) needs all rows to settle its knots or means.
ROWWISE = {
    "C",
    "I",
    "Q",
    "log",
    "log10",
    "log2",
    "exp",
    "sqrt",
    "abs",
    "Treatment",
    "treatment",
    "np",
}
FUNCTIONS = {"sqrt": np.sqrt, "abs": np.abs}  # of R's, what formulaic does not know by itself
SHIFTING = {"lag", "lead", "shift", "diff", "pct_change", "cumsum", "rolling"}

QUOTED = re.compile("`[^`]*`")  # column names that are no Python names
# Names that stand for no column where they are not called: of a module, or of a contrast.
NO_COLUMNS = {"np", "contr", "Treatment", "Sum", "Helmert", "Diff", "Poly"}
PLACE = "_quoted_"  # stands for such a name while a term is read
LARGE = 1 << 16  # rows from which terms are made on the distinct values of their columns


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
    plain : tuple of str
        Those columns that stand in the formula by themselves, in no function.
    kinds : dict of str to type
        In which type columns are computed with, inside a function or a product: whole numbers
        where ``C()`` makes a factor of them, for the names of its levels, else floats.
    parsed : formulaic Formula
        The right side as formulaic has read it.
    """

    text: str
    outcome: str
    right: str
    columns: tuple[str, ...]
    rowwise: bool
    plain: tuple[str, ...] = ()
    kinds: dict[str, type] = field(default_factory=dict)
    parsed: Any = field(default=None, repr=False, compare=False)


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

    @property
    def levels(self) -> dict[str, list[Any]]:
        """All levels of each factor, by the factor's text."""
        states = {factor: state for factor, (_, state) in self.spec.encoder_state.items()}
        return {
            factor: list(state["categories"])
            for factor, state in states.items()
            if "categories" in state
        }

    @property
    def references(self) -> dict[str, str]:
        """The level of each factor, in words, that has no coefficient of its own."""
        without = {
            factor: [str(level) for level in levels if f"{factor}[T.{level}]" not in self.names]
            for factor, levels in self.levels.items()
        }
        return {factor: left[0] for factor, left in without.items() if len(left) == 1}


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
    if not isinstance(text, str):
        msg = f"a formula is a text such as 'failure ~ age', not {type(text).__name__}"
        raise FormulaError(msg)
    left, tilde, right = (part.strip() for part in text.partition("~"))
    refuse_words_of_r(text)
    if len(left) > 2 and QUOTED.fullmatch(left):
        left = left.strip("`")
    elif not tilde or not left.isidentifier():
        msg = f"formula {text!r} must be 'outcome ~ covariates', with one column on the left"
        raise FormulaError(msg)
    if not right:
        msg = f"formula {text!r} has nothing on the right; a model without covariates is '~ 1'"
        raise FormulaError(msg)
    parsed = _parsed(text, right)
    factors = {str(factor) for term in parsed for factor in term.factors}
    called = {name for factor in factors for name in _called(factor)}
    if called & SHIFTING:
        msg = (
            f"formula {text!r} uses {sorted(called & SHIFTING)[0]}(), which shifts rows across "
            "units; make the lag inside each unit first (the panel's columns _lag1 are such)"
        )
        raise FormulaError(msg)
    _refuse_splines_with_a_constant(text, factors)
    inside, alone = _columns(parsed)
    coded = _columns(parsed, calling="C")[0]
    products = [term for term in parsed if len(term.factors) > 1]
    multiplied = alone & {str(factor) for term in products for factor in term.factors}
    return Formula(
        text=text,
        outcome=left,
        right=right,
        columns=tuple(sorted(alone | inside)),
        rowwise=called <= ROWWISE,
        plain=tuple(sorted(alone - inside)),
        kinds={name: np.int64 if name in coded else np.float64 for name in inside | multiplied},
        parsed=parsed,
    )


def _refuse_splines_with_a_constant(text: str, factors: set[str]) -> None:
    """Refuse natural splines whose columns add up to one: so does the baseline."""
    for factor in sorted(factors):
        for node in (node for node in _nodes(factor) if isinstance(node, ast.Call)):
            named = {keyword.arg for keyword in node.keywords}
            if getattr(node.func, "id", "") in ("cr", "cc", "cs") and "constraints" not in named:
                msg = (
                    f"formula {text!r}: the columns of {factor} add up to a constant, which the "
                    f"baseline holds already; write {factor[:-1]}, constraints='center')"
                )
                raise FormulaError(msg)


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


def _parsed(text: str, right: str) -> Any:
    """Read the right side; the intercept is always there, so that factors are coded for it."""
    from formulaic import Formula as Parser
    from formulaic import SimpleFormula

    try:
        parsed = Parser(right)
    except Exception as error:  # as above
        msg = f"formula {text!r} cannot be read: {reading_in_words(error)}"
        raise FormulaError(msg) from error
    if not isinstance(parsed, SimpleFormula):
        msg = f"formula {text!r} must have one right side, without '|' and a second '~'"
        raise FormulaError(msg)
    terms = list(parsed)
    return parsed if "1" in [str(term) for term in terms] else Parser(["1", *terms])


def _called(factor: str) -> set[str]:
    """Names of the functions that a factor calls; an unknown construct counts as one."""
    calls = {node.func for node in _nodes(factor) if isinstance(node, ast.Call)}
    return {
        node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "?") for node in calls
    }


def _columns(parsed: Any, calling: str | None = None) -> tuple[set[str], set[str]]:
    """Names of the columns inside functions (or one of them), and of those by themselves.

    Not formulaic's ``required_variables``, which leaves out those of splines (1.2).
    """
    inside: set[str] = set()
    alone: set[str] = set()
    for factor in {factor for term in parsed for factor in term.factors}:
        if factor.eval_method.value == "lookup":
            alone.add(str(factor))
            continue
        if calling is not None and calling not in _called(str(factor)):
            continue
        nodes = _nodes(str(factor))
        functions = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
        named = [node for node in nodes if isinstance(node, ast.Name) and id(node) not in functions]
        inside |= {node.id for node in named} - {*NO_COLUMNS, PLACE}
        inside |= {name.strip("`") for name in QUOTED.findall(str(factor))}
        inside |= _named_by_q(nodes)
    return inside, alone


def _named_by_q(nodes: list[ast.AST]) -> set[str]:
    """Give the columns named as ``Q('odd name')``."""
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    named = [call.args[0] for call in calls if getattr(call.func, "id", "") == "Q" and call.args]
    return {str(name.value) for name in named if isinstance(name, ast.Constant)}


def _nodes(factor: str) -> list[ast.AST]:
    try:
        return list(ast.walk(ast.parse(QUOTED.sub(PLACE, factor), mode="eval")))
    except SyntaxError:  # a column with blanks in its name, by itself
        return []
