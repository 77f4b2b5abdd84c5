"""Simulated lives: by hand, against the truth, and bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from belbiotech.errors import FitError, FormulaError, PanelError
from belbiotech.studies.simulation.confounded import true_incidence
from belbiotech.survival.causal.g_formula import g_formula

MODELS = {
    "outcome": "failure",
    "outcome_model": "allied + capital",
    "exposure": "allied",
    "exposure_model": "capital",
    "covariates": {"capital": "capital_before + allied_before"},
    "link": "cloglog",
}


def two_years():
    """Eight firms whose cells can be counted."""
    firm = np.repeat(np.arange(8), 2)
    allied = np.repeat([0, 0, 0, 0, 1, 1, 1, 1], 2)
    failure = [1, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]
    rows = pd.DataFrame({"firm_id": firm, "start": [0, 1] * 8, "stop": [1, 2] * 8})
    rows["allied"], rows["failure"] = allied, failure
    return rows.drop(index=1)


def test_without_covariates_it_is_the_share_of_each_cell():
    """Never: 1 of 4, then 2 of 3; always: 0 of 4, then 1 of 4."""
    rows = two_years().assign(late=lambda t: t["start"])
    with pytest.raises(FitError, match="constant"):
        g_formula(
            rows.assign(allied=0),
            outcome="failure",
            outcome_model="start",
            exposure="allied",
            exposure_model="1",
        )
    rows.loc[3, "allied"] = 1  # somebody signs
    result = g_formula(
        rows,
        outcome="failure",
        outcome_model="C(start) * allied",
        exposure="allied",
        exposure_model="1",
        simulations=100,
    )
    table = result.table.pivot_table(index="time", columns="strategy", values="incidence")
    assert table.loc[1, "never"] == pytest.approx(1 / 4)
    assert table.loc[2, "never"] == pytest.approx(1 - 3 / 4 * 1 / 2)
    assert table.loc[2, "always"] == pytest.approx(2 / 5)


def test_the_truth_is_found(firms):
    result = g_formula(firms, horizon=5, **MODELS)
    table = result.table.pivot_table(index="time", columns="strategy", values="incidence")
    np.testing.assert_allclose(table["never"], true_incidence(0, years=5), atol=0.025)
    np.testing.assert_allclose(table["always"], true_incidence(1, years=5), atol=0.025)
    assert result.largest_gap < 0.02
    course = result.natural_course
    np.testing.assert_allclose(course["capital, simulated"], course["capital, observed"], atol=0.04)


def test_strategies_as_functions(firms):
    rules = {
        "never": "never",
        "from 2": 2,
        "with capital": lambda age, units: units["capital"],
        "every second year": lambda age, units: int(age) % 2,
    }
    table = g_formula(firms, horizon=4, strategies=rules, **MODELS).curves
    last = table.differences()
    assert last["strategy"].tolist() == ["from 2", "with capital", "every second year"]
    assert (last["difference"] < 0).all()


def test_the_same_seed_gives_the_same_and_draws_give_intervals(firms):
    few = firms[firms["firm_id"] < 250]
    one = g_formula(few, horizon=3, simulations=500, bootstrap=12, seed=4, **MODELS)
    two = g_formula(few, horizon=3, simulations=500, bootstrap=12, seed=4, **MODELS)
    pd.testing.assert_frame_equal(one.table, two.table)
    gap = one.curves.differences()
    assert gap["lower"].item() < gap["difference"].item() < gap["upper"].item()


def test_counts_and_stocks_and_competing_fates(firms):
    rng = np.random.default_rng(3)
    rows = firms.assign(rounds=rng.poisson(0.5, len(firms)))
    rows["stock"] = rows.groupby("firm_id")["rounds"].cumsum()
    rows["sold"] = ((rng.random(len(rows)) < 0.05) & (rows["failure"] == 0)).astype(int)
    gone = rows.groupby("firm_id")["sold"].cumsum() - rows["sold"]
    rows = rows[gone == 0]
    result = g_formula(
        rows,
        outcome="failure",
        outcome_model="allied + capital + stock",
        exposure="allied",
        exposure_model="capital + stock",
        covariates={
            "capital": "capital_before + allied_before",
            "rounds": "capital",
            "stock": "rounds",
        },
        competing={"sold": "allied"},
        horizon=5,
        simulations=3000,
    )
    kinds = {covariate.name: covariate.kind for covariate in result.plan.order}
    assert kinds == {"capital": "switch", "rounds": "count", "stock": "stock", "allied": "status"}
    assert result.largest_gap < 0.03


def test_figures_and_texts(firms):
    result = g_formula(firms, horizon=3, simulations=500, **MODELS)
    assert result.plot().axes
    assert result.plot_natural_course().axes
    assert "natural course within" in repr(result)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"outcome_model": "allied + capitol"}, FormulaError, "no column 'capitol'"),
        ({"covariates": {}}, FormulaError, "'capital' changes within units"),
        ({"exposure_model": 3}, FormulaError, "right side of a formula"),
        ({"strategies": ["never"]}, FitError, "must be a mapping"),
        ({"strategies": {"odd": "sometimes"}}, FitError, "strategy 'odd' is 'sometimes'"),
        ({"strategies": {"half": lambda age, units: 0.5}}, FitError, "gives 0.5"),
        ({"strategies": {"text": lambda age, units: "yes"}}, FitError, "gives 'yes'"),
        ({"strategies": {"two": lambda age, units: 2}}, FitError, "gives 2 for 'allied' at age 0"),
        ({"strategies": {"one": lambda age: 1}}, FitError, "'one' must be a function of two"),
        ({"horizon": 0}, FitError, "horizon must be a number of years"),
        ({"horizon": 30}, FitError, "no unit is followed for 30 years"),
        ({"simulations": 0}, FitError, "number of lives"),
        ({"bootstrap": 1}, FitError, "at least 2"),
        ({"competing": {"failure": "1"}}, FitError, "both the outcome and a competing"),
        ({"exposure": "region"}, PanelError, "whole number to be simulated"),
    ],
)
def test_bad_input(firms, options, error, words):
    with pytest.raises(error, match=words):
        g_formula(firms, **{**MODELS, "simulations": 50, **options})


def test_bad_rows(firms):
    long = firms.assign(stop=firms["stop"] + 0.5 * (firms["start"] == 7))
    with pytest.raises(PanelError, match="one year long"):
        g_formula(long, **MODELS)
    with pytest.raises(PanelError, match="makes itself"):
        g_formula(firms.assign(capital_before=0), **MODELS)


def test_one_strategy_has_nothing_to_be_compared_with(firms):
    result = g_formula(firms, horizon=3, simulations=50, strategies={"all": "always"}, **MODELS)
    with pytest.raises(FitError, match="'all' is the only strategy"):
        result.curves.differences()
    assert "all" in repr(result)
