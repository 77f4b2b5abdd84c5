"""What a user holds of a fitted Cox model, and may ask of it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from belbiotech.errors import FitError
from belbiotech.survival.cox import (
    coefficient_tests,
    concordance,
    new_rows,
    prediction,
    proportional_hazards,
    residuals,
    tables,
)
from belbiotech.survival.cox.fit import CoxFit, FirthFit, FrailtyFit, RidgeFit
from belbiotech.survival.cox.partial_likelihood import Ties
from belbiotech.survival.inference.fitted import Fitted, of_fit
from belbiotech.survival.inference.model_column import ModelColumn
from belbiotech.survival.inference.report import Report
from belbiotech.survival.inference.test_result import TestResult

__all__ = ["CoxResult"]


@dataclass(frozen=True, repr=False)
class CoxResult(Fitted):
    """A fitted Cox model.

    Attributes
    ----------
    fit : CoxFit
        Its numbers, from which all the rest is computed.
    """

    fit: CoxFit

    @property
    def log_likelihood_null(self) -> float:
        """Partial log likelihood with all coefficients zero."""
        return self.fit.log_likelihood_null

    @property
    def aic(self) -> float:
        """Akaike's criterion: minus twice the log likelihood plus twice the coefficients.

        The variance of a frailty counts as one of them.
        """
        return tables.aic(self.fit)

    @property
    def n_events(self) -> int:
        """Events, frequencies counted."""
        return self.fit.n_events

    @property
    def events_per_parameter(self) -> float:
        """Events for each coefficient; under ten, estimates are unreliable."""
        return tables.events_per_parameter(self.fit)

    @property
    def ties(self) -> Ties:
        """What was done with events at the same time: "efron" or "breslow"."""
        return self.fit.ties

    @property
    def frailty(self) -> FrailtyFit | None:
        """Variance of the shared frailty, its test, and the frailty of each group."""
        return self.fit.frailty

    @property
    def firth(self) -> FirthFit | None:
        """With Firth's penalty: profile-likelihood intervals and penalised tests."""
        return self.fit.firth

    @property
    def ridge(self) -> RidgeFit | None:
        """With a ridge penalty: its strength, and the degrees of freedom that it leaves."""
        return self.fit.ridge

    @property
    def params(self) -> pd.Series:
        """Coefficients, by name: minus infinity for a level without an event."""
        found: pd.Series = tables.with_limits(self.fit, self.fit.params)
        return found

    @property
    def likelihood_ratio_test(self) -> TestResult:
        """All coefficients zero: likelihood-ratio test (takes no account of clusters)."""
        return coefficient_tests.likelihood_ratio_test(self.fit)

    @property
    def wald_test(self) -> TestResult:
        """All coefficients zero: Wald test, with the robust variance where there is one."""
        return coefficient_tests.wald_test(self.fit)

    @property
    def score_test(self) -> TestResult:
        """All coefficients zero: score (log-rank) test, robust where clusters were given."""
        return coefficient_tests.score_test(self.fit)

    def summary_at(self, conf_level: float = 0.95) -> pd.DataFrame:
        """Give the table of coefficients, with lifelines' column names and the naive errors.

        Parameters
        ----------
        conf_level : float
            Coverage of the intervals.

        Returns
        -------
        DataFrame
            Indexed by covariate.

        Raises
        ------
        FitError
            Another level than 95% with Firth's penalty, whose profile is of that.
        """
        return tables.summary_table(self.fit, conf_level)

    @property
    def notes(self) -> list[str]:
        """What is special about the model's likelihood, in words."""
        return tables.notes(self.fit)

    @property
    def baseline_cumulative_hazard(self) -> pd.DataFrame:
        """Cumulative hazard with all covariates zero: stratum, time, hazard.

        One row for each time at which a row of the stratum ends, as R's
        ``basehaz(centered = FALSE)``.
        """
        return prediction.baseline_cumulative_hazard(self.fit)

    @property
    def concordance(self) -> float:
        """Share of comparable pairs that the model orders rightly."""
        return concordance.concordance(self.fit).estimate

    @property
    def concordance_std_error(self) -> float:
        """Standard error of the concordance, by clusters where they were given."""
        return concordance.concordance(self.fit).std_error

    residuals = of_fit(residuals.residuals)
    test_proportional_hazards = of_fit(proportional_hazards.proportional_hazards_test)
    plot_proportional_hazards = of_fit(proportional_hazards.plot_proportional_hazards)
    predict = of_fit(new_rows.predict)
    predict_cumulative_hazard = of_fit(prediction.predict_cumulative_hazard)
    predict_survival = of_fit(prediction.predict_survival)
    anova = of_fit(coefficient_tests.anova)

    def compare(self, other: CoxResult) -> TestResult:
        """Likelihood-ratio test of two fits, one of which nests the other.

        Parameters
        ----------
        other : CoxResult
            A fit of the same rows, ties, strata and weights.

        Returns
        -------
        TestResult
            Degrees of freedom are the coefficients that the larger has more.

        Raises
        ------
        FitError
            Something else than a fit of `cox`; other rows, other settings, terms that are not
            nested, the same model twice; a likelihood that is not the one that the errors come
            from: clusters or weights that are not whole numbers, Firth's penalty or a frailty in
            one of the models only.
        """
        if not isinstance(other, CoxResult):
            kind = type(other).__name__
            msg = f"a Cox model is compared with another fit of cox(), not with {kind}"
            raise FitError(msg)
        return coefficient_tests.nested_test(self.fit, other.fit)

    def as_columns(self, *, conf_level: float = 0.95) -> list[ModelColumn]:
        """Give the numbers of a printed table: one column, with Firth's penalty of the profile."""
        return [tables.model_column(self.fit, conf_level)]

    def _report(self) -> Report:
        return tables.cox_report(self.fit)
