"""Size and power of the permutation test beside Cox models, in results/permutation.md.

python benchmarks/permutation.py --repetitions 400
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from belbiotech import BelbiotechWarning, FitError, cox, permutation_test
from belbiotech.studies.simulation.observation import observed_rows, write_about

WORLDS = {
    "random": "at random times",
    "allied": "more when allied",
    "sold": "because they were sold",
    "sightings": "every exit reported, survivors only by sightings",
}
TRUTHS = {"no effect": 0.0, "hazard ratio 2.5": float(np.log(2.5))}
FIRMS, DRAWS, LEVEL = 80, 199, 0.05
RESULTS = Path(__file__).parent / "results"


def p_values(world: str, effect: float, seed: np.random.SeedSequence) -> dict[str, float]:
    """Simulate one panel, and test any alliance in three ways."""
    written = write_about(world, effect, FIRMS, np.random.default_rng(seed))  # type: ignore[arg-type]
    rows = observed_rows(written, "follow_up")
    rows["year"] = written.founded[rows["firm_id"]] + rows["start"]
    found = {"events": float(rows["exit"].sum())}
    found["permutation"] = permutation_test("exit ~ allied", rows, draws=DRAWS).p_values["allied"]
    for name, options in {"clustered": {"cluster": "firm_id"}, "Firth": {"firth": True}}.items():
        try:
            found[name] = cox("exit ~ allied", rows, **options).summary.loc["allied", "p"]  # type: ignore[arg-type]
        except FitError:
            found[name] = np.nan
    return found


def table(repetitions: int) -> str:
    """Write how often each test finds something."""
    lines = [
        "# The permutation test",
        "",
        f"{repetitions:,} simulated panels for each way in which firms get written about, and each "
        f"truth ({FIRMS} firms founded over 25 years, under observation where a page came out in "
        f"the three years before; seed 0), made by `python benchmarks/permutation.py`. Share of "
        f"panels with p of any alliance of {LEVEL} or less: by {DRAWS} deals of histories within "
        "cohorts of ten years, by the Wald test with errors clustered by firm, and by the "
        "penalised likelihood ratio. In brackets the Monte Carlo error. Not fitted counts as not "
        "found.",
        "",
        "| written about | truth | events | permutation | clustered | Firth |",
        "|---|---|---|---|---|---|",
    ]
    for world, written in WORLDS.items():
        for truth, effect in TRUTHS.items():
            seeds = np.random.SeedSequence(0).spawn(repetitions)
            found = pd.DataFrame([p_values(world, effect, seed) for seed in seeds])
            shares = [(found[name] <= LEVEL).mean() for name in found.columns[1:]]
            errors = [np.sqrt(share * (1 - share) / repetitions) for share in shares]
            cells = [f"{s:.1%} ({e:.1%})" for s, e in zip(shares, errors, strict=True)]
            events = f"{found['events'].mean():.0f}"
            lines.append(f"| {written} | {truth} | {events} | {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the study, and write its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=400)
    parser.add_argument("--out", type=Path, default=RESULTS / "permutation.md")
    options = parser.parse_args()
    warnings.simplefilter("ignore", BelbiotechWarning)  # events are few on purpose
    options.out.write_text(table(options.repetitions), encoding="utf-8")


if __name__ == "__main__":
    main()
