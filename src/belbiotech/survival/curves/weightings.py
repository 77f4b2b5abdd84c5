"""How much each event time counts in a log-rank test."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from belbiotech.errors import FitError, in_words, nearest_names
from belbiotech.survival.curves.group_times import GroupTimes
from belbiotech.survival.rows.checks import FloatArray
from belbiotech.survival.rows.column_names import is_finite_number

__all__ = ["Weighting", "check_powers", "check_weighting", "stratum_weights"]

Weighting = Literal["logrank", "gehan-breslow", "tarone-ware", "peto", "fleming-harrington"]


def check_powers(**powers: object) -> None:
    """Refuse powers of a weight that are negative or no finite numbers.

    Parameters
    ----------
    **powers
        Each argument's value.

    Raises
    ------
    FitError
        Naming each argument that is at fault.
    """
    bad = [
        f"{name} must not be negative nor infinite, but a number such as 0 or 1; "
        f"it is {in_words(value)}"
        for name, value in powers.items()
        if not (is_finite_number(value) and value >= 0)
    ]
    if bad:
        raise FitError("\n".join(bad))


def check_weighting(weighting: str, rho: float, gamma: float) -> None:
    """Refuse an unknown weighting, or powers that do not belong to it.

    Parameters
    ----------
    weighting, rho, gamma
        As in `logrank_test`.

    Raises
    ------
    FitError
        Naming what is at fault.
    """
    known = get_args(Weighting)
    if not isinstance(weighting, str) or weighting not in known:
        msg = f"weighting {in_words(weighting)} is unknown; {nearest_names(weighting, known)}"
        raise FitError(msg)
    check_powers(rho=rho, gamma=gamma)
    if weighting != "fleming-harrington" and (rho, gamma) != (0, 0):
        msg = f"rho and gamma belong to weighting='fleming-harrington', not to {weighting!r}"
        raise FitError(msg)


def stratum_weights(
    stratum: GroupTimes, weighting: Weighting, rho: float, gamma: float
) -> FloatArray:
    """Give the weight of each event time of a stratum.

    Parameters
    ----------
    stratum : GroupTimes
        Its event times, and what is at risk and happens there.
    weighting, rho, gamma
        As in `logrank_test`.

    Returns
    -------
    array of float, (t,)
        By event time.
    """
    n, d = stratum.at_risk.sum(axis=1), stratum.events[0].sum(axis=1)
    return _time_weights(n, d, weighting, rho, gamma)


def _time_weights(
    n: FloatArray, d: FloatArray, weighting: Weighting, rho: float, gamma: float
) -> FloatArray:
    if weighting == "gehan-breslow":
        return n
    if weighting == "tarone-ware":
        return np.sqrt(n)
    if weighting == "peto":
        return np.cumprod(1 - d / (n + 1)).astype(np.float64)
    if weighting == "fleming-harrington":
        before = np.concatenate([[1.0], np.cumprod(1 - d / n)])[:-1]
        weights: FloatArray = before**rho * (1 - before) ** gamma
        return weights
    return np.ones_like(n)
