"""Survival: curves and cumulative incidence by alliance status, region and segment."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from common import CODES, FATES, Sample, labels, on_page, run, size

import belbiotech as bb
from belbiotech.report.blocks import Block, FigureBlock, Heading, Text
from belbiotech.report.formats import p_value
from belbiotech.report.tables import table

WORDS = labels()
GROUPINGS = ["status", "region_group", "segment_group", "origin_group"]
FIXED = GROUPINGS[1:]
HORIZONS = [10, 15]
AGES = [5, 10, 15, 20]


def named(rows: pd.DataFrame) -> pd.DataFrame:
    """Give the groups their labels, so that curves are named for people."""
    return rows.assign(**{name: WORDS.values(name, rows[name]) for name in GROUPINGS})


def curve(rows: pd.DataFrame, by: str) -> FigureBlock:
    """Draw the share left by group."""
    fitted = bb.kaplan_meier(rows, "exit", by=by)
    return FigureBlock(
        f"survival_{by}",
        f"Neither failed nor acquired, by {WORDS.column(by).lower()}",
        fitted.plot(
            y_label="Share neither failed nor acquired",
            x_label="Age of the firm in years",
        ),
        note=f"Kaplan-Meier with delayed entry, 95% log-log bands. {size(rows, 'exit')}.",
    )


def medians(rows: pd.DataFrame) -> pd.DataFrame:
    """Give median age at exit by group, and for all."""
    lines = []
    for by in (None, *GROUPINGS):
        found = bb.kaplan_meier(rows, "exit", by=by).summary
        title = "All" if by is None else WORDS.column(by)
        lines.append(found.assign(characteristic=title).rename(columns={"rows": "firm_years"}))
    found = pd.concat(lines, ignore_index=True)
    columns = ["characteristic", "group", "firm_years", "events", "median", "lower", "upper"]
    return found[columns].astype({"events": int})


def restricted(rows: pd.DataFrame) -> pd.DataFrame:
    """Give restricted means by group, and their difference from the first group."""
    lines = []
    for horizon in HORIZONS:
        for by in GROUPINGS:
            means = bb.restricted_mean(rows, "exit", horizon, by=by)
            apart = bb.restricted_mean_difference(rows, "exit", horizon, by)
            apart = apart.rename(columns={"estimate": "difference"})
            apart = apart.set_index("group")[["difference", "p_value"]]
            lines.append(
                means.rename(columns={"estimate": "restricted_mean"})
                .join(apart, on="group")
                .assign(characteristic=WORDS.column(by), horizon=horizon)
            )
    columns = ["characteristic", "group", "horizon", "restricted_mean", "std_error", "lower"]
    return pd.concat(lines, ignore_index=True)[[*columns, "upper", "difference", "p_value"]]


def tests(rows: pd.DataFrame) -> pd.DataFrame:
    """Compare groups: log-rank for hazards, Gray for incidences of groups fixed over life."""
    lines = [
        _line("Log-rank", by, outcome, partial(bb.logrank_test, rows, outcome, by))
        for by in GROUPINGS
        for outcome in ("exit", *FATES)
    ]
    lines += [
        _line("Gray", by, outcome, partial(bb.gray_test, rows, outcome, other, by))
        for by in FIXED
        for outcome, other in zip(FATES, FATES[::-1], strict=True)
    ]
    return pd.DataFrame(lines).astype({"df": "Int64"})


def _line(test: str, by: str, outcome: str, made: Callable[[], bb.TestResult]) -> dict[str, object]:
    """Make a test; one that cannot be made gives its reason."""
    line = {"test": test, "characteristic": WORDS.column(by), "outcome": outcome}
    try:
        result = made()
    except bb.FitError as error:
        return {**line, "statistic": np.nan, "df": pd.NA, "p_value": np.nan, "note": str(error)}
    numbers = {"statistic": result.statistic, "df": result.df, "p_value": result.p_value}
    return {**line, **numbers, "note": ""}


def incidences(rows: pd.DataFrame) -> pd.DataFrame:
    """Give the cumulative incidence of each fate at some ages, by group."""
    lines = []
    for by in (None, *GROUPINGS):
        found = bb.cumulative_incidence(rows, FATES, by=by).incidence_at(AGES)
        lines.append(found.assign(characteristic="All" if by is None else WORDS.column(by)))
    columns = ["characteristic", "group", "outcome", "time", "incidence", "std_error"]
    found = pd.concat(lines, ignore_index=True)[[*columns, "lower", "upper"]]
    return found.dropna(subset=["incidence"]).astype({"time": int})


def stacked(rows: pd.DataFrame, by: str) -> FigureBlock:
    """Draw what has become of the firms by age, a panel for each group."""
    coded = bb.cumulative_incidence(rows, FATES, by=by)
    shown = coded.table.assign(outcome=WORDS.values("outcome", coded.table["outcome"]))
    from belbiotech.plots import stacked_incidence

    return FigureBlock(
        f"incidence_{by}",
        f"Cumulative incidence of failure and acquisition, by {WORDS.column(by).lower()}",
        stacked_incidence(
            shown,
            at_risk=coded.at_risk,
            x_label="Age of the firm in years",
        ),
        note=f"Aalen-Johansen with delayed entry. {size(rows, *FATES)}.",
    )


def blocks(sample: Sample) -> list[Block]:
    """Describe survival."""
    rows = named(sample.observed)
    curves = [curve(rows, by) for by in GROUPINGS[:3]]
    fates = [stacked(rows, by) for by in ("status", "region_group")]
    for blocks_alike in (curves, fates):
        on_page(*(block.figure for block in blocks_alike), height=3.6)
    compared = tests(rows)
    smallest = compared.loc[compared["p_value"].idxmin()]
    made = int(compared["p_value"].notna().sum())
    what = CODES["outcome"][smallest["outcome"]].lower()
    ages = rows.groupby("firm_id")["start"].min()
    return [
        Text(
            f"{size(rows, *FATES)}. Firms come under observation late: at a median age of "
            f"{ages.median():.0f} years, {int((ages == 0).sum())} of {len(ages)} in their "
            "founding year. At young ages few firms are at risk, and the curves there rest on "
            "them; the numbers at risk stand under each figure."
        ),
        Text(
            "Alliance status is that at the end of the year before, so that a firm changes group "
            "when it gains or loses its last active alliance. The curves by status show what would "
            "follow if the hazards of a status applied at all ages; they do not follow a fixed set "
            "of firms. Gray's test needs groups fixed over life, and is not made for status."
        ),
        Heading("Failure or acquisition"),
        *curves,
        table(
            "survival_median",
            "Age by which half of the firms have failed or been acquired",
            medians(rows),
            WORDS,
            note=f"Kaplan-Meier. {size(rows, 'exit')}. A dash: the curve, or its "
            "limit, does not fall to a half.",
        ),
        table(
            "survival_restricted_mean",
            "Mean years without failure or acquisition up to a horizon",
            restricted(rows),
            WORDS,
            titles={"difference": "Less the first group", "p_value": "p of the difference"},
            note=f"Area under the Kaplan-Meier curve. {size(rows, 'exit')}.",
        ),
        table(
            "survival_tests",
            "Do groups differ?",
            compared,
            WORDS,
            note=f"{size(rows, *FATES)}. Of {made} tests the smallest p-value is "
            f"{p_value(smallest['p_value'])} ({smallest['test']}, {what} by "
            f"{smallest['characteristic'].lower()}); with that many independent tests "
            f"of nothing, the smallest would be under {1 - 0.5 ** (1 / made):.3f} half the time.",
        ),
        Heading("The two fates apart"),
        *fates,
        table(
            "incidence",
            "Cumulative incidence of each fate by age",
            incidences(rows),
            WORDS,
            note=f"Aalen-Johansen, 95% log-log intervals. {size(rows, *FATES)}. A dash: no event "
            "so far, and no interval.",
        ),
    ]


if __name__ == "__main__":
    run("02_survival", "Survival", blocks)
