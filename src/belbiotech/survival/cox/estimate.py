"""The Cox model on start-stop rows: a formula in, a `CoxResult` out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import BelbiotechWarning, FitError
from belbiotech.survival.cox.maximise import LEAVE_OUT, maximise
from belbiotech.survival.cox.partial_likelihood import (
    Design,
    Ties,
    prepare,
)
from belbiotech.survival.cox.result import CoxResult
from belbiotech.survival.cox.rows import CoxRows
from belbiotech.survival.formulas.checks import refuse_unknown_columns
from belbiotech.survival.formulas.design import (
    Formula,
    Matrix,
    counted_matrix,
    read_formula,
)
from belbiotech.survival.inference.variance import symmetric_inverse
from belbiotech.survival.rows.checks import FloatArray, IntArray, check_rows, rows_in_words
from belbiotech.survival.rows.clusters import (
    Overlap,
    as_cluster_columns,
    check_units,
    cluster_codes,
)
from belbiotech.survival.rows.column_codes import numbered
from belbiotech.survival.rows.column_names import as_columns, check_names, check_one_name
from belbiotech.survival.rows.counts import Counts, count_rows

__all__ = ["cox", "fit_cox"]

MOST_STEPS = 1e8  # events tied by Efron's method: 800 MB an array
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
    overlap: Overlap = "refuse",
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
        Column of case weights, above 0. With weights that are not whole numbers the errors
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
    overlap : {"refuse", "allow"}
        What to do where rows of one unit overlap in time. Allow it where a unit's clock starts
        again, as with the gap times of `recurrent_rows`.

    Returns
    -------
    CoxResult
        ``params``, ``standard_errors``, ``summary``; ``likelihood_ratio_test``, ``wald_test``,
        ``score_test``, ``anova()``, ``compare(other)``; ``concordance``;
        ``baseline_cumulative_hazard``; ``residuals(kind)``, ``test_proportional_hazards()``;
        ``predict_survival(paths)``; ``plot()``, ``to_markdown()``, ``to_latex()``.

    Raises
    ------
    FormulaError
        A formula that cannot be read, names unknown columns, or has a factor of one level.
    PanelError
        Missing or infinite values, ``stop <= start``, an outcome that is not 0/1, bad weights,
        rows of one unit that overlap in time. The cluster column ``firm_id`` is a unit;
        another is unless more than half of its clusters hold rows that overlap (a region).
    FitError
        No events, constant or collinear covariates, separation, a single cluster.

    Warns
    -----
    BelbiotechWarning
        Fewer than ten events for each coefficient; a stratum without events.

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

    Belgian firms from their first page on: a baseline for each origin, errors by firm.

    >>> from belbiotech import load_panel
    >>> panel = load_panel("0.2.0")
    >>> result = cox("exit ~ alliances_active_lag1 + listed_lag1", panel[panel["observed"]],
    ...              strata="origin", cluster="firm_id")
    >>> result.summary[["exp(coef)", "se(coef)", "naive se(coef)", "p"]].round(3)
                           exp(coef)  se(coef)  naive se(coef)      p
    covariate
    alliances_active_lag1      1.036     0.071           0.097  0.618
    listed_lag1                0.714     0.413           0.493  0.415
    """
    return fit_cox(
        formula,
        data,
        ties=ties,
        strata=strata,
        weights=weights,
        frequency=frequency,
        cluster=cluster,
        frailty=frailty,
        firth=firth,
        start=start,
        stop=stop,
        overlap=overlap,
        firth_offered=not firth and frailty is None,
    )


