"""Levels of a factor without an event: a coefficient of minus infinity, rows that say nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.survival.formulas.matrix import Matrix, reduced, without_risk

__all__ = ["QuietLevels", "QuietReference", "levels_without_events", "with_limits"]


@dataclass(frozen=True)
class QuietReference:
    """A reference level without an event: the next level with one takes its place.

    Attributes
    ----------
    name : str
        The name that its coefficient would have.
    instead : str
        The name of the coefficient of the level that the others are compared with now.
    columns : tuple of int
        The factor's columns: all zero in the reference level's rows.
    """

    name: str
    instead: str
    columns: tuple[int, ...]


@dataclass(frozen=True)
class QuietLevels:
    """The levels, and cells of products of factors, in whose rows nothing happens.

    Attributes
    ----------
    columns : tuple of int
        Columns that are 1 in the rows of such a level or cell, and 0 elsewhere.
    references : tuple of QuietReference
        Reference levels among them.
    """

    columns: tuple[int, ...] = ()
    references: tuple[QuietReference, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.columns or self.references)

    def counted(self, matrix: Matrix, number: NDArray[Any]) -> dict[str, int]:
        """Give the rows of each, by the name of its coefficient."""
        found = {
            one.name: int(number[(matrix.x[:, one.columns] == 0).all(axis=1)].sum())
            for one in self.references
        }
        return found | {
            matrix.names[j]: int(number[matrix.x[:, j] == 1].sum()) for j in self.columns
        }

    def taken_out(self, matrix: Matrix) -> Matrix:
        """Take their coefficients out of a matrix, with all that their rows say.

        As the coefficient of a level without an event falls, the likelihood rises to that of the
        data without the level's rows: their risk is 0. So they stay, with an offset of minus
        infinity. Coefficients that only those rows tell, of a product with the level, go too.
        """
        absent = tuple(one.columns for one in self.references)
        out = without_risk(matrix.x, self.columns, absent)
        silent = [j for j in range(len(matrix.names)) if not matrix.x[~out, j].any()]
        rebased = [j for j, name in enumerate(matrix.names) if self._compared(name)]
        limits = {matrix.names[j]: np.nan for j in silent}
        limits |= {matrix.names[j]: -np.inf for j in self.columns}
        limits = {name: limit for name, limit in limits.items() if not self._compared(name)}
        spec = replace(
            matrix.spec,
            dropped=tuple(sorted({*self.columns, *silent, *rebased})),
            infinite=self.columns,
            absent=absent,
            limits={one.name: -np.inf for one in self.references} | limits,
            every=tuple(self._every(matrix)),
        )
        return reduced(replace(matrix, spec=spec))

    def _compared(self, name: str) -> bool:
        """Whether a coefficient is of a level that the others are compared with now."""
        return any(one.instead in _parts(name, one.instead) for one in self.references)

    def _every(self, matrix: Matrix) -> Iterator[str]:
        """Name all coefficients, in their order: a reference's at the head of its factor's."""
        heads = {one.columns[0]: one.name for one in self.references}
        for j, name in enumerate(matrix.names):
            if j in heads:
                yield heads[j]
            if not self._compared(name):
                yield name


def levels_without_events(matrix: Matrix, event: NDArray[np.bool_]) -> QuietLevels:
    """Find the levels of factors in whose rows nothing happens.

    Parameters
    ----------
    matrix : Matrix
        Of m distinct rows.
    event : array of bool, (m,)
        Where it happened.

    Returns
    -------
    QuietLevels
        Of factors that stand by themselves and are compared with a reference level, and of the
        products of such factors.
    """
    if not event.any():
        return QuietLevels()  # of an outcome that never happens
    happened = matrix.x[event]
    columns, references = [], []
    for key in matrix.spec.levels:
        named = _own_columns(matrix, key)
        columns += [j for j in named if not happened[:, j].any()]
        if named and happened[:, named].any(axis=1).all():
            instead = next(j for j in named if happened[:, j].any())
            references.append(
                QuietReference(_reference(matrix, key), matrix.names[instead], tuple(named))
            )
    out = without_risk(matrix.x, columns, [one.columns for one in references])
    cells = [j for j in _cells(matrix) if not happened[:, j].any() and matrix.x[~out, j].any()]
    return QuietLevels((*columns, *cells), tuple(references))


def with_limits(values: Any, limits: Mapping[str, float], every: tuple[str, ...]) -> Any:
    """Put the coefficients that are not estimable in their places.

    Parameters
    ----------
    values : Series or DataFrame, (p, ...)
        Of the estimated ones: coefficients, or a table with the column ``coef``.
    limits : mapping of str to float
        The others, from a matrix's spec.
    every : tuple of str
        The names of all covariates' coefficients; those that follow stay behind them.

    Returns
    -------
    Series or DataFrame, (all, ...)
        With minus infinity for a level without an event, and NaN where nothing is known.
    """
    if not limits:
        return values
    others = [name for name in values.index if name not in every]
    found = values.reindex(pd.Index([*every, *others], name=values.index.name))
    target = found["coef"].copy() if isinstance(found, pd.DataFrame) else found
    for name, limit in limits.items():
        target[name] = limit
    return found.assign(coef=target) if isinstance(found, pd.DataFrame) else target


def _parts(name: str, part: str) -> list[str]:
    """Give the part where a product's name holds it as a factor of its own."""
    return [part] if f":{part}:" in f":{name}:" else []


def _own_columns(matrix: Matrix, key: str) -> list[int]:
    """Give the columns of a factor that stands by itself, compared with a reference level."""
    names = {f"{key.strip('`')}[T.{level}]" for level in matrix.spec.levels[key]}
    for term, keys in matrix.spec.coding.factors.items():
        if keys == (key,):
            found = [j for j in matrix.terms.get(term, ()) if matrix.names[j] in names]
            return found if len(found) == len(names) - 1 else []
    return []


def _reference(matrix: Matrix, key: str) -> str:
    """Give the name that the coefficient of a factor's reference level would have."""
    factor = key.strip("`")
    names = [f"{factor}[T.{level}]" for level in matrix.spec.levels[key]]
    return next(name for name in names if name not in matrix.names)


def _cells(matrix: Matrix) -> Iterator[int]:
    """Find the columns of products of factors that are 1 in one cell, and 0 elsewhere."""
    levels = matrix.spec.levels
    for term, keys in matrix.spec.coding.factors.items():
        if len(keys) < 2 or not all(_own_columns(matrix, k) if k in levels else [] for k in keys):
            continue
        parts = [[f"{key.strip('`')}[T.{level}]" for level in levels[key]] for key in keys]
        names = {":".join(cell) for cell in product(*parts)}
        yield from (j for j in matrix.terms.get(term, ()) if matrix.names[j] in names)
