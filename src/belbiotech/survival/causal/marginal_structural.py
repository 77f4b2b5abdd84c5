"""Marginal structural models: the hazard had the exposure been dealt out, from weighted rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, FormulaError, warn
from belbiotech.survival.causal.bootstrap import check_repetitions, drawn_anew
from belbiotech.survival.causal.marginal_fits import OutcomeModel, covariate_effects
from belbiotech.survival.causal.marginal_result import MarginalStructuralResult
from belbiotech.survival.causal.weight_models import Entry, Kind, Truncate
from belbiotech.survival.causal.weights import censoring_weights, exposure_weights
from belbiotech.survival.causal.weights_result import ExposureWeights
from belbiotech.survival.cox.partial_likelihood import Ties
from belbiotech.survival.discrete.baseline import BaselineName
from belbiotech.survival.discrete.links import LinkName
from belbiotech.survival.formulas.checks import refuse_unknown_columns
from belbiotech.survival.formulas.formula import read_formula
from belbiotech.survival.rows.checks import FloatArray, check_rows
from belbiotech.survival.rows.column_names import check_one_name
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.from_zero import all_from_zero
from belbiotech.survival.rows.plain import plain_table
from belbiotech.survival.rows.units import needed_unit

__all__ = ["marginal_structural_cox", "marginal_structural_discrete"]


@all_from_zero
def marginal_structural_cox(
    formula: str,
    data: pd.DataFrame,
    *,
    exposure: str,
    denominator: str,
    numerator: str | None = None,
    unit: str | None = None,
    kind: Kind | None = None,
    link: str = "logit",
    truncate: Truncate = None,
    entry: Entry = "model",
    censored: str | None = None,
    censored_denominator: str | None = None,
    censored_numerator: str | None = None,
    outcomes: str | Sequence[str] = (),
    ties: Ties = "efron",
    bootstrap: int = 0,
    seed: int | None = 0,
    start: str = "start",
    stop: str = "stop",
) -> MarginalStructuralResult:
    """Fit a Cox model to rows weighted so that the exposure depends on no past covariate.

    Parameters
    ----------
    formula : str
        ``"outcome ~ exposure"``, with covariates that never change and stand in the numerator
        too, if any. A covariate that the exposure itself moves belongs into the denominator, not
        here: adjusting for it takes away the effect that goes through it.
    data : DataFrame
        One row for each interval ``(start, stop]`` of a unit.
    exposure, denominator, numerator, unit, kind, link, truncate, entry
        As of `exposure_weights`.
    censored, censored_denominator, censored_numerator, outcomes
        As of `censoring_weights`, whose weights are multiplied with those of the exposure.
    ties : {"efron", "breslow"}
        What to do with events at the same time.
    bootstrap : int
        Draws of the units from which the weights are estimated anew too; 0 for none.
    seed : int or None
        Of the draws.
    start, stop : str
        Columns of the interval.

    Returns
    -------
    MarginalStructuralResult
        As a `CoxResult`: ``params``, ``standard_errors`` (clustered by unit), ``summary``; with
        ``weights``, ``exposure_weights``, ``bootstrap_summary``, and ``curves(strategies)``.

    Raises
    ------
    FormulaError, PanelError, FitError
        As `exposure_weights` and `cox`; a formula without the exposure.

    Warns
    -----
    BelbiotechWarning
        As `exposure_weights` and `cox`; covariates of the formula that change within units.

    Notes
    -----
    What must be true for ``exp(coef)`` to be an effect: what `exposure_weights` says, and a hazard
    that depends on the history of the exposure as the formula writes it. The errors take the
    weights as known, as R's ``coxph(weights=)`` does, which makes intervals too long (Robins,
    Hernan and Brumback 2000); ``corrected_standard_errors`` and the bootstrap do not.
    Hazard ratios compare those still there, who are selected by the exposure (Hernan 2010):
    ``curves()`` compares everybody.

    References
    ----------
    Robins, Hernan and Brumback (2000), Epidemiology 11:550-560. Hernan, Brumback and Robins
    (2000), Epidemiology 11:561-570. Hernan (2010), Epidemiology 21:13-15.

    Examples
    --------
    >>> from belbiotech import simulate_panel
    >>> panel = simulate_panel(400, effect=-0.5, exposure="any_alliance_ever", seed=1)
    >>> panel["allied"] = (panel["alliances_cum_lag1"] > 0).astype(int)
    >>> result = marginal_structural_cox(
    ...     "failure ~ allied",
    ...     panel,
    ...     exposure="allied",
    ...     denominator="listed_lag1 + financing_rounds_cum_lag1 + start",
    ...     numerator="start",
    ... )
    >>> result.summary[["exp(coef)", "se(coef)"]].round(3)
               exp(coef)  se(coef)
    covariate
    allied         0.518     0.242
    >>> result.curves(["never", "always"]).differences(10).round(3)["difference"].tolist()
    [-0.166]
    """
    options = {"ties": ties}
    return _fitted(OutcomeModel(formula, "cox", options, start, stop), locals())


@all_from_zero
def marginal_structural_discrete(
    formula: str,
    data: pd.DataFrame,
    *,
    exposure: str,
    denominator: str,
    numerator: str | None = None,
    unit: str | None = None,
    kind: Kind | None = None,
    link: str = "logit",
    truncate: Truncate = None,
    entry: Entry = "model",
    censored: str | None = None,
    censored_denominator: str | None = None,
    censored_numerator: str | None = None,
    outcomes: str | Sequence[str] = (),
    outcome_link: LinkName = "cloglog",
    baseline: BaselineName = "dummies",
    bootstrap: int = 0,
    seed: int | None = 0,
    start: str = "start",
    stop: str = "stop",
) -> MarginalStructuralResult:
    """Fit a hazard in discrete time to rows weighted as in `marginal_structural_cox`.

    Parameters
    ----------
    formula, data, exposure, denominator, numerator, unit, kind, link, truncate, entry, censored
        As of `marginal_structural_cox`; ``link`` is that of the exposure.
    censored_denominator, censored_numerator, outcomes, bootstrap, seed, start, stop
        As of `marginal_structural_cox`.
    outcome_link : {"cloglog", "logit"}
        Of the outcome: hazard ratios, or odds ratios.
    baseline : {"dummies", "spline", "log"}
        The hazard as a function of time, as in `discrete_hazard`.

    Returns
    -------
    MarginalStructuralResult
        As a `DiscreteHazardResult`.

    Raises
    ------
    FormulaError, PanelError, FitError
        As `marginal_structural_cox`; times that are not whole.

    Warns
    -----
    BelbiotechWarning
        As `marginal_structural_cox`; periods without an event (``baseline="dummies"``).

    Notes
    -----
    What must be true is as for `marginal_structural_cox`.

    References
    ----------
    Hernan, Brumback and Robins (2000), Epidemiology 11:561-570.

    Examples
    --------
    >>> from belbiotech import simulate_panel
    >>> panel = simulate_panel(400, effect=-0.5, exposure="any_alliance_ever", seed=1)
    >>> panel["allied"] = (panel["alliances_cum_lag1"] > 0).astype(int)
    >>> result = marginal_structural_discrete(
    ...     "failure ~ allied",
    ...     panel,
    ...     exposure="allied",
    ...     denominator="listed_lag1 + financing_rounds_cum_lag1 + start",
    ...     numerator="start",
    ...     baseline="log",
    ... )
    >>> round(float(result.params["allied"]), 3)
    -0.679
    """
    options = {"link": outcome_link, "baseline": baseline}
    return _fitted(OutcomeModel(formula, "discrete", options, start, stop), locals())


def _fitted(model: OutcomeModel, call: dict[str, Any]) -> MarginalStructuralResult:
    data, exposure = as_table(call["data"]), call["exposure"]
    labels = data.index
    check_repetitions(call["bootstrap"], call["seed"])
    check_one_name(exposure=exposure)
    unit = needed_unit(data, call["unit"])
    right = read_formula(model.formula)
    if exposure not in right.columns:
        msg = (
            f"formula {model.formula!r} has no exposure {exposure!r}: its effect is what the "
            "model is for; write it on the right side"
        )
        raise FormulaError(msg)
    shared: dict[str, Any] = {name: call[name] for name in ("link", "truncate")}
    times: dict[str, Any] = {"unit": unit, "start": model.start, "stop": model.stop}
    own = exposure_weights(
        data,
        exposure,
        call["denominator"],
        call["numerator"],
        kind=call["kind"],
        entry=call["entry"],
        **shared,
        **times,
    )
    refuse_unknown_columns(right, data)
    used = [exposure, *right.columns]
    data = check_rows(data, [right.outcome], columns=used, **times)
    data = plain_table(data, [exposure], numbers=[exposure])
    silent = _of_silence(data, call, shared, times)
    _warn_of_changes(data, right.columns, exposure, model, unit)
    weight = _product(own, silent)
    fit = model.fit(data, weight, unit)
    draws = None
    if call["bootstrap"]:

        def again(frequency: FloatArray) -> FloatArray:
            value = own.plan.estimate(frequency).value
            if silent is not None:
                value = value * silent.plan.estimate(frequency).value
            return covariate_effects(model.fit(data, value, None, frequency)).to_numpy()

        draws = drawn_anew(again, own.plan.past.unit, call["bootstrap"], call["seed"])
    return MarginalStructuralResult(
        fit=fit,
        weights=pd.Series(weight, index=labels, name="weight"),
        exposure_weights=own,
        censoring_weights=silent,
        model=model,
        data=data,
        unit=unit,
        draws=draws,
    )


def _of_silence(
    data: pd.DataFrame, call: dict[str, Any], shared: dict[str, Any], times: dict[str, Any]
) -> ExposureWeights | None:
    if call["censored"] is None:
        if call["censored_denominator"] is not None or call["censored_numerator"] is not None:
            msg = "censored_denominator needs censored, the column that says who fell silent"
            raise FitError(msg)
        return None
    if call["censored_denominator"] is None:
        msg = "censored needs censored_denominator: what falling silent depends on"
        raise FitError(msg)
    return censoring_weights(
        data,
        call["censored"],
        call["censored_denominator"],
        call["censored_numerator"],
        outcomes=call["outcomes"],
        **shared,
        **times,
    )


def _product(own: ExposureWeights, silent: ExposureWeights | None) -> FloatArray:
    value = own.weights.to_numpy(dtype=float)
    return value if silent is None else value * silent.weights.to_numpy(dtype=float)


def _warn_of_changes(
    data: pd.DataFrame, columns: tuple[str, ...], exposure: str, model: OutcomeModel, unit: str
) -> None:
    """Warn of covariates that change within units: they may be moved by the exposure itself."""
    fixed = [name for name in columns if name not in (exposure, model.start, model.stop)]
    codes = pd.factorize(data[unit])[0]
    changing = []
    for name in fixed:
        values = pd.factorize(data[name])[0]
        low = np.full(codes.max() + 1, len(values))
        high = np.full(codes.max() + 1, -1)
        np.minimum.at(low, codes, values)
        np.maximum.at(high, codes, values)
        if (low != high).any():
            changing.append(name)
    if changing:
        warn(
            f"{', '.join(map(repr, changing))} in {model.formula!r} changes within units: if the "
            "exposure moves it, the coefficient is not the whole effect; put it into the "
            "denominator only, or interact the exposure with what a unit was at its beginning"
        )
