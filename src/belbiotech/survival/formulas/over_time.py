"""Effects that vary with time: ``tt(x, log)`` is x times log(t) at each event time t."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import FormulaError
from belbiotech.survival.formulas.allowed import name_of
from belbiotech.survival.formulas.coding import CONSTANT
from belbiotech.survival.formulas.columns import factor_values
from belbiotech.survival.formulas.functions import TIME_FUNCTIONS
from belbiotech.survival.formulas.matrix import Matrix
from belbiotech.survival.formulas.terms import Factor, Term
from belbiotech.survival.formulas.texts import shown
from belbiotech.survival.rows.checks import FloatArray, IntArray

__all__ = [
    "Cut",
    "OverTime",
    "no_effects_over_time",
    "with_over_time",
    "without_over_time",
]


@dataclass(frozen=True)
class OverTime:
    """A covariate times a function of time.

    Attributes
    ----------
    text : str
        The name of its coefficient: as it is written.
    tree : ast.expr
        The covariate x.
    function : str or None
        The function's name; None for time itself.
    place : int
        How many of the formula's other terms stand before it.
    """

    text: str
    tree: ast.expr = field(repr=False, compare=False)
    function: str | None
    place: int


def without_over_time(
    text: str, terms: Sequence[Term], factors: Mapping[str, Factor]
) -> tuple[tuple[Term, ...], tuple[OverTime, ...]]:
    """Take ``tt(x, log)`` out of a formula's terms.

    Parameters
    ----------
    text : str
        The formula, for messages.
    terms : sequence of Term
        Its terms.
    factors : mapping of str to Factor
        By key.

    Returns
    -------
    tuple of Term, tuple of OverTime
        The other terms, and what was taken out.

    Raises
    ------
    FormulaError
        Such an effect in a product.
    """
    kept: list[Term] = []
    found: list[OverTime] = []
    for term in terms:
        calls = [factors[key] for key in term if _is_over_time(factors[key])]
        if not calls:
            kept.append(term)
            continue
        if len(term) > 1:
            msg = (
                f"formula {shown(text)} has {calls[0].text} in a product; it stands by itself: "
                "write the product inside, as in tt(a * b, log)"
            )
            raise FormulaError(msg)
        arguments = calls[0].tree.args  # type: ignore[attr-defined]
        name = (name_of(arguments[1]) or "").removeprefix("np.") if arguments[1:] else None
        found.append(OverTime(calls[0].text, arguments[0], name, len(kept)))
    return tuple(kept), tuple(found)


def no_effects_over_time(text: str, effects: Sequence[OverTime]) -> FormulaError:
    """Say that a model has no effects that vary with time, and what to write instead."""
    told = ", ".join(effect.text for effect in effects)
    msg = (
        f"formula {shown(text)} has {told}: effects that vary with time are terms of cox() alone; "
        "in a discrete hazard write the product with the column of time, as in x:log(stop); "
        "elsewhere cut the rows with split_at() and write the product as a column"
    )
    return FormulaError(msg)


def _numbers(text: str, effect: OverTime, table: pd.DataFrame) -> FloatArray:
    """Compute an effect's covariate, (m,); truth values as 0 and 1."""
    try:
        values, are_levels = factor_values(Factor(effect.text, effect.tree), table, {})
    except FormulaError as error:
        msg = f"formula {shown(text)} cannot be computed: {error}"
        raise FormulaError(msg) from error
    if are_levels:
        seen = pd.Series(values).iloc[:1].tolist()
        msg = (
            f"formula {shown(text)}: {effect.text} needs numbers, and {ast.unparse(effect.tree)} "
            f"holds levels{f' such as {seen[0]!r}' if seen else ''}; give each level whose effect "
            "varies a tt() of its own, of a 0/1 column"
        )
        raise FormulaError(msg)
    numbers: FloatArray = np.asarray(values, dtype=float)
    if not np.isfinite(numbers).all():
        row = int(np.flatnonzero(~np.isfinite(numbers))[0])
        names = {node.id for node in ast.walk(effect.tree) if isinstance(node, ast.Name)}
        where = ", ".join(
            f"{name} = {table[name].iloc[row]}" for name in sorted(names & {*table.columns})
        )
        msg = f"formula {shown(text)}: {effect.text} is missing or infinite where {where}"
        raise FormulaError(msg)
    return numbers


