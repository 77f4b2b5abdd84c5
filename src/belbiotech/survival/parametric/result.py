"""The result that users hold of an accelerated failure time model, and what it predicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from belbiotech.survival.inference.fitted import FittedOfOne, errors_in_words, of_fit
from belbiotech.survival.inference.report import Report
from belbiotech.survival.parametric import prediction
from belbiotech.survival.parametric.fit import AftFit
from belbiotech.survival.parametric.location_scale import DistributionName

__all__ = ["AftResult"]

RATIO = "time ratio"


@dataclass(frozen=True, repr=False)
class AftResult(FittedOfOne):
    """A fitted accelerated failure time model: log T = x'b + s Z.

    Attributes
    ----------
    fit : AftFit
        The numbers of the fit, from which all others are computed.
    """

    fit: AftFit

    @property
    def n_spells(self) -> int:
        """Spells, after joining the rows of a unit."""
        return self.fit.n_spells

    @property
    def distribution(self) -> DistributionName:
        """Of the times: "weibull", "lognormal" or "loglogistic"."""
        return self.fit.distribution

    @property
    def scale(self) -> float:
        """The factor s: for a Weibull distribution, one over its shape."""
        return self.fit.scale

    @property
    def aic(self) -> float:
        """Akaike's criterion, comparable between distributions."""
        return -2 * self.log_likelihood + 2 * len(self.params)

    def _summary(self, conf_level: float) -> pd.DataFrame:
        return self._covariate_table(RATIO, conf_level)

    @property
    def hazard_ratios(self) -> pd.DataFrame:
        """Hazard ratios of a Weibull model, which has proportional hazards: exp(-b / s).

        Raises
        ------
        FitError
            Another distribution, whose hazard ratios change with time.
        """
        return prediction.hazard_ratios(self.fit)

    predict_survival = of_fit(prediction.predict_survival)
    predict_quantile = of_fit(prediction.predict_quantile)

    def _kind(self) -> tuple[str, str, Mapping[str, str]]:
        return self.fit.formula.outcome, RATIO, self.fit.matrix.references

    def _report(self) -> Report:
        shown = ["coef", RATIO, "se(coef)", f"{RATIO} lower 95%", f"{RATIO} upper 95%", "z", "p"]
        title = f"Accelerated failure time ({self.distribution}): {self.fit.formula.text}"
        return Report(title, self.summary[shown], tuple(self._notes()))

    def _notes(self) -> list[str]:
        errors = errors_in_words(self.fit.cluster, self.fit.clusters)
        lines = [
            f"N = {self.n_rows:,d} rows joined to {self.n_spells:,d} spells, "
            f"{self.n_events:,d} events; {errors}",
            f"Intercept {self.params['Intercept']:.4g}, scale {self.scale:.4g}",
        ]
        if self.covariates:
            lines.append(
                f"Events per coefficient {self.events_per_parameter:.1f}; likelihood ratio "
                f"{self.likelihood_ratio_test.statistic:.2f} on {len(self.covariates)} df"
            )
        return [*lines, f"Log likelihood {self.log_likelihood:.4f}, AIC {self.aic:.2f}"]
