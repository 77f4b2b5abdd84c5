"""The levels of a factor, matched by value: 1, 1.0 and True are one level in any storage."""

from __future__ import annotations

import ast
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import FormulaError, nearest_names
from belbiotech.survival.formulas.allowed import literal, name_of
from belbiotech.survival.formulas.functions import CONTRASTS
from belbiotech.survival.rows.checks import IntArray

__all__ = ["coded", "levels_in", "named_contrast", "named_levels"]

EXACT = 2.0**53  # whole numbers up to here are the same as floats


def levels_in(values: Any) -> list[Hashable]:
    """Give the levels that values have: in a categorical's order, else sorted.

    Parameters
    ----------
    values : Series, Categorical or array, (n,)
        Nothing missing.

    Returns
    -------
    list
        Whole floats as integers.

    Examples
    --------
    >>> levels_in(pd.Series([2.0, 1.0, 2.0])), levels_in(pd.Series(["b", "a"], dtype=object))
    ([1, 2], ['a', 'b'])
    """
    column = pd.Series(values)
    if isinstance(column.dtype, pd.CategoricalDtype):
        used = np.bincount(column.cat.codes[column.cat.codes >= 0], minlength=0)
        every = column.cat.categories.tolist()
        found = [every[k] for k in np.flatnonzero(used)]
        return list(dict.fromkeys(map(_canonical, found)))
    found = list(dict.fromkeys(map(_canonical, column.unique().tolist())))
    try:
        return sorted(found)
    except TypeError:  # texts among numbers: as they come
        return found


def coded(values: Any, levels: Sequence[Hashable]) -> IntArray:
    """Give each value's place among the levels, (n,); -1 for one that is none of them."""
    place = {level: k for k, level in enumerate(levels)}
    column = pd.Series(values)
    codes, seen = pd.factorize(column)
    found = [place.get(_canonical(value), -1) for value in np.asarray(seen, dtype=object).tolist()]
    return np.array([*found, -1], dtype=np.int64)[codes]


def _canonical(value: Any) -> Hashable:
    """Give a value in its plain type."""
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float) and plain.is_integer() and abs(plain) < EXACT:
        return int(plain)
    return plain if isinstance(plain, Hashable) else str(plain)


def named_levels(tree: ast.expr) -> list[Hashable] | None:
    """Give the levels that ``C(x, levels=[...])`` names, if it does."""
    if isinstance(tree, ast.Call) and name_of(tree) == "C":
        for keyword in tree.keywords:
            if keyword.arg == "levels":
                return list(dict.fromkeys(map(_canonical, literal(keyword.value))))
    return None


def named_contrast(tree: ast.expr, levels: Sequence[Hashable], text: str) -> Any:
    """Make the contrasts that ``C(x, contrast)`` names; those against the first level, if none.

    Parameters
    ----------
    tree : ast.expr
        Of the factor.
    levels : sequence
        Its levels.
    text : str
        Its text, for messages.

    Returns
    -------
    formulaic Contrasts
        For levels named by their texts.

    Raises
    ------
    FormulaError
        A reference that is none of the levels.
    """
    from formulaic.transforms import contrasts

    given: list[ast.expr] = []
    if isinstance(tree, ast.Call) and name_of(tree) == "C":
        given = [*tree.args[1:], *(k.value for k in tree.keywords if k.arg == "contrasts")]
    if not given:
        return contrasts.TreatmentContrasts()
    kind = CONTRASTS[str(name_of(given[0]))]
    options: dict[str, Any] = {}
    if isinstance(given[0], ast.Call):
        call = given[0]
        first = {
            "PolyContrasts": "scores",
            "HelmertContrasts": "reverse",
            "DiffContrasts": "backward",
        }
        options = {first.get(kind, "base"): literal(value) for value in call.args}
        options |= {
            str(k.arg).replace("reference", "base"): literal(k.value) for k in call.keywords
        }
    if options.get("base", contrasts) is None:
        del options["base"]
    if "base" in options:
        base = _canonical(options["base"])
        if base not in levels:
            msg = f"{text}: there is no level {base!r}; {nearest_names(base, levels)}"
            raise FormulaError(msg)
        options["base"] = str(levels[list(levels).index(base)])
    try:
        return getattr(contrasts, kind)(**options)
    except TypeError as error:
        msg = f"{text}: the contrast takes no such argument ({str(error)[:100]})"
        raise FormulaError(msg) from error
