"""Accelerated failure time models with delayed entry, for those who extrapolate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, PanelError, in_words, is_one_of, nearest_names, warn
from belbiotech.survival.formulas.checks import refuse_offset
from belbiotech.survival.formulas.design import design_matrix
from belbiotech.survival.formulas.formula import Formula, read_formula
from belbiotech.survival.formulas.matrix import Matrix
from belbiotech.survival.formulas.without_events import levels_without_events
from belbiotech.survival.inference.few_events import warn_of_few_events
from belbiotech.survival.inference.levels import level_in_words
from belbiotech.survival.inference.variance import clustered_variance
from belbiotech.survival.parametric.fit import AftFit
from belbiotech.survival.parametric.location_scale import AftDesign, DistributionName
from belbiotech.survival.parametric.maximise import AftMaximum, fit_aft, without_covariates
from belbiotech.survival.parametric.result import AftResult
from belbiotech.survival.rows.checks import check_rows, refuse_no_weight
from belbiotech.survival.rows.clusters import as_cluster_columns, cluster_codes
from belbiotech.survival.rows.column_names import as_list
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.from_zero import all_from_zero
from belbiotech.survival.rows.path_checks import plain
from belbiotech.survival.rows.spells import join_rows
from belbiotech.survival.rows.units import joining_unit

__all__ = ["aft", "compare_distributions"]

WHY_FIXED = (
    "an accelerated failure time model stretches a whole life by one factor, and has no meaning "
    "for a covariate that changes on the way: take its value at entry, or use cox() or "
    "discrete_hazard()"
)


@all_from_zero
def aft(
    formula: str,
    data: pd.DataFrame,
    distribution: DistributionName = "weibull",
    *,
    unit: str | None = None,
    cluster: str | Sequence[str] | None = None,
    weights: str | None = None,
    start: str = "start",
    stop: str = "stop",
) -> AftResult:
    """Fit an accelerated failure time model: covariates stretch or shorten the time to an event.

    Rows of a unit that follow on each other are joined first. A unit that enters late is
    conditioned on having survived until then. Without delayed entry equal to R's ``survreg``;
    fitted by Newton-Raphson from several points. Times count by their logarithms, however near.

    Parameters
    ----------
    formula : str
        ``"outcome ~ covariates"``, as in `cox`; the covariates fixed over a unit's life.
    data : DataFrame
        One row for each interval ``(start, stop]``, time counted from 0 = birth.
    distribution : {"weibull", "lognormal", "loglogistic"}
        Of the times.
    unit : str, optional
        Column that says whose row it is; by default the panel's own (``data.attrs["unit"]``),
        else ``firm_id``; where there is neither, each row is a unit by itself.
    cluster : str or sequence of two str, optional
        Errors robust to dependence within clusters, without a small-sample factor.
    weights : str, optional
        Column of case weights, above 0 (as in R's ``survreg``), fixed over a unit's life.
    start, stop : str
        Columns of the interval.

    Returns
    -------
    AftResult
        Coefficients (``exp(coef)`` is a time ratio), ``predict_quantile``, ``predict_survival``.

    Raises
    ------
    FormulaError
        A formula that cannot be read or names unknown columns.
    PanelError
        Rows that are no panel, times before 0, an event before a unit's last row.
    FitError
        A covariate that changes over time, no events, constant or collinear covariates, a group
        without events, a distribution that cannot be fitted: all units enter late and the hazard
        falls at least as fast as 1/t, so that the likelihood has no maximum.

    Warns
    -----
    BelbiotechWarning
        Fewer than ten events for each coefficient. The table names a unit whose column is gone:
        each row counts as a unit by itself.

    References
    ----------
    Kalbfleisch and Prentice (2002), The Statistical Analysis of Failure Time Data, chapter 3.

    Examples
    --------
    >>> from belbiotech import aft, simulate_panel
    >>> panel = simulate_panel(400, seed=1)
    >>> result = aft("failure ~ C(origin)", panel, "lognormal", cluster="firm_id")
    >>> result.summary[["coef", "time ratio", "se(coef)"]].round(3)
                                      coef  time ratio  se(coef)
    covariate
    C(origin)[T.independent]         0.171       1.186     0.179
    C(origin)[T.university_spinoff]  0.320       1.377     0.171
    """
    _refuse_distribution(distribution)
    parsed = read_formula(formula)
    refuse_offset(parsed, "aft")
    clusters = as_cluster_columns(cluster)
    data = as_table(data)
    spells = _spells(parsed, data, clusters, unit, weights, start, stop)
    matrix = design_matrix(parsed, spells)
    design = _design(parsed, spells, matrix, weights, start, stop)
    _refuse_quiet_levels(matrix, design, parsed.outcome)
    names = [*matrix.names, "Intercept"]
    fit = fit_aft(design, distribution, names, parsed.outcome)
    events, covariates = int(design.event.sum()), len(matrix.names)
    warn_of_few_events(events, parsed.outcome, covariates, "fewer covariates")
    null = without_covariates(design, distribution, parsed.outcome)
    naive = _table(fit.naive, names)
    groups = cluster_codes(spells, clusters)
    robust = _robust(fit, design, groups) if clusters else fit.naive
    numbers = AftFit(
        params=pd.Series(fit.theta, index=naive.index, name="coef"),
        variance=_table(robust, names),
        naive_variance=naive,
        covariates=matrix.names,
        log_likelihood=fit.log_likelihood,
        log_likelihood_null=null,
        n_rows=len(data),
        n_spells=len(spells),
        n_events=events,
        cluster=clusters,
        clusters=tuple(int(group.max()) + 1 for group in groups),
        distribution=distribution,
        formula=parsed,
        matrix=matrix,
    )
    return AftResult(numbers)


def compare_distributions(
    formula: str,
    data: pd.DataFrame,
    distributions: Sequence[DistributionName] = ("weibull", "lognormal", "loglogistic"),
    **options: Any,
) -> pd.DataFrame:
    """Fit several distributions and put their Akaike criteria side by side.

    Parameters
    ----------
    formula, data
        As in `aft`.
    distributions : sequence of str
        Which ones.
    **options
        Further arguments of `aft`.

    Returns
    -------
    DataFrame
        Columns distribution, log_likelihood, parameters, aic, difference (from the lowest
        criterion), the best first. NaN where a distribution cannot be fitted.

    Raises
    ------
    FormulaError, PanelError, FitError
        As `aft`, where no distribution can be fitted.

    Warns
    -----
    BelbiotechWarning
        A distribution that cannot be fitted, with the reason.

    References
    ----------
    Akaike (1974), IEEE Transactions on Automatic Control 19.

    Examples
    --------
    >>> from belbiotech import compare_distributions, simulate_panel
    >>> panel = simulate_panel(400, seed=1)
    >>> compare_distributions("failure ~ C(origin)", panel).round(2)
      distribution  log_likelihood  parameters      aic  difference
    0    lognormal         -746.76           4  1501.53        0.00
    1  loglogistic         -747.94           4  1503.87        2.35
    2      weibull         -748.79           4  1505.58        4.05
    """
    data = as_table(data)
    distributions = as_list(distributions, "distributions", ["weibull", "lognormal"])
    if not distributions:
        msg = "distributions is empty, so that there is nothing to compare"
        raise FitError(msg)
    for name in distributions:
        _refuse_distribution(name)
    lines: list[dict[str, object]] = []
    failures: list[FitError] = []
    for name in distributions:
        try:
            result = aft(formula, data, name, **options)
        except FitError as failure:
            failures.append(failure)
            lines.append({"distribution": name})
            continue
        lines.append(
            {
                "distribution": name,
                "log_likelihood": result.log_likelihood,
                "parameters": len(result.params),
                "aic": result.aic,
            }
        )
    if len(failures) == len(lines):
        raise failures[0]
    for error in failures:
        warn(str(error))
    table = pd.DataFrame(lines).sort_values("aic", ignore_index=True)
    return table.assign(difference=table["aic"] - table["aic"].min())


def _refuse_distribution(name: str) -> None:
    if not is_one_of(name, get_args(DistributionName)):
        known = get_args(DistributionName)
        msg = f"distribution {in_words(name)} is unknown; {nearest_names(str(name), known)}"
        raise FitError(msg)


def _refuse_quiet_levels(matrix: Matrix, design: AftDesign, outcome: str) -> None:
    """Refuse levels of factors in which nothing happens: their times have no upper end."""
    quiet = levels_without_events(matrix, design.event)
    if quiet:
        counted = quiet.counted(matrix, np.ones(len(design.event)))
        references = {one.name for one in quiet.references}
        told = ", ".join(
            f"{n:,d} rows with {level_in_words(name)}"
            f"{' (the reference level)' if name in references else ''}"
            for name, n in counted.items()
        )
        msg = (
            f"the likelihood has no maximum: no {outcome} among the {told} (one row a unit); leave "
            "those rows out, merge levels, or use cox(), which takes such levels out by itself"
        )
        raise FitError(msg)


def _spells(
    formula: Formula,
    data: pd.DataFrame,
    clusters: tuple[str, ...],
    unit: str | None,
    weights: str | None,
    start: str,
    stop: str,
) -> pd.DataFrame:
    unit = joining_unit(data, unit)
    columns = [*formula.columns, *clusters]
    data = check_rows(
        data,
        [formula.outcome],
        start=start,
        stop=stop,
        columns=columns,
        weights=weights,
        unit=unit,
        tied=False,
    )
    early = data[start] < 0
    if early.any():
        label = plain(data.index[early][0])
        msg = (
            f"{start!r} is below 0 in {int(early.sum())} rows, such as row {label}; times must "
            "count from birth (0)"
        )
        raise PanelError(msg)
    if not data[formula.outcome].astype(bool).any():
        msg = f"outcome {formula.outcome!r} never happens: it is 0 in all rows"
        raise FitError(msg)
    fixed = [*columns, *([] if weights is None else [weights])]
    spells = join_rows(
        data,
        unit,
        [formula.outcome],
        fixed,
        why=WHY_FIXED,
        gaps=True,
        start=start,
        stop=stop,
        tied=False,  # that is for risk sets: here the logarithms of the times count
    )
    if weights is not None:
        refuse_no_weight(data, weights)
    return spells


def _design(
    formula: Formula,
    spells: pd.DataFrame,
    matrix: Matrix,
    weights: str | None,
    start: str,
    stop: str,
) -> AftDesign:
    weight = np.ones(len(spells)) if weights is None else spells[weights].to_numpy(dtype=float)
    with np.errstate(divide="ignore"):
        log_entry = np.log(spells[start].to_numpy(dtype=float))
    return AftDesign(
        log_entry=log_entry,
        log_exit=np.log(spells[stop].to_numpy(dtype=float)),
        event=spells[formula.outcome].to_numpy(dtype=bool),
        x=np.hstack([matrix.x, np.ones((len(spells), 1))]),
        weight=weight,
    )


def _robust(fit: AftMaximum, design: AftDesign, groups: tuple[Any, ...]) -> Any:
    return clustered_variance(fit.naive, groups, fit.scores * design.weight[:, None])


def _table(variance: Any, names: Sequence[str]) -> pd.DataFrame:
    index = [*names, "log(scale)"]
    return pd.DataFrame(variance, index=index, columns=index)
