"""Cox models for the sake of another model: all that its room needs of the insides of `cox`."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from belbiotech.survival.cox.estimate import fit_cox
from belbiotech.survival.cox.partial_likelihood import Ties
from belbiotech.survival.cox.result import CoxResult
from belbiotech.survival.cox.rows import CoxCall
from belbiotech.survival.formulas.formula import read_formula

__all__ = ["cox_of_rows"]


def cox_of_rows(
    formula: str,
    data: pd.DataFrame,
    *,
    ties: Ties = "efron",
    strata: Sequence[str] = (),
    weights: str | None = None,
    frequency: str | None = None,
    cluster: str | None = None,
    start: str = "start",
    stop: str = "stop",
) -> CoxResult:
    """Fit a Cox model to rows that may overlap in time; its messages advise no Firth's penalty.

    Parameters
    ----------
    formula, data, ties, strata, weights, frequency, cluster, start, stop
        As of `belbiotech.cox`.

    Returns
    -------
    CoxResult
        As of `belbiotech.cox`.

    Raises
    ------
    FormulaError, PanelError, FitError
        As `belbiotech.cox`.
    """
    call = CoxCall(
        formula=read_formula(formula),
        ties=ties,
        strata=tuple(strata),
        weights=weights,
        frequency=frequency,
        cluster=() if cluster is None else (cluster,),
        start=start,
        stop=stop,
        overlap="allow",
    )
    return CoxResult(fit_cox(data, call))
