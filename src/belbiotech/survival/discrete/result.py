"""The result that users hold of a hazard in discrete time: its fit, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.survival.discrete import marginal_effects, prediction
from belbiotech.survival.discrete.baseline import Baseline
from belbiotech.survival.discrete.fit import DiscreteFit
from belbiotech.survival.discrete.links import LINKS, LinkName
from belbiotech.survival.formulas.without_events import with_limits
from belbiotech.survival.inference.fitted import FittedOfOne, errors_in_words, of_fit
from belbiotech.survival.inference.report import Report

__all__ = ["DiscreteHazardResult"]


@dataclass(frozen=True, repr=False)
class DiscreteHazardResult(FittedOfOne):
    """A fitted hazard in discrete time.

    Attributes
    ----------
    fit : DiscreteFit
        The numbers of the fit, from which all others are computed.
    """

    fit: DiscreteFit

    @property
    def params(self) -> pd.Series:
        """Coefficients, by name: minus infinity for a level without an event."""
        found: pd.Series = self._with_limits(self.fit.params)
        return found

    def _with_limits(self, values: Any) -> Any:
        spec = self.fit.rows.matrix.spec
        return with_limits(values, spec.limits, spec.every)

    @property
    def n_periods(self) -> int:
        """Periods at risk: more than rows, where rows are longer than a period."""
        return self.fit.n_periods

    @property
    def link(self) -> LinkName:
        """From the linear predictor to the hazard: "cloglog" or "logit"."""
        return self.fit.link

    @property
    def baseline(self) -> Baseline:
        """The hazard's columns of time."""
        return self.fit.baseline

    @property
    def aic(self) -> float:
        """Akaike's criterion. Periods with a certain hazard count as coefficients, as in R."""
        return -2 * self.log_likelihood + 2 * (len(self.fit.params) + len(self.baseline.certain))

    @property
    def ratio(self) -> str:
        """What ``exp(coef)`` is: "hazard ratio" or "odds ratio"."""
        return LINKS[self.link].ratio

    def _summary(self, conf_level: float) -> pd.DataFrame:
        table: pd.DataFrame = self._with_limits(self._covariate_table(self.ratio, conf_level))
        return table.assign(**{self.ratio: np.exp(table["coef"])})

    @property
    def baseline_hazard(self) -> pd.DataFrame:
        """Hazard of each period of the data with all covariates zero.

        Columns start, stop, at_risk, events, hazard, std_error, lower, upper.
        """
        return prediction.baseline_hazard(self.fit)

    predict_hazard = of_fit(prediction.predict_hazard)
    predict_survival = of_fit(prediction.predict_survival)
    average_marginal_effects = of_fit(marginal_effects.average_marginal_effects)

    def _kind(self) -> tuple[str, str, Mapping[str, str]]:
        rows = self.fit.rows
        return rows.formula.outcome, self.ratio, rows.matrix.references

    def _report(self) -> Report:
        shown = ["coef", self.ratio, "se(coef)", f"{self.ratio} lower 95%"]
        shown += [f"{self.ratio} upper 95%", "z", "p"]
        title = f"Hazard in discrete time ({self.link}): {self.fit.rows.formula.text}"
        return Report(title, self.summary[shown], tuple(self._notes()))

    def _notes(self) -> list[str]:
        errors = errors_in_words(self.fit.cluster, self.fit.clusters)
        size = f"N = {self.n_rows:,d} rows, {self.n_events:,d} events"
        if self.n_periods != self.n_rows:
            size += f", {self.n_periods:,d} periods"
        lines = [f"{size}; {errors}"]
        time = f"Baseline: {self.baseline.kind} ({len(self.baseline.names)} coefficients)"
        if self.baseline.certain:
            starts = ", ".join(f"{start:g}" for start in sorted(self.baseline.certain))
            time += f"; in {len(self.baseline.certain)} more periods, from {starts}, the hazard is "
            time += "certain: they have no coefficient"
        lines.append(time)
        if self.covariates:
            lines.append(
                f"Events per covariate's coefficient {self.events_per_parameter:.1f}; likelihood "
                f"ratio {self.likelihood_ratio_test.statistic:.2f} on {len(self.covariates)} df"
            )
        fit = f"Log likelihood {self.log_likelihood:.4f}, AIC {self.aic:.2f}"
        return [*lines, fit + self._counted()]

    def _counted(self) -> str:
        """Say what the AIC counts, where that is more than the coefficients."""
        if not self.baseline.certain:
            return ""
        return (
            f" (counts {len(self.fit.params)} coefficients and {len(self.baseline.certain)} "
            "certain periods, as R's glm does)"
        )
