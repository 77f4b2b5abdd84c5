"""The columns of a formula made plain, and factors held to the levels that are known."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.errors import BelbiotechError, FormulaError, PanelError
from belbiotech.survival.rows.checks import rows_in_words

if TYPE_CHECKING:
    from formulaic import ModelSpec

__all__ = ["plain_columns", "refuse_levels", "refuse_names", "refuse_other_types"]

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
    kinds: Mapping[str, type] | None = None,
    *,
    known: bool = False,
) -> pd.DataFrame:
    """Turn pandas' and Arrow's own types into those of numpy, and numbers into double precision.

    A product of small integers would else run over without a word, and a logarithm of single
    precision be one of seven digits.

    Parameters
    ----------
    table : DataFrame
        Nothing missing in these columns.
    names : tuple of str
        The formula's columns.
    alone : tuple of str
        Those of them that stand in no function.
    kinds : mapping of str to type, optional
        The type in which columns are computed with: float64, or int64 where whole numbers are to
        stay such.
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
    changed = {}
    _refuse_dates(table, alone)
    for name in names:
        column = table[name]
        if column.dtype == object and name in alone:
            kind = pd.api.types.infer_dtype(column, skipna=True)
            if kind in ("mixed", "mixed-integer"):
                _refuse_texts_among_numbers(column, name)
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
            column = changed[name] = _plain(column)
        double = (kinds or {}).get(name, column.dtype)
        if column.dtype.kind in "iuf" and column.dtype != double:
            changed[name] = column.astype(np.float64 if column.dtype.kind == "f" else double)
    return table.assign(**changed) if changed else table


def _refuse_dates(table: pd.DataFrame, alone: tuple[str, ...]) -> None:
    """Refuse dates and intervals that stand for numbers."""
    problems = []
    for name in alone:
        kind = table[name].dtype
        factor = f"or write C({name}) for a factor"
        if isinstance(kind, pd.IntervalDtype):
            problems.append(f"column {name!r} holds intervals; take their middle, {factor}")
        elif getattr(kind, "kind", "") in "mM" or isinstance(kind, pd.PeriodDtype):
            problems.append(
                f"column {name!r} holds dates or times ({kind}); make them numbers, such as the "
                f"year, {factor}"
            )
    if problems:
        raise FormulaError("\n".join(problems))


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


def refuse_other_types(text: str, table: pd.DataFrame, spec: ModelSpec) -> None:
    """Refuse texts where a fit had numbers, before each of them becomes a level.

    Parameters
    ----------
    text : str
        The formula.
    table : DataFrame
        The data of a prediction.
    spec : ModelSpec
        From the fit.

    Raises
    ------
    PanelError
        Naming each such column.
    """
    numbers = [
        str(factor) for factor, (kind, _) in spec.encoder_state.items() if kind.value == "numerical"
    ]
    problems = [
        f"column {name!r} must hold numbers, as in the fit, not {table[name].dtype}"
        for name in (factor.strip("`") for factor in numbers)
        if name in table.columns and not pd.api.types.is_numeric_dtype(table[name])
    ]
    if problems:
        raise PanelError(f"formula {text!r}: " + "; ".join(problems))


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


def refuse_levels(
    text: str, table: pd.DataFrame, levels: dict[str, list[Any]], *, fitted: bool, rows: bool
) -> None:
    """Refuse a factor's values that are none of its levels.

    Parameters
    ----------
    text : str
        The formula.
    table : DataFrame
        Where such a value is.
    levels : dict of str to list
        The levels of each factor, by its text.
    fitted : bool
        Whether they come from an earlier fit.
    rows : bool
        Whether the table is the user's own, so that its rows can be named.

    Raises
    ------
    PanelError
        For the data of a prediction.
    FormulaError
        At fitting.
    """
    problems = []
    for factor, known in levels.items():
        name = _column_of(factor, table)
        if name is None:
            continue
        bad = (~table[name].isin(known) & table[name].notna()).to_numpy(dtype=bool)
        if bad.any():
            values = ", ".join(repr(value) for value in table[name][bad].unique().tolist()[:3])
            where = f" in {rows_in_words(table, bad)}" if rows else ""
            told = ", ".join(map(repr, np.array(known, dtype=object).tolist()))
            problems.append(f"{factor} is {values}{where}; its levels are {told}")
    if not problems:
        problems = [f"a value is none of the levels of {' or '.join(levels)}"]
    remedy = (
        "a level that was not in the data of the fit has no coefficient; leave those rows out"
        if fitted
        else "name all levels in the formula, or leave those rows out"
    )
    kind: type[BelbiotechError] = PanelError if fitted else FormulaError
    raise kind(f"formula {text!r}: " + "; ".join(problems) + f": {remedy}")


def _column_of(factor: str, table: pd.DataFrame) -> str | None:
    """Give the column that a factor is made of: ``region`` of ``C(region, ...)``."""
    bare = factor.strip("`")
    if bare in table.columns:
        return bare
    if factor.startswith("C(`"):
        return factor.split("`")[1]
    try:
        node = ast.parse(factor, mode="eval").body
    except SyntaxError:
        return None
    if isinstance(node, ast.Call) and node.args:
        first = node.args[0]
        if isinstance(first, ast.Call) and getattr(first.func, "id", "") == "Q" and first.args:
            return str(getattr(first.args[0], "value", "")) or None
        if isinstance(first, ast.Name) and first.id in table.columns:
            return first.id
    return None
