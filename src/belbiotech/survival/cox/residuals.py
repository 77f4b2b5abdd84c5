"""Residuals of a Cox model, for the rows of the data and for its events."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args, overload

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, in_words, is_one_of, nearest_names
from belbiotech.survival.cox.fit import CoxFit, risk_of, with_known_frailty
from belbiotech.survival.cox.partial_likelihood import (
    Design,
    RiskSets,
    linear_predictor,
    row_hazard,
    score_residuals,
    step_sums,
)
from belbiotech.survival.cox.streams.scores import deviance, stream_residuals
from belbiotech.survival.engines.held import HeldRows, writable
from belbiotech.survival.inference.variance import cluster_sums
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["Kind", "deviance", "dfbeta", "martingale", "residuals", "schoenfeld"]

Kind = Literal["martingale", "deviance", "score", "dfbeta", "schoenfeld", "scaled_schoenfeld"]


@overload
def residuals(
    fit: CoxFit, kind: Kind = ..., collapse: str | pd.Series | None = ..., *, to: None = ...
) -> pd.Series | pd.DataFrame: ...


@overload
def residuals(
    fit: CoxFit, kind: Kind = ..., collapse: str | pd.Series | None = ..., *, to: str | Path
) -> None: ...


def residuals(
    fit: CoxFit,
    kind: Kind = "martingale",
    collapse: str | pd.Series | None = None,
    *,
    to: str | Path | None = None,
) -> pd.Series | pd.DataFrame | None:
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
    collapse : str or Series, optional
        Sum the residuals of the rows of each unit, as R's ``collapse=``: the column of the unit
        or of a cluster of the fit, or the values of any column of the data, by its rows. A row
        with a frequency of 3 counts three times; deviance residuals are made of the sums.

    to : str or Path, optional
        A Parquet file to write instead, a row for each row of the data: of rows that an engine
        holds with the columns that the model reads, and without bringing them in. Residuals by
        coefficient are then called ``size (score)`` and the like.

    Returns
    -------
    Series, DataFrame or None
        None where a file is written. By the data's index: a Series for martingale and deviance,
        else a DataFrame by coefficient. For the Schoenfeld kinds the index has the levels time
        and row, in order of stratum, time and row. A row with a frequency of 3 has the residual of
        one such row. Only dfbeta is multiplied by the case weight, as in R; a row with a frequency
        of 0 is no row of the fit, and has NaN. With a frailty, the estimated frailties are taken
        as known, as in R. With `collapse` the index has the units, in order.

    Raises
    ------
    FitError
        An unknown kind; residuals of events that are to be collapsed; units that are unknown,
        missing in a row or not one for each row; rows that an
        engine holds, without ``to``; a file that cannot be written.

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
    >>> rows["firm"] = [k // 4 for k in range(40)]
    >>> result.residuals("martingale", collapse=rows["firm"]).head(2).round(4)
    firm
    0    1.0665
    1   -0.9006
    Name: martingale, dtype: float64
    """
    if not is_one_of(kind, get_args(Kind)):
        msg = f"there are no residuals {in_words(kind)}; {nearest_names(str(kind), get_args(Kind))}"
        raise FitError(msg)
    if to is not None and collapse is not None:
        msg = "residuals are written row by row, or collapsed by unit: give to or collapse"
        raise FitError(msg)
    if to is not None:
        held = fit.rows.held
        path = writable(to, () if held is None else held.engine.paths)
        if fit.streamed is not None:
            stream_residuals(fit, fit.streamed, kind, path)
        elif held is not None:
            _write_held(fit, held, kind, path)
        else:
            table = pd.DataFrame(_of_rows(fit, kind)).reset_index().rename(columns=str)
            table.to_parquet(path, index=False)
        return None
    if fit.rows.held is not None or fit.streamed is not None:
        msg = (
            "the model's rows are not in memory, and residuals would be as many: name a file for "
            f"them, as in residuals({kind!r}, to='residuals.parquet')"
            f"{'' if collapse is None else ', and sum them by unit there'}"
        )
        raise FitError(msg)
    return _of_rows(fit, kind) if collapse is None else _collapsed(fit, kind, collapse)


def _of_rows(fit: CoxFit, kind: Kind) -> pd.Series | pd.DataFrame:
    design, sets = fit.design, fit.sets
    if kind in ("schoenfeld", "scaled_schoenfeld"):
        return _by_event(fit, scaled=kind == "scaled_schoenfeld")
    if kind in ("martingale", "deviance"):
        values = martingale(design, sets, risk_of(fit))
        values = fit.rows.over_pieces(values)
        if kind == "deviance":
            values = deviance(values, fit.rows.over_pieces(design.event.astype(float)))
        by_rows = pd.Series(values[fit.rows.row_of], index=fit.rows.index, name=kind)
        return fit.rows.for_all_rows(by_rows)
    by_row = dfbeta(fit) if kind == "dfbeta" else _scores(fit)[fit.rows.row_of]
    return fit.rows.for_all_rows(
        pd.DataFrame(by_row, index=fit.rows.index, columns=fit.params.index)
    )


