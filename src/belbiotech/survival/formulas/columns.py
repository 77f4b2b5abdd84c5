"""The columns of a formula made plain, and factors held to the levels that are known."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import BelbiotechError, FormulaError, PanelError
from belbiotech.survival.formulas.allowed import name_of
from belbiotech.survival.formulas.computing import States, compute, numbers_in
from belbiotech.survival.formulas.levels import coded
from belbiotech.survival.formulas.terms import Factor
from belbiotech.survival.formulas.texts import shown
from belbiotech.survival.rows.checks import rows_in_words

__all__ = [
    "factor_values",
    "plain_columns",
    "refuse_levels",
    "refuse_names",
    "refuse_other_types",
]

NUMBERS = {"integer", "floating", "mixed-integer-float", "decimal"}


def refuse_names(names: tuple[str, ...], table: pd.DataFrame) -> None:
    """Refuse columns whose names mean two things.

    Raises
    ------
    FormulaError
        A name that two columns have, and the name of the constant.
    """
    twice = set(table.columns[table.columns.duplicated()])
    problems = [
        f"{int((table.columns == name).sum())} columns are called {name!r}; rename all but one"
        for name in names
        if name in twice
    ]
    if "Intercept" in names:
        problems.append("'Intercept' is the name of the constant; rename that column")
    if problems:
        raise FormulaError("\n".join(problems))


def plain_columns(
    table: pd.DataFrame,
    names: tuple[str, ...],
    alone: tuple[str, ...],
    *,
    known: bool = False,
) -> pd.DataFrame:
    """Turn pandas' and Arrow's own types into those of numpy.

    Parameters
    ----------
    table : DataFrame
        Nothing missing in these columns.
    names : tuple of str
        The formula's columns.
    alone : tuple of str
        Those of them that stand in no function.
    known : bool
        Whether a fit has settled what is a number: numbers held as objects are then numbers.

    Returns
    -------
    DataFrame
        Texts as objects, numbers and truth values as numpy's. Categoricals keep their order.

    Raises
    ------
    FormulaError
        Numbers that are held as objects, so that each would become a level of a factor.
    """
    changed: dict[str, pd.Series] = {}
    _refuse_dates(table, alone)
    for name in names:
        column = table[name]
        if column.dtype == object and name in alone:
            kind = pd.api.types.infer_dtype(column, skipna=True)
            if kind in ("mixed", "mixed-integer"):
                _refuse_texts_among_numbers(column, name)
            if kind == "boolean":
                changed[name] = column.astype(bool)
            if kind not in NUMBERS:
                continue
            if not known:
                msg = (
                    f"column {name!r} holds numbers as objects; make them numbers with "
                    f"data[{name!r}].astype(float), or write C({name}) for a factor"
                )
                raise FormulaError(msg)
            changed[name] = column.astype(float)
        elif not isinstance(column.dtype, (np.dtype, pd.CategoricalDtype)):
            changed[name] = _plain(column)
    return table.assign(**changed) if changed else table


def _refuse_dates(table: pd.DataFrame, alone: tuple[str, ...]) -> None:
    """Refuse dates and intervals that stand for numbers."""
    problems = []
    for name in alone:
        kind = table[name].dtype
        factor = f"or write C({name}) for a factor"
        if isinstance(kind, pd.IntervalDtype):
            problems.append(f"column {name!r} holds intervals; take their middle, {factor}")
        elif (
            getattr(kind, "kind", "") in "mM"
            or isinstance(kind, pd.PeriodDtype)
            or _of_dates(table[name])
        ):
            problems.append(
                f"column {name!r} holds dates or times ({kind}); make them numbers, such as the "
                f"year, {factor}"
            )
    if problems:
        raise FormulaError("\n".join(problems))


def _of_dates(column: pd.Series) -> bool:
    """Tell whether objects are dates, as those of a database are."""
    kinds = {"date", "datetime", "datetime64", "timedelta", "timedelta64", "time", "period"}
    return column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) in kinds


def _refuse_texts_among_numbers(column: pd.Series, name: str) -> None:
    """Refuse a column of which each number would become a level because of a few texts."""
    texts = column.map(lambda value: isinstance(value, str)).to_numpy(dtype=bool)
    numbers = column.map(lambda value: isinstance(value, (int, float))).to_numpy(dtype=bool)
    if texts.any() and numbers.any():
        shown = ", ".join(map(repr, column[texts].unique().tolist()[:3]))
        msg = (
            f"column {name!r} holds texts ({shown}) among numbers; make all of them numbers, or "
            f"write C({name}) for a factor"
        )
        raise FormulaError(msg)


def refuse_other_types(text: str, table: pd.DataFrame, numbers: Iterable[str]) -> None:
    """Refuse texts where a fit had numbers, before each of them becomes a level.

    Parameters
    ----------
    text : str
        The formula.
    table : DataFrame
        Rows of a prediction.
    numbers : iterable of str
        Columns that held numbers at the fit.

    Raises
    ------
    PanelError
        Naming each such column.
    """
    problems = [
        f"column {name!r} must hold numbers, as in the fit, not {table[name].dtype}"
        for name in sorted(numbers)
        if numbers_in(table[name]) is None
    ]
    if problems:
        raise PanelError(f"formula {shown(text)}: " + "; ".join(problems))


def _plain(column: pd.Series) -> pd.Series:
    if column.isna().any():
        numeric = pd.api.types.is_numeric_dtype(column.dtype)
        return column.astype("float64") if numeric else column.astype(object)
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.astype(bool)
    if pd.api.types.is_integer_dtype(column.dtype):
        return column.astype("int64")
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.astype("float64")
    if isinstance(column.dtype, pd.DatetimeTZDtype | pd.PeriodDtype | pd.IntervalDtype):
        return column
    return column.astype(object)


def factor_values(factor: Factor, table: pd.DataFrame, states: States) -> tuple[Any, bool]:
    """Compute a factor's values, and tell whether they are levels.

    Parameters
    ----------
    factor : Factor
        A column or a call.
    table : DataFrame, (n, k)
        Has its columns.
    states : dict
        As in `compute`.

    Returns
    -------
    values : Series, Categorical, array or dict
        Numbers as floats where they are none.
    are_levels : bool
        Texts and categories are, and what ``C()`` is around.
    """
    tree = factor.tree
    by_c = isinstance(tree, ast.Call) and name_of(tree) == "C"
    if by_c:
        tree = tree.args[0]  # type: ignore[attr-defined]
    name = tree.id if isinstance(tree, ast.Name) else _named_by_q(tree)
    if name is not None:
        column = table[name]
        numbers = None if by_c else numbers_in(column)
        return (column, True) if numbers is None else (numbers, False)
    values = compute(tree, table, states)
    kind = getattr(getattr(values, "dtype", None), "kind", "")
    if by_c or kind == "O":
        return values, True
    return (values.astype(float) if kind == "b" else values), False


def _named_by_q(tree: ast.expr) -> str | None:
    """Give the column of ``Q('odd name')``."""
    if isinstance(tree, ast.Call) and name_of(tree) == "Q":
        return str(tree.args[0].value)  # type: ignore[attr-defined]
    return None


def refuse_levels(
    text: str,
    factor: Factor,
    values: Any,
    levels: Sequence[Any],
    *,
    fitted: bool,
    table: pd.DataFrame | None,
) -> None:
    """Refuse a factor's values that are none of its levels.

    Parameters
    ----------
    text : str
        The formula.
    factor : Factor
        Whose values they are.
    values : Series, Categorical or array, (n,)
        What it gives.
    levels : sequence
        Its levels.
    fitted : bool
        Whether they come from an earlier fit.
    table : DataFrame, (n, k), or None
        The user's own, if its rows can be named.

    Raises
    ------
    PanelError
        For the data of a prediction.
    FormulaError
        At fitting.
    """
    bad = coded(values, levels) < 0
    if not bad.any():
        return
    seen = pd.Series(values)[bad].unique().tolist()
    told = ", ".join(repr(value) for value in seen[:3])
    where = "" if table is None else f" in {rows_in_words(table, bad)}"
    known = ", ".join(map(repr, levels[:30])) + (", ..." if len(levels) > 30 else "")
    remedy = (
        "a level that was not in the data of the fit has no coefficient; leave those rows out"
        if fitted
        else "name all levels in the formula, or leave those rows out"
    )
    kind: type[BelbiotechError] = PanelError if fitted else FormulaError
    msg = f"formula {shown(text)}: {factor.text} is {told}{where}; its levels are {known}: {remedy}"
    raise kind(msg)
