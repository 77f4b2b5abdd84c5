"""What a fitted hazard in discrete time holds, and where its further numbers are computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.survival.discrete.baseline import Baseline
from belbiotech.survival.discrete.links import LINKS, LinkName
from belbiotech.survival.discrete.rows import DiscreteRows
from belbiotech.survival.inference.report import (
    Report,
    Reported,
    coefficient_table,
    errors_of,
    ratio_plot,
)
from belbiotech.survival.inference.test_result import TestResult
from belbiotech.survival.inference.variance import chi_square_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["DiscreteHazardResult"]


@dataclass(frozen=True, repr=False)
class DiscreteHazardResult(Reported):
    """A fitted hazard in discrete time.

    Attributes
    ----------
    params : Series
        Coefficients by name: the covariates', then the baseline's.
    variance, naive_variance : DataFrame, (p, p)
        Robust where clusters are given, and from the expected information alone.
    log_likelihood, log_likelihood_null : float
        Bernoulli log likelihood of all periods, and of the baseline without covariates.
    n_rows, n_periods, n_events : int
        Rows of the data, periods at risk (more where rows are longer than a period), events.
    n_clusters : int or None
        Clusters of the first column, if any were given.
    link : {"cloglog", "logit"}
        From the linear predictor to the hazard.
    baseline : Baseline
        The hazard's columns of time.
    rows : DiscreteRows
        The distinct rows, and how they came from the data.
    """

    params: pd.Series
    variance: pd.DataFrame
    naive_variance: pd.DataFrame
    log_likelihood: float
    log_likelihood_null: float
    n_rows: int
    n_periods: int
    n_events: int
    n_clusters: int | None
    link: LinkName
    baseline: Baseline
    rows: DiscreteRows

    @property
    def standard_errors(self) -> pd.Series:
        """Standard errors of the coefficients, robust where clusters were given."""
        return errors_of(self.variance)

    @property
    def naive_standard_errors(self) -> pd.Series:
        """Standard errors from the information alone."""
        return errors_of(self.naive_variance)

    @property
    def covariates(self) -> list[str]:
        """Names of the covariates' coefficients."""
        return list(self.rows.matrix.names)

    @property
    def events_per_parameter(self) -> float:
        """Events for each coefficient of a covariate; under ten, estimates are unreliable."""
        return self.n_events / len(self.covariates) if self.covariates else np.inf

    @property
    def aic(self) -> float:
        """Akaike's criterion. Periods with a certain hazard count as coefficients, as in R."""
        return -2 * self.log_likelihood + 2 * (len(self.params) + len(self.baseline.certain))

    @property
    def likelihood_ratio_test(self) -> TestResult:
        """All covariates' coefficients zero: likelihood-ratio test (takes no clusters)."""
        gain = 2 * (self.log_likelihood - self.log_likelihood_null)
        return TestResult.chi2(max(gain, 0.0), len(self.covariates), "Likelihood-ratio test")

    @property
    def wald_test(self) -> TestResult:
        """All covariates' coefficients zero: Wald test, robust where clusters were given."""
        names = self.covariates
        beta = self.params[names].to_numpy()
        statistic = chi_square_of(beta, self.variance.loc[names, names].to_numpy())
        return TestResult.chi2(statistic, len(names), "Wald test")

    @property
    def ratio(self) -> str:
        """What ``exp(coef)`` is: "hazard ratio" or "odds ratio"."""
        return LINKS[self.link].ratio

    @property
    def summary(self) -> pd.DataFrame:
        """The covariates' coefficients, ratios, errors and 95% intervals."""
        return self.summary_at(0.95)

    def summary_at(self, conf_level: float) -> pd.DataFrame:
        """Give the summary with intervals of another level.

        Parameters
        ----------
        conf_level : float
            Coverage of the intervals.

        Returns
        -------
        DataFrame
            Indexed by covariate.
        """
        names = self.covariates
        errors, naive = self.standard_errors[names], self.naive_standard_errors[names]
        table = coefficient_table(self.params[names], errors, naive, self.ratio, conf_level)
        return table.rename_axis("covariate")

    @property
    def baseline_hazard(self) -> pd.DataFrame:
        """Hazard of each period of the data with all covariates zero.

        Columns start, stop, at_risk, events, hazard, std_error, lower, upper.
        """
        from belbiotech.survival.discrete.prediction import baseline_hazard

        return baseline_hazard(self)

    def predict_hazard(self, paths: pd.DataFrame, *, conf_level: float = 0.95) -> pd.DataFrame:
        """Hazard of each period along covariate paths.

        Parameters
        ----------
        paths : DataFrame
            Columns of the interval and of the covariates, and ``id`` where there are several
            paths; each row starts where the one before stopped.
        conf_level : float
            Coverage of the pointwise intervals.

        Returns
        -------
        DataFrame
            Columns id, time (the end of the period), estimate, std_error, lower, upper.

        Raises
        ------
        PanelError
            A path with gaps or overlaps, missing values, times that are not whole.
        FitError
            Periods of which the baseline knows nothing.
        """
        from belbiotech.survival.discrete.prediction import predict_hazard

        return predict_hazard(self, paths, conf_level)

    def predict_survival(self, paths: pd.DataFrame, *, conf_level: float = 0.95) -> pd.DataFrame:
        """Probability of no event since the start of each covariate path.

        Parameters
        ----------
        paths : DataFrame
            As for `predict_hazard`.
        conf_level : float
            Coverage of the pointwise intervals, which are taken on the scale of log survival.

        Returns
        -------
        DataFrame
            Columns id, time, estimate, std_error, lower, upper.

        Raises
        ------
        PanelError, FitError
            As `predict_hazard`.
        """
        from belbiotech.survival.discrete.prediction import predict_survival

        return predict_survival(self, paths, conf_level)

    def average_marginal_effects(self, *, conf_level: float = 0.95) -> pd.DataFrame:
        """Change of the hazard of a period, in percentage points, averaged over all periods.

        A number's effect is the slope of the hazard by it, through all terms in which it stands
        (squares, interactions, splines). A factor's is the hazard at each level less that at the
        first level (texts, categories, bool, and numbers inside ``C()``; a plain 0/1 number
        counts as a number, as in Stata and R). Errors by the delta method.

        Parameters
        ----------
        conf_level : float
            Coverage of the intervals.

        Returns
        -------
        DataFrame
            Columns variable, change, estimate, std_error, z, p, lower, upper.

        References
        ----------
        Williams (2012), The Stata Journal 12. Karaca-Mandic, Norton and Dowd (2012), Health
        Services Research 47.
        """
        from belbiotech.survival.discrete.marginal_effects import average_marginal_effects

        return average_marginal_effects(self, conf_level)

    def plot(self, **options: Any) -> Figure:
        """Draw the ratios with their intervals; options go to `belbiotech.plots.forest`."""
        options.setdefault("title", self._report().title)
        references = self.rows.matrix.references
        return ratio_plot(self.summary, self.ratio, references=references, **options)

    def _report(self) -> Report:
        shown = ["coef", self.ratio, "se(coef)", f"{self.ratio} lower 95%"]
        shown += [f"{self.ratio} upper 95%", "z", "p"]
        title = f"Hazard in discrete time ({self.link}): {self.rows.formula.text}"
        return Report(title, self.summary[shown], tuple(self._notes()))

    def _notes(self) -> list[str]:
        errors = "errors from the information"
        if self.rows.cluster:
            errors = f"errors clustered by {' and '.join(self.rows.cluster)}"
            errors += f" ({self.n_clusters:,d} clusters)"
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
            f" (counts {len(self.params)} coefficients and {len(self.baseline.certain)} certain "
            "periods, as R's glm does)"
        )
