"""Values of factors in, columns of coefficients out: formulaic codes them, under placeholders.

Formulaic sees neither the formula's text nor the data's names: each factor goes in under a key
of its own, and the names come back in the coefficients' names.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.errors import FormulaError
from belbiotech.survival.formulas.levels import named_contrast
from belbiotech.survival.formulas.terms import Factor, Term
from belbiotech.survival.formulas.texts import shown
from belbiotech.survival.rows.checks import FloatArray, IntArray

if TYPE_CHECKING:
    from formulaic import ModelSpec

__all__ = ["CONSTANT", "Coded", "Coding", "code_terms"]

CONSTANT = "Intercept"  # the constant's term: no column may be called so
KEY = re.compile("\ue000(\\d+)\ue001")
MOST_COLUMNS = 5000
MOST_NUMBERS = 2**30  # of a matrix: 8 GiB


@dataclass(frozen=True)
class Coded:
    """A factor's values as places among its levels.

    Attributes
    ----------
    codes : array of int, (n,)
        The place of each row's level.
    levels : list
        The levels.
    """

    codes: IntArray
    levels: list[Any]


@dataclass(frozen=True)
class Coding:
    """What makes the same columns again.

    Attributes
    ----------
    names : tuple of str
        Of the coefficients, the constant first.
    terms : dict of str to tuple of int
        The columns of each term, `CONSTANT` among them.
    factors : dict of str to tuple of str
        The factors of each term, by their keys.
    made : ModelSpec
        Formulaic's own record.
    """

    names: tuple[str, ...]
    terms: dict[str, tuple[int, ...]]
    factors: dict[str, Term]
    made: ModelSpec = field(repr=False)


@dataclass(frozen=True)
class _Encoder:
    """Codes one factor; a class, so that a fit can be pickled."""

    text: str
    levels: tuple[str, ...]
    contrasts: Any

    def __call__(
        self,
        values: Any,
        reduced_rank: bool,  # noqa: FBT001 - formulaic's signature
        drop_rows: list[int],
        encoder_state: dict[str, Any],
        model_spec: Any,
    ) -> Any:
        codes = np.asarray(getattr(values, "__wrapped__", values))
        zeros = np.zeros((len(codes), len(self.levels)), order="F")
        zeros[np.arange(len(codes)), codes] = 1.0
        dummies = pd.DataFrame(zeros, columns=list(self.levels), copy=False)
        return self.contrasts.apply(
            dummies, levels=list(self.levels), reduced_rank=reduced_rank, output="pandas"
        )


def code_terms(
    text: str,
    terms: Sequence[Term],
    factors: Mapping[str, Factor],
    values: Mapping[str, Any],
    n: int,
    coding: Coding | None,
) -> tuple[FloatArray, Coding]:
    """Code terms as R does: a factor has a column for each level but the first.

    Parameters
    ----------
    text : str
        The formula, for messages.
    terms : sequence of Term
        Keys of factors; the constant is put in front.
    factors : mapping of str to Factor
        By key.
    values : mapping of str to array, Coded or dict
        What each gives.
    n : int
        Number of rows.
    coding : Coding, optional
        From the fit.

    Returns
    -------
    x : array of float, (n, 1 + p)
        The constant, then the columns.
    Coding
        Their names and terms.

    Raises
    ------
    FormulaError
        More columns than can be fitted, or two coefficients of one name.
    """
    from formulaic.materializers import PandasMaterializer
    from formulaic.materializers.types import FactorValues

    _refuse_many(text, terms, factors, values, n)
    keys = list(factors)
    places = {key: f"\ue000{k}\ue001" for k, key in enumerate(keys)}
    context: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Coded):
            names = tuple(map(str, value.levels))
            if len(set(names)) < len(names):
                msg = f"formula {shown(text)}: two levels of {factors[key].text} have one name"
                raise FormulaError(msg)
            contrasts = named_contrast(factors[key].tree, value.levels, factors[key].text)
            encoder = _Encoder(factors[key].text, names, contrasts)
            context[places[key]] = FactorValues(
                value.codes, kind="categorical", spans_intercept=True, encoder=encoder
            )
        else:
            context[places[key]] = value
    source: Any = _formula(terms, places) if coding is None else coding.made
    materializer = PandasMaterializer(pd.DataFrame(index=pd.RangeIndex(n)), context=context)
    made: Any = materializer.get_model_matrix(source, na_action="ignore", output="numpy")
    x = np.asfortranarray(np.asarray(made, dtype=float).reshape(n, np.shape(made)[1]))
    if coding is not None:
        return x, coding
    return x, _coding(text, made.model_spec, keys, {key: factors[key].text for key in keys}, terms)


def _formula(terms: Sequence[Term], places: Mapping[str, str]) -> Any:
    """Write the terms as formulaic's, of placeholders that are looked up."""
    from formulaic import SimpleFormula
    from formulaic.parser.types import Factor as Part
    from formulaic.parser.types import Term as Product

    one = Product([Part("1", eval_method="literal")])
    made = [Product([Part(places[key], eval_method="lookup") for key in term]) for term in terms]
    return SimpleFormula([one, *made])


def _coding(
    text: str, spec: Any, keys: list[str], texts: Mapping[str, str], terms: Sequence[Term]
) -> Coding:
    def back(name: Any) -> str:
        return KEY.sub(lambda found: texts[keys[int(found[1])]], str(name))

    names = tuple(map(back, spec.column_names))
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        msg = (
            f"formula {shown(text)}: two coefficients would be called {twice[0]!r}; rename one of "
            "the columns"
        )
        raise FormulaError(msg)
    columns = {back(t) if t.degree else CONSTANT: tuple(k) for t, k in spec.term_indices.items()}
    parts = {":".join(texts[key] for key in term): term for term in terms}
    return Coding(names, columns, parts, spec)


def _refuse_many(
    text: str,
    terms: Sequence[Term],
    factors: Mapping[str, Factor],
    values: Mapping[str, Any],
    n: int,
) -> None:
    """Refuse a matrix that does not fit, before it is made."""
    number = {key: _width(value) for key, value in values.items()}
    width = {term: math.prod(number[key] for key in term) for term in terms}
    total = sum(width.values())
    if total <= MOST_COLUMNS and total * n <= MOST_NUMBERS:
        return
    largest = max(width, key=lambda term: width[term])
    named = ":".join(factors[key].text for key in largest)
    msg = (
        f"formula {shown(text)} has {total:,} coefficients on {n:,} rows, {width[largest]:,} of "
        f"them for {shown(named)}; {MOST_COLUMNS:,} are the most, and {MOST_NUMBERS:,} numbers: "
        "merge levels, or give a factor of many levels as strata= or frailty="
    )
    raise FormulaError(msg)


def _width(value: Any) -> int:
    if isinstance(value, Coded):
        return len(value.levels)
    if isinstance(value, Mapping):
        return len(value)
    shape = np.shape(getattr(value, "__wrapped__", value))
    return shape[1] if len(shape) > 1 else 1
