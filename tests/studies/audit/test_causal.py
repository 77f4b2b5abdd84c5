"""Step m of the bias audit: each estimate is its method's own, or is not given, with the reason."""

import numpy as np
import pandas as pd
import pytest

from belbiotech import (
    bias_audit,
    g_formula,
    load_panel,
    marginal_structural_cox,
    sequential_trials,
    simulate_panel,
)
from belbiotech.errors import PanelError
from belbiotech.studies.audit.causal import causal_table
from belbiotech.studies.audit.causal_task import CausalTask
from belbiotech.studies.audit.steps import base_sample
from belbiotech.studies.samples import read_sample

CONFOUNDERS = "listed_lag1 + log1p(financing_rounds_cum_lag1)"
QUICK = {"placebo_draws": 2, "landmarks": (), "lags": (), "windows": ()}


@pytest.fixture(scope="module")
def panel():
    return simulate_panel(150, effect=-0.5, exposure="any_alliance_ever", seed=3)


@pytest.fixture(scope="module")
def audited(panel):
    return bias_audit("failure ~ 1", panel, **QUICK)


def causal(formula, rows, confounders=None, **chosen):
    """Do step m alone: what a whole audit does after its other steps."""
    chosen = {"horizon": 5, "bootstrap": 0, "seed": 0, **chosen}
    read, sample = read_sample(formula, rows, "alliances", window=5)
    heard = []
    table = causal_table(CausalTask.of(base_sample(sample), read, confounders, **chosen), heard)
    assert not heard
    return table


def with_status(panel):
    """Write the status out: signed by the end of the year before, and of the one before that."""
    signed = (panel["alliances_cum_lag1"] > 0).astype(int)
    before = signed.groupby(panel["firm_id"]).shift(fill_value=0)
    first = ~panel["firm_id"].duplicated()
    assert (signed[first] == 0).all()
    return panel.assign(signed=signed, may=1 - before)


def test_the_weighted_estimate_is_the_marginal_structural_models(panel, audited):
    fit = marginal_structural_cox(
        "failure ~ signed",
        with_status(panel),
        exposure="signed",
        denominator=f"start + {CONFOUNDERS}",
        numerator="start",
        kind="starts",
        entry="given",
    )
    row = audited.causal.iloc[0]
    assert row["carries"]
    assert row["estimate"] == pytest.approx(fit.params["signed"], rel=1e-9)
    assert row["std_error"] == pytest.approx(fit.standard_errors["signed"], rel=1e-9)
    gap = fit.curves(horizon=5).differences()["difference"].iloc[0]
    assert row["difference"] == pytest.approx(gap, rel=1e-9)
    assert np.isnan(row["difference_lower"])
    assert "no interval: bootstrap=0" in row["note"]


@pytest.mark.parametrize(("place", "estimand"), [(1, "intention to treat"), (2, "per protocol")])
def test_the_trials_are_those_of_sequential_trials(panel, audited, place, estimand):
    fit = sequential_trials(
        f"failure ~ signed + {CONFOUNDERS} + trial",
        with_status(panel),
        exposure="signed",
        estimand=estimand,
        eligible="may",
        followup="followup",
        link="cloglog",
        horizon=5,
        denominator=f"start + {CONFOUNDERS}" if place == 2 else None,
    )
    row = audited.causal.iloc[place]
    assert row["carries"]
    assert row["estimate"] == pytest.approx(fit.params["signed"], rel=1e-9)
    for name, column in (("difference", "difference"), ("difference_lower", "lower")):
        assert row[name] == pytest.approx(fit.differences(5)[column].iloc[0], rel=1e-9)


def test_the_simulated_lives_are_those_of_the_g_formula(panel, audited):
    result = g_formula(
        with_status(panel),
        outcome="failure",
        outcome_model=f"signed + start + {CONFOUNDERS}",
        exposure="signed",
        exposure_model=f"start + {CONFOUNDERS}",
        covariates={
            "financing_rounds_cum_lag1": "financing_rounds_cum_lag1_before + signed_before + start",
            "listed_lag1": "signed_before + start",
        },
        horizon=5,
        link="cloglog",
    )
    row = audited.causal.iloc[3]
    gap = result.curves.differences()["difference"].iloc[0]
    assert row["difference"] == pytest.approx(gap, rel=1e-9)
    line = audited.table[audited.table["step"] == "m"].iloc[3]
    assert np.isnan(line["hazard_ratio"])  # it has none, and the note says what it found
    assert f"{gap:+.3f}" in line["note"]


