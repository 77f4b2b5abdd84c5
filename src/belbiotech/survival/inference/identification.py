"""Can the data tell the coefficients apart? Scaling, collinearity and separation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from belbiotech.errors import FitError
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["Standard", "refuse_collinear", "separating_direction", "standardise"]

DEPENDENT = 1e-10  # share of a column's variance that the other columns leave
TOLERANCE = 1e-7  # of the linear programme


@dataclass(frozen=True)
class Standard:
    """A matrix whose covariates have mean 0 and standard deviation 1.

    Attributes
    ----------
    x : array of float, (m, p)
        The columns; those of the baseline as they were.
    back : array of float, (p, p)
        Coefficients of the original columns are ``back @ coefficients`` of these.
    """

    x: FloatArray
    back: FloatArray


def standardise(x: FloatArray, ones: FloatArray, weight: FloatArray) -> Standard:
    """Centre and scale the covariates, so that units do not matter.

    Parameters
    ----------
    x : array of float, (m, p)
        Covariates, then the columns of a baseline.
    ones : array of float, (p,)
        What the columns must be multiplied with to add up to 1 in each row; 0 for covariates.
    weight : array of float, (m,)
        Weights of the rows.

    Returns
    -------
    Standard
        With constant columns left as zeros.
    """
    covariates = ones == 0
    mean = np.where(covariates, np.average(x, axis=0, weights=weight), 0.0)
    scale = np.sqrt(np.average((x - mean) ** 2, axis=0, weights=weight))
    scale = np.where(covariates & (scale > 1e-13 * np.abs(mean)), scale, 1.0)
    back = np.diag(1 / scale) - np.outer(ones, mean / scale)
    back[np.diag_indices_from(back)] = 1 / scale
    return Standard((x - mean) / scale, back)


def refuse_collinear(x: FloatArray, names: Sequence[str], baseline: int, of: str) -> None:
    """Refuse covariates that are constant, or that others determine, and say which.

    Parameters
    ----------
    x : array of float, (m, p)
        Standardised covariates, then the columns of a baseline.
    names : sequence of str, (p,)
        Names of the coefficients.
    baseline : int
        How many columns at the end are the baseline's.
    of : str
        What the baseline is a function of, for the message.

    Raises
    ------
    FitError
        Naming each such covariate.
    """
    p = len(names)
    kept = list(range(p - baseline, p))
    products = x.T @ x
    largest = np.abs(x).max(axis=0)
    problems = []
    for j in range(p - baseline):
        if largest[j] < 1e-12:
            problems.append(f"covariate {names[j]!r} is constant; leave it out")
            continue
        loads = np.linalg.lstsq(products[np.ix_(kept, kept)], products[kept, j], rcond=None)[0]
        if products[j, j] - products[j, kept] @ loads > DEPENDENT * products[j, j]:
            kept.append(j)
            continue
        sizes = np.abs(loads) * largest[kept]
        partners = [kept[k] for k in np.flatnonzero(sizes > 1e-6)]
        problems.append(_collinear(names, j, [k for k in partners if k < p - baseline], of))
    if problems:
        raise FitError("\n".join(problems))


def _collinear(names: Sequence[str], j: int, partners: Sequence[int], of: str) -> str:
    if not partners:
        return (
            f"covariate {names[j]!r} is a function of {of!r} alone, which the baseline takes up "
            "already; leave it out"
        )
    others = ", ".join(repr(names[k]) for k in partners)
    return f"covariate {names[j]!r} is collinear with {others}; leave one of them out"


def separating_direction(sides: FloatArray) -> FloatArray | None:
    """Find coefficients that, made ever larger, always raise the likelihood.

    Parameters
    ----------
    sides : array of float, (r, p)
        Rows whose product with such coefficients must not be negative, and must not all be 0.

    Returns
    -------
    array of float, (p,), or None
        The direction; None where there is none, so that the likelihood has its maximum.

    References
    ----------
    Albert and Anderson (1984), Biometrika 71. Konis (2007), Computational algorithms for
    detecting separated data in binary logistic regression models, chapter 4.
    """
    from scipy.optimize import linprog

    different = np.unique(sides, axis=0)
    found = linprog(
        -different.sum(axis=0),
        A_ub=-different,
        b_ub=np.zeros(len(different)),
        bounds=[(-1, 1)] * sides.shape[1],
        method="highs",
    )
    if not found.success or -found.fun <= TOLERANCE * len(different):
        return None
    direction: FloatArray = np.where(np.abs(found.x) > TOLERANCE, found.x, 0.0)
    return direction
