"""Does an effect change with time? The score test of proportional hazards.

The coefficient of a term is let be b + c g(t), with a function g of time, and c = 0 is tested
by the score (Grambsch and Therneau 1994). This is R's ``cox.zph`` since survival 3.0, which uses
the information at each event time itself, not its mean; right for covariates that change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, in_words, is_one_of, nearest_names
from belbiotech.survival.cox.fit import CoxFit, refuse_streamed, with_known_frailty
from belbiotech.survival.cox.partial_likelihood import Design, RiskSets, likelihood
from belbiotech.survival.cox.residuals import schoenfeld
from belbiotech.survival.cox.streams.times import stream_ranks, stream_survival_before
from belbiotech.survival.cox.streams.totals import StreamedModel
from belbiotech.survival.inference.test_result import TestResult
from belbiotech.survival.inference.variance import symmetric_inverse
from belbiotech.survival.inference.words import Labels, words_with
from belbiotech.survival.rows.checks import FloatArray, IntArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from belbiotech.plots.palette import Palette

__all__ = [
    "Transform",
    "coefficients_over_time",
    "plot_proportional_hazards",
    "proportional_hazards_test",
    "transformed_times",
]

Transform = Literal["km", "rank", "identity", "log"]

SINGULAR = 1e-11  # least eigenvalue of an information scaled to ones on its diagonal


def proportional_hazards_test(fit: CoxFit, transform: Transform = "km") -> pd.DataFrame:
    """Test for each term, and for all at once, whether its effect changes with time.

    Parameters
    ----------
    fit : CoxFit
        The fit.
    transform : {"km", "rank", "identity", "log"}
        The function g of time.

    Returns
    -------
    DataFrame
        By term (a factor is one), with GLOBAL last: statistic (chi-squared), df, p_value. As in
        R, the test takes no account of clusters, and takes estimated frailties as known.

    Raises
    ------
    FitError
        An unknown transform, the logarithm of times that are not all positive, a model without
        covariates, a term that varies at too few event times for a test.

    References
    ----------
    Grambsch and Therneau (1994), Biometrika 81:515-526; Therneau and Grambsch (2000), 6.2.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import cox
    >>> rows = pd.DataFrame({"start": 0, "stop": [k % 7 + 1 for k in range(40)]})
    >>> rows["failure"] = [k % 2 for k in range(40)]
    >>> rows["size"] = [k * k % 11 for k in range(40)]
    >>> result = cox("failure ~ size", rows)
    >>> result.test_proportional_hazards().round(4)
            statistic  df  p_value
    term
    size       1.2807   1   0.2578
    GLOBAL     1.2807   1   0.2578
    """
    _refuse(fit)
    g = _times_of(fit, transform)
    score, information = _extended(fit, g)
    p = len(fit.params)
    terms = {**fit.matrix.terms, "GLOBAL": range(p)}
    doubt = _end_of_curve(fit, g) if transform == "km" else ""
    tests = [
        _score_test(name, score, information, columns, doubt) for name, columns in terms.items()
    ]
    table = {
        "statistic": [test.statistic for test in tests],
        "df": [test.df for test in tests],
        "p_value": [test.p_value for test in tests],
    }
    return pd.DataFrame(table, index=pd.Index(terms, name="term"))


def plot_proportional_hazards(
    fit: CoxFit,
    transform: Transform = "km",
    *,
    labels: Mapping[str, str] | None = None,
    ax: Axes | Sequence[Axes] | None = None,
    title: str | None = None,
    palette: Palette = None,
    x_label: str = "Time",
) -> Figure:
    """Draw scaled Schoenfeld residuals over time, with a smooth, a panel for each term.

    Parameters
    ----------
    fit : CoxFit
        The fit.
    transform : {"km", "rank", "identity", "log"}
        The scale of time on which the smooth and the tests are made.
    labels : mapping of str to str, optional
        What is written for columns; by default what the codebook has for them.
    ax : matplotlib Axes, or as many as terms, optional
        Where to draw; by default a figure is made.
    title : str, optional
        What it is.
    palette : str or list of str, optional
        The first colour is that of the smooths.
    x_label : str
        The unit of time.

    Returns
    -------
    matplotlib Figure
        Where the smooth is level, near the dotted line, the effect does not change. A panel of a
        term with one column shows its coefficient, the dotted line the one that was fitted; a
        panel of a term with several (a factor, a spline) the multiple of all of them together, as
        R's ``plot.cox.zph``, the dotted line 1. The p-value is that of `proportional_hazards_test`.
    """
    from belbiotech.plots import scatter_smooth

    table = coefficients_over_time(fit, transform)
    titles = _panel_titles(fit, transform, words_with(labels))
    y_labels, levels = {}, {}
    for term, columns in fit.matrix.terms.items():
        one = len(columns) == 1
        several = f"Multiple of its {len(columns)} coefficients"
        y_labels[term] = "Coefficient at that time" if one else several
        levels[term] = float(fit.params.iloc[columns[0]]) if one else 1.0
    told = f"Effects over time (transform: {transform}; dotted: as fitted)"
    return scatter_smooth(
        table,
        title=told if title is None else title,
        x_label=x_label,
        y_label=y_labels,
        levels=levels,
        labels=titles,
        ax=ax,
        palette=palette,
    )


def _panel_titles(fit: CoxFit, transform: Transform, words: Labels) -> dict[str, str]:
    """Name each term with its test, or without one where the model has none."""
    try:
        tested = proportional_hazards_test(fit, transform)["p_value"]
    except FitError:
        return {term: f"{words.coefficient(term)}\nno test" for term in fit.matrix.terms}
    return {
        term: f"{words.coefficient(term)}\ntest of proportional hazards: p = {tested[term]:.2g}"
        for term in fit.matrix.terms
    }


def transformed_times(design: Design, sets: RiskSets, transform: Transform) -> FloatArray:
    """Give g(t) at each event time, (k,), as R's ``cox.zph`` makes it from all rows.

    Parameters
    ----------
    design : Design
        Counted rows.
    sets : RiskSets
        Their risk sets.
    transform : {"km", "rank", "identity", "log"}
        One minus the Kaplan-Meier curve of all rows just before t (no strata, no weights), the
        mean rank of t among all stops, t itself, or its logarithm.

    Returns
    -------
    array of float, (k,)
        One value for each event time of each stratum.

    Raises
    ------
    FitError
        An unknown transform, or the logarithm of times that are not all positive.
    """
    if not is_one_of(transform, get_args(Transform)):
        known = get_args(Transform)
        msg = f"there is no transform {in_words(transform)}; {nearest_names(str(transform), known)}"
        raise FitError(msg)
    if transform == "identity":
        return sets.time
    if transform == "log":
        if sets.time.min() <= 0:
            msg = f"log needs times after 0; there is an event at {sets.time.min():g}: use 'rank'"
            raise FitError(msg)
        return np.log(sets.time)
    times, at = np.unique(design.stop, return_inverse=True)
    here = np.searchsorted(times, sets.time)
    ended = np.bincount(at, design.number).astype(np.float64)
    if transform == "rank":
        return (np.cumsum(ended) - (ended - 1) / 2)[here]
    return 1 - _survival_before(design, times, at, ended)[here]


def _times_of(fit: CoxFit, transform: Transform) -> FloatArray:
    """Give g(t) at each event time, (k,), by one more pass where rows are read in batches."""
    if fit.streamed is None or transform not in ("km", "rank"):
        return transformed_times(fit.design, fit.sets, transform)
    if transform == "rank":
        return stream_ranks(fit.streamed)
    return 1 - stream_survival_before(fit.streamed)


def coefficients_over_time(fit: CoxFit, transform: Transform = "km") -> pd.DataFrame:
    """Tell the effect of each term over time: scaled Schoenfeld residuals and a smooth.

    Parameters
    ----------
    fit : CoxFit
        The fit.
    transform : {"km", "rank", "identity", "log"}
        The scale of time on which the smooth is made.

    Returns
    -------
    DataFrame
        Columns panel (the term), time, value, smooth, lower, upper, a row for each term and
        event, as in R's ``plot.cox.zph``: a natural spline with 4 degrees of freedom and two
        standard errors either side (NaN where there are too few times for one). For a term of
        one column the value is b(t); for a factor it is the multiple of its coefficients that
        acts at that time, near 1 where hazards are proportional.
    """
    _refuse(fit)
    refuse_streamed(fit, "there are no residuals of each event to draw,")
    design, sets = fit.design, fit.sets
    values, variance = _term_residuals(fit)
    # A distinct row stands for as many points as it has events.
    at = np.repeat(np.arange(len(sets.own)), design.number[design.event].astype(np.int64))
    time = sets.time[sets.own][at]
    scale = transformed_times(design, sets, transform)[sets.own][at]
    panels = []
    for column, name in enumerate(fit.matrix.terms):
        smooth, error = _natural_spline(scale, values[at, column])
        half = 2 * np.sqrt(variance[column]) * error
        points = {"panel": name, "time": time, "value": values[at, column]}
        points |= {"smooth": smooth, "lower": smooth - half, "upper": smooth + half}
        panels.append(pd.DataFrame(points))
    return pd.concat(panels, ignore_index=True)


def _refuse(fit: CoxFit) -> None:
    if not len(fit.params):
        msg = "there is no effect to test: the model has no covariates"
        raise FitError(msg)
    if fit.rows.formula.over_time:
        told = ", ".join(effect.text for effect in fit.rows.formula.over_time)
        msg = (
            f"the model has {told} already: that coefficient's own test is the test of whether the "
            "effect changes so; for others test the model without tt()"
        )
        raise FitError(msg)


def _extended(fit: CoxFit, g: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Score, (2p,), and information, (2p, 2p), of b and c in b + c g(t), at c = 0.

    The test is the same for any straight line of g, so g runs from 1 to 2 here. With V(t) the
    variance of x in the risk set and d(t) its share of events, the blocks of the information
    are the sums of V d, g V d, g^2 V d (Therneau and Grambsch 2000, 6.2).
    """
    if fit.streamed is not None:
        return _extended_stream(fit.streamed, g)
    (design, beta), sets, p = with_known_frailty(fit), fit.sets, len(fit.params)
    g = 1 + (g - g.min()) / max(np.ptp(g), np.finfo(float).tiny)
    blocks = [
        likelihood(design, replace(sets, share=sets.share * g**power), beta) for power in range(3)
    ]
    weight = design.weight[design.event] * g[sets.own]
    score = (weight[:, None] * schoenfeld(design, sets, beta)[:, :p]).sum(axis=0)
    plain, once, twice = (block.information[:p, :p] for block in blocks)
    return np.r_[np.zeros_like(score), score], np.block([[plain, once], [once, twice]])


