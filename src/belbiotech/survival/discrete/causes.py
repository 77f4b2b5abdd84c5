"""Competing fates in discrete time: a multinomial logit of what happens in each period."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import FitError, warn
from belbiotech.survival.discrete.baseline import Baseline, BaselineName, make_baseline
from belbiotech.survival.discrete.binomial import Binomial
from belbiotech.survival.discrete.causes_result import DiscreteCausesResult
from belbiotech.survival.discrete.fit import DiscreteCausesFit, at_risk_of
from belbiotech.survival.discrete.multinomial import (
    Multinomial,
    MultinomialFit,
    coefficient_names,
    fit_multinomial,
)
from belbiotech.survival.discrete.rows import DiscreteRows, read_rows, with_baseline
from belbiotech.survival.formulas.checks import refuse_offset
from belbiotech.survival.formulas.formula import read_formula
from belbiotech.survival.formulas.matrix import Spec
from belbiotech.survival.formulas.texts import quoted
from belbiotech.survival.formulas.without_events import levels_without_events
from belbiotech.survival.inference.few_events import warn_of_few_events
from belbiotech.survival.inference.quiet_levels import warn_of_quiet_levels
from belbiotech.survival.rows.checks import FloatArray
from belbiotech.survival.rows.clusters import Overlap
from belbiotech.survival.rows.column_names import check_text
from belbiotech.survival.rows.fates import check_outcome_names
from belbiotech.survival.rows.from_zero import all_from_zero

__all__ = ["discrete_hazard_causes"]

FIRTH = "cox(..., firth=True)"  # what helps where events are few


@all_from_zero
def discrete_hazard_causes(
    right_side: str,
    data: pd.DataFrame,
    outcomes: Sequence[str],
    *,
    baseline: BaselineName = "dummies",
    unit: str | None = None,
    cluster: str | Sequence[str] | None = None,
    weights: str | None = None,
    start: str = "start",
    stop: str = "stop",
    overlap: Overlap = "refuse",
) -> DiscreteCausesResult:
    """Fit which fate, if any, a period brings, given survival to its start.

    A multinomial logit with "nothing happened" as the base: ``exp(coef)`` is a relative risk
    ratio, the factor on the probability of that fate over the probability of none. A row longer
    than one period stands for one row each, with the outcome in the last.

    Parameters
    ----------
    right_side : str
        The covariates, as right of the tilde in `cox`; the same for all fates.
    data : DataFrame
        One row for each interval ``(start, stop]`` of whole periods (years).
    outcomes : sequence of str
        Columns of 0/1, of which at most one is 1 in a row.
    baseline : {"dummies", "spline", "log"}
        As in `discrete_hazard`, for each fate.
    unit : str, optional
        Column that says whose row it is; by default the panel's own (``data.attrs["unit"]``),
        else ``firm_id``. Its rows must not overlap in time: looked at where it
        is given, or errors are clustered by it.
    cluster : str or sequence of two str, optional
        Errors robust to dependence within clusters, without a small-sample factor.
    weights : str, optional
        Column of case weights, not negative.
    start, stop : str
        Columns of the interval, in whole periods.
    overlap : {"refuse", "allow"}
        What to do where rows of one unit overlap in time, as in `cox`.

    Returns
    -------
    DiscreteCausesResult
        Coefficients by fate, ``test_equal_effects()``, ``predict_incidence(paths)``.

    Raises
    ------
    FormulaError
        A formula that cannot be read or names unknown columns.
    PanelError
        Rows that are no panel, a row with two fates, times that are not whole.
    FitError
        A fate that never happens, constant or collinear covariates, separation.

    Warns
    -----
    BelbiotechWarning
        Fewer than ten events of a fate for each coefficient; periods in which a fate never
        happens (dummies): its probability there is 0, and it has no coefficient for them. A level
        of a factor without a fate, as in `discrete_hazard`: the fate's coefficient is minus
        infinity there, and its probability 0.

    References
    ----------
    Allison (1982), Sociological Methodology 13. Begg and Gray (1984), Biometrika 71.

    Examples
    --------
    >>> from belbiotech import discrete_hazard_causes, simulate_panel
    >>> panel = simulate_panel(400, effect=-0.3, seed=1)
    >>> result = discrete_hazard_causes(
    ...     "alliances_active_lag1",
    ...     panel,
    ...     ["failure", "acquisition"],
    ...     baseline="log",
    ...     cluster="firm_id",
    ... )
    >>> result.summary[["coef", "relative risk ratio", "se(coef)"]].round(3)
                                        coef  relative risk ratio  se(coef)
    outcome     covariate
    failure     alliances_active_lag1 -0.185                0.831     0.093
    acquisition alliances_active_lag1 -0.010                0.990     0.101
    """
    names = check_outcome_names(outcomes)
    check_text(right_side, "right_side", "age + C(region)")
    formula = read_formula(f"{quoted(names[0])} ~ {right_side.strip().removeprefix('~')}")
    refuse_offset(formula, "discrete_hazard_causes")
    rows = read_rows(
        formula,
        data,
        names,
        unit=unit,
        cluster=cluster,
        weights=weights,
        start=start,
        stop=stop,
        overlap=overlap,
    )
    periods = rows.periods
    quiet = _quiet_levels(rows)
    at_risk = at_risk_of(rows.matrix.x, quiet)[periods.row]
    any_event = (periods.event > 0).astype(float)
    telling = np.where(at_risk.any(axis=1), periods.weight, 0.0)
    settled = make_baseline(baseline, periods.start, any_event, telling, periods.number)
    active, possible = _estimated(rows, settled, quiet)
    model = _model(rows, settled, active, possible & at_risk)
    _tell_of_missing_fates(rows, settled)
    fit = fit_multinomial(model)
    _tell_of_events(model, active[:, : len(rows.matrix.names)].sum(axis=1))
    return _result(rows, settled, _Estimated(active, quiet), model, fit)


def _quiet_levels(rows: DiscreteRows) -> tuple[Spec | None, ...]:
    """Find the levels of factors without each fate, and tell which."""
    periods, m = rows.periods, len(rows.columns)
    found: list[Spec | None] = []
    for kind, name in enumerate(rows.outcomes, start=1):
        happened = (periods.event == kind) & (periods.weight > 0)
        quiet = levels_without_events(rows.matrix, np.bincount(periods.row, happened, m) > 0)
        found.append(quiet.taken_out(rows.matrix).spec if quiet else None)
        if quiet:
            warn_of_quiet_levels(
                quiet.counted(rows.matrix, np.bincount(rows.row_of, minlength=m)),
                [(one.name, one.instead) for one in quiet.references],
                f"take {FIRTH}, or its strata=",
                event=name,
            )
    return tuple(found)


class _Estimated(NamedTuple):
    active: NDArray[np.bool_]
    quiet: tuple[Spec | None, ...]


def _estimated(
    rows: DiscreteRows, baseline: Baseline, quiet: Sequence[Spec | None]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell the coefficients of each fate, (K, p), and by period which fates can happen, (r, K)."""
    covariates, fates = len(rows.matrix.names), len(rows.outcomes)
    active = np.ones((fates, covariates + len(baseline.names)), dtype=bool)
    possible = np.ones((len(rows.periods.start), fates), dtype=bool)
    if baseline.kind == "dummies":
        _refuse_mixed_ends(rows, baseline)
        dummies = baseline.columns(rows.periods.start)
        active[:, covariates:] = _seen(rows, dummies)
        possible = (dummies @ active[:, covariates:].T) > 0
    for k, spec in enumerate(quiet):
        if spec is not None:
            active[k, list(spec.dropped)] = False
    return active, possible


