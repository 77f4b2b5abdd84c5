import numpy as np
import pandas as pd
import pytest

from belbiotech.errors import PanelError
from belbiotech.studies.simulation.coverage import coverage_study

RULES = {"n_firms": 300, "immortal_years": 2, "documentation_delay": 2.0, "progress": False}


def by_letter(table):
    return table.set_index(table["design"].str[0])


@pytest.fixture(scope="module")
def null():
    """No effect of alliances, immortal time and late pages built in; 60 panels."""
    return by_letter(coverage_study(0.0, repetitions=60, seed=7, **RULES))


def test_the_naive_design_finds_what_is_not_there(null):
    assert null.loc["a", "hazard_ratio"] < 0.3
    assert null.loc["a", "coverage"] == 0
    assert null.loc["b", "hazard_ratio"] < 0.93


@pytest.mark.parametrize("letter", ["d", "e"])
def test_the_sound_designs_find_nothing(null, letter):
    row = null.loc[letter]
    error = row["empirical_error"] / np.sqrt(60)
    assert abs(np.log(row["hazard_ratio"])) < 3.5 * error
    assert row["coverage"] > 0.85  # 95%, less 3.5 Monte Carlo errors of 60 panels


def test_late_pages_bias_the_design_without_delayed_entry(null):
    assert null.loc["c", "hazard_ratio"] > null.loc["d", "hazard_ratio"]


def test_the_same_with_any_number_of_processes():
    one = coverage_study(repetitions=4, processes=1, **RULES)
    two = coverage_study(repetitions=4, processes=2, **RULES)
    pd.testing.assert_frame_equal(one, two)


def test_bad_repetitions():
    with pytest.raises(PanelError, match="2 or more"):
        coverage_study(repetitions=1)


@pytest.mark.slow
@pytest.mark.parametrize("effect", [0.0, np.log(0.6)])
def test_coverage_in_full(effect):
    """The sound design: 95% intervals hold the truth in 93% to 97% of 1,000 panels."""
    table = by_letter(coverage_study(effect, repetitions=1000, seed=1, **{**RULES, "n_firms": 400}))
    assert 0.93 <= table.loc["d", "coverage"] <= 0.97
    assert table.loc["d", "hazard_ratio"] == pytest.approx(np.exp(effect), rel=0.03)
    assert table.loc["a", "hazard_ratio"] < 0.3
    assert table.loc["d", "not_fitted"] == 0
