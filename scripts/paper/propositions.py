"""What the seed paper states, and the models that put each proposition to the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from models import Fit, cox

import belbiotech as bb

ACTIVE = "alliances_active_lag1"
RIGHT = {
    "Any alliance": "allied",
    "Number, linear": ACTIVE,
    "Dose": "C(dose)",
    "Kind of partner": "alliances_upstream_active_lag1 + alliances_horizontal_active_lag1"
    " + alliances_downstream_active_lag1",
    "Purpose": "alliances_exploration_active_lag1 + alliances_exploitation_active_lag1",
    "Breadth": "breadth",
    "Region": "C(region_group)",
}
TERMS = {
    "allied": ("Any alliance", "allied"),
    "number": ("Number, linear", ACTIVE),
    "upstream": ("Kind of partner", "alliances_upstream_active_lag1"),
    "downstream": ("Kind of partner", "alliances_downstream_active_lag1"),
    "breadth": ("Breadth", "breadth"),
    "region": ("Region", "C(region_group)[T.wallonia_brussels]"),
}
TESTED = {  # proposition: what is compared, and of which outcomes
    "1a": [("allied", ("failure", "acquisition", "exit")),
           ("number", ("failure", "acquisition", "exit"))],
    "1b": [("allied", ("ipo", "round")), ("number", ("ipo", "round"))],
    "2": [("upstream", ("failure", "acquisition")), ("downstream", ("failure", "acquisition"))],
    "3a": [("breadth", ("failure", "acquisition"))],
    "3b": [("breadth", ("ipo", "round"))],
    "4a": [("region", ("failure", "acquisition"))],
    "4b": [("region", ("ipo", "round"))],
}  # fmt: skip
STATED = {
    "1a": "Strategic partnering helps new biotechnology firms survive.",
    "1b": "Strategic partnering helps new biotechnology firms grow.",
    "2": "Universities and large firms matter as partners.",
    "3a": "Open innovation is how small firms survive.",
    "3b": "Open innovation is how small firms grow.",
    "4a": "The regional cluster matters for survival.",
    "4b": "The regional cluster matters for growth.",
}
MAX_ORDER = 3  # later rounds share a stratum: few firms have more


def not_listed(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the years in which a first listing can happen: until it has happened."""
    before = rows.groupby("firm_id")["ipo"].cumsum() - rows["ipo"]
    return rows[(rows["listed_lag1"] == 0) & (before == 0)].reset_index(drop=True)


def round_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Cut firm-years at their financing rounds: a row a round."""
    cut = bb.recurrent_rows(rows, "financing_rounds_new", max_order=MAX_ORDER)
    return cut.rename(columns={"event": "round"})


@dataclass(frozen=True)
class Tested:
    """One coefficient that a proposition stands or falls with."""

    proposition: str
    outcome: str
    term: str
    fit: Fit


@dataclass
class Models:
    """The propositions' models, each fitted once."""

    rows: pd.DataFrame
    fitted: dict[tuple[str, str], Fit] = field(default_factory=dict)

    def of(self, model: str, outcome: str) -> Fit:
        """Give a model, fitted to the rows at risk of its outcome."""
        if (model, outcome) not in self.fitted:
            self.fitted[model, outcome] = cox(model, outcome, RIGHT[model], self.at_risk(outcome))
        return self.fitted[model, outcome]

    def at_risk(self, outcome: str) -> pd.DataFrame:
        """Give the rows in which an outcome can happen."""
        if outcome == "ipo":
            return not_listed(self.rows)
        return round_rows(self.rows) if outcome == "round" else self.rows

    def tested(self) -> Iterator[Tested]:
        """Go through all coefficients, proposition after proposition."""
        for proposition, parts in TESTED.items():
            for what, outcomes in parts:
                model, term = TERMS[what]
                for outcome in outcomes:
                    yield Tested(proposition, outcome, term, self.of(model, outcome))


def graded() -> str:
    """Say what the words of the sentences on the propositions grade, and what they do not."""
    tests = sum(len(outcomes) for parts in TESTED.values() for _, outcomes in parts)
    return (
        f"The words below grade each p-value by itself. It is one of {tests}: the table that opens "
        "this report also has it adjusted for their number, and from histories dealt anew."
    )


def options_of(fit: Fit) -> dict[str, Any]:
    """Give the formula and rows of a fit, for another method on the same."""
    return {"formula": f"{fit.outcome} ~ {RIGHT[fit.name]}", "data": fit.rows}