def _model(
    rows: DiscreteRows,
    baseline: Baseline,
    active: NDArray[np.bool_],
    possible: NDArray[np.bool_],
) -> Multinomial:
    """Put the rows together, with the columns that some fate has a coefficient for."""
    periods, covariates = rows.periods, len(rows.matrix.names)
    x = with_baseline(rows.matrix.x[periods.row], baseline, periods.start)
    kept = np.asarray(active.any(axis=0))
    kept[covariates:] = True
    names = np.array([*rows.matrix.names, *baseline.names], dtype=object)
    return Multinomial(
        rows=Binomial(
            x=x[:, kept],
            names=tuple(names[kept]),
            ones=np.concatenate([np.zeros(covariates), baseline.ones])[kept],
            baseline=len(baseline.names),
            event=periods.event,
            number=periods.number,
            weight=np.where(possible.any(axis=1), periods.weight, 0.0),
            outcome=" or ".join(rows.outcomes),
            time=rows.start,
        ),
        outcomes=rows.outcomes,
        possible=possible,
        active=active[:, kept],
    )


def _seen(rows: DiscreteRows, dummies: FloatArray) -> NDArray[np.bool_]:
    """Tell which fate happened in which period, (K, q)."""
    kinds = np.arange(1, len(rows.outcomes) + 1)
    happened = (rows.periods.event == kinds[:, None]) * rows.periods.weight
    seen: NDArray[np.bool_] = happened @ dummies > 0
    return seen