def test_the_lines_stand_at_the_end_of_the_audit(audited):
    lines = audited.table[audited.table["step"] == "m"]
    assert list(lines.index) == list(range(len(audited.table) - 4, len(audited.table)))
    assert lines["hazard_ratio"].iloc[0] == pytest.approx(np.exp(audited.causal["estimate"][0]))


def test_the_covariates_of_the_formula_are_confounders_too(panel):
    rows = panel.assign(**{"odd name": panel["region"]})
    found = causal("failure ~ log(1 + alliances_active_lag1) + `odd name`", rows)
    fit = marginal_structural_cox(
        "failure ~ signed",
        with_status(panel),
        exposure="signed",
        denominator=f"start + C(region) + {CONFOUNDERS}",
        numerator="start",
        kind="starts",
        entry="given",
    )
    assert found["estimate"].iloc[0] == pytest.approx(fit.params["signed"], rel=1e-8)


def test_intervals_of_simulated_lives_come_from_the_bootstrap():
    rows = simulate_panel(100, effect=-0.5, exposure="any_alliance_ever", seed=3)
    found = causal("failure ~ 1", rows, "listed_lag1", bootstrap=3)
    assert found["carries"].all()
    assert (found["difference_lower"] <= found["difference_upper"]).all()


def test_too_few_events_give_no_estimate(panel):
    found = causal("failure ~ 1", panel[panel["firm_id"].isin(panel["firm_id"].unique()[:15])])
    assert not found["carries"].any()
    assert found[["estimate", "difference"]].isna().all(axis=None)
    assert found["note"].str.contains("events").all()


def test_without_positivity_there_is_no_estimate(panel):
    signs = panel.groupby("firm_id")["alliances_new"].transform("max") > 0
    found = causal("failure ~ 1", panel.assign(kind=signs.astype(int)), "kind")
    assert not found["carries"][:3].any()
    assert found["note"][1:3].str.contains("in which all firms or none sign").all()


def test_a_panel_without_confounders_says_so(panel):
    some = panel[panel["firm_id"].isin(panel["firm_id"].unique()[:40])]
    bare = some.drop(columns=["listed_lag1", "financing_rounds_cum_lag1"])
    audit = bias_audit("failure ~ 1", bare, **QUICK)
    assert audit.causal.empty
    line = audit.table.iloc[-1]
    assert line["step"] == "m"
    assert "name yours by confounders=" in line["note"]


def test_the_shipped_firms_carry_nothing_on_failure():
    found = causal("failure ~ 1", load_panel("1.0.0"))
    assert not found["carries"].any()
    assert found["note"].str.contains("events").all()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"horizon": 0}, "horizon must be a whole number, 1 or more, not 0"),
        ({"horizon": 2.5}, "horizon"),
        ({"bootstrap": -1}, "bootstrap must be a whole number, 0 or more"),
        ({"bootstrap": True}, "bootstrap"),
    ],
)
def test_bad_options(panel, wrong, words):
    with pytest.raises(PanelError, match=words):
        bias_audit("failure ~ 1", panel, **QUICK, **wrong)


def test_units_with_the_event_are_counted_once():
    rows = pd.DataFrame(
        {
            "firm_id": [k for k in range(8) for _ in range(3)],
            "start": [0, 1, 2] * 8,
            "stop": [1, 2, 3] * 8,
            "signed": [int(t >= k % 4) for k in range(8) for t in range(3)],
            "failure": [int(t == 2 and k in (1, 2, 3, 7)) for k in range(8) for t in range(3)],
        }
    )
    counts = sequential_trials(
        "failure ~ signed", rows, exposure="signed", followup="1", horizon=1
    ).counts
    assert counts["units with the event, without"] == 2  # firms 3 and 7, in their last year
    assert counts["units with the event, with exposure"] == 1  # firm 2 signs in it
    counts = sequential_trials(
        "failure ~ signed", rows, exposure="signed", followup="followup"
    ).counts
    assert counts["units with the event, without"] == 4
    assert counts["events without"] > 4
