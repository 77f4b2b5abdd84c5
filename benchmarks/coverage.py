"""Coverage of the designs of the bias audit, and of the rules of observation, in results/.

python benchmarks/coverage.py --study observation --repetitions 1000
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.studies.simulation.coverage import coverage_study
from belbiotech.studies.simulation.observation import observation_study

RULES: dict[str, Any] = {"n_firms": 400, "immortal_years": 2, "documentation_delay": 2.0}
TRUTHS = {"no effect": 0.0, "hazard ratio 0.6": float(np.log(0.6))}
WRITTEN = {
    "random": "at random times",
    "allied": "more when allied",
    "sold": "because they were sold",
    "sightings": "every exit reported, survivors only by sightings",
}
FIRMS = 500  # founded in a panel of the study of observation
RESULTS = Path(__file__).parent / "results"


def designs(repetitions: int) -> str:
    """Write the coverage of the audit's designs for people."""
    tables = {
        truth: coverage_study(effect, repetitions=repetitions, **RULES)
        for truth, effect in TRUTHS.items()
    }
    lines = [
        "# Coverage",
        "",
        f"{repetitions:,} simulated panels for each truth ({RULES['n_firms']} firms founded, no "
        f"alliance before age {RULES['immortal_years']}, a first page "
        f"{RULES['documentation_delay']:g} years after the founding on average or the year after "
        "the first alliance; seed 0), made by `make coverage-study`. In brackets the Monte Carlo "
        "error. The landmark design follows the status at age 5, not the present one: another "
        "quantity, nearer to 1 where there is an effect.",
        "",
        "| truth | design | hazard ratio | 95% interval holds the truth | SD of the estimates | "
        "mean standard error | events | not fitted |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for truth, table in tables.items():
        lines += [
            f"| {truth} | {row['design']} | {row['hazard_ratio']:.3f} | {row['coverage']:.1%} "
            f"({row['coverage_error']:.1%}) | {row['empirical_error']:.3f} | "
            f"{row['mean_error']:.3f} | {row['mean_events']:.0f} | {row['not_fitted']} |"
            for _, row in table.iterrows()
        ]
    return "\n".join(lines) + "\n"


def observation(repetitions: int) -> str:
    """Write the coverage of the rules of observation for people."""
    lines = [
        "# Who is under observation",
        "",
        f"{repetitions:,} simulated panels for each way in which firms get written about, and each "
        f"truth ({FIRMS} firms founded; seed 0), made by `make coverage-study`. The same pages are "
        "read by the rule of data versions 0.x (all years from that of the first page, also one on "
        "the exit, to the exit or the last sighting) and by that of 1.0.0 (a page in the three "
        "years before, none on the exit). The hazard is the yearly probability of exit of firms "
        "without an alliance, with Wilson's interval. In brackets the Monte Carlo error.",
        "",
        "| written about | truth | rule | hazard ratio | 95% interval holds it | hazard | true "
        "hazard | 95% interval holds it | events |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for world, written in WRITTEN.items():
        for truth, effect in TRUTHS.items():
            table = observation_study(
                world,  # type: ignore[arg-type]
                effect,
                n_firms=FIRMS,
                repetitions=repetitions,
            )
            lines += [f"| {written} | {truth} | {_cells(row)} |" for _, row in table.iterrows()]
    return "\n".join(lines) + "\n"


def _cells(row: Mapping[str, Any] | pd.Series) -> str:
    return " | ".join(
        [
            f"{row['rule']}",
            f"{row['hazard_ratio']:.3f}",
            f"{row['coverage']:.1%} ({row['coverage_error']:.1%})",
            f"{row['hazard']:.3f}",
            f"{row['true_hazard']:.3f}",
            f"{row['hazard_coverage']:.1%} ({row['hazard_coverage_error']:.1%})",
            f"{row['mean_events']:.0f}",
        ]
    )


STUDIES = {"designs": ("coverage.md", designs), "observation": ("observation.md", observation)}


def main() -> None:
    """Run the studies, and write their tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--study", choices=[*STUDIES, "both"], default="both")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the tables")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name, (file, study) in STUDIES.items():
        if options.study in (name, "both"):
            text = study(options.repetitions)
            (options.out / file).write_text(text, encoding="utf-8")
            print(text)


if __name__ == "__main__":
    main()
