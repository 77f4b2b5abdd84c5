"""The Cox model on start-stop rows: a formula in, a `CoxResult` out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, in_words
from belbiotech.survival.cox.choose_ridge import chosen_ridge
from belbiotech.survival.cox.firth import fit_firth
from belbiotech.survival.cox.fit import CoxFit, RidgeFit
from belbiotech.survival.cox.frailty import fit_frailty
from belbiotech.survival.cox.maximise import LEAVE_OUT, fit_plain
from belbiotech.survival.cox.partial_likelihood import Design, Ties
from belbiotech.survival.cox.result import CoxResult
from belbiotech.survival.cox.robust import with_clusters, with_held_clusters
from belbiotech.survival.cox.rows import CoxCall, CoxModel, counted_model, warn_of_empty_strata
from belbiotech.survival.cox.streams.fitting import fit_stream
from belbiotech.survival.cox.streams.scores import robust_stream
from belbiotech.survival.engines.sources import is_held
from belbiotech.survival.formulas.formula import read_formula
from belbiotech.survival.inference.few_events import warn_of_few_events
from belbiotech.survival.rows.clusters import Overlap, as_cluster_columns, cluster_codes
from belbiotech.survival.rows.column_names import (
    as_columns,
    check_names,
    check_one_name,
    check_truth_values,
)
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.from_zero import all_from_zero

__all__ = ["cox", "fit_cox", "read_call", "streamed_cox"]

MOST_STEPS = 1e8  # events tied by Efron's method: 800 MB an array


@all_from_zero
def cox(
    formula: str,
    data: pd.DataFrame | Any,
    *,
    ties: Ties = "efron",
    strata: str | Sequence[str] | None = None,
    weights: str | None = None,
    frequency: str | None = None,
    unit: str | None = None,
    cluster: str | Sequence[str] | None = None,
    frailty: str | None = None,
    firth: bool = False,
    ridge: float | Literal["cv"] | None = None,
    start: str = "start",
    stop: str = "stop",
    overlap: Overlap = "refuse",
    stream: bool = False,
) -> CoxResult:
    """Fit the Cox model to rows ``(start, stop]``, with delayed entry and ties done as in R.

    Parameters
    ----------
    formula : str
        ``"outcome ~ covariates"``: the outcome a column of 0/1 (did it happen at ``stop``?), the
        covariates as in R (``C(x, Treatment("b"))``, ``a:b``, ``bs(age, df=4)``, ``log(x)``).
        ``tt(x, log)`` is an effect of x that varies with time: its coefficient multiplies
        x log(t) at each event time t. Of time are log, log1p, log2, log10, sqrt, square and exp;
        ``tt(x)`` is x t.
    data : DataFrame, path or glob of Parquet or CSV files, DuckDB relation, LazyFrame, Ibis table
        One row for each interval; covariates may change from row to row. Outside of memory rows
        are counted where they are (``docs/scale.md``): the same numbers.
    ties : {"efron", "breslow"}
        What to do with events at the same time.
    strata : str or sequence of str, optional
        Columns whose combinations have baselines of their own.
    weights : str, optional
        Column of case weights, above 0. With weights that are not whole numbers the errors
        are robust, as in R; those of `firth` and `frailty` are always of the penalised
        information, and `firth` takes the weights relative to their mean.
    frequency : str, optional
        Column of whole numbers: a row with 3 counts as three equal rows.
    unit : str, optional
        Column that says whose row it is; by default the panel's own (``data.attrs["unit"]``),
        else ``firm_id``. Its rows must not overlap in time: looked at where it is given, or
        errors are clustered by it.
    cluster : str or sequence of two str, optional
        Errors robust to dependence within clusters (Lin and Wei 1989); with two columns, such as
        firm and year, within both (Cameron, Gelbach and Miller 2011).
    frailty : str, optional
        Column of groups that share a gamma frailty.
    firth : bool
        Firth's penalty, for few events or separation.
    ridge : float or "cv", optional
        theta of a ridge penalty: theta / 2 times the sum of the squared coefficients is taken off
        the log likelihood, as R's ``ridge(..., theta=, scale=FALSE)``. Bring the covariates to
        one scale first. ``"cv"``: what `choose_ridge` finds in ten folds of units;
        ``result.ridge`` has the strength and the curve.
    start, stop : str
        Columns of the interval.
    overlap : {"refuse", "allow"}
        What to do where rows of one unit overlap in time. Allow it where a unit's clock starts
        again, as with the gap times of `recurrent_rows`.
    stream : bool
        Read the rows in batches, a pass for each step, instead of counting equal ones: for
        continuous covariates of more rows than fit in memory.

    Returns
    -------
    CoxResult
        ``params``, ``standard_errors``, ``summary``; ``likelihood_ratio_test``, ``wald_test``,
        ``score_test``, ``anova()``, ``compare(other)``; ``concordance``;
        ``baseline_cumulative_hazard``; ``residuals(kind)``, ``test_proportional_hazards()``;
        ``predict_survival(paths)``; ``plot()``, ``to_markdown()``, ``to_latex()``.

    Raises
    ------
    FormulaError
        A formula that cannot be read, names unknown columns, or has a factor of one level; a
        ``tt()`` of a factor, or of a function that is not defined at an event time.
    PanelError
        Missing or infinite values, ``stop <= start``, an outcome that is not 0/1, bad weights,
        rows of one unit that overlap in time.
    FitError
        No events, constant or collinear covariates, separation, a single cluster; ``tt()`` with a
        frailty, or of more covariates times event times than fit in memory.

    Warns
    -----
    BelbiotechWarning
        Fewer than ten events for each coefficient; a stratum without events; a level of a factor
        without one, whose coefficient is minus infinity and whose rows say nothing.

    Notes
    -----
    ``x + tt(x, log)`` is R's ``x + tt(x)`` with ``tt=function(x, t, ...) x * log(t)``: the log of
    the hazard ratio of x is its coefficient plus that of ``tt(x, log)`` times log(t). It is the fit
    to rows that are cut at every event time; they are counted, not made. Residuals are those of
    the rows, the baseline has the event times; predictions and the test of proportional hazards
    are refused.

    References
    ----------
    Cox (1972); Efron (1977); Therneau and Grambsch (2000), section 6.5 for ``tt``.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"start": [0, 1, 0, 2, 0, 0], "stop": [1, 3, 2, 3, 3, 2],
    ...                      "failure": [0, 1, 1, 0, 1, 0], "alliances": [0, 2, 0, 1, 1, 1]})
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")  # three events are few
    ...     result = cox("failure ~ alliances", rows)
    >>> round(float(result.params["alliances"]), 6)
    -0.706289

    Belgian firms from their first page on: a baseline for each origin, errors by firm.

    >>> from belbiotech import load_panel
    >>> panel = load_panel("0.2.0")
    >>> result = cox("exit ~ alliances_active_lag1 + listed_lag1", panel[panel["observed"]],
    ...              strata="origin", cluster="firm_id")
    >>> result.summary[["exp(coef)", "se(coef)", "naive se(coef)", "p"]].round(3)
                           exp(coef)  se(coef)  naive se(coef)      p
    covariate
    alliances_active_lag1      1.036     0.071           0.097  0.618
    listed_lag1                0.714     0.413           0.493  0.415

    Does the effect of alliances change with age?

    >>> result = cox("exit ~ alliances_active_lag1 + tt(alliances_active_lag1, log)",
    ...              panel[panel["observed"]], strata="origin", cluster="firm_id")
    >>> result.summary[["coef", "se(coef)", "p"]].round(3)
                                     coef  se(coef)      p
    covariate
    alliances_active_lag1          -0.094     0.353  0.790
    tt(alliances_active_lag1, log)  0.040     0.130  0.757
    """
    if not isinstance(stream, bool):
        msg = f"stream must be True or False, not {in_words(stream)}"
        raise FitError(msg)
    call = read_call(
        formula,
        ties=ties,
        strata=strata,
        weights=weights,
        frequency=frequency,
        unit=unit,
        cluster=cluster,
        frailty=frailty,
        firth=firth,
        ridge=ridge,
        start=start,
        stop=stop,
        overlap=overlap,
    )
    if isinstance(ridge, str) and ridge == "cv":
        return CoxResult(_by_folds(data, call, stream=stream))
    return CoxResult(streamed_cox(data, call) if stream else fit_cox(data, call))


def _by_folds(data: Any, call: CoxCall, *, stream: bool) -> CoxFit:
    """Fit with the strength of the penalty that folds of units choose."""
    if stream or is_held(data):
        msg = (
            "ridge='cv' deals the units into folds, which needs the rows in memory: give the "
            "strength as a number, such as one that choose_ridge() finds in a sample of units"
        )
        raise FitError(msg)
    choice = chosen_ridge(as_table(data), call)
    fit = fit_cox(data, replace(call, ridge=choice.strength))
    chosen = RidgeFit(choice.strength, fit.ridge.df if fit.ridge else np.nan, choice.curve)
    return replace(fit, ridge=chosen)


def read_call(
    formula: str,
    *,
    ties: Ties = "efron",
    strata: str | Sequence[str] | None = None,
    weights: str | None = None,
    frequency: str | None = None,
    unit: str | None = None,
    cluster: str | Sequence[str] | None = None,
    frailty: str | None = None,
    firth: bool = False,
    ridge: float | Literal["cv"] | None = None,
    start: str = "start",
    stop: str = "stop",
    overlap: Overlap = "refuse",
) -> CoxCall:
    """Read the arguments of `cox`, whose parameters these are.

    Parameters
    ----------
    formula, ties, strata, weights, frequency, unit, cluster, frailty, firth, ridge
        As in `cox`.
    start, stop, overlap
        As in `cox`.

    Returns
    -------
    CoxCall
        The formula taken apart, columns as tuples.

    Raises
    ------
    FormulaError, PanelError, FitError
        What cannot be read.
    """
    check_names(strata=strata, cluster=cluster)
    check_truth_values(firth=firth)
    if frailty is not None:
        check_one_name(frailty=frailty)
    return CoxCall(
        formula=read_formula(formula, over_time=True),
        ties=ties,
        strata=tuple(as_columns(strata)),
        weights=weights,
        frequency=frequency,
        unit=unit,
        cluster=as_cluster_columns(cluster),
        frailty=frailty,
        firth=firth,
        ridge=0.0 if isinstance(ridge, str) and ridge == "cv" else ridge,
        start=start,
        stop=stop,
        overlap=overlap,
        leave_out=not firth and frailty is None and ridge is None,
        firth_offered=not firth and frailty is None and ridge is None,
    )


def streamed_cox(data: Any, call: CoxCall) -> CoxFit:
    """Fit the Cox model by passes over its rows: `cox` with ``stream=True``.

    Parameters
    ----------
    data : DataFrame, or what an engine holds
        A row for each interval.
    call : CoxCall
        The arguments of `cox`.

    Returns
    -------
    CoxFit
        Whose design has no rows.

    Raises
    ------
    FormulaError, PanelError, FitError, EngineError
        As `cox`; a term of the formula, or an option, that needs all rows at once.
    """
    fit = fit_stream(data, call)
    remedy = "fewer covariates"
    warn_of_few_events(fit.n_events, call.formula.outcome, len(fit.params), remedy)
    return robust_stream(fit)


def fit_cox(data: Any, call: CoxCall) -> CoxFit:
    """Fit the Cox model: as `cox`, for callers who have read the arguments already.

    Parameters
    ----------
    data : DataFrame, CountedRows, or what an engine holds
        A row for each interval.
    call : CoxCall
        The arguments of `cox`.

    Returns
    -------
    CoxFit
        The numbers of the fit.

    Raises
    ------
    FormulaError, PanelError, FitError
        As `cox`.

    Warns
    -----
    BelbiotechWarning
        As `cox`; said of the line that called the caller of this function.
    """
    model, data = counted_model(data, call)
    _tell_of_events(model, call)
    _refuse_many_steps(model.design, call)
    if call.frailty is not None:
        return fit_frailty(model, data[call.frailty])
    if call.firth:
        return fit_firth(model)
    penalty = call.penalty
    remedy = LEAVE_OUT if penalty is None else f"{LEAVE_OUT}, or use {penalty}"
    fit = fit_plain(model, remedy, ridge=None if call.ridge is None else float(call.ridge))
    if model.rows.held is not None:
        whole = model.rows.held.extent.whole_weights
        return with_held_clusters(fit) if call.cluster or not whole else fit
    case = model.rows.case
    if call.cluster:
        return with_clusters(fit, cluster_codes(data, call.cluster))
    broken = case is not None and bool((case % 1 != 0).any())
    return with_clusters(fit, [np.arange(len(data))]) if broken else fit


def _tell_of_events(model: CoxModel, call: CoxCall) -> None:
    """Refuse rows without any event; warn of strata without one, and of few."""
    design, labels, outcome = model.design, model.rows.stratum_labels, call.formula.outcome
    events = int(design.number[design.event].sum())
    if not events:
        msg = f"outcome {outcome!r} never happens: it is 0 in all rows; there is nothing to fit"
        raise FitError(msg)
    seen = np.bincount(design.stratum[design.event], minlength=len(labels))
    empty = [label for label, number in zip(labels, seen, strict=True) if not number]
    warn_of_empty_strata(empty)
    remedy = call.penalty or "fewer covariates"
    warn_of_few_events(events, outcome, len(model.matrix.names), remedy)


def _refuse_many_steps(design: Design, call: CoxCall) -> None:
    """Refuse numbers of events for which Efron's ties, a step for each, do not fit in memory."""
    events = design.number[design.event].sum()
    if call.ties == "efron" and events > MOST_STEPS:
        where = "the data has" if call.frequency is None else f"column {call.frequency!r} makes"
        msg = (
            f"{where} {events:,.0f} events, and Efron's ties take a step for each; use "
            "ties='breslow', or give smaller numbers as weights="
        )
        raise FitError(msg)
