"""The numbers of fitted models in discrete time: data, from which all else is computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.survival.discrete.baseline import Baseline
from belbiotech.survival.discrete.links import LinkName
from belbiotech.survival.discrete.rows import DiscreteRows
from belbiotech.survival.inference.fitted import EstimatesBeside, EstimatesOfOne

__all__ = ["DiscreteCausesFit", "DiscreteFit"]


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
        Coefficients that are estimated: not those of periods without such a fate.
    certain : dict of float to tuple of float
        Probability of each fate, 0 or 1, in periods where nothing is uncertain.
    """

    n_periods: int
    n_events: pd.Series
    baseline: Baseline
    rows: DiscreteRows
    active: NDArray[np.bool_]
    certain: dict[float, tuple[float, ...]]
