"""Hazards in discrete time: the Cox model's hazard ratios from yearly rows, or odds ratios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, in_words, is_one_of, nearest_names, warn
from belbiotech.survival.discrete.baseline import Baseline, BaselineName, make_baseline
from belbiotech.survival.discrete.binomial import Binomial, BinomialFit, fit_binomial
from belbiotech.survival.discrete.fit import DiscreteFit
from belbiotech.survival.discrete.links import LinkName
from belbiotech.survival.discrete.result import DiscreteHazardResult
from belbiotech.survival.discrete.rows import DiscreteRows, read_rows, with_baseline
from belbiotech.survival.formulas.formula import read_formula
from belbiotech.survival.formulas.without_events import levels_without_events
from belbiotech.survival.inference.few_events import warn_of_few_events
from belbiotech.survival.inference.quiet_levels import warn_of_quiet_levels
from belbiotech.survival.rows.checks import FloatArray
from belbiotech.survival.rows.clusters import Overlap
from belbiotech.survival.rows.column_names import check_text
from belbiotech.survival.rows.from_zero import all_from_zero

__all__ = ["discrete_hazard"]

FIRTH = "cox(..., firth=True)"  # what helps where events are few


@all_from_zero
def discrete_hazard(
    formula: str,
    data: pd.DataFrame | Any,
    *,
    link: LinkName = "cloglog",
    baseline: BaselineName = "dummies",
    unit: str | None = None,
    cluster: str | Sequence[str] | None = None,
    weights: str | None = None,
    start: str = "start",
    stop: str = "stop",
    overlap: Overlap = "refuse",
) -> DiscreteHazardResult:
    """Fit the hazard of each period of time, given survival to its start.

    With ``link="cloglog"`` the coefficients estimate the same hazard ratios as the Cox model, as
    if the times within each period had been seen; with ``"logit"`` they are log odds ratios.
    Equal to R's ``glm`` on one row for each period at risk. A row longer than one period stands
    for one row each, with the outcome in the last.

    Parameters
    ----------
    formula : str
        ``"outcome ~ covariates"``, as in `cox`.
    data : DataFrame, path or glob of Parquet or CSV files, DuckDB relation, LazyFrame, Ibis table
        One row for each interval ``(start, stop]`` of whole periods (years).
    link : {"cloglog", "logit"}
        Complementary log-log (proportional hazards) or logistic (proportional odds).
    baseline : {"dummies", "spline", "log"}
        The hazard as a function of time: a coefficient for each period, a cubic B-spline of
        ``start`` with four degrees of freedom, or ``log(stop)``.
    unit : str, optional
        Column that says whose row it is; by default the panel's own (``data.attrs["unit"]``),
        else ``firm_id``. Its rows must not overlap in time: looked at where it
        is given, or errors are clustered by it.
    cluster : str or sequence of two str, optional
        Errors robust to dependence within clusters, without a small-sample factor; with two
        columns, such as firm and year, within both (Cameron, Gelbach and Miller 2011).
    weights : str, optional
        Column of case weights, not negative; rows of weight 0 are counted in N but tell nothing,
        as in R's ``glm``.
    start, stop : str
        Columns of the interval, in whole periods.
    overlap : {"refuse", "allow"}
        What to do where rows of one unit overlap in time, as in `cox`.

    Returns
    -------
    DiscreteHazardResult
        Coefficients, errors, ``average_marginal_effects()``, ``predict_survival(paths)``.

    Raises
    ------
    FormulaError
        A formula that cannot be read or names unknown columns.
    PanelError
        Rows that are no panel, times that are not whole, rows of one unit that overlap.
    FitError
        No events, constant or collinear covariates, separation, an unknown option.

    Warns
    -----
    BelbiotechWarning
        Fewer than ten events for each coefficient of a covariate; periods in which nobody, or
        everybody, had the event (dummies): R gives their coefficients as -20 or so, here the
        hazard is 0, or 1, and they are left out of ``params``. Nothing else changes by that.
        A level of a factor without an event, as in `cox`: its coefficient is minus infinity, its
        rows are out of the likelihood.

    References
    ----------
    Prentice and Gloeckler (1978), Biometrics 34. Allison (1982), Sociological Methodology 13.

    Examples
    --------
    >>> from belbiotech import discrete_hazard, simulate_panel
    >>> panel = simulate_panel(400, effect=-0.3, seed=1)
    >>> result = discrete_hazard(
    ...     "failure ~ alliances_active_lag1", panel, baseline="log", cluster="firm_id"
    ... )
    >>> result.summary[["coef", "hazard ratio", "se(coef)"]].round(3)
                            coef  hazard ratio  se(coef)
    covariate
    alliances_active_lag1 -0.181         0.834     0.091
    """
    _refuse_link(link)
    parsed = read_formula(formula)
    rows = read_rows(
        parsed,
        data,
        [parsed.outcome],
        unit=unit,
        cluster=cluster,
        weights=weights,
        start=start,
        stop=stop,
        overlap=overlap,
    )
    rows = _without_quiet_levels(rows)
    periods = rows.periods
    events = (periods.event == 1).astype(float)
    telling = np.where(rows.without_risk, 0.0, periods.weight)
    settled = make_baseline(baseline, periods.start, events, telling, periods.number)
    _tell_of_certain_periods(rows, settled)
    binomial = _binomial(rows, settled)
    fit = fit_binomial(binomial, link)
    happened, covariates = int(binomial.number[binomial.event == 1].sum()), rows.matrix.names
    warn_of_few_events(happened, parsed.outcome, len(covariates), FIRTH)
    return _result(rows, settled, binomial, fit, link)


def _without_quiet_levels(rows: DiscreteRows) -> DiscreteRows:
    """Leave out the levels without an event, and tell which."""
    periods, m = rows.periods, len(rows.columns)
    event = np.bincount(periods.row, (periods.event == 1) & (periods.weight > 0), m) > 0
    quiet = levels_without_events(rows.matrix, event)
    if not quiet:
        return rows
    warn_of_quiet_levels(
        quiet.counted(rows.matrix, rows.number),
        [(one.name, one.instead) for one in quiet.references],
        "take cox(..., firth=True), or its strata=",
    )
    return replace(rows, matrix=quiet.taken_out(rows.matrix))


def _refuse_link(link: str) -> None:
    check_text(link, "link", "logit")
    if not is_one_of(link, get_args(LinkName)):
        msg = f"link {in_words(link)} is unknown; {nearest_names(str(link), get_args(LinkName))}"
        raise FitError(msg)


def _binomial(rows: DiscreteRows, baseline: Baseline) -> Binomial:
    """Rows of the periods whose hazard is not certain; the others' weight is set to 0."""
    periods, offset = rows.periods, rows.offset
    open_periods = ~np.isin(periods.start, list(baseline.certain)) & ~rows.without_risk
    covariates = len(rows.matrix.names)
    binomial = Binomial(
        x=with_baseline(rows.matrix.x[periods.row], baseline, periods.start),
        names=(*rows.matrix.names, *baseline.names),
        ones=np.concatenate([np.zeros(covariates), baseline.ones]),
        baseline=len(baseline.names),
        event=periods.event,
        number=periods.number,
        weight=np.where(open_periods, periods.weight, 0.0),
        outcome=rows.outcomes[0],
        time=rows.start,
        offset=None if offset is None else np.where(rows.without_risk, 0.0, offset),
    )
    if not (binomial.weight * (1 - binomial.event)).any() or not baseline.names:
        msg = (
            f"every period has either no {rows.outcomes[0]} or nothing else; there is nothing to "
            "compare: take longer periods, or baseline='log'"
        )
        raise FitError(msg)
    return binomial


