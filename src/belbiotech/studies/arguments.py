"""Numbers that studies are given: refused in words where they are none."""

from __future__ import annotations

from math import inf
from numbers import Integral

import numpy as np

from belbiotech.errors import in_words, stop_at
from belbiotech.survival.rows.column_names import is_finite_number

__all__ = ["check_counts", "is_count", "is_real"]

MOST = 10**9  # of firms or repetitions: no computer does more


def is_real(value: object, low: float = -inf, high: float = inf) -> bool:
    """Tell whether a value is one number between two others.

    Parameters
    ----------
    value : object
        What a user gave.
    low, high : float
        The bounds; by default all that a float can be.

    Returns
    -------
    bool
        False for True and False, lists, texts, and what is infinite or no number.

    Examples
    --------
    >>> is_real(0.5, 0, 1), is_real([0.5]), is_real(float("nan")), is_real(10**400)
    (True, False, False, False)
    """
    number = is_finite_number(value) and not isinstance(value, (bool, np.bool_))
    return number and low <= float(value) <= high  # type: ignore[arg-type]


def is_count(value: object, least: int = 0) -> bool:
    """Tell whether a value is a whole number, so many or more, up to a thousand million.

    Examples
    --------
    >>> is_count(3), is_count(3.0), is_count("3"), is_count(True)
    (True, False, False, False)
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    return whole and least <= int(value) <= MOST  # type: ignore[call-overload]


def check_counts(least: int, **arguments: object) -> None:
    """Refuse what is no whole number, or too few.

    Parameters
    ----------
    least : int
        So many, or more.
    **arguments
        By the argument's name.

    Raises
    ------
    PanelError
        Naming each.

    Examples
    --------
    >>> check_counts(2, repetitions=[5])
    Traceback (most recent call last):
    belbiotech.errors.PanelError: repetitions must be 2 or more, not [5]
    """
    stop_at(
        [
            f"{name} must be {least} or more, not {in_words(value)}"
            for name, value in arguments.items()
            if not is_count(value, least)
        ]
    )