def _refuse_mixed_ends(rows: DiscreteRows, baseline: Baseline) -> None:
    """Stop at a period that nobody outlives, but with different fates."""
    periods = rows.periods
    for start, hazard in baseline.certain.items():
        here = (periods.start == start) & (periods.weight > 0)
        if hazard == 1 and len(np.unique(periods.event[here])) > 1:
            msg = (
                f"in the period that starts at {start:g} every row ends with one fate or another; "
                "leave that period out, or take baseline='spline' or 'log'"
            )
            raise FitError(msg)
    if baseline.kind == "dummies" and not baseline.names:
        msg = (
            "every period has either no event or nothing else; there is nothing to compare: take "
            "longer periods, or baseline='log'"
        )
        raise FitError(msg)


def _result(
    rows: DiscreteRows,
    baseline: Baseline,
    estimated: _Estimated,
    model: Multinomial,
    fit: MultinomialFit,
) -> DiscreteCausesResult:
    pairs = coefficient_names(model.rows.names, model.outcomes, model.active)
    index = pd.MultiIndex.from_tuples(pairs, names=["outcome", "covariate"])
    naive = pd.DataFrame(fit.naive, index=index, columns=index)
    variance = naive
    clusters = rows.clusters
    if rows.cluster:
        robust, clusters = rows.clustered(fit.naive, fit.scores)
        variance = pd.DataFrame(robust, index=index, columns=index)
    number, event = model.rows.number, model.rows.event
    events = {name: int(number[event == k].sum()) for k, name in enumerate(model.outcomes, start=1)}
    numbers = DiscreteCausesFit(
        params=pd.Series(fit.beta, index=index, name="coef"),
        variance=variance,
        naive_variance=naive,
        covariates=rows.matrix.names,
        log_likelihood=fit.log_likelihood,
        n_rows=rows.n_rows,
        n_periods=int(number.sum()),
        n_events=pd.Series(events, name="events"),
        cluster=rows.cluster,
        clusters=clusters,
        baseline=baseline,
        rows=rows,
        active=estimated.active,
        quiet=estimated.quiet,
        certain=_certain(rows, baseline),
    )
    return DiscreteCausesResult(numbers)


def _certain(rows: DiscreteRows, baseline: Baseline) -> dict[float, tuple[float, ...]]:
    """Give the probability of each fate, 0 or 1, in the periods where nothing is uncertain."""
    kinds = np.arange(1, len(rows.outcomes) + 1)
    certain = {}
    for start in baseline.certain:
        here = (rows.periods.start == start) & (rows.periods.weight > 0)
        happened = np.isin(kinds, rows.periods.event[here])
        certain[start] = tuple(happened.astype(float).tolist())
    return certain


def _tell_of_missing_fates(rows: DiscreteRows, baseline: Baseline) -> None:
    if baseline.kind != "dummies":
        return
    starts = np.unique(rows.periods.start)
    for kind, name in enumerate(rows.outcomes, start=1):
        seen = rows.periods.start[(rows.periods.event == kind) & (rows.periods.weight > 0)]
        missing = starts[~np.isin(starts, seen)]
        if len(missing):
            warn(
                f"no {name} in the periods that start at "
                f"{', '.join(f'{start:g}' for start in missing)}: its probability there is 0 "
                "whatever the covariates are, and it has no coefficient for them; "
                "baseline='spline' or 'log' would smooth over"
            )


def _tell_of_events(model: Multinomial, covariates: NDArray[np.int64]) -> None:
    for k, name in enumerate(model.outcomes, start=1):
        events = int(model.rows.number[model.rows.event == k].sum())
        warn_of_few_events(events, name, int(covariates[k - 1]), FIRTH)
