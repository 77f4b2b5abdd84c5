"""An estimate as a sentence: effect, interval, N and events, and how strong the evidence is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, nearest_names
from belbiotech.report import formats
from belbiotech.survival.rows.units import needed_unit

__all__ = ["FEW", "Estimate", "estimate_of", "evidence", "sentence"]

KINDS = ("hazard ratio", "odds ratio", "subdistribution hazard ratio")
FEW = 10  # events for each coefficient below which an estimate may be far off
EVIDENCE = (
    (0.001, "very strong evidence"),
    (0.01, "strong evidence"),
    (0.05, "moderate evidence"),
    (0.1, "weak evidence"),
    (1.0, "little or no evidence"),
)


@dataclass(frozen=True)
class Estimate:
    """A ratio with what it rests on.

    Attributes
    ----------
    ratio, lower, upper : float
        The ratio and its 95% interval.
    p_value : float
        Of no difference (a ratio of 1).
    n_firms, n_rows, n_events : int
        Firms, firm-years and events.
    n_parameters : int
        Coefficients of the model.
    kind : str
        What the ratio is: "hazard ratio".
    """

    ratio: float
    lower: float
    upper: float
    p_value: float
    n_firms: int
    n_rows: int
    n_events: int
    n_parameters: int
    kind: str = "hazard ratio"

    @property
    def events_per_parameter(self) -> float:
        """Events for each coefficient of the model."""
        return self.n_events / self.n_parameters


def evidence(p_value: float) -> str:
    """Say in plain words how strong the evidence against no difference is.

    Parameters
    ----------
    p_value : float
        Of the test of no difference.

    Returns
    -------
    str
        The words of Muff and others (2022), which grade evidence without a line at 0.05.

    References
    ----------
    Muff, S., Nilsen, E. B., O'Hara, R. B., Nater, C. R. (2022). Rewriting results sections in the
    language of evidence. Trends in Ecology and Evolution 37, 203-210.

    Examples
    --------
    >>> evidence(0.03), evidence(0.4)
    ('moderate evidence', 'little or no evidence')
    """
    return next(words for limit, words in EVIDENCE if p_value < limit or limit == 1.0)


def estimate_of(result: Any, term: str, rows: pd.DataFrame, *, unit: str | None = None) -> Estimate:
    """Take one coefficient out of a fitted model.

    Parameters
    ----------
    result : CoxResult, FineGrayResult, DiscreteHazardResult
        The model.
    term : str
        The coefficient's name.
    rows : DataFrame
        The rows it was fitted to.
    unit : str, optional
        Column that names the firm; by default the rows' own, else ``firm_id``.

    Returns
    -------
    Estimate
        The ratio, its interval and p-value, and the numbers behind it.

    Raises
    ------
    FitError
        No coefficient of that name.
    """
    summary = result.summary
    if term not in summary.index:
        msg = f"the model has no coefficient {term!r}; {nearest_names(term, list(summary.index))}"
        raise FitError(msg)
    row = summary.loc[term]
    limits = [name for name in summary.columns if name.startswith("coef ") and "95%" in name]
    kind = next((name for name in KINDS if name in summary.columns), "hazard ratio")
    return Estimate(
        ratio=float(np.exp(row["coef"])),
        lower=float(np.exp(row[limits[0]])),
        upper=float(np.exp(row[limits[1]])),
        p_value=float(row["p"]),
        n_firms=int(rows[needed_unit(rows, unit)].nunique()),
        n_rows=int(result.n_rows),
        n_events=int(result.n_events),
        n_parameters=len(summary),
        kind=kind,
    )


def sentence(estimate: Estimate, what: str, outcome: str) -> str:
    """Say what was found, in one sentence.

    Parameters
    ----------
    estimate : Estimate
        What was found.
    what : str
        What is compared, as the sentence's subject: "An active alliance".
    outcome : str
        What it is about: "failure", "events of acquisition".

    Returns
    -------
    str
        Direction, ratio, interval, N, events, and the word for the evidence. An association is
        not called an effect, and few events are called few.

    Examples
    --------
    >>> found = Estimate(0.84, 0.5, 1.41, 0.51, 105, 606, 34, 1)
    >>> print(sentence(found, "An active alliance", "acquisition"))
    There is little or no evidence that an active alliance goes with a lower or a higher hazard of
    acquisition: hazard ratio 0.84, 95% interval 0.50 to 1.41 (p = 0.510; 105 firms, 606
    firm-years, 34 events).
    """
    words = evidence(estimate.p_value)
    side = "lower" if estimate.ratio < 1 else "higher"
    if words.startswith("little"):
        side = "lower or a higher"
    subject = what[0].lower() + what[1:]
    hazard = "hazard" if "hazard" in estimate.kind else "chance"
    p = formats.p_value(estimate.p_value)
    p = f"p {p}" if p.startswith("<") else f"p = {p}"
    return (
        f"There is {words} that {subject} goes with a {side} {hazard} of {outcome}: "
        f"{estimate.kind} {formats.ratio(estimate.ratio)}, 95% interval "
        f"{formats.interval(estimate.lower, estimate.upper)} ({p}; "
        f"{estimate.n_firms:,d} firms, {estimate.n_rows:,d} firm-years, "
        f"{estimate.n_events:,d} events).{_few(estimate)}"
    )


def _few(estimate: Estimate) -> str:
    if estimate.events_per_parameter >= FEW:
        return ""
    width = estimate.upper / estimate.lower if estimate.lower > 0 else np.inf
    wide = f", its ends a factor of {formats.ratio(width)} apart" if width > 1 else ""
    return (
        f" With {estimate.n_events:,d} events for {_coefficients(estimate.n_parameters)} "
        f"({estimate.events_per_parameter:.1f} each) the interval is wide{wide}, and even its "
        "limits are uncertain."
    )


def _coefficients(number: int) -> str:
    return "one coefficient" if number == 1 else f"{number} coefficients"
