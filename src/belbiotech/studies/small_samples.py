"""Cox models where events are few: the rule they are fitted by, and fits without each firm."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError
from belbiotech.survival.cox.estimate import cox
from belbiotech.survival.cox.firth import penalised_likelihood
from belbiotech.survival.cox.fit import CoxFit
from belbiotech.survival.cox.partial_likelihood import Design, likelihood, prepare
from belbiotech.survival.cox.result import CoxResult
from belbiotech.survival.formulas.design import design_matrix
from belbiotech.survival.formulas.formula import read_formula
from belbiotech.survival.inference.few_events import EVENTS_PER_COEFFICIENT
from belbiotech.survival.rows.checks import FloatArray
from belbiotech.survival.rows.column_codes import numbered
from belbiotech.survival.rows.units import needed_unit

__all__ = ["RULE", "cox_by_events", "cox_or_firth", "few_events", "leave_one_out"]

RULE = (
    f"Models with fewer than {EVENTS_PER_COEFFICIENT} events a coefficient have Firth's penalty, "
    "and intervals and p-values from the profile of the penalised likelihood; the others have "
    "errors clustered by firm"
)
MOST_STEPS = 60
SETTLED = 1e-8  # largest last step, times the root mean square of its covariate
HALVES = 30


def cox_by_events(
    formula: str, rows: pd.DataFrame, *, unit: str | None = None, **options: Any
) -> CoxResult:
    """Fit a Cox model: with Firth's penalty where events are few, else with clustered errors.

    Parameters
    ----------
    formula : str
        As for `belbiotech.cox`.
    rows : DataFrame
        The rows.
    unit : str, optional
        Column that errors are clustered by; by default the rows' own, else ``firm_id``.
    **options
        For `belbiotech.cox`.

    Returns
    -------
    CoxResult
        With ``firth`` where there are fewer than ten events for each coefficient: intervals and
        p-values are then those of the profile likelihood, which knows no clusters.

    Raises
    ------
    FormulaError, PanelError, FitError
        As `belbiotech.cox`.

    References
    ----------
    Heinze, G., Schemper, M. (2001). A solution to the problem of monotone likelihood in Cox
    regression. Biometrics 57, 114-119.

    Examples
    --------
    >>> from belbiotech import load_panel
    >>> panel = load_panel("1.0.0")
    >>> rows = panel[panel["observed"]]
    >>> import warnings
    >>> many = cox_by_events("exit ~ alliances_active_lag1", rows)
    >>> with warnings.catch_warnings(record=True, action="always") as told:
    ...     few = cox_by_events("exit ~ alliances_active_lag1 + listed_lag1 + C(region)", rows)
    >>> many.firth is None, few.firth is None
    (True, False)
    >>> str(told[0].message)[:52]
    "26 events of 'exit' for 4 coefficients (6.5 each, fe"
    """
    few = few_events(formula, rows)
    cluster = None if few else needed_unit(rows, unit)
    return cox_or_firth(formula, rows, firth=few, cluster=cluster, **options)


def cox_or_firth(
    formula: str, rows: pd.DataFrame, *, firth: Any, cluster: Any, **options: Any
) -> CoxResult:
    """Fit a Cox model with Firth's penalty or with clustered errors.

    Parameters
    ----------
    formula : str
        As for `belbiotech.cox`.
    rows : DataFrame
        The rows.
    firth : bool or None
        Whether with the penalty, whose profile intervals know no clusters; None: if there are
        fewer than ten events a coefficient.
    cluster : str or None
        Column of the clusters.
    **options
        For `belbiotech.cox`.

    Returns
    -------
    CoxResult
        The fit.

    Examples
    --------
    >>> from belbiotech import load_panel
    >>> rows = load_panel("1.0.0").query("observed")
    >>> many = cox_or_firth("exit ~ listed_lag1", rows, firth=None, cluster="firm_id")
    >>> many.firth is None
    True
    """
    chosen = few_events(formula, rows) if firth is None else firth
    return cox(formula, rows, firth=chosen, cluster=None if chosen else cluster, **options)


def few_events(formula: str, rows: pd.DataFrame) -> bool:
    """Tell whether a model has fewer than ten events for each coefficient.

    Parameters
    ----------
    formula : str
        As for `belbiotech.cox`.
    rows : DataFrame
        The rows.

    Returns
    -------
    bool
        False where the rows lack a column or a value: the fit says so.

    Examples
    --------
    >>> rows = pd.DataFrame({"failure": [1, 0, 1, 0], "age": [1, 2, 3, 4]})
    >>> few_events("failure ~ age", rows), few_events("failure ~ size", rows)
    (True, False)
    """
    read = read_formula(formula)
    needed = [read.outcome, *read.columns]
    if not set(needed) <= set(rows.columns) or rows[needed].isna().any(axis=None):
        return False
    number = len(design_matrix(read, rows).names)
    return bool(rows[read.outcome].sum() < EVENTS_PER_COEFFICIENT * number)


def leave_one_out(result: CoxResult, unit: pd.Series) -> pd.DataFrame:
    """Fit a Cox model again without each unit.

    Parameters
    ----------
    result : CoxResult
        A model without weights or frailty; with Firth's penalty, so are the fits without a unit.
    unit : Series, (n,)
        Whose row each row of the model's data is.

    Returns
    -------
    DataFrame
        Coefficients by unit left out, each at the maximum of its likelihood (found from the
        coefficients of all); missing where it has none without the unit.

    Raises
    ------
    FitError
        A model with weights, a frailty or a ridge penalty; another number of rows.

    Examples
    --------
    >>> from belbiotech import cox, load_panel
    >>> panel = load_panel("1.0.0")
    >>> rows = panel[panel["observed"]]
    >>> result = cox("exit ~ alliances_active_lag1", rows)
    >>> without = leave_one_out(result, rows["firm_id"])
    >>> len(without), bool(without["alliances_active_lag1"].between(-0.1, 0.2).all())
    (115, True)
    """
    fit = result.fit
    _refuse(fit, len(unit))
    codes, number = numbered([unit])
    row_of, rows = fit.rows.row_of, len(fit.design.number)
    by_code = unit.groupby(codes).first()
    size = np.sqrt(np.average(fit.design.x**2, axis=0, weights=fit.design.number))
    found = np.full((number, len(fit.params)), np.nan)
    for code in range(number):
        own = np.bincount(row_of[codes == code], minlength=rows).astype(float)
        found[code] = _maximum(_without(fit.design, own), fit, size)
    return pd.DataFrame(found, index=pd.Index(by_code, name=unit.name), columns=fit.params.index)


def _refuse(fit: CoxFit, rows: int) -> None:
    if fit.rows.case is not None or fit.rows.copies is not None:
        msg = "leaving out units is made for models without weights and frequencies"
        raise FitError(msg)
    if fit.frailty is not None or fit.ridge is not None:
        msg = "leaving out units is made for models without frailty and ridge penalty"
        raise FitError(msg)
    if rows != len(fit.rows.index):
        msg = f"unit has {rows:,d} values, and the model {len(fit.rows.index):,d} rows"
        raise FitError(msg)


def _without(design: Design, own: FloatArray) -> Design:
    """Take a unit's rows off the counts."""
    left = design.number - own
    kept = left > 0
    return replace(
        design,
        start=design.start[kept],
        stop=design.stop[kept],
        event=design.event[kept],
        stratum=design.stratum[kept],
        x=design.x[kept],
        number=left[kept],
        weight=left[kept],
        offset=None if design.offset is None else design.offset[kept],
    )


def _maximum(design: Design, fit: CoxFit, size: FloatArray) -> FloatArray:
    """Bring the likelihood, penalised or not, to its maximum by Newton-Raphson; NaN for none."""
    none = np.full(len(size), np.nan)
    if not design.event.any():
        return none
    sets = prepare(design, fit.ties)
    value = likelihood if fit.firth is None else penalised_likelihood
    beta: FloatArray = fit.params.to_numpy(dtype=float)
    now = value(design, sets, beta)
    for _ in range(MOST_STEPS):
        try:
            step = np.linalg.solve(now.information, now.score)
        except np.linalg.LinAlgError:
            return none
        for _ in range(HALVES):
            then = value(design, sets, beta + step)
            if then.value >= now.value - 1e-12 * abs(now.value):
                break
            step = step / 2
        beta, now = beta + step, then
        if not np.isfinite(beta).all():
            return none
        if (np.abs(step) * size).max() < SETTLED:
            return beta
    return none
