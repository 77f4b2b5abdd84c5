"""Residuals of a Cox model, for the rows of the data and for its events."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import FitError, nearest_names
from belbiotech.survival.cox.fit import CoxFit, risk_of, with_known_frailty
from belbiotech.survival.cox.partial_likelihood import (
    Design,
    RiskSets,
    linear_predictor,
    row_hazard,
    score_residuals,
    step_sums,
)
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["Kind", "deviance", "dfbeta", "martingale", "residuals", "schoenfeld"]

Kind = Literal["martingale", "deviance", "score", "dfbeta", "schoenfeld", "scaled_schoenfeld"]


def residuals(fit: CoxFit, kind: Kind = "martingale") -> pd.Series | pd.DataFrame:
    """Compute the residuals of a fitted Cox model, as R's ``residuals.coxph``.

    Parameters
    ----------
    fit : CoxFit
        The fit.
    kind : str
        For each row of the data: "martingale" (events seen minus expected), "deviance",
        "score" (the row's part of the score) or "dfbeta" (how far the coefficients move with
        the row). For each event: "schoenfeld" (covariates minus their mean among those at risk)
        or "scaled_schoenfeld" (on the scale of the coefficients).

    Returns
    -------
    Series or DataFrame
        By the data's index: a Series for martingale and deviance, else a DataFrame by
        coefficient. For the Schoenfeld kinds the index has the levels time and row, in order of
        stratum, time and row. A row with a frequency of 3 has the residual of one such row. Only
        dfbeta is multiplied by the case weight, as in R; a row with a frequency of 0 is no row of
        the fit, and has NaN. With a frailty, the estimated frailties
        are taken as known, as in R.

    Raises
    ------
    FitError
        An unknown kind.

    References
    ----------
    Therneau and Grambsch (2000), chapters 4, 6 and 7; Grambsch and Therneau (1994).

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import cox
    >>> rows = pd.DataFrame({"start": 0, "stop": [k % 7 + 1 for k in range(40)]})
    >>> rows["failure"] = [k % 2 for k in range(40)]
    >>> rows["size"] = [k * k % 11 for k in range(40)]
    >>> result = cox("failure ~ size", rows)
    >>> result.residuals("martingale").head(3).round(4)
    0   -0.0630
    1    0.8824
    2   -0.2780
    Name: martingale, dtype: float64
    >>> result.residuals("scaled_schoenfeld").head(3).round(4)
                size
    time row
    1.0  7    0.1460
         21  -0.4483
         35  -0.0026
    """
    if kind not in get_args(Kind):
        msg = f"there are no residuals {kind!r}; {nearest_names(str(kind), get_args(Kind))}"
        raise FitError(msg)
    design, sets = fit.design, fit.sets
    if kind in ("schoenfeld", "scaled_schoenfeld"):
        return _by_event(fit, scaled=kind == "scaled_schoenfeld")
    if kind in ("martingale", "deviance"):
        values = martingale(design, sets, risk_of(fit))
        if kind == "deviance":
            values = deviance(values, design.event)
        by_rows = pd.Series(values[fit.rows.row_of], index=fit.rows.index, name=kind)
        return fit.rows.for_all_rows(by_rows)
    by_row = dfbeta(fit) if kind == "dfbeta" else _scores(fit)[fit.rows.row_of]
    return fit.rows.for_all_rows(
        pd.DataFrame(by_row, index=fit.rows.index, columns=fit.params.index)
    )


def dfbeta(fit: CoxFit) -> FloatArray:
    """How far each row moves the coefficients, times its case weight, (n, p).

    Parameters
    ----------
    fit : CoxFit
        The fit.

    Returns
    -------
    array of float, (n, p)
        By the rows of the fit: those of the data with a frequency above 0.
    """
    by_row: FloatArray = _scores(fit)[fit.rows.row_of] @ fit.naive_variance.to_numpy()
    return by_row * fit.rows.case_weight[:, None]


def _scores(fit: CoxFit) -> FloatArray:
    """Score residual of each distinct row, (m, p), with frailties taken as known."""
    design, beta = with_known_frailty(fit)
    return score_residuals(design, fit.sets, beta)[:, : len(fit.params)]


def martingale(design: Design, sets: RiskSets, risk: FloatArray) -> FloatArray:
    """Events seen minus expected, by distinct row.

    Parameters
    ----------
    design : Design
        Counted rows.
    sets : RiskSets
        Their risk sets.
    risk : array of float, (m,)
        The risk ``exp(x b)`` of each.

    Returns
    -------
    array of float, (m,)
        ``N_i - r_i H_i`` (Therneau and Grambsch 2000, 4.2).
    """
    expected: FloatArray = risk * row_hazard(design, sets, step_sums(design, sets, risk))
    return design.event - expected


def deviance(martingale: FloatArray, event: NDArray[np.bool_]) -> FloatArray:
    """Make martingale residuals more symmetric.

    Parameters
    ----------
    martingale : array of float, (m,)
        Martingale residuals M.
    event : array of bool, (m,)
        Whether the event happened, N.

    Returns
    -------
    array of float, (m,)
        ``sign(M) sqrt(-2 (M + N log(N - M)))`` (Therneau and Grambsch 2000, 4.3).
    """
    # N - M is the expected number; without an event its logarithm is not needed.
    log_expected = np.log(np.where(event, event - martingale, 1.0))
    square = -2 * (martingale + log_expected)
    return np.sign(martingale) * np.sqrt(np.maximum(square, 0.0))


def schoenfeld(design: Design, sets: RiskSets, beta: FloatArray) -> FloatArray:
    """Covariates of each event minus their mean among those at risk.

    Parameters
    ----------
    design : Design
        Counted rows, e of them with the event.
    sets : RiskSets
        Their risk sets.
    beta : array of float, (p,)
        The coefficients.

    Returns
    -------
    array of float, (e, p)
        In the design's order. With Efron's ties the mean is that over the steps of the tie.
    """
    steps = step_sums(design, sets, np.exp(linear_predictor(design.x.T, beta, design.offset)))
    return design.x[design.event] - steps.mean[sets.own]


def _by_event(fit: CoxFit, *, scaled: bool) -> pd.DataFrame:
    design, rows = fit.design, fit.rows
    beta = fit.params.to_numpy()
    values = np.zeros(design.x.shape)
    known, coefficients = with_known_frailty(fit)
    values[design.event] = schoenfeld(known, fit.sets, coefficients)[:, : len(beta)]
    if scaled:
        values = values @ fit.naive_variance.to_numpy() * fit.n_events + beta
    of = rows.row_of[design.event[rows.row_of]]
    positions = np.flatnonzero(design.event[rows.row_of])
    order = np.lexsort((positions, design.stop[of], design.stratum[of]))
    of, positions = of[order], positions[order]
    labels = rows.index[positions]
    levels = [labels.get_level_values(k) for k in range(labels.nlevels)]
    names = ["row"] if len(levels) == 1 else list(labels.names)
    index = pd.MultiIndex.from_arrays(
        [design.stop[of], *levels],
        names=["time", *("row time" if name == "time" else name for name in names)],
    )
    return pd.DataFrame(values[of], index=index, columns=fit.params.index)
