"""What a formula may compute: its syntax tree held to a list, before anything is computed.

A formula is data. It names columns, numbers and listed functions; all else is refused by name,
with the way to do it. Nothing here, and nothing after it, evaluates a formula's text as Python.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from typing import Any

from belbiotech.errors import FormulaError, nearest_names
from belbiotech.survival.formulas.functions import (
    CONTRASTS,
    FUNCTIONS,
    NUMPY,
    TIME_FUNCTIONS,
    function_named,
)
from belbiotech.survival.formulas.texts import shown

__all__ = ["ARITHMETIC", "COMPARISONS", "called", "check_tree", "columns_of", "literal", "name_of"]

ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
TRUTH = (ast.BitAnd, ast.BitOr)
COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
SHIFTING = {"lag", "lead", "shift", "diff", "pct_change", "cumsum", "rolling"}
HIGHEST_EXPONENT = 64
LARGEST = 1e300  # of a number that is written out
LONGEST_LIST = 1000
LONGEST_WORD = 1000  # letters of a text that is written out
LARGEST_OPTION = {"df": 100, "degree": 20, "ddof": 10, "decimals": 300}
WORDS = {
    ast.Attribute: "an attribute",
    ast.Subscript: "square brackets behind a value",
    ast.Call: "a call of what another call gives",
    ast.BinOp: "an operator that formulas do not have",
    ast.UnaryOp: "'not' (write ~ before a comparison in brackets)",
    ast.Compare: "'in' or 'is'",
    ast.Lambda: "a lambda",
    ast.JoinedStr: "an f-string",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.BoolOp: "'and' or 'or' (write & or | between comparisons in brackets)",
    ast.IfExp: "if ... else (write where(condition, a, b))",
    ast.NamedExpr: "an assignment",
    ast.Await: "await",
    ast.Yield: "yield",
    ast.Starred: "a star",
    ast.Dict: "a dict",
    ast.Set: "a set",
    ast.Tuple: "a list of values",
    ast.List: "a list of values",
    ast.Constant: "a text or a constant where a number must be",
}
WAY = (
    "compute it in a column of its own first, or let formulas call a function of yours with "
    "register_function(name, f)"
)


def check_tree(tree: ast.expr, part: str, text: str, what: str = "formula") -> None:
    """Refuse what is not on the list.

    Parameters
    ----------
    tree : ast.expr
        Of a factor.
    part, text : str
        The factor as it is written, and the formula around it.
    what : str
        What that text is, for messages.

    Raises
    ------
    FormulaError
        Naming the part and the way to do it.
    """
    try:
        _whole(tree)
    except _NotAllowedError as error:
        msg = f"{what} {shown(text)} cannot be computed: {shown(part)} {error}"
        raise FormulaError(msg) from None


class _NotAllowedError(Exception):
    """What is not allowed, in words."""


def _refused(node: ast.AST) -> _NotAllowedError:
    words = WORDS.get(type(node), f"{type(node).__name__}")
    written = ast.unparse(node) if isinstance(node, ast.expr) else ""
    if isinstance(node, ast.Attribute):
        if node.attr in SHIFTING:
            return _shifts(node.attr)
        words += f", .{node.attr}"
    return _NotAllowedError(f"has {words}{f' in {shown(written)}' if written else ''}: {WAY}")


def _shifts(name: str) -> _NotAllowedError:
    return _NotAllowedError(
        f"uses {name}(), which shifts rows across units; make the lag inside each unit first (the "
        "panel's columns _lag1 are such)"
    )


def _whole(tree: ast.expr) -> None:
    """Check a factor: a call that stands by itself may give several columns or levels."""
    name = name_of(tree) if isinstance(tree, ast.Call) else None
    if name == "C":
        _check_factor(tree)
    elif name == "offset" and isinstance(tree, ast.Call):
        _check_call(tree, "offset")
    elif name == "tt" and isinstance(tree, ast.Call):
        _check_over_time(tree)
    else:
        _check(tree, whole=True)


def _check(node: ast.AST, *, whole: bool = False, texts: bool = False) -> None:
    """Check what is computed; ``texts`` where a text may stand."""
    if isinstance(node, ast.Name):
        if node.id.startswith("__"):
            msg = f"names {node.id!r}: such a name is Python's own; rename that column"
            raise _NotAllowedError(msg)
    elif isinstance(node, ast.Constant):
        _check_constant(node, texts=texts)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd, ast.Invert)):
        _check(node.operand)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (*ARITHMETIC, *TRUTH)):
        _check(node.left)
        _check(node.right)
        if isinstance(node.op, ast.Pow):
            _check_exponent(node.right)
    elif isinstance(node, ast.Compare) and all(isinstance(op, COMPARISONS) for op in node.ops):
        for side in (node.left, *node.comparators):
            _check(side, texts=True)
    elif isinstance(node, ast.Call):
        _check_named(node, whole=whole)
    else:
        raise _refused(node)


def _check_constant(node: ast.Constant, *, texts: bool) -> None:
    value = node.value
    if isinstance(value, str) and texts:
        if len(value) > LONGEST_WORD:
            msg = f"has a text of {len(value):,} letters; {LONGEST_WORD:,} are the most"
            raise _NotAllowedError(msg)
    elif isinstance(value, (bool, int, float)):
        _bounded(value)
    else:
        raise _refused(node)


def _bounded(value: float) -> None:
    if not abs(value) <= LARGEST:
        msg = f"has a number beyond {LARGEST:g}"
        raise _NotAllowedError(msg)


def _check_exponent(node: ast.expr) -> None:
    """Refuse powers of powers, and large ones."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Pow):
            msg = "has a power in an exponent: " + WAY
            raise _NotAllowedError(msg)
        if isinstance(inner, ast.Constant) and not abs(literal(inner)) <= HIGHEST_EXPONENT:
            msg = f"has an exponent beyond {HIGHEST_EXPONENT}"
            raise _NotAllowedError(msg)


