"""What every fit of a model holds, and what every result of one shows of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import numpy as np
import pandas as pd

from belbiotech.survival.inference.model_column import ModelColumn, clusters_in_words, estimates_of
from belbiotech.survival.inference.report import Ratios, coefficient_table, errors_of
from belbiotech.survival.inference.test_result import TestResult
from belbiotech.survival.inference.variance import chi_square_of

__all__ = [
    "Estimates",
    "EstimatesBeside",
    "EstimatesOfOne",
    "Fitted",
    "FittedBeside",
    "FittedOfOne",
    "Numbers",
    "Shown",
    "bic_of",
    "clusters_counted",
    "errors_in_words",
    "of_fit",
]

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Estimates:
    """The numbers that every fit has.

    Attributes
    ----------
    params : Series
        Coefficients by name.
    variance, naive_variance : DataFrame, (p, p)
        Robust where clusters are given, and from the information alone.
    log_likelihood : float
        At the maximum.
    n_rows : int
        Rows of the data.
    clusters : tuple of int
        How many clusters there are, by each column.
    """

    params: pd.Series
    variance: pd.DataFrame
    naive_variance: pd.DataFrame
    log_likelihood: float
    n_rows: int
    clusters: tuple[int, ...] = ()

    @property
    def n_clusters(self) -> int | None:
        """Clusters of the first column, if any were given."""
        return self.clusters[0] if self.clusters else None


@dataclass(frozen=True, kw_only=True)
class EstimatesBeside(Estimates):
    """The numbers of a fit that has coefficients beside the covariates': of time, or a constant.

    Attributes
    ----------
    covariates : tuple of str
        Names of the covariates' coefficients, the first in ``params``.
    cluster : tuple of str
        Columns of the clusters.
    """

    covariates: tuple[str, ...]
    cluster: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class EstimatesOfOne(EstimatesBeside):
    """The numbers of such a fit to one outcome.

    Attributes
    ----------
    log_likelihood_null : float
        Without covariates.
    n_events : int
        Events.
    """

    log_likelihood_null: float
    n_events: int


class Numbers(Protocol):
    """What a result shows the numbers of: a fit, or a result of one."""

    @property
    def params(self) -> pd.Series:
        """Coefficients, by name."""

    @property
    def variance(self) -> pd.DataFrame:
        """Their variance."""

    @property
    def naive_variance(self) -> pd.DataFrame:
        """Their variance from the information alone."""

    @property
    def log_likelihood(self) -> float:
        """At the maximum."""

    @property
    def n_clusters(self) -> int | None:
        """Clusters of the first column, if any were given."""


@dataclass(frozen=True, repr=False)
class Shown(Ratios):
    """A result that shows as its own the numbers of a fit, or of another result.

    Attributes
    ----------
    fit : Numbers
        Whose numbers they are.
    """

    fit: Numbers

    @property
    def params(self) -> pd.Series:
        """Coefficients, by name."""
        return self.fit.params

    @property
    def covariates(self) -> list[str]:
        """Names of the covariates' coefficients."""
        return list(self.fit.params.index)

    @property
    def variance(self) -> pd.DataFrame:
        """Variance of the coefficients, (p, p), robust where clusters were given."""
        return self.fit.variance

    @property
    def naive_variance(self) -> pd.DataFrame:
        """Variance of the coefficients, (p, p), from the information alone."""
        return self.fit.naive_variance

    @property
    def standard_errors(self) -> pd.Series:
        """Standard errors of the coefficients, robust where clusters were given."""
        return errors_of(self.fit.variance).reindex(self.params.index)

    @property
    def naive_standard_errors(self) -> pd.Series:
        """Standard errors from the information alone."""
        return errors_of(self.fit.naive_variance).reindex(self.params.index)

    @property
    def log_likelihood(self) -> float:
        """Log likelihood at the maximum."""
        return self.fit.log_likelihood

    @property
    def n_clusters(self) -> int | None:
        """Clusters of the first column, if any were given."""
        return self.fit.n_clusters

    def summary_at(self, conf_level: float = 0.95) -> pd.DataFrame:
        """Give the covariates' coefficients, their exponentials, errors and intervals.

        Parameters
        ----------
        conf_level : float
            Coverage of the intervals.

        Returns
        -------
        DataFrame
            Indexed by covariate.
        """
        return self._summary(conf_level)

    def _summary(self, conf_level: float) -> pd.DataFrame:
        raise NotImplementedError


def bic_of(aic: float, log_likelihood: float, n_events: Any) -> float:
    """Compute the Bayesian information criterion from Akaike's.

    Parameters
    ----------
    aic, log_likelihood : float
        Of the model.
    n_events : int or Series
        Events: a number, or one for each outcome.

    Returns
    -------
    float
        Each parameter costs the log of all events, not of the rows (Volinsky and Raftery 2000).
    """
    parameters = (aic + 2 * log_likelihood) / 2
    return float(-2 * log_likelihood + np.log(np.sum(n_events)) * parameters)


