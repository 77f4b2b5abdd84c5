"""Covariate paths for predictions: rows that follow on each other, one path for each id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import PanelError
from belbiotech.survival.rows.checks import check_rows
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.times import interval_times

__all__ = ["ordered_paths", "plain"]


def plain(value: Any) -> Any:
    """Give a number of numpy as one of Python, for a message; a label of several levels, too."""
    if isinstance(value, tuple):
        return tuple(plain(part) for part in value)
    return value.item() if isinstance(value, np.generic) else value


def ordered_paths(
    paths: pd.DataFrame,
    columns: Sequence[str],
    groups: Sequence[str] = (),
    *,
    start: str,
    stop: str,
    id_column: str = "id",
) -> pd.DataFrame:
    """Check covariate paths and put them in order.

    Parameters
    ----------
    paths : DataFrame
        Rows with the interval, the covariates and, where there is more than one path, ``id``.
        Without it, rows that all begin at one time are a path each, numbered from 1.
    columns : sequence of str
        The covariates' columns.
    groups : sequence of str
        Further columns, whose values name groups.
    start, stop : str
        The interval's columns.
    id_column : str
        The column that names the path.

    Returns
    -------
    DataFrame
        Sorted by path (in the order in which they come) and time, with the column ``id``.

    Raises
    ------
    PanelError
        Missing values, ``stop <= start``, a gap or an overlap within a path.
    """
    paths = as_table(paths)
    absent = [name for name in (start, stop) if name not in paths.columns]
    if absent:
        msg = (
            f"paths have no column {' and no column '.join(map(repr, absent))}: they say from when "
            f"to when a row holds; add them, as in paths.assign({start}=0, {stop}=20)"
        )
        raise PanelError(msg)
    ids = [id_column] if id_column in paths.columns else []
    named = check_rows(paths, [], start=start, stop=stop, columns=[*columns, *ids], groups=groups)
    if not ids:
        named = named.assign(**{id_column: 1})
    begin, end = interval_times(named, start, stop)
    if not ids and len(named) > 1 and (begin == begin.iloc[0]).all():  # they can be no single path
        named = named.assign(**{id_column: np.arange(1, len(named) + 1)})
    named = named.assign(**{start: begin, stop: end})
    codes = pd.factorize(named[id_column])[0]
    order = np.lexsort((named[start].to_numpy(dtype=float), codes))
    rows, codes = named.iloc[order], codes[order]
    same = codes[1:] == codes[:-1]
    apart = same & (rows[start].to_numpy()[1:] != rows[stop].to_numpy()[:-1])
    if apart.any():
        k = int(np.flatnonzero(apart)[0])
        one, other = rows.iloc[k], rows.iloc[k + 1]
        fault = "a gap" if other[start] > one[stop] else "an overlap"
        msg = (
            f"{int(apart.sum())} rows of a path do not follow on the row before: path "
            f"{plain(one[id_column])!r} has {fault} between {one[stop]:g} and {other[start]:g} "
            f"(row {plain(rows.index[k + 1])}); each row must start where the one before stopped"
        )
        if not ids:
            msg += f"; if these are several paths, say which row is whose in a column {id_column!r}"
        raise PanelError(msg)
    return rows