def fit_cox(
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
    overlap: Overlap = "refuse",
    firth_offered: bool = False,
) -> CoxResult:
    """Fit the Cox model for another model's sake: as `cox`, whose parameters these are.

    Parameters
    ----------
    formula, data, ties, strata, weights, frequency, cluster, frailty, firth, start, stop, overlap
        As in `cox`.
    firth_offered : bool
        Whether messages may advise ``firth=True``: not where the caller has no such argument.

    Returns
    -------
    CoxResult
        As of `cox`.
    """
    check_names(strata=strata, cluster=cluster)
    if frailty is not None:
        check_one_name(frailty=frailty)
    call = _Call(
        formula=read_formula(formula),
        strata=tuple(as_columns(strata)),
        cluster=as_cluster_columns(cluster),
        weights=weights,
        frequency=frequency,
        start=start,
        stop=stop,
    )
    _refuse_options(ties, call, frailty, firth, overlap)
    of_many_units = _check(data, call, frailty, overlap)
    empty, every_label = _empty_rows(data, frequency), data.index
    data = data if empty is None else data[~empty]
    counts, matrix = _counted(data, call)
    stratum, labels = _strata(counts.columns, call.strata)
    x, centre = _centred(matrix.x, counts.number)
    design = Design(
        start=counts.start,
        stop=counts.stop,
        event=counts.event == 1,
        stratum=stratum,
        x=x,
        number=counts.number,
        weight=counts.weight,
    )
    penalty = f"firth=True{' without cluster' if call.cluster else ''}" if firth_offered else None
    _tell_of_events(design, labels, len(matrix.names), call.formula.outcome, penalty)
    _refuse_many_steps(design, ties, frequency)
    rows = replace(
        _rows(data, call, counts, labels),
        of_many_units=of_many_units,
        empty=empty,
        labels=None if empty is None else every_label,
    )
    matrix = replace(matrix, x=x[:0])  # the numbers are in the design, centred
    if frailty is not None:
        from belbiotech.survival.cox.frailty import fit_frailty

        return fit_frailty(design, matrix, centre, rows, data[frailty], ties)
    if firth:
        from belbiotech.survival.cox.firth import fit_firth

        return fit_firth(design, matrix, centre, rows, ties)
    sets = prepare(design, ties)
    remedy = LEAVE_OUT if penalty is None else f"{LEAVE_OUT}, or use {penalty}"
    references = matrix.references
    best = maximise(design, sets, matrix.names, centre, references=references, remedy=remedy)
    naive = symmetric_inverse(best.at_maximum.information)
    result = CoxResult.of(design, sets, matrix, centre, rows, best, naive, ties)
    return _robust(result, data, call)


def _refuse_options(ties: str, call: _Call, frailty: str | None, firth: bool, overlap: str) -> None:
    problems = []
    if overlap not in ("refuse", "allow"):
        problems.append(f"overlap must be 'refuse' or 'allow', not {overlap!r}")
    if ties not in ("efron", "breslow"):
        problems.append(f"ties must be 'efron' or 'breslow', not {ties!r}")
    if frailty is not None and (firth or call.cluster):
        problems.append("frailty goes neither with firth nor with cluster; choose one")
    if firth and call.cluster:
        problems.append("firth gives profile-likelihood intervals; it does not go with cluster")
    if problems:
        raise FitError("\n".join(problems))


def _check(data: pd.DataFrame, call: _Call, frailty: str | None, overlap: str) -> tuple[str, ...]:
    """Refuse bad input; give the columns of clusters that hold several units each."""
    groups = [frailty] if frailty is not None else []
    if isinstance(data, pd.DataFrame):
        refuse_unknown_columns(call.formula, data)
    check_rows(
        data,
        [call.formula.outcome],
        start=call.start,
        stop=call.stop,
        columns=[*call.formula.columns, *call.strata, *call.cluster, *groups],
        weights=call.weights,
        frequency=call.frequency,
    )
    if call.weights is not None and (data[call.weights] == 0).any():
        where = rows_in_words(data, (data[call.weights] == 0).to_numpy())
        msg = f"weight {call.weights!r} is 0 in {where}; it must be above 0: drop those rows"
        raise FitError(msg)
    if overlap == "allow":
        return ()
    units = groups or call.cluster
    crowded = check_units(data, units, call.start, call.stop, overlap_offered=True)
    return () if groups else crowded


def _empty_rows(data: pd.DataFrame, frequency: str | None) -> NDArray[np.bool_] | None:
    """Find rows that stand for no row at all."""
    if frequency is None or (data[frequency] > 0).all():
        return None
    empty: NDArray[np.bool_] = (data[frequency] == 0).to_numpy(dtype=bool)
    return empty


