"""Coverage of the causal methods, written to results/causal_coverage.md.

python benchmarks/causal_coverage.py --repetitions 1000 --simulated 100
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from belbiotech import cox
from belbiotech.errors import BelbiotechWarning
from belbiotech.studies.simulation.confounded import (
    conditional_lives,
    marginal_lives,
    true_incidence,
)
from belbiotech.studies.workers import run
from belbiotech.survival.causal.g_formula import g_formula
from belbiotech.survival.causal.marginal_structural import (
    marginal_structural_cox,
    marginal_structural_discrete,
)
from belbiotech.survival.causal.sequential_trials import sequential_trials

RESULTS = Path(__file__).parent / "results" / "causal_coverage.md"
FIRMS, HORIZON = 500, 5
MARGINAL, CONDITIONAL = -0.5, -0.7
WEIGHTS = {
    "exposure": "allied",
    "denominator": "listed * C(start)",
    "numerator": "C(start)",
}
G_MODELS = {
    "outcome": "failure",
    "outcome_model": "allied + listed",
    "exposure": "allied",
    "exposure_model": "listed",
    "covariates": {"listed": "listed_before + allied_before"},
    "link": "cloglog",
}

Estimate = tuple[float, float, float]


def of_coefficient(fit: object) -> Estimate:
    """Give a coefficient and its 95% interval."""
    value, error = float(fit.params["allied"]), float(fit.standard_errors["allied"])
    return value, value - 1.96 * error, value + 1.96 * error


def without_listing(rows: pd.DataFrame) -> Estimate:
    """Fit a Cox model that knows nothing of listing."""
    return of_coefficient(cox("failure ~ allied", rows, cluster="firm_id"))


def with_listing(rows: pd.DataFrame) -> Estimate:
    """Fit a Cox model that adjusts for listing, which alliances move."""
    return of_coefficient(cox("failure ~ allied + listed", rows, cluster="firm_id"))


def marginal_cox(rows: pd.DataFrame) -> Estimate:
    """Fit a marginal structural Cox model."""
    return of_coefficient(marginal_structural_cox("failure ~ allied", rows, **WEIGHTS))


def marginal_cox_corrected(rows: pd.DataFrame) -> Estimate:
    """Fit the same with errors that know that the weights are estimated."""
    fit = marginal_structural_cox("failure ~ allied", rows, **WEIGHTS)
    value, error = float(fit.params["allied"]), float(fit.corrected_standard_errors["allied"])
    return value, value - 1.96 * error, value + 1.96 * error


def marginal_discrete(rows: pd.DataFrame) -> Estimate:
    """Fit its twin in discrete time."""
    return of_coefficient(marginal_structural_discrete("failure ~ allied", rows, **WEIGHTS))


def trials(rows: pd.DataFrame) -> Estimate:
    """Emulate the trial that begins at age 0, per protocol: difference at the horizon."""
    result = sequential_trials(
        "failure ~ allied * listed",
        rows.assign(young=(rows["start"] == 0).astype(int)),
        exposure="allied",
        eligible="young",
        estimand="per protocol",
        denominator="listed * C(start)",
        numerator="C(start)",
        followup="C(followup) + allied:followup + listed:followup",
        link="cloglog",
        horizon=HORIZON,
    )
    row = result.differences().iloc[0]
    return row["difference"], row["lower"], row["upper"]


def simulated(rows: pd.DataFrame) -> Estimate:
    """Simulate lives from fitted models: difference at the horizon, by bootstrap."""
    result = g_formula(rows, horizon=HORIZON, simulations=1000, bootstrap=100, **G_MODELS)
    row = result.curves.differences().iloc[0]
    return row["difference"], row["lower"], row["upper"]


METHODS: dict[str, tuple[str, Callable[[pd.DataFrame], Estimate]]] = {
    "Cox without listing": ("marginal", without_listing),
    "Cox with listing": ("marginal", with_listing),
    "marginal structural Cox, weights as known": ("marginal", marginal_cox),
    "marginal structural Cox, corrected errors": ("marginal", marginal_cox_corrected),
    "marginal structural, discrete, weights as known": ("marginal", marginal_discrete),
    "emulated trial, per protocol": ("conditional", trials),
    "g-formula": ("conditional", simulated),
}


def truth_of(world: str) -> float:
    """Give what a world's methods should find."""
    if world == "marginal":
        return MARGINAL
    always, never = (true_incidence(a, CONDITIONAL, years=HORIZON)[-1] for a in (1, 0))
    return float(always - never)


def one(name: str, seed: int) -> Estimate:
    """Estimate once, from lives of their own."""
    world, method = METHODS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BelbiotechWarning)
        if world == "marginal":
            return method(marginal_lives(FIRMS, MARGINAL, seed=seed))
        return method(conditional_lives(FIRMS, CONDITIONAL, years=HORIZON, seed=seed))


def study(
    methods: list[str], repetitions: int, with_simulation: int, processes: int | None = None
) -> pd.DataFrame:
    """Estimate many times by each method, and count how often the interval holds the truth."""
    rows = []
    for name in methods:
        world, _ = METHODS[name]
        number = with_simulation if name == "g-formula" else repetitions
        if not number:
            continue
        truth = truth_of(world)
        found = run(one, name, list(range(number)), processes=processes)
        table = pd.DataFrame(found, columns=["estimate", "lower", "upper"])
        held = (table["lower"] <= truth) & (truth <= table["upper"])
        rows.append(
            {
                "method": name,
                "what": "log hazard ratio" if world == "marginal" else "difference at 5 years",
                "repetitions": number,
                "truth": truth,
                "mean": table["estimate"].mean(),
                "spread": table["estimate"].std(),
                "coverage": held.mean(),
                "coverage_error": np.sqrt(0.95 * 0.05 / number),
            }
        )
    return pd.DataFrame(rows)


def markdown(table: pd.DataFrame) -> str:
    """Write the table for people."""
    lines = [
        "# Coverage of the causal methods",
        "",
        f"Simulated lives of {FIRMS} firms in which listing raises alliances and survival, and "
        "alliances raise listing; made by `make causal-coverage` (seeds 0, 1, ...). The marginal "
        "models in lives in which they hold exactly (Havercroft and Didelez 2012); the trial and "
        "the g-formula in lives by hazards given listing, their truth from 400,000 lives under "
        "each strategy. In brackets the Monte Carlo error of a coverage of 95%.",
        "",
        "| method | estimates | repetitions | truth | mean | SD of the estimates | "
        "95% interval holds the truth |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r['method']} | {r['what']} | {r['repetitions']:,} | {r['truth']:.3f} | "
        f"{r['mean']:.3f} | {r['spread']:.3f} | {r['coverage']:.1%} ({r['coverage_error']:.1%}) |"
        for _, r in table.iterrows()
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the study, and write its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--simulated", type=int, default=100, help="repetitions of the g-formula")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--processes", type=int, default=None)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    found = study(options.methods, options.repetitions, options.simulated, options.processes)
    text = markdown(found)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
