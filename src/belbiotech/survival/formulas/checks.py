"""What a formula and a table do not make together: unknown columns, no levels, no numbers."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd

from belbiotech.errors import FormulaError, nearest_names
from belbiotech.survival.formulas.coding import CONSTANT
from belbiotech.survival.formulas.columns import plain_columns
from belbiotech.survival.formulas.formula import Formula
from belbiotech.survival.formulas.matrix import Matrix
from belbiotech.survival.formulas.texts import shown
from belbiotech.survival.rows.number_columns import LARGEST, rows_in_words

__all__ = ["refuse_infinite", "refuse_offset", "refuse_single_levels", "refuse_unknown_columns"]


def refuse_single_levels(formula: Formula, matrix: Matrix) -> None:
    """Refuse factors that are the same in all rows: their term has no coefficient at all.

    Raises
    ------
    FormulaError
        Naming each such factor and its level.
    """
    empty = [term for term, columns in matrix.terms.items() if not columns and term != CONSTANT]
    if not empty:
        return
    single = {factor: levels[0] for factor, levels in matrix.levels.items() if len(levels) == 1}
    told = [f"factor {factor} has one level only, {level!r}" for factor, level in single.items()]
    what = "; ".join(told) or f"term {empty[0]} has no coefficient"
    msg = f"formula {shown(formula.text)}: {what}: there is no effect to estimate; leave it out"
    raise FormulaError(msg)


def refuse_offset(formula: Formula, model: str) -> None:
    """Refuse ``offset()`` where a model has none.

    Parameters
    ----------
    formula : Formula
        The formula.
    model : str
        The function, for the message.

    Raises
    ------
    FormulaError
        If there is one.
    """
    if formula.offsets:
        msg = (
            f"formula {shown(formula.text)}: {model} takes no offset(); cox, cox_causes, fine_gray "
            "and discrete_hazard do"
        )
        raise FormulaError(msg)


def refuse_infinite(
    formula: Formula, table: pd.DataFrame, matrix: Matrix, named: pd.DataFrame | None
) -> None:
    """Refuse a matrix with a covariate that is too large, or no number (a logarithm of 0).

    Parameters
    ----------
    formula, table, matrix
        The formula, the rows that it was made for, and what it gave, (m, p).
    named : DataFrame or None
        The user's data, of which the table holds the distinct rows, to name its rows.

    Raises
    ------
    FormulaError
        Naming each such covariate, with the values that make it so.
    """
    problems = []
    for name, column in zip(matrix.names, matrix.x.T, strict=True):
        bad = ~(np.abs(column) <= LARGEST)
        if bad.any():
            values = table[list(formula.columns)].iloc[int(np.argmax(bad))]
            where = ", ".join(f"{key} = {_written(value)}" for key, value in values.items())
            rows = "" if named is None else f", in {_equal_rows(formula, table[bad], named)}"
            what = f"beyond {LARGEST:g}" if np.isfinite(column[bad][0]) else "missing or infinite"
            problems.append(f"{name!r} is {what} where {where}{rows}")
    if problems:
        msg = (
            f"formula {shown(formula.text)}: {'; '.join(problems)}; change the term, or leave "
            "those rows out"
        )
        raise FormulaError(msg)


def _written(value: object) -> str:
    return str(float(value)) if isinstance(value, (int, float, np.number)) else str(value)


def _equal_rows(formula: Formula, table: pd.DataFrame, named: pd.DataFrame) -> str:
    """Name the rows of the data that are equal to one of the table's."""
    columns = list(formula.columns)
    known = pd.MultiIndex.from_frame(table[columns])
    here = pd.MultiIndex.from_frame(plain_columns(named, formula.columns, formula.plain)[columns])
    return rows_in_words(named, here.isin(known))


def refuse_unknown_columns(formula: Formula, table: pd.DataFrame) -> None:
    """Refuse a formula whose covariates the table does not have.

    Raises
    ------
    FormulaError
        With the nearest names.
    """
    problems = [
        f"there is no column {name!r}; {_nearest(name, table.columns)}"
        for name in formula.columns
        if name not in table.columns
    ]
    if problems:
        raise FormulaError("\n".join(problems))


def _nearest(name: str, known: pd.Index) -> str:
    """Say which columns are like this one, also where the eye sees no difference."""
    same = unicodedata.normalize("NFKC", name)
    alike = [n for n in known if isinstance(n, str) and unicodedata.normalize("NFKC", n) == same]
    if not alike:
        return nearest_names(name, known)
    return (
        f"did you mean {alike[0]!r}? It looks the same and is written with other letters: "
        f"{ascii(alike[0])}, not {ascii(name)}"
    )
