"""A factor's syntax tree and a table in, its values out: walked, never run as Python."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import BelbiotechError, FormulaError
from belbiotech.survival.formulas.allowed import literal, name_of
from belbiotech.survival.formulas.functions import Function, function_named
from belbiotech.survival.formulas.rounding import interval_labels, intervals
from belbiotech.survival.formulas.texts import quoted

__all__ = ["States", "compute", "numbers_in"]

States = dict[str, dict[str, Any]]  # what functions settled at the fit, by the call's text
Values = NDArray[Any]
NUMBERS = {"integer", "floating", "mixed-integer-float", "decimal", "boolean"}

OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.Pow: np.power,
    ast.BitAnd: np.logical_and,
    ast.BitOr: np.logical_or,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}


def compute(tree: ast.expr, table: pd.DataFrame, states: States) -> Any:
    """Compute a factor.

    Parameters
    ----------
    tree : ast.expr
        Checked.
    table : DataFrame, (n, k)
        Has its columns.
    states : dict
        By the text of a call, what a function settled; filled where it is not there yet.

    Returns
    -------
    array, (n,), or what a function of several columns gives
        Numbers as floats, truth values, or objects.

    Raises
    ------
    FormulaError
        What cannot be computed.
    """
    with np.errstate(all="ignore"):  # what is not finite is refused, and named, afterwards
        value = _Walk(table, states).value(tree)
    if np.ndim(value) == 0 and not isinstance(value, dict):
        return np.full(len(table), value)
    return value


def numbers_in(column: pd.Series) -> NDArray[np.float64] | None:
    """Give a column of numbers or truth values, in whatever storage, as floats; else None."""
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype) or getattr(kind, "kind", "O") in "mM":
        return None
    if kind.kind == "O":
        if pd.api.types.infer_dtype(column, skipna=True) not in NUMBERS:
            return None
    elif not pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind):
        return None
    numbers: NDArray[np.float64] = column.to_numpy(dtype=float)
    return numbers


class _Walk:
    """Goes through a tree, with the table and the states at hand."""

    def __init__(self, table: pd.DataFrame, states: States) -> None:
        self.table, self.states = table, states

    def value(self, node: ast.expr) -> Any:
        """Compute a node: an array, or a single number or text."""
        if isinstance(node, ast.Name):
            return self.column(node.id)
        if isinstance(node, ast.Constant):
            return float(node.value) if isinstance(node.value, (int, float)) else node.value
        if isinstance(node, ast.UnaryOp):
            return self.signed(node)
        if isinstance(node, ast.BinOp):
            return self.operation(node)
        if isinstance(node, ast.Compare):
            return self.comparison(node)
        if isinstance(node, ast.Call):
            return self.call(node)
        msg = f"{ast.unparse(node)} cannot be computed"
        raise FormulaError(msg)

    def column(self, name: str) -> Values:
        """Give a column: numbers as floats, truth values as such, else objects."""
        column = self.table[name]
        if column.dtype == bool:
            return column.to_numpy()
        numbers = numbers_in(column)
        return column.to_numpy(dtype=object) if numbers is None else numbers

    def number(self, node: ast.expr, where: str) -> Any:
        """Compute a node that must give numbers."""
        value = self.value(node)
        if isinstance(value, (dict, str, pd.Categorical)) or _is_object(value):
            written = quoted(node.id) if isinstance(node, ast.Name) else ast.unparse(node)
            seen = value[:1].tolist() if isinstance(value, (np.ndarray, pd.Categorical)) else []
            shown = f" such as {seen[0]!r}" if seen else ""
            msg = f"{written} holds no numbers{shown}, and {where} takes numbers"
            raise FormulaError(msg)
        return np.asarray(value, dtype=float)

    def signed(self, node: ast.UnaryOp) -> Any:
        """Compute ``-x``, ``+x`` and ``~x``."""
        if isinstance(node.op, ast.Invert):
            return np.logical_not(self.number(node.operand, "~"))
        value = self.number(node.operand, "a sign")
        return -value if isinstance(node.op, ast.USub) else value

    def operation(self, node: ast.BinOp) -> Any:
        """Compute ``a + b`` and its like."""
        where = f"the operator in {ast.unparse(node)[:60]}"
        left, right = self.number(node.left, where), self.number(node.right, where)
        return OPERATORS[type(node.op)](left, right)

    def comparison(self, node: ast.Compare) -> Any:
        """Compute ``a < b``, also ``a < b <= c``."""
        sides = [self.value(side) for side in (node.left, *node.comparators)]
        holds: Any = True
        for operator, a, b in zip(node.ops, sides[:-1], sides[1:], strict=True):
            try:
                holds = np.logical_and(holds, OPERATORS[type(operator)](a, b).astype(bool))
            except (TypeError, AttributeError) as error:
                msg = f"{ast.unparse(node)} compares texts with numbers"
                raise FormulaError(msg) from error
        return holds

    def call(self, node: ast.Call) -> Any:
        """Compute a call of a listed function."""
        name = name_of(node) or ""
        if name == "Q":
            return self.column(node.args[0].value)  # type: ignore[attr-defined]
        if name == "cut":
            return self.cut(node)
        function = function_named(name)
        if function is None:
            msg = f"there is no function {name!r} any more; register it again"
            raise FormulaError(msg)
        try:
            return self.result(node, name, function)
        except BelbiotechError:
            raise
        except Exception as error:  # a user's function may raise anything
            msg = f"{ast.unparse(node)} gives {type(error).__name__}: {str(error)[:500]}"
            raise FormulaError(msg) from error

    def result(self, node: ast.Call, name: str, function: Function) -> Any:
        """Call a function with its arrays and options."""
        options = {str(keyword.arg): literal(keyword.value) for keyword in node.keywords}
        if function.own:
            return self.of_a_user(node, function, options)
        as_it_is = name in ("I", "where", "np.where")
        arrays = [
            self.value(argument) if as_it_is else self.number(argument, f"{name}()")
            for argument in node.args[: function.most]
        ]
        extra = node.args[function.most :]
        options |= dict(zip(function.options, map(literal, extra), strict=False))
        if not function.state:
            if name in ("where", "np.where"):
                return _where(*arrays)
            return function.call(*arrays, **options)
        key = ast.unparse(node)
        state = dict(self.states.get(key, {"of": column_of_call(node)}))
        wide = [np.broadcast_to(array, len(self.table)) for array in arrays]
        found = function.call(*wide, **options, _state=state)
        self.states.setdefault(key, state)
        return found

    def of_a_user(self, node: ast.Call, function: Function, options: dict[str, Any]) -> Any:
        """Call a registered function; it must give a value for each row."""
        given = [
            literal(argument)
            if isinstance(argument, (ast.Constant, ast.List, ast.Tuple))
            else self.value(argument)
            for argument in node.args
        ]
        found = np.asarray(function.call(*given, **options))
        if found.shape not in ((len(self.table),), ()):
            msg = (
                f"{ast.unparse(node)} gives an array of shape {found.shape}; a function in a "
                f"formula gives one value for each of the {len(self.table)} rows"
            )
            raise FormulaError(msg)
        if found.dtype.kind in "iuf":
            return found.astype(float)
        return found if found.dtype.kind == "b" else found.astype(object)

    def cut(self, node: ast.Call) -> pd.Categorical:
        """Give the label of each number's interval; the labels keep the intervals' order."""
        names = ("breaks", "labels", "right", "include_lowest")
        given = dict(zip(names, map(literal, node.args[1:]), strict=False))
        given |= {str(keyword.arg): literal(keyword.value) for keyword in node.keywords}
        x = np.broadcast_to(self.number(node.args[0], "cut()"), len(self.table))
        sides = {
            "right": bool(given.get("right", True)),
            "include_lowest": bool(given.get("include_lowest", False)),
        }
        code = intervals(x, given["breaks"], **sides)
        if (code < 0).any():
            seen = ", ".join(f"{value:g}" for value in np.unique(x[code < 0])[:3])
            msg = f"{ast.unparse(node)}: {seen} is in no interval; widen the bounds"
            raise FormulaError(msg)
        labels = given.get("labels") or interval_labels(given["breaks"], **sides)
        return pd.Categorical.from_codes(
            code.tolist(), categories=pd.Index(list(map(str, labels)), dtype=object)
        )


def column_of_call(node: ast.Call) -> str:
    """Give the column that a call is of, where it is one by itself; else nothing."""
    first = node.args[0]
    if isinstance(first, ast.Name):
        return first.id
    if isinstance(first, ast.Call) and name_of(first) == "Q":
        return str(first.args[0].value)  # type: ignore[attr-defined]
    return ""


def _is_object(value: Any) -> bool:
    return getattr(getattr(value, "dtype", None), "kind", "") == "O"


def _where(condition: Any, yes: Any, no: Any) -> Any:
    """Choose; numbers stay numbers, and texts become objects."""
    if any(isinstance(v, str) or _is_object(v) for v in (yes, no)):
        yes, no = (np.asarray(v, dtype=object) for v in (yes, no))
    return np.where(np.asarray(condition, dtype=bool), yes, no)