def _centred(x: FloatArray, number: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Take the means off covariates, (m, p), in place; give both."""
    total = number.sum()
    centre = np.array([np.einsum("i,i", number, column) / total for column in x.T])
    for column, mean in zip(x.T, centre, strict=True):
        column -= mean
    return x, centre


def _counted(data: pd.DataFrame, call: _Call) -> tuple[Counts, Matrix]:
    """Count equal rows, and make the covariates of the distinct ones."""
    counts = count_rows(
        data,
        [call.formula.outcome],
        list(dict.fromkeys([*call.formula.columns, *call.strata])),
        start=call.start,
        stop=call.stop,
        weights=call.weights,
        frequency=call.frequency,
    )
    return counts, counted_matrix(call.formula, data, counts, call.frequency)


def _strata(columns: pd.DataFrame, names: tuple[str, ...]) -> tuple[IntArray, tuple[str, ...]]:
    if not names:
        return np.zeros(len(columns), dtype=np.int64), ("",)
    codes, number = numbered([columns[name] for name in names])
    one = np.zeros(number, dtype=np.int64)  # a row of each stratum
    one[codes] = np.arange(len(codes))
    labels = tuple(
        ", ".join(f"{name}={value}" for name, value in zip(names, values, strict=True))
        for values in columns[list(names)].iloc[one].itertuples(index=False)
    )
    return codes.astype(np.int64), labels


def _tell_of_events(
    design: Design, labels: tuple[str, ...], p: int, outcome: str, penalty: str | None
) -> None:
    events = int(design.number[design.event].sum())
    if not events:
        msg = f"outcome {outcome!r} never happens: it is 0 in all rows; there is nothing to fit"
        raise FitError(msg)
    seen = np.bincount(design.stratum[design.event], minlength=len(labels))
    empty = [label for label, number in zip(labels, seen, strict=True) if not number]
    if empty:
        warnings.warn(
            f"no event in stratum {'; '.join(empty)}: its rows contribute nothing",
            BelbiotechWarning,
            stacklevel=4,
        )
    if p and events < EVENTS_PER_COEFFICIENT * p:
        each = f"{p} coefficients ({events / p:.1f} each, " if p > 1 else "1 coefficient ("
        warnings.warn(
            f"{events} {'event' if events == 1 else 'events'} of {outcome!r} for {each}fewer than "
            f"{EVENTS_PER_COEFFICIENT}): estimates may be far off; think of "
            f"{penalty or 'fewer covariates'}",
            BelbiotechWarning,
            stacklevel=4,
        )


def _refuse_many_steps(design: Design, ties: str, frequency: str | None) -> None:
    """Refuse numbers of events for which Efron's ties, a step for each, do not fit in memory."""
    events = design.number[design.event].sum()
    if ties == "efron" and events > MOST_STEPS:
        where = "the data has" if frequency is None else f"column {frequency!r} makes"
        msg = (
            f"{where} {events:,.0f} events, and Efron's ties take a step for each; use "
            "ties='breslow', or give smaller numbers as weights="
        )
        raise FitError(msg)


def _rows(data: pd.DataFrame, call: _Call, counts: Counts, labels: tuple[str, ...]) -> CoxRows:
    case, copies = (
        None if name is None else data[name].to_numpy(dtype=float)
        for name in (call.weights, call.frequency)
    )
    return CoxRows(
        formula=call.formula,
        index=data.index,
        counts=counts.rows,
        case=case,
        copies=copies,
        stratum_labels=labels,
        strata=call.strata,
        cluster=call.cluster,
        start=call.start,
        stop=call.stop,
    )


def _robust(result: CoxResult, data: pd.DataFrame, call: _Call) -> CoxResult:
    """Replace the variance by the robust one where clusters or broken weights ask for it."""
    rows = result.rows
    broken = rows.case is not None and bool((rows.case % 1 != 0).any())
    if not (call.cluster or broken):
        return result
    groups = cluster_codes(data, call.cluster)
    if not len(result.params):
        return replace(result, n_clusters=int(groups[0].max()) + 1) if groups else result
    return result.with_clusters(groups or [np.arange(len(data))])
