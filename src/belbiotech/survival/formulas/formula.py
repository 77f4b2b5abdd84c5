"""A formula as R users write it, taken apart before any data is seen."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from belbiotech.errors import FormulaError
from belbiotech.survival.formulas.words import reading_in_words, refuse_words_of_r

__all__ = ["Formula", "read_formula"]

# Functions that look at one row alone: their matrix can be made from the distinct rows. Anything
# else (splines, centring, scaling) needs all rows to settle its knots or means.
ROWWISE = {
    "C",
    "I",
    "Q",
    "log",
    "log10",
    "log2",
    "exp",
    "sqrt",
    "abs",
    "Treatment",
    "treatment",
    "np",
}
SHIFTING = {"lag", "lead", "shift", "diff", "pct_change", "cumsum", "rolling"}

QUOTED = re.compile("`[^`]*`")  # column names that are no Python names
# Names that stand for no column where they are not called: of a module, or of a contrast.
NO_COLUMNS = {"np", "contr", "Treatment", "Sum", "Helmert", "Diff", "Poly"}
PLACE = "_quoted_"  # stands for such a name while a term is read


@dataclass(frozen=True)
class Formula:
    """A formula taken apart.

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
    kinds : dict of str to type
        In which type columns are computed with, inside a function or a product: whole numbers
        where ``C()`` makes a factor of them, for the names of its levels, else floats.
    parsed : formulaic Formula
        The right side as formulaic has read it.
    """

    text: str
    outcome: str
    right: str
    columns: tuple[str, ...]
    rowwise: bool
    plain: tuple[str, ...] = ()
    kinds: dict[str, type] = field(default_factory=dict)
    parsed: Any = field(default=None, repr=False, compare=False)


def read_formula(text: str) -> Formula:
    """Take a formula apart, before any data is seen.

    Parameters
    ----------
    text : str
        Like ``"failure ~ alliances_active_lag1 + C(region)"``.

    Returns
    -------
    Formula
        Outcome, right side and the columns it needs.

    Raises
    ------
    FormulaError
        A formula that cannot be read, has no outcome, or shifts rows (``lag``).

    Examples
    --------
    >>> read_formula("failure ~ log(age) + C(region)").columns
    ('age', 'region')
    """
    if not isinstance(text, str):
        msg = f"a formula is a text such as 'failure ~ age', not {type(text).__name__}"
        raise FormulaError(msg)
    left, tilde, right = (part.strip() for part in text.partition("~"))
    refuse_words_of_r(text)
    if len(left) > 2 and QUOTED.fullmatch(left):
        left = left.strip("`")
    elif not tilde or not left.isidentifier():
        msg = f"formula {text!r} must be 'outcome ~ covariates', with one column on the left"
        raise FormulaError(msg)
    if not right:
        msg = f"formula {text!r} has nothing on the right; a model without covariates is '~ 1'"
        raise FormulaError(msg)
    parsed = _parsed(text, right)
    factors = {str(factor) for term in parsed for factor in term.factors}
    called = {name for factor in factors for name in _called(factor)}
    if called & SHIFTING:
        msg = (
            f"formula {text!r} uses {sorted(called & SHIFTING)[0]}(), which shifts rows across "
            "units; make the lag inside each unit first (the panel's columns _lag1 are such)"
        )
        raise FormulaError(msg)
    _refuse_splines_with_a_constant(text, factors)
    inside, alone = _columns(parsed)
    coded = _columns(parsed, calling="C")[0]
    products = [term for term in parsed if len(term.factors) > 1]
    multiplied = alone & {str(factor) for term in products for factor in term.factors}
    return Formula(
        text=text,
        outcome=left,
        right=right,
        columns=tuple(sorted(alone | inside)),
        rowwise=called <= ROWWISE,
        plain=tuple(sorted(alone - inside)),
        kinds={name: np.int64 if name in coded else np.float64 for name in inside | multiplied},
        parsed=parsed,
    )


def _refuse_splines_with_a_constant(text: str, factors: set[str]) -> None:
    """Refuse natural splines whose columns add up to one: so does the baseline."""
    for factor in sorted(factors):
        for node in (node for node in _nodes(factor) if isinstance(node, ast.Call)):
            named = {keyword.arg for keyword in node.keywords}
            if getattr(node.func, "id", "") in ("cr", "cc", "cs") and "constraints" not in named:
                msg = (
                    f"formula {text!r}: the columns of {factor} add up to a constant, which the "
                    f"baseline holds already; write {factor[:-1]}, constraints='center')"
                )
                raise FormulaError(msg)


def _parsed(text: str, right: str) -> Any:
    """Read the right side; the intercept is always there, so that factors are coded for it."""
    from formulaic import Formula as Parser
    from formulaic import SimpleFormula

    try:
        parsed = Parser(right)
    except Exception as error:  # formulaic has no common class for what it may raise
        msg = f"formula {text!r} cannot be read: {reading_in_words(error)}"
        raise FormulaError(msg) from error
    if not isinstance(parsed, SimpleFormula):
        msg = f"formula {text!r} must have one right side, without '|' and a second '~'"
        raise FormulaError(msg)
    terms = list(parsed)
    return parsed if "1" in [str(term) for term in terms] else Parser(["1", *terms])


def _called(factor: str) -> set[str]:
    """Names of the functions that a factor calls; an unknown construct counts as one."""
    calls = {node.func for node in _nodes(factor) if isinstance(node, ast.Call)}
    return {
        node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "?") for node in calls
    }


def _columns(parsed: Any, calling: str | None = None) -> tuple[set[str], set[str]]:
    """Names of the columns inside functions (or one of them), and of those by themselves.

    Not formulaic's ``required_variables``, which leaves out those of splines (1.2).
    """
    inside: set[str] = set()
    alone: set[str] = set()
    for factor in {factor for term in parsed for factor in term.factors}:
        if factor.eval_method.value == "lookup":
            alone.add(str(factor))
            continue
        if calling is not None and calling not in _called(str(factor)):
            continue
        nodes = _nodes(str(factor))
        functions = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
        named = [node for node in nodes if isinstance(node, ast.Name) and id(node) not in functions]
        inside |= {node.id for node in named} - {*NO_COLUMNS, PLACE}
        inside |= {name.strip("`") for name in QUOTED.findall(str(factor))}
        inside |= _named_by_q(nodes)
    return inside, alone


def _named_by_q(nodes: list[ast.AST]) -> set[str]:
    """Give the columns named as ``Q('odd name')``."""
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    named = [call.args[0] for call in calls if getattr(call.func, "id", "") == "Q" and call.args]
    return {str(name.value) for name in named if isinstance(name, ast.Constant)}


def _nodes(factor: str) -> list[ast.AST]:
    try:
        return list(ast.walk(ast.parse(QUOTED.sub(PLACE, factor), mode="eval")))
    except SyntaxError:  # a column with blanks in its name, by itself
        return []
