"""Why a likelihood has no maximum, in the words of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from belbiotech.survival.cox.partial_likelihood import Design
from belbiotech.survival.inference.levels import column_of, factor_of, level_in_words
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["separation_in_words"]


def separation_in_words(
    design: Design,
    runaway: Sequence[int],
    names: Sequence[str],
    centre: FloatArray | None = None,
    references: Mapping[str, str] | None = None,
) -> list[str]:
    """Say which rows make coefficients infinite.

    Parameters
    ----------
    design : Design
        Counted rows.
    runaway : sequence of int
        The coefficients that grow without bound.
    names : sequence of str, (p,)
        Names of the coefficients.
    centre : array of float, (p,), optional
        What was taken off the covariates.
    references : mapping of str to str, optional
        The reference level of each factor, by the factor's text.

    Returns
    -------
    list of str
        A sentence for each level or number.
    """
    middle = np.zeros(len(names)) if centre is None else centre
    lines: list[str] = []
    explained: set[str] = set()
    for factor in dict.fromkeys(filter(None, (factor_of(names[j]) for j in runaway))):
        told = _of_factor(design, factor, names, (references or {}).get(factor))
        if told:
            lines += told
            explained.add(factor)
    for j in runaway:
        if factor_of(names[j]) not in explained:
            lines.append(_of_column(design, j, names[j], float(middle[j])))
    return list(dict.fromkeys(lines))


def _of_factor(
    design: Design, factor: str, names: Sequence[str], reference: str | None
) -> list[str]:
    """Find the levels of a factor without an event; its reference level is none of the others."""
    told = []
    rest = np.ones(len(design.x), dtype=bool)
    for j, name in enumerate(names):
        if factor_of(name) == factor:
            column = design.x[:, j]
            here = column == column.max()
            rest &= ~here
            told += _without_events(design, here, str(level_in_words(name)))
    level = "the reference level" if reference is None else f"{reference} (the reference level)"
    return told + _without_events(design, rest, f"{column_of(factor)} = {level}")


def _without_events(design: Design, here: NDArray[np.bool_], words: str) -> list[str]:
    number = design.number[here].sum()
    if not number or design.event[here].any():
        return []
    return [f"no event among the {number:,.0f} {'row' if number == 1 else 'rows'} with {words}"]


def _of_column(design: Design, j: int, name: str, middle: float) -> str:
    column = design.x[:, j]
    words = level_in_words(name)
    two_values = bool(((column == column.max()) | (column == column.min())).all())
    for value, others in ((column.max(), "below"), (column.min(), "above")):
        here = column == value
        shown = f"{value + middle:.6g}"
        at = words if words and others == "below" else f"{name} = {shown}"
        beyond = f"not {words}" if words else f"{name} {others} {shown}"
        told = _without_events(design, ~here, beyond)
        if two_values:  # else the end of a number's range, which says little
            told = _without_events(design, here, at) or told
        if told:
            return told[0]
    seen, everywhere = column[design.event] + middle, column + middle
    return (
        f"the coefficient of {name!r} grows without bound: it orders the events (separation); "
        f"{name} is {seen.min():.6g} to {seen.max():.6g} in rows with an event, "
        f"{everywhere.min():.6g} to {everywhere.max():.6g} in all"
    )
