"""Why a likelihood has no maximum, in the words of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from belbiotech.survival.cox.partial_likelihood import Design
from belbiotech.survival.inference.levels import (
    TIMES,
    column_of,
    factor_of,
    level_in_words,
    level_of,
)
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
    products = [names[j] for j in runaway if len(TIMES.split(names[j])) > 1]
    cells = _of_cells(design, products, names, middle, references or {})
    if cells:
        return cells
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


def _of_cells(
    design: Design,
    products: Sequence[str],
    names: Sequence[str],
    middle: FloatArray,
    references: Mapping[str, str],
) -> list[str]:
    """Find the cells of products of factors without an event, where one is at its reference.

    A cell of no reference level has a coefficient of its own, and is left out before.
    """
    lines = []
    for factors in dict.fromkeys(_factors(name) for name in products):
        if not factors:
            continue
        own = [
            j for j, name in enumerate(names) if _factors(name) and {*_factors(name)} <= {*factors}
        ]
        ones = np.rint(design.x[:, own] + middle[own]).astype(bool)
        patterns, cell = np.unique(ones, axis=0, return_inverse=True)
        cell = cell.reshape(-1)
        events = np.bincount(cell, design.event * design.number, len(patterns))
        levels = [_levels(np.array(names)[own][pattern], factors) for pattern in patterns]
        for quiet in np.flatnonzero(events == 0):
            at_reference = [f for f in factors if f not in levels[quiet]]
            told = [
                f"{column_of(f)} = {levels[quiet].get(f, references.get(f, 'the reference level'))}"
                for f in factors
            ]
            others = [
                k
                for k in np.argsort(-events)
                if events[k] and all(f in levels[k] for f in at_reference)
            ]
            line = _without_events(design, cell == quiet, " and ".join(told))
            if at_reference and others and line:
                changed = [
                    f"C({column_of(f)}, Treatment({_quoted(levels[others[0]][f])}))"
                    if f in at_reference
                    else f
                    for f in factors
                ]
                lines.append(
                    f"{line[0]}; with other reference levels, as in {' * '.join(changed)}, the fit "
                    "goes on without those rows"
                )
    return lines


def _factors(name: str) -> tuple[str, ...]:
    """Give the factors of a coefficient; none where a number is among them."""
    parts = [level_of(part) for part in TIMES.split(name)]
    return tuple(part[0] for part in parts if part) if all(parts) else ()


def _levels(names: Sequence[str], factors: Sequence[str]) -> dict[str, str]:
    """Read from the coefficients of a cell's rows at which level each factor is."""
    parts = [level_of(part) for name in names for part in TIMES.split(name)]
    return {part[0]: part[1] for part in parts if part and part[0] in factors}


def _quoted(level: str) -> str:
    try:
        float(level)
    except ValueError:
        return level if level in {"True", "False"} else f'"{level}"'
    return level


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
