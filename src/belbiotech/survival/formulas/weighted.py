"""What terms settle on all rows, settled on distinct rows that count several times each.

Knots are quantiles of all rows, and constraints and scales their means: here of distinct rows with
their numbers, which gives the same. What is settled is then read as at a prediction.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import BelbiotechError, FormulaError
from belbiotech.survival.formulas.allowed import literal, name_of
from belbiotech.survival.formulas.computing import States, column_of_call, compute
from belbiotech.survival.formulas.formula import Formula
from belbiotech.survival.formulas.functions import function_named
from belbiotech.survival.formulas.splines import natural_spline
from belbiotech.survival.formulas.texts import shown
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["settled_states", "weighted_quantiles"]


def settled_states(formula: Formula, table: pd.DataFrame, number: FloatArray) -> States:
    """Settle the knots, means and scales of a formula's functions.

    Parameters
    ----------
    formula : Formula
        From `read_formula`.
    table : DataFrame, (m, k)
        Distinct rows.
    number : array of float, (m,)
        How many rows each stands for.

    Returns
    -------
    dict of str to dict
        By the text of a call, what it settled.

    Raises
    ------
    FormulaError
        A function whose settling needs all rows one by one.
    """
    states: States = {}
    for factor in (*formula.factors.values(), *formula.offsets):
        for node in _inner_first(factor.tree):
            function = function_named(name_of(node) or "")
            if function is None or not function.state:
                continue
            settle = _SETTLE.get(name_of(node) or "")
            if settle is None or function.own:
                msg = (
                    f"formula {shown(formula.text)} uses {name_of(node)}(), which looks at all "
                    "rows, and these are not in memory; compute it in a column of its own first"
                )
                raise FormulaError(msg)
            x = _numbers(node, formula, compute(node.args[0], table, states))
            options = {str(word.arg): literal(word.value) for word in node.keywords}
            options |= dict(zip(function.options, map(literal, node.args[1:]), strict=False))
            try:
                with np.errstate(all="ignore"):  # what is not finite is refused afterwards
                    settled = settle(x, number, options)
            except BelbiotechError:
                raise
            except Exception as error:  # what formulaic says of a spline
                msg = (
                    f"formula {shown(formula.text)} cannot be computed: {ast.unparse(node)} gives "
                    f"{type(error).__name__}: {str(error)[:500]}"
                )
                raise FormulaError(msg) from error
            states[ast.unparse(node)] = {"of": column_of_call(node), **settled}
    return states


def _numbers(call: ast.Call, formula: Formula, values: Any) -> FloatArray:
    """Give a function's first argument as numbers; refuse what holds none."""
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        msg = (
            f"formula {shown(formula.text)} cannot be computed: {ast.unparse(call.args[0])} holds "
            f"no numbers such as {values[0]!r}, and {name_of(call)}() takes numbers"
        )
        raise FormulaError(msg) from error


def _inner_first(tree: ast.expr) -> Iterator[ast.Call]:
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.expr):
            yield from _inner_first(child)
    if isinstance(tree, ast.Call):
        yield tree


def weighted_quantiles(values: FloatArray, number: FloatArray, shares: FloatArray) -> FloatArray:
    """Give quantiles of values that occur several times each, as `numpy.quantile` of all.

    Parameters
    ----------
    values, number : array of float, (m,)
        The values, and how often each occurs.
    shares : array of float, (q,)
        From 0 to 1.

    Returns
    -------
    array of float, (q,)
        Between the two values beside a quantile on a straight line.

    Examples
    --------
    >>> weighted_quantiles(np.array([3.0, 1.0]), np.array([1.0, 3.0]), np.array([0.5, 0.75, 1]))
    array([1. , 1.5, 3. ])
    >>> np.quantile([1, 1, 1, 3], [0.5, 0.75, 1])
    array([1. , 1.5, 3. ])
    """
    order = np.argsort(values, kind="stable")
    ordered, up_to = values[order], np.cumsum(number[order])
    place = shares * (up_to[-1] - 1)
    below = np.floor(place)
    low, high = (
        ordered[np.searchsorted(up_to, at, "right").clip(max=len(ordered) - 1)]
        for at in (below, np.ceil(place))
    )
    quantiles: FloatArray = low + (high - low) * (place - below)
    return quantiles


