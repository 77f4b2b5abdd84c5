"""Hazards cumulated along covariate paths, with their errors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from belbiotech.survival.inference.variance import delta_errors
from belbiotech.survival.rows.times import FloatArray

__all__ = ["cumulated_along"]


def cumulated_along(
    path: NDArray[Any],
    hazard: FloatArray,
    slopes: FloatArray,
    variance: FloatArray,
    own: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Cumulate a hazard along each path.

    Parameters
    ----------
    path : array, (t,)
        Which path each time belongs to; a path's times stand together, in order.
    hazard : array of float, (t,)
        What the cumulative hazard, or minus log survival, rises by.
    slopes : array of float, (t, p)
        Its derivatives by the coefficients.
    variance : array of float, (p, p)
        Of the coefficients.
    own : array of float, (t,), optional
        What the variance rises by, given the coefficients: that of an estimated baseline.

    Returns
    -------
    total, error : array of float, (t,)
        From the path's start on; with q the sum of the slopes, the error is the root of ``q' V q``
        and of the sum of own.

    Examples
    --------
    >>> import numpy as np
    >>> path, hazard = np.array(["a", "a", "b"]), np.array([0.1, 0.2, 0.4])
    >>> total, error = cumulated_along(path, hazard, hazard[:, None], np.array([[0.25]]))
    >>> total.round(3).tolist(), error.round(3).tolist()
    ([0.1, 0.3, 0.4], [0.05, 0.15, 0.2])
    """
    error = delta_errors(_cumulated(path, slopes), variance)
    total = _cumulated(path, hazard)
    if own is None:
        return total, error
    return total, np.sqrt(_cumulated(path, own) + error**2)


def _cumulated(path: NDArray[Any], values: FloatArray) -> FloatArray:
    """Cumulate values, (t,) or (t, p), within each path."""
    begins = np.flatnonzero(path[1:] != path[:-1]) + 1
    return np.concatenate([np.cumsum(part, axis=0) for part in np.split(values, begins)])
