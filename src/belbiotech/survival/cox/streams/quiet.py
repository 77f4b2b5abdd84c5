"""Levels without an event, of rows read in batches: left out and told, as of rows in memory."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd

from belbiotech.survival.cox.streams.call import CoxCall
from belbiotech.survival.engines.streams import NUMBER, Stream
from belbiotech.survival.formulas.allowed import columns_of
from belbiotech.survival.formulas.design import design_matrix
from belbiotech.survival.formulas.matrix import Matrix
from belbiotech.survival.formulas.without_events import levels_without_events
from belbiotech.survival.inference.quiet_levels import warn_of_quiet_levels
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["without_quiet_levels"]

CELLS = 1 << 18  # combinations of levels that are looked at
ROOM = 1 << 23  # numbers that their covariates may take


def without_quiet_levels(
    stream: Stream, call: CoxCall, few: pd.DataFrame, factors: Collection[str], matrix: Matrix
) -> Matrix:
    """Leave out the levels without an event, and tell which.

    Parameters
    ----------
    stream : Stream
        The rows.
    call : CoxCall
        The arguments of `cox`.
    few : DataFrame
        Some rows, with the formula's columns.
    factors : collection of str
        The columns that hold levels.
    matrix : Matrix
        With all levels.

    Returns
    -------
    Matrix
        Whose spec leaves them out. Levels of what is computed from numbers, as by ``cut()``, stay,
        and all do where one stands in a product with such a number, or levels have too many
        combinations.

    Warns
    -----
    BelbiotechWarning
        With the levels, and how many rows have them.
    """
    spec, computed = matrix.spec, call.formula.factors
    known = {key for key, one in computed.items() if {*columns_of(one.tree)} <= {*factors}}
    levels = {key: values for key, values in spec.levels.items() if key in known}
    known |= {key for key, one in computed.items() if one.column in call.formula.plain}
    terms = [{*keys} for keys in spec.coding.factors.values()]
    if not levels or any(levels.keys() & keys and keys - known for keys in terms):
        return matrix
    names = tuple(name for name in factors if name in call.formula.columns)
    cells = stream.cells(names, min(CELLS, ROOM // len(matrix.names)))
    if cells is None:
        return matrix
    table = few.iloc[np.resize(np.arange(len(few)), len(cells))].reset_index(drop=True)
    for name in call.formula.columns:
        if name in names:
            table[name] = cells[name]
        elif name in call.formula.plain:  # of a product with it, the rest remains
            table[name] = 1.0
    full = design_matrix(call.formula, table, spec)
    full = replace(full, x=_others_as_ones(full, known))
    happened = cells[call.formula.outcome].to_numpy(dtype=bool)
    quiet = levels_without_events(replace(full, spec=replace(spec, levels=levels)), happened)
    if not quiet:
        return matrix
    warn_of_quiet_levels(
        quiet.counted(full, cells[NUMBER].to_numpy(dtype=float)),
        [(one.name, one.instead) for one in quiet.references],
        "give the factor as strata=",
    )
    return quiet.taken_out(full)


def _others_as_ones(matrix: Matrix, known: Collection[str]) -> FloatArray:
    """Give the columns, (m, p), with 1 for what is computed: nobody looked where that is 0."""
    x = matrix.x.copy()
    for term, keys in matrix.spec.coding.factors.items():
        if not {*keys} <= {*known}:
            x[:, list(matrix.terms.get(term, ()))] = 1.0
    return x
