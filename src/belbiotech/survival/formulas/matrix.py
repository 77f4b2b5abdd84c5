"""What a formula makes of a table: covariates as numbers, with their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from belbiotech.survival.rows.checks import FloatArray

if TYPE_CHECKING:
    from formulaic import ModelSpec

__all__ = ["Matrix"]


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
    spec : ModelSpec
        What makes the same matrix again from new rows.
    """

    x: FloatArray
    names: tuple[str, ...]
    terms: dict[str, tuple[int, ...]]
    spec: ModelSpec

    @property
    def levels(self) -> dict[str, list[Any]]:
        """All levels of each factor, by the factor's text."""
        states = {factor: state for factor, (_, state) in self.spec.encoder_state.items()}
        return {
            factor: list(state["categories"])
            for factor, state in states.items()
            if "categories" in state
        }

    @property
    def references(self) -> dict[str, str]:
        """The level of each factor, in words, that has no coefficient of its own."""
        without = {
            factor: [str(level) for level in levels if f"{factor}[T.{level}]" not in self.names]
            for factor, levels in self.levels.items()
        }
        return {factor: left[0] for factor, left in without.items() if len(left) == 1}
