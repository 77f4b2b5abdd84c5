"""A Cox model fitted by passes over its rows, `cox` with ``stream=True``."""

from __future__ import annotations

import ast
from dataclasses import replace
from itertools import count
from math import prod

import numpy as np
import pandas as pd

from belbiotech.errors import BelbiotechError, FitError, FormulaError, heard_warnings
from belbiotech.survival.cox.fit import CoxFit
from belbiotech.survival.cox.maximise import fit_plain
from belbiotech.survival.cox.partial_likelihood import Design, Likelihood
from belbiotech.survival.cox.rows import (
    CoxCall,
    CoxRows,
    check_options,
    counted_model,
    reading_of,
    stratum_keys,
    stratum_labels,
    warn_of_empty_strata,
)
from belbiotech.survival.cox.streams.adding import leaves_of, products_of, rows_of_batch
from belbiotech.survival.cox.streams.batch import Columns, Covariates, Times
from belbiotech.survival.cox.streams.climb import Maximum, Spread, climb
from belbiotech.survival.cox.streams.quiet import without_quiet_levels
from belbiotech.survival.cox.streams.totals import StreamedModel, StreamTotals, totals_at
from belbiotech.survival.engines.streams import NUMBER, WEIGHT, Stream, open_stream
from belbiotech.survival.formulas.allowed import columns_of, name_of
from belbiotech.survival.formulas.design import design_matrix
from belbiotech.survival.formulas.matrix import Matrix
from belbiotech.survival.inference.variance import symmetric_inverse
from belbiotech.survival.rows.checks import FloatArray, IntArray
from belbiotech.survival.rows.plain import plain_table

__all__ = ["fit_stream"]

SAMPLE = 1 << 16  # rows from whose estimate the passes start
MOST = 1 << 24  # numbers that are added up: each takes some 170 bytes in all
LEVELS = 1 << 12  # of a factor: more of them need more sums than that at any number of times
PATTERN = 1 << 10  # of these, those that show how covariates are coded


def fit_stream(data: object, call: CoxCall) -> CoxFit:
    """Fit a Cox model by passes over its rows.

    Parameters
    ----------
    data : DataFrame, or what an engine holds
        The rows.
    call : CoxCall
        The arguments of `cox`.

    Returns
    -------
    CoxFit
        Its design has no rows; ``streamed`` reads them again.

    Raises
    ------
    FormulaError
        A term that looks at other rows than its own.
    PanelError, FitError, EngineError
        As `cox`.
    """
    formula = call.formula
    check_options(call)
    _refuse(call)
    stream = open_stream(data, replace(reading_of(call, data), binned={}))
    times = _times(stream, call)
    _tell_of_strata(stream, call, times)
    sample = stream.sample(SAMPLE)
    matrix = _pattern(stream, call, sample, times)
    plain = Covariates.of(formula, matrix, sample)
    covariates = replace(plain, centre=plain.of_rows(sample)[0].mean(axis=1))
    stream = stream.sized(rows_of_batch(len(matrix.names)))
    model = StreamedModel(stream, covariates, times, times.sets(call.ties))
    best, model, rows = _maximum(model, _start(sample, call, matrix.names))
    return _fit(model, call, matrix, best, rows)


def _refuse(call: CoxCall) -> None:
    """Refuse what needs all rows at once."""
    problems = [
        f"{argument} needs its rows counted; leave out stream=True"
        for argument, given in (
            ("frailty=", call.frailty is not None),
            ("firth=True", call.firth),
            ("ridge=", call.ridge is not None),
            ("tt()", bool(call.formula.over_time)),
        )
        if given
    ]
    if problems:
        raise FitError("\n".join(problems))
    if not call.formula.rowwise:
        msg = (
            f"formula {call.formula.text!r} has a term that looks at all rows (the knots of a "
            "spline, a mean, or a function of yours), which stream=True does not hold; compute it "
            "in a column of its own"
        )
        raise FormulaError(msg)


def _times(stream: Stream, call: CoxCall) -> Times:
    """Count events by stratum and time; times that differ by rounding alone are one."""
    found = stream.events(call.strata).sort_values([*call.strata, call.stop])
    found = found[found[NUMBER] > 0]
    if found.empty:
        msg = f"outcome {call.formula.outcome!r} never happens: it is 0 in all rows"
        raise FitError(msg)
    strata = found[list(call.strata)].drop_duplicates().reset_index(drop=True)
    stratum: IntArray = np.zeros(len(found), dtype=np.int64)
    if call.strata:
        groups = found.groupby(list(call.strata), sort=True, observed=True)
        stratum = groups.ngroup().to_numpy().astype(np.int64)
    time = found[call.stop].to_numpy(dtype=float)
    new = np.r_[True, (np.diff(time) > stream.close) | (np.diff(stratum) > 0)]
    of = np.cumsum(new) - 1
    deaths, weight = (np.bincount(of, found[name]).astype(np.float64) for name in (NUMBER, WEIGHT))
    columns = Columns(
        call.formula.outcome, call.start, call.stop, call.strata, call.weights, call.frequency
    )
    return Times(columns, time[new], stratum[new], strata, deaths, weight, stream.close)


def _tell_of_strata(stream: Stream, call: CoxCall, times: Times) -> None:
    """Warn of strata without an event."""
    if not call.strata:
        return
    found = stream.groups(call.strata).reset_index(drop=True)
    empty = plain_table(found[times.codes(found) < 0], call.strata, groups=call.strata)
    warn_of_empty_strata(stratum_labels(empty, call.strata))


