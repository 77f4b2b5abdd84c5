"""Whose row it is: one rule for all functions that need to know.

``unit=`` names the column. Where it is not given, the panel's own word counts
(``data.attrs["unit"]``), then a column ``firm_id``; where there is neither, each row is a unit by
itself, or the function says that it needs the argument. ``cluster=`` is about errors only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from belbiotech.errors import PanelError, in_words, warn
from belbiotech.survival.rows.checks import overlaps_in_words
from belbiotech.survival.rows.column_names import check_one_name

__all__ = ["USUAL", "joining_unit", "needed_unit", "refuse_overlaps", "unit_of", "unit_to_check"]

USUAL = "firm_id"  # the column of a unit that nothing else names
SHOWN = 30  # columns named in a message


def unit_of(data: Any, unit: str | None = None) -> str | None:
    """Find the column that says whose row it is.

    Parameters
    ----------
    data : DataFrame
        The rows; whether they are a table at all is checked elsewhere.
    unit : str, optional
        What the caller was given.

    Returns
    -------
    str or None
        ``unit``, else ``data.attrs["unit"]`` if that is a column, else ``firm_id`` if it is one;
        None: each row by itself.

    Raises
    ------
    PanelError
        ``unit`` is not a name, or ``data.attrs["unit"]`` is none.

    Examples
    --------
    >>> rows = pd.DataFrame({"firm_id": ["a"], "company": ["b"]})
    >>> unit_of(rows), unit_of(rows, "company"), unit_of(rows[["company"]])
    ('firm_id', 'company', None)
    >>> rows.attrs["unit"] = "company"
    >>> unit_of(rows)
    'company'
    """
    if unit is not None:
        check_one_name(unit=unit)
        return unit
    if not isinstance(data, pd.DataFrame):
        return None
    own = data.attrs.get("unit")
    if own is not None and not isinstance(own, str):
        msg = f"data.attrs['unit'] is {in_words(own)}: it must be the name of a column, or absent"
        raise PanelError(msg)
    return next((name for name in (own, USUAL) if name is not None and name in data.columns), None)


def joining_unit(data: Any, unit: str | None = None) -> str | None:
    """Find the column that says whose row it is, for estimators that join the rows of a unit.

    Parameters
    ----------
    data : DataFrame
        The rows.
    unit : str, optional
        What the caller was given.

    Returns
    -------
    str or None
        As of `unit_of`.

    Warns
    -----
    BelbiotechWarning
        The table names a unit whose column is gone (renamed, or left out), and nothing else says
        whose row it is: each row would count as a life of its own.

    Examples
    --------
    >>> joining_unit(pd.DataFrame({"firm_id": ["a"]}))
    'firm_id'
    """
    found = unit_of(data, unit)
    named = data.attrs.get("unit") if isinstance(data, pd.DataFrame) else None
    if found is None and named is not None:
        warn(
            f"the table says that {named!r} names its units (data.attrs['unit']), and has no such "
            "column: each row counts as a unit by itself; name the column with unit='...'"
        )
    return found


def needed_unit(data: Any, unit: str | None = None) -> str:
    """Find the column that says whose row it is, where there must be one.

    Parameters
    ----------
    data : DataFrame
        The rows.
    unit : str, optional
        What the caller was given.

    Returns
    -------
    str
        As of `unit_of`.

    Raises
    ------
    PanelError
        Nothing says whose row it is.

    Examples
    --------
    >>> needed_unit(pd.DataFrame({"company": ["a"]}))
    Traceback (most recent call last):
    belbiotech.errors.PanelError: whose row is it? Name the column with unit='...'; the columns are
    'company'
    """
    found = unit_of(data, unit)
    if found is not None:
        return found
    if not isinstance(data, pd.DataFrame):
        msg = f"data must be a pandas DataFrame, not {type(data).__name__}"
        raise PanelError(msg)
    names = ", ".join(map(repr, data.columns[:SHOWN]))
    more = ", ..." if data.shape[1] > SHOWN else ""
    msg = f"whose row is it? Name the column with unit='...'; the columns are {names}{more}"
    raise PanelError(msg)


def unit_to_check(data: Any, unit: str | None, cluster: Sequence[str] | str | None) -> str | None:
    """Find the unit whose rows must not overlap.

    One that is given is always looked at; the table's own where errors are clustered by it, or
    it is the group of a frailty.

    Parameters
    ----------
    data : DataFrame
        The rows.
    unit : str, optional
        What the caller was given.
    cluster : str or sequence of str, optional
        Columns of clusters, or of a frailty.

    Returns
    -------
    str or None
        The column; None: nothing to look at.
    """
    clusters = (cluster,) if isinstance(cluster, str) else tuple(cluster or ())
    if unit is None and not isinstance(data, pd.DataFrame):  # rows that an engine holds
        return USUAL if USUAL in clusters else None
    found = unit_of(data, unit)
    return found if unit is not None or found in clusters else None


def refuse_overlaps(
    data: pd.DataFrame,
    unit: str | None,
    start: str,
    stop: str,
    *,
    overlap_offered: bool = False,
) -> None:
    """Refuse rows of one unit that overlap in time.

    Parameters
    ----------
    data : DataFrame
        Rows that `check_rows` has let pass.
    unit : str or None
        The unit's column; None: each row is a unit by itself.
    start, stop : str
        Columns of the interval.
    overlap_offered : bool
        Whether the caller has the argument ``overlap``, for messages.

    Raises
    ------
    PanelError
        With the rows.
    """
    if unit is None:
        return
    problems = overlaps_in_words(data, unit, start, stop, offered=overlap_offered)
    if problems:
        raise PanelError("\n".join(problems))
