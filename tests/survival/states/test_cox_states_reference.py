"""Cox models of transitions against R's multi-state coxph."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from belbiotech.survival.states.cox_states import cox_states

pytestmark = pytest.mark.reference

TO_FAILURE = ["private -> failed", "listed -> failed"]
CASES = {
    "apart": {},
    "breslow": {"ties": "breslow"},
    "by_region": {"cluster": "region"},
    "common": {"shared": {"alliances": TO_FAILURE}},
}
RIGHT = "size + alliances"


def close(actual, expected):
    np.testing.assert_allclose(
        np.asarray(actual, float), np.asarray(expected, float), rtol=1e-8, atol=1e-14
    )


@pytest.fixture(scope="module")
def firms(reference_data):
    rows = reference_data("states")
    rows["to"] = pd.Categorical(rows["to"], ["listed", "acquired", "failed"])
    return rows


@pytest.mark.parametrize("case", CASES)
def test_coefficients_and_errors(case, firms, reference_values):
    expected = reference_values("cox_states")[case]
    result = cox_states(RIGHT, firms, "to", initial="state", unit="firm", **CASES[case])
    states, cmap = expected["states"], np.array(expected["cmap"]) - 1
    pairs = [tuple(int(k) - 1 for k in name.split(":")) for name in expected["columns"]]
    names = [f"{states[a]} -> {states[b]}" for a, b in pairs]
    index = [(name, row) for name in names for row in expected["rows"]]
    at = cmap.T.ravel()
    close(result.params[index], np.array(expected["coef"])[at])
    variance, naive = np.array(expected["variance"]), np.array(expected["naive"])
    close(result.standard_errors[index], np.sqrt(np.diag(variance))[at])
    close(result.naive_standard_errors[index], np.sqrt(np.diag(naive))[at])
    np.testing.assert_allclose(
        result.variance.loc[index, index], variance[np.ix_(at, at)], rtol=1e-7, atol=1e-13
    )
    close(result.log_likelihood, expected["loglik"][1])


def test_occupation_along_paths_without_changes(firms, reference_values):
    expected = reference_values("cox_states")["predicted"]
    result = cox_states(RIGHT, firms, "to", initial="state", unit="firm", ties="breslow")
    last = firms["stop"].max()
    paths = pd.DataFrame(
        {"id": ["a", "b"], "start": 0, "stop": last, "size": [-0.5, 0.8], "alliances": [0, 3]}
    )
    table = result.predict_occupation(paths, initial="private")
    for name, share in zip("ab", expected["share"], strict=True):
        own = table[(table["id"] == name) & table["time"].isin(expected["time"])]
        close(own["probability"], np.ravel(share))


def test_hazards_with_ties_as_in_efron_s_model_of_each_transition(firms, reference_values):
    result = cox_states(RIGHT, firms, "to", initial="state", unit="firm")
    baseline = result.baseline_cumulative_hazard.set_index(["transition", "time"])["hazard"]
    for expected in reference_values("cox_states")["efron_hazard"].values():
        name = expected["transition"]
        risk = np.exp(0.8 * result.params[name, "size"] + 3 * result.params[name, "alliances"])
        own = baseline.loc[name].loc[expected["time"]]
        close(own * risk, expected["hazard"])
