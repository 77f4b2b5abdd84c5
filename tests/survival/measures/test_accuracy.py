"""Brier score, AUC and Uno's C with delayed entry."""

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from belbiotech import FitError, PanelError, cox, prediction_accuracy

FORMULAS = {
    "small": "failure ~ capital",
    "large": "failure ~ capital + university + C(segment)",
}


@pytest.fixture
def halves(reference_data):
    fixed = reference_data("fixed")
    odd = fixed["firm"].str[1:].astype(int) % 2 == 1
    return fixed[~odd], fixed[odd]


@pytest.mark.parametrize("entry", ["early", "late"])
def test_measures_are_those_of_r(reference_values, halves, entry):
    told = reference_values("accuracy")
    learn, judge = (h.assign(start=0.0) if entry == "early" else h for h in halves)
    fits = {name: cox(formula, learn) for name, formula in FORMULAS.items()}
    found = prediction_accuracy(fits, judge, told["times"], unit="firm", repetitions=0)
    for name, by_r in told[entry].items():
        of = found.table[found.table["model"] == name].set_index("measure")["estimate"]
        np.testing.assert_allclose(of["brier"], by_r["brier"], rtol=1e-9)
        np.testing.assert_allclose(of["auc"], by_r["auc"], rtol=1e-9)
        assert of["integrated brier"] == pytest.approx(by_r["integrated"], rel=1e-9)
        assert of["uno c"] == pytest.approx(by_r["uno"], rel=1e-9)
    assert found.table["std_error"].isna().all()
    assert found.n_units == len(judge)


def test_differences_have_the_errors_of_the_same_draws(halves):
    learn, judge = halves
    fits = {name: cox(formula, learn) for name, formula in FORMULAS.items()}
    found = prediction_accuracy(fits, judge, [2.5, 6], unit="firm", repetitions=60, seed=3)
    wide = found.table.pivot_table(index=["measure", "time"], columns="model", values="estimate")
    apart = found.differences.set_index(["measure", "time"])
    np.testing.assert_allclose(apart["estimate"], (wide["large"] - wide["small"])[apart.index])
    assert (apart["std_error"] > 0).all()
    assert apart["p_value"].between(0, 1).all()
    assert (found.differences["reference"] == "small").all()
    again = prediction_accuracy(fits, judge, [2.5, 6], unit="firm", repetitions=60, seed=3)
    pd.testing.assert_frame_equal(found.table, again.table)
    errors = found.table.pivot_table(index=["measure", "time"], columns="model", values="std_error")
    # models of the same units move together: the error of a difference is no sum of errors
    assert (apart["std_error"] < errors.sum(axis=1)[apart.index]).all()


def test_errors_of_a_brier_score_are_those_of_a_mean_where_all_are_seen():
    rng = np.random.default_rng(0)
    n = 400
    rows = pd.DataFrame({"start": 0.0, "stop": rng.exponential(size=n), "failure": 1})
    fit = cox("failure ~ 1", rows)
    found = prediction_accuracy(fit, rows, 1.0, repetitions=300)
    brier = found.table.set_index("measure").loc["brier"]
    p = 1 - fit.predict("survival", rows.assign(stop=1.0))["estimate"]
    square = ((rows["stop"] <= 1.0) - p) ** 2
    assert brier["estimate"] == pytest.approx(square.mean(), rel=1e-12)
    assert brier["std_error"] == pytest.approx(square.std() / np.sqrt(n), rel=0.2)
    auc = found.table.set_index("measure").loc["auc"]
    assert auc["estimate"] == pytest.approx(0.5)


@st.composite
def panels(draw):
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n = 60
    start = rng.integers(0, 3, n).astype(float)
    x = rng.normal(size=n).round(2)
    return pd.DataFrame(
        {
            "firm_id": range(n),
            "start": start,
            "stop": start + rng.integers(2, 9, n),
            "failure": (rng.random(n) < 0.6).astype(int),
            "x": x,
        }
    )


@settings(max_examples=20, deadline=None)
@given(panels(), st.integers(0, 100))
def test_order_and_cuts_change_nothing(panel, seed):
    fit = cox("failure ~ x", panel)
    first = prediction_accuracy(fit, panel, [3, 6], repetitions=0).table
    mixed = panel.sample(frac=1, random_state=seed)
    cut = pd.concat(
        [
            mixed.assign(stop=mixed["start"] + 1, failure=0),
            mixed.assign(start=mixed["start"] + 1, x=0.0),  # known later: not for predictions
        ]
    )
    for other in (mixed, cut):
        found = prediction_accuracy(fit, other, [3, 6], repetitions=0).table
        np.testing.assert_allclose(found["estimate"], first["estimate"], rtol=1e-9)
    assert first["estimate"].dropna().between(0, 1.5).all()


def test_a_model_that_knows_orders_all_pairs():
    rows = pd.DataFrame({"start": 0, "stop": range(1, 41), "failure": [1, 0] * 20})
    learn = rows.assign(x=np.random.default_rng(1).normal(size=40) - rows["stop"] / 20)
    fit = cox("failure ~ x", learn)
    found = prediction_accuracy(fit, rows.assign(x=-rows["stop"]), [10, 20], repetitions=0)
    of = found.table.set_index("measure")["estimate"]
    np.testing.assert_allclose(of[["auc", "uno c"]], 1, rtol=1e-12)


def test_strata_offsets_and_units_without_a_name(halves):
    learn, judge = halves
    fit = cox("failure ~ capital + offset(university)", learn, strata="segment")
    named = prediction_accuracy(fit, judge, 4, unit="firm", repetitions=0)
    alone = prediction_accuracy(fit, judge, 4, repetitions=0)  # one row a unit
    pd.testing.assert_frame_equal(named.table, alone.table)
    assert "Accuracy of predictions for 120 units" in repr(named)
    assert named.differences.empty


def test_bad_input_is_refused(halves, reference_data):
    learn, judge = halves
    fit = cox(FORMULAS["small"], learn)
    other = cox("acquisition ~ capital", learn)
    for fits, words in (
        ("model", "not a fit of cox"),
        ({}, "no model"),
        ({"a": fit, "b": other}, "one outcome"),
    ):
        with pytest.raises(FitError, match=words):
            prediction_accuracy(fits, judge, 4)
    for options, words in (
        ({"times": []}, "finite numbers"),
        ({"times": "4"}, "finite numbers"),
        ({"times": [np.inf]}, "finite numbers"),
        ({"times": 4, "repetitions": 1}, "repetitions"),
        ({"times": 4, "seed": -1}, "seed"),
        ({"times": 4, "conf_level": 2}, "conf_level"),
    ):
        with pytest.raises(FitError, match=words):
            prediction_accuracy(fit, judge, **options)
    with pytest.raises(PanelError, match="capital"):
        prediction_accuracy(fit, judge.drop(columns="capital"), 4)
    twice = pd.concat([judge, judge.assign(start=judge["stop"] + 1, stop=judge["stop"] + 2)])
    with pytest.raises(PanelError, match=r"(?s)out of sight.*goes on after its event.*one stay"):
        prediction_accuracy(fit, twice, 4, unit="firm")
