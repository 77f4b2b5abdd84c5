"""Models of a unit's next year, covariates and fates, and lives sent through the years by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from belbiotech.errors import (
    FitError,
    FormulaError,
    PanelError,
    in_words,
    is_one_of,
    nearest_names,
)
from belbiotech.survival.causal.histories import Histories, histories
from belbiotech.survival.causal.probabilities import ChanceModel, Family, Prepared, prepare_model
from belbiotech.survival.formulas.formula import Formula, read_formula
from belbiotech.survival.formulas.texts import quoted
from belbiotech.survival.rows.checks import (
    FloatArray,
    IntArray,
    check_rows,
    no_single_values,
    rows_in_words,
)
from belbiotech.survival.rows.plain import plain_table

__all__ = ["Covariate", "GModels", "GPlan", "Lives", "Strategy", "g_plan"]

CovariateKind = Literal["status", "switch", "count", "stock"]
BEFORE = "_before"


@dataclass(frozen=True)
class Covariate:
    """A covariate that is simulated.

    Attributes
    ----------
    name : str
        Its column.
    formula : Formula
        What it depends on: columns of the same row that come before it in the order of the
        models, ``NAME_before`` columns of the row before, and time.
    kind : {"status", "switch", "count", "stock"}
        A 0/1 that stays 1; a 0/1 that changes; a number each year; a stock that only grows, by a
        number each year.
    """

    name: str
    formula: Formula
    kind: CovariateKind


@dataclass(frozen=True)
class GModels:
    """Fitted models of one draw: the covariates', the exposure's, the fates'."""

    covariates: dict[str, ChanceModel]
    fates: dict[str, ChanceModel]


@dataclass(frozen=True)
class GPlan:
    """All that is needed to fit and to simulate.

    Attributes
    ----------
    past : Histories
        The order of the rows.
    table : DataFrame
        The rows with the columns of the row before.
    order : tuple of Covariate
        Covariates and the exposure, in the order in which they are drawn in a year.
    prepared : dict of str to Prepared
        Their models.
    used : dict of str to array of bool
        The rows of each model.
    fates : dict of str to Prepared
        Models of the fates.
    names : tuple of str
        Columns that a unit carries from year to year.
    start : str
        Column of time.
    """

    past: Histories
    table: pd.DataFrame
    order: tuple[Covariate, ...]
    prepared: dict[str, Prepared]
    used: dict[str, np.ndarray]
    fates: dict[str, Prepared]
    names: tuple[str, ...]
    start: str

    def fit(self, frequency: FloatArray | None = None) -> GModels:
        """Fit all models.

        Parameters
        ----------
        frequency : array of float, (n,), optional
            How often each row counts.

        Returns
        -------
        GModels
            By name.
        """
        covariates = {}
        for name, prepared in self.prepared.items():
            often = None if frequency is None else frequency[self.used[name]]
            covariates[name] = prepared.fit(often)
        fates = {name: model.fit(frequency) for name, model in self.fates.items()}
        return GModels(covariates, fates)


def g_plan(
    data: pd.DataFrame,
    outcomes: Mapping[str, str],
    covariates: Mapping[str, str],
    exposure: str,
    exposure_model: str,
    *,
    unit: str,
    link: Literal["logit", "cloglog"],
    start: str,
    stop: str,
) -> GPlan:
    """Check rows and prepare all models.

    Parameters
    ----------
    data, outcomes, covariates, exposure, exposure_model, unit, link, start, stop
        As of `g_formula`.

    Returns
    -------
    GPlan
        Ready to be fitted.
    """
    if not is_one_of(link, ["logit", "cloglog"]):
        msg = f"link is {in_words(link)}; {nearest_names(link, ['logit', 'cloglog'])}"
        raise FitError(msg)
    names = [*covariates, exposure]
    read = _read_by(data, [*outcomes.values(), *covariates.values(), exposure_model])
    data = check_rows(
        data, list(outcomes), start=start, stop=stop, columns=[*names, unit, *read], unit=unit
    )
    data = plain_table(data, names, numbers=names)
    _check_length(data, start, stop)
    _check_numbers(data, names)
    past = histories(data, unit, start)
    before = {f"{name}{BEFORE}": past.before(data[name].to_numpy(dtype=float)) for name in names}
    taken = [name for name in before if name in data.columns]
    if taken:
        msg = f"the data have a column {taken[0]!r}, which g_formula makes itself; rename it"
        raise PanelError(msg)
    table = data.assign(**before)
    others = [name for name in read if name not in {*names, *outcomes, start, stop, unit}]
    order, known = [], _fixed(data, others, past)
    known |= {start, *before}
    for name, right in [*covariates.items(), (exposure, exposure_model)]:
        formula = _formula(name, right, table, known)
        kind = _kind(data[name].to_numpy(dtype=float), before[f"{name}{BEFORE}"])
        order.append(Covariate(name, formula, kind))
        known.add(name)
    used, prepared = {}, {}
    later = past.number_of_row() > 0
    for covariate in order:
        response, rows, family = _response(covariate, table, later)
        used[covariate.name] = rows
        prepared[covariate.name] = prepare_model(
            covariate.formula, table[rows], response[rows], family, covariate.name
        )
    fates = {}
    for name, right in outcomes.items():
        formula = _formula(name, right, table, known)
        fates[name] = prepare_model(formula, table, data[name].to_numpy(dtype=float), link, name)
    return GPlan(past, table, tuple(order), prepared, used, fates, tuple(names), start)


