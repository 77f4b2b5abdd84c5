"""A sequence of emulated trials: sign now, or do not, in each year in which a firm could."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import (
    FitError,
    FormulaError,
    PanelError,
    in_words,
    is_one_of,
    nearest_names,
    warn,
)
from belbiotech.survival.causal.histories import Histories, histories
from belbiotech.survival.causal.probabilities import ChanceModel, prepare_model
from belbiotech.survival.causal.trials_expand import FOLLOWUP, TRIAL, Trials, trials_of
from belbiotech.survival.causal.trials_result import SequentialTrialsResult
from belbiotech.survival.causal.weight_models import (
    Entry,
    Truncate,
    check_truncation,
    right_side,
)
from belbiotech.survival.formulas.formula import Formula, read_formula
from belbiotech.survival.inference.limits import check_limit_options
from belbiotech.survival.inference.variance import cluster_sums
from belbiotech.survival.rows.checks import FloatArray, check_rows, rows_in_words
from belbiotech.survival.rows.column_names import as_columns, check_one_name_or_none
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.from_zero import all_from_zero
from belbiotech.survival.rows.units import needed_unit

__all__ = ["Estimand", "sequential_trials"]

Estimand = Literal["intention to treat", "per protocol"]


@all_from_zero
def sequential_trials(
    formula: str,
    data: pd.DataFrame,
    *,
    exposure: str,
    estimand: Estimand = "intention to treat",
    denominator: str | None = None,
    numerator: str | None = None,
    eligible: str | None = None,
    followup: str = "C(followup)",
    link: Literal["logit", "cloglog"] = "logit",
    horizon: int | None = None,
    truncate: Truncate = None,
    entry: Entry = "model",
    unit: str | None = None,
    conf_level: float = 0.95,
    start: str = "start",
    stop: str = "stop",
) -> SequentialTrialsResult:
    """Emulate a trial of the exposure in each year in which a unit could enter one.

    In each row of a unit that had no exposure in the row before, a trial begins: those with the
    exposure in that row against those without, followed from there on. All trials are pooled in
    one model of the yearly hazard; a unit is in as many trials as it has such rows.

    Parameters
    ----------
    formula : str
        ``"outcome ~ exposure + covariates"``: the exposure and all covariates are as of the row
        in which a trial begins. ``trial`` is the time at which it begins, ``followup`` the years
        since.
    data : DataFrame
        One row for each year of a unit.
    exposure : str
        Column of 0/1: the exposure during the row, known at its beginning.
    estimand : {"intention to treat", "per protocol"}
        What happens to those who begin later, or stop: they stay as they were assigned; or they
        leave the trial then, and those like them who go on are weighted up.
    denominator, numerator : str, optional
        Per protocol: right sides of the models of the exposure in each row, given the status
        before; the numerator with covariates that stand in the formula.
    eligible : str, optional
        Column of 0/1: rows in which a trial may begin, of those without exposure before.
    followup : str
        Right side: how the hazard depends on the years of follow-up.
    link : {"logit", "cloglog"}
        Odds ratios, near to hazard ratios where events are rare; or hazard ratios.
    horizon : int, optional
        Years of follow-up; by default as far as trials of both kinds, with and without the
        exposure, go.
    truncate : float or (float, float), optional
        Quantiles of the trial rows' weights beyond which they are set to these.
    entry : {"model", "given"}
        Whether a unit's first row, whose past is not seen, may begin a trial.
    unit : str, optional
        Column that names the unit. Without it ``data.attrs["unit"]``, else ``firm_id``.
    conf_level : float
        Coverage of the intervals.
    start, stop : str
        Columns of the interval, of one year each.

    Returns
    -------
    SequentialTrialsResult
        ``params``, ``standard_errors`` (clustered by unit: over all its trials), ``summary``;
        ``counts``; ``curves``, ``differences(horizons)``, ``plot()``.

    Raises
    ------
    PanelError
        Rows that are no panel or not one year long, an exposure that is not 0/1.
    FormulaError
        A formula without the exposure, or that cannot be read.
    FitError
        No trial, trials in which all or none have the exposure, no event; a protocol that nobody
        follows to the horizon; an unknown option.

    Warns
    -----
    BelbiotechWarning
        Weights with a mean far from 1 (stabilised ones); units that enter late with the exposure;
        without a horizon, one kind of trial followed for less than half as long as the other.

    Notes
    -----
    What must be true for the difference to be an effect: (1) the covariates of the formula have
    all that moves both the decision and the outcome, as of before the decision; (2) in each
    pattern of them some begin and some do not; (3) those followed are like those no longer
    followed, given the covariates. Per protocol also: (4) the denominator has all that moves both
    leaving the protocol and the outcome, at each time. The begin of each trial is the time at
    which units are eligible, assigned and followed, so that nobody's time before the exposure is
    counted for it (immortal time).

    Nothing is expanded: equal trial rows are counted.

    References
    ----------
    Danaei, Garcia Rodriguez, Cantero, Logan and Hernan (2013), Statistical Methods in Medical
    Research 22:70-96. Hernan and Robins (2016), American Journal of Epidemiology 183:758-764.

    Examples
    --------
    >>> from belbiotech import simulate_panel
    >>> panel = simulate_panel(400, effect=-0.5, exposure="any_alliance_ever", seed=1)
    >>> panel["allied"] = (panel["alliances_cum_lag1"] > 0).astype(int)
    >>> result = sequential_trials(
    ...     "failure ~ allied + listed_lag1 + trial", panel, exposure="allied", horizon=5
    ... )
    >>> result.counts[["units", "trials", "trials with exposure"]].tolist()
    [400, 1741, 271]
    >>> result.summary[["exp(coef)", "se(coef)"]].round(3).loc["allied"].tolist()
    [0.635, 0.198]
    """
    _check_options(estimand, link, horizon, entry, denominator)
    check_limit_options(conf_level)
    cut = check_truncation(truncate)
    data = as_table(data)
    own = needed_unit(data, unit)
    asked = read_formula(formula)
    model = read_formula(f"{formula} + {followup}")
    data = _checked(data, asked, model, exposure, eligible, own, start, stop)
    past = histories(data, own, start)
    value = data[exposure].to_numpy(dtype=float)
    before = past.before(value)
    begins = _eligible(data, past, before, eligible, entry)
    per_protocol = estimand == "per protocol"
    models: tuple[ChanceModel, ...] = ()
    cumulated: FloatArray | None = None
    if per_protocol and denominator is not None:
        sides = (denominator, numerator)
        models, cumulated = _staying(data, past, value, before, exposure, sides, (start, stop))
    trials = trials_of(
        data,
        past,
        [name for name in model.columns if name != FOLLOWUP],
        exposure=exposure,
        outcome=asked.outcome,
        start=start,
        stop=stop,
        eligible=begins,
        per_protocol=per_protocol,
        cumulated=cumulated,
        horizon=horizon,
    )
    if horizon is None:
        trials = replace(trials, horizon=_longest_of_both(trials, exposure, estimand))
    _refuse_unfollowed(trials, exposure, estimand)
    if trials.horizon == 1:
        model = asked  # in one year nothing depends on the years since
    result = _fitted(trials, model, asked, exposure, link, estimand, cut, own, conf_level, models)
    if numerator is not None:
        _warn_of_mean(result)
    return result


def _check_options(
    estimand: str, link: str, horizon: object, entry: str, denominator: str | None
) -> None:
    known = {
        "estimand": (estimand, get_args(Estimand)),
        "link": (link, ("logit", "cloglog")),
        "entry": (entry, ("model", "given")),
    }
    problems = [
        f"{name} {in_words(value)} is unknown; {nearest_names(value, allowed)}"
        for name, (value, allowed) in known.items()
        if not isinstance(value, str) or value not in allowed
    ]
    whole = isinstance(horizon, (int, np.integer)) and not isinstance(horizon, bool)
    if horizon is not None and (not whole or int(horizon) < 1):  # type: ignore[call-overload]
        problems.append(f"horizon must be a number of years, 1 or more, not {horizon!r}")
    per_protocol = is_one_of(estimand, ["per protocol"])
    if per_protocol and denominator is None:
        problems.append(
            "per protocol needs denominator, the right side of the model of who leaves the "
            "protocol: without weights those who stay are a selection"
        )
    if not per_protocol and denominator is not None:
        problems.append("denominator is of weights for leaving the protocol: estimand is not it")
    if problems:
        raise FitError("\n".join(problems))


def _checked(
    data: pd.DataFrame,
    formula: Formula,
    model: Formula,
    exposure: str,
    eligible: str | None,
    unit: str,
    start: str,
    stop: str,
) -> pd.DataFrame:
    """Refuse bad input; make its columns plain."""
    columns = [name for name in model.columns if name not in (TRIAL, FOLLOWUP)]
    check_one_name_or_none(eligible=eligible)
    outcomes = [formula.outcome, exposure, *as_columns(eligible, "eligible")]
    data = check_rows(data, outcomes, start=start, stop=stop, columns=[*columns, unit], unit=unit)
    if exposure not in formula.columns:
        msg = f"formula {formula.text!r} has no exposure {exposure!r}: write it on the right side"
        raise FormulaError(msg)
    taken = [name for name in (TRIAL, FOLLOWUP) if name in data.columns and name in formula.columns]
    if taken:
        msg = (
            f"the data have a column {taken[0]!r}, which in the formula means the trial's own "
            "time; rename the column"
        )
        raise PanelError(msg)
    length = data[stop].to_numpy(dtype=float) - data[start].to_numpy(dtype=float)
    if (length != 1).any():
        msg = (
            f"rows must be one year long; not so in {rows_in_words(data, length != 1)}: cut them "
            "into years, so that a trial can begin in each"
        )
        raise PanelError(msg)
    return data


def _eligible(
    data: pd.DataFrame, past: Histories, before: FloatArray, eligible: str | None, entry: Entry
) -> NDArray[np.bool_]:
    begins: NDArray[np.bool_] = before == 0
    if entry == "given":
        begins &= past.number_of_row() > 0
    if eligible is not None:
        begins &= data[eligible].to_numpy(dtype=bool)
    if not begins.any():
        msg = "no row may begin a trial: all had the exposure before, or are not eligible"
        raise FitError(msg)
    return begins


def _staying(
    data: pd.DataFrame,
    past: Histories,
    value: FloatArray,
    before: FloatArray,
    exposure: str,
    sides: tuple[str, str | None],
    interval: tuple[str, str],
) -> tuple[tuple[ChanceModel, ...], FloatArray]:
    """Model the exposure given the status before; give the running product of the factors."""
    (denominator, numerator), (start, stop) = sides, interval
    below = right_side("denominator", denominator, data, exposure)
    above = None if numerator is None else right_side("numerator", numerator, data, exposure)
    needed = [*below.columns, *(above.columns if above else ())]
    data = check_rows(data, [], start=start, stop=stop, columns=needed)
    factor = np.ones(len(data))
    models = []
    for status in (0.0, 1.0):
        used = before == status
        if not used.any() or np.ptp(value[used]) == 0:
            continue  # nobody ever leaves that status
        table = data[used]
        prepared = prepare_model(below, table, value[used], "logit", exposure)
        fitted = prepared.fit()
        models.append(fitted)
        factor[used] = 1 / prepared.chances(fitted)
        if above is not None:
            prepared = prepare_model(above, table, value[used], "logit", exposure)
            factor[used] *= prepared.chances(prepared.fit())
    return tuple(models), past.running_product(factor)


def _refuse_unfollowed(trials: Trials, exposure: str, estimand: str) -> None:
    """Refuse arms that are empty, or that nobody follows to the horizon."""
    for status in (0, 1):
        own = trials.assigned == status
        arm = f"{exposure} = {status}"
        if not own.any():
            msg = f"no trial has {arm} in its first row: there is nothing to compare with"
            raise FitError(msg)
        longest = int((trials.end - trials.row)[own].max())
        if longest < trials.horizon:
            msg = (
                f"nobody with {arm} is followed for {trials.horizon} years ({estimand}): the "
                f"longest is {longest}; take horizon={longest}"
            )
            raise FitError(msg)


def _longest_of_both(trials: Trials, exposure: str, estimand: str) -> int:
    """Give the years to which both arms are followed; tell where one ends long before the other."""
    followed = trials.end - trials.row
    arms = {status: followed[trials.assigned == status] for status in (0, 1)}
    longest = {status: int(arm.max()) for status, arm in arms.items() if len(arm)}
    shorter = min(longest, key=lambda status: longest[status])
    horizon = longest[shorter]
    if 2 * horizon < trials.horizon:
        warn(
            f"nobody with {exposure} = {shorter} is followed past year {horizon} ({estimand}), "
            f"the others are up to year {trials.horizon}: what comes after year {horizon} is left "
            "out, since there is nothing to compare with"
        )
    return horizon


def _fitted(
    trials: Trials,
    model: Formula,
    asked: Formula,
    exposure: str,
    link: Literal["logit", "cloglog"],
    estimand: Estimand,
    quantiles: tuple[float, float] | None,
    unit: str,
    conf_level: float,
    models: tuple[ChanceModel, ...],
) -> SequentialTrialsResult:
    cut = None
    if quantiles is not None and trials.cumulated is not None:
        low, high = np.quantile(trials.weights_of_all(), quantiles)
        cut = (float(low), float(high))
    cells, present = trials.cells(cut)
    if not cells.event.any():
        msg = f"outcome {asked.outcome!r} never happens in a trial: there is nothing to fit"
        raise FitError(msg)
    prepared = prepare_model(model, cells.table, cells.event, link, asked.outcome)
    fit = prepared.fit(cells.weight, check=True)
    score = fit.scores(prepared.x, prepared.response)[prepared.row_of]
    n_units = int(trials.unit.max()) + 1
    total = np.zeros((n_units, score.shape[1]))
    for year in trials.years():
        weight = trials.weight(year) if cut is None else np.clip(trials.weight(year), *cut)
        cell = np.searchsorted(present, trials.code(year))
        part = cluster_sums(trials.unit[year.trial], score, cell, weight)
        total[: len(part)] += part
    bread = fit.variance.to_numpy()
    names = fit.params.index
    robust = pd.DataFrame(bread @ (total.T @ total) @ bread, index=names, columns=names)
    return SequentialTrialsResult(
        fit=fit,
        variance=robust,
        trials=trials,
        cells=cells,
        exposure=exposure,
        outcome=asked.outcome,
        formula=asked.text,
        estimand=estimand,
        link=link,
        unit=unit,
        conf_level=conf_level,
        protocol_models=models,
    )


def _warn_of_mean(result: SequentialTrialsResult) -> None:
    mean = float(result.cells.weight.sum() / result.cells.number.sum())
    if abs(mean - 1) > 0.2:
        warn(
            f"the mean weight of the trial rows is {mean:.2f}, far from 1: the models of leaving "
            "the protocol do not fit, or nearly everybody of some kind leaves it"
        )
