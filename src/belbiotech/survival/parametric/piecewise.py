"""The piecewise exponential model: a hazard that is constant between given times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, in_words, is_one_of, warn
from belbiotech.survival.formulas.checks import refuse_unknown_columns
from belbiotech.survival.formulas.design import counted_matrix
from belbiotech.survival.formulas.formula import Formula, read_formula
from belbiotech.survival.inference.few_events import warn_of_few_events
from belbiotech.survival.inference.variance import clustered_variance
from belbiotech.survival.parametric.piecewise_fit import PiecewiseFit
from belbiotech.survival.parametric.piecewise_result import PiecewiseResult
from belbiotech.survival.parametric.poisson import Exposure, fit_poisson
from belbiotech.survival.rows.checks import FloatArray, check_rows, refuse_no_weight
from belbiotech.survival.rows.clusters import Overlap, as_cluster_columns, cluster_codes
from belbiotech.survival.rows.column_names import check_text
from belbiotech.survival.rows.counts import Counts, count_rows
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.from_zero import all_from_zero
from belbiotech.survival.rows.timeline import split_at
from belbiotech.survival.rows.units import refuse_overlaps, unit_to_check

__all__ = ["piecewise_exponential"]


@all_from_zero
def piecewise_exponential(
    formula: str,
    data: pd.DataFrame,
    cuts: Sequence[float],
    *,
    unit: str | None = None,
    cluster: str | Sequence[str] | None = None,
    weights: str | None = None,
    start: str = "start",
    stop: str = "stop",
    overlap: Overlap = "refuse",
) -> PiecewiseResult:
    """Fit a proportional hazard that is constant between given times.

    Rows are cut at these times and their events are counted as Poisson numbers, as in R's
    ``glm(event ~ x + interval - 1, poisson, offset = log(stop - start))`` on the pieces.

    Parameters
    ----------
    formula : str
        ``"outcome ~ covariates"``, as in `cox`.
    data : DataFrame
        One row for each interval ``(start, stop]``.
    cuts : sequence of float
        The times at which the hazard may change; none for one that never does.
    unit : str, optional
        Column that says whose row it is; by default the panel's own (``data.attrs["unit"]``),
        else ``firm_id``. Its rows must not overlap in time: looked at where it is given, or
        errors are clustered by it.
    cluster : str or sequence of two str, optional
        Errors robust to dependence within clusters, without a small-sample factor; with two
        columns, such as firm and year, within both (Cameron, Gelbach and Miller 2011).
    weights : str, optional
        Column of case weights, above 0. Errors are those of ``glm``, which takes them for counts
        of rows; with others, give `cluster`.
    start, stop : str
        Columns of the interval.
    overlap : {"refuse", "allow"}
        What to do where rows of one unit overlap in time, as in `cox`.

    Returns
    -------
    PiecewiseResult
        Hazard ratios in ``summary``, the rate of each interval in ``baseline_rates``,
        ``predict_survival(paths)``.

    Raises
    ------
    FormulaError
        A formula that cannot be read or names unknown columns.
    PanelError
        Rows that are no panel, cuts that are no finite numbers, rows of one unit that overlap.
    FitError
        No events, constant or collinear covariates, a hazard ratio of 0 or infinity.

    Warns
    -----
    BelbiotechWarning
        Fewer than ten events for each coefficient of a covariate; intervals without an event: the
        hazard there is 0 whatever the covariates are (R gives a coefficient of -20 or so), and
        they have no coefficient.

    References
    ----------
    Friedman (1982), Annals of Statistics 10:101-113. Holford (1980), Biometrics 36:299-305.

    Examples
    --------
    >>> from belbiotech import piecewise_exponential, simulate_panel
    >>> panel = simulate_panel(400, effect=-0.3, seed=1)
    >>> result = piecewise_exponential("failure ~ alliances_active_lag1", panel, [2, 5])
    >>> result.summary[["coef", "hazard ratio", "se(coef)"]].round(3)
                            coef  hazard ratio  se(coef)
    covariate
    alliances_active_lag1 -0.202         0.817     0.098
    """
    check_text(overlap, "overlap", "refuse")
    if not is_one_of(overlap, get_args(Overlap)):
        msg = f"overlap must be 'refuse' or 'allow', not {in_words(overlap)}"
        raise FitError(msg)
    parsed, clusters = read_formula(formula), as_cluster_columns(cluster)
    data = as_table(data)
    whose = unit_to_check(data, unit, clusters)
    data = _checked(
        parsed, data, [*clusters, *([] if whose is None else [whose])], weights, start, stop
    )
    if overlap == "refuse":
        refuse_overlaps(data, whose, start, stop, overlap_offered=True)
    counts = count_rows(
        data, [parsed.outcome], list(parsed.columns), start=start, stop=stop, weights=weights
    )
    pieces = _pieces(counts, cuts)
    intervals = _intervals(pieces, cuts)
    seen = intervals["events"].to_numpy() > 0
    _tell_of_empty(parsed.outcome, intervals[~seen])
    matrix = counted_matrix(parsed, data, counts)
    exposure = _exposure(matrix.x, matrix.names, pieces, intervals[seen], (parsed.outcome, stop))
    fit = fit_poisson(exposure)
    events = int(counts.number[counts.event == 1].sum())
    warn_of_few_events(events, parsed.outcome, len(matrix.names), "cox(..., firth=True)")
    groups = cluster_codes(data, clusters)
    variance = fit.naive
    if clusters:
        weight = None if weights is None else data[weights].to_numpy(dtype=float)
        scores = _by_row(fit.scores, exposure, pieces, intervals[seen], len(counts.start))
        variance = clustered_variance(fit.naive, groups, scores, counts.row_of, weight)
    alone = _exposure(matrix.x[:, :0], (), pieces, intervals[seen], (parsed.outcome, stop))
    names = list(exposure.names)
    return PiecewiseResult(
        PiecewiseFit(
            params=pd.Series(fit.beta, index=names, name="coef"),
            variance=pd.DataFrame(variance, index=names, columns=names),
            naive_variance=pd.DataFrame(fit.naive, index=names, columns=names),
            covariates=matrix.names,
            log_likelihood=fit.log_likelihood,
            log_likelihood_null=fit_poisson(alone).log_likelihood,
            n_rows=len(data),
            n_pieces=int(pieces["number"].sum()),
            n_events=events,
            cluster=clusters,
            clusters=tuple(int(group.max()) + 1 for group in groups),
            cuts=tuple(np.unique(np.asarray(cuts, dtype=float)).tolist()),
            intervals=intervals,
            formula=parsed,
            matrix=matrix,
            start=start,
            stop=stop,
        )
    )


def _checked(
    formula: Formula,
    data: pd.DataFrame,
    columns: Sequence[str],
    weights: str | None,
    start: str,
    stop: str,
) -> pd.DataFrame:
    """Refuse bad input; make its columns plain."""
    refuse_unknown_columns(formula, data)
    used = [*formula.columns, *columns]
    data = check_rows(
        data, [formula.outcome], start=start, stop=stop, columns=used, weights=weights
    )
    if weights is not None:
        refuse_no_weight(data, weights)
    if not data[formula.outcome].astype(bool).any():
        msg = f"outcome {formula.outcome!r} never happens: it is 0 in all rows"
        raise FitError(msg)
    return data


def _pieces(counts: Counts, cuts: Sequence[float]) -> pd.DataFrame:
    """Cut the distinct rows: row, start, stop, event, number, weight, interval."""
    rows = pd.DataFrame(
        {
            "row": np.arange(len(counts.start)),
            "start": counts.start,
            "stop": counts.stop,
            "event": (counts.event == 1).astype(np.int64),
            "number": counts.number,
            "weight": counts.weight,
        }
    )
    pieces = split_at(rows, cuts, outcomes="event", episode="interval")
    return pieces.assign(time=pieces["stop"] - pieces["start"]).reset_index(drop=True)


def _intervals(pieces: pd.DataFrame, cuts: Sequence[float]) -> pd.DataFrame:
    """Count each interval in which somebody is at risk, by its position among the cuts."""
    weighted = pd.DataFrame(
        {
            "person_time": pieces["weight"] * pieces["time"],
            "events": pieces["weight"] * pieces["event"],
        }
    )
    sums = weighted.groupby(pieces["interval"]).sum()
    bounds = np.r_[-np.inf, np.unique(np.asarray(cuts, dtype=float)), np.inf]
    after, up_to = bounds[sums.index], bounds[sums.index + 1]
    names = [_named(a, b) for a, b in zip(after, up_to, strict=True)]
    known = pd.DataFrame({"after": after, "up_to": up_to, "name": names}, index=sums.index)
    return known.join(sums)


def _named(after: float, up_to: float) -> str:
    """Name an interval: ``(2, 5]``."""
    if np.isinf(after):
        return "all times" if np.isinf(up_to) else f"up to {up_to:.12g}"
    return f"after {after:.12g}" if np.isinf(up_to) else f"({after:.12g}, {up_to:.12g}]"


def _tell_of_empty(outcome: str, intervals: pd.DataFrame) -> None:
    if not intervals.empty:
        warn(
            f"no {outcome} in the intervals {', '.join(intervals['name'])}: the hazard there is 0 "
            "whatever the covariates are, so that their rows say nothing of the coefficients; "
            "take fewer cuts"
        )


def _exposure(
    x: FloatArray,
    names: tuple[str, ...],
    pieces: pd.DataFrame,
    intervals: pd.DataFrame,
    words: tuple[str, str],
) -> Exposure:
    """Put together covariates of the distinct rows, (m, p), and the intervals with events."""
    chosen = pieces[pieces["interval"].isin(intervals.index)]
    within = intervals.index.get_indexer(pd.Index(chosen["interval"]))
    columns = (within[:, None] == np.arange(len(intervals))).astype(float)
    return Exposure(
        x=np.hstack([x[chosen["row"].to_numpy()], columns]),
        names=(*names, *intervals["name"]),
        intervals=len(intervals),
        time=chosen["time"].to_numpy(),
        events=chosen["event"].to_numpy(dtype=float),
        weight=chosen["weight"].to_numpy(),
        outcome=words[0],
        clock=words[1],
    )


def _by_row(
    scores: FloatArray, exposure: Exposure, pieces: pd.DataFrame, intervals: pd.DataFrame, rows: int
) -> FloatArray:
    """Sum the scores of pieces by distinct row, (m, p)."""
    row = pieces["row"][pieces["interval"].isin(intervals.index)].to_numpy()
    return np.column_stack([np.bincount(row, column, rows) for column in scores.T])
