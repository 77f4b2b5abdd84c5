"""Lives sent through the years under a rule for the exposure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, in_words
from belbiotech.survival.causal.g_models import BEFORE, GModels, GPlan
from belbiotech.survival.causal.probabilities import Fitted
from belbiotech.survival.rows.checks import FloatArray, IntArray

__all__ = ["Lives", "Strategy"]

Strategy = Callable[[float, pd.DataFrame], Any]


@dataclass(frozen=True)
class Lives:
    """Units to be sent through the years, with the same chances under every strategy.

    Attributes
    ----------
    plan : GPlan
        The rows and how they were modelled.
    exposure, outcome : str
        Columns.
    fates : tuple of str
        All fates, in the order in which they are drawn in a year.
    first : array of int
        Rows in which lives begin.
    years, number, seed : int
        Years to simulate, lives, and the seed of all chance.
    """

    plan: GPlan
    exposure: str
    outcome: str
    fates: tuple[str, ...]
    first: IntArray
    years: int
    number: int
    seed: int

    def course(
        self, models: GModels, rule: Strategy | None, frequency: FloatArray | None
    ) -> tuple[FloatArray, pd.DataFrame]:
        """Simulate lives under a rule, or as they are (None).

        Returns
        -------
        survival : array of float, (years,)
            1 minus the incidence of the outcome.
        path : DataFrame
            By year the means of what is simulated among those alive, and the share alive.
        """
        rng = np.random.default_rng(self.seed)
        units = self._drawn(rng, frequency)
        plan, age = self.plan, float(self.plan.table[self.plan.start].min())
        alive, happened = np.ones(len(units)), np.zeros(len(units))
        incidence, means = [], []
        for year in range(self.years):
            units[plan.start] = units[plan.start].to_numpy() * 0 + age
            self._moved(units, models, rule, rng, age, first=year == 0)
            seen = {
                name: np.average(units[name].to_numpy(float), weights=alive) for name in plan.names
            }
            means.append({"time": age + 1, "alive": alive.mean(), **seen})
            for name in self.fates:
                fitted = models.fates[name]
                chance = fitted.mean(fitted.matrix(units))
                if name == self.outcome:
                    happened += alive * chance
                alive = alive * (1 - chance)
            incidence.append(happened.mean())
            age += 1
        return 1 - np.array(incidence), pd.DataFrame(means)

    def _drawn(self, rng: np.random.Generator, frequency: FloatArray | None) -> pd.DataFrame:
        """Draw the units that begin, with their first row."""
        weight = np.ones(len(self.first)) if frequency is None else frequency[self.first]
        # Evenly spaced draws from the weights: less noise than independent ones.
        edges = np.cumsum(weight) / weight.sum()
        place = np.searchsorted(edges, (np.arange(self.number) + rng.random()) / self.number)
        rows = self.first[np.minimum(place, len(self.first) - 1)]
        return self.plan.table.iloc[rows].reset_index(drop=True)

    def _moved(
        self,
        units: pd.DataFrame,
        models: GModels,
        rule: Strategy | None,
        rng: np.random.Generator,
        age: float,
        *,
        first: bool,
    ) -> None:
        """Draw a year's covariates and exposure, in place."""
        for name in self.plan.names:
            units[f"{name}{BEFORE}"] = 0.0 if first else units[name].to_numpy(dtype=float)
        for covariate in self.plan.order:
            name = covariate.name
            chance = rng.random(len(units))
            if name == self.exposure and rule is not None:
                asked = _asked(rule, age, units, name)
                units[name] = pd.Series(asked, units.index).astype(self.plan.table[name].dtype)
            elif not first:
                value = _next_value(units, models.covariates[name], covariate.kind, name, chance)
                units[name] = pd.Series(value, units.index).astype(self.plan.table[name].dtype)


def _means(units: pd.DataFrame, plan: GPlan, alive: FloatArray) -> dict[str, float]:
    return {n: float(np.average(units[n].to_numpy(float), weights=alive)) for n in plan.names}


def _next_value(
    units: pd.DataFrame, fitted: Fitted, kind: str, name: str, chance: FloatArray
) -> FloatArray:
    before = units[f"{name}{BEFORE}"].to_numpy(dtype=float)
    mean = fitted.mean(fitted.matrix(units))
    if kind == "status":
        either: FloatArray = np.maximum(before, (chance < mean).astype(np.float64))
        return either
    if kind == "switch":
        return (chance < mean).astype(np.float64)
    from scipy.stats import poisson

    drawn: FloatArray = poisson.ppf(chance, mean)
    grown: FloatArray = before + drawn
    return grown if kind == "stock" else drawn


def _asked(rule: Strategy, age: float, units: pd.DataFrame, name: str) -> FloatArray:
    """Ask a strategy for the exposure of a year."""
    answer = rule(age, units)
    try:
        values = np.array(np.broadcast_to(np.asarray(answer, dtype=float), len(units)))
    except (TypeError, ValueError):
        values = np.full(len(units), np.nan)
    good = np.isfinite(values) & (values >= 0) & (values == np.floor(values))
    if not good.all():
        shown = answer if np.ndim(answer) == 0 else values[~good][0]
        msg = (
            f"the strategy gives {in_words(shown)} for {name!r} at age {age:g}: an exposure is 0 "
            "or 1, or a whole number of things, one for all units or one for each"
        )
        raise FitError(msg)
    return values
