"""Models of the paper: fitted by name, and put into one tidy table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from common import CODES

import belbiotech as bb
from belbiotech.report.blocks import TableBlock
from belbiotech.report.labels import Labels
from belbiotech.report.sentences import Estimate, estimate_of, sentence
from belbiotech.report.tables import table
from belbiotech.studies.small_samples import cox_by_events


@dataclass(frozen=True)
class Fit:
    """A model with the rows it was fitted to; without a result, the reason why."""

    name: str
    outcome: str
    rows: pd.DataFrame
    result: Any
    reason: str = ""

    @property
    def terms(self) -> list[str]:
        """Names of the coefficients."""
        return [] if self.result is None else list(self.result.summary.index)

    def estimate(self, term: str) -> Estimate:
        """Take out one coefficient."""
        return estimate_of(self.result, term, self.rows)

    def says(self, term: str, what: str, outcome: str) -> str:
        """Say in a sentence what was found, or why nothing was."""
        if self.result is None:
            return f"{outcome.capitalize()}: not estimated, as {self.reason}."
        return sentence(self.estimate(term), what, outcome)


def attempt(name: str, outcome: str, rows: pd.DataFrame, make: Callable[[], Any]) -> Fit:
    """Fit a model, or keep the reason why it has no estimate."""
    try:
        return Fit(name, outcome, rows, make())
    except bb.FitError as error:
        return Fit(name, outcome, rows, None, "; ".join(str(error).splitlines()))


def cox(name: str, outcome: str, right: str, rows: pd.DataFrame, **options: Any) -> Fit:
    """Fit a Cox model: Firth's where events are few, else with errors clustered by firm."""
    formula = f"{outcome} ~ {right}"
    return attempt(name, outcome, rows, lambda: cox_by_events(formula, rows, **options))


def coefficients(fits: Iterable[Fit], words: Labels, ratio: str = "hazard_ratio") -> pd.DataFrame:
    """Write the fits' coefficients, one row each."""
    return pd.DataFrame(
        [
            {
                "model": fit.name,
                "outcome": fit.outcome,
                "covariate": words.term(term),
                ratio: found.ratio,
                "lower": found.lower,
                "upper": found.upper,
                "p_value": found.p_value,
                "n_firms": found.n_firms,
                "n_rows": found.n_rows,
                "n_events": found.n_events,
                "events_per_parameter": found.events_per_parameter,
            }
            for fit in fits
            for term in fit.terms
            for found in [fit.estimate(term)]
        ]
    )


def coefficient_table(
    name: str,
    title: str,
    fits: Iterable[Fit],
    words: Labels,
    *,
    ratio: str = "hazard_ratio",
    note: str = "",
    **options: Any,
) -> TableBlock:
    """Make the table of coefficients; models without an estimate are named below it."""
    fits = list(fits)
    data = coefficients(fits, words, ratio)
    same = [column for column in COUNTS if len(set(data[column])) == 1]
    shown = table(name, title, data, words, note=note, **options).shown
    shown = shown.drop(columns=[words.with_more(COUNTS).column(column) for column in same])
    missing = [
        f"Not estimated: {fit.name}, {CODES['outcome'][fit.outcome].lower()} "
        f"({words.in_words(fit.reason)})."
        for fit in fits
        if fit.result is None
    ]
    return TableBlock(name, title, data, shown, " ".join([note, *missing]))


COUNTS = {"outcome": "Outcome", "n_firms": "Firms", "n_rows": "Firm-years"}


def forest_lines(data: pd.DataFrame, ratio: str = "hazard_ratio") -> pd.DataFrame:
    """Turn coefficients into the lines of a forest plot, grouped by outcome.

    Intervals that go to infinity, or close to it, are cut at the plot's ends.
    """
    words = data["outcome"].map(CODES["outcome"])
    return pd.DataFrame(
        {
            "group": words + " (" + data["n_events"].astype(str) + " events)",
            "label": data["covariate"],
            "estimate": data[ratio],
            "lower": np.maximum(data["lower"], 1 / WIDEST),
            "upper": np.minimum(data["upper"], WIDEST),
        }
    )


WIDEST = 100.0  # of a forest plot
