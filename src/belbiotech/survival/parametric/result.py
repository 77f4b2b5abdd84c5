"""What a fitted accelerated failure time model holds, and what it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError
from belbiotech.survival.formulas.design import design_matrix
from belbiotech.survival.formulas.formula import Formula
from belbiotech.survival.formulas.matrix import Matrix
from belbiotech.survival.inference.limits import (
    check_limit_options,
    normal_quantile,
    probability_limits,
)
from belbiotech.survival.inference.report import (
    Report,
    Reported,
    coefficient_table,
    errors_of,
    ratio_plot,
)
from belbiotech.survival.inference.test_result import TestResult
from belbiotech.survival.parametric.location_scale import DISTRIBUTIONS, DistributionName
from belbiotech.survival.rows.checks import FloatArray, check_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["AftResult"]

RATIO = "time ratio"


@dataclass(frozen=True, repr=False)
class AftResult(Reported):
    """A fitted accelerated failure time model: log T = x'b + s Z.

    Attributes
    ----------
    params : Series
        The covariates' coefficients, ``Intercept`` and ``log(scale)``, as in R's ``survreg``.
    variance, naive_variance : DataFrame, (p, p)
        Robust where clusters are given, and from the information alone.
    log_likelihood, log_likelihood_null : float
        At the maximum, and without covariates.
    n_rows, n_spells, n_events : int
        Rows of the data, spells after joining them, events.
    n_clusters : int or None
        Clusters of the first column, if any were given.
    distribution : {"weibull", "lognormal", "loglogistic"}
        Of the times.
    formula : Formula
        The covariates.
    matrix : Matrix
        How the covariates are made.
    cluster : tuple of str
        Columns of the clusters.
    """

    params: pd.Series
    variance: pd.DataFrame
    naive_variance: pd.DataFrame
    log_likelihood: float
    log_likelihood_null: float
    n_rows: int
    n_spells: int
    n_events: int
    n_clusters: int | None
    distribution: DistributionName
    formula: Formula
    matrix: Matrix
    cluster: tuple[str, ...]

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
        return list(self.matrix.names)

    @property
    def scale(self) -> float:
        """The factor s: for a Weibull distribution, one over its shape."""
        return float(np.exp(self.params["log(scale)"]))

    @property
    def events_per_parameter(self) -> float:
        """Events for each coefficient of a covariate; under ten, estimates are unreliable."""
        return self.n_events / len(self.covariates) if self.covariates else np.inf

    @property
    def aic(self) -> float:
        """Akaike's criterion, comparable between distributions."""
        return -2 * self.log_likelihood + 2 * len(self.params)

    @property
    def likelihood_ratio_test(self) -> TestResult:
        """All covariates' coefficients zero: likelihood-ratio test (takes no clusters)."""
        gain = 2 * (self.log_likelihood - self.log_likelihood_null)
        return TestResult.chi2(max(gain, 0.0), len(self.covariates), "Likelihood-ratio test")

    @property
    def summary(self) -> pd.DataFrame:
        """The covariates' coefficients, time ratios, errors and 95% intervals."""
        names = self.covariates
        errors, naive = self.standard_errors[names], self.naive_standard_errors[names]
        table = coefficient_table(self.params[names], errors, naive, RATIO)
        return table.rename_axis("covariate")

    @property
    def hazard_ratios(self) -> pd.DataFrame:
        """Hazard ratios of a Weibull model, which has proportional hazards: exp(-b / s).

        Raises
        ------
        FitError
            Another distribution, whose hazard ratios change with time.
        """
        if self.distribution != "weibull":
            msg = (
                f"the hazard ratios of a {self.distribution} model change with time; "
                "distribution='weibull' has constant ones"
            )
            raise FitError(msg)
        names, scale = self.covariates, self.scale
        beta = self.params[names]
        # Derivatives of -b exp(-log s) by b and by log s.
        slopes = np.hstack([-np.eye(len(names)) / scale, (beta.to_numpy() / scale)[:, None]])
        errors = []
        for variance in (self.variance, self.naive_variance):
            own = variance.loc[[*names, "log(scale)"], [*names, "log(scale)"]].to_numpy()
            errors.append(pd.Series(np.sqrt(np.diag(slopes @ own @ slopes.T)), index=names))
        table = coefficient_table(-beta / scale, errors[0], errors[1], "hazard ratio")
        return table.rename_axis("covariate")

    def predict_survival(
        self, rows: pd.DataFrame, times: float | Sequence[float], *, conf_level: float = 0.95
    ) -> pd.DataFrame:
        """Probability of no event by each time, for fixed covariates.

        Parameters
        ----------
        rows : DataFrame
            The formula's columns, one row for each prediction.
        times : float or sequence of float
            Any times from 0 on, also after the last in the data.
        conf_level : float
            Coverage of the pointwise intervals (log-log, by the delta method).

        Returns
        -------
        DataFrame
            Columns id (the row's index label), time, estimate, std_error, lower, upper.

        Raises
        ------
        PanelError
            Missing or infinite values.
        FitError
            Times below 0.
        """
        check_limit_options(conf_level)
        wanted = np.atleast_1d(np.asarray(times, dtype=float))
        if not (wanted >= 0).all():
            msg = f"times must be numbers from 0 on; they are {wanted.tolist()}"
            raise FitError(msg)
        x = np.repeat(self._matrix(rows), len(wanted), axis=0)
        time = np.tile(wanted, len(rows))
        kind = DISTRIBUTIONS[self.distribution]
        with np.errstate(divide="ignore"):
            z = (np.log(time) - x @ self.params.to_numpy()[:-1]) / self.scale
        born = np.isfinite(z)
        hazard, density, _ = kind.cumulative(np.where(born, z, 0.0))
        survival = np.where(born, np.exp(-hazard), 1.0)
        slopes = np.column_stack([-x / self.scale, -np.where(born, z, 0.0)])
        error = np.where(born, survival * density, 0.0) * self._delta(slopes)
        lower, upper = probability_limits(survival, error, conf_level, "log-log")
        return pd.DataFrame(
            {
                "id": np.repeat(rows.index.to_numpy(), len(wanted)),
                "time": time,
                "estimate": survival,
                "std_error": error,
                "lower": lower,
                "upper": upper,
            }
        )

    def predict_quantile(
        self, rows: pd.DataFrame, p: float = 0.5, *, conf_level: float = 0.95
    ) -> pd.DataFrame:
        """Time by which a share p has had the event, for fixed covariates: the median at 0.5.

        Parameters
        ----------
        rows : DataFrame
            The formula's columns, one row for each prediction.
        p : float
            A share between 0 and 1.
        conf_level : float
            Coverage of the intervals (on the scale of log time, by the delta method).

        Returns
        -------
        DataFrame
            Columns id (the row's index label), p, estimate, std_error, lower, upper.

        Raises
        ------
        PanelError
            Missing or infinite values.
        FitError
            A share outside 0 to 1.
        """
        check_limit_options(conf_level)
        if not 0 < p < 1:
            msg = f"p must be between 0 and 1, such as 0.5 for the median; it is {p!r}"
            raise FitError(msg)
        x = self._matrix(rows)
        q = float(DISTRIBUTIONS[self.distribution].quantile(np.array([p]))[0])
        log_time = x @ self.params.to_numpy()[:-1] + self.scale * q
        error = self._delta(np.column_stack([x, np.full(len(x), self.scale * q)]))
        wide = normal_quantile(conf_level) * error
        return pd.DataFrame(
            {
                "id": rows.index.to_numpy(),
                "p": p,
                "estimate": np.exp(log_time),
                "std_error": np.exp(log_time) * error,
                "lower": np.exp(log_time - wide),
                "upper": np.exp(log_time + wide),
            }
        )

    def plot(self, **options: Any) -> Figure:
        """Draw the time ratios with their intervals; options go to `belbiotech.plots.forest`."""
        options.setdefault("title", self._report().title)
        references = self.matrix.references
        return ratio_plot(self.summary, RATIO, references=references, **options)

    def _matrix(self, rows: pd.DataFrame) -> FloatArray:
        """Covariates of rows to predict for, with a column of ones at the end."""
        anything = rows.assign(**{"(from)": 0.0, "(to)": 1.0})
        check_rows(anything, [], start="(from)", stop="(to)", columns=self.formula.columns)
        x = design_matrix(self.formula, rows, self.matrix.spec).x
        return np.hstack([x, np.ones((len(x), 1))])

    def _delta(self, slopes: FloatArray) -> FloatArray:
        """Give standard errors from derivatives by the parameters, (r, p)."""
        squares = np.einsum("ij,jk,ik->i", slopes, self.variance.to_numpy(), slopes)
        errors: FloatArray = np.sqrt(np.maximum(squares, 0.0))
        return errors

    def _report(self) -> Report:
        shown = ["coef", RATIO, "se(coef)", f"{RATIO} lower 95%", f"{RATIO} upper 95%", "z", "p"]
        title = f"Accelerated failure time ({self.distribution}): {self.formula.text}"
        return Report(title, self.summary[shown], tuple(self._notes()))

    def _notes(self) -> list[str]:
        errors = "errors from the information"
        if self.cluster:
            errors = f"errors clustered by {' and '.join(self.cluster)}"
            errors += f" ({self.n_clusters:,d} clusters)"
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