def _refuse_many(p: int, times: Times) -> None:
    """Refuse about p coefficients if what is added up for them takes too much memory."""
    k = len(times.time)
    numbers = products_of(p) * (2 * leaves_of(times) + k) + p * k
    if numbers > MOST:
        msg = (
            f"about {p:,} coefficients and {k:,} event times need sums of {numbers:,} numbers, of "
            f"which {MOST:,} are the most that are held; use covariates with fewer levels, merge "
            "levels, or round the times"
        )
        raise FitError(msg)


def _pattern(stream: Stream, call: CoxCall, sample: pd.DataFrame, times: Times) -> Matrix:
    """Code the covariates from a few rows in which each level of each factor occurs."""
    formula = call.formula
    few = sample.head(PATTERN)[list(formula.columns)].reset_index(drop=True)
    coded = {
        name
        for factor in formula.factors.values()
        if isinstance(factor.tree, ast.Call) and name_of(factor.tree) == "C"
        for name in columns_of(factor.tree)
    }
    factors = {
        name: stream.levels(name, LEVELS + 1).reset_index(drop=True)
        for name in formula.columns
        if stream.is_factor(name) or name in coded
    }
    numbers = {name: len(levels) for name, levels in factors.items()}
    # One level less, the reference: so many there are at least, and looking costs little.
    widths = {
        key: max(1, prod(numbers.get(name, 1) for name in columns_of(factor.tree)) - 1)
        for key, factor in formula.factors.items()
    }
    _refuse_many(sum(prod(widths[key] for key in term) for term in formula.terms), times)
    n = max([len(few), *numbers.values()])
    table = few.iloc[np.resize(np.arange(len(few)), n)].reset_index(drop=True)
    for name, levels in factors.items():
        table[name] = levels.iloc[np.resize(np.arange(len(levels)), n)].reset_index(drop=True)
    matrix = design_matrix(formula, table)
    _refuse_many(len(matrix.names), times)
    if call.leave_out:
        matrix = without_quiet_levels(stream, call, few, factors, matrix)
    return replace(matrix, x=matrix.x[:0], offset=None)


def _start(sample: pd.DataFrame, call: CoxCall, names: tuple[str, ...]) -> FloatArray:
    """Estimate the coefficients from a sample; zero where that cannot be done."""
    alone = replace(call, cluster=(), overlap="allow")
    with heard_warnings():  # of a sample, which nobody asked for
        try:
            params = fit_plain(counted_model(sample, alone)[0]).params
        except BelbiotechError:
            return np.zeros(len(names))
    return params.reindex(list(names)).fillna(0.0).to_numpy(dtype=float)


def _maximum(model: StreamedModel, start: FloatArray) -> tuple[Maximum, StreamedModel, int]:
    """Climb to the maximum, a pass a step, from a start; also count the rows."""
    p = len(start)
    zero, described = totals_at(model, np.zeros(p), "At zero", describe=True)
    rows, sums, squares, offsets = np.split(described.sums, [1, 1 + p, 1 + 2 * p])
    mean = sums / rows
    spread = np.sqrt(np.maximum(squares / rows - mean**2, 0.0))
    high, low = described.largest[:p], -described.largest[p:]
    known = Spread(
        scale=np.where(spread > 0, spread, 1.0),
        largest=np.maximum(high - mean, mean - low),
        constant=high == low,
        deaths=float(model.times.death_weight.sum()),
        unit=float(model.times.death_weight.sum() / model.times.deaths.sum()),
    )
    last: dict[bytes, StreamTotals] = {}
    passes = count(1)

    def evaluate(beta: FloatArray) -> Likelihood:
        totals, _ = totals_at(model, beta, f"Step {next(passes)}")
        last.clear()
        last[beta.tobytes()] = totals
        return totals.likelihood()

    best = climb(evaluate, zero.likelihood(), known, model.covariates.matrix.names, start)
    at_best = last.get(best.beta.tobytes())
    if at_best is None:
        at_best = totals_at(model, best.beta, "At the maximum")[0] if best.beta.any() else zero
    model = replace(
        model, at_zero=zero, at_best=at_best, mean_offset=float(offsets[1] / offsets[0])
    )
    return best, model, int(rows[0])


def _fit(
    model: StreamedModel,
    call: CoxCall,
    matrix: Matrix,
    best: Maximum,
    rows: int,
) -> CoxFit:
    names, times = list(matrix.names), model.times
    naive = symmetric_inverse(best.at_maximum.information)
    table = pd.DataFrame(naive, index=names, columns=names)
    score, information = best.at_zero.score, best.at_zero.information
    strata = plain_table(times.strata, call.strata, groups=call.strata)
    labels = stratum_labels(strata, call.strata) if call.strata else ("",)
    values = tuple(stratum_keys(strata, call.strata)) if call.strata else ((),)
    none = np.zeros(0)
    return CoxFit(
        design=Design(
            none,
            none,
            none.astype(bool),
            none.astype(np.int64),
            np.zeros((0, len(names))),
            none,
            none,
        ),
        matrix=matrix,
        centre=model.covariates.centre,
        rows=CoxRows(
            formula=call.formula,
            index=pd.RangeIndex(0),
            counts=None,
            case=None,
            copies=None,
            stratum_labels=labels,
            strata=call.strata,
            stratum_values=values,
            cluster=call.cluster,
            start=call.start,
            stop=call.stop,
            held=model.stream.held,
        ),
        ties=call.ties,
        sets=model.sets,
        params=pd.Series(best.beta, index=names, name="coef", dtype=float),
        variance=table,
        naive_variance=table,
        log_likelihood=best.at_maximum.value,
        log_likelihood_null=best.at_zero.value,
        naive_score_statistic=float(score @ np.linalg.solve(information, score)),
        n_rows=rows,
        n_events=int(times.deaths.sum()),
        streamed=model,
    )
