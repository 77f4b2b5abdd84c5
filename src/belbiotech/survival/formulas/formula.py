"""A formula as R users write it, taken apart before any data is seen."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from belbiotech.errors import FormulaError
from belbiotech.survival.engines.binning import Binning, binnings_of
from belbiotech.survival.formulas.allowed import called, check_tree, columns_of, name_of
from belbiotech.survival.formulas.functions import function_named
from belbiotech.survival.formulas.over_time import (
    OverTime,
    no_effects_over_time,
    without_over_time,
)
from belbiotech.survival.formulas.terms import Factor, Term, expand
from belbiotech.survival.formulas.texts import Token, halves, refuse_words_of_r, shown

__all__ = ["Factor", "Formula", "Term", "read_formula"]


@dataclass(frozen=True)
class Formula:
    """A formula taken apart: terms, and a syntax tree for each factor.

    Attributes
    ----------
    text : str
        As the user wrote it.
    outcome : str
        The column left of the tilde.
    right : str
        What stands right of it.
    columns : tuple of str
        The data's columns that the right side needs.
    rowwise : bool
        Whether each row's covariates follow from that row alone.
    plain : tuple of str
        Those columns that stand in the formula by themselves, in no function.
    terms : tuple of tuple of str
        The keys of each term's factors; the constant is left out.
    factors : dict of str to Factor
        By key: a column or a call with its tree.
    offsets : tuple of Factor
        What ``offset()`` stands around.
    over_time : tuple of OverTime
        The effects that vary with time, ``tt(x, log)``. They are none of the terms.
    binned : dict of str to tuple of Binning
        Columns that are read only rounded or cut, and how.
    """

    text: str
    outcome: str
    right: str
    columns: tuple[str, ...]
    rowwise: bool
    plain: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()
    factors: dict[str, Factor] = field(default_factory=dict, repr=False, compare=False)
    offsets: tuple[Factor, ...] = field(default=(), repr=False, compare=False)
    over_time: tuple[OverTime, ...] = ()
    binned: dict[str, tuple[Binning, ...]] = field(default_factory=dict, repr=False, compare=False)


def read_formula(text: str, *, over_time: bool = False) -> Formula:
    """Take a formula apart, before any data is seen.

    Nothing of it is run: it may name columns, numbers and listed functions, and those that
    `register_function` has added.

    Parameters
    ----------
    text : str
        Like ``"failure ~ alliances_active_lag1 + C(region)"``.
    over_time : bool
        Whether the model has effects that vary with time, ``tt(x, log)``.

    Returns
    -------
    Formula
        Outcome, terms and the columns they need.

    Raises
    ------
    FormulaError
        A formula that cannot be read, has no outcome, shifts rows (``lag``), or would do more
        than compute; ``tt()`` in a model without such effects.

    Examples
    --------
    >>> read_formula("failure ~ log(age) + C(region)").columns
    ('age', 'region')
    """
    if not isinstance(text, str):
        msg = f"a formula is a text such as 'failure ~ age', not {type(text).__name__}"
        raise FormulaError(msg)
    left, right = halves(text)
    refuse_words_of_r(text)
    outcome = _outcome(text, left)
    if not right:
        if not _has_tilde(text, left):
            raise _no_outcome(text)
        msg = f"formula {shown(text)} has nothing on the right; a model without covariates is '~ 1'"
        raise FormulaError(msg)
    terms, factors = expand(text, right, lambda tree, part: check_tree(tree, part, text))
    terms, offsets = _without_offsets(text, terms, factors)
    terms, varying = without_over_time(text, terms, factors)
    if varying and not over_time:
        raise no_effects_over_time(text, varying)
    for factor in factors.values():
        _refuse_splines_with_a_constant(text, factor)
    used = {key: factors[key] for term in terms for key in term}
    trees = [factor.tree for factor in (*used.values(), *offsets)]
    alone = {factor.column for factor in used.values() if factor.column is not None}
    inside = {
        name
        for factor in (*used.values(), *offsets)
        if factor.column is None
        for name in columns_of(factor.tree)
    }
    inside |= {name for effect in varying for name in columns_of(effect.tree)}
    return Formula(
        text=text,
        outcome=outcome,
        right=text[right[0].at :].strip(),
        columns=tuple(sorted(alone | inside)),
        rowwise=not any(_looks_at_all_rows(name) for tree in trees for name in called(tree)),
        plain=tuple(sorted(alone - inside)),
        terms=terms,
        factors=used,
        offsets=offsets,
        over_time=varying,
        binned=binnings_of([*trees, *(effect.tree for effect in varying)]),
    )


def _has_tilde(text: str, left: list[Token]) -> bool:
    return text[left[-1].end if left else 0 :].lstrip().startswith("~")


def _no_outcome(text: str) -> FormulaError:
    msg = f"formula {shown(text)} must be 'outcome ~ covariates', with one column on the left"
    return FormulaError(msg)


def _outcome(text: str, left: list[Token]) -> str:
    if len(left) != 1 or left[0].kind not in ("name", "quoted"):
        raise _no_outcome(text)
    return left[0].text


def _without_offsets(
    text: str, terms: tuple[Term, ...], factors: dict[str, Factor]
) -> tuple[tuple[Term, ...], tuple[Factor, ...]]:
    """Take ``offset(x)`` out of the terms."""
    keys = [key for key, factor in factors.items() if _is_offset(factor)]
    if any(len(term) > 1 and set(term) & set(keys) for term in terms):
        msg = f"formula {shown(text)} has offset() in a product; it stands by itself"
        raise FormulaError(msg)
    kept = tuple(term for term in terms if not set(term) & set(keys))
    named = [factors[term[0]] for term in terms if set(term) & set(keys)]
    return kept, tuple(named)


def _is_offset(factor: Factor) -> bool:
    return isinstance(factor.tree, ast.Call) and name_of(factor.tree) == "offset"


def _looks_at_all_rows(name: str) -> bool:
    function = function_named(name)
    return function is not None and function.state


def _refuse_splines_with_a_constant(text: str, factor: Factor) -> None:
    """Refuse natural splines whose columns add up to one: so does the baseline."""
    tree = factor.tree
    if not isinstance(tree, ast.Call) or name_of(tree) not in ("cr", "cc", "cs"):
        return
    if "constraints" not in {keyword.arg for keyword in tree.keywords}:
        msg = (
            f"formula {shown(text)}: the columns of {factor.text} add up to a constant, which the "
            f"baseline holds already; write {factor.text[:-1]}, constraints='center')"
        )
        raise FormulaError(msg)