def _end_of_curve(fit: CoxFit, g: FloatArray) -> str:
    """Say where the Kaplan-Meier curve of all rows has come to 0 before the last event, if so."""
    gone = np.unique(fit.sets.time[g >= 1])
    if not len(gone):
        return ""
    return (
        f"the Kaplan-Meier curve of all rows is at 0 before time {gone[0]:g}: transform='km' does "
        f"not tell apart the last {len(gone)} event time(s); use transform='rank'"
    )


def _extended_stream(model: StreamedModel, g: FloatArray) -> tuple[FloatArray, FloatArray]:
    """As `_extended`, from what a pass over the rows has added up."""
    totals = model.at_best
    if totals is None:
        msg = "the model has not been fitted"
        raise FitError(msg)
    g = 1 + (g - g.min()) / max(np.ptp(g), np.finfo(float).tiny)
    plain, once, twice = (totals.likelihood(g**power).information for power in range(3))
    mean = totals.sets.death_weight[:, None] * totals.steps.mean
    score = (g[:, None] * (totals.first - mean)).sum(axis=0)
    return np.r_[np.zeros_like(score), score], np.block([[plain, once], [once, twice]])


def _score_test(
    name: str,
    score: FloatArray,
    information: FloatArray,
    columns: Sequence[int],
    doubt: str = "",
) -> TestResult:
    """Chi-squared u' I^-1 u for c of some columns, given b of all; scaled to one size."""
    p = len(score) // 2
    kept = np.r_[:p, p + np.asarray(columns, dtype=np.int64)]
    part = information[np.ix_(kept, kept)]
    size = np.sqrt(np.diag(part))
    scaled, u = part / np.outer(size, size), score[kept] / size
    if np.linalg.eigvalsh(scaled)[0] < SINGULAR:
        why = doubt or "it varies among those at risk at too few event times"
        msg = f"the change of {name} with time cannot be told from its effect: {why}"
        raise FitError(msg)
    return TestResult.chi2(float(u @ np.linalg.solve(scaled, u)), len(columns))


