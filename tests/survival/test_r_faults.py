"""Six cases in which R is wrong without a word: ours give what is right by R's own second way.

The cases are made, and told, in ``tests/reference/r_faults.R``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from belbiotech import aft, cox, fine_gray, multi_state

REFERENCE = Path(__file__).parents[1] / "reference"

pytestmark = [
    pytest.mark.reference,
    pytest.mark.filterwarnings("ignore::belbiotech.BelbiotechWarning"),
]


@pytest.fixture
def case(reference_values):
    return lambda name: reference_values("r_faults")[name]


def test_tests_do_not_depend_on_the_unit_of_a_covariate(case, reference_data):
    told = case("unlike_scales")
    rows = reference_data("years").assign(small=lambda d: d["size"] * told["unit"])
    fit = cox("failure ~ alliances + small", rows, cluster="firm")
    for name, found in (("wald", fit.wald_test), ("robust_score", fit.score_test)):
        assert found.statistic == pytest.approx(told["right"][name], rel=1e-8)
        assert told["said"][name] < 0.9 * told["right"][name]


def test_weights_count_in_clustered_errors_of_failure_times(case, reference_data):
    told = case("weighted_clusters")
    rows = reference_data("fixed").assign(stop=lambda d: d["stop"] - d["start"], start=0)
    fit = aft("failure ~ capital", rows, weights="wt_int", cluster="incubator")
    errors = fit.standard_errors.iloc[[1, 0, 2]]  # R has the intercept first
    np.testing.assert_allclose(errors, told["right"], rtol=1e-8)
    assert max(told["said"]) < 0.6 * max(told["right"])


def test_clusters_of_units_count_in_errors_of_states(case, reference_data):
    told = case("states_by_cluster")
    rows = reference_data("states").assign(to=lambda d: d["to"].where(d["to"] != "none"))
    result = multi_state(rows, "to", initial="state", unit="firm", cluster="region")
    errors = result.table.pivot_table(index="time", columns="state", values="std_error")
    right = pd.DataFrame(told["right"], index=told["time"], columns=told["states"])
    both = errors.index.intersection(right.index)
    assert len(both) > 8
    np.testing.assert_allclose(errors.loc[both, right.columns], right.loc[both], rtol=1e-8)
    assert told["said"] == told["without"]


def test_pairs_with_equal_covariates_are_tied_after_poly(case, reference_data):
    told = case("poly_concordance")
    fit = cox("failure ~ poly(alliances, 2)", reference_data("years"))
    assert fit.concordance == pytest.approx(told["right_c"], rel=1e-12)
    assert told["said"] < told["right"]


def test_an_entry_at_the_first_exit_is_at_risk_after_it(case):
    told = case("entry_on_exit")
    fit = fine_gray("a ~ x", fates(told["rows"]), "b", unit="id")
    assert fit.params["x"] == pytest.approx(told["right"], rel=1e-8)
    assert told["said"] > told["right"] + 0.05


def test_who_enters_after_all_others_have_left_changes_nothing(case):
    told = case("lone_entrant")
    fit = fine_gray("a ~ x", fates(told["rows"]), "b", unit="id")
    assert fit.params["x"] == pytest.approx(told["right"], rel=1e-8)
    assert not np.isfinite(told["weights"]).all()


def fates(rows):
    table = pd.DataFrame(rows)
    return table.assign(a=(table["fate"] == 1).astype(int), b=(table["fate"] == 2).astype(int))


@pytest.mark.live_r
@pytest.mark.skipif(shutil.which("Rscript") is None, reason="Rscript is not installed")
def test_r_still_says_so(reference_values, tmp_path):
    folder = shutil.copytree(REFERENCE, tmp_path / "reference")
    subprocess.run(["Rscript", "--vanilla", "r_faults.R"], cwd=folder, check=True, timeout=300)
    again = json.loads((folder / "values" / "r_faults.json").read_text("utf-8"))
    committed = reference_values("r_faults")
    if again["made_with"] != committed["made_with"]:
        pytest.skip(f"another R: {again['made_with']}")
    for name in ("unlike_scales", "weighted_clusters", "poly_concordance", "entry_on_exit"):
        assert flat(again[name]) == pytest.approx(flat(committed[name]), rel=1e-7), name


def flat(value):
    """All numbers of nested dictionaries and lists, in order."""
    if isinstance(value, dict):
        return [number for part in value.values() for number in flat(part)]
    if isinstance(value, list):
        return [number for part in value for number in flat(part)]
    return [value]
