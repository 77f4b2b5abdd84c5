"""What if: the causal estimates of a first alliance, where the data carry one."""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np
import pandas as pd
from common import VERSION, Sample, labels, on_page, run

import belbiotech as bb
from belbiotech.report.blocks import Block, FigureBlock, Heading, Text
from belbiotech.report.formats import interval, ratio
from belbiotech.report.tables import table
from belbiotech.studies.audit.causal import causal_table
from belbiotech.studies.audit.causal_task import CausalTask
from belbiotech.studies.audit.steps import base_sample
from belbiotech.studies.estimates import ratio as ratios
from belbiotech.studies.samples import read_sample

WORDS = labels()
OUTCOMES = ("exit", "acquisition", "failure")
HORIZON, BOOTSTRAP, SEED = 5, 200, 0
REFUSED = "^(?:not possible|does not carry): "
WINDOW = 5  # of alliances in force, which a first alliance does not need
TITLES = {
    "outcome": "Outcome",
    "method": "Method",
    "difference": "Difference",
    "difference_lower": "Difference, lower",
    "difference_upper": "Difference, upper",
    "carries": "Carries",
}


def found() -> pd.DataFrame:
    """Estimate by each method, for each outcome; NaN and the reason where nothing carries."""
    parts = []
    for outcome in OUTCOMES:
        formula, sample = read_sample(f"{outcome} ~ 1", VERSION, "alliances", window=WINDOW)
        task = CausalTask.of(
            base_sample(sample), formula, None, horizon=HORIZON, bootstrap=BOOTSTRAP, seed=SEED
        )
        heard: list[str] = []
        parts.append(causal_table(task, heard).assign(outcome=outcome))
        if heard:
            parts[-1]["note"] += "; " + "; ".join(heard)
    rows = pd.concat(parts, ignore_index=True)
    known = rows["estimate"].notna()
    values = [
        ratios(e, s) if k else {}
        for k, e, s in zip(known, rows["estimate"], rows["std_error"], strict=True)
    ]
    limits = pd.DataFrame(values, index=rows.index, columns=["hazard_ratio", "lower", "upper"])
    return pd.concat([rows, limits.astype(float)], axis=1)


def said(rows: pd.DataFrame, outcome: str) -> str:
    """Say for one outcome what can be said, or in plain words why nothing can."""
    what = WORDS.codes["outcome"][outcome]
    carried, others = rows[rows["carries"]], rows[~rows["carries"]]
    parts = [f"{row['method']}: {_numbers(row)}." for _, row in carried.iterrows()]
    if carried.empty:
        parts = ["the data do not carry an estimate of what a first alliance did."]
    if others.empty:
        return f"{what}: {' '.join(parts)}"
    reasons = others["note"].str.replace(REFUSED, "", regex=True)
    whole = dict.fromkeys(reasons)
    told = [f"{'; '.join(_short(others.loc[reasons == r, 'method']))}: {r}" for r in whole]
    head = "Why not, by method" if carried.empty else "Not carried by the others"
    return f"{what}: {' '.join(parts)} {head}. {'. '.join(told)}."


def _short(methods: pd.Series) -> list[str]:
    """Name methods without what stands in brackets behind them."""
    return methods.str.replace(r" \(.*\)$", "", regex=True).tolist()


def _numbers(row: pd.Series[Any]) -> str:
    """Write a hazard ratio and a difference of incidences, as far as there are any."""
    texts = []
    if np.isfinite(row["estimate"]):
        limits = interval(row["lower"], row["upper"])
        texts.append(f"hazard ratio {ratio(exp(row['estimate']))} ({limits})")
    if np.isfinite(row["difference"]):
        low, high = row["difference_lower"], row["difference_upper"]
        limits = f" ({100 * low:+.0f} to {100 * high:+.0f})" if np.isfinite(low) else ""
        texts.append(
            f"incidence at {HORIZON} years {100 * row['difference']:+.0f} percentage points{limits}"
        )
    return ", ".join(texts)


def surface(rows: pd.DataFrame) -> list[Block]:
    """Show what an unmeasured confounder would make of the first hazard ratio that carries."""
    carried = rows[rows["carries"] & rows["hazard_ratio"].notna()]
    if carried.empty:
        return []
    row = carried.iloc[0]
    what = WORDS.codes["outcome"][row["outcome"]].lower()
    if row["lower"] <= 1 <= row["upper"]:
        words = "the interval holds 1 as it is; no confounder is needed to explain it away."
        return [Text(f"{_short(carried['method'])[0]}, {what}: {words}")]
    shown = bb.bias_surface(row["hazard_ratio"], row["lower"], row["upper"])
    weakest = shown.weakest()["effect"].min()
    words = f"a confounder with effects of {ratio(weakest)} on both would make it hold 1."
    return [
        Heading("What an unmeasured confounder would do"),
        Text(f"{_short(carried['method'])[0]}, {what}: {words}"),
        FigureBlock(
            "what_if_surface",
            f"Hazard ratio of a first alliance on {what}, corrected for an unmeasured confounder",
            on_page(shown.plot()),
            note=f"{row['n_rows']:,} rows, {row['n_events']} events.",
        ),
    ]


def blocks(sample: Sample) -> list[Block]:
    """Say what would have become of firms without their first alliance, where that can be said."""
    rows = found()
    points = ["difference", "difference_lower", "difference_upper"]
    behind = {name: rows[name].where(rows["n_rows"] > 0) for name in ("n_rows", "n_events")}
    shown = rows.assign(
        **(100 * rows[points]),
        **{name: values.astype("Int64") for name, values in behind.items()},
        outcome=rows["outcome"].map(WORDS.codes["outcome"]),
        carries=np.where(rows["carries"], "yes", "no"),
    )
    columns = [
        *("outcome", "method", "hazard_ratio", "lower", "upper", "difference"),
        *("difference_lower", "difference_upper", "n_rows", "n_events", "carries"),
    ]
    return [
        Heading("What if firms had not signed"),
        Text(
            "Firms that sign are not like firms that do not. Three methods take off what moves "
            "both signing and fate, as far as it is known by the end of the year before (a "
            "listing, and financing rounds): firms weighted by how likely their history was, "
            "trials of signing now or not emulated in each year, and lives simulated with and "
            "without. Each asks for a first alliance, a status that starts once. An estimate is"
            " an effect only if nothing else moves both. None is given where fewer than ten "
            "firms have the event, or five with or without an alliance; where more than a tenth"
            " of the rows are in cells in which all firms sign or none; or where few firms "
            "carry the weights."
        ),
        *(Text(said(rows[rows["outcome"] == outcome], outcome)) for outcome in OUTCOMES),
        table(
            "what_if",
            "A first alliance: causal estimates, and what does not carry one",
            shown[columns],
            WORDS,
            titles=TITLES,
            note=f"Difference: of incidences at {HORIZON} years, in percentage points. "
            "A dash: not carried, for the reason in the text. Rows of emulated trials are "
            "counted once a trial. Intervals of weighted and simulated incidences: "
            f"{BOOTSTRAP} draws of the firms.",
        ),
        *surface(rows),
    ]


if __name__ == "__main__":
    run("08_what_if", "What if", blocks)
