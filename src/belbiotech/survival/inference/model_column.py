"""A fitted model of any kind as a column of a printed table: numbers only, nothing written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import pandas as pd

from belbiotech.errors import FitError, a_type_of
from belbiotech.survival.inference.limits import normal_quantile

__all__ = ["HasColumns", "ModelColumn", "clusters_in_words", "estimates_of", "model_columns"]


@dataclass(frozen=True, kw_only=True)
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
    events, rows : int or None
        Numbers of them; None where the model counts none for itself.
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
    events: int | None
    rows: int | None
    units: int | None = None
    clusters: int | None = None
    log_likelihood: float | None = None
    aic: float | None = None
    errors: str


@runtime_checkable
class HasColumns(Protocol):
    """A fitted model that can stand in a printed table."""

    def as_columns(self, *, conf_level: float = 0.95) -> list[ModelColumn]:
        """Give its columns: one, or one for each fate."""


def model_columns(result: Any, conf_level: float = 0.95) -> list[ModelColumn]:
    """Take the numbers of a table's columns out of a result.

    Parameters
    ----------
    result : HasColumns
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
    if isinstance(result, HasColumns) and not isinstance(result, type):
        return result.as_columns(conf_level=conf_level)
    msg = f"a regression table takes fitted models, such as those of cox(), not {a_type_of(result)}"
    raise FitError(msg)


def estimates_of(
    params: pd.Series, errors: pd.Series, conf_level: float, profile: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Put coefficients, errors, limits and p-values side by side.

    Parameters
    ----------
    params, errors : Series, (p,)
        Coefficients and their standard errors.
    conf_level : float
        Of the limits.
    profile : DataFrame, (p, 3), optional
        lower, upper and p_value of a profile likelihood, in the place of Wald's.

    Returns
    -------
    DataFrame
        coef, std_error, lower, upper, p_value, by coefficient.

    Examples
    --------
    >>> one = pd.Series([0.5], ["x"])
    >>> estimates_of(one, one / 2, 0.95).round(3)
       coef  std_error  lower  upper  p_value
    x   0.5       0.25   0.01   0.99    0.046
    """
    from scipy.special import ndtr

    half = normal_quantile(conf_level) * errors
    lower, upper, p_value = params - half, params + half, 2 * ndtr(-(params / errors).abs())
    if profile is not None:
        lower, upper, p_value = profile["lower"], profile["upper"], profile["p_value"]
    columns = {"coef": params, "std_error": errors, "lower": lower, "upper": upper}
    return pd.DataFrame({**columns, "p_value": p_value}, index=params.index)


def clusters_in_words(clusters: Sequence[str], otherwise: str = "from the information") -> str:
    """Say where errors come from.

    Examples
    --------
    >>> clusters_in_words(["firm_id"]), clusters_in_words([])
    ("clustered by 'firm_id'", 'from the information')
    """
    return f"clustered by {' and '.join(map(repr, clusters))}" if clusters else otherwise
