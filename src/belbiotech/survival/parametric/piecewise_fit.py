"""The numbers of a piecewise exponential model: data, from which all is computed."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from belbiotech.survival.formulas.formula import Formula
from belbiotech.survival.formulas.matrix import Matrix
from belbiotech.survival.inference.fitted import EstimatesOfOne

__all__ = ["PiecewiseFit"]


@dataclass(frozen=True, kw_only=True)
class PiecewiseFit(EstimatesOfOne):
    """The numbers of a hazard that is constant between given times.

    Attributes
    ----------
    params : Series
        The covariates' coefficients, then the log rate of each interval with events, all
        covariates zero, by the name of the interval.
    log_likelihood, log_likelihood_null : float
        Of Poisson numbers of events, at the maximum and without covariates.
    n_pieces, n_events : int
        Rows after cutting, events.
    cuts : tuple of float
        The times, in order.
    intervals : DataFrame
        after, up_to, name, person_time, events: those in which somebody is at risk.
    formula : Formula
        The covariates.
    matrix : Matrix
        How the covariates are made.
    start, stop : str
        Columns of the interval.
    """

    n_pieces: int
    cuts: tuple[float, ...]
    intervals: pd.DataFrame
    formula: Formula
    matrix: Matrix
    start: str
    stop: str