def _result(
    rows: DiscreteRows,
    baseline: Baseline,
    binomial: Binomial,
    fit: BinomialFit,
    link: LinkName,
) -> DiscreteHazardResult:
    names = list(binomial.names)
    naive = pd.DataFrame(fit.naive, index=names, columns=names)
    variance = naive
    numbers_of = rows.clusters
    if rows.cluster:
        robust, numbers_of = _robust(rows, binomial, fit)
        variance = pd.DataFrame(robust, index=names, columns=names)
    numbers = DiscreteFit(
        params=pd.Series(fit.beta, index=names, name="coef"),
        variance=variance,
        naive_variance=naive,
        covariates=rows.matrix.names,
        log_likelihood=fit.log_likelihood,
        log_likelihood_null=_null(binomial, len(rows.matrix.names), fit, link),
        n_rows=rows.n_rows,
        n_periods=int(binomial.number.sum()),
        n_events=int(binomial.number[binomial.event == 1].sum()),
        cluster=rows.cluster,
        clusters=numbers_of,
        link=link,
        baseline=baseline,
        rows=rows,
    )
    return DiscreteHazardResult(numbers)


def _robust(
    rows: DiscreteRows, binomial: Binomial, fit: BinomialFit
) -> tuple[FloatArray, tuple[int, ...]]:
    """Sandwich variance by clusters, and how many of these there are by each column."""
    open_rows = (binomial.weight > 0)[:, None]
    variance, counted = rows.clustered(fit.naive, np.where(open_rows, fit.scores, 0.0))
    negative = [binomial.names[j] for j in np.flatnonzero(np.diag(variance) < 0)]
    if negative:
        msg = (
            f"the variance clustered by {' and '.join(rows.cluster)} is negative for "
            f"{', '.join(map(repr, negative))}: too few clusters; cluster by one column"
        )
        raise FitError(msg)
    return variance, counted


def _null(binomial: Binomial, covariates: int, fit: BinomialFit, link: LinkName) -> float:
    """Log likelihood of the baseline alone."""
    if not covariates:
        return fit.log_likelihood
    alone = Binomial(
        x=binomial.x[:, covariates:],
        names=binomial.names[covariates:],
        ones=binomial.ones[covariates:],
        baseline=binomial.baseline,
        event=binomial.event,
        number=binomial.number,
        weight=binomial.weight,
        outcome=binomial.outcome,
        time=binomial.time,
        offset=binomial.offset,
    )
    return fit_binomial(alone, link).log_likelihood


def _tell_of_certain_periods(rows: DiscreteRows, baseline: Baseline) -> None:
    for hazard, word in ((0.0, "no"), (1.0, "nothing but")):
        starts = [start for start, sure in baseline.certain.items() if sure == hazard]
        if not starts:
            continue
        number = rows.periods.number[np.isin(rows.periods.start, starts)].sum()
        warn(
            f"{word} {rows.outcomes[0]} in the periods that start at "
            f"{', '.join(f'{start:g}' for start in starts)}: the hazard there is {hazard:g} "
            f"whatever the covariates are, so that their {number:g} rows say nothing of the "
            "coefficients; baseline='spline' or 'log' would use them"
        )
