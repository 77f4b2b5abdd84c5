"""A fitted model of any kind as a column of a regression table: numbers only, nothing written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from belbiotech.errors import FitError, a_type_of
from belbiotech.survival.competing.causes import CoxCausesResult
from belbiotech.survival.competing.fine_gray import FineGrayResult
from belbiotech.survival.cox.result import CoxResult
from belbiotech.survival.discrete.causes_result import DiscreteCausesResult
from belbiotech.survival.discrete.result import DiscreteHazardResult
from belbiotech.survival.inference.limits import normal_quantile
from belbiotech.survival.parametric.result import AftResult

__all__ = ["ModelColumn", "model_columns"]


@dataclass(frozen=True)
class ModelColumn:
    """One model, or one fate of a model of several.

    Attributes
    ----------
    name : str
        Its outcome.
    ratio : str
        What the exponential of a coefficient is: "hazard ratio".
    estimates : DataFrame, (p, 5)
        coef, std_error, lower, upper, p_value, by coefficient; the limits those of coef.
    references : mapping of str to str
        The reference level of each factor, by the factor's text.
    events, rows : int
        Numbers of them.
    units, clusters : int or None
        Numbers of them, where known.
    log_likelihood, aic : float or None
        Where the model has them.
    errors : str
        Where the errors come from.
    """

    name: str
    ratio: str
    estimates: pd.DataFrame
    references: dict[str, str]
    events: int
    rows: int
    units: int | None
    clusters: int | None
    log_likelihood: float | None
    aic: float | None
    errors: str


def model_columns(result: Any, conf_level: float = 0.95) -> list[ModelColumn]:
    """Take the numbers of a regression table's columns out of a result.

    Parameters
    ----------
    result : CoxResult, CoxCausesResult, FineGrayResult, DiscreteHazardResult, ... or AftResult
        A fitted model.
    conf_level : float
        Of the limits.

    Returns
    -------
    list of ModelColumn
        One, or one for each fate.

    Raises
    ------
    FitError
        Something else than a fitted model.
    """
    for kind, columns in KINDS.items():
        if isinstance(result, kind):
            return list(columns(result, conf_level))
    names = ", ".join(kind.__name__ for kind in KINDS)
    msg = f"a regression table takes fitted models ({names}), not {a_type_of(result)}"
    raise FitError(msg)


def _estimates(
    params: pd.Series, errors: pd.Series, conf_level: float, firth: pd.DataFrame | None = None
) -> pd.DataFrame:
    from scipy.special import ndtr

    half = normal_quantile(conf_level) * errors
    lower, upper, p_value = params - half, params + half, 2 * ndtr(-(params / errors).abs())
    if firth is not None:  # of the profile, which is of 95%
        lower, upper, p_value = firth["lower"], firth["upper"], firth["p_value"]
    columns = {"coef": params, "std_error": errors, "lower": lower, "upper": upper}
    return pd.DataFrame({**columns, "p_value": p_value}, index=params.index)


def _words(clusters: tuple[str, ...], fallback: str = "from the information") -> str:
    return f"clustered by {' and '.join(clusters)}" if clusters else fallback


def _cox(result: CoxResult, conf_level: float) -> Iterator[ModelColumn]:
    profile = None
    errors = _words(
        result.fit.rows.cluster, "robust" if result.fit.groups else "from the information"
    )
    if result.firth is not None:
        if conf_level != 0.95:
            msg = "the profile intervals of firth=True are of 95%; leave conf_level at 0.95"
            raise FitError(msg)
        profile = result.firth.intervals.join(result.firth.tests["p_value"])
        errors = "of the model, intervals from the profile of Firth's penalised likelihood"
    yield ModelColumn(
        name=result.fit.rows.formula.outcome,
        ratio="hazard ratio",
        estimates=_estimates(result.params, result.standard_errors, conf_level, profile),
        references=dict(result.fit.matrix.references),
        events=result.n_events,
        rows=result.n_rows,
        units=None,
        clusters=result.n_clusters,
        log_likelihood=result.log_likelihood,
        aic=result.aic,
        errors=errors,
    )


def _cox_causes(result: CoxCausesResult, conf_level: float) -> Iterator[ModelColumn]:
    for fit in result.results.values():
        yield from _cox(fit, conf_level)


def _fine_gray(result: FineGrayResult, conf_level: float) -> Iterator[ModelColumn]:
    inner = result.fit
    yield ModelColumn(
        name=result.outcome,
        ratio="subdistribution hazard ratio",
        estimates=_estimates(result.params, result.standard_errors, conf_level),
        references=dict(inner.fit.matrix.references),
        events=result.n_events,
        rows=result.n_rows,
        units=result.n_units,
        clusters=result.n_clusters,
        log_likelihood=result.log_likelihood,
        aic=None,
        errors=_words(result.cluster, "clustered by unit"),
    )


def _beside(
    result: DiscreteHazardResult | AftResult,
    outcome: str,
    references: Mapping[str, str],
    ratio: str,
    units: int | None,
    conf_level: float,
) -> Iterator[ModelColumn]:
    names = list(result.covariates)
    yield ModelColumn(
        name=outcome,
        ratio=ratio,
        estimates=_estimates(result.params[names], result.standard_errors[names], conf_level),
        references=dict(references),
        events=result.n_events,
        rows=result.n_rows,
        units=units,
        clusters=result.n_clusters,
        log_likelihood=result.log_likelihood,
        aic=result.aic,
        errors=_words(result.fit.cluster),
    )


def _discrete(result: DiscreteHazardResult, conf_level: float) -> Iterator[ModelColumn]:
    rows = result.fit.rows
    references = rows.matrix.references
    yield from _beside(result, rows.formula.outcome, references, result.ratio, None, conf_level)


def _aft(result: AftResult, conf_level: float) -> Iterator[ModelColumn]:
    outcome, references = result.fit.formula.outcome, result.fit.matrix.references
    yield from _beside(result, outcome, references, "time ratio", None, conf_level)


def _discrete_causes(result: DiscreteCausesResult, conf_level: float) -> Iterator[ModelColumn]:
    names = list(result.covariates)
    for outcome in result.outcomes:
        params = result.params[outcome][names]
        yield ModelColumn(
            name=outcome,
            ratio="relative risk ratio",
            estimates=_estimates(params, result.standard_errors[outcome][names], conf_level),
            references=dict(result.fit.rows.matrix.references),
            events=int(result.n_events[outcome]),
            rows=result.n_rows,
            units=None,
            clusters=result.n_clusters,
            log_likelihood=result.log_likelihood,
            aic=result.aic,
            errors=_words(result.fit.cluster),
        )


KINDS: dict[type, Any] = {
    CoxResult: _cox,
    CoxCausesResult: _cox_causes,
    FineGrayResult: _fine_gray,
    DiscreteHazardResult: _discrete,
    DiscreteCausesResult: _discrete_causes,
    AftResult: _aft,
}
