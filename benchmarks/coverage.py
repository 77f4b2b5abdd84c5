"""Coverage of the designs of the bias audit, written to results/coverage.md.

python benchmarks/coverage.py --repetitions 2000
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.studies.coverage import coverage_study

RULES: dict[str, Any] = {"n_firms": 400, "immortal_years": 2, "documentation_delay": 2.0}
TRUTHS = {"no effect": 0.0, "hazard ratio 0.6": float(np.log(0.6))}
RESULTS = Path(__file__).parent / "results" / "coverage.md"


def markdown(tables: dict[str, pd.DataFrame], repetitions: int) -> str:
    """Write the tables for people."""
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


def main() -> None:
    """Run the study, and write its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    tables = {
        truth: coverage_study(effect, repetitions=options.repetitions, **RULES)
        for truth, effect in TRUTHS.items()
    }
    text = markdown(tables, options.repetitions)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
