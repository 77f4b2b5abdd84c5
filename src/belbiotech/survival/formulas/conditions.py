"""A condition on rows, such as ``observed and year >= 2000``: read and computed as formulas are."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import FormulaError, PanelError, nearest_names
from belbiotech.survival.formulas.allowed import check_tree, columns_of, literal, name_of
from belbiotech.survival.formulas.computing import compute
from belbiotech.survival.formulas.terms import DEEPEST
from belbiotech.survival.formulas.texts import Token, shown, tokens_of
from belbiotech.survival.formulas.trees import tree_of
from belbiotech.survival.rows.plain import plain_table

__all__ = ["rows_where"]

Mask = NDArray[np.bool_]
WORDS = {"&": "and", "|": "or"}  # as pandas reads them: they bind less than comparisons
MOST_VALUES = 1000  # of a list
COMPARED: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def rows_where(data: pd.DataFrame, text: str) -> Mask:
    """Tell for which rows a condition holds; nothing of it is run as Python.

    Parameters
    ----------
    data : DataFrame, (n, k)
        Any rows.
    text : str
        Comparisons of columns, numbers, texts and what formulas may compute of them, joined by
        ``and``, ``or``, ``not`` (or ``&``, ``|``, ``~``); ``region in ['Flanders', 'Brussels']``.
        A column of truth values, or of 0 and 1, stands by itself.

    Returns
    -------
    array of bool, (n,)
        Where a value is missing, a comparison does not hold, but for ``!=``.

    Raises
    ------
    FormulaError
        A text that is no condition, or would do more than compute.
    PanelError
        An unknown column, or two of one name.

    Examples
    --------
    >>> rows = pd.DataFrame({"year": [1999, 2001, 2002], "region": ["a", "b", None]})
    >>> rows_where(rows, "year > 2000 and region in ['a', 'b']").tolist()
    [False, True, False]
    >>> rows_where(rows, "year.to_csv('out')")
    Traceback (most recent call last):
    belbiotech.errors.FormulaError: condition "year.to_csv('out')" cannot be computed:
    "year.to_csv('out')" has an attribute, .to_csv in 'year.to_csv': compute it in a column of its
    own first, or let formulas call a function of yours with register_function(name, f)
    """
    if not isinstance(text, str):
        msg = f"a condition is a text such as 'year >= 2000', not {type(text).__name__}"
        raise FormulaError(msg)
    tree = _read(text)
    _check(tree, text)
    names = list(dict.fromkeys(_columns(tree)))
    unknown = [name for name in names if name not in data.columns]
    twice = [name for name in names if list(data.columns).count(name) > 1]
    if unknown or twice:
        lines = [f"there is no column {n!r}; {nearest_names(n, data.columns)}" for n in unknown]
        raise PanelError("\n".join([*lines, *(f"two columns are called {n!r}" for n in twice)]))
    return _Held(plain_table(data[names], names), text).mask(tree)


def _read(text: str) -> ast.expr:
    tokens = [
        Token("name", WORDS[t.text], t.at, t.end) if t.kind == "operator" and t.text in WORDS else t
        for t in tokens_of(text)
    ]
    _check_brackets(text, tokens)
    try:
        return tree_of(text, tokens)[0]
    except SyntaxError as error:
        _stop(text, f"{shown(error.text or '')}: {error.msg}")


def _check_brackets(text: str, tokens: list[Token]) -> None:
    depth = 0
    for token in tokens:
        if token.kind == "operator":
            depth += (token.text in "([{") - (token.text in ")]}")
            if not 0 <= depth <= DEEPEST:
                _stop(text, f"brackets do not fit, or are more than {DEEPEST} within each other")


def _stop(text: str, why: str) -> NoReturn:
    msg = f"condition {shown(text)} cannot be read: {why}"
    raise FormulaError(msg) from None


def _check(tree: ast.expr, text: str) -> None:
    """Hold each comparison, and each column by itself, to the list of what formulas compute."""
    if isinstance(tree, ast.BoolOp):
        for part in _joined(tree):
            _check(part, text)
    elif _is_not(tree):
        _check(tree.operand, text)  # type: ignore[attr-defined]
    elif isinstance(tree, ast.Compare):
        for side in (tree.left, *tree.comparators):
            _check_side(side, text)
        for operation, side in zip(tree.ops, tree.comparators, strict=True):
            if isinstance(operation, (ast.In, ast.NotIn)) != _is_list(side) and not (
                isinstance(operation, (ast.Eq, ast.NotEq)) and _is_list(side)
            ):
                _stop(text, "a list stands behind 'in', 'not in', == or !=, and nothing else does")
        if _is_list(tree.left):
            _stop(text, "a list stands behind 'in', not before it")
    else:
        check_tree(tree, ast.unparse(tree), text, "condition")
        if name_of(tree) in ("C", "offset") and isinstance(tree, ast.Call):
            _stop(text, f"{name_of(tree)}() is for formulas, and neither true nor false")


def _check_side(side: ast.expr, text: str) -> None:
    if _is_list(side) and len(side.elts) > MOST_VALUES:  # type: ignore[attr-defined]
        _stop(text, f"a list has more than {MOST_VALUES:,} values")
    for part in side.elts if _is_list(side) else [side]:  # type: ignore[attr-defined]
        if _is_list(side) and not _is_literal(part):
            _stop(text, f"{shown(ast.unparse(part))} is in a list; numbers and texts may be")
        # As one side of a comparison, where a text may stand.
        check_tree(ast.Compare(part, [], []), ast.unparse(part), text, "condition")


def _joined(tree: ast.BoolOp) -> list[ast.expr]:
    return tree.values  # noqa: PD011 -- of a syntax tree


def _is_not(tree: ast.AST) -> bool:
    return isinstance(tree, ast.UnaryOp) and isinstance(tree.op, (ast.Not, ast.Invert))


def _is_list(node: ast.AST) -> bool:
    return isinstance(node, (ast.List, ast.Tuple))


def _is_literal(node: ast.AST) -> bool:
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    return isinstance(node, ast.Constant)


def _columns(tree: ast.expr) -> list[str]:
    if isinstance(tree, ast.BoolOp):
        return [name for part in _joined(tree) for name in _columns(part)]
    if isinstance(tree, ast.Compare):
        return [name for side in (tree.left, *tree.comparators) for name in columns_of(side)]
    return list(columns_of(tree))


class _Held:
    """Goes through a condition, with the plain columns at hand."""

    def __init__(self, table: pd.DataFrame, text: str) -> None:
        self.table, self.text = table, text

    def mask(self, tree: ast.expr) -> Mask:
        """Tell for which rows a part holds."""
        if isinstance(tree, ast.BoolOp):
            masks = [self.mask(part) for part in _joined(tree)]
            joined = np.logical_and if isinstance(tree.op, ast.And) else np.logical_or
            return np.asarray(joined.reduce(masks), dtype=bool)
        if isinstance(tree, ast.UnaryOp) and _is_not(tree):
            return ~self.mask(tree.operand)
        if isinstance(tree, ast.Compare):
            return self.compared(tree)
        return self.truth(tree)

    def compared(self, tree: ast.Compare) -> Mask:
        """Tell where a chain of comparisons holds."""
        holds = np.ones(len(self.table), dtype=bool)
        sides = [tree.left, *tree.comparators]
        for operation, left, right in zip(tree.ops, sides[:-1], sides[1:], strict=True):
            if _is_list(right):
                inside = pd.Series(self.side(left)).isin(literal(right)).to_numpy()
                wanted = not isinstance(operation, (ast.NotIn, ast.NotEq))
                holds &= inside == wanted
                continue
            a, b = self.side(left), self.side(right)
            if _is_number(a) and isinstance(b, str) or _is_number(b) and isinstance(a, str):
                _stop(self.text, f"{shown(ast.unparse(tree))} compares a number with a text")
            try:
                found = COMPARED[type(operation)](a, b)
                holds &= np.asarray(found, dtype=bool)
            except (TypeError, ValueError) as error:
                _stop(self.text, f"{shown(ast.unparse(tree))}: {str(error)[:200]}")
        return holds

    def side(self, node: ast.expr) -> Any:
        """Give one side of a comparison: a column as it is, or what is computed."""
        if isinstance(node, ast.Name):
            return self.table[node.id]
        if _is_literal(node):
            return literal(node)
        return pd.Series(compute(node, self.table, {}), index=self.table.index)

    def truth(self, tree: ast.expr) -> Mask:
        """Read a column, or what is computed, as true or false."""
        values = compute(tree, self.table, {})
        written = shown(ast.unparse(tree))
        if getattr(values, "shape", None) != (len(self.table),) or not hasattr(values, "dtype"):
            _stop(self.text, f"{written} is neither true nor false")
        if values.dtype.kind not in "bf" or not np.isin(values, (0, 1)).all():
            _stop(self.text, f"{written} is not true or false, 0 or 1, in every row; compare it")
        return np.asarray(values, dtype=bool)


def _is_number(value: Any) -> bool:
    if isinstance(value, pd.Series):
        return value.dtype.kind in "iufb"
    return isinstance(value, (int, float))
