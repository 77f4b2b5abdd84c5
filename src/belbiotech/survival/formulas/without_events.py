"""Levels of a factor without an event: a coefficient of minus infinity, rows that say nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from belbiotech.survival.formulas.matrix import Matrix, reduced

__all__ = ["levels_without_events", "without_levels"]


def levels_without_events(matrix: Matrix, event: NDArray[np.bool_]) -> list[int]:
    """Find the coefficients of levels in whose rows nothing happens.

    Parameters
    ----------
    matrix : Matrix
        Of m distinct rows.
    event : array of bool, (m,)
        Where it happened.

    Returns
    -------
    list of int
        Columns of factors that stand by themselves and are compared with a reference level. The
        reference level itself is none of them: without it the others compare with nothing.
    """
    found = []
    for key, levels in matrix.spec.levels.items():
        columns = [
            (j, f"{key.strip('`')}[T.{level}]") for level in levels for j in _of(matrix, key)
        ]
        named = [j for j, name in columns if matrix.names[j] == name]
        if len(named) != len(levels) - 1:
            continue  # other contrasts: a coefficient is of several levels
        dummies = matrix.x[:, named]
        if not (event & (dummies == 0).all(axis=1)).any():
            continue  # nothing happens at the reference level: another must be chosen
        found += [j for j in named if not (event & (matrix.x[:, j] == 1)).any()]
    return found


def _of(matrix: Matrix, key: str) -> tuple[int, ...]:
    """Give the columns of the term that is this factor alone."""
    for term, keys in matrix.spec.coding.factors.items():
        if keys == (key,):
            return matrix.terms.get(term, ())
    return ()


def without_levels(matrix: Matrix, columns: list[int]) -> Matrix:
    """Take coefficients out, with all that their rows say.

    As the coefficient of a level without an event falls, the likelihood rises to that of the data
    without the level's rows: their risk is 0. So they stay, with an offset of minus infinity.
    Coefficients that only those rows tell, of a product with the level, go too.

    Parameters
    ----------
    matrix : Matrix
        Of m rows.
    columns : list of int
        From `levels_without_events`.

    Returns
    -------
    Matrix
        With fewer columns, and the offset; its spec does the same to new rows.
    """
    out = (matrix.x[:, columns] == 1).any(axis=1)
    silent = [j for j in range(len(matrix.names)) if not matrix.x[~out, j].any()]
    dropped = sorted({*columns, *silent})
    limits = {matrix.names[j]: -np.inf if j in columns else np.nan for j in dropped}
    spec = replace(
        matrix.spec,
        dropped=tuple(dropped),
        infinite=tuple(columns),
        limits=limits,
        every=matrix.names,
    )
    return reduced(replace(matrix, spec=spec))
