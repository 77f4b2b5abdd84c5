"""Numbers that a formula reads only rounded or cut: made coarser in the engine that holds them.

An engine needs no more than to keep apart what the formula keeps apart: the formula itself is then
computed of one value of each bin.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["Binning", "binnings_of"]

ROUNDING = {"round", "np.round", "around", "np.around"}
DIGITS = 15  # that a double holds for certain: beyond, numbers are not rounded
MOST_DIGITS = 300


@dataclass(frozen=True)
class Binning:
    """One way of making a column coarser.

    Attributes
    ----------
    digits : int or None
        Decimals of ``round(x, digits)``.
    edges : tuple of float
        Of ``cut(x, edges)``.
    """

    digits: int | None = None
    edges: tuple[float, ...] = ()

    @property
    def bins(self) -> int | None:
        """How many bins there are, where that is known."""
        return None if self.digits is not None else 2 * len(self.edges) + 1

    def in_engine(self, column: ir.NumericValue) -> ir.Value:
        """Give the expression whose value is the same for all numbers of a bin.

        Numbers are rounded by the same few operations as in a formula, to the same double; of
        edges it is told how many are below a number, and how many are not above it.
        """
        x = column.cast("float64")
        if self.digits is None:
            sides = [side.cast("int64") for edge in self.edges for side in (x > edge, x >= edge)]
            return _added(sides)
        ten = 10.0 ** abs(self.digits)
        up = self.digits >= 0
        tens = x * ten if up else x / ten
        low, high = tens.floor().cast("float64"), tens.ceil().cast("float64")
        below, above = (low / ten, high / ten) if up else (low * ten, high * ten)
        down, rise = x - below, above - x
        even = low - 2.0 * (low / 2.0).floor().cast("float64") == 0.0
        first = (down < rise) | ((down == rise) & even)
        rounded = first.ifelse(below, above)
        return (tens.abs() >= 10.0**DIGITS).ifelse(x, rounded) + 0.0


def _added(parts: Sequence[ir.IntegerValue]) -> ir.IntegerValue:
    """Add by halves: a sum of a thousand, one by one, is nested deeper than engines read."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return _added(parts[:middle]) + _added(parts[middle:])


def binnings_of(trees: Iterable[ast.expr]) -> dict[str, tuple[Binning, ...]]:
    """Find the columns that a formula reads only rounded or cut.

    Parameters
    ----------
    trees : iterable of ast.expr
        The formula's factors, checked.

    Returns
    -------
    dict of str to tuple of Binning
        By column, all ways in which it is made coarser.

    Examples
    --------
    >>> texts = ["round(x, 1)", "log(round(y))", "z", "cut(z, [1])"]
    >>> binnings_of([ast.parse(text, mode="eval").body for text in texts])
    {'x': (Binning(digits=1, edges=()),), 'y': (Binning(digits=0, edges=()),)}
    """
    found: dict[str, dict[Binning, None]] = {}
    bare: set[str] = set()
    for tree in trees:
        _look(tree, found, bare)
    return {name: tuple(ways) for name, ways in found.items() if name not in bare}


def _look(node: ast.AST, found: dict[str, dict[Binning, None]], bare: set[str]) -> None:
    """Note the binned columns under a node, and those that are read as they are."""
    if isinstance(node, ast.Call):
        way = _binning(node)
        if way is not None and isinstance(node.args[0], ast.Name):
            found.setdefault(node.args[0].id, {})[way] = None
            return
        if ast.unparse(node.func) == "Q":
            bare.add(str(getattr(node.args[0], "value", "")))
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            _look(argument, found, bare)
    elif isinstance(node, ast.Name):
        bare.add(node.id)
    else:
        for child in ast.iter_child_nodes(node):
            _look(child, found, bare)


def _binning(call: ast.Call) -> Binning | None:
    """Read how a call makes its first argument coarser; None for any other call."""
    name = ast.unparse(call.func)
    if not call.args or name not in ROUNDING | {"cut"}:
        return None
    named = {str(keyword.arg): keyword.value for keyword in call.keywords}
    given = call.args[1] if len(call.args) > 1 else named.get("decimals", named.get("breaks"))
    try:
        value: Any = 0 if given is None else ast.literal_eval(given)
        if name == "cut":
            return Binning(edges=tuple(float(edge) for edge in value))
        digits = int(value)
    except (ValueError, TypeError):
        return None
    return Binning(digits=digits) if abs(digits) <= MOST_DIGITS else None
