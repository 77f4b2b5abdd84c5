"""Cox models of transitions: against models of one transition, predictions by hand, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from belbiotech.errors import FitError, FormulaError, PanelError
from belbiotech.survival.cox.estimate import cox
from belbiotech.survival.states.cox_states import cox_states


@pytest.fixture(scope="module")
def firms(reference_data):
    rows = reference_data("states")
    return rows.assign(to=rows["to"].replace("none", None)).rename(columns={"firm": "firm_id"})


@pytest.fixture(scope="module")
def result(firms):
    return cox_states("size + C(region)", firms, "to", initial="state")


def test_each_transition_is_a_cox_model_of_its_own(firms, result):
    there = firms[firms["state"] == "private"]
    there = there.assign(failed=(there["to"] == "failed").astype(int))
    alone = cox("failed ~ size + C(region)", there, cluster="firm_id")
    np.testing.assert_allclose(result.params["private -> failed"], alone.params, rtol=1e-9)
    own = result.standard_errors["private -> failed"]
    np.testing.assert_allclose(own, alone.standard_errors, rtol=1e-9)


def test_criteria_are_those_of_the_models_one_by_one(firms):
    result = cox_states("size", firms, "to", initial="state")
    alone = []
    for pair in result.transitions:
        origin, _, end = pair.partition(" -> ")
        there = firms[firms["state"] == origin]
        alone.append(cox("moved ~ size", there.assign(moved=(there["to"] == end).astype(int))))
    assert result.log_likelihood == pytest.approx(sum(fit.log_likelihood for fit in alone))
    assert result.aic == pytest.approx(sum(fit.aic for fit in alone))
    cost = len(alone) * np.log(result.n_events.sum())
    assert result.bic == pytest.approx(cost - 2 * result.log_likelihood)


def test_a_shared_coefficient_counts_once(firms):
    result = cox_states("size", firms, "to", initial="state", shared="size")
    assert result.aic == pytest.approx(2 - 2 * result.log_likelihood)


def test_shared_terms_have_one_effect(firms):
    result = cox_states("size + alliances", firms, "to", initial="state", shared="size")
    assert len(set(result.params.xs("size", level="covariate"))) == 1
    assert result.params.xs("alliances", level="covariate").nunique() == len(result.transitions)
    with pytest.raises(FitError, match="share none"):
        result.test_equal_effects()


def test_equal_effects_are_tested(result):
    test = result.test_equal_effects()
    assert test.loc["size", "df"] == 4
    assert test["p_value"].between(0, 1).all()


def test_occupation_along_a_changing_path(result):
    """A path cut in two without a change is the same path; shares add up to 1."""
    one = pd.DataFrame({"start": [0], "stop": [10], "size": [0.5], "region": ["VLG"]})
    two = pd.DataFrame({"start": [0, 4], "stop": [4, 10], "size": [0.5, 0.5], "region": "VLG"})
    first, second = result.predict_occupation(one), result.predict_occupation(two)
    pd.testing.assert_frame_equal(first, second)
    np.testing.assert_allclose(first.groupby("time")["probability"].sum(), 1.0)
    changed = result.predict_occupation(two.assign(size=[0.5, 3.0]))
    before = changed["time"] <= 4
    pd.testing.assert_frame_equal(changed[before], first[before])
    assert not np.allclose(changed[~before]["probability"], first[~before]["probability"])


def test_strata_have_baselines_of_their_own(firms):
    firms = firms.assign(late=(firms["start"] > 100).astype(int))
    firms.loc[firms["region"] == "WAL", "late"] = 1
    result = cox_states("size", firms, "to", initial="state", strata="late")
    path = pd.DataFrame({"id": ["a", "b"], "start": 0, "stop": 5, "size": 0.0, "late": [0, 1]})
    table = result.predict_occupation(path, initial={"private": 1.0})
    last = table[table["time"] == 5].pivot_table(index="id", columns="state", values="probability")
    assert not np.allclose(last.loc["a"], last.loc["b"])
    with pytest.raises(PanelError, match="no stratum 'late=7'"):
        result.predict_occupation(path.assign(late=7))


def test_figures_and_texts(result):
    path = pd.DataFrame({"start": [0], "stop": [10], "size": [0.5], "region": ["VLG"]})
    assert result.plot().axes
    assert result.plot_occupation(path).axes
    assert "errors clustered by firm_id (300 clusters)" in repr(result)
    assert result.n_events["private -> failed"] == 70


@pytest.mark.parametrize(
    ("right", "options", "error", "words"),
    [
        ("sise", {}, FormulaError, "no column 'sise'"),
        ("1", {}, FormulaError, "no covariates"),
        ("size", {"shared": "alliances"}, FormulaError, "no term of the covariates"),
        ("size", {"shared": {"size": ["failed -> listed"]}}, FitError, "never seen"),
        ("size", {"shared": {"size": "private -> failed"}}, FitError, "list of transitions"),
        (3, {}, FormulaError, "must be a text"),
    ],
)
def test_bad_input(firms, right, options, error, words):
    with pytest.raises(error, match=words):
        cox_states(right, firms, "to", initial="state", **options)


@pytest.mark.parametrize(
    ("initial", "words"),
    [("sold", "no state 'sold'"), ({"private": 0.5}, "add up to 1"), (3, "a state or a mapping")],
)
def test_bad_states_to_begin_in(result, initial, words):
    path = pd.DataFrame({"start": [0], "stop": [10], "size": [0.5], "region": ["VLG"]})
    with pytest.raises(FitError, match=words):
        result.predict_occupation(path, initial=initial)


@pytest.mark.parametrize("shared", [[[]], [["size"]], [None], [("size",)], [{}]])
def test_a_shared_term_that_is_no_name_is_told(shared):
    rows = pd.DataFrame({"id": [1, 2], "start": 0, "stop": [1, 2], "to": ["b", None], "size": 1.0})
    with pytest.raises(FormulaError, match="shared names .*, which is no term"):
        cox_states("size", rows, to="to", initial="a", unit="id", shared=shared)
