"""The numbers of a fitted accelerated failure time model: data, from which all is computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from belbiotech.survival.formulas.formula import Formula
from belbiotech.survival.formulas.matrix import Matrix
from belbiotech.survival.inference.fitted import EstimatesOfOne
from belbiotech.survival.parametric.location_scale import DistributionName

__all__ = ["AftFit"]


@dataclass(frozen=True, kw_only=True)
class AftFit(EstimatesOfOne):
    """The numbers of an accelerated failure time model: log T = x'b + s Z.

    Attributes
    ----------
    params : Series
        The covariates' coefficients, ``Intercept`` and ``log(scale)``, as in R's ``survreg``.
    log_likelihood, log_likelihood_null : float
        At the maximum, and without covariates.
    n_spells, n_events : int
        Spells after joining rows, events.
    distribution : {"weibull", "lognormal", "loglogistic"}
        Of the times.
    formula : Formula
        The covariates.
    matrix : Matrix
        How the covariates are made.
    """

    n_spells: int
    distribution: DistributionName
    formula: Formula
    matrix: Matrix

    @property
    def scale(self) -> float:
        """The factor s: for a Weibull distribution, one over its shape."""
        return float(np.exp(self.params["log(scale)"]))
