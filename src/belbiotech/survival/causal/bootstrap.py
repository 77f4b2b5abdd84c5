"""Units drawn anew, with everything estimated again from each draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from numbers import Integral

import numpy as np

from belbiotech.errors import BelbiotechError, FitError, heard_warnings, in_words, warn
from belbiotech.survival.rows.checks import FloatArray, IntArray

__all__ = ["check_repetitions", "drawn_anew", "percentiles"]

FAILED = 0.1  # share of draws that may fail before a warning becomes an error


def check_repetitions(repetitions: object, seed: object, *, least: int = 2) -> None:
    """Refuse a number of draws that is none, and a seed that is no whole number.

    Raises
    ------
    FitError
        With what is allowed.
    """
    whole = isinstance(repetitions, Integral) and not isinstance(repetitions, bool)
    if not whole or int(repetitions) < 0 or 0 < int(repetitions) < least:  # type: ignore[call-overload]
        msg = (
            f"the number of bootstrap draws must be 0 or at least {least}, such as 200; it is "
            f"{in_words(repetitions)}"
        )
        raise FitError(msg)
    good = isinstance(seed, Integral) and not isinstance(seed, bool) and int(seed) >= 0
    if seed is not None and not good:
        msg = f"seed must be a whole number, 0 or more, or None, not {in_words(seed)}"
        raise FitError(msg)


def drawn_anew(
    estimate: Callable[[FloatArray], FloatArray],
    unit: IntArray,
    repetitions: int,
    seed: int | None,
) -> FloatArray:
    """Estimate again from units drawn with replacement.

    Parameters
    ----------
    estimate : callable
        From how often each row counts, (n,), to the numbers, of any shape; may raise the errors of
        this package where a draw cannot be fitted.
    unit : array of int, (n,)
        The unit of each row, as 0, 1, ...
    repetitions : int
        How many draws.
    seed : int or None
        Of the chance.

    Returns
    -------
    array of float, (draws that could be fitted, ...)
        The estimates.

    Raises
    ------
    FitError
        More than a tenth of the draws cannot be fitted.

    Warns
    -----
    BelbiotechWarning
        Some draws cannot be fitted.
    """
    found, faults = [], []
    for frequency in _frequencies(unit, repetitions, seed):
        try:
            with heard_warnings():  # told of the data as they are already, once
                found.append(estimate(frequency))
        except BelbiotechError as error:
            faults.append(str(error).splitlines()[0])
    if len(faults) > FAILED * repetitions:
        msg = (
            f"{len(faults)} of {repetitions} draws of the units cannot be fitted, first: "
            f"{faults[0]}; the data are too few for a bootstrap of this model"
        )
        raise FitError(msg)
    if faults:
        warn(
            f"{len(faults)} of {repetitions} draws of the units cannot be fitted and are left out, "
            f"first: {faults[0]}"
        )
    return np.array(found)


def _frequencies(unit: IntArray, repetitions: int, seed: int | None) -> Iterator[FloatArray]:
    rng = np.random.default_rng(seed)
    n = int(unit.max()) + 1
    for _ in range(repetitions):
        drawn = np.bincount(rng.integers(0, n, n), minlength=n)
        yield drawn[unit].astype(np.float64)


def percentiles(draws: FloatArray, conf_level: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Give standard deviation and percentile limits of draws along their first axis.

    Parameters
    ----------
    draws : array of float, (r, ...)
        The estimates of the draws.
    conf_level : float
        Coverage of the limits.

    Returns
    -------
    std_error, lower, upper : array of float, (...)
        Over the draws.

    Notes
    -----
    Of r draws the limit at a is number (r + 1) a in order, between two of them if need be
    (Davison and Hinkley 1997, Bootstrap Methods and their Application, section 5.3): with number
    1 + (r - 1) a, NumPy's default, 95% limits of 100 draws would hold 93%.
    """
    tails = [(1 - conf_level) / 2, (1 + conf_level) / 2]
    low, high = np.quantile(draws, tails, axis=0, method="weibull")
    error: FloatArray = draws.std(axis=0, ddof=1)
    return error, low, high
