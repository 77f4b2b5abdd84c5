"""What a formula makes of a table: covariates as numbers, with their names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from belbiotech.survival.formulas.coding import Coding
from belbiotech.survival.formulas.computing import States
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["Matrix", "Spec"]


@dataclass(frozen=True)
class Spec:
    """What makes the same matrix again from new rows.

    Attributes
    ----------
    coding : Coding
        Names, terms and how factors are coded.
    levels : dict of str to list
        The levels of each factor, by its key.
    states : dict of str to dict
        What functions settled, by the call's text: knots, means.
    numbers : frozenset of str
        Columns that stood for numbers by themselves.
    """

    coding: Coding = field(repr=False)
    levels: dict[str, list[Any]]
    states: States
    numbers: frozenset[str]

    @property
    def ranges(self) -> list[tuple[str, str, float, float]]:
        """The call, column, least and largest value of each spline that has no shape beyond."""
        return [
            (call, state["of"], state["lower_bound"], state["upper_bound"])
            for call, state in self.states.items()
            if "lower_bound" in state and state.get("of") and "extrapolation" not in call
        ]


@dataclass(frozen=True)
class Matrix:
    """Covariates as numbers.

    Attributes
    ----------
    x : array of float, (m, p)
        One column for each coefficient.
    names : tuple of str
        Their names, as in ``C(region)[T.BE-WAL]``.
    terms : dict of str to tuple of int
        The columns of each term: a factor has one for each level but the first.
    spec : Spec
        What makes the same matrix again from new rows.
    offset : array of float, (m,), or None
        What the formula adds to each row's linear predictor, with ``offset(x)``.
    """

    x: FloatArray
    names: tuple[str, ...]
    terms: dict[str, tuple[int, ...]]
    spec: Spec
    offset: FloatArray | None = None

    @property
    def levels(self) -> dict[str, list[Any]]:
        """All levels of each factor, by the factor's text."""
        return {key.strip("`"): levels for key, levels in self.spec.levels.items()}

    @property
    def references(self) -> dict[str, str]:
        """The level of each factor, in words, that has no coefficient of its own."""
        without = {
            factor: [str(level) for level in levels if f"{factor}[T.{level}]" not in self.names]
            for factor, levels in self.levels.items()
        }
        return {factor: left[0] for factor, left in without.items() if len(left) == 1}