def _term_residuals(fit: CoxFit) -> tuple[FloatArray, FloatArray]:
    """Scaled residuals of each event, (e, terms), and the variance of one, (terms,).

    A factor's columns are joined by its coefficients before they are scaled with the mean
    information of an event.
    """
    beta, terms = fit.params.to_numpy(), fit.matrix.terms
    joined = np.zeros((len(beta), len(terms)))
    level = np.ones(len(terms))
    for k, columns in enumerate(terms.values()):
        joined[list(columns), k] = beta[list(columns)]
        if len(columns) == 1:
            joined[columns[0], k], level[k] = 1.0, beta[columns[0]]
    (design, known), p = with_known_frailty(fit), len(beta)
    left = schoenfeld(design, fit.sets, known)[:, :p] @ joined
    information = likelihood(design, fit.sets, known).information[:p, :p]
    variance = symmetric_inverse(joined.T @ information @ joined) * fit.n_events
    return left @ variance + level, np.diag(variance)


def _natural_spline(time: FloatArray, value: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Least-squares natural cubic spline at the times, and its error for a variance of one.

    Four degrees of freedom: knots at the ends, and at the thirds of the times.
    """
    from scipy.interpolate import CubicSpline

    knots = np.quantile(time, [0, 1 / 3, 2 / 3, 1])
    if len(np.unique(knots)) < len(knots):
        return np.full(len(time), np.nan), np.full(len(time), np.nan)
    basis = CubicSpline(knots, np.eye(len(knots)), bc_type="natural")(time)
    q, r = np.linalg.qr(basis)
    if np.min(np.abs(np.diag(r))) < 1e-10:
        return np.full(len(time), np.nan), np.full(len(time), np.nan)
    return q @ (q.T @ value), np.sqrt((q**2).sum(axis=1))


def _survival_before(
    design: Design, times: FloatArray, at: IntArray, ended: FloatArray
) -> FloatArray:
    """Kaplan-Meier curve of all rows just before each time, (t,)."""
    failed = np.bincount(at, design.number * design.event)
    first = np.searchsorted(times, design.start, "right")
    at_risk = np.cumsum(np.bincount(first, design.number, len(times)) - ended) + ended
    before: FloatArray = np.r_[1.0, np.cumprod(1 - failed / at_risk)[:-1]]
    return before