@dataclass(frozen=True, repr=False)
class Fitted(Shown):
    """A result that stands on a fit, and shows its numbers as its own.

    Attributes
    ----------
    fit : Estimates
        The numbers of the fit.
    """

    fit: Estimates

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        raise NotImplementedError

    @property
    def bic(self) -> float:
        """Bayesian information criterion: as `aic`, a coefficient costs the log of the events.

        Events, not rows, since they carry the information (Volinsky and Raftery 2000), as R has it
        for Cox models.
        """
        return bic_of(self.aic, self.log_likelihood, self.n_events)

    @property
    def n_events(self) -> Any:
        """Events: a number, or one for each outcome."""
        raise NotImplementedError

    @property
    def n_rows(self) -> int:
        """Rows of the data, frequencies counted."""
        return self.fit.n_rows


@dataclass(frozen=True, repr=False)
class FittedBeside(Fitted):
    """A result whose fit has coefficients beside the covariates'.

    Attributes
    ----------
    fit : EstimatesBeside
        The numbers of the fit.
    """

    fit: EstimatesBeside

    @property
    def covariates(self) -> list[str]:
        """Names of the covariates' coefficients."""
        return list(self.fit.covariates)

    def _covariate_table(self, ratio: str, conf_level: float = 0.95) -> pd.DataFrame:
        """Give the covariates' coefficients, ratios, errors and intervals."""
        names = self.covariates
        errors, naive = self.standard_errors[names], self.naive_standard_errors[names]
        table = coefficient_table(self.params[names], errors, naive, ratio, conf_level)
        return table.rename_axis("covariate")


@dataclass(frozen=True, repr=False)
class FittedOfOne(FittedBeside):
    """A result whose fit has coefficients beside the covariates', and one outcome.

    Attributes
    ----------
    fit : EstimatesOfOne
        The numbers of the fit.
    """

    fit: EstimatesOfOne

    @property
    def events_per_parameter(self) -> float:
        """Events for each coefficient of a covariate; under ten, estimates are unreliable."""
        return self.n_events / len(self.covariates) if self.covariates else np.inf

    def _kind(self) -> tuple[str, str, Mapping[str, str]]:
        """Give the outcome, what the exponential of a coefficient is, and reference levels."""
        raise NotImplementedError

    def as_columns(self, *, conf_level: float = 0.95) -> list[ModelColumn]:
        """Give the numbers of a printed table: one column, the covariates' coefficients."""
        names = self.covariates
        outcome, ratio, references = self._kind()
        return [
            ModelColumn(
                name=outcome,
                ratio=ratio,
                estimates=estimates_of(self.params[names], self.standard_errors[names], conf_level),
                references=dict(references),
                events=self.n_events,
                rows=self.n_rows,
                clusters=self.n_clusters,
                log_likelihood=self.log_likelihood,
                aic=self.aic,
                errors=clusters_in_words(self.fit.cluster),
            )
        ]

    @property
    def log_likelihood_null(self) -> float:
        """Log likelihood without covariates."""
        return self.fit.log_likelihood_null

    @property
    def n_events(self) -> int:
        """Events."""
        return self.fit.n_events

    @property
    def likelihood_ratio_test(self) -> TestResult:
        """All covariates' coefficients zero: likelihood-ratio test (takes no clusters)."""
        gain = 2 * (self.log_likelihood - self.log_likelihood_null)
        return TestResult.chi2(max(gain, 0.0), len(self.covariates), "Likelihood-ratio test")

    @property
    def wald_test(self) -> TestResult:
        """All covariates' coefficients zero: Wald test, robust where clusters were given."""
        names = self.covariates
        variance = self.variance.loc[names, names].to_numpy()
        statistic = chi_square_of(self.params[names].to_numpy(), variance)
        return TestResult.chi2(statistic, len(names), "Wald test")


def of_fit(function: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[Any, P], R]:
    """Make a result's method of a function whose first argument is the fit.

    Parameters
    ----------
    function : callable
        Its page is the method's.

    Returns
    -------
    callable
        The same, with the result's ``fit`` for the first argument.
    """

    @wraps(function)
    def method(result: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return function(result.fit, *args, **kwargs)

    return method


def clusters_counted(clusters: Sequence[int]) -> str:
    """Say how many clusters there are, by each column.

    Parameters
    ----------
    clusters : sequence of int
        How many, one or two.

    Returns
    -------
    str
        In words.

    Examples
    --------
    >>> clusters_counted([1200, 30])
    '1,200 and 30 clusters'
    """
    return " and ".join(f"{number:,d}" for number in clusters) + " clusters"


def errors_in_words(cluster: Sequence[str], clusters: Sequence[int]) -> str:
    """Say where the standard errors come from.

    Parameters
    ----------
    cluster : sequence of str
        Columns of the clusters; empty where there are none.
    clusters : sequence of int
        How many there are, by each column.

    Returns
    -------
    str
        For the notes under a table.

    Examples
    --------
    >>> errors_in_words(["firm_id", "year"], [1200, 30])
    'errors clustered by firm_id and year (1,200 and 30 clusters)'
    >>> errors_in_words([], [])
    'errors from the information'
    """
    if not cluster:
        return "errors from the information"
    return f"errors clustered by {' and '.join(cluster)} ({clusters_counted(clusters)})"