def _check_named(node: ast.Call, *, whole: bool) -> None:
    name = name_of(node)
    if name is None:
        raise _refused(node.func)
    if name.rpartition(".")[2] in SHIFTING and function_named(name) is None:
        raise _shifts(name)
    if name == "Q":
        _check_quoted(node)
        return
    if name == "C":
        msg = f"has {shown(ast.unparse(node))} inside a function: a factor stands by itself"
        raise _NotAllowedError(msg)
    if name == "cut":
        _check_cut(node)
        return
    if name in ("offset", "tt"):
        msg = f"has {name}() inside a function or a product: it stands by itself"
        raise _NotAllowedError(msg)
    function = function_named(name)
    if function is None:
        known = NUMPY if name.startswith("np.") else [*FUNCTIONS, "C", "Q", "cut"]
        near = nearest_names(name.removeprefix("np."), known) if name.isidentifier() else ""
        msg = (
            f"calls {name!r}, which is no function of formulas{f' ({near})' if near else ''}: {WAY}"
        )
        raise _NotAllowedError(msg)
    if function.whole and not whole:
        msg = f"has {name}() inside a function: it gives several columns, and stands by itself"
        raise _NotAllowedError(msg)
    _check_call(node, name)


def _check_call(node: ast.Call, name: str) -> None:
    """Check the arguments of a function of the list."""
    function = function_named(name)
    if function is None:
        raise _refused(node)
    if function.own:
        for argument in node.args:
            if _is_list(argument):
                _literal(argument)
            else:
                _check(argument, texts=True)
        for keyword in node.keywords:
            _option(keyword.arg, keyword.value)
        return
    arrays, options = node.args[: function.most], node.args[function.most :]
    if len(arrays) < function.least:
        number = function.least
        msg = f"gives {name}() too few values; it takes {number}"
        raise _NotAllowedError(msg)
    if len(options) > len(function.options):
        most = function.most + len(function.options)
        msg = f"gives {name}() {len(node.args)} arguments; it takes {most} at most"
        raise _NotAllowedError(msg)
    for argument in arrays:
        _check(argument, texts=name in ("where", "np.where"))
    seen = list(function.options[: len(options)])
    for key, value in zip(function.options, options, strict=False):
        _option(key, value)
    for keyword in node.keywords:
        if keyword.arg not in function.options or keyword.arg in seen:
            known = f"; it knows {', '.join(function.options)}" if function.options else ""
            msg = f"gives {name}() the argument {keyword.arg!r}{known}"
            raise _NotAllowedError(msg)
        seen.append(keyword.arg)
        _option(keyword.arg, keyword.value)