def _check_length(data: pd.DataFrame, start: str, stop: str) -> None:
    length = data[stop].to_numpy(dtype=float) - data[start].to_numpy(dtype=float)
    if (length != 1).any():
        msg = (
            f"rows must be one year long; not so in {rows_in_words(data, length != 1)}: lives are "
            "simulated year by year, so cut such rows into years"
        )
        raise PanelError(msg)


def _check_numbers(data: pd.DataFrame, names: Sequence[str]) -> None:
    problems = []
    for name in names:
        values = pd.to_numeric(data[name], errors="coerce").to_numpy(dtype=float)
        bad = ~((values >= 0) & (values == np.floor(values)))
        if bad.any():
            problems.append(
                f"{name!r} must be 0/1 or a whole number to be simulated; it is not in "
                f"{rows_in_words(data, bad)}"
            )
    if problems:
        raise PanelError("\n".join(problems))


def _read_by(data: pd.DataFrame, rights: Sequence[object]) -> list[str]:
    """List the data's columns that right sides of formulas read."""
    texts = [right.strip().removeprefix("~").strip() for right in rights if isinstance(right, str)]
    read = (name for text in texts for name in read_formula(f"outcome ~ {text}").columns)
    return [name for name in dict.fromkeys(read) if name in data.columns]


def _fixed(data: pd.DataFrame, others: Sequence[str], past: Histories) -> set[str]:
    """Find the columns that never change within a unit: a simulated life keeps them."""
    others = [c for c in others if not no_single_values(data, [c])]
    fixed = set()
    first = past.first_rows()[past.unit]
    for name in others:
        codes = pd.factorize(data[name])[0]
        if (codes == codes[first]).all():
            fixed.add(name)
    return fixed


def _formula(name: str, right: object, table: pd.DataFrame, known: set[str]) -> Formula:
    if not isinstance(right, str):
        msg = f"the model of {name!r} must be the right side of a formula, not {in_words(right)}"
        raise FormulaError(msg)
    formula = read_formula(f"{quoted(name)} ~ {right.strip().removeprefix('~').strip()}")
    missing = [c for c in formula.columns if c not in known]
    if missing:
        there = [c for c in missing if c in table.columns]
        why = (
            f"{there[0]!r} changes within units and is not simulated before {name!r}: give it a "
            f"model in covariates ahead of it, or use {there[0]}_before"
            if there
            else f"there is no column {missing[0]!r}"
        )
        msg = f"model of {name!r} given {formula.right!r}: {why}"
        raise FormulaError(msg)
    return formula


def _kind(value: FloatArray, before: FloatArray) -> CovariateKind:
    binary = bool(np.isin(value, (0.0, 1.0)).all())
    grows = bool((value >= before).all())
    if binary:
        return "status" if grows else "switch"
    return "stock" if grows else "count"


def _response(
    covariate: Covariate, table: pd.DataFrame, later: np.ndarray
) -> tuple[FloatArray, np.ndarray, Family]:
    """Give what is modelled, in which rows, and how; first rows are as they are."""
    value = table[covariate.name].to_numpy(dtype=float)
    before = table[f"{covariate.name}{BEFORE}"].to_numpy(dtype=float)
    if covariate.kind == "status":
        return value, later & (before == 0), "logit"
    if covariate.kind == "switch":
        return value, later, "logit"
    if not later.any():
        msg = "no unit has a second row: nothing can be learnt of what changes"
        raise FitError(msg)
    return (value - before if covariate.kind == "stock" else value), later, "poisson"


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
                asked = _asked(rule, age, units, covariate)
                units[name] = pd.Series(asked, units.index).astype(self.plan.table[name].dtype)
            elif not first:
                value = _next_value(units, models.covariates[name], covariate.kind, name, chance)
                units[name] = pd.Series(value, units.index).astype(self.plan.table[name].dtype)


def _means(units: pd.DataFrame, plan: GPlan, alive: FloatArray) -> dict[str, float]:
    return {n: float(np.average(units[n].to_numpy(float), weights=alive)) for n in plan.names}


def _next_value(
    units: pd.DataFrame, fitted: ChanceModel, kind: str, name: str, chance: FloatArray
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


def _asked(rule: Strategy, age: float, units: pd.DataFrame, exposure: Covariate) -> FloatArray:
    """Ask a strategy for the exposure of a year."""
    answer = rule(age, units)
    try:
        values = np.array(np.broadcast_to(np.asarray(answer, dtype=float), len(units)))
    except (TypeError, ValueError, OverflowError):
        values = np.full(len(units), np.nan)
    good = np.isfinite(values) & (values >= 0) & (values == np.floor(values))
    either = exposure.kind in ("status", "switch")
    if either:
        good &= values <= 1
    if not good.all():
        shown = answer if np.ndim(answer) == 0 else values[~good][0]
        msg = (
            f"the strategy gives {in_words(shown)} for {exposure.name!r} at age {age:g}: "
            f"{'it is 0 or 1' if either else 'an exposure is 0 or 1, or a whole number of things'}"
            ", one for all units or one for each"
        )
        raise FitError(msg)
    return values
