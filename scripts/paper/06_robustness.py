"""Robustness: how estimates move from the naive design to the sound one, and over designs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from common import (
    MODELS,
    VERSION,
    Sample,
    labels,
    on_page,
    plain,
    run,
    span,
    warned,
    with_columns,
)

import belbiotech as bb
from belbiotech.dataset.facts.confidence import filter_core, filter_stated
from belbiotech.dataset.panel.build import rebuild
from belbiotech.report.blocks import Block, FigureBlock, Heading, Text
from belbiotech.report.formats import interval, number, percent, ratio
from belbiotech.report.tables import table

WORDS = labels()
AUDITED = ["acquisition", "exit", "failure"]
PLACEBO_DRAWS = 25
CAUSAL = "m"  # the step that has a section of its own, What if
PARTS = {
    "designs": ("who counts, and when", "abcdefghij"),
    "left_out": ("firms left out, and facts read otherwise", "kl"),
}
EXPOSURES = {
    "Any active alliance": "allied",
    "Number of active alliances": "alliances_active_lag1",
    "Log of one plus the number": "log(1 + alliances_active_lag1)",
    "Number signed so far": "alliances_cum_lag1",
    "Any signed so far": "I(alliances_cum_lag1 > 0)",
    "Kinds of partner": "breadth",
    "Number, exploration": "alliances_exploration_active_lag1",
}
CONTROLS = {
    "None": "",
    "Region": "C(region_group)",
    "Segment": "C(segment_group)",
    "Origin": "C(origin_group)",
    "Listed": "listed_lag1",
    "Financing rounds": "log(1 + financing_rounds_cum_lag1)",
}
ROWS: dict[str, dict[str, Any]] = {
    "Observed": {"rows": "observed"},
    "Observed, from 2000": {"rows": "observed and year >= 2000"},
    "Observed, strata of origin": {"rows": "observed", "strata": "origin_group"},
    "Followed for 2 years": {"rows": "observed", "data": "two"},
    "Followed for 5 years": {"rows": "observed", "data": "five"},
    "Core of the frame": {"rows": "observed", "data": "core"},
    "Dates stated": {"rows": "observed", "data": "stated"},
    "Exits read strictly": {"rows": "observed", "data": "strict"},
    "From the first page": {"rows": "observed_first_page", "sound": False},
    "All": {"rows": "", "sound": False},
}
CHOICES = {"outcome": "Outcome", "exposure": "Alliances", "controls": "Controls", "design": "Rows"}
LEFT_OUT = ["estimate", "std_error"]


def audit(outcome: str) -> list[Block]:
    """Show how the estimate of one outcome moves from design to design."""
    result = bb.bias_audit(
        f"{outcome} ~ 1", VERSION, placebo_draws=PLACEBO_DRAWS, firth=None, bootstrap=0
    )
    rows = _named(result.table)
    result = replace(result, table=rows[rows["step"] != CAUSAL])
    what = WORDS.codes["outcome"][outcome].lower()
    steps = result.table.set_index("step")
    naive, sound = (_first(steps.loc[[step]]) for step in ("a", result.sound))
    word = (
        ""
        if result.e_value is None
        else (
            f" The E-value of the sound estimate is {number(result.e_value.estimate)}, that of the "
            f"limit of its interval {number(result.e_value.limit)}: how strongly an unmeasured "
            "trait would have to go with both alliances and outcome to explain it."
        )
    )
    return [
        Heading(f"From the naive design to the sound one: {what}"),
        Text(
            f"{_rules(result.table)} Ever allied, fixed over life, gives a hazard ratio of "
            f"{_words(naive)}; the sound design (step {result.sound}) gives {_words(sound)}.{word}"
        ),
        *(
            FigureBlock(
                f"audit_{outcome}_{name}",
                f"Bias audit of any alliance and {what}: {words}",
                replace(result, table=_steps(result.table, letters, result.sound)).plot(
                    title=_title(result.sound, sound)
                ),
                note=f"Hazard ratio of any alliance, by design. {MODELS['reads']}",
            )
            for name, (words, letters) in PARTS.items()
        ),
        table(
            f"audit_{outcome}",
            f"Bias audit of any alliance and {what}",
            _counted(result.table.drop(columns=LEFT_OUT)),
            WORDS,
            note=f"Steps from d1 on differ from the sound design, {result.sound}, in one point "
            f"each. What a first alliance did is asked by other methods under What if. "
            f"{MODELS['reads']}",
        ),
        *([warned(result.warnings)] if result.warnings else []),
    ]


def _steps(rows: pd.DataFrame, letters: str, sound: str) -> pd.DataFrame:
    """Take some steps, and the sound one to compare them with."""
    return rows[rows["step"].str[0].isin(list(letters)) | (rows["step"] == sound)]


def _rules(rows: pd.DataFrame) -> str:
    """Say first what the rule of observation decides."""
    found = [
        f"{row['design'][0].lower()}{row['design'][1:]} {_words(row)}"
        for _, row in rows[rows["step"].isin(["d1", "d4", "d5", "d6", "d7", "d8"])].iterrows()
    ]
    return f"Who counts as under observation moves the hazard ratio: {'; '.join(found)}."


def _named(rows: pd.DataFrame) -> pd.DataFrame:
    """Give the segments that were left out their labels."""
    words = {
        f"Without {code.replace('_', ' ')}": f"Without {label[0].lower()}{label[1:]}"
        for code, label in WORDS.codes["segment"].items()
    }
    return rows.assign(design=rows["design"].replace(words))


def _title(letter: str, sound: pd.Series[Any]) -> str:
    counts = f"{int(sound['n_rows']):,d} firm-years, {int(sound['n_events']):,d} events"
    return f"Sound design, step {letter}: {counts}"


def _first(rows: pd.DataFrame) -> pd.Series[Any]:
    return rows.iloc[0]


def _words(row: pd.Series[Any]) -> str:
    if np.isnan(row["hazard_ratio"]):
        return f"no estimate ({row['note']})"
    return f"{ratio(row['hazard_ratio'])} ({interval(row['lower'], row['upper'])})"


def _counted(rows: pd.DataFrame) -> pd.DataFrame:
    """Make counts whole numbers, and empty where there is no estimate."""
    known = rows["hazard_ratio"].notna()
    counts = {name: rows[name].where(known).astype("Int64") for name in ("n_rows", "n_events")}
    return rows.assign(**counts, note=rows["note"].fillna("").map(plain))


def panels(panel: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Build the panels that the designs name: other years of follow-up, facts and readings."""
    tables = bb.load_tables(VERSION)
    made = {
        "two": rebuild(tables, follow_up=2),
        "five": rebuild(tables, follow_up=5),
        "core": rebuild(tables, filter_core(tables)),
        "stated": rebuild(tables, filter_stated(tables)),
        "strict": rebuild(tables, liquidation="closure", creditors="failure", funds="no_exit"),
    }
    return {"": panel} | {name: with_columns(built.firm_year) for name, built in made.items()}