def _collapsed(fit: CoxFit, kind: Kind, collapse: str | pd.Series) -> pd.Series | pd.DataFrame:
    """Sum the residuals of rows by unit."""
    if kind in ("schoenfeld", "scaled_schoenfeld"):
        msg = f"{kind} residuals are those of events: there is nothing to collapse"
        raise FitError(msg)
    rows, whose = fit.rows, _units(fit, collapse)
    if kind in ("martingale", "deviance"):
        values = rows.over_pieces(martingale(fit.design, fit.sets, risk_of(fit)))
        by_row = values[rows.row_of][:, None]
    else:
        by_row = dfbeta(fit) if kind == "dfbeta" else _scores(fit)[rows.row_of]
    codes, units = pd.factorize(whose, sort=True)
    index = pd.Index(units, name=whose.name)
    sums = cluster_sums(codes, by_row, weight=rows.row_number)
    if kind == "martingale":
        return pd.Series(sums[:, 0], index=index, name=kind)
    if kind == "deviance":
        event = rows.over_pieces(fit.design.event.astype(float))[rows.row_of]
        events = cluster_sums(codes, event[:, None], weight=rows.row_number)[:, 0]
        return pd.Series(deviance(sums[:, 0], events), index=index, name=kind)
    return pd.DataFrame(sums, index=index, columns=fit.params.index)


def _units(fit: CoxFit, collapse: str | pd.Series) -> pd.Series:
    """Give the unit of each row of the fit, (n,)."""
    rows = fit.rows
    if isinstance(collapse, str):
        if collapse not in rows.whose:
            known = ", ".join(map(repr, rows.whose)) or "none"
            msg = (
                f"the fit does not know column {collapse!r} (it knows {known}): fit with "
                f"unit={collapse!r}, or give the column itself, data[{collapse!r}]"
            )
            raise FitError(msg)
        whose = rows.whose[collapse]
    elif isinstance(collapse, pd.Series):
        whose = collapse if rows.empty is None else collapse[~rows.empty]
        every = rows.index if rows.labels is None else rows.labels
        if not collapse.index.equals(every):
            msg = "collapse must have one value for each row of the fit's data, by its index"
            raise FitError(msg)
    else:
        msg = f"collapse must be a column's name or a Series, not {type(collapse).__name__}"
        raise FitError(msg)
    if whose.isna().any():
        msg = f"collapse: the unit is missing in {int(whose.isna().sum())} rows; fill it in"
        raise FitError(msg)
    return whose


def _write_held(fit: CoxFit, held: HeldRows, kind: Kind, to: Path) -> None:
    """Write the residuals of an engine's rows, joined back to them there."""
    design, names = fit.design, [f"{name} ({kind})" for name in fit.params.index]
    rows, by_event = fit.rows, kind in ("schoenfeld", "scaled_schoenfeld")
    if by_event:
        values = _of_events(fit, scaled=kind == "scaled_schoenfeld")
    elif kind in ("martingale", "deviance"):
        one = rows.over_pieces(martingale(design, fit.sets, risk_of(fit)))
        if kind == "deviance":
            one = deviance(one, rows.over_pieces(design.event.astype(float)))
        values = one[:, None]
        names = [kind]
    else:
        values = _scores(fit)
        if kind == "dfbeta":
            values = values @ fit.naive_variance.to_numpy()
    by_row = values[rows.ends if by_event else rows.row_of]
    held.write(
        dict(zip(names, by_row.T, strict=True)),
        to,
        outcome=rows.formula.outcome,
        weighted=kind == "dfbeta",
        events_only=by_event,
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
    return fit.rows.over_pieces(score_residuals(design, fit.sets, beta)[:, : len(fit.params)])


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


def _of_events(fit: CoxFit, *, scaled: bool) -> FloatArray:
    """Schoenfeld residual of each row of the design; of those without the event it is none."""
    design, beta = fit.design, fit.params.to_numpy()
    values = np.zeros(design.x.shape)
    known, coefficients = with_known_frailty(fit)
    values[design.event] = schoenfeld(known, fit.sets, coefficients)[:, : len(beta)]
    return values @ fit.naive_variance.to_numpy() * fit.n_events + beta if scaled else values


def _by_event(fit: CoxFit, *, scaled: bool) -> pd.DataFrame:
    design, rows = fit.design, fit.rows
    values = _of_events(fit, scaled=scaled)
    ends = rows.ends
    positions = np.flatnonzero(design.event[ends] & (ends >= 0))
    of = ends[positions]
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