def _functions_of_time(text: str, effects: Sequence[OverTime], times: FloatArray) -> FloatArray:
    """Compute each effect's function of the event times, (k, number of effects)."""
    values = np.empty((len(times), len(effects)))
    problems = []
    for k, effect in enumerate(effects):
        with np.errstate(all="ignore"):
            values[:, k] = times if effect.function is None else _call(effect.function, times)
        bad = ~np.isfinite(values[:, k])
        if bad.any():
            remedy = "tt(x, sqrt)" if effect.function == "exp" else "tt(x, log1p) or tt(x)"
            problems.append(
                f"{effect.text}: {effect.function}(t) is {values[bad, k][0]} at the event time "
                f"{times[bad][0]:g}; write {remedy}, or let the clock start elsewhere"
            )
    if problems:
        raise FormulaError(f"formula {shown(text)}: " + "; ".join(problems))
    return values


def _call(name: str, times: FloatArray) -> Any:
    return TIME_FUNCTIONS[name](times)


@dataclass(frozen=True)
class Cut:
    """Rows cut at event times: which row each piece is of, and at which time it ends.

    Attributes
    ----------
    row : array of int, (q,)
        A row of the table.
    times : array of float, (k,)
        The event times.
    position : array of int, (q,)
        The event time of each piece.
    """

    row: IntArray
    times: FloatArray
    position: IntArray


def with_over_time(
    matrix: Matrix, text: str, effects: Sequence[OverTime], table: pd.DataFrame, cut: Cut
) -> Matrix:
    """Put effects that vary with time into a matrix, where they stand in the formula.

    Parameters
    ----------
    matrix : Matrix
        Of m distinct rows, of the other terms.
    text : str
        The formula, for messages.
    effects : sequence of OverTime
        The effects.
    table : DataFrame, (m, k)
        The distinct rows' columns.
    cut : Cut
        The pieces that are wanted.

    Returns
    -------
    Matrix
        Numbers (q, p). It is not made again on new rows: its spec is that of the other terms.

    Raises
    ------
    FormulaError
        A factor, a function that is not defined at an event time, products that are infinite,
        two coefficients of one name.
    """
    row, values = cut.row, _products(text, effects, table, cut)
    order: list[tuple[str, tuple[int, ...] | None]] = []
    others = [term for term in matrix.spec.coding.terms if term != CONSTANT]
    for place in range(len(others) + 1):
        order += [(effect.text, None) for effect in effects if effect.place == place]
        order += [(t, matrix.terms[t]) for t in others[place : place + 1] if t in matrix.terms]
    x = np.empty((len(row), len(matrix.names) + len(effects)), order="F")
    names: list[str] = []
    terms: dict[str, tuple[int, ...]] = {}
    column = {effect.text: values[:, k] for k, effect in enumerate(effects)}
    for term, places in order:
        at = len(names)
        if places is None:
            x[:, at] = column[term]
            names.append(term)
        else:
            for k, j in enumerate(places):
                x[:, at + k] = matrix.x[row, j]
            names += [matrix.names[j] for j in places]
        terms[term] = tuple(range(at, len(names)))
    if len(set(names)) < len(names):
        msg = f"two coefficients would be called {', '.join(column)}; rename a column"
        raise FormulaError(msg)
    offset = None if matrix.offset is None else matrix.offset[row]
    spec = replace(matrix.spec, every=_every(matrix.spec.every, names, column))
    return replace(matrix, x=x, names=tuple(names), terms=terms, spec=spec, offset=offset)


def _products(text: str, effects: Sequence[OverTime], table: pd.DataFrame, cut: Cut) -> FloatArray:
    """Compute what each effect's coefficient multiplies, (q, number of effects)."""
    functions = _functions_of_time(text, effects, cut.times)
    values = np.empty((len(cut.row), len(effects)), order="F")
    for k, effect in enumerate(effects):
        with np.errstate(over="ignore"):
            values[:, k] = _numbers(text, effect, table)[cut.row] * functions[cut.position, k]
        if not np.isfinite(values[:, k]).all():
            msg = f"formula {shown(text)}: {effect.text} is infinite; rescale the covariate or time"
            raise FormulaError(msg)
    return values


def _every(every: tuple[str, ...], names: Sequence[str], new: Mapping[str, Any]) -> tuple[str, ...]:
    """Put the new names before those of the terms that follow them."""
    if not every:
        return every
    told = list(every)
    for k, name in enumerate(names):
        if name in new:
            after = next((other for other in names[k + 1 :] if other in told), None)
            told.insert(len(told) if after is None else told.index(after), name)
    return tuple(told)


def _is_over_time(factor: Factor) -> bool:
    return isinstance(factor.tree, ast.Call) and name_of(factor.tree) == "tt"