def curves(panel: pd.DataFrame) -> dict[str, Any]:
    """Fit every specification; where events are few, with Firth's penalty."""
    every = panels(panel)
    given: Mapping[str, Any] = {"exposures": EXPOSURES, "controls": CONTROLS, "progress": False}
    outcomes = {"Acquisition": "acquisition", "Failure or acquisition": "exit"}
    rows = {name: {**design, "firth": None} for name, design in ROWS.items()}
    failure = {name: rows[name] for name in ("Observed", "Exits read strictly", "All")}
    return {
        "exits": bb.specification_curve(every, outcomes=outcomes, designs=rows, **given),
        "failure": bb.specification_curve(
            every, outcomes={"Failure": "failure"}, designs=failure, **given
        ),
    }


def curve_blocks(name: str, curve: Any, panel: pd.DataFrame) -> list[Block]:
    """Show a specification curve."""
    numbers = curve.summary
    outcomes = list(dict.fromkeys(curve.table["outcome"]))
    what = ", and ".join(outcomes).lower()
    columns = [
        *CHOICES,
        "sound",
        "hazard_ratio",
        "lower",
        "upper",
        "p_value",
        "n_rows",
        "n_events",
        "note",
    ]
    renamed = curve.table.rename(columns=CHOICES)
    parts = curve.by_soundness
    from belbiotech.plots import specification_curve

    whole = table(
        f"specifications_{name}",
        f"Specifications of {what}: the lowest, the middle, the highest, and some without estimate",
        _counted(curve.table[columns].assign(sound=np.where(curve.table["sound"], "yes", "no"))),
        WORDS,
        titles={**CHOICES, "sound": "Sound"},
        note=f"All {len(curve.table)} are in specifications_{name}.csv.",
    )
    shown = renamed.assign(upper=renamed["upper"].clip(upper=200.0))
    varied = [title for title in CHOICES.values() if len(set(renamed[title])) > 1]
    return [
        Text(
            f"{what.capitalize()}: {numbers['fitted']:.0f} of {numbers['specifications']:.0f} "
            f"specifications have an estimate. The median hazard ratio is "
            f"{ratio(numbers['median_hazard_ratio'])}; {percent(numbers['share_below_1'])} are "
            f"under 1. In {percent(numbers['share_below_1_significant'])} the 95% interval lies "
            f"under 1, in {percent(numbers['share_above_1_significant'])} over 1. "
            + " ".join(_part(words, parts[words]) for words in parts)
        ),
        FigureBlock(
            f"specifications_{name}",
            f"Specification curve of {what}",
            on_page(specification_curve(shown, choices=varied, sound="sound")),
            note="Blue: the 95% interval does not hold 1. Unsound designs, in which who counts "
            f"depends on what happens, stand at the right. {MODELS['reads']}",
        ),
        replace(whole, shown=whole.shown.iloc[_telling(curve.table)]),
        *([warned(curve.warnings)] if curve.warnings else []),
    ]


def _part(words: str, numbers: pd.Series[Any]) -> str:
    """Say what the sound or the unsound designs give, and how much each was fitted to."""
    return (
        f"{words.capitalize()} designs: {numbers['fitted']:.0f} estimates, median "
        f"{ratio(numbers['median_hazard_ratio'])}, of "
        f"{span([numbers['least_n_rows'], numbers['most_n_rows']])} firm-years and "
        f"{span([numbers['least_n_events'], numbers['most_n_events']])} events."
    )


def _telling(rows: pd.DataFrame) -> list[int]:
    """Choose rows to show: the lowest, the middle, the highest, and one a reason without any."""
    order = rows["estimate"].dropna().sort_values(kind="stable").index.tolist()
    middle = len(order) // 2
    chosen = [*order[:3], *order[middle - 1 : middle + 2], *order[-3:]]
    missing = rows[rows["estimate"].isna()]
    return [*chosen, *missing.drop_duplicates("note").index[:4]]


def blocks(sample: Sample) -> list[Block]:
    """Audit the designs, and fit many specifications, sound and unsound."""
    made: list[Block] = []
    for outcome in AUDITED:
        made += audit(outcome)
    made.append(Heading("Many specifications, sound and unsound"))
    for name, curve in curves(sample.panel).items():
        made += curve_blocks(name, curve, sample.panel)
    return made


if __name__ == "__main__":
    run("06_robustness", "Robustness", blocks)
