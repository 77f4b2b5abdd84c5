"""The numbers of a fitted Cox model: data only, from which everything else is computed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, on_screen
from belbiotech.survival.cox.partial_likelihood import Design, RiskSets, linear_predictor
from belbiotech.survival.cox.rows import CoxModel
from belbiotech.survival.cox.streams.totals import StreamedModel
from belbiotech.survival.inference.fitted import Estimates
from belbiotech.survival.inference.test_result import TestResult
from belbiotech.survival.rows.checks import FloatArray
from belbiotech.survival.rows.column_codes import Codes

__all__ = [
    "CoxFit",
    "FirthFit",
    "FrailtyFit",
    "RidgeFit",
    "finite_risk",
    "linear_predictor_of",
    "refuse_streamed",
    "risk_of",
    "with_known_frailty",
]


@dataclass(frozen=True, repr=False)
class FirthFit:
    """What Firth's penalty adds to a fit.

    Attributes
    ----------
    log_likelihood : float
        The log likelihood at the estimates, without the penalty.
    intervals : DataFrame
        By coefficient: lower and upper, where the profile of the penalised likelihood has
        fallen to the 95% limit; infinite where it never does.
    tests : DataFrame
        By coefficient: statistic, df, p_value of the penalised likelihood-ratio test.
    """

    log_likelihood: float
    intervals: pd.DataFrame
    tests: pd.DataFrame

    def __repr__(self) -> str:
        return on_screen(f"{self.note()}\n{self.intervals.join(self.tests).to_string()}")

    def note(self) -> str:
        """Say what the numbers are, for below a table."""
        return "Firth's penalty: log likelihood penalised, intervals and p-values from its profile"


@dataclass(frozen=True, repr=False)
class RidgeFit:
    """What a ridge penalty adds to a fit.

    Attributes
    ----------
    strength : float
        theta of the penalty, theta / 2 times the sum of the squared coefficients.
    df : float
        Degrees of freedom that are left: the trace of I (I + theta)^-1 (Gray 1992).
    curve : DataFrame or None
        Where the strength was chosen by cross-validation, what it was chosen from: strength,
        log_likelihood.
    """

    strength: float
    df: float
    curve: pd.DataFrame | None = field(default=None, repr=False, compare=False)

    def __repr__(self) -> str:
        return self.note()

    def note(self) -> str:
        """Say what was taken off the likelihood, for below a table."""
        chosen = "" if self.curve is None else " (chosen by cross-validation)"
        return (
            f"Ridge penalty {self.strength:g}{chosen}: {self.df:.2f} degrees of freedom; estimates "
            "are drawn to 0, and errors do not count that"
        )


@dataclass(frozen=True, repr=False)
class FrailtyFit:
    """What a shared frailty adds to a fit.

    Attributes
    ----------
    column : str
        The column of the groups.
    theta : float
        Variance of the frailty; 0 where the groups do not differ by more than chance.
    log_likelihood_without : float
        Log likelihood of the same model without frailty.
    test : TestResult
        Likelihood-ratio test of no frailty. Zero is the least that a variance can be, so that
        the p-value is half that of chi-squared with 1 df (Self and Liang 1987).
    effects : Series
        Estimated frailty of each group: above 1, it fails more than its covariates say.
    offset : array of float, (m,)
        Log frailty of each distinct row.
    """

    column: str
    theta: float
    log_likelihood_without: float
    test: TestResult
    effects: pd.Series
    offset: FloatArray

    def __repr__(self) -> str:
        return on_screen(f"{self.note()}\n{self.effects.to_string()}")

    def note(self) -> str:
        """Say how much the groups differ, for below a table."""
        return (
            f"Gamma frailty of {self.column} ({len(self.effects):,d}): variance {self.theta:.4g}, "
            f"likelihood ratio {self.test.statistic:.2f}, p {self.test.p_value:.3g} (half of "
            "chi-squared); log likelihood is the marginal one"
        )


@dataclass(frozen=True)
class CoxFit(CoxModel, Estimates):
    """A Cox model with its estimates: what it was fitted to, and the numbers of the fit.

    Attributes
    ----------
    design, matrix, centre, rows, ties
        As in `CoxModel`.
    sets : RiskSets
        The risk sets of the design.
    params, variance, naive_variance, log_likelihood, n_rows, clusters
        As in `Estimates`: coefficients are log hazard ratios, the likelihood is the partial one,
        and rows are counted with their frequencies, as events are.
    log_likelihood_null : float
        Partial log likelihood with all coefficients zero.
    naive_score_statistic : float
        Of the score test at zero, from the information alone.
    n_events : int
        Events.
    groups : tuple of array of int, (n,)
        The cluster of each row, for each way of clustering.
    is_robust : bool
        Whether the variance is robust: by clusters, or by row.
    frailty : FrailtyFit or None
        Variance of the shared frailty, its test, and the frailty of each group.
    firth : FirthFit or None
        With Firth's penalty: profile-likelihood intervals and penalised tests.
    ridge : RidgeFit or None
        With a ridge penalty: its strength and the degrees of freedom that it leaves.
    streamed : StreamedModel or None
        What reads the rows in batches, where they were: the design has none then.
    """

    sets: RiskSets
    log_likelihood_null: float
    naive_score_statistic: float
    n_events: int
    groups: tuple[Codes, ...] = ()
    is_robust: bool = False
    frailty: FrailtyFit | None = None
    firth: FirthFit | None = None
    ridge: RidgeFit | None = None
    streamed: StreamedModel | None = None


def refuse_streamed(fit: CoxFit, what: str) -> None:
    """Refuse what needs the distinct rows, of a fit that has none.

    Parameters
    ----------
    fit : CoxFit
        The fit.
    what : str
        What was asked for.

    Raises
    ------
    FitError
        Where rows were read in batches.
    """
    if fit.streamed is not None:
        msg = f"{what} of a model whose rows were read in batches; fit it without stream=True"
        raise FitError(msg)


def linear_predictor_of(fit: CoxFit) -> FloatArray:
    """Compute the centred ``x b`` of each distinct row, (m,), with its group's log frailty.

    Parameters
    ----------
    fit : CoxFit
        The fit.

    Returns
    -------
    array of float, (m,)
        Column by column, so that equal rows are equal to the last bit, and tie.
    """
    total = linear_predictor(fit.design.x.T, fit.params.to_numpy(), fit.design.offset)
    return total if fit.frailty is None else total + fit.frailty.offset


def finite_risk(linear: FloatArray) -> FloatArray:
    """Give the risk of linear predictors, (n,), and refuse one whose exponential is no number.

    Parameters
    ----------
    linear : array of float, (n,)
        Linear predictors.

    Returns
    -------
    array of float, (n,)
        Their exponentials.

    Raises
    ------
    FitError
        One above the largest number's logarithm: covariates far from those of the fit.

    Examples
    --------
    >>> finite_risk(np.array([0.0, 1e99]))
    Traceback (most recent call last):
    belbiotech.errors.FitError: the linear predictor is 1e+99 in 1 row: its exponential ...
    """
    far = linear > np.log(np.finfo(float).max)
    if far.any():
        msg = (
            f"the linear predictor is {linear[far][0]:.3g} in {far.sum():,d} "
            f"{'row' if far.sum() == 1 else 'rows'}: its exponential is no number; the covariates "
            "are too far from those of the fit: mend them, or leave those rows out"
        )
        raise FitError(msg)
    risk: FloatArray = np.exp(linear)
    return risk


def risk_of(fit: CoxFit) -> FloatArray:
    """Compute the risk of each distinct row relative to the mean covariates, (m,).

    Parameters
    ----------
    fit : CoxFit
        The fit.

    Returns
    -------
    array of float, (m,)
        The exponential of `linear_predictor_of`.
    """
    return np.exp(linear_predictor_of(fit))


def with_known_frailty(fit: CoxFit) -> tuple[Design, FloatArray]:
    """Take the estimated frailties as known.

    Parameters
    ----------
    fit : CoxFit
        The fit.

    Returns
    -------
    Design, array of float, (p,)
        Design and coefficients; with a frailty, the log frailty of each row is one more column of
        the design, the last, with a coefficient of 1.
    """
    beta = fit.params.to_numpy()
    if fit.frailty is None:
        return fit.design, beta
    x = np.column_stack([fit.design.x, fit.frailty.offset])
    return replace(fit.design, x=x), np.append(beta, 1.0)