def _basis_splines(x: FloatArray, number: FloatArray, options: dict[str, Any]) -> dict[str, Any]:
    from formulaic.transforms.basis_spline import basis_spline

    state: dict[str, Any] = {}
    given = dict(options)
    df, degree = given.get("df"), given.get("degree", 3)
    inner = -1 if df is None else df - degree - bool(given.get("include_intercept", False))
    if inner >= 0 and given.get("knots") is None:
        low, high = (
            bound if given.get(name) is None else given[name]
            for name, bound in (("lower_bound", x.min()), ("upper_bound", x.max()))
        )
        inside = (x >= low) & (x <= high)
        knots = weighted_quantiles(x[inside], number[inside], np.linspace(0, 1, inner + 2))
        given |= {"knots": knots[1:-1].tolist(), "df": None}
    basis_spline(x, **given, _state=state)
    return state


def _natural_splines(x: FloatArray, number: FloatArray, options: dict[str, Any]) -> dict[str, Any]:
    state: dict[str, Any] = {}
    given = dict(options)
    natural_spline(x, **given, _state=state)  # which settles the bounds, and refuses what is none
    if given.get("knots") is None:
        inside = (x >= state["low"]) & (x <= state["high"])
        shares = np.linspace(0, 1, len(state["knots"]) + 2)
        state["knots"] = weighted_quantiles(x[inside], number[inside], shares)[1:-1].tolist()
    return state


def _cubic_splines(*, cyclic: bool) -> Callable[..., dict[str, Any]]:
    def settle(x: FloatArray, number: FloatArray, options: dict[str, Any]) -> dict[str, Any]:
        from formulaic.transforms.cubic_spline import cubic_spline

        state: dict[str, Any] = {}
        given = {**options, "cyclic": cyclic}
        constraints = given.pop("constraints", None)
        if isinstance(constraints, str) and constraints == "center":
            # A constraint costs a column: without it one more has the same knots.
            more = {**given, "df": None if given.get("df") is None else given["df"] + 1}
            free = cubic_spline(x, **more, _state={})
            columns = np.column_stack(list(free.values()))
            constraints = (number @ columns / number.sum())[None, :]
        cubic_spline(x, **given, constraints=constraints, _state=state)
        return state

    return settle


def _polynomials(x: FloatArray, number: FloatArray, options: dict[str, Any]) -> dict[str, Any]:
    """Settle orthogonal polynomials by their recurrence, as formulaic does of all rows.

    P_(k+1) = (x - a_k) P_k - n_k / n_(k-1) P_(k-1), where n_k is the sum of P_k^2 over all rows,
    and a_k that of x P_k^2 divided by n_k (Gautschi 2004, Orthogonal Polynomials, 1.3).
    """
    if options.get("raw", False):
        return {}
    degree = options.get("degree", 1)
    alpha: dict[int, float] = {}
    norms: dict[int, float] = {}
    before, now = np.zeros(len(x)), np.ones(len(x))
    for k in range(degree + 1):
        norms[k] = float(number @ now**2)
        alpha[k] = float(number @ (x * now**2)) / norms[k] if norms[k] else 0.0
        share = norms[k] / norms[k - 1] if k and norms[k - 1] else 0.0
        before, now = now, (x - alpha[k]) * now - share * before
    return {"alpha": alpha, "norms2": norms}


def _scales(center: bool, scale: bool, word: str = "scale") -> Callable[..., dict[str, Any]]:
    def settle(x: FloatArray, number: FloatArray, options: dict[str, Any]) -> dict[str, Any]:
        from formulaic.transforms.scale import scale as plain_scale

        state: dict[str, Any] = {}
        middle, spread = options.get("center", center), options.get(word, scale)
        ddof = options.get("ddof", 0 if word == "rescale" else 1)
        if middle is True:
            middle = float(number @ x / number.sum())
        moved = x - (0.0 if middle is False else middle)
        if spread is True:
            spread = float(np.sqrt(number @ moved**2 / (number.sum() - ddof)))
        plain_scale(x, middle, spread, ddof, _state=state)
        return state

    return settle


_SETTLE: dict[str, Callable[..., dict[str, Any]]] = {
    "bs": _basis_splines,
    "ns": _natural_splines,
    "cr": _cubic_splines(cyclic=False),
    "cs": _cubic_splines(cyclic=False),
    "cc": _cubic_splines(cyclic=True),
    "poly": _polynomials,
    "center": _scales(center=True, scale=False),
    "scale": _scales(center=True, scale=True),
    "standardize": _scales(center=True, scale=True, word="rescale"),
}