def _option(name: str | None, node: ast.expr) -> None:
    """Check an argument that is written out."""
    if name is None:
        msg = "has two stars: " + WAY
        raise _NotAllowedError(msg)
    value = _literal(node)
    largest = LARGEST_OPTION.get(name)
    if largest is None or value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > largest:
        msg = f"has {name}={shown(str(value))}; it must be a whole number up to {largest}"
        raise _NotAllowedError(msg)


def _check_over_time(node: ast.Call) -> None:
    """Check ``tt(x)`` and ``tt(x, log)``."""
    if not 1 <= len(node.args) <= 2 or node.keywords:
        msg = "is no effect over time; write tt(x) for x times t, or tt(x, log) for x times log(t)"
        raise _NotAllowedError(msg)
    _check(node.args[0])
    settled = sorted(name for name in called(node.args[0]) if _looks_at_all_rows(name))
    if settled:
        msg = f"has {settled[0]}() inside tt(): {WAY.partition(',')[0]} first"
        raise _NotAllowedError(msg)
    named = node.args[1:]
    if not named or (isinstance(named[0], (ast.Name, ast.Attribute)) and _of_time(named[0])):
        return
    written = ast.unparse(named[0])
    near = nearest_names(written, list(TIME_FUNCTIONS))
    msg = (
        f"has {shown(written)} as its function of time ({near}); for another, cut the rows with "
        "split_at at the event times and write the product as a column"
    )
    raise _NotAllowedError(msg)


def _of_time(node: ast.expr) -> bool:
    return (name_of(node) or "").removeprefix("np.") in TIME_FUNCTIONS


def _looks_at_all_rows(name: str) -> bool:
    function = function_named(name)
    return function is not None and function.state


def _check_factor(node: ast.expr) -> None:
    """Check ``C(x)``, ``C(x, Treatment('b'))``, ``C(x, levels=['a', 'b'])``."""
    if not isinstance(node, ast.Call) or not 1 <= len(node.args) <= 2:
        msg = "is no factor; write C(column), C(column, Treatment('level')) or C(column, levels=[])"
        raise _NotAllowedError(msg)
    _check(node.args[0])
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    contrast = keywords.pop("contrasts", None) if len(node.args) == 1 else node.args[1]
    levels = keywords.pop("levels", None)
    if keywords:
        msg = f"gives C() the argument {next(iter(keywords))!r}; it knows contrasts and levels"
        raise _NotAllowedError(msg)
    if levels is not None and not isinstance(_literal(levels), list):
        msg = "has levels that are no list, such as levels=['a', 'b']"
        raise _NotAllowedError(msg)
    if contrast is not None:
        _check_contrast(contrast)


def _check_contrast(node: ast.expr) -> None:
    name = name_of(node)
    if name not in CONTRASTS:
        msg = (
            f"has {shown(ast.unparse(node))} as the second argument of C(): it knows the contrasts "
            f"{', '.join(CONTRASTS)}"
        )
        raise _NotAllowedError(msg)
    if isinstance(node, ast.Call):
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            _literal(argument)
        known = {"reference", "base", "reverse", "scale", "backward", "scores"}
        unknown = [keyword.arg for keyword in node.keywords if keyword.arg not in known]
        if unknown or len(node.args) > 1:
            msg = f"gives {name}() more than it takes: a level, as in Treatment('b')"
            raise _NotAllowedError(msg)


