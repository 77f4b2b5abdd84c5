"""Which column names the unit whose rows follow on each other."""

from __future__ import annotations

import pandas as pd

from belbiotech.errors import PanelError
from belbiotech.survival.rows.column_names import check_one_name

__all__ = ["needed_unit", "unit_codes", "unit_column"]

USUAL = "firm_id"


def unit_column(data: pd.DataFrame, unit: str | None) -> str | None:
    """Find the column of the unit: the one given, the panel's own, or ``firm_id``.

    Parameters
    ----------
    data : DataFrame
        The rows.
    unit : str, optional
        The column asked for.

    Returns
    -------
    str or None
        None where none is found, so that each row is a unit of its own.

    Raises
    ------
    PanelError
        Something else than a name.
    """
    if unit is not None:
        check_one_name(unit=unit)
        return unit
    if not isinstance(data, pd.DataFrame):
        msg = f"data must be a pandas DataFrame, not {type(data).__name__}"
        raise PanelError(msg)
    for name in (data.attrs.get("unit"), USUAL):
        if isinstance(name, str) and name in data.columns:
            return name
    return None


def needed_unit(data: pd.DataFrame, unit: str | None) -> str:
    """Find the column of the unit where rows cannot each stand for themselves.

    Parameters
    ----------
    data, unit
        As of `unit_column`.

    Returns
    -------
    str
        The column's name.

    Raises
    ------
    PanelError
        None is given and none found.
    """
    found = unit_column(data, unit)
    if found is None:
        msg = (
            "which rows are of one firm? give unit='name', the column that names the firm "
            f"(there is no column {USUAL!r}, and data.attrs['unit'] names none)"
        )
        raise PanelError(msg)
    return found


def unit_codes(data: pd.DataFrame, unit: str | None) -> pd.Series:
    """Give each unit a number by first appearance, (n,); each row its own without a column."""
    if unit is None:
        return pd.Series(range(len(data)), index=data.index)
    return pd.Series(pd.factorize(data[unit])[0], index=data.index)
