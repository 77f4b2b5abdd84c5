"""The Cox model on start-stop rows: a formula in, a `CoxResult` out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from belbiotech.errors import BelbiotechWarning, FitError
from belbiotech.survival.counts import Counts, count_rows
from belbiotech.survival.cox_result import CoxResult, CoxRows
from belbiotech.survival.formulas import Formula, Matrix, design_matrix, read_formula
from belbiotech.survival.maximise import maximise
from belbiotech.survival.partial_likelihood import (
    Design,
    RiskSets,
    Ties,
    prepare,
    score_residuals,
)
from belbiotech.survival.rows import FloatArray, IntArray, check_rows, overlapping_rows
from belbiotech.survival.variance import clustered_variance, symmetric_inverse

__all__ = ["cox"]

EVENTS_PER_COEFFICIENT = 10  # fewer: estimates are biased and intervals too short (Peduzzi 1995)


@dataclass(frozen=True)
class _Call:
    """The columns of a call, read once."""

    formula: Formula
    strata: tuple[str, ...]
    cluster: tuple[str, ...]
    weights: str | None
    frequency: str | None
    start: str
    stop: str


def cox(
    formula: str,
    data: pd.DataFrame,
    *,
    ties: Ties = "efron",
    strata: str | Sequence[str] | None = None,
    weights: str | None = None,
    frequency: str | None = None,
    cluster: str | Sequence[str] | None = None,
    frailty: str | None = None,
    firth: bool = False,
    start: str = "start",
    stop: str = "stop",
) -> CoxResult:
    """Fit the Cox model to rows ``(start, stop]``, with delayed entry and ties done as in R.

    Parameters
    ----------
    formula : str
        ``"outcome ~ covariates"``: the outcome a column of 0/1 (did it happen at ``stop``?), the
        covariates as in R (``C(x, Treatment("b"))``, ``a:b``, ``bs(age, df=4)``, ``log(x)``).
    data : DataFrame
        One row for each interval; covariates may change from row to row.
    ties : {"efron", "breslow"}
        What to do with events at the same time.
    strata : str or sequence of str, optional
        Columns whose combinations have baselines of their own.
    weights : str, optional
        Column of case weights, not negative. With weights that are not whole numbers the errors
        are robust, as in R.
    frequency : str, optional
        Column of whole numbers: a row with 3 counts as three equal rows.
    cluster : str or sequence of two str, optional
        Errors robust to dependence within clusters (Lin and Wei 1989); with two columns, such as
        firm and year, within both (Cameron, Gelbach and Miller 2011).
    frailty : str, optional
        Column of groups that share a gamma frailty.
    firth : bool
        Firth's penalty, for few events or separation.
    start, stop : str
        Columns of the interval.

    Returns
    -------
    CoxResult
        Coefficients, errors, tests, baseline hazard, residuals, predictions.

    Raises
    ------
    FormulaError
        A formula that cannot be read or names unknown columns.
    PanelError
        Missing or infinite values, ``stop <= start``, an outcome that is not 0/1, bad weights,
        rows of one unit that overlap in time. The first cluster column is taken for a unit
        unless more than half of its rows overlap (as with a region).
    FitError
        No events, constant or collinear covariates, separation.

    References
    ----------
    Cox (1972); Efron (1977); Therneau and Grambsch (2000).

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
    """
    call = _Call(
        formula=read_formula(formula),
        strata=_names(strata),
        cluster=_names(cluster),
        weights=weights,
        frequency=frequency,
        start=start,
        stop=stop,
    )
    _refuse_options(ties, call, frailty, firth)
    _check(data, call, frailty)
    counts, matrix = _counted(data, call)
    stratum, labels = _strata(counts.columns, call.strata)
    centre = np.average(matrix.x, axis=0, weights=counts.number)
    design = Design(
        start=counts.start,
        stop=counts.stop,
        event=counts.event == 1,
        stratum=stratum,
        x=matrix.x - centre,
        number=counts.number,
        weight=counts.weight,
    )
    _tell_of_events(design, labels, len(matrix.names), call.formula.outcome)
    rows = _rows(data, call, counts, labels)
    if frailty is not None:
        from belbiotech.survival.frailty import fit_frailty

        return fit_frailty(design, matrix, centre, rows, data[frailty], ties)
    if firth:
        from belbiotech.survival.firth import fit_firth

        return fit_firth(design, matrix, centre, rows, ties)
    sets = prepare(design, ties)
    best = maximise(design, sets, matrix.names)
    naive = symmetric_inverse(best.at_maximum.information)
    result = CoxResult.of(design, sets, matrix, centre, rows, best, naive, ties)
    return _robust(result, design, sets, best.beta, rows, data, call)


def _names(columns: str | Sequence[str] | None) -> tuple[str, ...]:
    if columns is None:
        return ()
    return (columns,) if isinstance(columns, str) else tuple(columns)


def _refuse_options(ties: str, call: _Call, frailty: str | None, firth: bool) -> None:
    problems = []
    if ties not in ("efron", "breslow"):
        problems.append(f"ties must be 'efron' or 'breslow', not {ties!r}")
    if len(call.cluster) > 2:
        problems.append(f"cluster takes one column or two, not {len(call.cluster)}")
    if frailty is not None and (firth or call.cluster):
        problems.append("frailty goes neither with firth nor with cluster; choose one")
    if firth and call.cluster:
        problems.append("firth gives profile-likelihood intervals; it does not go with cluster")
    if problems:
        raise FitError("\n".join(problems))


def _check(data: pd.DataFrame, call: _Call, frailty: str | None) -> None:
    groups = [frailty] if frailty is not None else []
    check_rows(
        data,
        [call.formula.outcome],
        start=call.start,
        stop=call.stop,
        columns=[*call.formula.columns, *call.strata, *call.cluster, *groups],
        weights=call.weights,
        frequency=call.frequency,
    )
    unit = frailty if frailty is not None else next(iter(call.cluster), None)
    if unit is None:
        return
    begins, ends = (data[name].to_numpy(dtype=float) for name in (call.start, call.stop))
    overlapping = overlapping_rows(data[unit], begins, ends)
    if 0 < len(overlapping) <= len(data) / 2:
        check_rows(data, [call.formula.outcome], start=call.start, stop=call.stop, unit=unit)


def _counted(data: pd.DataFrame, call: _Call) -> tuple[Counts, Matrix]:
    """Count equal rows, and make the covariates of the distinct ones alone.

    Where a term looks at all rows (knots of a spline), its state is settled on all of them.
    """
    counts = count_rows(
        data,
        [call.formula.outcome],
        list(dict.fromkeys([*call.formula.columns, *call.strata])),
        start=call.start,
        stop=call.stop,
        weights=call.weights,
        frequency=call.frequency,
    )
    spec = None if call.formula.rowwise else design_matrix(call.formula, data).spec
    return counts, design_matrix(call.formula, counts.columns, spec)


def _strata(columns: pd.DataFrame, names: tuple[str, ...]) -> tuple[IntArray, tuple[str, ...]]:
    if not names:
        return np.zeros(len(columns), dtype=np.int64), ("",)
    groups = columns.groupby(list(names), observed=True, sort=True)
    firsts = groups.head(1).loc[:, list(names)].sort_values(list(names))
    labels = tuple(
        ", ".join(f"{name}={value}" for name, value in zip(names, values, strict=True))
        for values in firsts.itertuples(index=False)
    )
    return groups.ngroup().to_numpy().astype(np.int64), labels


def _tell_of_events(design: Design, labels: tuple[str, ...], p: int, outcome: str) -> None:
    events = int(design.number[design.event].sum())
    if not events:
        msg = f"outcome {outcome!r} never happens: it is 0 in all rows; there is nothing to fit"
        raise FitError(msg)
    seen = set(design.stratum[design.event].tolist())
    empty = [label for k, label in enumerate(labels) if k not in seen]
    if empty:
        warnings.warn(
            f"no event in stratum {'; '.join(empty)}: its rows contribute nothing",
            BelbiotechWarning,
            stacklevel=3,
        )
    if p and events < EVENTS_PER_COEFFICIENT * p:
        warnings.warn(
            f"{events} events of {outcome!r} for {p} coefficients ({events / p:.1f} each, fewer "
            f"than {EVENTS_PER_COEFFICIENT}): estimates may be far off; think of firth=True",
            BelbiotechWarning,
            stacklevel=3,
        )


def _rows(data: pd.DataFrame, call: _Call, counts: Counts, labels: tuple[str, ...]) -> CoxRows:
    return CoxRows(
        formula=call.formula,
        index=data.index,
        row_of=counts.row_of,
        row_weight=_row_weights(data, call),
        row_number=_row_numbers(data, call),
        stratum_labels=labels,
        strata=call.strata,
        cluster=call.cluster,
        start=call.start,
        stop=call.stop,
    )


def _row_numbers(data: pd.DataFrame, call: _Call) -> FloatArray:
    if call.frequency is None:
        return np.ones(len(data))
    return data[call.frequency].to_numpy(dtype=float)


def _row_weights(data: pd.DataFrame, call: _Call) -> FloatArray:
    weight = np.ones(len(data))
    for name in (call.weights, call.frequency):
        if name is not None:
            weight = weight * data[name].to_numpy(dtype=float)
    return weight


def _robust(
    result: CoxResult,
    design: Design,
    sets: RiskSets,
    beta: FloatArray,
    rows: CoxRows,
    data: pd.DataFrame,
    call: _Call,
) -> CoxResult:
    """Replace the variance by the robust one where clusters or broken weights ask for it."""
    broken = call.weights is not None and (rows.row_weight % 1 != 0).any()
    if not (call.cluster or broken) or not len(beta):
        return result
    groups = [pd.factorize(data[name])[0].astype(np.int64) for name in call.cluster]
    groups = groups or [np.arange(len(data), dtype=np.int64)]
    at_maximum = score_residuals(design, sets, beta)[rows.row_of] * rows.row_weight[:, None]
    at_zero = score_residuals(design, sets, 0 * beta)[rows.row_of] * rows.row_weight[:, None]
    variance = clustered_variance(result.naive_variance.to_numpy(), groups, at_maximum)
    _refuse_no_variance(variance, result, call)
    return result.with_clusters(variance, groups, at_zero)


def _refuse_no_variance(variance: FloatArray, result: CoxResult, call: _Call) -> None:
    negative = [
        name for name, v in zip(result.params.index, np.diag(variance), strict=True) if v < 0
    ]
    if negative:
        msg = (
            f"the variance clustered by {' and '.join(call.cluster)} is negative for "
            f"{', '.join(map(repr, negative))}: too few clusters; cluster by one column"
        )
        raise FitError(msg)
