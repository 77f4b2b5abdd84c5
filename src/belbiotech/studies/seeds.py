"""Chance that can be repeated: the seed of a study."""

from __future__ import annotations

from numbers import Integral

import numpy as np

from belbiotech.errors import PanelError

__all__ = ["check_seed", "generator"]


def check_seed(seed: object) -> None:
    """Refuse a seed that is no whole number.

    Parameters
    ----------
    seed : object
        A whole number, 0 or more, or None for chance that is new each time.

    Raises
    ------
    PanelError
        It is something else.
    """
    if seed is None:
        return
    if not isinstance(seed, Integral) or isinstance(seed, bool) or int(seed) < 0:
        msg = f"seed must be a whole number, 0 or more, or None, not {seed!r}"
        raise PanelError(msg)


def generator(seed: int | np.random.Generator | None) -> np.random.Generator:
    """Give the generator of a seed, or the one given.

    Parameters
    ----------
    seed : int, numpy Generator or None
        As a user gives it.

    Returns
    -------
    numpy Generator
        Where the chance comes from.

    Raises
    ------
    PanelError
        A seed that is no whole number.
    """
    if isinstance(seed, np.random.Generator):
        return seed
    check_seed(seed)
    return np.random.default_rng(seed)
