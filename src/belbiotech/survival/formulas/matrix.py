"""What a formula makes of a table: covariates as numbers, with their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from belbiotech.survival.formulas.coding import Coding
from belbiotech.survival.formulas.computing import States
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["Matrix", "Spec", "reduced", "without_risk"]


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
    dropped : tuple of int
        Columns, the constant not counted, that are left out: of levels without an event.
    infinite : tuple of int
        Those of them whose rows have no risk.
    absent : tuple of tuple of int
        The columns of factors whose reference level has no event: where all are 0, there is no
        risk.
    limits : dict of str to float
        Their coefficients: minus infinity, or NaN where only such rows would tell.
    every : tuple of str
        The names of all coefficients, where some are dropped.
    """

    coding: Coding = field(repr=False)
    levels: dict[str, list[Any]]
    states: States
    numbers: frozenset[str]
    dropped: tuple[int, ...] = ()
    infinite: tuple[int, ...] = ()
    absent: tuple[tuple[int, ...], ...] = ()
    limits: dict[str, float] = field(default_factory=dict)
    every: tuple[str, ...] = ()

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
        named = "".join(f":{name}:" for name in self.names + self.spec.every)  # products, too
        without = {
            factor: [str(level) for level in levels if f":{factor}[T.{level}]:" not in named]
            for factor, levels in self.levels.items()
        }
        return {factor: left[0] for factor, left in without.items() if len(left) == 1}


def reduced(matrix: Matrix) -> Matrix:
    """Drop the columns that a spec drops, and give the rows of such levels no risk.

    Parameters
    ----------
    matrix : Matrix
        With all columns but the constant.

    Returns
    -------
    Matrix
        Without those.
    """
    spec = matrix.spec
    if not spec.dropped:
        return matrix
    kept = [j for j in range(len(matrix.names)) if j not in spec.dropped]
    place = {j: k for k, j in enumerate(kept)}
    out = without_risk(matrix.x, spec.infinite, spec.absent)
    offset: FloatArray = np.zeros(len(out)) if matrix.offset is None else matrix.offset
    terms = {
        term: tuple(place[j] for j in places if j in place)
        for term, places in matrix.terms.items()
        if any(j in place for j in places)
    }
    return replace(
        matrix,
        x=np.asfortranarray(matrix.x[:, kept]),
        names=tuple(matrix.names[j] for j in kept),
        terms=terms,
        offset=np.where(out, -np.inf, offset),
    )


def without_risk(
    x: FloatArray, infinite: Sequence[int], absent: Sequence[Sequence[int]]
) -> NDArray[np.bool_]:
    """Find the rows of levels without an event.

    Parameters
    ----------
    x : array of float, (m, p)
        All columns but the constant.
    infinite : sequence of int
        Columns that are 1 in the rows of such a level.
    absent : sequence of sequence of int
        Columns that are all 0 in the rows of a reference level without an event.

    Returns
    -------
    array of bool, (m,)
        Where such a row is.
    """
    out: NDArray[np.bool_] = (x[:, list(infinite)] == 1).any(axis=1)
    for columns in absent:
        out |= (x[:, list(columns)] == 0).all(axis=1)
    return out
