"""Accelerated failure time models fitted by lifelines, and brought to the very maximum.

lifelines stops when its optimiser is content, at about five digits; a few steps of
Newton-Raphson from there give the same digits as R's ``survreg``.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import BelbiotechWarning, FitError
from belbiotech.survival.discrete.binomial import Binomial, separation_message
from belbiotech.survival.inference.identification import (
    refuse_collinear,
    separating_direction,
    standardise,
)
from belbiotech.survival.parametric.location_scale import (
    DISTRIBUTIONS,
    AftDesign,
    AftLikelihood,
    DistributionName,
    aft_likelihood,
)
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["AftMaximum", "fit_aft"]

MAX_STEPS = 60
SETTLED = 1e-9  # largest last step of a standardised coefficient: its error is the square
NO_SPREAD = -15.0  # log s below which the model says that nothing is left to chance


@dataclass(frozen=True)
class AftMaximum:
    """Coefficients where the likelihood is highest.

    Attributes
    ----------
    theta : array of float, (p + 1,)
        Coefficients, and log s.
    naive : array of float, (p + 1, p + 1)
        Inverse of the information.
    log_likelihood : float
        At the maximum.
    scores : array of float, (n, p + 1)
        Each spell's part of the score, not weighted.
    """

    theta: FloatArray
    naive: FloatArray
    log_likelihood: float
    scores: FloatArray


def fit_aft(
    design: AftDesign, distribution: DistributionName, names: Sequence[str], outcome: str
) -> AftMaximum:
    """Fit by lifelines, then by Newton-Raphson.

    Parameters
    ----------
    design : AftDesign
        Spells of positive weight; covariates, then a column of ones.
    distribution : {"weibull", "lognormal", "loglogistic"}
        Of the times.
    names : sequence of str, (p,)
        Names of the coefficients.
    outcome : str
        Name of the event, for messages.

    Returns
    -------
    AftMaximum
        In the covariates' own units.

    Raises
    ------
    FitError
        Covariates that are constant or collinear, a group without events, a distribution that
        does not fit the data at all.
    """
    ones = (np.arange(len(names)) == len(names) - 1).astype(float)
    standard = standardise(design.x, ones, design.weight)
    refuse_collinear(standard.x, names, 1, "time")
    _refuse_separation(design, names, outcome)
    inner = replace(design, x=standard.x)
    theta = _newton(inner, _by_lifelines(inner, distribution), distribution)
    best = aft_likelihood(inner, DISTRIBUTIONS[distribution], theta)
    if np.linalg.eigvalsh(best.information).min() <= 0:
        raise _no_fit(distribution, "the likelihood is flat in some direction, without a maximum")
    back = np.eye(len(theta))
    back[:-1, :-1] = standard.back
    return AftMaximum(
        theta=back @ theta,
        naive=back @ np.linalg.inv(best.information) @ back.T,
        log_likelihood=best.value,
        scores=np.asarray(np.linalg.solve(back.T, best.scores.T).T, dtype=np.float64),
    )


def _by_lifelines(design: AftDesign, distribution: DistributionName) -> FloatArray:
    """Give lifelines' estimates as coefficients and log s."""
    from lifelines import LogLogisticAFTFitter, LogNormalAFTFitter, WeibullAFTFitter
    from lifelines.exceptions import ConvergenceError

    fitters = {
        "weibull": (WeibullAFTFitter, "lambda_", "rho_", -1.0),
        "lognormal": (LogNormalAFTFitter, "mu_", "sigma_", 1.0),
        "loglogistic": (LogLogisticAFTFitter, "alpha_", "beta_", -1.0),
    }
    kind, place, shape, sign = fitters[distribution]
    table, options = _table(design)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            fitter = kind().fit(table, "exit", "event", **options)
        except (ConvergenceError, ValueError, np.linalg.LinAlgError) as error:
            raise _no_fit(distribution, f"lifelines says: {_first_line(error)}") from error
    _pass_on(told)
    params = fitter.params_
    covariates = [f"x{j}" for j in range(design.x.shape[1] - 1)]
    coefficients = [params[place, name] for name in [*covariates, "Intercept"]]
    return np.array([*coefficients, sign * params[shape, "Intercept"]], dtype=float)


