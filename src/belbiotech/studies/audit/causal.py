"""The last step of a bias audit: causal estimates of a first alliance, and whether they carry.

The methods are those of `belbiotech.survival.causal`. What is compared is having signed by the
end of the year before against never having signed yet: a status that starts once. One that ends
by a window of years ends by the calendar, so that nobody like an allied firm stays allied
(no positivity), and is not asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError
from belbiotech.studies.audit.causal_task import CausalTask
from belbiotech.studies.estimates import COLUMNS, collected, failed, one_line, ratio
from belbiotech.survival.formulas.texts import quoted

__all__ = ["causal_lines", "causal_table"]

FEW_EVENTS = 10  # for one coefficient
FEW_IN_ARM = 5  # events with, and without (Vittinghoff and McCulloch 2007)
FAR = 0.2  # of the mean weight from 1
HEAVY = 0.1  # share of all weight that one firm has
CERTAIN = 0.1  # share of rows in cells in which nobody, or everybody, signs
FEW_LIVES = 20  # firms seen from the earliest age on, from which lives are simulated
CLOCKS = ("age", "year")  # columns that tell the time
SIMULATED = "Lives simulated from fitted models (g-formula)"


@dataclass(frozen=True)
class Found:
    """What a method found, and what decides whether it carries.

    Attributes
    ----------
    log_ratio, std_error : float
        Of the hazard; NaN where the method has none.
    difference : (float, float, float)
        Of the incidence at the horizon, with its limits.
    n_rows, n_events : int
        Behind it.
    seen : str
        Its diagnostics in words.
    against : tuple of str
        Reasons why it does not carry; none if it does.
    """

    log_ratio: float
    std_error: float
    difference: tuple[float, float, float]
    n_rows: int
    n_events: int
    seen: str
    against: tuple[str, ...]


def causal_table(task: CausalTask, heard: list[str]) -> pd.DataFrame:
    """Estimate by each method.

    Parameters
    ----------
    task : CausalTask
        Rows and confounders.
    heard : list of str
        Takes the warnings.

    Returns
    -------
    DataFrame
        One row a method: method, estimate (log hazard ratio), std_error, difference (of the
        incidence at the horizon), difference_lower, difference_upper, n_rows, n_events, carries,
        note. One that does not carry has NaN in place of all estimates, and says why.
    """
    return pd.DataFrame([_row(name, method, task, heard) for name, method in METHODS.items()])


def causal_lines(table: pd.DataFrame) -> pd.DataFrame:
    """Write causal estimates as lines of the audit.

    Parameters
    ----------
    table : DataFrame
        As `causal_table` gives it.

    Returns
    -------
    DataFrame
        Lines of step m: hazard ratios; where a method has none its note says what it found.
    """
    lines = []
    for _, row in table.iterrows():
        head: dict[str, Any] = {"step": "m", "design": row["method"]}
        if np.isfinite(row["estimate"]):
            values = ratio(row["estimate"], row["std_error"])
            base = {"n_rows": row["n_rows"], "n_events": row["n_events"], "note": row["note"]}
            lines.append(head | values | base)
        else:
            lines.append(head | failed(row["note"]))
    return pd.DataFrame(lines)[["step", "design", *COLUMNS]]


def _row(
    name: str, method: Callable[[CausalTask], Found], task: CausalTask, heard: list[str]
) -> dict[str, Any]:
    told: list[str] = []
    values = dict.fromkeys(
        ("estimate", "std_error", "difference", "difference_lower", "difference_upper"), nan
    )
    empty = {"method": name, **values, "n_rows": 0, "n_events": 0, "carries": False}
    try:
        with collected(told):
            found = method(task)
    except FitError as error:
        return {**empty, "note": f"not possible: {one_line(error)}"}
    counts = {"n_rows": found.n_rows, "n_events": found.n_events}
    if found.against:
        return {**empty, **counts, "note": f"does not carry: {'; '.join(found.against)}"}
    heard += told
    numbers = (found.log_ratio, found.std_error, *found.difference)
    note = f"{_in_words(found, task.horizon)}; {found.seen}"
    return {
        **empty,
        **dict(zip(values, numbers, strict=True)),
        **counts,
        "carries": True,
        "note": note,
    }


def _in_words(found: Found, horizon: int) -> str:
    value, lower, upper = found.difference
    if np.isnan(value):
        return f"no difference of incidences at {horizon} years"
    limits = " (no interval: bootstrap=0)"
    if np.isfinite(lower):
        limits = f" ({lower:+.3f} to {upper:+.3f})"
    return f"incidence at {horizon} years {value:+.3f}{limits}"


def _marginal(task: CausalTask) -> Found:
    """Weight firms so that signing depends on no confounder."""
    from belbiotech.survival.causal.marginal_structural import marginal_structural_cox

    _refuse_few(task, on_a_side=True)
    fit = marginal_structural_cox(
        f"{quoted(task.outcome)} ~ {task.status}",
        task.rows,
        exposure=task.status,
        denominator=f"{quoted(task.start)} + {task.confounders}",
        numerator=quoted(task.start),
        kind="starts",
        entry="given",
        **task.times,
    )
    weights = fit.exposure_weights
    cells = weights.positivity
    share = cells.loc[cells["certain"] != "", "rows"].sum() / cells["rows"].sum()
    mean, heaviest = float(weights.weights.mean()), weights.heaviest
    against = [*_certain(share)]
    if abs(mean - 1) > FAR:
        against.append(f"the mean weight is {mean:.2f}, far from 1")
    if heaviest["share_of_weight"] > HEAVY:
        against.append(f"{heaviest['unit']} alone has {heaviest['share_of_weight']:.0%} of weight")
    gap = (nan, nan, nan)
    if not against:
        gap = _gap(fit.curves(horizon=task.horizon, bootstrap=task.bootstrap, seed=task.seed))
    seen = (
        f"mean weight {mean:.2f}, {weights.effective_sample_size:.0f} effective of "
        f"{len(task.rows)} rows, {share:.0%} of rows in cells where all or none sign"
    )
    return Found(
        float(fit.params[task.status]),
        float(fit.standard_errors[task.status]),
        gap,
        fit.n_rows,
        fit.n_events,
        seen,
        tuple(against),
    )


def _trials(estimand: str) -> Callable[[CausalTask], Found]:
    """Compare signing now with not signing, in each year in which a firm never had."""

    def estimate(task: CausalTask) -> Found:
        from belbiotech.survival.causal.sequential_trials import sequential_trials

        _refuse_few(task, on_a_side=False)  # the arms of the trials are counted below
        kept_to = estimand == "per protocol"
        result = sequential_trials(
            f"{quoted(task.outcome)} ~ {task.status} + {task.confounders} + trial",
            task.rows,
            exposure=task.status,
            estimand=estimand,  # type: ignore[arg-type]
            eligible=task.eligible,
            followup="followup",
            link="cloglog",
            horizon=task.horizon,
            denominator=f"{quoted(task.start)} + {task.confounders}" if kept_to else None,
            **task.times,
        )
        counts = result.counts
        own = int(counts["units with the event, with exposure"])
        other = int(counts["units with the event, without"])
        against = [*_few(own, other, "in the trials")]
        eligible = task.rows[task.eligible].to_numpy(dtype=bool)
        share = _certain_share(task, task.rows[eligible])
        against += _certain(share)
        row = result.differences(task.horizon).iloc[0]
        seen = (
            f"{counts['trials']:,} trials of {counts['units']:,} firms, "
            f"{counts['trials with exposure']:,} with a first alliance; events of {own} firms with "
            f"and {other} without; {share:.0%} of trials in cells where all or none sign"
        )
        return Found(
            float(result.params[task.status]),
            float(result.standard_errors[task.status]),
            (float(row["difference"]), float(row["lower"]), float(row["upper"])),
            int(counts["trial rows"]),
            int(counts["events with exposure"] + counts["events without"]),
            seen,
            tuple(against),
        )

    return estimate


def _simulated(task: CausalTask) -> Found:
    """Simulate all lives with and without a first alliance from models of the yearly changes."""
    from belbiotech.survival.causal.g_formula import g_formula

    first = task.rows.groupby(task.unit)[task.start].min()
    lives, age = int((first == first.min()).sum()), first.min()
    against = [*_few(*_events(task), "in the rows")]
    if lives < FEW_LIVES:
        against.append(
            f"lives are simulated from the earliest age on, and only {lives} firms are under "
            f"observation from age {age:g} on"
        )
    changing = [name for name in _changing(task) if name not in (task.start, task.stop)]
    clocks = [name for name in changing if name in CLOCKS]
    if clocks:
        against.append(
            f"{' and '.join(clocks)} changes with time itself, and simulated lives have no such "
            "column; the formula without it can be simulated"
        )
    if against:
        return Found(nan, nan, (nan, nan, nan), len(task.rows), sum(_events(task)), "", (*against,))
    result = g_formula(
        task.rows,
        outcome=task.outcome,
        outcome_model=f"{task.status} + {quoted(task.start)} + {task.confounders}",
        exposure=task.status,
        exposure_model=f"{quoted(task.start)} + {task.confounders}",
        covariates={name: _change_of(task, name) for name in changing},
        horizon=task.horizon,
        bootstrap=task.bootstrap,
        seed=task.seed,
        link="cloglog",
        **task.times,
    )
    seen = (
        f"{lives} lives from age {age:g}; natural course within {result.largest_gap:.3f} of the "
        "observed incidence"
    )
    gap = _gap(result.curves)
    return Found(nan, nan, gap, len(task.rows), sum(_events(task)), seen, ())


METHODS: dict[str, Callable[[CausalTask], Found]] = {
    "First alliance, firms weighted (marginal structural Cox)": _marginal,
    "Sign now or not, as decided (emulated trials)": _trials("intention to treat"),
    "Sign now or not, as long as kept to (emulated trials)": _trials("per protocol"),
    SIMULATED: _simulated,
}


def _events(task: CausalTask) -> tuple[int, int]:
    happened = task.rows[task.outcome].to_numpy() == 1
    signed = task.rows[task.status].to_numpy() > 0
    return int((happened & signed).sum()), int((happened & ~signed).sum())


def _refuse_few(task: CausalTask, *, on_a_side: bool) -> None:
    """Refuse before anything is fitted what the number of events cannot carry."""
    reasons = _few(*_events(task), "in the rows")
    if reasons and (on_a_side or sum(_events(task)) < FEW_EVENTS):
        raise FitError("; ".join(reasons))


def _few(with_it: int, without: int, where: str) -> list[str]:
    reasons = []
    if with_it + without < FEW_EVENTS:
        reasons.append(f"{with_it + without} events {where}, fewer than {FEW_EVENTS}")
    elif min(with_it, without) < FEW_IN_ARM:
        reasons.append(
            f"{with_it} events with and {without} without a first alliance {where}: fewer than "
            f"{FEW_IN_ARM} on a side"
        )
    return reasons


def _certain(share: float) -> list[str]:
    if share <= CERTAIN:
        return []
    return [
        f"{share:.0%} of rows are in cells of the confounders in which all firms or none sign "
        "(no positivity)"
    ]


def _certain_share(task: CausalTask, rows: pd.DataFrame) -> float:
    from belbiotech.survival.causal.diagnostics import positivity_table

    cells = positivity_table(
        rows, [task.start, *task.columns], rows[task.status].to_numpy(dtype=float)
    )
    return float(cells.loc[cells["certain"] != "", "rows"].sum() / cells["rows"].sum())


def _changing(task: CausalTask) -> list[str]:
    """Name the confounders that change within firms."""
    changes = task.rows.groupby(task.unit)[list(task.columns)].nunique().max() > 1
    return [name for name in task.columns if changes[name]]


def _change_of(task: CausalTask, name: str) -> str:
    """Write the model of a confounder's change: by what it was, by age, and by an alliance.

    A 0/1 that only rises is modelled where it is 0, so that what it was says nothing.
    """
    values = task.rows[name]
    if not pd.api.types.is_numeric_dtype(values):
        msg = f"confounder {name!r} changes within firms and is no number: lives cannot be drawn"
        raise FitError(msg)
    falls = (values.groupby(task.rows[task.unit]).diff() < 0).any()
    rises = set(values.unique()) <= {0, 1} and not falls
    own = "" if rises else f"{quoted(f'{name}_before')} + "
    return f"{own}{task.status}_before + {quoted(task.start)}"


def _gap(curves: Any) -> tuple[float, float, float]:
    row = curves.differences().iloc[0]
    return float(row["difference"]), float(row["lower"]), float(row["upper"])
