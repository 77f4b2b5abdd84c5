"""What a multinomial logit of competing fates holds, and what can be asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.survival.competing.equal_effects import equal_effects_table
from belbiotech.survival.discrete.baseline import Baseline
from belbiotech.survival.discrete.rows import DiscreteRows
from belbiotech.survival.inference.report import (
    Report,
    Reported,
    coefficient_table,
    errors_of,
    ratio_plot,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["DiscreteCausesResult"]

RATIO = "relative risk ratio"


@dataclass(frozen=True, repr=False)
class DiscreteCausesResult(Reported):
    """A fitted multinomial logit of competing fates.

    Attributes
    ----------
    params : Series
        Coefficients by outcome and name (``params["failure"]`` gives one outcome's): the
        covariates', then the baseline's.
    variance, naive_variance : DataFrame, (q, q)
        Robust where clusters are given, and from the information alone.
    log_likelihood : float
        Of all periods.
    n_rows, n_periods : int
        Rows of the data, periods at risk.
    n_events : Series
        Events by outcome.
    n_clusters : int or None
        Clusters of the first column, if any were given.
    baseline : Baseline
        The columns of time.
    rows : DiscreteRows
        The distinct rows, and how they came from the data.
    active : array of bool, (K, p)
        Coefficients that are estimated: not those of periods without such a fate.
    certain : dict of float to tuple of float
        Probability of each fate, 0 or 1, in periods where nothing is uncertain.
    """

    params: pd.Series
    variance: pd.DataFrame
    naive_variance: pd.DataFrame
    log_likelihood: float
    n_rows: int
    n_periods: int
    n_events: pd.Series
    n_clusters: int | None
    baseline: Baseline
    rows: DiscreteRows
    active: NDArray[np.bool_]
    certain: dict[float, tuple[float, ...]]

    @property
    def outcomes(self) -> list[str]:
        """The fates, in the order of the call."""
        return list(self.rows.outcomes)

    @property
    def covariates(self) -> list[str]:
        """Names of the covariates' coefficients."""
        return list(self.rows.matrix.names)

    @property
    def standard_errors(self) -> pd.Series:
        """Standard errors of the coefficients, robust where clusters were given."""
        return errors_of(self.variance)

    @property
    def naive_standard_errors(self) -> pd.Series:
        """Standard errors from the information alone."""
        return errors_of(self.naive_variance)

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

    @property
    def summary(self) -> pd.DataFrame:
        """The covariates' coefficients by outcome, ratios, errors and 95% intervals."""
        wanted = self.params.index.get_level_values("covariate").isin(self.covariates)
        return coefficient_table(
            self.params[wanted],
            self.standard_errors[wanted],
            self.naive_standard_errors[wanted],
            RATIO,
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

    def predict_incidence(self, paths: pd.DataFrame, *, conf_level: float = 0.95) -> pd.DataFrame:
        """Probability of each fate by each time, since the start of each covariate path.

        Parameters
        ----------
        paths : DataFrame
            Columns of the interval and of the covariates, and ``id`` where there are several
            paths; each row starts where the one before stopped.
        conf_level : float
            Coverage of the pointwise intervals (log-log, by the delta method).

        Returns
        -------
        DataFrame
            Columns id, outcome, time, estimate, std_error, lower, upper.

        Raises
        ------
        PanelError
            A path with gaps or overlaps, missing values, times that are not whole.
        FitError
            Periods of which the baseline knows nothing.
        """
        from belbiotech.survival.discrete.causes_prediction import predict_incidence

        return predict_incidence(self, paths, conf_level)

    def plot(self, **options: Any) -> Figure:
        """Draw the ratios with their intervals; options go to `belbiotech.plots.forest`."""
        options.setdefault("title", self._report().title)
        references = self.rows.matrix.references
        return ratio_plot(self.summary, RATIO, references=references, **options)

    def _report(self) -> Report:
        shown = ["coef", RATIO, "se(coef)", f"{RATIO} lower 95%", f"{RATIO} upper 95%", "z", "p"]
        title = f"Competing fates in discrete time: {', '.join(self.outcomes)} ~ "
        title += self.rows.formula.right
        return Report(title, self.summary[shown], tuple(self._notes()))

    def _notes(self) -> list[str]:
        errors = "errors from the information"
        if self.rows.cluster:
            errors = f"errors clustered by {' and '.join(self.rows.cluster)}"
            errors += f" ({self.n_clusters:,d} clusters)"
        events = ", ".join(f"{count:,d} {name}" for name, count in self.n_events.items())
        size = f"N = {self.n_rows:,d} rows, {self.n_periods:,d} periods; {events}; {errors}"
        time = f"Baseline: {self.baseline.kind}; the base is: nothing happened"
        return [size, time, f"Log likelihood {self.log_likelihood:.4f}, AIC {self.aic:.2f}"]