def _table(design: AftDesign) -> tuple[pd.DataFrame, dict[str, Any]]:
    columns = {f"x{j}": design.x[:, j] for j in range(design.x.shape[1] - 1)}
    table = pd.DataFrame({**columns, "exit": np.exp(design.log_exit), "event": design.event})
    options: dict[str, Any] = {}
    if np.isfinite(design.log_entry).any():
        table["entry"] = np.exp(design.log_entry)
        options["entry_col"] = "entry"
    if not (design.weight == 1).all():
        table["weight"] = design.weight
        options["weights_col"] = "weight"
    return table, options


def _pass_on(told: Sequence[warnings.WarningMessage]) -> None:
    """Warn of what lifelines warned of, but for what the Newton steps and our errors see to."""
    from lifelines.exceptions import ApproximationWarning, ConvergenceWarning, StatisticalWarning

    settled_here = (ApproximationWarning, ConvergenceWarning, StatisticalWarning, RuntimeWarning)
    for warning in told:
        if not issubclass(warning.category, settled_here):
            text = f"lifelines: {warning.message}"
            warnings.warn(text, BelbiotechWarning, stacklevel=5)


def _newton(design: AftDesign, theta: FloatArray, distribution: DistributionName) -> FloatArray:
    """Newton-Raphson with step halving, from a good start."""
    kind = DISTRIBUTIONS[distribution]
    now = aft_likelihood(design, kind, theta)
    for _ in range(MAX_STEPS):
        step = _uphill(design, now)
        for _ in range(40):
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                following = aft_likelihood(design, kind, theta + step)
            if following.value >= now.value - 1e-12 * abs(now.value):
                break
            step = step / 2
        else:
            raise _no_fit(distribution, "the likelihood does not rise along its slope")
        theta, now = theta + step, following
        if theta[-1] < NO_SPREAD:
            raise _no_fit(distribution, "the covariates tell the times without error (scale 0)")
        if np.abs(step).max() < SETTLED:
            return theta
    raise _no_fit(distribution, f"no maximum found in {MAX_STEPS} Newton-Raphson steps")


def _uphill(design: AftDesign, now: AftLikelihood) -> FloatArray:
    """Solve for the Newton step; bend it uphill where the likelihood is not concave."""
    score = design.weight @ now.scores
    values, vectors = np.linalg.eigh(now.information)
    values = np.maximum(np.abs(values), 1e-12 * np.abs(values).max())
    step: FloatArray = vectors @ ((vectors.T @ score) / values)
    return step


def _first_line(error: Exception) -> str:
    """Give the first sentence of a message that goes on for long."""
    return str(error).strip().split("\n")[0].split(". ")[0]


def _no_fit(distribution: str, reason: str) -> FitError:
    return FitError(
        f"the {distribution} distribution cannot be fitted: {reason}; try another distribution "
        "(compare_distributions shows which can be), or fewer covariates"
    )


def _refuse_separation(design: AftDesign, names: Sequence[str], outcome: str) -> None:
    """Stop where survival can be made ever longer for rows without events, and for no other."""
    scale = np.abs(design.x).max(axis=0)
    x = design.x / scale
    sides = np.vstack([x[design.event], -x[design.event], x[~design.event]])
    direction = separating_direction(sides)
    if direction is None:
        return
    rows = Binomial(
        x=design.x,
        names=tuple(names),
        ones=(np.arange(len(names)) == len(names) - 1).astype(float),
        baseline=1,
        event=design.event.astype(np.int64),
        number=np.ones(len(design.x)),
        weight=design.weight,
        outcome=outcome,
        time="time",
    )
    told = separation_message(rows, direction / scale)
    msg = f"the likelihood has no maximum: {told} (one row a unit); leave it out, or merge levels"
    raise FitError(msg)
