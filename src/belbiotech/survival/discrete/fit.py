"""The numbers of fitted models in discrete time: data, from which all else is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.survival.discrete.baseline import Baseline
from belbiotech.survival.discrete.links import LinkName
from belbiotech.survival.discrete.rows import DiscreteRows
from belbiotech.survival.formulas.matrix import Spec, without_risk
from belbiotech.survival.inference.fitted import EstimatesBeside, EstimatesOfOne
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["DiscreteCausesFit", "DiscreteFit", "at_risk_of"]


@dataclass(frozen=True, kw_only=True)
class DiscreteFit(EstimatesOfOne):
    """The numbers of a hazard in discrete time.

    Attributes
    ----------
    params : Series
        Coefficients by name: the covariates', then the baseline's.
    log_likelihood, log_likelihood_null : float
        Bernoulli log likelihood of all periods, and of the baseline without covariates.
    n_periods, n_events : int
        Periods at risk (more than rows where these are longer than a period), events.
    link : {"cloglog", "logit"}
        From the linear predictor to the hazard.
    baseline : Baseline
        The hazard's columns of time.
    rows : DiscreteRows
        The distinct rows, and how they came from the data.
    """

    n_periods: int
    link: LinkName
    baseline: Baseline
    rows: DiscreteRows


@dataclass(frozen=True, kw_only=True)
class DiscreteCausesFit(EstimatesBeside):
    """The numbers of a multinomial logit of competing fates.

    Attributes
    ----------
    params : Series
        Coefficients by outcome and name: the covariates', then the baseline's.
    n_periods : int
        Periods at risk.
    n_events : Series
        Events by outcome.
    baseline : Baseline
        The columns of time.
    rows : DiscreteRows
        The distinct rows, and how they came from the data.
    active : array of bool, (K, p)
        Coefficients that are estimated: not those of periods and levels without such a fate.
    quiet : tuple of Spec or None, (K,)
        For each fate the levels of factors without it, where there are any.
    certain : dict of float to tuple of float
        Probability of each fate, 0 or 1, in periods where nothing is uncertain.
    """

    n_periods: int
    n_events: pd.Series
    baseline: Baseline
    rows: DiscreteRows
    active: NDArray[np.bool_]
    certain: dict[float, tuple[float, ...]]
    quiet: tuple[Spec | None, ...]


def at_risk_of(x: FloatArray, quiet: Sequence[Spec | None]) -> NDArray[np.bool_]:
    """Tell which fates rows may have, by the levels of their factors.

    Parameters
    ----------
    x : array of float, (m, p)
        All covariates.
    quiet : sequence of Spec or None, (K,)
        For each fate the levels without it.

    Returns
    -------
    array of bool, (m, K)
        False in the rows of levels without the fate.
    """
    return np.column_stack(
        [
            np.ones(len(x), bool) if spec is None else ~without_risk(x, spec.infinite, spec.absent)
            for spec in quiet
        ]
    )
