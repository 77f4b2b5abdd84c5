"""Models of what happens in a unit's next year: covariates that the exposure moves, and fates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, FormulaError, PanelError, in_words
from belbiotech.survival.causal.histories import Histories, histories
from belbiotech.survival.causal.probabilities import Family, Fitted, Prepared, prepare_model
from belbiotech.survival.formulas.design import Formula, read_formula
from belbiotech.survival.rows.checks import FloatArray, check_rows, rows_in_words

__all__ = ["BEFORE", "Covariate", "GModels", "GPlan", "g_plan"]

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

    covariates: dict[str, Fitted]
    fates: dict[str, Fitted]


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
    names = [*covariates, exposure]
    check_rows(data, list(outcomes), start=start, stop=stop, columns=[*names, unit], unit=unit)
    _check_length(data, start, stop)
    _check_numbers(data, names)
    past = histories(data, unit, start)
    before = {f"{name}{BEFORE}": past.before(data[name].to_numpy(dtype=float)) for name in names}
    taken = [name for name in before if name in data.columns]
    if taken:
        msg = f"the data have a column {taken[0]!r}, which g_formula makes itself; rename it"
        raise PanelError(msg)
    table = data.assign(**before)
    order, known = [], _fixed(data, names, outcomes, start, stop, unit, past)
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
            covariate.formula, table.loc[rows], response[rows], family, covariate.name
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


def _fixed(
    data: pd.DataFrame,
    names: Sequence[str],
    outcomes: Mapping[str, str],
    start: str,
    stop: str,
    unit: str,
    past: Histories,
) -> set[str]:
    """Find the columns that never change within a unit: a simulated life keeps them."""
    others = [c for c in data.columns if c not in {*names, *outcomes, start, stop, unit}]
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
    formula = read_formula(f"`{name}` ~ {right.strip().removeprefix('~').strip()}")
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
