"""What a fitted Cox model holds, and where each of its further numbers is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.survival.cox import (
    concordance,
    factor_tests,
    prediction,
    proportional_hazards,
    residuals,
)
from belbiotech.survival.cox import tables as cox_tables
from belbiotech.survival.cox.maximise import Maximum
from belbiotech.survival.cox.partial_likelihood import (
    Design,
    RiskSets,
    Ties,
    step_sums,
)
from belbiotech.survival.cox.robust import robust_score_statistic, robust_variance
from belbiotech.survival.cox.rows import CoxRows
from belbiotech.survival.formulas.design import Matrix
from belbiotech.survival.inference.report import Report, Reported, errors_of
from belbiotech.survival.inference.test_result import TestResult
from belbiotech.survival.inference.variance import chi_square_of
from belbiotech.survival.rows.checks import FloatArray
from belbiotech.survival.rows.column_codes import Codes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from belbiotech.survival.cox.firth import FirthFit
    from belbiotech.survival.cox.frailty import FrailtyFit

__all__ = ["CoxResult"]


@dataclass(frozen=True, repr=False)
class CoxResult(Reported):
    """A fitted Cox model.

    Attributes
    ----------
    params : Series
        Coefficients (log hazard ratios), by name.
    variance, naive_variance : DataFrame, (p, p)
        Robust where clusters are given, and from the information alone.
    log_likelihood, log_likelihood_null : float
        Partial log likelihood at the maximum, and with all coefficients zero.
    n_rows, n_events : int
        Rows and events, frequencies counted.
    n_clusters : int or None
        Clusters of the first column, if any were given.
    ties : str
        "efron" or "breslow".
    naive_score_statistic : float
        Of the score test at zero, from the information alone.
    design, sets : Design, RiskSets
        The distinct rows with centred covariates, and their risk sets.
    matrix : Matrix
        How the covariates are made: names, terms, spec.
    centre : array of float, (p,)
        The covariates' means, taken off in the design.
    rows : CoxRows
        How the distinct rows came from the data.
    groups : tuple of array of int, (n,)
        The cluster of each row, for each way of clustering.
    frailty : FrailtyFit or None
        Variance of the shared frailty, its test, and the frailty of each group.
    firth : FirthFit or None
        With Firth's penalty: profile-likelihood intervals and penalised tests.
    """

    params: pd.Series
    variance: pd.DataFrame
    naive_variance: pd.DataFrame
    log_likelihood: float
    log_likelihood_null: float
    n_rows: int
    n_events: int
    n_clusters: int | None
    ties: Ties
    naive_score_statistic: float
    design: Design
    sets: RiskSets
    matrix: Matrix
    centre: FloatArray
    rows: CoxRows
    groups: tuple[Codes, ...] = ()
    frailty: FrailtyFit | None = None
    firth: FirthFit | None = None

    @classmethod
    def of(
        cls,
        design: Design,
        sets: RiskSets,
        matrix: Matrix,
        centre: FloatArray,
        rows: CoxRows,
        best: Maximum,
        naive: FloatArray,
        ties: Ties,
    ) -> CoxResult:
        """Put a maximum of the partial likelihood into a result."""
        names = list(matrix.names)
        table = pd.DataFrame(naive, index=names, columns=names)
        score, information = best.at_zero.score, best.at_zero.information
        return cls(
            params=pd.Series(best.beta, index=names, name="coef", dtype=float),
            variance=table,
            naive_variance=table,
            log_likelihood=best.at_maximum.value,
            log_likelihood_null=best.at_zero.value,
            n_rows=int(design.number.sum()),
            n_events=int(design.number[design.event].sum()),
            n_clusters=None,
            ties=ties,
            naive_score_statistic=float(score @ np.linalg.solve(information, score)),
            design=design,
            sets=sets,
            matrix=matrix,
            centre=centre,
            rows=rows,
        )

    def with_clusters(self, groups: Sequence[Codes]) -> CoxResult:
        """Give the same fit robust errors.

        Parameters
        ----------
        groups : sequence of array of int, (n,)
            The cluster of each row, as 0, 1, ..., for one or two ways of clustering.

        Returns
        -------
        CoxResult
            With the robust variance in place of the naive one.

        Raises
        ------
        FitError
            A variance that two ways of clustering make negative.
        """
        variance = robust_variance(self, groups)
        names = self.params.index
        return replace(
            self,
            variance=pd.DataFrame(variance, index=names, columns=names),
            n_clusters=int(groups[0].max()) + 1 if self.rows.cluster else None,
            groups=tuple(groups),
        )

    @property
    def standard_errors(self) -> pd.Series:
        """Standard errors of the coefficients, robust where clusters were given."""
        return errors_of(self.variance)

    @property
    def naive_standard_errors(self) -> pd.Series:
        """Standard errors from the information alone."""
        return errors_of(self.naive_variance)

    @property
    def events_per_parameter(self) -> float:
        """Events for each coefficient; under ten, estimates are unreliable."""
        return self.n_events / len(self.params) if len(self.params) else np.inf

    @property
    def aic(self) -> float:
        """Akaike's criterion: minus twice the log likelihood plus twice the coefficients.

        The variance of a frailty counts as one of them.
        """
        parameters = len(self.params) + (self.frailty is not None)
        return -2 * self.log_likelihood + 2 * parameters

    @property
    def likelihood_ratio_test(self) -> TestResult:
        """All coefficients zero: likelihood-ratio test (takes no account of clusters)."""
        gain = 2 * (self.log_likelihood - self.log_likelihood_null)
        return TestResult.chi2(gain, len(self.params), "Likelihood-ratio test")

    @property
    def wald_test(self) -> TestResult:
        """All coefficients zero: Wald test, with the robust variance where there is one."""
        beta, variance = self.params.to_numpy(), self.variance.to_numpy()
        statistic = chi_square_of(beta, variance, np.diag(self.naive_variance))
        return TestResult.chi2(statistic, len(self.params), "Wald test")

    @property
    def score_test(self) -> TestResult:
        """All coefficients zero: score (log-rank) test, robust where clusters were given."""
        statistic = robust_score_statistic(self) if self.groups else self.naive_score_statistic
        return TestResult.chi2(statistic, len(self.params), "Score test")

    @property
    def summary(self) -> pd.DataFrame:
        """Table of coefficients, with lifelines' column names and the naive errors."""
        table = cox_tables.summary_table(self)
        return table if self.firth is None else self.firth.in_summary(table)

    @property
    def baseline_cumulative_hazard(self) -> pd.DataFrame:
        """Cumulative hazard with all covariates zero: stratum, time, hazard.

        One row for each time at which a row of the stratum ends, as R's
        ``basehaz(centered = FALSE)``.
        """
        steps = step_sums(self.design, self.sets, self.risk)
        with np.errstate(over="ignore"):  # infinite where zero is far from all covariates
            at_zero = steps.hazard * np.exp(-(self.centre * self.params.to_numpy()).sum())
        parts = []
        for k, label in enumerate(self.rows.stratum_labels):
            ends = np.unique(self.design.stop[self.design.stratum == k])
            mine = self.sets.stratum == k
            running = np.r_[0.0, np.cumsum(at_zero[mine])]
            hazard = running[np.searchsorted(self.sets.time[mine], ends, "right")]
            parts.append(pd.DataFrame({"stratum": label, "time": ends, "hazard": hazard}))
        return pd.concat(parts, ignore_index=True)

    @property
    def notes(self) -> list[str]:
        """What is special about the model's likelihood, in words."""
        return [extra.note() for extra in (self.frailty, self.firth) if extra is not None]

    @property
    def linear_predictor(self) -> FloatArray:
        """Centred ``x b`` of each distinct row, (m,), with the log frailty of its group."""
        # Column by column, so that equal rows are equal to the last bit, and tie.
        total = np.zeros(len(self.design.x))
        for column, coefficient in zip(self.design.x.T, self.params, strict=True):
            total += column * coefficient
        return total if self.frailty is None else total + self.frailty.offset

    @property
    def as_known(self) -> tuple[Design, FloatArray]:
        """The design, (m, p), and coefficients, (p,), with the frailties taken as known.

        The log frailty of each row is then one more column, the last, with a coefficient of 1.
        """
        beta = self.params.to_numpy()
        if self.frailty is None:
            return self.design, beta
        x = np.column_stack([self.design.x, self.frailty.offset])
        return replace(self.design, x=x), np.append(beta, 1.0)

    @property
    def risk(self) -> FloatArray:
        """Risk of each distinct row relative to the mean covariates, (m,)."""
        return np.exp(self.linear_predictor)

    @property
    def concordance(self) -> float:
        """Share of comparable pairs that the model orders rightly."""
        return concordance.concordance(self).estimate

    @property
    def concordance_std_error(self) -> float:
        """Standard error of the concordance, by clusters where they were given."""
        return concordance.concordance(self).std_error

    # Each of these is a function with its own page: its first argument is the fit.
    residuals = residuals.residuals
    test_proportional_hazards = proportional_hazards.proportional_hazards_test
    plot_proportional_hazards = proportional_hazards.plot_proportional_hazards
    predict_cumulative_hazard = prediction.predict_cumulative_hazard
    predict_survival = prediction.predict_survival
    anova = factor_tests.anova
    compare = cox_tables.nested_test

    def plot(self, **options: Any) -> Figure:
        """Draw the hazard ratios with their intervals; options go to `belbiotech.plots.forest`."""
        return cox_tables.forest_plot(self, **options)

    def _report(self) -> Report:
        return cox_tables.cox_report(self)
