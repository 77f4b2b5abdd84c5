"""Lives with confounding that the exposure itself moves, and with a known truth.

Listing raises alliances and survival, and alliances raise listing: a model without listing takes
its good for the alliances', one with it takes away what alliances do through it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.studies.seeds import generator

__all__ = ["conditional_lives", "marginal_lives", "true_incidence"]

FloatArray = NDArray[np.float64]
BASE, OF_LISTING = -1.9, -1.2  # log hazard of a firm that is not listed; what listing adds
HAZARD = 0.12  # of marginal lives without an alliance


def conditional_lives(
    n_firms: int = 1000,
    effect: float = -0.7,
    *,
    years: int = 8,
    seed: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Let firms live by hazards given their covariates: ``exp(-1.9 - 1.2 listed + effect allied)``.

    Parameters
    ----------
    n_firms : int
        Firms, all from age 0 on.
    effect : float
        Log hazard ratio of an alliance among firms alike.
    years : int
        Years followed.
    seed : int, numpy Generator or None
        Of the chance.

    Returns
    -------
    DataFrame
        Columns firm_id, start, stop, region (that does nothing), listed, allied (from its first
        alliance on), failure. What firms would fare under strategies, see `true_incidence`.

    Examples
    --------
    >>> conditional_lives(2, seed=1)[["firm_id", "start", "listed", "allied", "failure"]].head(3)
       firm_id  start  listed  allied  failure
    0        0      0       0       0        0
    1        0      1       0       1        0
    2        0      2       0       1        0
    """
    rng = generator(seed)
    region = rng.choice(["BE-BRU", "BE-VLG"], n_firms)
    listed, allied = (rng.random(n_firms) < 0.4).astype(int), np.zeros(n_firms, dtype=np.int64)
    alive, parts = np.ones(n_firms, dtype=bool), []
    for age in range(years):
        starts = rng.random(n_firms) < _share(-2.2 + 1.5 * listed)
        allied = np.maximum(allied, starts)
        hazard = np.exp(BASE + OF_LISTING * listed + effect * allied)
        failure = rng.random(n_firms) < -np.expm1(-hazard)
        parts.append(_rows(alive, age, region, listed, allied, failure))
        alive &= ~failure
        listed = (rng.random(n_firms) < _next_listing(listed, allied)).astype(int)
    return pd.concat(parts).sort_values(["firm_id", "start"], ignore_index=True)


def true_incidence(
    allied: int, effect: float = -0.7, *, years: int = 8, lives: int = 400_000, seed: int = 99
) -> FloatArray:
    """Give the incidence of failure in `conditional_lives`, had all been allied, or none.

    Parameters
    ----------
    allied : {0, 1}
        Never, or always.
    effect : float
        As of `conditional_lives`.
    years : int
        How many.
    lives : int
        Lives simulated; their hazards are added up, not their failures, so that little chance is
        left.
    seed : int
        Of that.

    Returns
    -------
    array of float, (years,)
        Up to the end of each year.
    """
    rng = np.random.default_rng(seed)
    listed, left, found = (rng.random(lives) < 0.4).astype(int), np.ones(lives), []
    for _ in range(years):
        left *= np.exp(-np.exp(BASE + OF_LISTING * listed + effect * allied))
        found.append(1 - left.mean())
        listed = (rng.random(lives) < _next_listing(listed, allied)).astype(int)
    return np.array(found)


def marginal_lives(
    n_firms: int = 1000,
    effect: float = -0.5,
    *,
    years: int = 8,
    seed: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Let firms live so that a marginal structural model holds exactly.

    Had alliances been dealt out, the hazard would be ``0.12 exp(effect allied)`` a year. When a
    firm fails is settled by its hidden quality: the better, the later; quality also lists firms,
    and listing brings alliances.

    Parameters
    ----------
    n_firms : int
        Firms, all from age 0 on.
    effect : float
        The marginal log hazard ratio.
    years : int
        Years followed.
    seed : int, numpy Generator or None
        Of the chance.

    Returns
    -------
    DataFrame
        As of `conditional_lives`.

    References
    ----------
    Havercroft and Didelez (2012), Statistics in Medicine 31:4190-4206.

    Examples
    --------
    >>> marginal_lives(2, seed=1)[["firm_id", "start", "listed", "allied", "failure"]].head(3)
       firm_id  start  listed  allied  failure
    0        0      0       0       0        0
    1        0      1       1       1        0
    2        0      2       1       1        0
    """
    rng = generator(seed)
    region = rng.choice(["BE-BRU", "BE-VLG"], n_firms)
    quality = rng.random(n_firms)
    allied, survival = np.zeros(n_firms, dtype=np.int64), np.ones(n_firms)
    alive, parts = np.ones(n_firms, dtype=bool), []
    for age in range(years):
        chance = _share(-1.5 + 1.0 * allied + 3.0 * (quality - 0.5))
        listed = (rng.random(n_firms) < chance).astype(int)
        allied = np.maximum(allied, rng.random(n_firms) < _share(-2.2 + 1.5 * listed))
        survival = survival * np.exp(-HAZARD * np.exp(effect * allied))
        failure = alive & (1 - survival > quality)
        parts.append(_rows(alive, age, region, listed, allied, failure))
        alive &= ~failure
    return pd.concat(parts).sort_values(["firm_id", "start"], ignore_index=True)


def _share(odds: FloatArray) -> FloatArray:
    return 1 / (1 + np.exp(-odds))


def _next_listing(listed: NDArray[np.int64], allied: NDArray[np.int64] | int) -> FloatArray:
    return _share(-1.2 + 1.6 * listed + 0.9 * allied)


def _rows(
    alive: NDArray[np.bool_],
    age: int,
    region: NDArray[np.str_],
    listed: NDArray[np.int64],
    allied: NDArray[np.int64],
    failure: NDArray[np.bool_],
) -> pd.DataFrame:
    firm = np.flatnonzero(alive)
    return pd.DataFrame(
        {
            "firm_id": firm,
            "start": age,
            "stop": age + 1,
            "region": region[firm],
            "listed": listed[firm],
            "allied": allied[firm].astype(np.int64),
            "failure": failure[firm].astype(np.int64),
        }
    )
