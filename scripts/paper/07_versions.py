"""The main models on all versions of the data, under both rules of observation; and windows."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from common import MODELS, OUTCOMES, VERSION, Sample, labels, run, with_columns
from models import Fit, cox

import belbiotech as bb
from belbiotech.dataset.panel.build import rebuild
from belbiotech.report.blocks import Block, Heading, Text
from belbiotech.report.tables import table

WORDS = labels()
ACTIVE = "alliances_active_lag1"
RIGHT = {"Any alliance": "allied", "Number, linear": ACTIVE}
RULES = {
    "From the first page (0.x)": {"observation": "first_page"},
    "Followed for 3 years (1.0.0)": {
        "observation": "follow_up",
        "follow_up": 3,
        "evidence": "pages",
    },
}
CONSORTIA = {
    "Once for each partner": "partners",
    "Once for each project": "projects",
    "Not at all": "none",
}
WINDOWS: dict[str, int | None] = {"3 years": 3, "5 years": 5, "7 years": 7, "Unlimited": None}


def versions() -> list[str]:
    """List the data versions up to the paper's."""
    known = sorted(bb.versions(), key=lambda text: [int(part) for part in text.split(".")])
    return known[: known.index(VERSION) + 1]


def refitted() -> pd.DataFrame:
    """Fit the main models to each version under each rule."""
    lines = []
    for version in versions():
        tables = bb.load_tables(version)
        for rule, arguments in RULES.items():
            panel = with_columns(rebuild(tables, **arguments).firm_year)
            rows = panel[panel["observed"]].reset_index(drop=True)
            lines += [
                {"version": version, "rule": rule, **line(cox(name, outcome, right, rows), right)}
                for outcome in OUTCOMES
                for name, right in RIGHT.items()
            ]
    return pd.DataFrame(lines)


def rebuilt(column: str, argument: str, values: Mapping[str, object]) -> pd.DataFrame:
    """Fit the main models to panels that are built with one argument changed."""
    tables = bb.load_tables(VERSION)
    lines = []
    for words, value in values.items():
        panel = with_columns(rebuild(tables, **{argument: value}).firm_year)
        rows = panel[panel["observed"]].reset_index(drop=True)
        lines += [
            {column: words, **line(cox(name, outcome, right, rows), right)}
            for outcome in OUTCOMES
            for name, right in RIGHT.items()
        ]
    return pd.DataFrame(lines)


def line(fit: Fit, term: str) -> dict[str, object]:
    """Write an estimate as a line."""
    found = fit.estimate(term)
    return {
        "model": fit.name,
        "outcome": fit.outcome,
        "hazard_ratio": found.ratio,
        "lower": found.lower,
        "upper": found.upper,
        "p_value": found.p_value,
        "n_firms": found.n_firms,
        "n_rows": found.n_rows,
        "n_events": found.n_events,
    }


def blocks(sample: Sample) -> list[Block]:
    """Show what data, rule and window each do to the main models."""
    return [
        Text(
            "In data versions 0.x all years counted from that of a firm's first dated page on, "
            "whatever the page told, to its exit or last sighting. So a firm could enter through "
            "its own end, and leave because it fell silent. Both rules are shown on all versions, "
            "so that what the facts did and what the rule did can be told apart. " + MODELS["reads"]
        ),
        table(
            "versions",
            "The main models on all data versions, under both rules of observation",
            refitted(),
            WORDS,
            titles={"version": "Data", "rule": "Under observation"},
        ),
        Heading("How long an alliance without a known end is in force"),
        table(
            "windows",
            "The main models by the years that an alliance without a known end is in force",
            rebuilt("window", "alliance_window", WINDOWS),
            WORDS,
            titles={"window": "In force"},
        ),
        Heading("Consortia"),
        Text(
            "Each partner of a consortium is a row of the facts, so that one project can count "
            "many times. The partners of one project are rows of one firm, year and "
            "subject, or, where a page names none, of one page."
        ),
        table(
            "consortia",
            "The main models by how consortia count",
            rebuilt("consortia", "consortia", CONSORTIA),
            WORDS,
            titles={"consortia": "Consortia count"},
        ),
    ]


if __name__ == "__main__":
    run("07_versions", "Data versions, rules and windows", blocks)