def _check_cut(node: ast.Call) -> None:
    """Check ``cut(x, [0, 5, 10], labels=['small', 'large'], right=True, include_lowest=False)``."""
    names = ("breaks", "labels", "right", "include_lowest")
    given = dict(zip(names, node.args[1:], strict=False))
    keywords = {str(keyword.arg): keyword.value for keyword in node.keywords}
    if (
        not node.args
        or len(node.args) > 5
        or set(keywords) - set(names)
        or set(keywords) & set(given)
    ):
        msg = "is not cut(x, breaks, labels=..., right=..., include_lowest=...)"
        raise _NotAllowedError(msg)
    _check(node.args[0])
    values: dict[str, Any] = {key: _literal(value) for key, value in (given | keywords).items()}
    breaks: Any = values.get("breaks")
    rising = isinstance(breaks, list) and len(breaks) > 1 and all(map(_is_number, breaks))
    if not rising or any(not a < b for a, b in zip(breaks, breaks[1:], strict=False)):
        msg = "needs the bounds of the intervals as rising numbers, as in cut(x, [0, 5, 10])"
        raise _NotAllowedError(msg)
    labels = values.get("labels")
    if labels is not None and (not isinstance(labels, list) or len(labels) != len(breaks) - 1):
        msg = f"needs {len(breaks) - 1} labels for its intervals"
        raise _NotAllowedError(msg)
    if labels is not None and len(set(map(str, labels))) < len(labels):
        msg = "has a label twice"
        raise _NotAllowedError(msg)


def _check_quoted(node: ast.Call) -> None:
    name = node.args[0] if len(node.args) == 1 and not node.keywords else None
    if not isinstance(name, ast.Constant) or not isinstance(name.value, str) or not name.value:
        msg = "is not Q('name of a column'); backquotes do the same"
        raise _NotAllowedError(msg)


def literal(node: ast.expr) -> Any:
    """Read an argument that is written out and was checked.

    Examples
    --------
    >>> literal(ast.parse("[1, -2.5, 'a']", mode="eval").body)
    [1, -2.5, 'a']
    """
    return _literal(node)


def _literal(node: ast.expr) -> Any:
    if _is_list(node):
        if len(node.elts) > LONGEST_LIST:  # type: ignore[attr-defined]
            msg = f"has a list of {len(node.elts):,}; {LONGEST_LIST:,} are the most"  # type: ignore[attr-defined]
            raise _NotAllowedError(msg)
        return [_single(item) for item in node.elts]  # type: ignore[attr-defined]
    return _single(node)


def _single(node: ast.expr) -> Any:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = _single(node.operand)
        if not _is_number(value):
            raise _refused(node)
        return -value if isinstance(node.op, ast.USub) else value
    if name_of(node) in ("np.inf", "inf", "Inf") and not isinstance(node, ast.Call):
        return math.inf
    if isinstance(node, ast.Constant) and node.value is None:
        return None
    if not isinstance(node, ast.Constant):
        msg = (
            f"has {shown(ast.unparse(node))} where a number, a text or a list of such must be "
            f"written out: {WAY}"
        )
        raise _NotAllowedError(msg)
    _check_constant(node, texts=True)
    return node.value


def _is_list(node: ast.expr) -> bool:
    return isinstance(node, (ast.List, ast.Tuple))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def name_of(node: ast.AST) -> str | None:
    """Give the name of a call, or of a name with or without a module: ``np.log``."""
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        module = node.value.id
        return f"{module}.{node.attr}" if module in ("np", "contr") else None
    return None


def columns_of(tree: ast.expr) -> Iterator[str]:
    """Give the columns that a checked tree reads."""
    if isinstance(tree, ast.Name):
        yield tree.id
    elif isinstance(tree, ast.Call):
        name = name_of(tree) or ""
        if name == "Q":
            yield tree.args[0].value  # type: ignore[attr-defined]
            return
        function = function_named(name)
        first = 1 if name in ("C", "cut") or function is None else function.most
        for argument in tree.args[:first]:
            yield from columns_of(argument)
    elif not isinstance(tree, (ast.List, ast.Tuple)):
        for child in ast.iter_child_nodes(tree):
            if isinstance(child, ast.expr):
                yield from columns_of(child)


def called(tree: ast.expr) -> set[str]:
    """Give the names of the functions that a checked tree calls."""
    return {name_of(node) or "?" for node in ast.walk(tree) if isinstance(node, ast.Call)}
