"""Alliances on the clock of their firms, and how many were in force at any of its ages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from belbiotech.errors import PanelError, in_words
from belbiotech.survival.rows.column_names import is_whole_number

__all__ = ["SPAN", "Agreements", "check_window", "signed_by", "stock"]

FloatArray = NDArray[np.float64]
SPAN = 1e6  # further apart than any two ages


@dataclass(frozen=True)
class Agreements:
    """Alliances of firms; k of them.

    Attributes
    ----------
    units : Index
        The firms; their positions are the codes below.
    unit : (k,)
        Code of the firm that signed.
    signed : (k,)
        Age of the firm in the year of the signing.
    ended : (k,)
        Age in the year of the known end, or NaN.
    """

    units: pd.Index[str]
    unit: NDArray[np.int64]
    signed: FloatArray
    ended: FloatArray

    def codes(self, units: pd.Series) -> NDArray[np.int64]:
        """Give the code of each row's firm; -1 where it has none."""
        return np.asarray(self.units.get_indexer(pd.Index(units)), dtype=np.int64)


def check_window(window: int | None) -> None:
    """Refuse a window of alliances below one year.

    Parameters
    ----------
    window : int or None
        Years that an alliance without a known end is in force; None for ever.

    Raises
    ------
    PanelError
        A window below one year, or one that is no whole number.
    """
    if window is None:
        return
    if not is_whole_number(window) or window < 1:
        msg = (
            f"a window of alliances must be one year or more, in whole years, not "
            f"{in_words(window)}; None keeps an alliance in force for ever"
        )
        raise PanelError(msg)


def stock(
    agreements: Agreements, unit: ArrayLike, age: ArrayLike, window: int | None
) -> FloatArray:
    """Count the alliances in force at the end of the year of an age.

    Parameters
    ----------
    agreements : Agreements
        All alliances.
    unit, age : (n,)
        Firm (its code) and age of each row asked for.
    window : int or None
        Years that an alliance without a known end is in force; None for ever. A known end rules
        over the window.

    Returns
    -------
    array of float
        Their number, (n,).
    """
    for_ever = np.inf if window is None else float(window)
    known = np.isfinite(agreements.ended)
    over = np.where(known, agreements.ended, agreements.signed + for_ever)
    over = np.minimum(np.maximum(over, agreements.signed), SPAN / 4)
    return signed_by(agreements, unit, age) - _count(agreements.unit, over, unit, age)


def signed_by(agreements: Agreements, unit: ArrayLike, age: ArrayLike) -> FloatArray:
    """Count the alliances signed up to the end of the year of an age, in force or not.

    Parameters
    ----------
    agreements : Agreements
        All alliances.
    unit, age : (n,)
        Firm (its code) and age of each row asked for.

    Returns
    -------
    array of float
        Their number, (n,).
    """
    return _count(agreements.unit, agreements.signed, unit, age)


def _count(units: ArrayLike, ages: ArrayLike, unit: ArrayLike, age: ArrayLike) -> FloatArray:
    """Count for each row how many ages of its unit are not above its own."""
    keys = np.sort(np.asarray(units) * SPAN + np.asarray(ages))
    place = np.asarray(unit, dtype=float) * SPAN
    until = np.searchsorted(keys, place + np.asarray(age), side="right")
    before = np.searchsorted(keys, place - SPAN / 2, side="left")
    number: FloatArray = (until - before).astype(float)
    return number
