"""The result that users hold of competing fates in discrete time, and what can be asked of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from belbiotech.survival.competing.equal_effects import equal_effects_table
from belbiotech.survival.discrete import causes_prediction
from belbiotech.survival.discrete.baseline import Baseline
from belbiotech.survival.discrete.fit import DiscreteCausesFit
from belbiotech.survival.inference.fitted import FittedBeside, errors_in_words, of_fit
from belbiotech.survival.inference.model_column import ModelColumn, clusters_in_words, estimates_of
from belbiotech.survival.inference.report import Report, coefficient_table

__all__ = ["DiscreteCausesResult"]

RATIO = "relative risk ratio"


@dataclass(frozen=True, repr=False)
class DiscreteCausesResult(FittedBeside):
    """A fitted multinomial logit of competing fates.

    Coefficients and variances are by outcome and name: ``params["failure"]`` gives one outcome's.

    Attributes
    ----------
    fit : DiscreteCausesFit
        The numbers of the fit, from which all others are computed.
    """

    fit: DiscreteCausesFit

    @property
    def n_periods(self) -> int:
        """Periods at risk."""
        return self.fit.n_periods

    @property
    def n_events(self) -> pd.Series:
        """Events by outcome."""
        return self.fit.n_events

    @property
    def baseline(self) -> Baseline:
        """The columns of time."""
        return self.fit.baseline

    @property
    def outcomes(self) -> list[str]:
        """The fates, in the order of the call."""
        return list(self.fit.rows.outcomes)

    @property
    def events_per_parameter(self) -> pd.Series:
        """Events of each outcome for each coefficient of a covariate."""
        count = len(self.covariates)
        return self.n_events / count if count else self.n_events * np.inf

    @property
    def aic(self) -> float:
        """Akaike's criterion; periods without some fate count as coefficients, as in R."""
        periods = len(self.baseline.names) + len(self.baseline.certain)
        return -2 * self.log_likelihood + 2 * len(self.outcomes) * (len(self.covariates) + periods)

    def summary_at(self, conf_level: float = 0.95) -> pd.DataFrame:
        """Give the covariates' coefficients, ratios, errors and intervals of some level.

        Parameters
        ----------
        conf_level : float
            Coverage of the intervals.

        Returns
        -------
        DataFrame
            Indexed by outcome and covariate.
        """
        wanted = self.params.index.get_level_values("covariate").isin(self.covariates)
        return coefficient_table(
            self.params[wanted],
            self.standard_errors[wanted],
            self.naive_standard_errors[wanted],
            RATIO,
            conf_level,
        )

    def test_equal_effects(self) -> pd.DataFrame:
        """Test whether each covariate's coefficient is the same for all outcomes.

        Returns
        -------
        DataFrame
            Wald tests, robust where clusters were given: one row for each covariate, and
            OVERALL; columns statistic, df, p_value.
        """
        pairs = [(outcome, name) for outcome in self.outcomes for name in self.covariates]
        index = pd.MultiIndex.from_tuples(pairs, names=["outcome", "covariate"])
        shape = (len(self.outcomes), len(self.covariates))
        return equal_effects_table(
            self.params.reindex(index).to_numpy().reshape(shape),
            self.variance.reindex(index=index, columns=index).to_numpy(),
            self.covariates,
        )

    predict_incidence = of_fit(causes_prediction.predict_incidence)

    def as_columns(self, *, conf_level: float = 0.95) -> list[ModelColumn]:
        """Give the numbers of a printed table: a column for each outcome."""
        names = self.covariates
        return [
            ModelColumn(
                name=outcome,
                ratio=RATIO,
                estimates=estimates_of(
                    self.params[outcome][names], self.standard_errors[outcome][names], conf_level
                ),
                references=dict(self.fit.rows.matrix.references),
                events=int(self.n_events[outcome]),
                rows=self.n_rows,
                clusters=self.n_clusters,
                log_likelihood=self.log_likelihood,
                aic=self.aic,
                errors=clusters_in_words(self.fit.cluster),
            )
            for outcome in self.outcomes
        ]

    def _report(self) -> Report:
        shown = ["coef", RATIO, "se(coef)", f"{RATIO} lower 95%", f"{RATIO} upper 95%", "z", "p"]
        title = f"Competing fates in discrete time: {', '.join(self.outcomes)} ~ "
        title += self.fit.rows.formula.right
        return Report(title, self.summary[shown], tuple(self._notes()))

    def _notes(self) -> list[str]:
        errors = errors_in_words(self.fit.cluster, self.n_clusters)
        events = ", ".join(f"{count:,d} {name}" for name, count in self.n_events.items())
        size = f"N = {self.n_rows:,d} rows, {self.n_periods:,d} periods; {events}; {errors}"
        time = f"Baseline: {self.baseline.kind}; the base is: nothing happened"
        return [size, time, f"Log likelihood {self.log_likelihood:.4f}, AIC {self.aic:.2f}"]
