"""The two outcome models of a marginal structural model, strategies, and survival along them.

All that this room needs of the insides of `cox` and `discrete_hazard` is here: coefficients of the
covariates, and the baseline with all covariates at zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, in_words
from belbiotech.survival.cox.result import CoxResult
from belbiotech.survival.discrete.hazard import discrete_hazard
from belbiotech.survival.discrete.links import LINKS
from belbiotech.survival.discrete.result import DiscreteHazardResult
from belbiotech.survival.rows.checks import FloatArray
from belbiotech.survival.states.cox_fit import cox_of_rows

__all__ = [
    "OutcomeModel",
    "Rule",
    "Strategies",
    "baseline_of",
    "covariate_effects",
    "followed",
    "named_rules",
    "survival_along",
]

WEIGHT, OFTEN = "(weight)", "(often)"


@dataclass(frozen=True)
class OutcomeModel:
    """How the outcome is modelled in the weighted rows.

    Attributes
    ----------
    formula : str
        ``"outcome ~ exposure + covariates"``.
    kind : {"cox", "discrete"}
        Which model.
    options : dict
        Further arguments of `cox` or `discrete_hazard`.
    start, stop : str
        Columns of the interval.
    """

    formula: str
    kind: Literal["cox", "discrete"]
    options: dict[str, Any]
    start: str
    stop: str

    def fit(
        self,
        data: pd.DataFrame,
        weight: FloatArray,
        cluster: str | None,
        frequency: FloatArray | None = None,
    ) -> CoxResult | DiscreteHazardResult:
        """Fit the model to weighted rows.

        Parameters
        ----------
        data : DataFrame, (n, k)
            The rows.
        weight : array of float, (n,)
            Their weights.
        cluster : str or None
            Column of the clusters.
        frequency : array of float, (n,), optional
            How often each row counts.

        Returns
        -------
        CoxResult or DiscreteHazardResult
            The fit.
        """
        rows = data.assign(**{WEIGHT: weight})
        times: dict[str, Any] = {"start": self.start, "stop": self.stop}
        if self.kind == "cox":
            if frequency is not None:
                rows = rows.assign(**{OFTEN: frequency.astype(np.int64)})[frequency > 0]
                times["frequency"] = OFTEN
            return cox_of_rows(
                self.formula, rows, weights=WEIGHT, cluster=cluster, **times, **self.options
            )
        if frequency is not None:
            rows = rows.assign(**{WEIGHT: weight * frequency})[frequency > 0]
        return discrete_hazard(
            self.formula,
            rows,
            weights=WEIGHT,
            cluster=cluster,
            overlap="allow",
            **times,
            **self.options,
        )


def covariate_effects(fit: CoxResult | DiscreteHazardResult) -> pd.Series:
    """Give the coefficients of the covariates, without those of a baseline."""
    return fit.params if isinstance(fit, CoxResult) else fit.params[fit.covariates]


def baseline_of(fit: CoxResult | DiscreteHazardResult) -> pd.DataFrame:
    """Give the baseline with all covariates zero: time, and the hazard of (or up to) it.

    Returns
    -------
    DataFrame
        Columns time and hazard: increments of the cumulated hazard of a Cox model, or the
        probability of the period that ends at time.
    """
    if isinstance(fit, CoxResult):
        table = fit.baseline_cumulative_hazard
        steps = np.diff(table["hazard"].to_numpy(), prepend=0.0)
        return pd.DataFrame({"time": table["time"], "hazard": steps})
    table = fit.baseline_hazard
    return pd.DataFrame({"time": table["stop"], "hazard": table["hazard"]})


def survival_along(
    fit: CoxResult | DiscreteHazardResult, hazard: FloatArray, linear: FloatArray
) -> FloatArray:
    """Give survival of rows of covariates.

    Parameters
    ----------
    fit : CoxResult or DiscreteHazardResult
        The model.
    hazard : array of float, (t,)
        The baseline at each time.
    linear : array of float, (m, t)
        What the covariates of each row add up to at each time.

    Returns
    -------
    array of float, (m, t)
        The probability of no event up to each time.
    """
    if isinstance(fit, CoxResult):
        return np.exp(-np.cumsum(hazard * np.exp(linear), axis=1))
    with np.errstate(divide="ignore"):
        if fit.link == "cloglog":
            eta = np.log(-np.log1p(-hazard))
        else:
            eta = np.log(hazard) - np.log1p(-hazard)
    chance = LINKS[fit.link].hazard(eta + linear)
    left: FloatArray = np.cumprod(1.0 - chance, axis=1, dtype=np.float64)
    return left


Rule = Callable[[float], float]
Strategies = Sequence[str | float] | Mapping[str, str | float | Rule]


def named_rules(strategies: Strategies) -> dict[str, Rule]:
    """Give each strategy its name and its rule.

    Parameters
    ----------
    strategies : sequence or mapping
        ``"never"``, ``"always"``, or an age from which on the exposure is there; in a mapping
        also functions from the age at which an interval begins to the exposure during it.

    Returns
    -------
    dict of str to callable
        Rules by name.

    Raises
    ------
    FitError
        No strategy, or one that is none of these.

    Examples
    --------
    >>> rules = named_rules(["never", 3])
    >>> list(rules), [rules["from age 3"](age) for age in (2.0, 3.0)]
    (['never', 'from age 3'], [0.0, 1.0])
    """
    if isinstance(strategies, (str, Real)) or not isinstance(strategies, (Sequence, Mapping)):
        msg = (
            "strategies must be a list such as ['never', 'always', 3], or a mapping of names to "
            f"rules, not {in_words(strategies)}"
        )
        raise FitError(msg)
    if isinstance(strategies, Mapping):
        given = list(strategies.items())
    else:
        given = [(_name(what), what) for what in strategies]
    if not given:
        msg = "there is no strategy; give some, such as strategies=['never', 'always']"
        raise FitError(msg)
    return {name: _rule(what) for name, what in given}


def _name(what: object) -> str:
    number = isinstance(what, Real) and not isinstance(what, bool)
    return f"from age {what:g}" if number else str(what)


def _rule(what: object) -> Rule:
    if what == "never":
        return lambda age: 0.0
    if what == "always":
        return lambda age: 1.0
    if isinstance(what, Real) and not isinstance(what, bool):
        begin = float(what)
        return lambda age: float(age >= begin)
    if callable(what):
        return what
    msg = (
        f"strategy {in_words(what)} is none: give 'never', 'always', an age from which on, or in a "
        "mapping a function from age to exposure"
    )
    raise FitError(msg)


def followed(name: str, rule: Rule, ages: FloatArray) -> FloatArray:
    """Give the exposure that a strategy has at each age.

    Parameters
    ----------
    name : str
        Of the strategy, for messages.
    rule : callable
        From age to exposure.
    ages : array of float, (t,)
        Beginnings of the intervals.

    Returns
    -------
    array of float, (t,)
        0, 1, or counts.

    Raises
    ------
    FitError
        A rule that gives something else.
    """
    values = [rule(float(age)) for age in ages]
    bad = [
        (age, value)
        for age, value in zip(ages, values, strict=True)
        if not isinstance(value, (Real, np.bool_)) or not _is_count(float(value))
    ]
    if bad:
        age, value = bad[0]
        msg = (
            f"strategy {name!r} gives {in_words(value)} at age {age:g}: an exposure is 0 or 1, or "
            "a whole number of things"
        )
        raise FitError(msg)
    return np.array(values, dtype=np.float64)


def _is_count(value: float) -> bool:
    return bool(np.isfinite(value)) and value >= 0 and value == np.floor(value)
