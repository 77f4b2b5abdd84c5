"""The methods find a known truth that models with and without the confounder miss."""

from __future__ import annotations

import numpy as np
import pytest

from belbiotech.studies.simulation.confounded import (
    conditional_lives,
    marginal_lives,
    true_incidence,
)
from belbiotech.survival.causal.g_formula import g_formula
from belbiotech.survival.causal.marginal_structural import (
    marginal_structural_cox,
    marginal_structural_discrete,
)
from belbiotech.survival.causal.sequential_trials import sequential_trials
from belbiotech.survival.cox.estimate import cox

MARGINAL, CONDITIONAL, HORIZON = -0.5, -0.7, 5
WEIGHTS = {"exposure": "allied", "denominator": "listed * C(start)", "numerator": "C(start)"}


@pytest.fixture(scope="module")
def marginal():
    return marginal_lives(6000, MARGINAL, seed=1)


@pytest.fixture(scope="module")
def difference():
    always, never = (true_incidence(a, CONDITIONAL, years=HORIZON)[-1] for a in (1, 0))
    return always - never


def test_models_with_and_without_the_confounder_are_off(marginal):
    for formula in ("failure ~ allied", "failure ~ allied + listed"):
        fit = cox(formula, marginal, cluster="firm_id")
        assert abs(fit.params["allied"] - MARGINAL) > 2.5 * fit.standard_errors["allied"]


def test_marginal_structural_models_are_not(marginal):
    fit = marginal_structural_cox("failure ~ allied", marginal, **WEIGHTS)
    assert abs(fit.params["allied"] - MARGINAL) < 2 * fit.corrected_standard_errors["allied"]
    twin = marginal_structural_discrete("failure ~ allied", marginal, **WEIGHTS)
    assert abs(twin.params["allied"] - MARGINAL) < 2 * twin.standard_errors["allied"]
    never, always = (1 - np.exp(-0.12 * np.exp(MARGINAL * a) * HORIZON) for a in (0, 1))
    gap = fit.curves(horizon=HORIZON).differences()["difference"].item()
    assert gap == pytest.approx(always - never, abs=0.03)


def test_errors_that_know_of_the_estimated_weights_are_smaller(marginal):
    fit = marginal_structural_cox("failure ~ allied", marginal, **WEIGHTS)
    known = fit.standard_errors["allied"]
    assert 0.7 * known < fit.corrected_standard_errors["allied"] < known


def test_emulated_trials_and_simulated_lives_find_the_difference(difference):
    rows = conditional_lives(6000, CONDITIONAL, years=HORIZON, seed=2)
    trial = sequential_trials(
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
    ).differences()
    assert abs(trial["difference"].item() - difference) < 2.5 * trial["std_error"].item()
    lives = g_formula(
        rows,
        outcome="failure",
        outcome_model="allied + listed",
        exposure="allied",
        exposure_model="listed",
        covariates={"listed": "listed_before + allied_before"},
        link="cloglog",
        horizon=HORIZON,
    )
    assert lives.curves.differences()["difference"].item() == pytest.approx(difference, abs=0.03)


@pytest.mark.slow
def test_coverage():
    """The whole study: benchmarks/causal_coverage.py."""
    held = []
    for seed in range(150):
        rows = marginal_lives(400, MARGINAL, seed=seed)
        fit = marginal_structural_cox("failure ~ allied", rows, **WEIGHTS)
        far = abs(fit.params["allied"] - MARGINAL) / fit.corrected_standard_errors["allied"]
        held.append(far < 1.96)
    assert 0.90 <= np.mean(held) <= 0.99
