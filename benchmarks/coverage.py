"""Does the sound design find the truth? Many panels with a known effect, several designs.

    python benchmarks/coverage.py --repetitions 2000

Writes results/coverage.md: for each truth and design the mean hazard ratio, and how often the
95% interval holds the true one.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from belbiotech import simulate_panel
from belbiotech.studies import designs
from belbiotech.studies.estimates import estimated
from belbiotech.studies.samples import read_sample
from belbiotech.studies.workers import run
from belbiotech.survival.cox import cox

RULES: dict[str, Any] = {
    "n_firms": 400,
    "exposure": "any_alliance_active",
    "immortal_years": 2,
    "documentation_delay": 2.0,
}
TRUTHS = {"no effect": 0.0, "hazard ratio 0.6": float(np.log(0.6))}
RESULTS = Path(__file__).parent / "results" / "coverage.md"


def all_designs(panel: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Give the rows of each design of one panel."""
    _, sample = read_sample("failure ~ 1", panel, "alliances", window=5)
    base = designs.documented(sample)
    yield "a: ever allied, fixed over life", designs.ever(sample)
    yield "b: allied, counted in the same year", designs.as_of(sample, lag=0, window=5)
    yield "c: as of the year before", designs.as_of(sample, window=5)
    yield "d: and entry in the first documented year", designs.as_of(base, window=5)
    yield "e: landmark at age 5", designs.landmark(base, 5)


def one(rules: dict[str, Any], task: tuple[str, Any]) -> list[dict[str, Any]]:
    """Simulate one panel under one truth, and fit every design to it."""
    truth, seed = task
    panel = simulate_panel(effect=TRUTHS[truth], seed=np.random.default_rng(seed), **rules)
    panel.attrs = {}
    lines = []
    for design, rows in all_designs(panel):
        fit = partial(cox, "failure ~ any_alliances", rows, cluster="firm_id")
        line = estimated(lambda fit=fit: (fit(), ""), "any_alliances", [])
        lines.append({"truth": truth, "design": design, **line})
    return lines


def study(repetitions: int, seed: int = 0) -> pd.DataFrame:
    """Fit all, and count."""
    tasks = [
        (truth, child)
        for truth in TRUTHS
        for child in np.random.SeedSequence(seed).spawn(repetitions)
    ]
    lines = pd.DataFrame(
        [line for part in run(one, RULES, tasks, progress=True, what="Panels") for line in part]
    )
    effect = np.exp(lines["truth"].map(TRUTHS))
    lines["covered"] = (lines["lower"] <= effect) & (effect <= lines["upper"])
    lines["failed"] = lines["estimate"].isna()
    by = lines.groupby(["truth", "design"], sort=False)
    table = by.agg(
        estimate=("estimate", "mean"),
        events=("n_events", "mean"),
        covered=("covered", "mean"),
        failed=("failed", "sum"),
    )
    table.insert(0, "hazard_ratio", np.exp(table.pop("estimate")))
    table["covered_error"] = np.sqrt(table["covered"] * (1 - table["covered"]) / repetitions)
    return table.reset_index()


def markdown(table: pd.DataFrame, repetitions: int) -> str:
    """Write the table for people."""
    lines = [
        "# Coverage",
        "",
        f"{repetitions:,} simulated panels for each truth ({RULES['n_firms']} firms founded, no "
        f"alliance before age {RULES['immortal_years']}, first page "
        f"{RULES['documentation_delay']:g} years after the founding on average; seed 0), made by "
        "`make coverage-study`.",
        "",
        "The landmark design follows the status at age 5, not the present one: another quantity, "
        "nearer to 1 where there is an effect, because status changes afterwards.",
        "",
        "| truth | design | mean hazard ratio | interval holds the truth | events | not fitted |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.truth} | {row.design} | {row.hazard_ratio:.3f} | {row.covered:.1%} "
        f"(± {row.covered_error:.1%}) | {row.events:.0f} | {row.failed} |"
        for row in table.itertuples()
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the study, and write its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    text = markdown(study(options.repetitions), options.repetitions)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
